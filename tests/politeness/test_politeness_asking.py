"""What publishers' logs show of our requests: validators, redirects, headers.

docs/feed-rules.md, P1 to P6, P15, P16, P18 to P23.
"""

import asyncio
import gzip
import itertools
import re
import zlib

import brotli
import pytest
from yarl import URL

from bot.intake.decoding import zstd
from bot.intake.fetch import _redirected
from bot.intake.guard import Forbidden
from bot.intake.validators import MAX_BYTES
from tests.politeness.polite import (
    HOUR,
    LOGIN,
    MINUTE,
    NOT_MODIFIED,
    Clock,
    answer,
    feed,
    reader,
    rss,
    site,
    sites,
)

ODD_VALIDATORS = [
    b'"plain"',
    b'W/"weak"',
    b"unquoted",
    b'"with space inside"',
    b'""',
    b'W/""',
    b'"unclosed',
    b"'single'",
    b'"a","b"',
    b'"\xc3\xa9t\xc3\xa9"',
    b'"caf\xe9"',
    b'"\xff\xfe"',
    b'"tab\there"',
    b'"back\\slash"',
    b"*",
    b"0",
    b'"gzip--gzip;x=1"',
    b'"%22%0d%0a"',
    b'"' + b"x" * (MAX_BYTES - 100) + b'"',
    b"Mon, 32 Foo 2031 25:61:61 LMT",
]


@pytest.mark.parametrize("odd", ODD_VALIDATORS)
async def test_p01_validators_come_back_byte_for_byte(odd):
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        whole = answer(rss("a"), headers=[b"ETag: " + odd, b"Last-Modified: " + odd])
        wire.answers["/feed"] = lambda asked: NOT_MODIFIED if asked.is_conditional else whole
        await bot.follow(wire.url + "/feed")
        await bot.run(HOUR)
        first, *later = wire.log
        assert not first.is_conditional
        assert len(later) >= 2
        assert {one["If-None-Match"] for one in later} == {odd}
        assert {one["If-Modified-Since"] for one in later} == {odd}


@pytest.mark.parametrize(
    "bad",
    [
        answer("busy", "500 Internal Server Error", ['ETag: "error"']),
        LOGIN.replace(b"Content-Type", b'ETag: "login"\r\nContent-Type'),
        answer(gzip.compress(rss("b"))[:-9], headers=["Content-Encoding: gzip", 'ETag: "cut"']),
        answer(rss("b")[:-40], headers=['ETag: "half"']),
        b'HTTP/1.1 200 OK\r\nETag: "short"\r\nContent-Length: 5000\r\n\r\n' + rss("b"),
    ],
    ids=["500", "login page", "cut gzip", "half the XML", "shorter than announced"],
)
async def test_p02_only_a_complete_parsed_document_gives_validators(bad):
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a"), '"good"')
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        wire.answers["/feed"] = bad
        assert await bot.poll_now() in ("failed", "new", "nothing new")
        wire.answers["/feed"] = feed(rss("a"), '"good"')
        assert await bot.poll_now() == "unchanged"
        assert wire.log[-1]["If-None-Match"] == b'"good"'


async def test_p02_a_304_renews_the_validators_it_carries():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a"), '"one"')
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        wire.answers["/feed"] = answer(status="304 Not Modified", headers=['ETag: "two"'], length=False)
        await bot.poll_now()
        await bot.poll_now()
        assert wire.log[-1]["If-None-Match"] == b'"two"'


async def test_p03_if_modified_since_is_never_made_up():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        dated = rss(
            "a", channel="<lastBuildDate>Mon, 12 May 2031 05:00:00 GMT</lastBuildDate>", at=clock.now()
        )
        wire.answers["/feed"] = feed(dated, '"v"', "Date: Mon, 12 May 2031 06:00:00 GMT")
        await bot.follow(wire.url + "/feed")
        await bot.run(6 * HOUR)
        assert len(wire.log) > 10
        assert all(one["If-Modified-Since"] is None for one in wire.log)


async def test_p04_a_document_without_validators_clears_the_stored_ones():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = answer(rss("a"), headers=['ETag: "old"', "Last-Modified: in May"])
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        wire.answers["/feed"] = answer(rss("a", "b"))
        await bot.poll_now()
        await bot.poll_now()
        assert [one.is_conditional for one in wire.log] == [False, True, False]


