"""How fast one person may ask: twenty presses of one button get one answer. Pure but for its own memory.

Counts are kept in memory for a minute: after a restart everybody begins anew.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Literal

Verdict = Literal["go", "again", "slow", "quiet"]
"""``again``: the same press as just before, already being answered; ``slow``: too many, to be told once;
``quiet``: too many, and told."""

_SAME = timedelta(seconds=4)
_WINDOW = timedelta(minutes=1)
_MOST = 20
"""Answers a minute for one person: more nobody reads."""
_PEOPLE = 10_000


class Pace:
    """Remembers who asked what within the last minute."""

    def __init__(self) -> None:
        self._asked: dict[str, deque[datetime]] = {}
        self._last: dict[tuple[str, str], datetime] = {}
        self._told: dict[str, datetime] = {}

    def ask(self, person: str, what: str, now: datetime) -> Verdict:
        """Say whether to answer; ``what`` tells one press from another."""
        self._forget(now)
        last = self._last.get((person, what))
        self._last[person, what] = now
        if last is not None and now - last < _SAME:
            return "again"
        asked = self._asked.setdefault(person, deque())
        while asked and now - asked[0] >= _WINDOW:
            asked.popleft()
        if len(asked) >= _MOST:
            if now - self._told.get(person, now - _WINDOW) >= _WINDOW:
                self._told[person] = now
                return "slow"
            return "quiet"
        asked.append(now)
        return "go"

    def _forget(self, now: datetime) -> None:
        """Drop what is older than a minute, when there is much of it."""
        if len(self._last) + len(self._asked) < _PEOPLE:
            return
        self._last = {key: at for key, at in self._last.items() if now - at < _WINDOW}
        self._told = {person: at for person, at in self._told.items() if now - at < _WINDOW}
        self._asked = {person: at for person, at in self._asked.items() if at and now - at[-1] < _WINDOW}
