"""The replay server shows feeds as they stood at a minute, and counts what it showed."""

import gzip
import io
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import feedparser
import pytest

from benchmarks.replay_server import NEWEST, PAGES_FILE, RSS_FILE, ReplayFeed, ReplayServer

START = datetime(2031, 1, 1, tzinfo=UTC)


class SetClock:
    """A clock that a test sets by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _rss_row(
    number: int, minute: float, feed: str = "https://sample.example/rss?topic=h&x=1"
) -> dict[str, object]:
    seen = START + timedelta(minutes=minute)
    return {
        "feed_url": feed,
        "feed_title": "Sample & Co",
        "lang": "en",
        "title": f"Item {number} <b> & more",
        "link": f"https://links.example/item/{number}?a=1&b=2#top",
        "summary": f"<p>Anna Example said no. {number}</p>\x0b" if number % 2 else None,
        "author": "Max Stringer" if number % 3 else None,
        "published": None if number % 5 == 0 else seen.isoformat(),
        "first_seen": (seen + timedelta(microseconds=7)).isoformat(),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [_rss_row(number, number) for number in range(100)]
    rows += [_rss_row(1000 + number, 0, feed="http://other.example/feed") for number in range(3)]
    _write(tmp_path / RSS_FILE, rows)
    long = (
        "Anna Example, who leads a delegation of eleven people, arrived on Monday with one pencil. She left."
        + " Talks went on." * 10
    )
    texts = [f"{long}\n\nParagraph {number} & <more>." for number in range(3)] + [
        "A short first sentence. Then more."
    ]
    _write(
        tmp_path / PAGES_FILE,
        [
            {
                "id": f"id{n}",
                "seen": f"20310101T0{9 - n}0000Z",
                "outlet_country": "PL" if n else "GB",
                "text": text,
            }
            for n, text in enumerate(texts)
        ]
        + [{"id": "id0", "seen": "20310101T090000Z", "outlet_country": "GB", "text": "The same id again."}],
    )
    return tmp_path


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def server(folder: Path, clock: SetClock) -> AsyncIterator[ReplayServer]:
    async with ReplayServer(folder, clock, start=START, hours=4) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def _parsed(http: aiohttp.ClientSession, feed: ReplayFeed) -> feedparser.FeedParserDict:
    async with http.get(feed.url) as answer:
        assert answer.status == 200
        return feedparser.parse(io.BytesIO(await answer.read()))


def _feed(server: ReplayServer, url: str) -> ReplayFeed:
    return next(feed for feed in server.feeds if feed.original_url == url)


async def test_a_feed_shows_its_newest_items_by_the_clock(server, clock, http):
    feed = _feed(server, "https://sample.example/rss?topic=h&x=1")
    for minute, wanted in ((0.5, [0]), (3.5, [3, 2, 1, 0]), (99.5, list(range(99, 99 - NEWEST, -1)))):
        clock.now = START + timedelta(minutes=minute)
        found = await _parsed(http, feed)
        assert not found.bozo
        assert [entry.id for entry in found.entries] == [
            f"https://links.example/item/{number}?a=1&b=2#top" for number in wanted
        ]
    entry = found.entries[0]
    assert entry.title == "Item 99 <b> & more"
    assert entry.summary == "<p>Anna Example said no. 99</p>"


async def test_what_stood_in_the_feed_at_a_request_counts_as_exposed(server, clock, http):
    feed = _feed(server, "https://sample.example/rss?topic=h&x=1")
    assert feed.exposed == set()
    for minute in (10, 99):
        clock.now = START + timedelta(minutes=minute, seconds=1)
        await _parsed(http, feed)
    shown = {*range(11), *range(100 - NEWEST, 100)}
    assert feed.exposed == {f"https://links.example/item/{number}?a=1&b=2#top" for number in shown}


async def test_validators_are_answered_with_304_until_the_next_item_and_all_is_counted(server, clock, http):
    feed = _feed(server, "https://sample.example/rss?topic=h&x=1")
    async with http.get(feed.url) as first:
        etag, date = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": date}):
        async with http.get(feed.url, headers=headers) as again:
            assert again.status == 304
    clock.now = START + timedelta(minutes=2)
    async with http.get(feed.url, headers={"If-None-Match": etag}) as later:
        assert later.status == 200
    assert (feed.requests, feed.full, feed.unchanged) == (4, 2, 2)


async def test_links_lead_to_a_loopback_address_that_answers_404(server, http):
    found = await _parsed(http, _feed(server, "https://sample.example/rss?topic=h&x=1"))
    link = found.entries[0].link
    assert link.startswith("http://127.")
    assert link.endswith("/item/0?a=1&b=2#top")
    async with http.get(link) as page:
        assert page.status == 404
    assert server.pages_missing == 1


async def test_hosts_have_addresses_of_their_own(server):
    hosts = {feed.url.split("/")[2] for feed in server.feeds}
    assert len(hosts) == len({feed.original_url.split("/")[2] for feed in server.feeds}) == 4


async def test_full_articles_stand_behind_a_feed_per_country_in_the_order_seen(server, clock, http):
    feed = _feed(server, "http://pl.pages.invalid/feed.xml")
    assert [item.id for item in feed.items] == ["id3", "id2", "id1"]
    assert [item.shown_from - START for item in feed.items] == [timedelta(hours=n) for n in (0, 1, 2)]
    assert (await _parsed(http, feed)).entries[0].title == "A short first sentence"
    clock.now = START + timedelta(hours=2)
    entry = (await _parsed(http, feed)).entries[0]
    assert entry.title == "Anna Example, who leads a delegation of eleven people, arrived on Monday…"
    assert entry.summary == feed.items[-1].text[:200]
    async with http.get(entry.link) as page:
        text = await page.text()
    assert "<p>Paragraph 1 &amp; &lt;more&gt;.</p>" in text
    assert server.pages_served == 1


async def test_a_page_cannot_be_had_before_its_entry(server, clock, http):
    feed = _feed(server, "http://pl.pages.invalid/feed.xml")
    clock.now = START + timedelta(hours=2)
    link = (await _parsed(http, feed)).entries[0].link
    clock.now = START
    async with http.get(link) as page:
        assert page.status == 404


async def test_the_real_data_becomes_the_feeds_it_was(http):
    folder = Path(os.environ.get("ONRECORD_DATA", "")) / "news"
    if not (folder / RSS_FILE).exists():
        pytest.skip("ONRECORD_DATA does not name the folder with the news data")
    start = datetime(2026, 1, 2, tzinfo=UTC)
    async with ReplayServer(folder, lambda: start + timedelta(hours=24), start=start) as server:
        assert sum(feed.part == "feeds" for feed in server.feeds) == 54
        assert sum(len(feed.items) for feed in server.feeds if feed.part == "pages") == 242
        for feed in server.feeds:
            found = await _parsed(http, feed)
            assert not found.bozo
            assert len(found.entries) == len(feed.exposed) <= NEWEST
