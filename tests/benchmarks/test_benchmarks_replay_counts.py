"""The replay's counting finds what is lost, what is twice, and what nobody ever exposed."""

import sqlite3

import pytest

from benchmarks.replay import FeedTruth, Truth, count_part

FEED = "http://127.77.0.1:1/rss"
OTHER = "http://127.77.0.2:1/feed.xml"


@pytest.fixture
def stored():
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        """
        CREATE TABLE feeds (id, url);
        CREATE TABLE entries (feed_id, guid, article_id);
        CREATE TABLE articles (id, state, text_source, story_id);
        CREATE TABLE statements (article_id, shown);
        INSERT INTO feeds VALUES (1, 'http://127.77.0.1:1/rss'), (2, 'http://127.77.0.2:1/feed.xml');
        INSERT INTO entries VALUES (1, 'a', 10), (1, 'a', 11), (1, 'b', 12), (1, 'never', 13), (2, 'c', 14);
        INSERT INTO articles VALUES
            (10, 'read', 'page', 5), (11, 'read', 'summary', 5), (12, 'off_topic', NULL, NULL),
            (13, 'to_read', NULL, NULL), (14, 'read', 'page', 6);
        INSERT INTO statements VALUES (10, 1), (10, 0), (14, 1);
        """
    )
    yield connection
    connection.close()


def test_each_part_is_counted_by_itself(stored):
    truth = Truth(
        (
            FeedTruth("feeds", FEED, "One", 9, 3, 6, frozenset({"a", "b", "gone"})),
            FeedTruth("pages", OTHER, "Two", 4, 1, 3, frozenset({"c"})),
        ),
        pages_served=1,
        pages_missing=2,
    )
    feeds, pages = (count_part(part, truth, stored) for part in ("feeds", "pages"))
    assert (feeds["items exposed"], feeds["entries stored"]) == (3, 4)
    assert (feeds["twice"], feeds["lost"], feeds["never exposed"]) == (1, 1, 1)
    assert (feeds["articles read"], feeds["articles off topic"], feeds["articles to read"]) == (2, 1, 1)
    assert (feeds["statements"], feeds["stories touched"], feeds["requests"]) == (1, 1, 9)
    assert (pages["twice"], pages["lost"], pages["never exposed"], pages["statements"]) == (0, 0, 0, 1)
