"""JSON Feed and WordPress's list of posts, through the same door as every other feed."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.feeds import parse
from bot.intake.newness import Document

URL = "https://wire.example/feed.json"
LONG = "The invented envoy told reporters that the talks would go on until somebody agreed. " * 10


def feed(*items, version="https://jsonfeed.org/version/1.1", **values):
    return json.dumps({"version": version, "title": "Example Wire", "items": items, **values}).encode()


def one(**item):
    (entry,) = parse(feed({"id": "1", **item}), url=URL).entries
    return entry


def post(**values):
    given = {
        "id": 7,
        "date_gmt": "2031-05-12T06:00:00",
        "modified_gmt": "2031-05-12T07:30:00",
        "guid": {"rendered": "https://wire.example/?p=7"},
        "link": "https://wire.example/envoys-meet/",
        "title": {"rendered": "Envoys &#8220;meet&#8221;"},
        "excerpt": {"rendered": "<p>First.</p>\n", "protected": False},
        "content": {"rendered": f"<p>{LONG}</p><p>Second.</p><p>Third.</p>", "protected": False},
    }
    return given | values


def posts(*values):
    return parse(json.dumps(values).encode(), url="https://wire.example/wp-json/wp/v2/posts")


def test_an_item_becomes_an_entry():
    data = parse(
        feed(
            {
                "id": "https://wire.example/1",
                "url": "/1",
                "title": "Envoys <meet>",
                "summary": "First.",
                "content_html": f"<p>{LONG}</p><p>“Second.”</p><p>Third.</p>",
                "date_published": "2031-05-12T08:00:00+02:00",
                "date_modified": "2031-05-12T07:00:00Z",
                "authors": [{"name": "Anna Example"}, {"name": "Ben Sample"}],
            },
            language="en-GB",
        ),
        url=URL,
    )
    assert (data.version, data.title, data.language, data.complete) == (
        "json11",
        "Example Wire",
        "en-gb",
        True,
    )
    (entry,) = data.entries
    assert (entry.guid, entry.link) == ("https://wire.example/1",) * 2
    assert (entry.title, entry.summary, entry.author) == (
        "Envoys <meet>",
        "First.",
        "Anna Example, Ben Sample",
    )
    assert entry.text.split("\n\n") == [LONG.strip(), "“Second.”", "Third."]
    assert entry.published_at == datetime(2031, 5, 12, 6, tzinfo=UTC)
    assert entry.updated_at == datetime(2031, 5, 12, 7, tzinfo=UTC)
    assert entry.language == "en-gb"


def test_version_1_has_one_author():
    (entry,) = parse(
        feed({"id": "1", "author": {"name": "Anna Example"}}, version="https://jsonfeed.org/version/1"),
        url=URL,
    ).entries
    assert entry.author == "Anna Example"


def test_plain_text_stays_as_it_is_printed():
    entry = one(content_text="Prices fell <1 %.\n\nAnna said: “<b> is a tag.”")
    assert entry.summary == "Prices fell <1 %.\n\nAnna said: “<b> is a tag.”"


@pytest.mark.parametrize(
    ("given", "guid"), [(7, "7"), (7.5, "7.5"), ("7", "7"), (None, ""), (True, ""), ([7], "")]
)
def test_a_number_serves_as_id(given, guid):
    assert one(id=given).guid == guid


def test_what_is_no_date_or_no_text_is_left_out():
    entry = one(title=7, url={"a": 1}, date_published="soon", summary=[], authors="Anna", content_html=None)
    assert (entry.title, entry.link, entry.published_at, entry.summary, entry.author) == (
        "",
        "",
        None,
        "",
        "",
    )


def test_an_external_url_serves_where_there_is_no_other():
    assert one(external_url="https://other.example/x").link == "https://other.example/x"


def test_a_post_becomes_an_entry():
    data = posts(
        post(), post(guid={"rendered": "https://wire.example/?p=6"}, _embedded={"author": [{"name": "Anna"}]})
    )
    assert (data.version, len(data.entries)) == ("wordpress", 2)
    entry, other = data.entries
    assert (entry.guid, entry.link) == ("https://wire.example/?p=7", "https://wire.example/envoys-meet/")
    assert (entry.title, entry.summary) == ("Envoys “meet”", "First.")
    assert entry.text.endswith("\n\nSecond.\n\nThird.")
    assert entry.published_at == datetime(2031, 5, 12, 6, tzinfo=UTC)
    assert other.author == "Anna"


def test_a_posts_key_is_its_key_in_the_rss_of_the_same_site():
    rss = b"<rss version='2.0'><channel><item><guid isPermaLink='false'>https://wire.example/?p=7</guid></item></channel></rss>"
    of_rss = Document.of(parse(rss, url=URL)).keys
    assert Document.of(posts(post())).keys == of_rss


def test_a_locked_post_brings_its_excerpt_alone():
    (entry,) = posts(post(content={"rendered": "<p>Enter the password</p>", "protected": True})).entries
    assert (entry.summary, entry.text) == ("First.", "")


def test_control_characters_in_json_do_no_harm():
    assert (
        parse(feed({"id": "1", "title": "A"}).replace(b'"A"', b'"A\tB\x00"'), url=URL).entries[0].title
        == "A B"
    )


def test_a_feed_without_items_is_empty_and_entries_are_bounded():
    assert parse(feed(), url=URL).entries == ()
    assert (
        len(parse(feed(*({"id": str(n)} for n in range(30)), 7, None), url=URL, max_entries=20).entries) == 20
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["version", "items", "id", "url", "title", "content_html", "authors", "name", "date_published",
             "rendered", "link", "guid", "message"]
        ),
        inner, max_size=6,
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_any_json_gives_entries_or_a_value_error(value):
    for body in (json.dumps(value).encode(), feed(value, value), json.dumps([value]).encode()):
        with contextlib.suppress(ValueError):
            assert all(len(entry.title) <= 500 for entry in parse(body, url=URL).entries)
