"""When to look again: a poll's outcome → the feed's next row. Pure; never raises.

Being due is data: ``next_at`` is stored, so a restart neither forgets a feed nor hurries it. The rules' numbers
(docs/feed-rules.md, "Politeness and HTTP") stand beside the code.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from bot.intake.fetched import Fetched
from bot.model import Feed, FeedData, Trouble, Validators

LEAST_GAP = timedelta(seconds=60)
UNCONDITIONAL_GAP = timedelta(hours=1)
LONGEST_WISH = timedelta(hours=24)
LONGEST_BACKOFF = timedelta(hours=24)
LONGEST_RETRY_AFTER = timedelta(days=7)
RATE_LIMIT_LEAST = timedelta(hours=1)
RATE_LIMIT_MOST = timedelta(hours=6)

_TOO_MANY_REQUESTS = 429
_SLOTTED_FROM = timedelta(minutes=4)
_SLACK = 0.25
_JITTER_SHARE = 0.1
_DOUBLINGS = 12
_HASH_BYTES = 16
_INCOMPLETE = "the document breaks off before its end"


def body_hash(body: bytes) -> bytes:
    """Return what stands for a body in ``Feed.body_hash``: the same bytes again need no parsing (P27)."""
    return blake2b(body, digest_size=_HASH_BYTES).digest()


def after_success(
    feed: Feed,
    fetched: Fetched,
    data: FeedData | None,
    now: datetime,
    *,
    interval: timedelta,
    jitter: float | None = None,
) -> Feed:
    """Return the feed's row after a poll that brought a document (``data``) or "nothing changed" (None).

    ``jitter`` in 0…1 delays the next poll by up to a tenth of the interval; without it, one is derived from
    feed and time. Validators advance only with a complete document (P2), and an answer without any clears them
    (P4).
    """
    wait = max(
        interval,
        _seconds(fetched.fresh_for_s, LONGEST_WISH),
        _seconds(fetched.retry_after_s, LONGEST_RETRY_AFTER),
        _seconds(data.min_interval_s, LONGEST_WISH) if data else timedelta(),
    )
    if fetched.outcome == "ok" and fetched.validators == Validators():
        wait = max(wait, UNCONDITIONAL_GAP)  # P7: each poll costs the publisher the whole document
    after = replace(
        feed,
        title=feed.title or (data.title if data else ""),
        next_at=_next_at(feed, now, interval=interval, wait=wait, jitter=jitter),
        first_fetched_at=feed.first_fetched_at or now,
    )
    if data is not None and not data.complete:
        # Its entries are as good as any, but a validator would hide the missing rest behind "unchanged".
        return replace(
            after,
            failures=max(feed.failures, 1),
            trouble=_trouble(feed, _INCOMPLETE, "it is read again at the next poll; tell the publisher", now),
        )
    return replace(
        after,
        validators=feed.validators if fetched.validators is None else fetched.validators,
        body_hash=body_hash(fetched.body) if fetched.outcome == "ok" else feed.body_hash,
        failures=0,
        last_success_at=now,
        trouble=None,
    )


def after_failure(
    feed: Feed,
    failed: Fetched | str,
    now: datetime,
    *,
    interval: timedelta,
    jitter: float | None = None,
) -> Feed:
    """Return the feed's row after a poll that failed, or whose body is no feed ("cause; next step").

    Polling never stops: waits double up to 24 hours (P12) and are never shorter than the publisher's
    ``Retry-After``. What the last good poll left (validators, hash) stays.
    """
    failures = feed.failures + 1
    wait = min(max(interval, LEAST_GAP) * 2 ** min(failures - 1, _DOUBLINGS), LONGEST_BACKOFF)
    if isinstance(failed, str):
        cause, _, next_step = failed.partition("; ")
    else:
        cause, next_step = failed.cause, failed.next_step
        if failed.status == _TOO_MANY_REQUESTS and not failed.retry_after_s:
            # P10: being asked to slow down says nothing about the feed's health.
            wait = min(RATE_LIMIT_LEAST * 2 ** min(failures - 1, _DOUBLINGS), RATE_LIMIT_MOST)
            wait = max(wait, interval)
        wait = max(wait, _seconds(failed.retry_after_s, LONGEST_RETRY_AFTER))
    return replace(
        feed,
        next_at=_later(now, wait * (1 + _JITTER_SHARE * _jitter(feed, now, jitter))),
        failures=failures,
        trouble=_trouble(feed, cause, next_step, now),
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
