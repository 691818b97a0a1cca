"""The HTTP side of the fake: each request is logged, then token, rate limit and faults, then its route."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.discord_wire.faults import Cut, Fault, Faults, RateLimit, Silence, Status
from tests.discord_wire.world import ApiError, World

PREFIX = "/api/v10"
_PROXY_PAGE = "<html><head><title>{0}</title></head><body>{0} Server Error</body></html>"
_MAJOR = re.compile(r"^/(channels|guilds|webhooks|interactions)/([^/]+)(?:/([^/]+))?")


@dataclass(slots=True)
class Call:
    """A request as it came, and the status it got; None while it has no answer."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    """The JSON, of ``payload_json`` where files came with it; None without."""
    files: dict[str, bytes]
    authorised: bool
    at: float
    status: int | None = None
    written: bool = False
    """Its route was run to the end, whatever was answered."""

    def is_for(self, method: str, pattern: str) -> bool:
        return self.method == method and re.search(pattern, self.path) is not None


@dataclass(slots=True)
class Answer:
    """What a route answers: 204 when there is nothing to say."""

    body: Any = None
    status: int = 200


Route = Callable[[Call, "re.Match[str]"], Awaitable[Answer]]


@dataclass(slots=True)
class _Bucket:
    left: int
    resets_at: float


@dataclass(slots=True)
class Limits:
    """So many requests in so many seconds, by route; what has no entry has the last."""

    by_route: dict[str, tuple[int, float]] = field(default_factory=dict)
    others: tuple[int, float] = (50, 1.0)


class Rest:
    """Routes, and what comes before them."""

    def __init__(self, world: World, token: str, changed: Callable[[], None]) -> None:
        self.calls: list[Call] = []
        self.strangers: list[Call] = []
        """Requests to routes that this fake does not have: a test fails on them."""
        self.faults = Faults()
        self.limits = Limits()
        self.rate_limited = 0
        self.invalid = 0
        """401, 403 and 429 that were answered; Discord bans after 10,000 in 10 minutes."""
        self.released = asyncio.Event()
        """Ends every silence."""
        self._world = world
        self._token = token
        self._changed = changed
        self._routes: list[tuple[str, re.Pattern[str], str, Route]] = []
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def add(self, method: str, pattern: str, route: Route) -> None:
        """Answer a method and path; ``{}`` in it stands for one part, which the route gets by number."""
        self._routes.append((method, re.compile(pattern.replace("{}", "([^/]+)") + "$"), pattern, route))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        call = await _read(request, self._token)
        self.calls.append(call)
        fault = self.faults.take(call.method, call.path)
        self._changed()
        try:
            if fault is not None and fault.when == "before":
                return await self._go_wrong(fault, call, request)
            response = await self._answer(call)
            if fault is not None:
                return await self._go_wrong(fault, call, request)
            call.status = response.status
            return response
        finally:
            if call.status in (401, 403, 429):
                self.invalid += 1
            self._changed()

    async def _answer(self, call: Call) -> web.Response:
        found = next(
            (
                (match, key, route)
                for method, pattern, key, route in self._routes
                if method == call.method and (match := pattern.match(call.path))
            ),
            None,
        )
        if found is None:
            self.strangers.append(call)
            return _respond(404, {"message": "404: Not Found", "code": 0})
        match, key, route = found
        # Interactions and their follow-ups carry their right in their path.
        if not call.authorised and not call.path.startswith(("/interactions/", "/webhooks/")):
            return _respond(401, {"message": "401: Unauthorized", "code": 0})
        headers, wait = self._spend(call, key)
        if wait is not None:
            self.rate_limited += 1
            body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
            return _respond(
                429, body, {**headers, "X-RateLimit-Scope": "user", "Retry-After": str(int(wait) + 1)}
            )
        try:
            answer = await route(call, match)
        except ApiError as error:
            return _respond(error.status, error.body, headers)
        call.written = True
        status = 204 if answer.body is None and answer.status == 200 else answer.status
        return _respond(status, answer.body, headers)

    def _spend(self, call: Call, route: str) -> tuple[dict[str, str], float | None]:
        """Take from the route's bucket: its headers, and how long to wait when it is empty."""
        now = asyncio.get_running_loop().time()
        most, seconds = self.limits.by_route.get(f"{call.method} {route}", self.limits.others)
        major = _MAJOR.match(call.path)
        key = (f"{call.method} {route}", major.group(0) if major else "")
        bucket = self._buckets.get(key)
        if bucket is None or now >= bucket.resets_at:
            bucket = self._buckets[key] = _Bucket(most, now + seconds)
        wait = bucket.resets_at - now
        if not (empty := bucket.left <= 0):
            bucket.left -= 1
        headers = {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(bucket.left),
            "X-RateLimit-Reset": f"{_wall() + wait:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": hashlib.blake2b(key[0].encode(), digest_size=16).hexdigest(),
        }
        return headers, wait if empty else None

    async def _go_wrong(self, fault: Fault, call: Call, request: web.Request) -> web.StreamResponse:
        match fault.kind:
            case Status(status=status, code=code, message=message):
                call.status = status
                if status >= 500 and not code:
                    return web.Response(
                        status=status, text=_PROXY_PAGE.format(status), content_type="text/html"
                    )
                return _respond(status, {"message": message, "code": code})
            case RateLimit(retry_after=wait, everywhere=everywhere, scope=scope):
                call.status = 429
                headers = {
                    "Retry-After": str(int(wait) + 1),
                    "X-RateLimit-Scope": "global" if everywhere else scope,
                    **({"X-RateLimit-Global": "true"} if everywhere else {}),
                }
                text = "You are being rate limited."
                return _respond(429, {"message": text, "retry_after": wait, "global": everywhere}, headers)
            case Silence():
                await self.released.wait()
            case Cut():
                pass
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


def _wall() -> float:
    import time  # noqa: PLC0415 - the only reader of the wall clock here: X-RateLimit-Reset is a date

    return time.time()


def _respond(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """An answer as Discord's: no charset in the type, and always through its proxy."""
    headers = {"Via": "1.1 google", **(headers or {})}
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/json", headers=headers
    )


async def _read(request: web.Request, token: str) -> Call:
    body: Any = None
    files: dict[str, bytes] = {}
    if request.content_type == "multipart/form-data":
        form = await request.post()
        for name, value in form.items():
            if isinstance(value, web.FileField):
                files[name] = value.file.read()
                files[f"{name} name"] = value.filename.encode()
            elif name == "payload_json":
                body = json.loads(str(value))
            else:
                files[name] = bytes(value) if isinstance(value, bytes | bytearray) else str(value).encode()
    elif request.can_read_body and (raw := await request.read()):
        body = json.loads(raw)
    return Call(
        request.method,
        request.path.removeprefix(PREFIX),
        dict(request.query),
        body,
        files,
        request.headers.get("Authorization") == f"Bot {token}",
        asyncio.get_running_loop().time(),
    )
