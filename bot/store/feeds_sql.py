"""Feeds: which are due, and a poll's outcome saved whole (its entries: see ``entries_sql``).

Every function here works on one open transaction and leaves beginning and ending it to its caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from bot.intake import due
from bot.model import Feed, Move, Pace, Validators, Wishes
from bot.ports import Poll
from bot.store.entries_sql import save_entries
from bot.store.rows import AnyRow, new_id, trouble_columns, trouble_of
from bot.store.tables import feeds

_LISTED = feeds.c.removed.is_(False)
_WAITING = _LISTED & feeds.c.paused.is_(False)

_UPDATE_FEED = update(feeds).where(feeds.c.id == bindparam("feed_id"))


def add_feed(connection: Connection, url: str, title: str, now: datetime) -> Feed:
    """Remember a feed, due at once; a known address gives its feed back, a removed one is taken up again.

    A feed that comes back keeps its entries' keys, but is fetched whole and as if for the first time: what it
    published in between is stored and owed to nobody.
    """
    # A feed that has moved is still the one that was added at its former address.
    known = (
        select(feeds).where((feeds.c.url == url) | (feeds.c.former_url == url)).order_by(feeds.c.url != url)
    )
    row = connection.execute(known.limit(1)).one_or_none()
    if row is not None and not row.removed:
        return _feed(row)
    fresh = _polled(Feed(id=0, url=url, title=title, added_at=now, next_at=now))
    fresh.update(added_at=now, paused=False, removed=False)
    if row is None:
        feed_id = new_id(connection.execute(insert(feeds), fresh))
    else:
        feed_id = row.id
        connection.execute(_UPDATE_FEED, {"feed_id": feed_id, **fresh, "title": title or row.title})
    return _feed(connection.execute(select(feeds).where(feeds.c.id == feed_id)).one())


def all_feeds(connection: Connection) -> list[Feed]:
    """Give every feed that was not removed, by id."""
    return [_feed(row) for row in connection.execute(select(feeds).where(_LISTED).order_by(feeds.c.id))]


def feed_titles(connection: Connection) -> list[str]:
    """Give the titles of all feeds, each once, in order: a fraction of what whole rows cost."""
    titles = select(feeds.c.title).where(_LISTED, feeds.c.title != "").distinct().order_by(feeds.c.title)
    return list(connection.execute(titles).scalars())


def failing_feeds(connection: Connection) -> list[str]:
    """Give the titles, or addresses, of the feeds in trouble that are not paused, by id."""
    name = case((feeds.c.title != "", feeds.c.title), else_=feeds.c.url)
    failing = select(name).where(_WAITING, feeds.c.trouble_cause.is_not(None)).order_by(feeds.c.id)
    return list(connection.execute(failing).scalars())


def due_feeds(connection: Connection, now: datetime, limit: int) -> list[Feed]:
    """Give the feeds that are due, longest overdue first."""
    due = select(feeds).where(_WAITING, feeds.c.next_at <= now).order_by(feeds.c.next_at, feeds.c.id)
    return [_feed(row) for row in connection.execute(due.limit(limit))]


def next_due_at(connection: Connection) -> datetime | None:
    """Say when the next feed that is not paused becomes due."""
    return connection.execute(select(func.min(feeds.c.next_at)).where(_WAITING)).scalar()


def save_feed(connection: Connection, feed: Feed) -> None:
    """Replace a feed's row; raise ``LookupError`` when there is none."""
    _update_feed(connection, feed.id, {**_polled(feed), "paused": feed.paused})


def remove_feed(connection: Connection, feed_id: int) -> None:
    """Stop listing and polling a feed; the row stays for its entries' keys."""
    _update_feed(connection, feed_id, {"removed": True})


def save_poll(connection: Connection, poll: Poll) -> int:
    """Save validators and entries together; return how many articles are new.

    ``paused`` is not taken from the poll: whoever paused the feed meanwhile meant it; a feed that is gone for
    good is paused all the same. A new address that another feed has is not taken over. Raise ``ValueError`` for
    entries without the poll's time, ``LookupError`` for an unknown feed.
    """
    feed = poll.feed
    values = _polled(feed)
    if feed.gone_since and feed.paused:
        values["paused"] = True
    if not feed.failures or "paused" in values:
        values["owner_told_at"] = None
    if poll.moved and _is_taken(connection, feed):
        del values["url"], values["former_url"]
    _update_feed(connection, feed.id, values)
    return save_entries(connection, poll)


