"""Full text over articles and statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, union

from bot.model import Article, StoredStatement
from bot.ports import Hits
from bot.store.full_text import article_index, expression, matches, statement_index, words_of
from bot.store.rows import ARTICLE_COLUMNS, article_of, first_seen_within
from bot.store.statements_sql import STATEMENT_COLUMNS, statement_of
from bot.store.tables import articles, statements


def search(
    connection: Connection, text: str, since: datetime | None, until: datetime | None, limit: int
) -> Hits:
    """Find all the words in one article or one statement, best first; as beginnings of words if as such nowhere."""
    words = words_of(text)
    if not words:
        return Hits((), (), 0)
    exact = _search(connection, words, since, until, limit, beginnings=False)
    return exact if exact.total else _search(connection, words, since, until, limit, beginnings=True)


def _search(
    connection: Connection,
    words: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    limit: int,
    *,
    beginnings: bool,
) -> Hits:
    period = first_seen_within(since, until)
    in_text = matches(article_index, expression(words, beginnings=beginnings))
    in_statement = matches(statement_index, expression(words, beginnings=beginnings, columns="words speaker"))
    written = (
        select(articles.c.id)
        .select_from(article_index)
        .join(articles, articles.c.text_id == article_index.c.rowid)
        .where(in_text, articles.c.story_id.is_not(None), period)
    )
    said = (
        select(statements.c.serial)
        .select_from(statement_index)
        .join(statements, statements.c.serial == statement_index.c.rowid)
        .join(articles, articles.c.id == statements.c.article_id)
        .where(in_statement, statements.c.shown, period)
    )
    either = union(written, said.with_only_columns(statements.c.article_id)).subquery()
    # Ranked by id first: rows sorted whole would be a hundred times as wide.
    best_articles = written.order_by(article_index.c.rank, articles.c.id.desc()).limit(limit)
    best_statements = said.order_by(statement_index.c.rank, statements.c.serial.desc()).limit(limit)
    return Hits(
        statements=_statements(connection, connection.execute(best_statements).scalars().all()),
        articles=_articles(connection, connection.execute(best_articles).scalars().all()),
        total=connection.execute(select(func.count()).select_from(either)).scalar_one(),
    )


def _articles(connection: Connection, ids: Sequence[int]) -> tuple[Article, ...]:
    rows = connection.execute(select(*ARTICLE_COLUMNS).where(articles.c.id.in_(ids)))
    return tuple(sorted((article_of(row) for row in rows), key=lambda one: ids.index(one.id)))


def _statements(connection: Connection, serials: Sequence[int]) -> tuple[StoredStatement, ...]:
    rows = connection.execute(
        select(*STATEMENT_COLUMNS)
        .join(articles, articles.c.id == statements.c.article_id)
        .where(statements.c.serial.in_(serials))
    )
    return tuple(sorted((statement_of(row) for row in rows), key=lambda one: serials.index(one.serial)))
