"""The gateway's socket as discord.py has it, made to survive an event that cannot be read and to notice a dead one.

discord.py ends its client over an event that it cannot read; here that event alone is lost, with a line in the log.
Discord's rule for a heartbeat that is not acknowledged before the next one (events/gateway, "Heartbeat ACK": the
connection is dead, close it and resume) is not discord.py's, which waits for a whole minute without any word at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any

import aiohttp
import discord
import structlog
from discord.gateway import DiscordWebSocket, ReconnectWebSocket, WebSocketClosure

_log = structlog.get_logger(__name__)

_READY = "READY"
_DEAD = 4000
"""Closed so, a session may be resumed (any code but 1000 and 1001)."""
_SHOWN = 200
_UNREADABLE = (JSONDecodeError, UnicodeDecodeError, AttributeError, KeyError, TypeError)
"""What a payload that is no JSON, or no object with the keys of one, ends in."""


class Unready(Exception):
    """READY could not be read: without it there is no session to go on with, so the client begins anew."""


_ENDS = (
    Unready,
    ReconnectWebSocket,
    WebSocketClosure,
    discord.DiscordException,
    aiohttp.ClientError,
    OSError,
)
"""What ends a connection as discord.py knows it."""


class Socket(DiscordWebSocket):
    """One connection to the gateway."""

    _beaten_at: float | None = None
    """When the last heartbeat went out, on the clock that notes the acknowledgements."""

    async def received_message(self, msg: Any, /) -> None:  # noqa: ANN401 - discord.py's signature
        """Read one payload; one that cannot be read is skipped, a broken stream is resumed from another socket."""
        try:
            await super().received_message(msg)
        except _ENDS:
            raise
        except _UNREADABLE as error:
            _log.warning("payload not read: skipped", shard=self.shard_id, why=_told(error))
        except Exception as error:
            # What unpacks the stream has an error of its own for each way of packing; its state is lost with it.
            _log.warning("stream broken: resuming", shard=self.shard_id, why=_told(error))
            await self.close(_DEAD)
            raise ReconnectWebSocket(self.shard_id) from error

    async def send_heartbeat(self, data: Any) -> None:  # noqa: ANN401 - discord.py's signature
        """Send a heartbeat, or, when the last one was not acknowledged, close: discord.py then resumes."""
        keeper = self._keep_alive
        if keeper is not None and self._beaten_at is not None and keeper._last_ack < self._beaten_at:  # noqa: SLF001 - told nowhere else
            _log.warning("heartbeat not acknowledged: resuming", shard=self.shard_id)
            await self.close(_DEAD)
            return
        self._beaten_at = time.perf_counter()
        await super().send_heartbeat(data)


def install() -> None:
    """Have clients that connect from now on use this socket."""
    discord.client.DiscordWebSocket = Socket  # type: ignore[misc]
    discord.shard.DiscordWebSocket = Socket  # type: ignore[misc]


def survive(client: discord.Client) -> None:
    """Have one event that a client cannot read be lost alone; READY, which begins a session, ends it."""
    parsers = client._connection.parsers  # noqa: SLF001 - where discord.py keeps what reads each kind of event
    for event, parse in parsers.items():
        parsers[event] = _guarded(event, parse)


def _guarded(event: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
    def read(data: Any) -> None:  # noqa: ANN401 - JSON
        try:
            parse(data)
        except Exception as error:
            if event == _READY:
                raise Unready(_told(error)) from error
            _log.warning("event not read: lost", gateway_event=event, why=_told(error))

    return read


def _told(error: Exception) -> str:
    """An error in a few words; never the payload."""
    if isinstance(error, JSONDecodeError):
        return f"{type(error).__name__}: {error.msg} at {error.pos}"
    return f"{type(error).__name__}: {error}"[:_SHOWN]