def mend_due_times(connection: Connection, now: datetime) -> int:
    """Bring feeds back whose times a clock running ahead has put out of reach; return how many."""
    ahead = (feeds.c.polled_at > now) | (feeds.c.next_at > now + due.LONGEST_WAIT)
    rows = connection.execute(select(feeds).where(_LISTED, ahead)).all()
    mended = [feed for row in rows if (feed := due.mended(_feed(row), now))]
    for feed in mended:
        times = {"next_at": feed.next_at, "not_before": feed.not_before, "polled_at": feed.polled_at}
        _update_feed(connection, feed.id, times)
    return len(mended)


def pardon(connection: Connection, rows: Sequence[Feed]) -> None:
    """Put back what failed polls have counted against these feeds; those that have succeeded since stay."""
    for feed in rows:
        values = {"failures": feed.failures, "next_at": feed.next_at, **trouble_columns(feed.trouble)}
        connection.execute(
            _UPDATE_FEED.where(feeds.c.failures > feed.failures), {"feed_id": feed.id, **values}
        )


def feeds_to_tell(connection: Connection) -> list[Feed]:
    """Give the feeds in trouble whose owner has not been told: failing three times in a row, or gone for good."""
    failing = feeds.c.paused.is_(False) & (feeds.c.failures >= due.TOLD_AFTER)
    gone = feeds.c.paused.is_(True) & feeds.c.gone_since.is_not(None)
    untold = select(feeds).where(_LISTED, feeds.c.owner_told_at.is_(None), failing | gone)
    return [_feed(row) for row in connection.execute(untold.order_by(feeds.c.id))]


def save_owner_told(connection: Connection, feed_id: int, now: datetime) -> None:
    """Remember that the owner was told; raise ``LookupError`` when there is no such feed."""
    _update_feed(connection, feed_id, {"owner_told_at": now})


def _is_taken(connection: Connection, feed: Feed) -> bool:
    """Tell whether another feed, listed or removed, has this one's new address."""
    other = select(feeds.c.id).where(feeds.c.url == feed.url, feeds.c.id != feed.id)
    return connection.execute(other).first() is not None


def _update_feed(connection: Connection, feed_id: int, values: dict[str, Any]) -> None:
    if not connection.execute(_UPDATE_FEED, {"feed_id": feed_id, **values}).rowcount:
        raise LookupError(f"there is no feed {feed_id}")


def _polled(feed: Feed) -> dict[str, Any]:
    return {
        "url": feed.url,
        "title": feed.title,
        "next_at": feed.next_at,
        "etag": feed.validators.etag,
        "last_modified": feed.validators.last_modified,
        "body_hash": feed.body_hash,
        "failures": feed.failures,
        "first_fetched_at": feed.first_fetched_at,
        "last_success_at": feed.last_success_at,
        "last_new_at": feed.last_new_at,
        "polled_at": feed.polled_at,
        "not_before": feed.not_before,
        "wish_s": feed.wishes.interval_s,
        "skip_hours": _bits(feed.wishes.skip_hours),
        "skip_days": _bits(feed.wishes.skip_days),
        "weekly": feed.pace.weekly if feed.pace else None,
        "weekly_at": feed.pace.at if feed.pace else None,
        "moving_to": feed.moving.to if feed.moving else "",
        "moving_since": feed.moving.since if feed.moving else None,
        "moving_polls": feed.moving.polls if feed.moving else 0,
        "former_url": feed.former_url,
        "gone_since": feed.gone_since,
        **trouble_columns(feed.trouble),
    }


def _feed(row: AnyRow) -> Feed:
    return Feed(
        id=row.id,
        url=row.url,
        title=row.title,
        added_at=row.added_at,
        next_at=row.next_at,
        validators=Validators(row.etag, row.last_modified),
        body_hash=row.body_hash,
        failures=row.failures,
        first_fetched_at=row.first_fetched_at,
        last_success_at=row.last_success_at,
        last_new_at=row.last_new_at,
        trouble=trouble_of(row),
        paused=row.paused,
        polled_at=row.polled_at,
        not_before=row.not_before,
        wishes=Wishes(row.wish_s, _set_bits(row.skip_hours), _set_bits(row.skip_days)),
        pace=None if row.weekly is None else Pace(row.weekly, row.weekly_at),
        moving=Move(row.moving_to, row.moving_since, row.moving_polls) if row.moving_to else None,
        former_url=row.former_url,
        gone_since=row.gone_since,
        owner_told_at=row.owner_told_at,
    )


def _bits(numbers: Iterable[int]) -> int:
    """Store a set of small numbers in one column."""
    return sum(1 << number for number in set(numbers))


def _set_bits(bits: int) -> tuple[int, ...]:
    """Read what ``_bits`` stored; nearly always nothing."""
    return tuple(number for number in range(bits.bit_length()) if bits >> number & 1) if bits else ()
