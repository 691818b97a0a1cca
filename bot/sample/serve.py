"""The sample outlets on loopback: each shows what it has published by the given clock, with validators.

Every outlet has an address of its own (127.31.5.x, one port for all), because politeness limits count per
host; where only 127.0.0.1 can be bound, as on macOS, each outlet gets a port of its own instead.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import blake2b
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.model import Outlet, Speaker
from bot.sample import render
from bot.sample.world import SampleArticle, SampleOutlet, Wording, World, load_world

_POLL_HOURS = {
    12: (6, 9, 12, 14, 15, 18),
    13: (6, 9, 10, 12, 13, 14, 17, 18, 19, 21),
    14: (3, 4, 5, 6, 7, 8),
}
POLL_TIMES: tuple[datetime, ...] = tuple(
    datetime(2031, 5, day, hour, tzinfo=UTC) for day, hours in _POLL_HOURS.items() for hour in hours
)
"""When the demo polls: at the first, few old entries stand in the feeds; at the second, one has been edited.

Close enough together that the outlet which had a story first is seen first.
"""

DIGEST_AT = datetime(2031, 5, 14, 8, 5, tzinfo=UTC)
"""When the demo's digest is due."""

_PORT_ATTEMPTS = 20
_FEED_TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "rdf": "application/rdf+xml",
    "html": "text/html",
}


class SampleServer:
    """Serves the sample outlets while it is entered; ``clock_now`` says what is published.

    ``network`` is the beginning of their addresses, without the last number.
    """

    def __init__(self, clock_now: Callable[[], datetime], *, network: str = "127.31.5") -> None:
        self._now = clock_now
        self._network = network
        self._world: World = load_world()
        self._runner: web.AppRunner | None = None
        self._bases: dict[str, str] = {}

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        """The invented outlets, with language, ownership and policy."""
        return tuple(outlet.outlet for outlet in self._world.outlets)

    @property
    def speakers(self) -> tuple[Speaker, ...]:
        """The invented people and bodies who speak in the articles, with their side."""
        return self._world.speakers

    @property
    def feeds(self) -> list[tuple[str, str]]:
        """(feed address, outlet name) of each; known once the server is entered."""
        return [
            (f"{self._bases[outlet.slug]}/feed.xml", outlet.outlet.name)
            for outlet in self._world.outlets
            if outlet.slug in self._bases
        ]

    async def __aenter__(self) -> Self:
        """Bind the addresses and start to answer; raise ``OSError`` when not even 127.0.0.1 can be bound."""
        app = web.Application()
        app.add_routes([web.get("/{path:.*}", self._answer)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            hosts = await self._bind()
        except OSError:
            await self._runner.cleanup()
            raise
        for outlet, (address, port) in zip(self._world.outlets, hosts, strict=True):
            self._bases[outlet.slug] = f"http://{address}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop answering."""
        assert self._runner is not None
        await self._runner.cleanup()
        self._bases.clear()

    async def _bind(self) -> list[tuple[str, int]]:
        addresses = [f"{self._network}.{number}" for number in range(1, len(self._world.outlets) + 1)]
        for _ in range(_PORT_ATTEMPTS):
            try:
                return await self._bind_one_port(addresses)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    break  # no such address here
        return [await self._listen("127.0.0.1", 0) for _ in addresses]

    async def _bind_one_port(self, addresses: list[str]) -> list[tuple[str, int]]:
        """Listen on the same free port of all addresses; on failure, on none."""
        assert self._runner is not None
        before = set(self._runner.sites)
        try:
            bound = [await self._listen(addresses[0], 0)]
            bound += [await self._listen(address, bound[0][1]) for address in addresses[1:]]
        except OSError:
            for site in self._runner.sites - before:
                await site.stop()
            raise
        return bound

    async def _listen(self, address: str, port: int) -> tuple[str, int]:
        assert self._runner is not None
        before = len(self._runner.addresses)
        await web.TCPSite(self._runner, address, port).start()
        host, bound_port = self._runner.addresses[before][:2]
        return host, bound_port

    async def _answer(self, request: web.Request) -> web.Response:
        here = f"http://{request.host}"
        outlet = next((one for one in self._world.outlets if self._bases.get(one.slug) == here), None)
        if outlet is None:
            raise web.HTTPMisdirectedRequest
        now = self._now()
        found = self._document(outlet, request.path, now)
        if found is None:
            raise web.HTTPNotFound
        body, content_type, changed_at = found
        return _conditional(request, body, content_type, changed_at)

    def _document(self, outlet: SampleOutlet, path: str, now: datetime) -> tuple[str, str, datetime] | None:
        """Body, content type and time of change of what lies at a path now; None when nothing does."""
        shown: list[tuple[SampleArticle, Wording]] = []
        for article in self._world.shown(outlet, now):
            wording = article.wording(now)
            assert wording is not None
            shown.append((article, wording))
        changed_at = max((wording.since for _, wording in shown), default=_BEFORE_IT_ALL)
        if path == "/feed.xml":
            return self._feed(outlet, shown, changed_at), _FEED_TYPES[outlet.format], changed_at
        if path == "/":
            return render.front_page(outlet, shown), "text/html", changed_at
        if path == "/robots.txt":
            return "User-agent: *\nAllow: /\n", "text/plain", _BEFORE_IT_ALL
        for article, wording in shown:
            if path == render.article_path(article):
                others = [pair for pair in shown if pair[0] is not article]
                return render.page(outlet, article, wording, others), "text/html", wording.since
        return None

    def _feed(self, outlet: SampleOutlet, shown: render.Shown, changed_at: datetime) -> str:
        base = self._bases[outlet.slug]
        if outlet.format == "rss":
            return render.rss(outlet, shown, base)
        if outlet.format == "rdf":
            return render.rdf(outlet, shown, base)
        if outlet.format == "atom":
            return render.atom(outlet, shown, base, changed_at)
        return render.login_page(outlet)


_BEFORE_IT_ALL = datetime(2031, 5, 11, 12, tzinfo=UTC)


def _conditional(request: web.Request, text: str, content_type: str, changed_at: datetime) -> web.Response:
    """200 with validators, or 304 when the client's own still fit (RFC 9110, section 13.2.2)."""
    body = text.encode()
    etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
    headers = {"ETag": etag, "Last-Modified": format_datetime(changed_at, usegmt=True)}
    wanted = request.headers.get("If-None-Match")
    if wanted is not None:
        unchanged = etag in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    else:
        unchanged = request.headers.get("If-Modified-Since") == headers["Last-Modified"]
    if unchanged:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)
