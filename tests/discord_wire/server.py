"""The whole fake Discord: its servers on loopback, its world, its people, and waiting for what a test expects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Self

from aiohttp import web

from tests.discord_wire.answers import Answers, Exchange
from tests.discord_wire.faults import Fault, Kind, When
from tests.discord_wire.gateway import Gateway
from tests.discord_wire.messages import Attachments, Basics, Messages
from tests.discord_wire.people import People
from tests.discord_wire.rest import PREFIX, Call, Rest
from tests.discord_wire.world import Json, World

TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.Invented.a-token-of-no-use-anywhere"
PATIENCE_S = 45.0
"""How long a test waits for something that must come; a busy machine is no failure."""


class FakeDiscord:
    """Discord while it is entered. ``rest`` and ``gateway`` have a port each, and can be shut and opened again."""

    def __init__(self) -> None:
        self.world = World()
        self._pulse = asyncio.Event()
        self.gateway = Gateway(self.world, TOKEN, self.changed)
        self.rest = Rest(self.world, TOKEN, self.changed)
        attachments = Attachments(self.world, lambda: self.cdn_address)
        self.basics = Basics(self.rest, self.world, lambda: self.gateway.address)
        self.messages = Messages(self.rest, self.world, attachments, self.gateway.dispatch)
        self.answers = Answers(self.rest, self.world, attachments, self.gateway.dispatch)
        self.people = People(self.world, self.basics, self.answers, self.gateway.dispatch)
        self.rest.faults.on_strike = lambda _: self.changed()
        self._rest_door = _Door(self._rest_app)
        self._gateway_door = _Door(self._gateway_app)

    # ── Its servers ──────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        await self._rest_door.open()
        await self._gateway_door.open()
        self.gateway.address = f"ws://127.0.0.1:{self._gateway_door.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.rest.released.set()
        await self.shut_gateway()
        await self._rest_door.shut()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._rest_door.port}{PREFIX}"

    @property
    def cdn_address(self) -> str:
        return f"http://127.0.0.1:{self._rest_door.port}/cdn"

    @property
    def environment(self) -> dict[str, str]:
        """What points the bot here."""
        return {
            "DISCORD_API_BASE": self.address,
            "DISCORD_GATEWAY_URL": self.gateway.address,
            "DISCORD_CDN_BASE": self.cdn_address,
            "DISCORD_TOKEN": TOKEN,
        }

    async def shut_gateway(self) -> None:
        """Refuse connections to the gateway, and end those there are."""
        self.gateway.drop()
        await self._gateway_door.shut()

    async def open_gateway(self) -> None:
        await self._gateway_door.open()

    async def shut(self) -> None:
        """Be down altogether."""
        await self.shut_gateway()
        await self._rest_door.shut()

    async def open(self) -> None:
        await self._rest_door.open()
        await self._gateway_door.open()

    def _rest_app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/cdn/{path:.*}", self._file)
        app.router.add_route("*", PREFIX + "/{path:.*}", self.rest.serve)
        return app

    def _gateway_app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", self.gateway.serve)
        return app

    async def _file(self, request: web.Request) -> web.Response:
        content = self.world.files.get("/" + request.match_info["path"])
        return web.Response(status=404) if content is None else web.Response(body=content)

    # ── What went over the wire ──────────────────────────────────────────────────────────────────────────

    def fail(self, method: str, path: str, kind: Kind, *, when: When = "before", times: int = 1) -> Fault:
        """Have the next requests to a path (a pattern) go wrong."""
        return self.rest.faults.add(method, path, kind, when=when, times=times)

    def calls(self, method: str, pattern: str) -> list[Call]:
        """All requests so far of this method to a matching path."""
        return [call for call in self.rest.calls if call.is_for(method, pattern)]

    def posted(self, channel: Json) -> list[Json]:
        """What the bot wrote into a channel by itself and still stands there, oldest first."""
        by_bot = {
            message_id for channel_id, message_id in self.messages.writes if channel_id == channel["id"]
        }
        return [one for key, one in self.world.messages.get(channel["id"], {}).items() if key in by_bot]

    def payloads(self) -> Iterator[Call]:
        """Every request with a body."""
        return (call for call in self.rest.calls if call.body is not None)

    # ── Waiting ──────────────────────────────────────────────────────────────────────────────────────────

    def changed(self) -> None:
        """Something happened: whoever waits looks again."""
        self._pulse.set()

    async def until(
        self,
        holds: Callable[[], Any],
        what: str,
        *,
        within_s: float = PATIENCE_S,
        pulse_s: float | None = None,
    ) -> Any:
        """Wait until something holds and return it; ``AssertionError`` saying what did not happen.

        ``pulse_s``: look again so often, for what changes without a word to this server.
        """
        try:
            async with asyncio.timeout(within_s):
                while not (value := holds()):
                    self._pulse.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._pulse.wait(), pulse_s)
                return value
        except TimeoutError:
            last = [f"{call.method} {call.path} → {call.status}" for call in self.rest.calls[-12:]]
            raise AssertionError(f"never {what}; the last requests: {last}") from None

    async def until_ready(self) -> None:
        """The bot is connected and its commands are there."""
        await self.until(lambda: self.gateway.ready, "ready")
        await self.until(lambda: self.basics.commands.get(""), "commands registered")

    async def until_answered(self, exchange: Exchange) -> Exchange:
        """There is an answer, filled to the end."""
        await self.until(lambda: exchange.done, f"answered: {exchange.payload['data']}")
        return exchange


class _Door:
    """A port that keeps its number while it is shut and opened again."""

    def __init__(self, build: Callable[[], web.Application]) -> None:
        self.port = 0
        self._build = build
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        assert self._runner is None
        self._runner = web.AppRunner(self._build(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def shut(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
