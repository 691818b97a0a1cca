"""A feed's entries: which are known, by key or alias, and what a poll brought, saved with its articles.

Every function here works on one open transaction and leaves beginning and ending it to its caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, bindparam, func, insert, select, text, update

from bot.intake.seen import SHARED, AliasKind, Seen, SeenEntry
from bot.model import ArticleState, NewEntry
from bot.ports import Poll
from bot.store.rows import batches, trouble_columns
from bot.store.tables import UtcTime, articles, entries, entry_aliases, feeds

_UPDATE_ENTRY = update(entries).where(
    entries.c.feed_id == bindparam("of_feed"), entries.c.key == bindparam("of_key")
)
# Plain text, because these are the most rows of a poll and need none of SQLAlchemy's types: four times faster.
# What was shared once (an empty key) stays so: it would tell entries apart only until the next collision.
_KEEP_ALIAS = text(
    "INSERT INTO entry_aliases (feed_id, alias, key) VALUES (:feed_id, :alias, :key) "
    "ON CONFLICT (feed_id, alias) DO UPDATE SET key = excluded.key WHERE length(entry_aliases.key) > 0"
)
# Made once: to build one costs more than to run it, and each poll asks all of them.
_OWNERS = select(entry_aliases.c.alias, entry_aliases.c.key).where(
    entry_aliases.c.feed_id == bindparam("feed_id"),
    entry_aliases.c.alias.in_(bindparam("aliases", expanding=True)),
)
_KNOWN = select(
    entries.c.key,
    entries.c.content_hash,
    entries.c.article_id,
    entries.c.published_at,
    entries.c.first_seen_at,
).where(entries.c.feed_id == bindparam("feed_id"), entries.c.key.in_(bindparam("keys", expanding=True)))
_LINKED = select(articles.c.link_key, articles.c.id, articles.c.state, articles.c.version).where(
    articles.c.link_key.in_(bindparam("link_keys", expanding=True))
)
_OF_FEED = select(feeds.c.newest_entry_at, feeds.c.aliases_off).where(feeds.c.id == bindparam("feed_id"))
_NEWEST_DATE = (
    update(feeds)
    .where(
        feeds.c.id == bindparam("of_feed"),
        feeds.c.newest_entry_at.is_(None) | (feeds.c.newest_entry_at < bindparam("newest")),
    )
    .values(newest_entry_at=bindparam("newest"))
)
_ADD_ENTRIES = insert(entries)
_ADD_ARTICLES = insert(articles).returning(articles.c.id, sort_by_parameter_order=True)


def seen(connection: Connection, feed_id: int, keys: Sequence[bytes], aliases: Sequence[bytes]) -> Seen:
    """Say what is stored of a feed's entries under these keys, and under these other names of entries.

    An entry without a guid has its link for a key, so an alias may also be a key.
    """
    owners: dict[bytes, bytes] = {}
    for some in batches(aliases):
        rows = connection.execute(_OWNERS, {"feed_id": feed_id, "aliases": some})
        owners.update((row.alias, row.key) for row in rows)
    wanted = list({*keys, *aliases, *owners.values()} - {SHARED})
    found = {
        key: SeenEntry(key, known.content_hash, known.dated_at)
        for key, known in _known(connection, feed_id, wanted).items()
    }
    feed = connection.execute(_OF_FEED, {"feed_id": feed_id}).one_or_none()
    return Seen(
        by_key={key: found[key] for key in keys if key in found},
        by_alias={
            **{alias: found[alias] for alias in aliases if alias in found},
            **{alias: found.get(key) for alias, key in owners.items() if key in found or key == SHARED},
        },
        newest_at=feed.newest_entry_at if feed else None,
        kinds_off=frozenset(cast("list[AliasKind]", feed.aliases_off.split() if feed else [])),
    )


def save_entries(connection: Connection, poll: Poll) -> int:
    """Save what a poll brought beside its feed's row; return how many articles are new.

    Raise ``ValueError`` for entries without the poll's time.
    """
    if poll.entries and poll.at is None:
        raise ValueError("a poll with entries needs the time it was made (Poll.at)")
    created = _Saving(connection, poll, poll.at).save() if poll.entries and poll.at else 0
    _save_aliases(connection, poll)
    return created


def entry_dates(connection: Connection, feed_id: int, limit: int) -> list[datetime]:
    """Say when a feed's newest entries were published, or first seen where they bear no date; newest first."""
    dated = func.coalesce(entries.c.published_at, entries.c.first_seen_at, type_=UtcTime)
    newest = select(dated).where(entries.c.feed_id == feed_id).order_by(dated.desc()).limit(limit)
    return list(connection.execute(newest).scalars())


