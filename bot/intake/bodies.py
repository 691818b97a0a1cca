"""How many large documents may be in memory at once, however many requests are under way.

Waiting for a slow server costs next to nothing, so very many may be waited for. What they send may cost megabytes
each, from the first bytes until it is parsed and saved: a job whose document grows large waits for one of a few
places, and keeps it to its end. A job that stays small needs none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

SMALL = 256 * 1024
"""Bytes of a document, decoded, up to which a job needs no place."""


class _Job:
    """One job, which takes a place at most once."""

    __slots__ = ("_places", "_taken")

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._taken = False

    async def take_place(self) -> None:
        if not self._taken:
            await self._places.acquire()
            self._taken = True

    def give_back(self) -> None:
        if self._taken:
            self._places.release()


_current: ContextVar[_Job | None] = ContextVar("job", default=None)


class Bodies:
    """The few places for large documents."""

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def job(self) -> AsyncIterator[None]:
        """Everything that one job holds in memory: what becomes large in here waits for a place."""
        job = _Job(self._places)
        token = _current.set(job)
        try:
            yield
        finally:
            _current.reset(token)
            job.give_back()


async def has_grown() -> None:
    """Wait for a place for the current job; outside of any, whoever fetches bounds itself."""
    job = _current.get()
    if job is not None:
        await job.take_place()
