"""Rows to values and back, where several subjects share them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, CursorResult, Row, Table, func, select, true

from bot.model import Article, ArticleState, Trouble
from bot.store.tables import articles

T = TypeVar("T")

AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"
"""A row of columns that are read by name."""

_AT_ONCE = 500

ARTICLE_COLUMNS = (
    articles.c.id,
    articles.c.url,
    articles.c.outlet,
    articles.c.title,
    articles.c.state,
    articles.c.first_seen_at,
    articles.c.published_at,
    articles.c.read_at,
    articles.c.language,
    articles.c.author,
    articles.c.version,
    articles.c.text_source,
    articles.c.story_id,
    articles.c.owed,
    articles.c.attempts,
    articles.c.trouble_cause,
    articles.c.trouble_since,
    articles.c.trouble_next_step,
)
"""All that makes an ``Article``; its texts and sketch are left in the database."""


def batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut into pieces that fit into one IN list (SQLite takes at most 32,766 values)."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def count(connection: Connection, table: Table, wanted: ColumnElement[bool]) -> int:
    """Count the rows of a table that fit."""
    return connection.execute(select(func.count()).select_from(table).where(wanted)).scalar_one()


def new_id(inserted: CursorResult[Any]) -> int:
    """Give the id that the database chose for an inserted row."""
    key = inserted.inserted_primary_key
    assert key is not None
    return int(key[0])


def first_seen_within(since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    """Keep to articles first seen from ``since`` to before ``until``; None leaves that end open."""
    condition: ColumnElement[bool] = true()
    if since is not None:
        condition &= articles.c.first_seen_at >= since
    if until is not None:
        condition &= articles.c.first_seen_at < until
    return condition


def article_of(row: AnyRow) -> Article:
    """Read an article from ``ARTICLE_COLUMNS``."""
    return Article(
        id=row.id,
        url=row.url,
        outlet=row.outlet,
        title=row.title,
        state=ArticleState(row.state),
        first_seen_at=row.first_seen_at,
        published_at=row.published_at,
        read_at=row.read_at,
        language=row.language,
        author=row.author,
        version=row.version,
        text_source=row.text_source,
        story_id=row.story_id,
        owed=row.owed,
        attempts=row.attempts,
        trouble=trouble_of(row),
    )


def trouble_of(row: AnyRow) -> Trouble | None:
    """Read the three trouble columns that feeds and articles have."""
    if row.trouble_cause is None:
        return None
    return Trouble(row.trouble_cause, row.trouble_since, row.trouble_next_step)


def trouble_columns(trouble: Trouble | None) -> dict[str, Any]:
    """Spread a trouble over its three columns; None clears them."""
    return {
        "trouble_cause": trouble.cause if trouble else None,
        "trouble_since": trouble.since if trouble else None,
        "trouble_next_step": trouble.next_step if trouble else None,
    }


def listed(words: Sequence[str]) -> str:
    """Store a list of words in one column."""
    return json.dumps(words, ensure_ascii=False)


def unlisted(text: str) -> tuple[str, ...]:
    """Read what ``listed`` stored."""
    return tuple(json.loads(text))
