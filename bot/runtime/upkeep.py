"""Once a day: let go of what the settings no longer want kept, a little at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import structlog

from bot.pipeline import COPY_WINDOW
from bot.ports import Attic, Clock, Prunable
from bot.settings import Retention

_log = structlog.get_logger(__name__)

EVERY = timedelta(days=1)
STRANGE = timedelta(days=3)
"""After a longer pause it is not certain that the clock is right: nothing is let go until a day later."""
BATCH = 100
"""Rows in one transaction: other writes wait for it some milliseconds."""
BATCHES = 20
"""In one call; the rest goes on at the next tick."""
PAGES = 500

_BANDS_KEPT = COPY_WINDOW + timedelta(days=3)


def today(last: datetime | None, now: datetime) -> Literal["nothing", "note", "do"]:
    """Decide what is to be done, by when it was last done.

    ``note``: only write down that it is now. So a clock that runs years ahead, or a first start on a computer
    without one, throws nothing away unless it stays so for a day.
    """
    if last is None or last > now or now - last > STRANGE:
        return "note"
    return "do" if now - last >= EVERY else "nothing"


class Upkeep:
    """Keeps the database as large as the settings want it."""

    def __init__(self, store: Attic, retention: Retention, clock: Clock) -> None:
        self._store = store
        self._retention = retention
        self._clock = clock
        self._let_go: dict[Prunable, int] = {}

    async def upkeep(self) -> None:
        """Do some of it when it is due; called at every tick, it goes on where it stopped."""
        now = self._clock.now()
        match today(await self._store.last_upkeep(), now):
            case "note":
                await self._store.upkeep_done(now)
            case "do":
                if await self._some(now):
                    await self._store.upkeep_done(now)
                    _log.info("upkeep done", **self._let_go)
                    self._let_go = {}

    async def _some(self, now: datetime) -> bool:
        """Work for a while; tell whether nothing is left to do."""
        left = BATCHES
        for what, before in self._limits(now):
            while left and (pruned := await self._store.prune(what, before, BATCH)):
                self._let_go[what] = self._let_go.get(what, 0) + pruned
                left -= 1
        while left and await self._store.give_back_space(PAGES):
            left -= 1
        return left > 0

    def _limits(self, now: datetime) -> list[tuple[Prunable, datetime]]:
        limits: list[tuple[Prunable, datetime]] = [("answers", now), ("copies", now - _BANDS_KEPT)]
        if self._retention.digests_days:
            limits.append(("digests", now - timedelta(days=self._retention.digests_days)))
        if self._retention.text_days:
            limits.append(("texts", now - timedelta(days=self._retention.text_days)))
        return limits
