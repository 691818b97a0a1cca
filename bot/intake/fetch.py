"""Polite, bounded HTTP: the one way by which anything from the web comes in.

Every answer ends as a ``Fetched`` that explains itself. The client decodes nothing by itself and follows no
redirect by itself, because both need our limits. Rules: docs/feed-rules.md, "Politeness and HTTP" and "Safety".
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import timedelta
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from bot.intake import answers, bodies, robots
from bot.intake.clean import web_address
from bot.intake.decoding import ACCEPT_ENCODING, Broken, TooLarge, decoder
from bot.intake.due import RATE_LIMIT_LEAST
from bot.intake.fetched import Fetched
from bot.intake.guard import Forbidden, Guard, GuardedResolver
from bot.intake.hosts import Clock, Hosts
from bot.intake.validators import VerbatimRequest, header_value, received
from bot.model import Validators
from bot.settings import Fetching

_ACCEPT_FEED = (
    "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, "
    "text/xml;q=0.8, */*;q=0.1"
)
_ACCEPT_PAGE = "text/html, application/xhtml+xml, */*;q=0.1"
_OK = frozenset({200, 203})
_NOT_MODIFIED = 304
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_TOO_MANY_REQUESTS = 429
_CONTENT_TYPE_CHARS = 200
_LATER = "nothing; it is tried again by itself, later each time"

_NETWORK_WORDS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    ((aiohttp.InvalidURL,), "the address cannot be used", "check it for typing errors"),
    (
        (aiohttp.ClientConnectorDNSError,),
        "the name {host} cannot be found (DNS)",
        "check the address, and this computer's network",
    ),
    (
        (aiohttp.ClientConnectorCertificateError,),
        "the certificate of {host} is not valid",
        "tell the publisher; it is tried again by itself",
    ),
    ((aiohttp.ClientSSLError,), "no secure connection to {host} can be made (TLS)", _LATER),
    (
        (aiohttp.ServerDisconnectedError, ConnectionResetError),
        "the server closed the connection without an answer",
        _LATER,
    ),
    ((aiohttp.ClientPayloadError,), "the answer breaks off before its end", _LATER),
    ((aiohttp.ClientResponseError, HttpProcessingError), "the answer is not valid HTTP", _LATER),
)


class HttpFetcher:
    """Gets feeds and pages; enter it before use, so that its connections are closed in the end."""

    def __init__(self, settings: Fetching, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = Guard(settings.allow_networks)
        self._hosts = Hosts(
            at_once=settings.per_host,
            spacing=timedelta(seconds=settings.page_spacing_seconds),
            clock=clock,
        )
        common = {"User-Agent": settings.user_agent, "Accept-Encoding": ACCEPT_ENCODING}
        # A feed's server is asked again in a quarter of an hour: thousands of idle connections serve nobody.
        self._feed = _Kind(
            {**common, "Accept": _ACCEPT_FEED, "Connection": "close"},
            settings.max_feed_bytes,
            "max_feed_bytes",
        )
        self._page = _Kind({**common, "Accept": _ACCEPT_PAGE}, settings.max_page_bytes, "max_page_bytes")
        self._rules = _Kind({**common, "Accept": "text/plain, */*;q=0.1"}, robots.MOST_BYTES, "")
        self._robots = robots.Robots(settings.user_agent, self._ask_robots, clock)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # callers bound how much runs at once, and Hosts how much of it at one host
                socket_factory=self._guard.socket_factory,
                resolver=GuardedResolver(self._guard),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            request_class=VerbatimRequest,
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(self, url: str, *, validators: Validators | None = None, page: bool = False) -> Fetched:
        """Get a feed, or an article's ``page``; never raises for what a server or the network does."""
        return await self._fetch(url, validators or Validators(), self._page if page else self._feed)

    async def _fetch(self, url: str, validators: Validators, kind: _Kind) -> Fetched:
        trail = _Trail([])
        try:
            return await self._follow(url, validators, trail, kind)
        except Forbidden as error:
            cause = f"it redirects, and {error.cause}" if len(trail.visited) > 1 else error.cause
            return trail.failed(cause, error.next_step, definite=True)
        except TooLarge:
            next_step = f"raise {kind.limit_key} under [fetching] if the address is right"
            return trail.failed(f"the answer is larger than {kind.limit:,} bytes", next_step, definite=True)
        except Broken as error:
            return trail.failed(str(error), _LATER)
        except TimeoutError:
            return trail.failed(f"no complete answer within {self._settings.timeout_seconds:g} s", _LATER)
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            return trail.failed(*_explain(error))

    async def _follow(self, url: str, validators: Validators, trail: _Trail, kind: _Kind) -> Fetched:
        """Ask, and go where the answer sends us: within limits, and never from https back to http."""
        loop = asyncio.get_running_loop()
        left = self._settings.timeout_seconds
        while True:
            trail.visited.append(url)
            target = self._guard.check_url(url)
            if kind is self._page and (excluded := await self._excluded(target, trail)):
                return excluded
            host, port = str(target.host).lower(), target.port or 0
            async with self._hosts.turn(host, port, page=kind is self._page):
                held = self._hosts.held_for(host)
                if held:
                    return trail.held(held)
                # Waiting for one's turn is our own doing and does not count against the server.
                async with asyncio.timeout(left) as limit:
                    answer = await self._ask(target, validators, trail, kind, limit)
                left = (limit.when() or 0.0) - loop.time()
            if isinstance(answer, Fetched):
                return trail.marked(answer)
            trail.permanent = trail.permanent and answer.status in _PERMANENT
            url = _redirected(target, answer, trail.visited, self._settings.max_redirects)

    async def _excluded(self, target: URL, trail: _Trail) -> Fetched | None:
        """A page that its site wants no program to fetch, or may not want to, as a failure; else None."""
        verdict, why = await self._robots.ruling(target)
        if verdict == "excluded":
            cause = "the site's robots.txt asks programs not to fetch this page"
            return trail.failed(cause, "open it in a browser", definite=True)
        if verdict == "unknown":
            cause = f"the site's robots.txt, which says what programs may fetch, cannot be had now: {why}"
            return trail.failed(cause, _LATER)
        return None

    async def _ask_robots(self, url: URL, validators: Validators) -> Fetched:
        return await self._fetch(str(url), validators, self._rules)

    async def _ask(
        self, target: URL, validators: Validators, trail: _Trail, kind: _Kind, limit: asyncio.Timeout
    ) -> Fetched | _Redirect:
        assert self._session is not None, "enter the fetcher first: async with HttpFetcher(…)"
        conditions = _conditions(validators)
        trail.status = None
        async with self._session.get(
            target, headers={**kind.headers, **conditions}, allow_redirects=False
        ) as response:
            trail.status = status = response.status
            now = self._clock.now()
            wait = answers.retry_after_s(response.headers, now)
            if status in _REDIRECTS and "Location" in response.headers:
                trail.wait_s = max(trail.wait_s, wait)
                return _Redirect(status, response.headers["Location"])
            if status == _NOT_MODIFIED and conditions:
                return Fetched(
                    "unchanged",
                    str(target),
                    status,
                    validators=_updated(validators, received(response.raw_headers)),
                    retry_after_s=wait,
                    fresh_for_s=answers.fresh_for_s(response.headers, now),
                )
            if status not in _OK:
                if status == _TOO_MANY_REQUESTS:
                    pause = timedelta(seconds=wait) or RATE_LIMIT_LEAST
                    self._hosts.hold(str(target.host).lower(), now + pause)
                cause, next_step = answers.explain(status, response.headers)
                return Fetched(
                    "failed", str(target), status, retry_after_s=wait, cause=cause, next_step=next_step
                )
            body = await self._body(response, kind, limit)
            return Fetched(
                "ok",
                str(target),
                status,
                body,
                response.headers.get("Content-Type", "")[:_CONTENT_TYPE_CHARS],
                validators=received(response.raw_headers),
                retry_after_s=wait,
                fresh_for_s=answers.fresh_for_s(response.headers, now),
            )

    async def _body(self, response: aiohttp.ClientResponse, kind: _Kind, limit: asyncio.Timeout) -> bytes:
        """The decoded body, bounded as it comes in and as it unfolds."""
        if (response.content_length or 0) > kind.limit:
            raise TooLarge
        decoded = decoder(response.headers.get("Content-Encoding", ""), kind.limit)
        taken, small = 0, True
        async for chunk in response.content.iter_any():
            taken += len(chunk)
            if taken > kind.limit:
                raise TooLarge
            decoded.feed(chunk)
            if small and max(taken, decoded.size) > bodies.SMALL:
                small = False
                await _unhurried(bodies.has_grown(), limit)
        return decoded.finish()


