"""Publishers as their logs see us: scripted sites on loopback, and a reader on an injected clock that polls them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count, pairwise
from pathlib import Path

from bot import knowledge, pipeline, polling
from bot.intake.fetch import HttpFetcher
from bot.knowledge.words import Words
from bot.model import Feed
from bot.settings import Fetching, Polling, Settings
from bot.store.sql_store import SqlStore
from tests.fakes import HereAndNow

START = datetime(2031, 5, 12, 6, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NETWORKS = ("127.0.0.0/8",)

_hosts = count(1)


class Clock:
    """Stands still; whoever sleeps on it moves it on."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def set(self, now: datetime) -> None:
        self._now = now


@dataclass(frozen=True)
class Asked:
    """One line of a site's log."""

    at: datetime
    host: bytes
    path: str
    headers: tuple[tuple[bytes, bytes], ...]

    def __getitem__(self, name: str) -> bytes | None:
        """The header's value as it stood on the wire."""
        wanted = name.lower().encode()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def is_conditional(self) -> bool:
        return self["If-None-Match"] is not None or self["If-Modified-Since"] is not None


Answer = bytes | Callable[[Asked], bytes]


def answer(
    body: bytes | str = b"",
    status: str = "200 OK",
    headers: Iterable[str | bytes] = (),
    *,
    length: bool = True,
) -> bytes:
    """One HTTP answer as bytes."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}".encode()]
    lines += [line.encode() if isinstance(line, str) else line for line in headers]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


NOT_MODIFIED = answer(status="304 Not Modified", length=False)
NOT_FOUND = answer("nothing here", "404 Not Found")
LOGIN = answer(
    "<!doctype html><title>Please log in</title><form></form>", headers=["Content-Type: text/html"]
)


def rss(*guids: str, channel: str = "", at: datetime | None = None, encoding: str = "utf-8") -> bytes:
    """An invented feed with one entry for each guid; ``at`` dates the last one, the others an hour apart before."""
    items = []
    for number, guid in enumerate(guids):
        date = at - HOUR * (len(guids) - 1 - number) if at else None
        pub = f"<pubDate>{format_datetime(date)}</pubDate>" if date else ""
        items.append(
            f"<item><guid>{guid}</guid><title>Entry {guid}</title>"
            f"<link>https://wire.example/{guid}</link>{pub}</item>"
        )
    text = (
        f"<?xml version='1.0' encoding='{encoding}'?><rss version='2.0' "
        "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel><title>Example Wire</title>"
        f"{channel}{''.join(items)}</channel></rss>"
    )
    return text.encode(encoding)


def feed(body: bytes, etag: str = "", *headers: str) -> Callable[[Asked], bytes]:
    """A well-behaved feed: 304 for whoever has this version."""
    etag = etag or f'"{hash(body) & 0xFFFFFF:x}"'

    def script(asked: Asked) -> bytes:
        if asked["If-None-Match"] == etag.encode():
            return answer(status="304 Not Modified", headers=[f"ETag: {etag}", *headers], length=False)
        return answer(body, headers=[f"ETag: {etag}", "Content-Type: application/rss+xml", *headers])

    return script


@dataclass
class Site:
    """A host of its own, with what it answers by path and what it was asked."""

    clock: Clock
    host: str
    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    log: list[Asked] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0
    held: asyncio.Event | None = None
    """While this is not set, answers wait."""

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def asked(self, path: str) -> list[Asked]:
        return [one for one in self.log if one.path == path]

    def gaps(self, path: str) -> list[timedelta]:
        times = [one.at for one in self.asked(path)]
        return [later - earlier for earlier, later in pairwise(times)]

    async def until(self, happened: Callable[[], object]) -> None:
        """Let everybody else run until this has happened."""
        while not happened():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
            headers = tuple((name, value) for name, _, value in (line.partition(b": ") for line in lines))
            path = first.split(b" ")[1].decode()
            asked = Asked(self.clock.now(), dict(headers)[b"Host"], path, headers)
            self.log.append(asked)
            if self.held:
                await self.held.wait()
            given = self.answers.get(path, NOT_FOUND)
            writer.write(given(asked) if callable(given) else given)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open_now -= 1
            writer.close()


@dataclass
class Reader:
    """The polling part of the bot, all real but its clock: ask it to poll what is due, or to let time pass."""

    tools: pipeline.Tools
    clock: Clock
    fetcher: HttpFetcher
    parser: CountingParser

    async def follow(self, url: str) -> Feed:
        return await self.tools.store.add_feed(url, "", now=self.clock.now())

    async def row(self, feed_id: int = 1) -> Feed:
        return next(feed for feed in await self.tools.store.feeds() if feed.id == feed_id)

    async def poll(self) -> dict[int, str]:
        """Poll once whatever is due now; feed id → outcome."""
        due = await self.tools.store.due_feeds(self.clock.now(), 10_000)
        outcomes = await asyncio.gather(*(polling.poll_feed(feed, self.tools) for feed in due))
        return {feed.id: outcome for feed, outcome in zip(due, outcomes, strict=True)}

    async def poll_now(self, feed_id: int = 1) -> str:
        """Poll one feed, due or not."""
        return await polling.poll_feed(await self.row(feed_id), self.tools)

    async def run(self, period: timedelta) -> int:
        """Let so much time pass, polling each feed when it is due; return how many polls were made."""
        end, polls = self.clock.now() + period, 0
        while (next_at := await self.tools.store.next_due_at()) is not None and next_at <= end:
            self.clock.set(max(next_at, self.clock.now()))
            polls += len(await self.poll())
        self.clock.set(max(end, self.clock.now()))
        return polls

    def resolve(self, **addresses: str) -> None:
        """Let names stand for addresses (see ``resolve``)."""
        resolve(self.fetcher, **addresses)


def resolve(fetcher: HttpFetcher, **addresses: str) -> None:
    """Let names stand for addresses, several with spaces between; dots in a name are written as ``__``."""
    known = {name.replace("__", "."): address for name, address in addresses.items()}
    fetcher._session.connector._resolver._resolver = _Names(known)


@asynccontextmanager
async def network(clock: Clock, *allow_networks: str) -> AsyncIterator[HttpFetcher]:
    """The fetcher alone, which reaches public addresses and these networks."""
    settings = Fetching(allow_networks=allow_networks, timeout_seconds=5, page_spacing_seconds=0)
    async with HttpFetcher(settings, clock) as fetcher:
        yield fetcher


class CountingParser(HereAndNow):
    """Parses here, and counts."""

    def __init__(self) -> None:
        self.parsed = 0

    async def parse_feed(self, body, *, url, content_type):
        self.parsed += 1
        return await super().parse_feed(body, url=url, content_type=content_type)


class _Names:
    def __init__(self, known: dict[str, str]) -> None:
        self.known = known

    async def resolve(self, host, port=0, family=0):
        if host.lower() not in self.known:
            raise OSError(-3, "Temporary failure in name resolution")
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in self.known[host.lower()].split()
        ]

    async def close(self):
        pass


@asynccontextmanager
async def sites(clock: Clock, number: int) -> AsyncIterator[list[Site]]:
    """So many sites, each at an address of its own."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(site(clock)) for _ in range(number)]


