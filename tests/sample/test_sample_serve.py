"""The sample server: real-looking feeds and pages on loopback, by an injected clock."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import feedparser
import pytest

from bot.sample.serve import DIGEST_AT, POLL_TIMES, SampleServer
from bot.sample.world import load_world


class SetClock:
    """A clock that a test sets by hand."""

    def __init__(self) -> None:
        self.now = POLL_TIMES[0]

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def server(clock: SetClock) -> AsyncIterator[SampleServer]:
    async with SampleServer(clock) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def _parsed(http: aiohttp.ClientSession, url: str) -> feedparser.FeedParserDict:
    async with http.get(url) as answer:
        assert answer.status == 200
        return feedparser.parse(io.BytesIO(await answer.read()))


def _feed(server: SampleServer, name: str) -> str:
    return next(url for url, outlet in server.feeds if outlet == name)


async def test_every_feed_parses_with_feedparser_and_shows_what_is_published(server, clock, http):
    world = load_world()
    for at in (POLL_TIMES[0], DIGEST_AT):
        clock.now = at
        for url, name in server.feeds:
            (outlet,) = (one for one in world.outlets if one.outlet.name == name)
            if outlet.format == "html":
                continue
            found = await _parsed(http, url)
            assert not found.bozo
            assert found.version == {"rss": "rss20", "atom": "atom10", "rdf": "rss10"}[outlet.format]
            titles = [article.wording(at).title for article in world.shown(outlet, at)]
            assert [entry.title for entry in found.entries] == titles
            assert all(entry.get("published_parsed") or entry.updated_parsed for entry in found.entries)


async def test_every_entry_links_to_a_page_that_holds_its_article(server, clock, http):
    clock.now = DIGEST_AT
    world = load_world()
    pages = 0
    for url, name in server.feeds:
        (outlet,) = (one for one in world.outlets if one.outlet.name == name)
        if outlet.format == "html":
            continue
        found = await _parsed(http, url)
        for entry, article in zip(found.entries, world.shown(outlet, DIGEST_AT), strict=True):
            async with http.get(entry.link) as answer:
                assert answer.status == 200
                assert answer.content_type == "text/html"
                text = await answer.text()
            last_words = article.wording(DIGEST_AT).body.split()[-3:]
            assert " ".join(last_words).split(">")[-1] in text.replace("&quot;", '"')
            assert "are invented" in text
            pages += 1
    assert pages == len(world.articles)


async def test_an_official_feed_carries_the_full_text_in_its_entries(server, clock, http):
    clock.now = DIGEST_AT
    found = await _parsed(http, _feed(server, "Zrazkove Regional Administration"))
    assert all("School" in entry.content[0].value for entry in found.entries)


async def test_each_feed_answers_304_to_its_own_etag_or_date_until_something_is_published(
    server, clock, http
):
    for url, _ in server.feeds:
        async with http.get(url) as first:
            validators = first.headers
        by_etag = {"If-None-Match": validators["ETag"]}
        by_date = {"If-Modified-Since": validators["Last-Modified"]}
        for headers in (by_etag, by_date, by_etag | by_date):
            async with http.get(url, headers=headers) as again:
                assert again.status == 304
                assert await again.read() == b""
        async with http.get(url, headers={"If-None-Match": '"other"'} | by_date) as other:
            assert other.status == 200
    clock.now = POLL_TIMES[-1]
    wire = _feed(server, "Example Wire")
    async with http.get(wire, headers={"If-None-Match": '"old"'}) as later:
        assert later.status == 200


async def test_the_edited_entry_keeps_its_guid_and_changes_its_text_on_feed_and_page(server, clock, http):
    seen = []
    for at in POLL_TIMES[:2]:
        clock.now = at
        found = await _parsed(http, _feed(server, "Example Wire"))
        (entry,) = (one for one in found.entries if "bakery" in one.title)
        async with http.get(entry.link) as answer:
            seen.append((entry.id, entry.title, entry.summary, await answer.text()))
    (first_id, *before), (second_id, *after) = seen
    assert first_id == second_id
    assert all(old != new for old, new in zip(before, after, strict=True))


async def test_one_feed_address_answers_a_web_page(server, http):
    async with http.get(_feed(server, "Paper Gazette")) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        body = await answer.read()
    assert b"Please sign in" in body
    assert feedparser.parse(io.BytesIO(body)).entries == []


async def test_nothing_is_shown_before_its_time(server, clock, http):
    clock.now = datetime(2031, 5, 11, 23, tzinfo=UTC)
    found = await _parsed(http, _feed(server, "Example Wire"))
    assert found.entries == []
    clock.now = DIGEST_AT
    (link, *_) = [entry.link for entry in (await _parsed(http, _feed(server, "Example Wire"))).entries]
    clock.now = POLL_TIMES[0]
    async with http.get(link) as answer:
        assert answer.status == 404


async def test_home_pages_announce_their_feed_and_robots_are_welcome(server, http):
    base = _feed(server, "Sample Post").removesuffix("/feed.xml")
    async with http.get(base + "/") as home, http.get(base + "/robots.txt") as robots:
        assert '<link rel="alternate" type="application/atom+xml" href="/feed.xml">' in await home.text()
        assert "Disallow" not in await robots.text()


async def test_each_outlet_has_an_address_of_its_own(server):
    hosts = [url.split("/")[2] for url, _ in server.feeds]
    assert len(set(hosts)) == len(hosts)
    assert all(host.startswith("127.") for host in hosts)
    assert [outlet.name for outlet in server.outlets] == [name for _, name in server.feeds]


async def test_where_the_addresses_cannot_be_bound_each_outlet_gets_a_port_of_the_usual_one(clock, http):
    reserved_for_documentation = "192.0.2"  # RFC 5737: no machine has it, as macOS has no 127.31.5.1
    async with SampleServer(clock, network=reserved_for_documentation) as running:
        hosts = {url.split("/")[2] for url, _ in running.feeds}
        assert len(hosts) == len(running.feeds)
        assert all(host.startswith("127.0.0.1:") for host in hosts)
        found = await _parsed(http, _feed(running, "Mock Tribune"))
        assert found.entries[0].link.startswith(_feed(running, "Mock Tribune").removesuffix("/feed.xml"))
