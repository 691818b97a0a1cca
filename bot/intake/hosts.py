"""Taking turns at one host: few connections at once, pauses in between (P23), and staying away when told to (P11)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol

from bot.knowledge.lookup import registrable_domain

LONGEST_HOLD = timedelta(days=7)
_REMEMBERED = 4_096


class Clock(Protocol):
    """The time, as an argument."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        ...


@lru_cache(maxsize=8192)
def turn_name(host: str, port: int) -> str:
    """Say whose turn a request takes: all hosts of one public domain share theirs, as they share machines.

    An IP address, ``localhost`` and a name in no public domain stand for themselves, port by port.
    """
    return registrable_domain(host) or f"{host}:{port}"


class _Host:
    __slots__ = ("next_feed_at", "next_page_at", "slots", "users")

    def __init__(self, at_once: int) -> None:
        self.slots = asyncio.Semaphore(at_once)
        self.users = 0
        self.next_page_at: datetime | None = None
        self.next_feed_at: datetime | None = None

    def is_idle(self, now: datetime) -> bool:
        """Tell whether forgetting it changes nothing."""
        return not self.users and all(
            at is None or at <= now for at in (self.next_page_at, self.next_feed_at)
        )


class Hosts:
    """Who may speak to which host now."""

    def __init__(self, *, at_once: int, spacing: timedelta, clock: Clock) -> None:
        self._at_once = at_once
        self._spacing = spacing
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._held: dict[str, datetime] = {}

    @asynccontextmanager
    async def turn(self, host: str, port: int, *, page: bool) -> AsyncIterator[None]:
        """Wait for this host's turn and the pause since the one before, and hold it.

        Pages and feeds stand in rows of their own: a feed does not wait behind a hundred pages.
        """
        name = turn_name(host, port)
        known = self._hosts.get(name)
        if known is None:
            self._forget_idle()
            known = self._hosts[name] = _Host(self._at_once)
        known.users += 1
        try:
            async with known.slots:
                if self._spacing:
                    await self._pause(known, page=page)
                yield
        finally:
            known.users -= 1
            if not self._spacing and not known.users:
                del self._hosts[name]

    def hold(self, host: str, until: datetime) -> None:
        """Ask nothing of this host until then: it said so, to all of us (P11).

        Only for a name in a public domain. Behind an IP address or a name of the operator's own network stand
        services that speak for one feed at a time.
        """
        if not registrable_domain(host):
            return
        if len(self._held) >= _REMEMBERED:
            now = self._clock.now()
            self._held = {name: end for name, end in self._held.items() if end > now}
        self._held[host] = max(until, self._held.get(host, until))

    def held_for(self, host: str) -> timedelta:
        """How much longer this host wants us to stay away; zero when it does not."""
        until = self._held.get(host)
        if until is None:
            return timedelta()
        left = until - self._clock.now()
        if timedelta() < left <= LONGEST_HOLD:
            return left
        del self._held[host]  # over, or the clock was set back
        return timedelta()

    async def _pause(self, host: _Host, *, page: bool) -> None:
        """Take the next place in the row of pages (or of feeds), and wait for it.

        A clock that was set back must not make the row endless, so no wait is longer than those ahead explain.
        """
        now = self._clock.now()
        longest = self._spacing * host.users
        row = host.next_page_at if page else host.next_feed_at
        start = min(max(row or now, now), now + longest)
        if page:
            host.next_page_at = start + self._spacing
        else:
            host.next_feed_at = start + self._spacing
        if start > now:
            await self._clock.sleep((start - now).total_seconds())

    def _forget_idle(self) -> None:
        if len(self._hosts) < _REMEMBERED:
            return
        now = self._clock.now()
        for name in [name for name, host in self._hosts.items() if host.is_idle(now)]:
            del self._hosts[name]
