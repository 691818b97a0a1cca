"""Feeds and their entries: which are due, and a poll's outcome saved whole.

Every function here works on one open transaction and leaves beginning and ending it to its caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from bot.model import ArticleState, Feed, NewEntry, Validators
from bot.ports import Poll
from bot.store.rows import AnyRow, batches, new_id, trouble_columns, trouble_of
from bot.store.tables import articles, entries, feeds

_LISTED = feeds.c.removed.is_(False)
_WAITING = _LISTED & feeds.c.paused.is_(False)

_UPDATE_FEED = update(feeds).where(feeds.c.id == bindparam("feed_id"))


def add_feed(connection: Connection, url: str, title: str, now: datetime) -> Feed:
    """Remember a feed, due at once; a known address gives its feed back, a removed one is taken up again.

    A feed that comes back keeps its entries' keys, but is fetched whole and as if for the first time: what it
    published in between is stored and owed to nobody.
    """
    row = connection.execute(select(feeds).where(feeds.c.url == url)).one_or_none()
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


def known_entries(connection: Connection, feed_id: int, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Of these keys the stored ones, each with its content hash."""
    return {key: entry.content_hash for key, entry in _known(connection, feed_id, keys).items()}


def save_poll(connection: Connection, poll: Poll) -> int:
    """Save validators and entries together; return how many articles are new.

    ``paused`` is not taken from the poll: whoever paused the feed meanwhile meant it. Raise ``ValueError``
    for entries without the poll's time, ``LookupError`` for an unknown feed.
    """
    _update_feed(connection, poll.feed.id, _polled(poll.feed))
    if not poll.entries:
        return 0
    if poll.at is None:
        raise ValueError("a poll with entries needs the time it was made (Poll.at)")
    known = _known(connection, poll.feed.id, [entry.keys.key for entry in poll.entries])
    linked = _linked(connection, [entry.keys.link_key for entry in poll.entries if entry.keys.link_key])
    created = 0
    for entry in poll.entries:
        seen = known.get(entry.keys.key)
        if seen is not None:
            if entry.edited and seen.content_hash != entry.keys.content_hash:
                _save_edit(connection, poll.feed.id, entry, seen.article_id)
            continue
        article = linked.get(entry.keys.link_key or b"")
        if article is None:
            article = _add_article(connection, entry, poll.feed.title, poll.at)
            created += 1
        elif article.only_glanced_at and entry.on_topic:
            _send_to_reading(connection, article.id, entry)
            article = _Linked(article.id, only_glanced_at=False)
        _add_entry(connection, poll.feed.id, entry, article.id, poll.at)
        # The same document may hold this entry, or another one with its link, once more.
        known[entry.keys.key] = _Known(entry.keys.content_hash, article.id)
        if entry.keys.link_key:
            linked[entry.keys.link_key] = article
    return created


class _Known(NamedTuple):
    content_hash: bytes
    article_id: int


class _Linked(NamedTuple):
    id: int
    only_glanced_at: bool
    """Judged off topic by title and summary alone: another feed's summary may say more."""


def _known(connection: Connection, feed_id: int, keys: Sequence[bytes]) -> dict[bytes, _Known]:
    found: dict[bytes, _Known] = {}
    for some in batches(keys):
        rows = connection.execute(
            select(entries.c.key, entries.c.content_hash, entries.c.article_id).where(
                entries.c.feed_id == feed_id, entries.c.key.in_(some)
            )
        )
        found.update((row.key, _Known(row.content_hash, row.article_id)) for row in rows)
    return found


def _linked(connection: Connection, link_keys: Sequence[bytes]) -> dict[bytes, _Linked]:
    found: dict[bytes, _Linked] = {}
    for some in batches(link_keys):
        rows = connection.execute(
            select(articles.c.link_key, articles.c.id, articles.c.state, articles.c.version).where(
                articles.c.link_key.in_(some)
            )
        )
        for row in rows:
            glanced = row.state == ArticleState.OFF_TOPIC and row.version == 0
            found[row.link_key] = _Linked(row.id, only_glanced_at=glanced)
    return found


def _add_article(connection: Connection, entry: NewEntry, feed_title: str, at: datetime) -> _Linked:
    data = entry.data
    added = connection.execute(
        insert(articles),
        {
            "url": data.link,
            "link_key": entry.keys.link_key,
            "outlet": data.outlet or feed_title,
            "title": data.title,
            "summary": data.summary,
            "entry_text": data.text,
            "state": ArticleState.TO_READ if entry.on_topic else ArticleState.OFF_TOPIC,
            "first_seen_at": at,
            "published_at": data.published_at,
            "language": data.language,
            "author": data.author,
            "version": 0,
            "owed": entry.owed,
            "attempts": 0,
            "read_chars": 0,
            "unread_reason": "",
        },
    )
    return _Linked(new_id(added), only_glanced_at=not entry.on_topic)


def _add_entry(connection: Connection, feed_id: int, entry: NewEntry, article_id: int, at: datetime) -> None:
    connection.execute(
        insert(entries),
        {
            "feed_id": feed_id,
            "key": entry.keys.key,
            "content_hash": entry.keys.content_hash,
            "article_id": article_id,
            "guid": entry.data.guid,
            "first_seen_at": at,
        },
    )


def _save_edit(connection: Connection, feed_id: int, entry: NewEntry, article_id: int) -> None:
    connection.execute(
        update(entries)
        .where(entries.c.feed_id == feed_id, entries.c.key == entry.keys.key)
        .values(content_hash=entry.keys.content_hash)
    )
    if entry.on_topic:
        _send_to_reading(connection, article_id, entry)
    else:
        connection.execute(update(articles).where(articles.c.id == article_id).values(_brought(entry)))


def _send_to_reading(connection: Connection, article_id: int, entry: NewEntry) -> None:
    """Have it read (again) with what this entry brought; texts and statements it has stay as they are."""
    connection.execute(
        update(articles)
        .where(articles.c.id == article_id)
        .values(
            **_brought(entry),
            state=ArticleState.TO_READ,
            attempts=0,
            not_before=None,
            **trouble_columns(None),
        )
    )


def _brought(entry: NewEntry) -> dict[str, str]:
    return {"title": entry.data.title, "summary": entry.data.summary, "entry_text": entry.data.text}


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
    )
