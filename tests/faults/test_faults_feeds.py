"""Faults of feeds and of the network in between: what fails costs itself only, and nothing is lost by it.

Each test's docstring states the fault and what is expected.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import brotli
import pytest

from bot import knowledge, outbox, pipeline
from bot.app import App
from bot.intake.decoding import zstd
from bot.knowledge.words import Words
from bot.model import Feed
from bot.ports import Fetched
from bot.runtime.crew import Crew, Doorway
from bot.runtime.health import Metrics
from bot.runtime.workers import Workers
from bot.settings import Reading, Settings
from tests.politeness.polite import (
    DAY,
    HOUR,
    LOGIN,
    MINUTE,
    Clock,
    answer,
    feed,
    reader,
    rss,
    site,
    sites,
)

# ── F23: answers that are not what they were ─────────────────────────────────────────────────────────────

HALF = rss("a", "b", "c")[:-60]


@pytest.mark.parametrize(
    "bad",
    [
        LOGIN,
        answer(b"", headers=['ETag: "empty"']),
        answer(HALF, headers=['ETag: "half"']),
        answer(gzip.compress(rss("a", "b"))[:-9], headers=["Content-Encoding: gzip", 'ETag: "cut"']),
        answer(brotli.compress(rss("a", "b") * 50)[:-9], headers=["Content-Encoding: br", 'ETag: "cut"']),
        answer(zstd.compress(rss("a", "b"))[:-3], headers=["Content-Encoding: zstd", 'ETag: "cut"']),
        b'HTTP/1.1 200 OK\r\nETag: "short"\r\nContent-Length: 9999\r\n\r\n' + rss("a", "b"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + rss("a", "b")[:100],
    ],
    ids=["login", "empty", "half the XML", "gzip cut", "br cut", "zstd cut", "short", "chunk cut"],
)
async def test_f23_a_broken_answer_leaves_the_feed_as_it_was_and_what_came_meanwhile_is_not_lost(bad):
    """A login page, an empty 200, half the XML, a body that breaks off.

    Expected: validators and what is known stay, the failure is counted and explained, the next good answer brings
    everything that was published meanwhile.
    """
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a"), '"good"')
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        before = await bot.row()
        wire.answers["/feed"] = bad
        await bot.run(6 * HOUR)
        after = await bot.row()
        assert after.failures > 0
        assert after.trouble.cause
        assert after.trouble.next_step
        assert (after.validators, after.body_hash, after.url) == (
            before.validators,
            before.body_hash,
            before.url,
        )
        wire.answers["/feed"] = feed(rss("a", "b", "c", "d"), '"later"')
        await bot.run(DAY)
        assert ((await bot.row()).failures, (await bot.row()).trouble) == (0, None)
        assert (await bot.tools.store.totals()).entries == 4


# ── F24: parked ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", ["301 Moved Permanently", "308 Permanent Redirect"])
async def test_f24_a_feed_redirected_to_a_parked_page_for_a_day_keeps_its_address_and_recovers(status):
    """A permanent redirect to a page that sells the domain, for one day.

    Expected: the address is unchanged, and the feed recovers by itself with everything it published meanwhile.
    """
    clock = Clock()
    async with sites(clock, 2) as (wire, parked), reader(clock) as bot:
        parked.answers["/"] = answer("<html><title>This domain is for sale</title></html>")
        wire.answers["/feed"] = feed(rss("a"))
        row = await bot.follow(wire.url + "/feed")
        await bot.run(HOUR)
        wire.answers["/feed"] = answer(status=status, headers=[f"Location: {parked.url}/"])
        await bot.run(DAY)
        assert parked.log
        assert (await bot.row()).url == row.url
        wire.answers["/feed"] = feed(rss("a", "b"))
        await bot.run(DAY)
        assert ((await bot.row()).url, (await bot.row()).failures) == (row.url, 0)
        assert (await bot.tools.store.totals()).entries == 2


# ── F25: slow servers ────────────────────────────────────────────────────────────────────────────────────

FEEDS = 5_000
TIMEOUT = 20.0
START = datetime(2031, 5, 12, 6, tzinfo=UTC)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer whenever nothing else is to be done."""

    _virtual = 0.0

    def time(self) -> float:
        return self._virtual

    def _run_once(self):
        if not self._ready and self._scheduled:
            self._virtual = max(self._virtual, self._scheduled[0]._when)
        super()._run_once()


