"""Fetching by hand: obeys what publishers ask for, and is limited for each person (docs/feed-rules.md P32)."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from bot.intake.due import LEAST_GAP

PRESSES = 10
"""So many addresses may one person have fetched by hand ..."""
WITHIN = timedelta(minutes=10)
"""... in so much time."""
_REMEMBERED = 1_000


class Presses:
    """Who asked lately for what, and when each may ask again. Kept in memory: it bounds moments, not days."""

    def __init__(self) -> None:
        self._by_person: dict[str, deque[datetime]] = {}
        self._by_address: dict[str, datetime] = {}

    def take(self, person: str, url: str, now: datetime) -> datetime | None:
        """Count a press and return None, or return when this person may have this address fetched."""
        mine = self._by_person.setdefault(person, deque())
        while mine and not timedelta() <= now - mine[0] < WITHIN:
            mine.popleft()
        last = self._by_address.get(url)
        if last is not None and timedelta() <= now - last < LEAST_GAP:
            return last + LEAST_GAP
        if len(mine) >= PRESSES:
            return mine[0] + WITHIN
        mine.append(now)
        self._by_address[url] = now
        self._forget(now)
        return None

    def _forget(self, now: datetime) -> None:
        if len(self._by_address) > _REMEMBERED:
            self._by_address = {url: at for url, at in self._by_address.items() if now - at < LEAST_GAP}
        if len(self._by_person) > _REMEMBERED:
            self._by_person = {
                person: at for person, at in self._by_person.items() if at and now - at[-1] < WITHIN
            }