async def test_p05_a_feed_is_asked_unconditionally_once_in_its_life_whatever_restarts(tmp_path):
    clock = Clock()
    async with site(clock) as wire:
        wire.answers["/feed"] = feed(rss("a"))
        for life in range(6):
            async with reader(clock, tmp_path / "onrecord.db") as bot:
                if not life:
                    await bot.follow(wire.url + "/feed")
                await bot.run(HOUR)
        assert len(wire.log) > 20
        assert [one.is_conditional for one in wire.log].count(False) == 1


async def test_p06_a_restart_polls_nothing_early(tmp_path):
    clock = Clock()
    async with sites(clock, 5) as wires:
        async with reader(clock, tmp_path / "onrecord.db") as bot:
            for wire in wires:
                wire.answers["/feed"] = feed(rss("a"))
                await bot.follow(wire.url + "/feed")
            await bot.poll()
        due = {}
        for _ in range(20):
            clock.set(clock.now() + MINUTE / 6)
            async with reader(clock, tmp_path / "onrecord.db") as bot:
                due = {row.url: row.next_at for row in await bot.tools.store.feeds()}
                await bot.poll()
        assert [len(wire.log) for wire in wires] == [1] * 5
        async with reader(clock, tmp_path / "onrecord.db") as bot:
            await bot.run(HOUR)
        assert all(wire.log[1].at >= due[f"{wire.url}/feed"] for wire in wires)


async def test_p15_a_temporary_redirect_is_followed_and_the_address_kept():
    clock = Clock()
    for status in ("302 Found", "303 See Other", "307 Temporary Redirect"):
        async with sites(clock, 2) as (old, new), reader(clock) as bot:
            old.answers["/feed"] = answer(status=status, headers=[f"Location: {new.url}/elsewhere"])
            new.answers["/elsewhere"] = feed(rss("a"))
            await bot.follow(old.url + "/feed")
            await bot.run(30 * HOUR)
            assert len(old.log) == len(new.log) > 50
            row = await bot.row()
            assert (row.url, row.former_url, row.moving) == (old.url + "/feed", "", None)


async def test_p16_redirects_end_after_five_and_loops_at_once_and_cookies_never_come_back():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        for number in range(9):
            to = f"Location: /{number + 1}"
            wire.answers[f"/{number}"] = answer(status="302 Found", headers=[to, "Set-Cookie: id=1; Path=/"])
        wire.answers["/round"] = answer(status="301 Moved Permanently", headers=["Location: /round"])
        fetched = await bot.fetcher.fetch(wire.url + "/0")
        assert "6th redirect" in fetched.cause
        assert len(wire.log) == 6
        fetched = await bot.fetcher.fetch(wire.url + "/round")
        assert "circle" in fetched.cause
        assert len(wire.log) == 7
        assert all(one["Cookie"] is None for one in wire.log)


def test_p16_a_redirect_from_https_to_http_is_refused():
    class Moved:
        location = "http://wire.example/feed"

    with pytest.raises(Forbidden, match="unprotected http"):
        _redirected(URL("https://wire.example/feed"), Moved, ["https://wire.example/feed"], 5)


async def test_p16_a_redirect_with_credentials_is_refused():
    clock = Clock()
    async with sites(clock, 2) as (old, new), reader(clock) as bot:
        to = new.url.replace("://", "://user:secret@")
        old.answers["/feed"] = answer(status="302 Found", headers=[f"Location: {to}/feed"])
        fetched = await bot.fetcher.fetch(old.url + "/feed")
        assert fetched.outcome == "failed"
        assert "secret" not in fetched.cause
        assert new.log == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer(status="401 Unauthorized"), "asks for a login (401)"),
        (answer(status="403 Forbidden"), "refuses us (403)"),
        (answer(status="451 Unavailable For Legal Reasons"), "for legal reasons (451)"),
        (answer(status="403 Forbidden", headers=["cf-mitigated: challenge"]), "Cloudflare protection"),
    ],
)
async def test_p18_refusals_back_off_are_named_told_once_and_never_met_with_another_name(given, words):
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = given
        await bot.follow(wire.url + "/feed")
        await bot.run(24 * HOUR)
        row = await bot.row()
        assert words in row.trouble.cause
        assert row.trouble.next_step
        assert [told.id for told in await bot.tools.store.feeds_to_tell()] == [row.id]
        gaps = wire.gaps("/feed")
        assert all(later > earlier for earlier, later in itertools.pairwise(gaps))
        assert len({one["User-Agent"] for one in wire.log}) == 1