class LoopClock:
    """The virtual loop's time as instants."""

    def now(self):
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


class HalfAsleep:
    """A network whose odd feeds never answer, and a store that keeps what was polled, in memory."""

    fault = ""

    def __init__(self):
        self.rows = {
            number: Feed(number, f"https://host-{number}.example/feed", "", START, START)
            for number in range(1, FEEDS + 1)
        }
        self.done_at: dict[int, float] = {}
        self.under_way = self.most_under_way = 0

    async def fetch(self, url, *, validators=None, page=False):
        number = int(url.partition("host-")[2].partition(".")[0])
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if number % 2:
                await asyncio.sleep(TIMEOUT)
                return Fetched(
                    "failed", url, cause=f"no complete answer within {TIMEOUT:g} s", next_step="wait"
                )
            await asyncio.sleep(0.05 + number % 40 / 20)
            return Fetched("unchanged", url, 304)
        finally:
            self.under_way -= 1

    async def due_feeds(self, now, limit):
        due = sorted((row for row in self.rows.values() if row.next_at <= now), key=lambda row: row.next_at)
        return due[:limit]

    async def save_poll(self, poll):
        self.rows[poll.feed.id] = poll.feed
        self.done_at.setdefault(poll.feed.id, asyncio.get_running_loop().time())
        return 0


async def poll_half_asleep(settings):
    net = HalfAsleep()
    tools = pipeline.Tools(
        store=net,
        fetcher=net,
        parser=None,
        pages=None,
        reader=None,
        knowledge=knowledge.Knowledge((), (), ()),
        words=Words("en"),
        settings=settings,
        clock=LoopClock(),
    )
    monotonic = asyncio.get_running_loop().time
    polls = Crew("poll", settings.polling.connections, door=Doorway(), monotonic=monotonic)
    traffic = outbox.Traffic(settings.delivery)
    app = App(settings, tools, {}, Metrics(), polls, Crew("read", 1), traffic)
    most_queued = 0
    while len(net.done_at) < FEEDS:
        await app.start_polls()
        most_queued = max(most_queued, polls.busy)
        await asyncio.sleep(settings.tick_seconds)
    await polls.stop()
    return net, most_queued


def test_f25_slow_servers_do_not_hold_up_the_healthy_ones():
    """Half of 5,000 due feeds answer nothing until their time is up, all for the first time.

    Expected: healthy feeds are served with a delay under 60 s for 95 of 100; what is under way stays bounded; the
    slow ones are polled, too, and have failed.
    """
    settings = Settings()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        net, most_queued = runner.run(poll_half_asleep(settings))
    delays = [at for number, at in net.done_at.items() if number % 2 == 0]
    assert len(delays) == FEEDS / 2
    assert quantiles(delays, n=20)[-1] < 60
    assert net.most_under_way <= settings.polling.connections
    assert most_queued <= FEEDS
    assert all(net.rows[number].failures == number % 2 for number in net.rows)


async def test_f25_a_server_that_drips_is_left_in_time_and_others_are_not_kept_waiting():
    """Servers that send a byte now and then, for ever. Expected: each costs its own time limit, and only itself."""
    clock = Clock()
    async with AsyncDrips(20) as drips, sites(clock, 20) as wires:
        async with reader(clock, fetching={"timeout_seconds": 0.5}) as bot:
            for url in drips.urls:
                await bot.follow(url)
            for wire in wires:
                wire.answers["/feed"] = feed(rss("a"))
                await bot.follow(wire.url + "/feed")
            outcomes = list((await bot.poll()).values())
        assert outcomes == ["failed"] * 20 + ["new"] * 20


class AsyncDrips:
    """So many servers that drip."""

    def __init__(self, number):
        self.number, self.servers, self.urls = number, [], []

    async def __aenter__(self):
        for number in range(self.number):
            server = await asyncio.start_server(self.drip, f"127.8.0.{number + 1}", 0)
            self.servers.append(server)
            host, port = server.sockets[0].getsockname()[:2]
            self.urls.append(f"http://{host}:{port}/feed")
        return self

    async def __aexit__(self, *_):
        for server in self.servers:
            server.close()

    @staticmethod
    async def drip(_, writer):
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass
        finally:
            writer.close()


