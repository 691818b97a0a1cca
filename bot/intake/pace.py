"""How often a feed publishes, and how often it is worth asking (docs/feed-rules.md P26). Pure.

A feed is asked about as often as it has something to say: seven days over its entries of the last seven days. The
count comes from the document itself, so it is right from the first fetch on and needs no history.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.model import FeedData, Pace

WEEK = timedelta(days=7)
_LEAST_SPAN = timedelta(hours=1)
"""A document whose entries are all younger says little about a week."""

_ABOUT = 1.1
"""A feed of every hour, give or take, is asked every hour."""

_RUNGS = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440)
)


def measured(data: FeedData, now: datetime) -> Pace | None:
    """Return the pace that a document shows, or None when its entries carry no dates.

    A document that reaches back less than a week is taken for a sample of the week.
    """
    dates = [entry.published_at for entry in data.entries if entry.published_at]
    dates = [date for date in dates if date <= now]
    if not dates:
        return None
    recent = sum(now - date <= WEEK for date in dates)
    span = now - min(dates)
    if span >= WEEK or not recent:
        return Pace(float(recent), now)
    return Pace(recent * (WEEK / max(span, _LEAST_SPAN)), now)


def interval(pace: Pace, now: datetime, *, fastest: timedelta, slowest: timedelta) -> timedelta:
    """Return how long to wait between two polls, between ``fastest`` and ``slowest``.

    While a feed stays unchanged, the entries counted once grow older and leave the week one by one. The result
    keeps to a few steps, so that a feed that varies a little keeps its place among the others (P24).
    """
    elapsed = max(now - pace.at, timedelta())
    weekly = pace.weekly * max(1 - elapsed / WEEK, 0.0)
    if weekly <= WEEK / slowest:
        return slowest
    wanted = min(max(WEEK / weekly, fastest), slowest)
    return max((rung for rung in _RUNGS if fastest <= rung <= min(wanted * _ABOUT, slowest)), default=fastest)
