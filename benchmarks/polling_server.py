"""Many invented feeds of one size on loopback, an address for each, for measuring what polling them costs.

``GET /publish?share=0.05`` at the control address gives that share of the feeds a new item at the top and sets
the counters to zero; ``GET /answers`` there says how many answers had a body since then, and how many had none.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from multiprocessing import get_context
from multiprocessing.connection import Connection

from aiohttp import web

ITEMS = 40
WORDS_PER_ITEM = 85
"""Together about 34 kB, the size of an everyday feed."""
_FIRST = datetime(2031, 5, 12, tzinfo=UTC)
_PER_NETWORK = 250
_PORT_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Served:
    """Where the feeds are, and where to ask for news in them."""

    control: str
    feeds: tuple[str, ...]
    feed_bytes: int


@contextmanager
def serving(feeds: int) -> Iterator[Served]:
    """Serve so many feeds from a process of its own, so that its CPU time is nobody else's."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(feeds, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(feeds: int, pipe: Connection) -> None:
    asyncio.run(_Server(feeds).run(pipe))


async def bound(runner: web.AppRunner, addresses: Iterable[str]) -> int:
    """Listen on one port that is free on all these addresses, and return it."""
    addresses = tuple(addresses)
    for _ in range(_PORT_ATTEMPTS):
        port = 0
        try:
            for address in addresses:
                await web.TCPSite(runner, address, port).start()
                port = port or runner.addresses[0][1]
        except OSError:
            for site in list(runner.sites):
                await site.stop()
        else:
            return port
    raise OSError("found no port that is free on all loopback addresses; try again")


class _Server:
    def __init__(self, feeds: int) -> None:
        self._published = [0] * feeds
        self._addresses = {f"127.78.{1 + n // _PER_NETWORK}.{1 + n % _PER_NETWORK}": n for n in range(feeds)}
        self._answers = {"full": 0, "unchanged": 0}
        self._cache: dict[tuple[int, int], tuple[bytes, dict[str, str]]] = {}

    async def run(self, pipe: Connection) -> None:
        app = web.Application()
        app.add_routes([web.get("/feed.xml", self._feed), web.get("/publish", self._publish)])
        app.add_routes([web.get("/answers", self._count)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        port = await bound(runner, self._addresses)
        feeds = tuple(f"http://{address}:{port}/feed.xml" for address in self._addresses)
        pipe.send(Served(feeds[0].rsplit("/", 1)[0], feeds, len(self._document(0)[0])))
        await asyncio.Event().wait()

    async def _publish(self, request: web.Request) -> web.Response:
        share = float(request.query["share"])
        chosen = range(round(len(self._published) * share))
        for number in chosen:
            self._published[number] += 1
        self._answers = {"full": 0, "unchanged": 0}
        return web.Response(text=str(len(chosen)))

    async def _count(self, _request: web.Request) -> web.Response:
        return web.json_response(self._answers)

    async def _feed(self, request: web.Request) -> web.Response:
        body, headers = self._document(self._addresses[request.host.partition(":")[0]])
        if request.headers.get("If-None-Match") == headers["ETag"]:
            self._answers["unchanged"] += 1
            return web.Response(status=304, headers=headers)
        self._answers["full"] += 1
        return web.Response(body=body, content_type="application/rss+xml", charset="utf-8", headers=headers)

    def _document(self, number: int) -> tuple[bytes, dict[str, str]]:
        key = number, self._published[number]
        if key not in self._cache:
            body = _rss(*key)
            etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
            self._cache[key] = body, {"ETag": etag, "Last-Modified": format_datetime(_FIRST, usegmt=True)}
        return self._cache[key]


def everyday_feed() -> bytes:
    """One of the feeds served, for measuring what parsing it costs."""
    return _rss(0, 0)


def _rss(number: int, published: int) -> bytes:
    items = "".join(_item(number, at) for at in range(ITEMS + published - 1, published - 1, -1))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Invented feed {number}</title>'
        f"<link>http://feed{number}.example/</link><description>Invented</description>{items}</channel></rss>"
    ).encode()


def words(dice: random.Random, count: int) -> str:
    """So many words that say nothing about the war."""
    return " ".join(dice.choice(_WORDS) for _ in range(count))


def _item(number: int, at: int) -> str:
    dice = random.Random(f"{number} {at}")
    text = words(dice, WORDS_PER_ITEM)
    return (
        f"<item><title>{text[:70]}</title><link>http://feed{number}.example/{at}.html</link>"
        f'<guid isPermaLink="false">{number}-{at}</guid>'
        f"<pubDate>{format_datetime(_FIRST + timedelta(minutes=at), usegmt=True)}</pubDate>"
        f"<description>&lt;p&gt;{text}&lt;/p&gt;</description></item>\n"
    )


_WORDS = (  # noqa: SIM905 - easier to read than a list of quoted words
    "garden kettle orchard lantern ribbon harbour pencil violin meadow button ladder candle teapot saddle "
    "window barrel feather copper walnut thimble anchor blanket chimney drawer engine"
).split()
