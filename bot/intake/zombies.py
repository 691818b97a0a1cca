"""Feeds that answer well and bring nothing: silent for far longer than they ever were. Pure.

A feed that fails says so itself (``Feed.trouble``); one that was abandoned, or moved without a word, answers 200
for years.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from bot.model import Feed, Trouble

LEAST = timedelta(days=3)
"""Holidays and quiet weekends are no silence."""
TIMES = 3
"""So many of its usual gaps a feed may keep silent."""
FEW_DATES = 4
LEAST_WITH_FEW = timedelta(days=30)
"""For a feed with fewer dates than can tell a usual gap."""
DATES = 50
"""So many of its newest entries tell how often a feed publishes."""
_NEXT = "look at its site: it may have moved or ended; then add its new address, or remove it"
_TWO_DAYS = timedelta(days=2)
_TWO_HOURS = timedelta(hours=2)


def may_be_silent(feed: Feed, now: datetime) -> bool:
    """Tell from its row alone whether a feed is worth asking about its entries."""
    since = feed.last_new_at or feed.first_fetched_at
    return not feed.paused and feed.trouble is None and since is not None and now - since >= LEAST


def silence(feed: Feed, dates: Sequence[datetime], now: datetime) -> Trouble | None:
    """Return what is wrong with a feed that answers; None when nothing is, or when it says so itself.

    ``dates`` are those of its newest entries, in any order. Cause and next step are words for its owner.
    """
    if not may_be_silent(feed, now) or feed.first_fetched_at is None:
        return None
    known = sorted({min(date, now) for date in dates})
    if not known:
        return Trouble("it answers, but has never had an entry", feed.first_fetched_at, _NEXT)
    newest = max(known[-1], feed.last_new_at or known[-1])
    usual, most = None, LEAST_WITH_FEW
    if len(known) >= FEW_DATES:
        gaps = ((after - before).total_seconds() for before, after in pairwise(known))
        usual = timedelta(seconds=median(gaps))
        most = max(TIMES * usual, LEAST)
    if now - newest < most:
        return None
    habit = f"; it used to have something new every {_length(usual)}" if usual else ""
    return Trouble(f"it answers, but has had nothing new for {_length(now - newest)}{habit}", newest, _NEXT)


def _length(span: timedelta) -> str:
    if span >= _TWO_DAYS:
        return f"{span.days} days"
    minutes = max(int(span.total_seconds() // 60), 1)
    return f"{minutes // 60} hours" if span >= _TWO_HOURS else f"{minutes} minutes"