@asynccontextmanager
async def site(clock: Clock, *, host: str = "", port: int = 0) -> AsyncIterator[Site]:
    """One site; given host and port, the same one again."""
    number = next(_hosts)
    host = host or f"127.7.{number // 250 % 250}.{number % 250 + 1}"
    made = Site(clock, host, port)
    server = await asyncio.start_server(made.serve, host, port)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def reader(
    clock: Clock, database: Path | str = ":memory:", *, fetching: dict | None = None, **polls: object
) -> AsyncIterator[Reader]:
    """A reader with its own database and network; ``polls`` are keys of [polling], by default not adaptive."""
    settings = Settings(
        fetching=Fetching(**{"allow_networks": NETWORKS, "timeout_seconds": 5, **(fetching or {})}),
        polling=Polling(**{"adaptive": False, **polls}),
    )
    parser = CountingParser()
    async with SqlStore.open(database) as store, HttpFetcher(settings.fetching, clock) as fetcher:
        tools = pipeline.Tools(
            store=store,
            fetcher=fetcher,
            parser=parser,
            pages=None,
            reader=None,
            knowledge=_known(),
            words=Words("en"),
            settings=settings,
            clock=clock,
        )
        yield Reader(tools, clock, fetcher, parser)


_KNOWN: list[knowledge.Knowledge] = []


def _known() -> knowledge.Knowledge:
    if not _KNOWN:
        _KNOWN.append(knowledge.load())
    return _KNOWN[0]
