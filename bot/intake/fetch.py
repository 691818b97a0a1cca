"""Polite, bounded HTTP: the one way by which anything from the web comes in.

Every answer ends as a ``Fetched`` that explains itself. The client decodes nothing by itself and follows no
redirect by itself, because both need our limits. Rules: docs/feed-rules.md, "Politeness and HTTP" and "Safety".
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from bot.intake import answers
from bot.intake.clean import web_address
from bot.intake.decoding import ACCEPT_ENCODING, Broken, TooLarge, decoder
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
_CONTENT_TYPE_CHARS = 200
_LATER = "nothing; it is tried again by itself, later each time"

_NETWORK_WORDS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
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
            page_spacing=timedelta(seconds=settings.page_spacing_seconds),
            clock=clock,
        )
        common = {"User-Agent": settings.user_agent, "Accept-Encoding": ACCEPT_ENCODING}
        # A feed's server is asked again in a quarter of an hour: thousands of idle connections serve nobody.
        self._feed_headers = {**common, "Accept": _ACCEPT_FEED, "Connection": "close"}
        self._page_headers = {**common, "Accept": _ACCEPT_PAGE}
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
        visited: list[str] = []
        try:
            return await self._follow(url, validators or Validators(), visited, page=page)
        except Forbidden as error:
            cause = f"it redirects, and {error.cause}" if len(visited) > 1 else error.cause
            return _failed(visited[-1], cause, error.next_step)
        except TooLarge:
            return _failed(
                visited[-1],
                f"the answer is larger than {self._limit(page=page):,} bytes",
                _too_large(page=page),
            )
        except Broken as error:
            return _failed(visited[-1], str(error), _LATER)
        except TimeoutError:
            cause = f"no complete answer within {self._settings.timeout_seconds:g} s"
            return _failed(visited[-1], cause, _LATER)
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            return _failed(visited[-1], *_explain(error))

    async def _follow(self, url: str, validators: Validators, visited: list[str], *, page: bool) -> Fetched:
        """Ask, and go where the answer sends us: within limits, and never from https back to http."""
        loop = asyncio.get_running_loop()
        left = self._settings.timeout_seconds
        while True:
            visited.append(url)
            target = self._guard.check_url(url)
            async with self._hosts.turn(f"{target.host}:{target.port}", page=page):
                begun = loop.time()
                async with asyncio.timeout(left):
                    answer = await self._ask(target, validators, page=page)
                # Waiting for one's turn is our own doing and does not count against the server.
                left -= loop.time() - begun
            if isinstance(answer, Fetched):
                return answer
            url = _redirected(target, answer, visited, self._settings.max_redirects)

    async def _ask(self, target: URL, validators: Validators, *, page: bool) -> Fetched | _Redirect:
        assert self._session is not None, "enter the fetcher first: async with HttpFetcher(…)"
        headers = self._page_headers if page else self._feed_headers
        conditions = _conditions(validators)
        async with self._session.get(
            target, headers={**headers, **conditions}, allow_redirects=False
        ) as response:
            status, now = response.status, self._clock.now()
            if status in _REDIRECTS and "Location" in response.headers:
                return _Redirect(status, response.headers["Location"])
            if status == _NOT_MODIFIED and conditions:
                return Fetched(
                    "unchanged",
                    str(target),
                    status,
                    validators=_updated(validators, received(response.raw_headers)),
                    retry_after_s=answers.retry_after_s(response.headers, now),
                    fresh_for_s=answers.fresh_for_s(response.headers, now),
                )
            if status not in _OK:
                cause, next_step = answers.explain(status, response.headers)
                wait = answers.retry_after_s(response.headers, now)
                return Fetched(
                    "failed", str(target), status, retry_after_s=wait, cause=cause, next_step=next_step
                )
            body = await self._body(response, self._limit(page=page))
            return Fetched(
                "ok",
                str(target),
                status,
                body,
                response.headers.get("Content-Type", "")[:_CONTENT_TYPE_CHARS],
                validators=received(response.raw_headers),
                retry_after_s=answers.retry_after_s(response.headers, now),
                fresh_for_s=answers.fresh_for_s(response.headers, now),
            )

    async def _body(self, response: aiohttp.ClientResponse, limit: int) -> bytes:
        """The decoded body, bounded as it comes in and as it unfolds."""
        if (response.content_length or 0) > limit:
            raise TooLarge
        decoded = decoder(response.headers.get("Content-Encoding", ""), limit)
        taken = 0
        async for chunk in response.content.iter_any():
            taken += len(chunk)
            if taken > limit:
                raise TooLarge
            decoded.feed(chunk)
        return decoded.finish()

    def _limit(self, *, page: bool) -> int:
        return self._settings.max_page_bytes if page else self._settings.max_feed_bytes


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


def _failed(url: str, cause: str, next_step: str) -> Fetched:
    return Fetched("failed", url, cause=cause, next_step=next_step)


def _too_large(*, page: bool) -> str:
    return f"raise {'max_page_bytes' if page else 'max_feed_bytes'} under [fetching] if the address is right"


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