async def _unhurried(waiting: Awaitable[None], limit: asyncio.Timeout) -> None:
    """Wait for something of our own while the server's time stands still."""
    loop = asyncio.get_running_loop()
    left = (limit.when() or 0.0) - loop.time()
    limit.reschedule(None)
    await waiting
    limit.reschedule(loop.time() + left)


class _Kind:
    """What is asked for: a feed, a page, or a site's rules."""

    __slots__ = ("headers", "limit", "limit_key")

    def __init__(self, headers: dict[str, str], limit: int, limit_key: str) -> None:
        self.headers = headers
        self.limit = limit
        self.limit_key = limit_key


@dataclass(slots=True)
class _Trail:
    """The way of one fetch: what was asked, and how the last one asked answered."""

    visited: list[str]
    permanent: bool = True
    """Whether every redirect so far was a permanent one."""
    status: int | None = None
    """Of the answer that is being read."""
    wait_s: int = 0
    """The longest ``Retry-After`` of a redirect."""

    def failed(self, cause: str, next_step: str, *, definite: bool = False) -> Fetched:
        """A fetch that ended without a usable answer."""
        return Fetched(
            "failed", self.visited[-1], self.status, cause=cause, next_step=next_step, definite=definite
        )

    def held(self, left: timedelta) -> Fetched:
        """Nobody was asked: the host wants to be left alone."""
        return Fetched(
            "failed",
            self.visited[-1],
            _TOO_MANY_REQUESTS,
            retry_after_s=math.ceil(left.total_seconds()),
            cause="the host asked us to come less often (429), for all its addresses",
            next_step="nothing; it is tried again when the host allows",
            asked=False,
        )

    def marked(self, answer: Fetched) -> Fetched:
        """The answer, with what the redirects on the way said; ``moved_to`` where all of them were permanent."""
        if len(self.visited) == 1:
            return answer
        moved = self.permanent and answer.outcome != "failed"
        return replace(
            answer,
            moved_to=self.visited[-1] if moved else "",
            retry_after_s=max(answer.retry_after_s, self.wait_s),
        )


