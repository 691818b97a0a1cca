"""What grows old and is let go: texts, copy marks, sent digests, answers; the space this frees; wrong times.

Never let go: the keys of entries (an entry must not become new again), statements, stories, what owners were told.
Articles are taken in the order in which they were first seen; a mark in ``chores`` says how far one has come, so that
nothing is looked at twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from bot.model import ArticleState, DeliveryState, Schedule
from bot.ports import Prunable
from bot.schedules import next_due
from bot.store.spaces_sql import schedule_of
from bot.store.tables import (
    articles,
    chores,
    copy_bands,
    deliveries,
    followups,
    subscriptions,
    text_versions,
)

_DAILY = "daily"
_OPEN = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN)
_YET_TO_READ = (ArticleState.TO_READ, ArticleState.HELD)
_RESERVE = 0.1
"""Free pages that are kept for what comes tomorrow, as a share of all."""
_LEAST_RESERVE = 1_000
_OUT_OF_REACH = timedelta(days=1)
"""Nothing waits for so long beyond its turn, unless the clock was wrong."""


def last_upkeep(connection: Connection) -> datetime | None:
    """Say when the daily upkeep was last done."""
    return connection.execute(select(chores.c.done_at).where(chores.c.name == _DAILY)).scalar()


def upkeep_done(connection: Connection, now: datetime) -> None:
    """Remember that the daily upkeep is done."""
    _mark(connection, _DAILY, now)


def prune(connection: Connection, what: Prunable, before: datetime, limit: int) -> int:
    """Let go of at most so many that are older than ``before``; return how many were looked at, 0 at the end."""
    if what == "answers":
        return _prune_answers(connection, before, limit)
    if what == "digests":
        return _prune_digests(connection, before, limit)
    let_go = {"texts": _let_go_of_texts, "copies": _let_go_of_bands}[what]
    return _walk_articles(connection, what, before, limit, let_go)


def give_back_space(connection: Connection, pages: int) -> int:
    """Cut at most so many free pages off the file; return how many, 0 when only the reserve is left.

    A file that keeps no track of its free pages (made before revision 0002, never restored) stays as long as it is;
    its free pages are used again.
    """
    count, free, tracked = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        for name in ("page_count", "freelist_count", "auto_vacuum")
    )
    spare = int(free - max(count * _RESERVE, _LEAST_RESERVE)) if tracked else 0
    wanted = max(min(spare, pages), 0)
    raw = connection.connection.dbapi_connection
    assert raw is not None
    for _ in range(wanted):
        # Each step of this statement frees one page and gives a row without columns, which Python cannot fetch.
        raw.cursor().execute("PRAGMA incremental_vacuum(1)").close()
    return wanted


def mend_times(connection: Connection, now: datetime) -> int:
    """Pull back into reach what a clock that ran ahead has put off; return how many rows were changed.

    A digest never gets a due time that one of its subscription had already: it would count as saved before.
    """
    retried = connection.execute(
        update(articles)
        .where(articles.c.state == ArticleState.TO_READ, articles.c.not_before > now + _OUT_OF_REACH)
        .values(not_before=None)
    ).rowcount
    waiting = select(subscriptions.c.id, subscriptions.c.schedule).where(
        subscriptions.c.paused.is_(False), subscriptions.c.next_at > now + _OUT_OF_REACH
    )
    moved = 0
    for row in connection.execute(waiting).all():
        next_at = _first_unused(connection, row.id, schedule_of(row), now)
        moved += connection.execute(
            update(subscriptions)
            .where(subscriptions.c.id == row.id, subscriptions.c.next_at > next_at + _OUT_OF_REACH)
            .values(next_at=next_at)
        ).rowcount
    return retried + moved


def _first_unused(
    connection: Connection, subscription_id: int, schedule: Schedule, now: datetime
) -> datetime:
    next_at = next_due(schedule, now)
    used = exists().where(deliveries.c.subscription_id == subscription_id)
    while connection.execute(select(used.where(deliveries.c.due_at == next_at))).scalar():
        next_at = next_due(schedule, next_at)
    return next_at


def _walk_articles(
    connection: Connection,
    name: str,
    before: datetime,
    limit: int,
    let_go: Callable[[Connection, Sequence[int]], None],
) -> int:
    come_to = connection.execute(select(chores.c.done_at).where(chores.c.name == name)).scalar()
    rows = connection.execute(
        select(articles.c.id, articles.c.first_seen_at)
        .where(articles.c.first_seen_at >= (come_to or datetime.min.replace(tzinfo=UTC)))
        .where(articles.c.first_seen_at < before)
        .order_by(articles.c.first_seen_at)
        .limit(limit)
    ).all()
    if not rows:
        return 0
    let_go(connection, [row.id for row in rows])
    last = rows[-1].first_seen_at
    if len(rows) < limit:
        _mark(connection, name, before)
    elif last == rows[0].first_seen_at:
        # One poll brought more than a batch: all of that instant go together, else the mark would never move.
        same = articles.c.first_seen_at == last
        let_go(connection, connection.execute(select(articles.c.id).where(same)).scalars().all())
        following = select(func.min(articles.c.first_seen_at)).where(articles.c.first_seen_at > last)
        _mark(connection, name, min(connection.execute(following).scalar() or before, before))
    else:
        _mark(connection, name, last)
    return len(rows)


def _let_go_of_texts(connection: Connection, ids: Sequence[int]) -> None:
    """Forget texts, and what only serves to place an article that is new; titles and statements stay."""
    settled = articles.c.id.in_(ids) & articles.c.state.not_in(_YET_TO_READ)
    pruned = connection.execute(select(articles.c.id).where(settled)).scalars().all()
    connection.execute(delete(text_versions).where(text_versions.c.article_id.in_(pruned)))
    connection.execute(
        update(articles)
        .where(articles.c.id.in_(pruned))
        .values(text_id=None, summary="", entry_text="", vector=None, names=None, numbers=None, minhash=None)
    )


def _let_go_of_bands(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(delete(copy_bands).where(copy_bands.c.article_id.in_(ids)))


def _prune_digests(connection: Connection, before: datetime, limit: int) -> int:
    """Forget deliveries that have come to their end, oldest first; ids rise with time."""
    oldest_kept = (
        select(deliveries.c.id).where(deliveries.c.due_at >= before).order_by(deliveries.c.id).limit(1)
    )
    old = (
        select(deliveries.c.id).where(deliveries.c.state.not_in(_OPEN)).order_by(deliveries.c.id).limit(limit)
    )
    if (first := connection.execute(oldest_kept).scalar()) is not None:
        old = old.where(deliveries.c.id < first)
    return connection.execute(delete(deliveries).where(deliveries.c.id.in_(old.scalar_subquery()))).rowcount


def _prune_answers(connection: Connection, before: datetime, limit: int) -> int:
    expired = select(followups.c.number).where(followups.c.expires_at < before).limit(limit)
    return connection.execute(
        delete(followups).where(followups.c.number.in_(expired.scalar_subquery()))
    ).rowcount


def _mark(connection: Connection, name: str, at: datetime) -> None:
    connection.execute(
        insert_or(chores)
        .values(name=name, done_at=at)
        .on_conflict_do_update(index_elements=[chores.c.name], set_={"done_at": at})
    )
