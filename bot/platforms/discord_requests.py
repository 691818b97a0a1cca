"""One request, one attempt: what of a request to Discord is certain when it did not end well.

discord.py repeats requests by itself after a 429 and after 500, 502, 504 and 524. For people's interactions that is
right; for what the outbox sends it would hide what happened. Inside ``once()`` such an answer ends the request at
once, through aiohttp's tracing, which discord.py lets us set; a contextvar tells our own requests from the others.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import TypeVar

import aiohttp
import discord
import structlog

from bot.ports import InDoubt, NotSent, Refused

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

LONGEST_S = 25.0
"""One request, waiting for its turn by the rate limits included."""
_AMBIGUOUS = frozenset((500, 502, 503, 504, 524))
_RATE_LIMITED, _UNAUTHORISED = 429, 401
_GONE = frozenset((403, 404))
_BANNED_FOR = timedelta(minutes=10)
"""Discord's edge refuses us (a 429 without its API's headers): asking again makes it longer."""
_WITHOUT_TOKEN = timedelta(minutes=5)
_LATER = timedelta(seconds=30)
_PAUSES_S = (1.0, 5.0)
"""Before each further attempt of what somebody waits for."""
_TOKEN = re.compile(r"((?:/interactions|/webhooks)/\d+/)[^/]+")


@dataclass(slots=True)
class _Attempt:
    written: bool = False
    """The request has left: whether it was done nobody knows until an answer comes."""


_ATTEMPT: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


class Unsettled(Exception):
    """Discord answered with something that discord.py would repeat by itself."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(f"Discord answered {status}")
        self.status = status
        self.headers = headers


def tracing() -> aiohttp.TraceConfig:
    """Return the hooks to be given to each client."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_written)
    trace.on_request_end.append(_ended)
    return trace


async def _written(
    session: aiohttp.ClientSession, context: SimpleNamespace, sent: aiohttp.TraceRequestHeadersSentParams
) -> None:
    del session, context, sent
    if attempt := _ATTEMPT.get():
        attempt.written = True


async def _ended(
    session: aiohttp.ClientSession, context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
) -> None:
    del session, context
    status = end.response.status
    if status == _RATE_LIMITED:
        _log.warning(
            "rate limited",
            path=without_tokens(end.url.path),
            scope=end.response.headers.get("X-RateLimit-Scope"),
        )
    if _ATTEMPT.get() is not None and (status in _AMBIGUOUS or status == _RATE_LIMITED):
        headers = {name.casefold(): value for name, value in end.response.headers.items()}
        end.response.release()
        raise Unsettled(status, headers)


def without_tokens(path: str) -> str:
    """Return a request's path without what gives a right to answer: the tokens of interactions and webhooks."""
    return _TOKEN.sub(r"\1…", path)


async def insist(
    do: Callable[[], Awaitable[_T]],
    sleep: Callable[[float], Awaitable[None]],
    done: Callable[[], Awaitable[_T | None]] | None = None,
) -> _T:
    """Do something that may fail for a moment; raise what ``once`` does when it fails for longer than some seconds.

    ``done`` is for a request without a key: it looks, before each repetition, whether the thing is done by now.
    """
    for pause in _PAUSES_S:
        try:
            async with once():
                return await do()
        except (NotSent, InDoubt) as error:
            told = error.retry_after if isinstance(error, NotSent) else None
            if told is not None and told > _LATER:
                raise
            await sleep(max(pause, told.total_seconds() if told else 0.0))
        if done is None:
            continue
        with suppress(NotSent, InDoubt, Refused):
            async with once():
                found = await done()
            if found is not None:
                return found
    async with once():
        return await do()


@asynccontextmanager
async def once(longest_s: float = LONGEST_S) -> AsyncIterator[None]:
    """Make one request inside; raise ``NotSent``, ``Refused`` or ``InDoubt`` for what keeps it from succeeding."""
    attempt = _Attempt()
    token = _ATTEMPT.set(attempt)
    try:
        async with asyncio.timeout(longest_s):
            yield
    except Unsettled as error:
        raise _unsettled(error) from error
    except discord.RateLimited as error:
        raise NotSent("Discord asks us to wait", timedelta(seconds=error.retry_after)) from error
    except discord.HTTPException as error:
        raise _refused(error) from error
    except (TimeoutError, OSError, aiohttp.ClientError) as error:
        reason = f"no answer from Discord ({type(error).__name__})"
        if attempt.written and not isinstance(error, aiohttp.ClientConnectorError):
            raise InDoubt(reason) from error
        raise NotSent(reason, _LATER) from error
    finally:
        _ATTEMPT.reset(token)


def _unsettled(error: Unsettled) -> NotSent | InDoubt:
    if error.status != _RATE_LIMITED:
        return InDoubt(str(error))
    if "via" not in error.headers:
        return NotSent("Discord refuses our address for a while", _BANNED_FOR, everywhere=True)
    wait = timedelta(seconds=_seconds(error.headers))
    everywhere = error.headers.get("x-ratelimit-scope") == "global" or "x-ratelimit-global" in error.headers
    return NotSent("Discord asks us to wait", wait, everywhere=everywhere)


def _seconds(headers: dict[str, str]) -> float:
    found = [headers.get(name, "") for name in ("retry-after", "x-ratelimit-reset-after")]
    told = [float(value) for value in found if value.replace(".", "", 1).isdecimal()]
    return max(told, default=_LATER.total_seconds())


def _refused(error: discord.HTTPException) -> NotSent | Refused | InDoubt:
    reason = f"Discord: {error.text or error.status} ({error.code or error.status})"
    if error.status == _UNAUTHORISED:
        return NotSent("Discord does not take our token", _WITHOUT_TOKEN, everywhere=True)
    if error.status in _GONE:
        return Refused(reason, "destination gone")
    if error.status >= min(_AMBIGUOUS):
        return InDoubt(reason)
    if error.status == _RATE_LIMITED:
        return NotSent("Discord refuses our address for a while", _BANNED_FOR, everywhere=True)
    return Refused(reason)