class _Redirect:
    """Where an answer sends us."""

    __slots__ = ("location", "status")

    def __init__(self, status: int, location: str) -> None:
        self.status = status
        self.location = location


def _redirected(target: URL, redirect: _Redirect, visited: list[str], most: int) -> str:
    """The next address, or ``Forbidden``."""
    if len(visited) > most:
        raise Forbidden(f"it is the {len(visited)}th redirect in a row", "check the address in a browser")
    # The wire carries bytes; what is not UTF-8 in a Location is Latin-1 in practice.
    location = redirect.location.encode("utf-8", "surrogateescape")
    try:
        text = location.decode("utf-8")
    except UnicodeDecodeError:
        text = location.decode("latin-1")
    url = web_address(text, str(target))
    if not url:
        raise Forbidden("the address it redirects to cannot be used", "check the address in a browser")
    url = url.partition("#")[0]
    if url in visited:
        raise Forbidden("the redirects go round in a circle", "check the address in a browser")
    if target.scheme == "https" and url.startswith("http:"):
        raise Forbidden(
            "that would lead from https to unprotected http", "give the final address itself if you trust it"
        )
    return url


def _conditions(validators: Validators) -> dict[str, str]:
    conditions = {}
    if validators.etag:
        conditions["If-None-Match"] = header_value(validators.etag)
    if validators.last_modified:
        conditions["If-Modified-Since"] = header_value(validators.last_modified)
    return conditions


def _updated(stored: Validators, new: Validators) -> Validators | None:
    """A 304 renews what it names and leaves the rest (RFC 9111, 4.3.4); None when it names nothing."""
    if new == Validators():
        return None
    return Validators(new.etag or stored.etag, new.last_modified or stored.last_modified)


def _explain(error: Exception) -> tuple[str, str]:
    """Return (cause, next step) for what the network did."""
    for kinds, cause, next_step in _NETWORK_WORDS:
        if isinstance(error, kinds):
            return cause.format(host=getattr(error, "host", "")), next_step
    reason = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(reason, ConnectionRefusedError):
        return "nobody answers at this address (connection refused)", _LATER
    if isinstance(reason, OSError) and reason.strerror:
        return f"the server cannot be reached ({reason.strerror})", _LATER
    return f"the request failed ({type(error).__name__})", _LATER