def held_entries(connection: Connection) -> dict[int, int]:
    """Count the entries that the flood brake holds back, by feed; feeds without any are left out."""
    rows = connection.execute(
        select(entries.c.feed_id, func.count().label("held"))
        .join(articles, entries.c.article_id == articles.c.id)
        .where(entries.c.held.is_(True), articles.c.state == ArticleState.HELD)
        .group_by(entries.c.feed_id)
    )
    return {row.feed_id: row.held for row in rows}


def release_held(connection: Connection, feed_id: int) -> int:
    """Have a feed's held entries read and owed like any new one; return how many articles that sets free."""
    held = entries.c.feed_id == feed_id, entries.c.held.is_(True)
    freed = connection.execute(
        update(articles)
        .where(articles.c.id.in_(select(entries.c.article_id).where(*held)))
        .where(articles.c.state == ArticleState.HELD)
        .values(state=ArticleState.TO_READ, owed=True)
    ).rowcount
    connection.execute(update(entries).where(*held).values(held=False))
    return freed


# ── What is there ────────────────────────────────────────────────────────────────────────────────────────


class _Known(NamedTuple):
    content_hash: bytes
    article_id: int
    dated_at: datetime


class _Linked(NamedTuple):
    id: int
    unread: bool
    """Judged off topic by title and summary alone, or held back: another feed may say more, or say it now."""


def _known(connection: Connection, feed_id: int, keys: Sequence[bytes]) -> dict[bytes, _Known]:
    found: dict[bytes, _Known] = {}
    for some in batches(keys):
        for row in connection.execute(_KNOWN, {"feed_id": feed_id, "keys": some}):
            found[row.key] = _Known(row.content_hash, row.article_id, row.published_at or row.first_seen_at)
    return found


def _linked(connection: Connection, link_keys: Sequence[bytes]) -> dict[bytes, _Linked]:
    found: dict[bytes, _Linked] = {}
    for some in batches(link_keys):
        for row in connection.execute(_LINKED, {"link_keys": some}):
            unread = row.state in (ArticleState.OFF_TOPIC, ArticleState.HELD) and row.version == 0
            found[row.link_key] = _Linked(row.id, unread)
    return found


# ── Saving ───────────────────────────────────────────────────────────────────────────────────────────────


