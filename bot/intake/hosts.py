"""Taking turns at one host: few connections at once, and a pause between two pages (P23)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol

_REMEMBERED = 4_096


class Clock(Protocol):
    """The time, as an argument."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        ...


class _Host:
    __slots__ = ("next_page_at", "slots", "users")

    def __init__(self, at_once: int) -> None:
        self.slots = asyncio.Semaphore(at_once)
        self.users = 0
        self.next_page_at: datetime | None = None


class Hosts:
    """Who may speak to which host now. A host is named by ``host:port``."""

    def __init__(self, *, at_once: int, page_spacing: timedelta, clock: Clock) -> None:
        self._at_once = at_once
        self._spacing = page_spacing
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, name: str, *, page: bool) -> AsyncIterator[None]:
        """Wait for this host's turn, for a page also out the pause since the one before, and hold it."""
        host = self._hosts.get(name)
        if host is None:
            self._forget_idle()
            host = self._hosts[name] = _Host(self._at_once)
        host.users += 1
        try:
            async with host.slots:
                if page:
                    await self._pause(host)
                yield
        finally:
            host.users -= 1
            if not host.users and host.next_page_at is None:
                del self._hosts[name]

    async def _pause(self, host: _Host) -> None:
        """Take the next place in the row of pages, and wait for it.

        A clock that was set back must not make the row endless, so no wait is longer than those ahead explain.
        """
        now = self._clock.now()
        longest = self._spacing * host.users
        start = min(max(host.next_page_at or now, now), now + longest)
        host.next_page_at = start + self._spacing
        if start > now:
            await self._clock.sleep((start - now).total_seconds())

    def _forget_idle(self) -> None:
        if len(self._hosts) < _REMEMBERED:
            return
        now = self._clock.now()
        idle = [
            name
            for name, host in self._hosts.items()
            if not host.users and (host.next_page_at is None or host.next_page_at <= now)
        ]
        for name in idle:
            del self._hosts[name]