async def test_p19_we_say_who_we_are():
    clock = Clock()
    async with site(clock) as wire:
        for agent in ("OnRecord/0.1", "OnRecord/0.1 (+https://example.org/bot; 3 subscribers)"):
            async with reader(clock, fetching={"user_agent": agent}) as bot:
                await bot.fetcher.fetch(wire.url + "/feed")
        names = [one["User-Agent"].decode() for one in wire.log]
    assert names[1] == "OnRecord/0.1 (+https://example.org/bot; 3 subscribers)"
    assert all(re.fullmatch(r"OnRecord/\d+(\.\d+)*( \(\+https?://\S+.*\))?", name) for name in names)


async def test_p20_the_log_shows_exactly_the_one_address_and_nothing_about_us():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed?a=%7E1&b"] = feed(rss("a"))
        await bot.follow(wire.url + "/feed?a=%7E1&b")
        await bot.run(24 * HOUR)
        assert len(wire.log) > 50
        assert {one.path for one in wire.log} == {"/feed?a=%7E1&b"}
        names = {name.decode().lower() for one in wire.log for name, _ in one.headers}
        assert names == {"host", "user-agent", "accept", "accept-encoding", "connection", "if-none-match"}


ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


async def test_p21_every_encoding_that_is_asked_for_is_taken_off_within_limits():
    clock = Clock()
    async with site(clock) as wire, reader(clock, fetching={"max_feed_bytes": 100_000}) as bot:
        await bot.fetcher.fetch(wire.url + "/")
        asked_for = wire.log[0]["Accept-Encoding"].decode().split(", ")
        assert sorted(asked_for) == sorted(ENCODERS)
        for name in asked_for:
            for path, body in (("feed", rss("a")), ("bomb", b"\0" * 50_000_000)):
                packed = ENCODERS[name](body)
                wire.answers[f"/{path}"] = answer(packed, headers=[f"Content-Encoding: {name}"])
            assert (await bot.fetcher.fetch(wire.url + "/feed")).body == rss("a")
            assert "larger than 100,000 bytes" in (await bot.fetcher.fetch(wire.url + "/bomb")).cause


async def test_p22_feed_types_are_asked_for_first_and_anything_last():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        await bot.fetcher.fetch(wire.url + "/feed")
        kinds = wire.log[0]["Accept"].decode().split(", ")
    assert kinds[:2] == ["application/atom+xml", "application/rss+xml"]
    assert kinds[-1] == "*/*;q=0.1"
    assert not any("html" in kind for kind in kinds)


async def test_p23_one_host_sees_two_connections_at_most():
    clock = Clock()
    async with site(clock) as wire, reader(clock, fetching={"page_spacing_seconds": 0}) as bot:
        for number in range(12):
            wire.answers[f"/{number}"] = feed(rss(str(number)))
            await bot.follow(f"{wire.url}/{number}")
        wire.held = asyncio.Event()
        polling = asyncio.ensure_future(bot.poll())
        await wire.until(lambda: wire.open_now == 2)
        for _ in range(200):
            await asyncio.sleep(0)
        wire.held.set()
        assert set((await polling).values()) == {"new"}
        assert wire.most_open == 2


async def test_p23_feeds_of_one_domain_are_asked_for_a_second_apart():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        bot.resolve(one__example__com=wire.host, two__example__com=wire.host, example__com=wire.host)
        for number, name in enumerate(
            ("one.example.com", "two.example.com", "example.com", "one.example.com")
        ):
            wire.answers[f"/{number}"] = feed(rss(str(number)))
            await bot.follow(f"http://{name}:{wire.port}/{number}")
        for number in range(1, 5):
            await bot.poll_now(number)
        times = [one.at for one in wire.log]
        assert len(times) == 4
        assert all(later - earlier >= MINUTE / 60 for earlier, later in itertools.pairwise(times))