class _Saving:
    """One poll's entries on their way in: new articles are collected and inserted together."""

    def __init__(self, connection: Connection, poll: Poll, at: datetime) -> None:
        keys = {entry.keys.key for entry in poll.entries}
        keys.update(entry.renamed for entry in poll.entries if entry.renamed)
        self._connection = connection
        self._feed = poll.feed
        self._entries = poll.entries
        self._at = at
        self._known = _known(connection, poll.feed.id, list(keys))
        self._linked = _linked(
            connection, [entry.keys.link_key for entry in poll.entries if entry.keys.link_key]
        )
        self._new: list[tuple[NewEntry, bool]] = []
        """Entries that bring an article of their own, and whether their key is stored already."""
        self._rows: list[dict[str, Any]] = []

    def save(self) -> int:
        done: set[bytes] = set()
        for entry in self._entries:
            # The same document may hold this entry once more.
            if entry.keys.key not in done:
                done.add(entry.keys.key)
                self._take(entry)
        created = self._add_articles()
        if self._rows:
            self._connection.execute(_ADD_ENTRIES, self._rows)
        self._note_newest_date()
        return created

    def _take(self, entry: NewEntry) -> None:
        stored = self._known.get(entry.keys.key)
        former = self._known.get(entry.renamed) if entry.renamed else None
        if stored is not None:
            if stored.content_hash == entry.keys.content_hash:
                return
            if entry.reused:
                self._new.append((entry, True))
            elif entry.edited:
                self._edit(entry, stored.article_id)
        elif former is not None:
            self._rows.append(self._row(entry, former.article_id))
            if entry.edited and former.content_hash != entry.keys.content_hash:
                self._read_again(entry, former.article_id)
        else:
            self._new.append((entry, False))

    def _add_articles(self) -> int:
        """Insert the articles that nobody has yet, and point their entries at them."""
        fresh: list[NewEntry] = []
        for entry, _ in self._new:
            link = entry.keys.link_key
            if link is None or link not in self._linked:
                fresh.append(entry)
                if link is not None:
                    self._linked[link] = _Linked(0, unread=False)
        rows = [self._article(entry) for entry in fresh]
        ids = self._connection.execute(_ADD_ARTICLES, rows).scalars().all() if rows else ()
        made = {id(entry): article_id for entry, article_id in zip(fresh, ids, strict=True)}
        for entry in fresh:
            if entry.keys.link_key is not None:
                self._linked[entry.keys.link_key] = _Linked(made[id(entry)], unread=not entry.on_topic)
        for entry, known in self._new:
            self._point(entry, made.get(id(entry)), known=known)
        return len(fresh)

    def _point(self, entry: NewEntry, made: int | None, *, known: bool) -> None:
        article_id = made
        if article_id is None:
            article = self._linked[entry.keys.link_key or b""]
            article_id = article.id
            if article.unread and entry.on_topic and not entry.held:
                _send_to_reading(self._connection, article_id, entry)
                self._linked[entry.keys.link_key or b""] = _Linked(article_id, unread=False)
        row = self._row(entry, article_id, held=entry.held and made is not None)
        if known:
            self._connection.execute(_UPDATE_ENTRY, {"of_feed": row["feed_id"], "of_key": row["key"], **row})
        else:
            self._rows.append(row)

    def _edit(self, entry: NewEntry, article_id: int) -> None:
        self._connection.execute(
            _UPDATE_ENTRY,
            {
                "of_feed": self._feed.id,
                "of_key": entry.keys.key,
                "content_hash": entry.keys.content_hash,
                "published_at": self._published_at(entry),
            },
        )
        self._read_again(entry, article_id)

    def _read_again(self, entry: NewEntry, article_id: int) -> None:
        """Have an edited article read again, at the address that its entry names now."""
        if entry.on_topic:
            _send_to_reading(self._connection, article_id, entry)
        address = {"url": entry.data.link} if entry.data.link else {}
        self._connection.execute(
            update(articles).where(articles.c.id == article_id).values(**_brought(entry), **address)
        )

    def _note_newest_date(self) -> None:
        dates = [date for entry in self._entries if (date := self._published_at(entry))]
        if not dates:
            return
        self._connection.execute(_NEWEST_DATE, {"of_feed": self._feed.id, "newest": max(dates)})

    def _published_at(self, entry: NewEntry) -> datetime | None:
        """A date that lies ahead says no more than that we see the entry now (I8)."""
        date = entry.data.published_at or entry.data.updated_at
        return min(date, self._at) if date else None

    def _row(self, entry: NewEntry, article_id: int, *, held: bool = False) -> dict[str, Any]:
        return {
            "feed_id": self._feed.id,
            "key": entry.keys.key,
            "content_hash": entry.keys.content_hash,
            "article_id": article_id,
            "guid": entry.data.guid,
            "first_seen_at": self._at,
            "published_at": self._published_at(entry),
            "held": held,
        }

    def _article(self, entry: NewEntry) -> dict[str, Any]:
        data = entry.data
        state = ArticleState.TO_READ if entry.on_topic else ArticleState.OFF_TOPIC
        return {
            "url": data.link,
            "link_key": entry.keys.link_key,
            "outlet": data.outlet or self._feed.title,
            "title": data.title,
            "summary": data.summary,
            "entry_text": data.text,
            "state": ArticleState.HELD if entry.held else state,
            "first_seen_at": self._at,
            "published_at": data.published_at,
            "language": data.language,
            "author": data.author,
            "version": 0,
            "owed": entry.owed and not entry.held,
            "attempts": 0,
            "read_chars": 0,
            "unread_reason": "",
        }


def _save_aliases(connection: Connection, poll: Poll) -> None:
    if poll.aliases:
        rows = [{"feed_id": poll.feed.id, "alias": alias, "key": key} for alias, key in poll.aliases]
        connection.execute(_KEEP_ALIAS, rows)
    if poll.collided:
        before = connection.execute(
            select(feeds.c.aliases_off).where(feeds.c.id == poll.feed.id)
        ).scalar_one()
        kinds = " ".join(sorted({*before.split(), *poll.collided}))
        connection.execute(update(feeds).where(feeds.c.id == poll.feed.id).values(aliases_off=kinds))


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
