"""Whether it is us: an outage of our own network counts against no feed (docs/feed-rules.md P13).

Works on what polls report and on the time they report it; touches nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from bot.model import Feed

SILENCE = timedelta(minutes=2)
"""Nobody has answered for so long, and several hosts were asked: the network is down."""
WINDOW = timedelta(minutes=15)
SHARE = 0.9
"""When so many polls of the window fail, of feeds that were well before, something stands between us and them."""
LEAST_HOSTS = 3
LEAST_POLLS = 5
LONGEST = timedelta(hours=24)
"""As long as servers do answer, feeds that all fail for longer than that have a trouble of their own."""
_SUSPECTS = 10_000


class _Sighting(NamedTuple):
    at: datetime
    host: str
    """Empty when the poll went well."""


class Verdict(NamedTuple):
    """What to make of a failed poll."""

    outage: bool
    """It says nothing about the feed."""
    pardoned: tuple[Feed, ...]
    """Feeds, as they were before polls that failed while the outage was not known yet; told once."""


class Outages:
    """Watches polls for the signs of an outage.

    Only feeds that were well before count as evidence: those that have been failing for days say nothing. A dead
    feed alone is no outage, and neither are two.
    """

    def __init__(self) -> None:
        self.since: datetime | None = None
        self._window: deque[_Sighting] = deque()
        self._failing: Counter[str] = Counter()
        """Failed polls in the window, by host."""
        self._silent_hosts: set[str] = set()
        """Hosts that were asked in vain since anybody last answered."""
        self._last_answer: datetime | None = None
        self._suspects: deque[tuple[datetime, Feed]] = deque(maxlen=_SUSPECTS)
        """Feeds, as they were before polls whose failures were counted."""

    def succeeded(self, now: datetime) -> None:
        """A poll went well."""
        self._answered(now)
        self._note(now, "")
        if self.since is not None and not self._most_fail():
            self.since = None

    def failed(self, feed: Feed, *, answered: bool, now: datetime) -> Verdict:
        """A poll of ``feed`` (as it was before) failed; ``answered``: some server spoke to us at all."""
        if answered:
            self._answered(now)
        elif self._last_answer is None:
            self._last_answer = now  # nobody was asked before: the silence begins
        if not feed.failures:
            host = urlsplit(feed.url).hostname or feed.url
            self._note(now, host)
            if not answered:
                self._silent_hosts.add(host)
        silent, failing = self._nobody_answers(now), self._most_fail()
        self.since = (self.since or now) if silent or failing else None
        if silent or (failing and self.since is not None and now - self.since < LONGEST):
            begun = self._last_answer if silent and self._last_answer else now - WINDOW
            pardoned = {one.id: one for at, one in reversed(self._suspects) if begun <= at <= now}
            self._suspects.clear()
            return Verdict(outage=True, pardoned=tuple(pardoned.values()))
        self._suspects.append((now, feed))
        return Verdict(outage=False, pardoned=())

    def _answered(self, now: datetime) -> None:
        self._last_answer = now
        self._silent_hosts.clear()

    def _nobody_answers(self, now: datetime) -> bool:
        silent = self._last_answer is not None and not timedelta() <= now - self._last_answer < SILENCE
        return silent and len(self._silent_hosts) >= LEAST_HOSTS

    def _most_fail(self) -> bool:
        failing = self._failing.total()
        return (
            failing >= LEAST_POLLS
            and len(self._failing) >= LEAST_HOSTS
            and failing >= SHARE * len(self._window)
        )

    def _note(self, now: datetime, host: str) -> None:
        self._window.append(_Sighting(now, host))
        if host:
            self._failing[host] += 1
        # What is later than now was noted before the clock was set back.
        while self._window and not timedelta() <= now - self._window[0].at <= WINDOW:
            left = self._window.popleft()
            if left.host:
                self._failing[left.host] -= 1
                if not self._failing[left.host]:
                    del self._failing[left.host]
