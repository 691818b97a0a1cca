"""When to look again: a poll's outcome → the feed's next row. Pure; never raises.

Being due is data: ``next_at`` is stored, so a restart neither forgets a feed nor hurries it. The rules' numbers
(docs/feed-rules.md, "Politeness and HTTP") stand beside the code.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from bot.intake import moves, pace
from bot.intake.fetched import Fetched
from bot.model import Feed, FeedData, Trouble, Validators, Wishes

LEAST_GAP = timedelta(seconds=60)
UNCONDITIONAL_GAP = timedelta(hours=1)
LONGEST_WISH = timedelta(hours=24)
LONGEST_BACKOFF = timedelta(days=7)
LONGEST_RETRY_AFTER = timedelta(days=7)
LONGEST_WAIT = timedelta(days=8)
"""No rule, with its jitter, lets a feed wait longer."""
RATE_LIMIT_LEAST = timedelta(hours=1)
RATE_LIMIT_MOST = timedelta(hours=6)
GONE_GAP = timedelta(hours=24)
TOLD_AFTER = 3
"""Failures in a row after which whoever is in charge is told (P12)."""

_TOO_MANY_REQUESTS = 429
_GONE = 410
_ABOUT_A_DAY = timedelta(hours=23)
_SLOTTED_FROM = timedelta(minutes=4)
_SLACK = 0.25
_JITTER_SHARE = 0.1
_DOUBLINGS = 14
_HASH_BYTES = 16
_HOURLY_MINUTES = 60
_HOURS, _DAYS = 24, 7
_ENTRY = re.compile(rb"<(?:item|entry)[\s>]")
_INCOMPLETE = "the document breaks off before its end"
_GONE_TWICE = "the server has said twice, a day apart, that this is gone for good (410); it is asked no more"


def body_hash(body: bytes) -> bytes:
    """Return what stands for a body in ``Feed.body_hash``: the same entries again need no parsing (P27).

    What stands before the first entry does not count: many a feed prints the time of the request there.
    """
    first = _ENTRY.search(body)
    return blake2b(body[first.start() :] if first else body, digest_size=_HASH_BYTES).digest()


def after_success(
    feed: Feed,
    fetched: Fetched,
    data: FeedData | None,
    now: datetime,
    *,
    interval: timedelta,
    between: tuple[timedelta, timedelta] | None = None,
    jitter: float | None = None,
) -> Feed:
    """Return the feed's row after a poll that brought a document (``data``) or "nothing changed" (None).

    ``between`` (fastest, slowest) lets the interval follow the feed's own pace (P26); ``interval`` serves where
    that is not known, or not wanted. ``jitter`` in 0…1 delays the next poll by up to a tenth of the interval;
    without it, one is derived from feed and time. Validators advance only with a complete document (P2), and an
    answer without any clears them (P4).
    """
    seen = pace.measured(data, now) if data else None
    feed = replace(feed, pace=seen or feed.pace, wishes=wishes(data) if data else feed.wishes)
    if between and feed.pace:
        interval = pace.interval(feed.pace, now, fastest=between[0], slowest=between[1])
    floor = max(
        LEAST_GAP,
        _seconds(fetched.fresh_for_s, LONGEST_WISH),
        _seconds(fetched.retry_after_s, LONGEST_RETRY_AFTER),
    )
    wait = max(interval, floor, _seconds(feed.wishes.interval_s, LONGEST_WISH))
    if fetched.outcome == "ok" and fetched.validators == Validators():
        wait = max(wait, UNCONDITIONAL_GAP)  # P7: each poll costs the publisher the whole document
    next_at = _next_at(feed, now, interval=interval, wait=wait, jitter=jitter)
    after = replace(
        feed,
        title=feed.title or (data.title if data else ""),
        next_at=_outside_skipped(next_at, feed.wishes, now),
        first_fetched_at=feed.first_fetched_at or now,
        polled_at=now,
        not_before=_later(now, floor),
    )
    if data is not None and not data.complete:
        # Its entries are as good as any, but a validator would hide the missing rest behind "unchanged".
        return replace(
            after,
            failures=max(feed.failures, 1),
            trouble=_trouble(feed, _INCOMPLETE, "it is read again at the next poll; tell the publisher", now),
        )
    after = replace(
        after,
        validators=feed.validators if fetched.validators is None else fetched.validators,
        body_hash=body_hash(fetched.body) if fetched.outcome == "ok" else feed.body_hash,
        failures=0,
        last_success_at=now,
        trouble=None,
        gone_since=None,
        owner_told_at=None,
    )
    return moves.settle(after, fetched.moved_to, now)


def after_failure(
    feed: Feed,
    failed: Fetched | str,
    now: datetime,
    *,
    interval: timedelta,
    jitter: float | None = None,
) -> Feed:
    """Return the feed's row after a poll that failed, or whose body is no feed ("cause; next step").

    Waits double up to seven days (P12) and are never shorter than the publisher's ``Retry-After``. What the last
    good poll left (validators, hash) stays. Polling stops only for a feed that its server calls gone twice, a day
    apart (P17): it is paused, and whoever is in charge is to be told.
    """
    if isinstance(failed, str):
        cause, _, next_step = failed.partition("; ")
        failed = Fetched("failed", feed.url, cause=cause, next_step=next_step)
    failures = feed.failures + 1
    floor = max(LEAST_GAP, _seconds(failed.retry_after_s, LONGEST_RETRY_AFTER))
    wait = min(max(interval, LEAST_GAP) * 2 ** min(failures - 1, _DOUBLINGS), LONGEST_BACKOFF)
    if failed.status == _TOO_MANY_REQUESTS and not failed.retry_after_s:
        # P10: being asked to slow down says nothing about the feed's health.
        floor = min(RATE_LIMIT_LEAST * 2 ** min(failures - 1, _DOUBLINGS), RATE_LIMIT_MOST)
        wait = max(floor, interval)
    if failed.status == _GONE:
        wait = max(wait, GONE_GAP)
    wait = max(wait, floor)
    after = replace(
        feed,
        next_at=_later(now, wait * (1 + _JITTER_SHARE * _jitter(feed, now, jitter))),
        failures=failures,
        trouble=_trouble(feed, failed.cause, failed.next_step, now),
        polled_at=now,
        not_before=_later(now, floor),
    )
    if failed.status == _GONE:
        after = replace(after, gone_since=feed.gone_since or now)
        if feed.gone_since and now - feed.gone_since >= _ABOUT_A_DAY:
            told = _trouble(feed, _GONE_TWICE, failed.next_step, now)
            return replace(after, trouble=told, paused=True, owner_told_at=None)
    return moves.back(after) if failures == TOLD_AFTER else after


def after_outage(feed: Feed, now: datetime, *, interval: timedelta) -> Feed:
    """Return the row of a feed that could not be had because nothing can (P13): no penalty, and soon again.

    Feeds spread over the interval in an order of their own, so that the end of an outage is no stampede.
    """
    share = 0.4 + 0.5 * _share(f"phase {feed.id}")
    return replace(feed, next_at=_later(now, max(interval, LEAST_GAP) * share), polled_at=now)


def after_hold(feed: Feed, held: Fetched, now: datetime, *, interval: timedelta) -> Feed:
    """Return the row of a feed that was not asked for, because its host wants us to stay away for now (P11)."""
    wait = max(LEAST_GAP, _seconds(held.retry_after_s, LONGEST_RETRY_AFTER))
    late = max(interval, LEAST_GAP) * _share(f"phase {feed.id}")
    return replace(feed, next_at=_later(now, wait + late), not_before=_later(now, wait))


def may_fetch_now(feed: Feed, now: datetime) -> datetime | None:
    """Return when somebody may have this feed fetched by hand (P32); None means now."""
    if feed.not_before is None or feed.not_before <= now or feed.not_before - now > LONGEST_WAIT:
        return None
    return feed.not_before


def mended(feed: Feed, now: datetime) -> Feed | None:
    """Return the row of a feed whose times a clock running ahead has spoilt, made good; None when it is fine.

    What was polled "later than now" waits as long as it was to wait then, counted from now; what lies further
    ahead than any rule puts it is due within the hour, each feed at a time of its own.
    """
    wait = feed.next_at - now
    if feed.polled_at is not None and feed.polled_at > now:
        wait = min(max(feed.next_at - feed.polled_at, timedelta()), LONGEST_WAIT)
    elif wait <= LONGEST_WAIT:
        return None
    else:
        wait = timedelta(hours=1) * _share(f"phase {feed.id}")
    floor = feed.not_before and min(feed.not_before, now + wait)
    return replace(feed, next_at=now + wait, not_before=floor, polled_at=feed.polled_at and now)


def wishes(data: FeedData) -> Wishes:
    """Return what a document asks of its readers (P25).

    An update period of exactly an hour is what WordPress writes for everybody; it is nobody's wish.
    """
    hourly_by_default = data.sy_minutes == _HOURLY_MINUTES
    minutes = max(data.ttl_minutes, 0 if hourly_by_default else data.sy_minutes)
    longest = int(LONGEST_WISH.total_seconds())
    return Wishes(
        interval_s=max(min(minutes * 60, longest), 0),
        skip_hours=tuple(sorted({hour for hour in data.skip_hours if 0 <= hour < _HOURS})),
        skip_days=tuple(sorted({day for day in data.skip_days if 0 <= day < _DAYS})),
    )


def _next_at(
    feed: Feed, now: datetime, *, interval: timedelta, wait: timedelta, jitter: float | None
) -> datetime:
    """The feed's next slot once ``wait`` is over.

    Slots lie one interval apart, at a phase that is the feed's own (P24): feeds that were due together, after a
    restart or an outage, spread again with their next poll. To stay on its slots a feed may come up to a
    quarter early on its own interval, never on a publisher's wish.
    """
    interval = max(interval, LEAST_GAP)
    late = interval * _JITTER_SHARE * _jitter(feed, now, jitter)
    if wait > interval or interval < _SLOTTED_FROM:
        return _later(now, max(wait, interval) + late)
    width = interval.total_seconds()
    phase = width * _share(f"phase {feed.id}")
    earliest = now.timestamp() + width * (1 - _SLACK)
    slot = phase + width * -((phase - earliest) // width)
    return max(_later(now, LEAST_GAP), datetime.fromtimestamp(slot, UTC)) + late


def _outside_skipped(at: datetime, wish: Wishes, now: datetime) -> datetime:
    """Move on to the next hour in which the publisher wants to be asked, at most a day from now (P25)."""
    if not (wish.skip_hours or wish.skip_days):
        return at
    latest = max(at, _later(now, LONGEST_WISH))
    for _ in range(_HOURS):
        if at.hour not in wish.skip_hours and at.weekday() not in wish.skip_days:
            break
        at = min(
            _later(at, timedelta(hours=1)), latest
        )  # keeping its minutes: many feeds skip the same hours
    return at


def _trouble(feed: Feed, cause: str, next_step: str, now: datetime) -> Trouble:
    """The newest cause, since the first failure in a row."""
    return Trouble(cause, feed.trouble.since if feed.trouble else now, next_step)


def _jitter(feed: Feed, now: datetime, given: float | None) -> float:
    if given is not None and not math.isnan(given):
        return min(max(given, 0.0), 1.0)
    return _share(f"jitter {feed.id} {now.timestamp()}")


def _share(of: str) -> float:
    """A number in 0…1 that is always the same for the same words."""
    return int.from_bytes(blake2b(of.encode(), digest_size=4).digest(), "big") / 2**32


def _seconds(count: int, most: timedelta) -> timedelta:
    return min(timedelta(seconds=min(max(count, 0), most.total_seconds())), most)


def _later(now: datetime, wait: timedelta) -> datetime:
    try:
        return now + wait
    except OverflowError:
        return now
