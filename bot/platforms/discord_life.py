"""The connection's life: it starts while Discord is down, comes back by itself, and ends within seconds.

discord.py reconnects and resumes a connection that stood. It gives up, however, when the first connection fails (its
issue 10520), when the event that begins a session cannot be read, and when Discord closes with a code it does not
know: then a new client begins here, after a pause that doubles. A token that Discord refuses is tried again rarely:
each try counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import discord
import structlog

from bot.platforms.discord_client import OurClient, Ready

_log = structlog.get_logger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_REFUSED_PAUSE_S = 300.0
_FINISH_S, _CLOSE_S = 5.0, 3.0
"""A stop takes less than ten seconds: so long for answers under way, so long for the connection."""
_WRONG_TOKEN = 4004

NOT_YET = "not connected to Discord yet"
TOKEN_REFUSED = "Discord refuses the token: make a new one in the developer portal and set DISCORD_TOKEN"  # noqa: S105 - words


class Life:
    """Keeps one client connected from entering until leaving the context."""

    def __init__(
        self,
        make: Callable[[Ready], OurClient],
        token: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._make = make
        self._token = token
        self._sleep = sleep
        self._client: OurClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._pause = _FIRST_PAUSE_S
        self.trouble = NOT_YET
        """Why we are not connected, in words; empty while we are."""

    def client(self) -> OurClient | None:
        """The client, once it is logged in: sending needs no gateway."""
        client = self._client
        return client if client is not None and client.user is not None else None

    async def __aenter__(self) -> Self:
        """Begin to connect, and return at once."""
        self._task = asyncio.create_task(self._live(), name="discord")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what is being answered, say goodbye, and end; whatever hangs is left behind."""
        self._stopping = True
        client = self._client
        if client is not None:
            await client.finish(_FINISH_S)
            with suppress(TimeoutError, Exception):
                await asyncio.wait_for(client.close(), _CLOSE_S)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def check(self) -> str:
        """Why the bot is not ready, for a health check; empty when it is."""
        return self.trouble

    async def _live(self) -> None:
        while not self._stopping:
            client = self._client = self._make(self._connected)
            try:
                await client.start(self._token)
                self.trouble = "the connection to Discord ended"
            except Exception as error:  # noqa: BLE001 - whatever ended it, it begins again
                self._note(error)
            finally:
                with suppress(Exception):
                    await client.close()
            if not self._stopping:
                await self._sleep(self._pause)
                self._pause = min(self._pause * 2, _LONGEST_PAUSE_S)

    def _connected(self, there: bool) -> None:
        if there:
            self._pause = _FIRST_PAUSE_S
        self.trouble = "" if there else "the connection to Discord is interrupted"

    def _note(self, error: Exception) -> None:
        """Say what happened: once for the operator to read, with the next step where there is one."""
        if isinstance(error, discord.LoginFailure) or getattr(error, "code", None) == _WRONG_TOKEN:
            self.trouble = TOKEN_REFUSED
            self._pause = _REFUSED_PAUSE_S
            _log.error("not connected to Discord", why=TOKEN_REFUSED)
            return
        self.trouble = f"no connection to Discord ({type(error).__name__}); trying again"
        _log.warning(
            "connection to Discord lost", why=f"{type(error).__name__}: {error}", again_in=self._pause
        )
