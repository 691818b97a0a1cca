"""A thousand invented feeds that misbehave at random, and a count of what each has ever shown.

Each feed stands at a loopback address of its own and publishes as the shared clock moves. At each request it
may, by a seeded die, answer with a fault instead: 500, 404, 429, nothing, a login page, half a document, a
broken gzip body, a closed connection, or a document whose identities were all rewritten. An entry counts as
shown only when a whole document with it went out.
"""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from multiprocessing.connection import Connection

from aiohttp import web

from benchmarks.polling_server import bound, words

NEWEST = 15
"""Entries that a feed shows."""
FAULTS = ("500", "404", "429", "empty", "login page", "half", "broken gzip", "closed", "new guids")
_PER_NETWORK = 250


@dataclass(frozen=True, slots=True)
class Shown:
    """What the server knows at the end."""

    entries: dict[str, frozenset[int]]
    """A feed's address → numbers of the entries that it has shown."""
    answers: dict[str, int]
    """How often each kind of answer went out."""


class SoakServer:
    """Serves in a process of its own: ``run`` sends the addresses, waits for a word, and sends ``Shown``."""

    def __init__(self, feeds: int, fault_share: float, start: datetime, now: Callable[[], datetime]) -> None:
        self._start, self._now, self._share = start, now, fault_share
        self._addresses = {f"127.79.{1 + n // _PER_NETWORK}.{1 + n % _PER_NETWORK}": n for n in range(feeds)}
        self._dice = random.Random(7)
        self._pace = [self._dice.uniform(2, 12) for _ in range(feeds)]
        """Hours between two entries of each feed."""
        self._shown: list[set[int]] = [set() for _ in range(feeds)]
        self._answers: dict[str, int] = {}

    async def run(self, pipe: Connection) -> None:
        """Serve until told to stop."""
        app = web.Application()
        app.add_routes([web.get("/feed.xml", self._feed)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        port = await bound(runner, self._addresses)
        urls = [f"http://{address}:{port}/feed.xml" for address in self._addresses]
        pipe.send(urls)
        await asyncio.to_thread(pipe.recv)
        shown = {url: frozenset(found) for url, found in zip(urls, self._shown, strict=True)}
        pipe.send(Shown(shown, self._answers))
        await runner.cleanup()

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        number = self._addresses[request.host.partition(":")[0]]
        fault = self._dice.choice(FAULTS) if self._dice.random() < self._share else ""
        entries = self._entries(number)
        body = _document(number, entries, self._start, self._pace[number], renamed=fault == "new guids")
        tag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
        if not fault and request.headers.get("If-None-Match") == tag:
            self._count("304")
            return web.Response(status=304, headers={"ETag": tag})
        self._count(fault or "200")
        if fault in ("", "new guids"):
            self._shown[number].update(entries)
            headers = {"ETag": tag} if not fault else {}
            return web.Response(
                body=body, content_type="application/rss+xml", charset="utf-8", headers=headers
            )
        return self._broken(fault, body, request)

    def _broken(self, fault: str, body: bytes, request: web.Request) -> web.StreamResponse:
        if fault.isdigit():
            return web.Response(status=int(fault), text="a fault")
        if fault == "closed":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault == "broken gzip":
            return web.Response(
                body=gzip.compress(body)[:-40],
                content_type="application/rss+xml",
                headers={"Content-Encoding": "gzip", "ETag": '"wrong"'},
            )
        bodies = {"empty": b"", "login page": b"<!doctype html><html><body>Please log in</body></html>"}
        return web.Response(
            body=bodies.get(fault, body[: len(body) // 2]),
            content_type="text/html" if fault == "login page" else "application/rss+xml",
            headers={"ETag": '"wrong"'},
        )

    def _count(self, kind: str) -> None:
        self._answers[kind] = self._answers.get(kind, 0) + 1

    def _entries(self, number: int) -> range:
        hours = (self._now() - self._start) / timedelta(hours=1)
        newest = int(hours / self._pace[number]) + NEWEST
        return range(newest - NEWEST, newest)


def _document(number: int, entries: range, start: datetime, pace: float, *, renamed: bool) -> bytes:
    items = "".join(_item(number, at, start, pace, renamed=renamed) for at in reversed(entries))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Invented feed {number}</title>'
        f"<link>http://soak{number}.example/</link><description>Invented</description>{items}</channel></rss>"
    ).encode()


def _item(number: int, at: int, start: datetime, pace: float, *, renamed: bool) -> str:
    dice = random.Random(f"{number} {at}")
    text = words(dice, 30)
    published = start + timedelta(hours=(at - NEWEST + 1) * pace)
    return (
        f"<item><title>{text[:70]} {number}-{at}</title><link>http://soak{number}.example/{at}.html</link>"
        f'<guid isPermaLink="false">{"renamed-" if renamed else ""}{number}-{at}</guid>'
        f"<pubDate>{format_datetime(published, usegmt=True)}</pubDate>"
        f"<description>{text}</description></item>\n"
    )