# ── F26: attacks ─────────────────────────────────────────────────────────────────────────────────────────

HUGE = b"\0" * 200_000_000
NESTED = b"<rss version='2.0'><channel>" + b"<item><title>a</title>" * 120_000
"""Half a minute of any lenient parser: entries inside entries."""


@asynccontextmanager
async def working(bot, **reading):
    """The reader with real parsing processes."""
    settings = Settings(reading=Reading(**reading))
    lost: list[str] = []
    async with Workers(settings, on_lost=lost.append) as workers:
        bot.tools = replace(bot.tools, parser=workers)
        yield lost


@pytest.mark.parametrize("pack", ["gzip", "deflate", "br", "zstd", "endless"])
async def test_f26_a_bomb_or_an_endless_body_costs_its_own_feed_only(pack):
    """200 MB of nothing in a few kilobytes, in each encoding, or a body without end, between two healthy feeds.

    Expected: the feed fails at its limit, in words; the others are read.
    """
    packers = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd.compress}
    clock = Clock()
    async with (
        sites(clock, 3) as (one, bad, two),
        reader(clock, fetching={"max_feed_bytes": 1_000_000}) as bot,
    ):
        one.answers["/feed"] = two.answers["/feed"] = feed(rss("a"))
        if pack == "endless":
            bad.answers["/feed"] = answer(HUGE, length=False)
        else:
            body = packers[pack](HUGE)
            assert len(body) < 300_000
            bad.answers["/feed"] = answer(body, headers=[f"Content-Encoding: {pack}"])
        for wire in (one, bad, two):
            await bot.follow(wire.url + "/feed")
        assert list((await bot.poll()).values()) == ["new", "failed", "new"]
        assert "larger than 1,000,000 bytes" in (await bot.row(2)).trouble.cause


@pytest.mark.slow
async def test_f26_a_document_that_takes_a_parser_half_a_minute_is_cut_short_and_others_are_read():
    """A document that keeps the parser busy for half a minute.

    Expected: its worker is killed at the deadline and replaced; that feed has failed, the next one is read.
    """
    clock = Clock()
    async with sites(clock, 2) as (bad, good), reader(clock) as bot:
        bad.answers["/feed"] = answer(NESTED)
        good.answers["/feed"] = feed(rss("a"))
        for wire in (bad, good):
            await bot.follow(wire.url + "/feed")
        async with working(bot, parse_deadline_seconds=2, parse_workers=1) as lost:
            outcomes = list((await bot.poll()).values())
            assert outcomes == ["failed", "new"]
            assert lost == ["parse"]
            trouble = (await bot.row(1)).trouble
            assert "2 s" in trouble.cause
            assert trouble.next_step
            good.answers["/feed"] = feed(rss("a", "b"))
            assert await bot.poll_now(2) == "new"


# ── F27: no DNS ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [4, 40])
async def test_f27_an_hour_without_dns_costs_no_feed_anything_and_all_resume_within_an_interval(number):
    """No name can be resolved anywhere for an hour.

    Expected: no failure is counted against any feed, and each is polled again within one interval of the end.
    """
    clock = Clock()
    async with sites(clock, number) as wires, reader(clock) as bot:
        names = {f"host{n}__example": wire.host for n, wire in enumerate(wires)}
        bot.resolve(**names)
        for name, wire in zip(names, wires, strict=True):
            wire.answers["/feed"] = feed(rss("a"))
            await bot.follow(f"http://{name.replace('__', '.')}:{wire.port}/feed")
        await bot.run(2 * HOUR)
        before = await bot.tools.store.feeds()
        bot.resolve()
        bot.fetcher._session.connector.clear_dns_cache()
        await bot.run(HOUR)
        during = await bot.tools.store.feeds()
        assert [(row.failures, row.trouble) for row in during] == [(0, None)] * number
        assert [row.validators for row in during] == [row.validators for row in before]
        bot.resolve(**names)
        end = clock.now()
        for wire in wires:
            wire.log.clear()
        await bot.run(15 * MINUTE)
        assert all(wire.log and wire.log[0].at - end <= 15 * MINUTE for wire in wires)
        assert all(one.is_conditional for wire in wires for one in wire.log)
