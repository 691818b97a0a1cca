"""Notice that the clock was set back, and have what it put off too far pulled back into reach."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.ports import Clock

_log = structlog.get_logger(__name__)

_TOLERATED = timedelta(seconds=2)
"""Time servers move a clock by less, and that does no harm."""


class ClockWatch:
    """Calls ``mend`` at the first look (the clock may have jumped while nobody looked) and after each set-back."""

    def __init__(self, clock: Clock, mend: Callable[[datetime], Awaitable[int]]) -> None:
        self._clock = clock
        self._mend = mend
        self._last: datetime | None = None

    async def watch_clock(self) -> None:
        """Look once; called at every tick."""
        now = self._clock.now()
        if self._last is None or now < self._last - _TOLERATED:
            mended = await self._mend(now)
            if mended:
                _log.warning("times put off by a clock that ran ahead were mended", rows=mended)
        self._last = now
