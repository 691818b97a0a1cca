"""What one poll leaves for the next: validators, the publisher's wishes, pace, and a move under way.

Plain values of ``model.Feed``, in a file of their own because ``model`` is read at one sitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave us to ask "has it changed?": opaque bytes, echoed as they came."""

    etag: bytes | None = None
    last_modified: bytes | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a feed's last document asked of its readers: lower bounds for polling (docs/feed-rules.md P25)."""

    interval_s: int = 0
    """Seconds between two polls, from ``ttl`` and the ``sy`` module; 0 when there is no wish."""
    skip_hours: tuple[int, ...] = ()
    """Hours of the day (0 to 23, UTC) in which nobody should ask."""
    skip_days: tuple[int, ...] = ()
    """Days of the week by UTC; 0 is Monday."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a feed published when its document was last read (P26)."""

    weekly: float
    """Entries in the seven days before."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """A permanent redirect that is not believed yet (P14)."""

    to: str
    since: datetime
    polls: int
    """Polls in a row that were sent there and found the feed."""
