"""Publishing what was posted to an announcement channel: a step of its own, without which the message stands too.

The request carries no key, so before each repetition the message itself is asked whether it is published by now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import discord
import structlog

from bot.owed import InDoubt, NotSent, Refused
from bot.platforms.discord_requests import once
from bot.ports import Clock

_log = structlog.get_logger(__name__)

_PUBLISHED = 1
"""The message's flag CROSSPOSTED."""
_PUBLISHED_ALREADY = 40_033
_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 300, 3600))
"""Before each further attempt, or longer where Discord says so: it lets ten an hour through for a channel."""
_MOST_WAITING = 200


class Publishing:
    """Publishes messages, and later again those that failed; what waits when the bot stops is left unpublished."""

    def __init__(self, client: Callable[[], discord.Client | None], clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._waiting: set[asyncio.Task[None]] = set()

    async def publish(self, channel_id: int, message_id: int, flags: int) -> None:
        """Publish a message that has these flags, at once or, when that fails for now, in the background."""
        if flags & _PUBLISHED:
            return
        wait = await self._attempt(channel_id, message_id, look=False)
        if wait is None:
            return
        if len(self._waiting) >= _MOST_WAITING:
            _log.warning("not published: too many wait", channel=channel_id, message=message_id)
            return
        task = asyncio.create_task(self._later(channel_id, message_id, wait), name="publish")
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def stop(self) -> None:
        """Give up what waits."""
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    async def _later(self, channel_id: int, message_id: int, wait: timedelta) -> None:
        try:
            for pause in _PAUSES:
                await self._clock.sleep(max(pause, wait).total_seconds())
                again = await self._attempt(channel_id, message_id, look=True)
                if again is None:
                    return
                wait = again
        except asyncio.CancelledError:
            _log.warning("not published: stopped before", channel=channel_id, message=message_id)
            raise
        _log.warning("not published: given up", channel=channel_id, message=message_id)

    async def _attempt(self, channel_id: int, message_id: int, *, look: bool) -> timedelta | None:
        """Have it published; return how long to wait before the next attempt, None when there is to be none."""
        client = self._client()
        if client is None:
            return timedelta()
        try:
            if look and await self._is_published(client, channel_id, message_id):
                return None
            async with once():
                await client.http.publish_message(channel_id, message_id)
        except Refused as error:
            if str(_PUBLISHED_ALREADY) not in str(error):
                _log.warning("not published", channel=channel_id, message=message_id, why=str(error))
        except (NotSent, InDoubt) as error:
            _log.info("not published yet", channel=channel_id, message=message_id, why=str(error))
            return (error.retry_after if isinstance(error, NotSent) else None) or timedelta()
        return None

    @staticmethod
    async def _is_published(client: discord.Client, channel_id: int, message_id: int) -> bool:
        """Ask the message itself; where we may not read history, asking again to publish does no harm either."""
        with suppress(Refused):
            async with once():
                message = await client.http.get_message(channel_id, message_id)
            return bool(message.get("flags", 0) & _PUBLISHED)
        return False
