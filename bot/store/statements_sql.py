"""Statements: saved once under a lasting id, and asked for in many ways."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    distinct,
    exists,
    false,
    func,
    insert,
    select,
    update,
)

from bot.model import ArticleState, Statement, StoredStatement
from bot.ports import ReadArticle, Searched, Wanted
from bot.store.full_text import expression, matches, statement_index, words_of
from bot.store.rows import AnyRow, first_seen_within
from bot.store.tables import article_topics, articles, statements

_PAYLOAD: TypeAdapter[Statement] = TypeAdapter(Statement)

_NO_WORD = re.compile(r"[\W_]+")

_FOUND_AGAIN = update(statements).where(statements.c.serial == bindparam("known_serial"))

STATEMENT_COLUMNS = (
    statements.c.id,
    statements.c.serial,
    statements.c.article_id,
    statements.c.last_version,
    statements.c.stored_at,
    statements.c.payload,
    articles.c.outlet,
    articles.c.url,
    articles.c.title.label("article_title"),
    articles.c.story_id,
    articles.c.first_seen_at,
    articles.c.published_at,
)


def statement_id(article_id: int, statement: Statement) -> str:
    """Make a statement's lasting id: 32 hex digits of its article, its content's words and its speaker.

    Case, punctuation, spacing and Unicode forms do not count, so that a better reader, or an edit that moves a
    comma, finds the same statement again.
    """
    spoken = unicodedata.normalize("NFKC", " ".join(piece.text for piece in statement.pieces)).casefold()
    words = _NO_WORD.sub(" ", spoken).strip()
    made_of = f"{article_id}\n{words}\n{statement.speaker.casefold()}"
    return hashlib.blake2b(made_of.encode(), digest_size=16).hexdigest()


def save_statements(
    connection: Connection, read: ReadArticle, title: str, version: int, *, shown: bool
) -> int:
    """Save what a reading found; return how many of it was said and is new.

    A known statement keeps its serial and gets the new text's offsets. What this reading did not find again is
    kept, but shown no longer.
    """
    known = {
        row.id: row.serial
        for row in connection.execute(
            select(statements.c.id, statements.c.serial).where(statements.c.article_id == read.article_id)
        )
    }
    if known:
        connection.execute(
            update(statements).where(statements.c.article_id == read.article_id).values(shown=False)
        )
    new, again = [], []
    for identity, statement in _told_apart(read.article_id, read.reading.statements):
        columns = {
            "last_version": version,
            "shown": shown and statement.act == "said",
            "act": statement.act,
            "kind": statement.kind,
            "speaker": statement.speaker,
            "words": " ".join(piece.text for piece in statement.pieces),
            "sentence": statement.sentence_text,
            "title": title,
            "reader": read.reading.reader,
            "payload": _PAYLOAD.dump_json(statement).decode(),
        }
        if identity in known:
            again.append({"known_serial": known[identity], **columns})
        else:
            new.append(
                {
                    "id": identity,
                    "article_id": read.article_id,
                    "first_version": version,
                    "stored_at": read.at,
                    **columns,
                }
            )
    if again:
        connection.execute(_FOUND_AGAIN, again)
    if new:
        connection.execute(insert(statements), new)
    return sum(columns["act"] == "said" for columns in new)


def _told_apart(article_id: int, found: Iterable[Statement]) -> list[tuple[str, Statement]]:
    """Give each statement its id; of two with the same id, the one in the body, which says more, stays."""
    kept: dict[str, Statement] = {}
    for statement in found:
        identity = statement_id(article_id, statement)
        first = kept.get(identity)
        if first is None or (first.headline and not statement.headline):
            kept[identity] = statement
    return list(kept.items())


def statements_wanted(connection: Connection, wanted: Wanted) -> list[StoredStatement]:
    """Give what was said and is wanted, oldest first seen first."""
    asked = (
        select(*STATEMENT_COLUMNS)
        .join(articles, articles.c.id == statements.c.article_id)
        .where(
            statements.c.shown,
            first_seen_within(wanted.since, wanted.until),
            *_by_article(connection, wanted),
            *_by_speech(wanted),
            *_by_serial(wanted),
        )
        .order_by(articles.c.first_seen_at, statements.c.serial)
        .limit(wanted.limit)
    )
    return [statement_of(row) for row in connection.execute(asked)]


def speakers(connection: Connection) -> list[tuple[str, int]]:
    """Give every speaker with the number of statements shown, most quoted first."""
    number = func.count().label("number")
    rows = connection.execute(
        select(statements.c.speaker, number)
        .where(statements.c.shown, statements.c.speaker != "")
        .group_by(statements.c.speaker)
        .order_by(number.desc(), statements.c.speaker)
    )
    return [(row.speaker, row.number) for row in rows]


def last_serial(connection: Connection) -> int:
    """Give the highest serial stored so far, or 0."""
    return connection.execute(select(func.max(statements.c.serial))).scalar() or 0


def searched(connection: Connection, topic: str, since: datetime | None, until: datetime | None) -> Searched:
    """Count what stands behind an answer; an unread article may yet turn out to be of any topic."""
    period = first_seen_within(since, until)
    read = select(func.count(), func.count(distinct(articles.c.outlet))).where(
        articles.c.story_id.is_not(None), period
    )
    if topic:
        read = read.where(_of_topic(topic))
    on_record, outlets = connection.execute(read).one()
    never_read = (
        select(articles.c.state, func.count())
        .where(articles.c.state.in_((ArticleState.TO_READ, ArticleState.UNREADABLE)))
        .where(articles.c.version == 0, period)
        .group_by(articles.c.state)
    )
    waiting: dict[str, int] = dict(connection.execute(never_read).all())
    return Searched(
        articles=on_record,
        outlets=outlets,
        unread=waiting.get(ArticleState.TO_READ, 0),
        unreadable=waiting.get(ArticleState.UNREADABLE, 0),
    )


def statement_of(row: AnyRow) -> StoredStatement:
    """Read a statement with its address from ``STATEMENT_COLUMNS``."""
    return StoredStatement(
        id=row.id,
        serial=row.serial,
        article_id=row.article_id,
        version=row.last_version,
        stored_at=row.stored_at,
        outlet=row.outlet,
        url=row.url,
        title=row.article_title,
        story_id=row.story_id,
        first_seen_at=row.first_seen_at,
        published_at=row.published_at,
        statement=_PAYLOAD.validate_json(row.payload),
    )


def _by_article(connection: Connection, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.topic:
        yield _of_topic(wanted.topic)
    if wanted.outlet:
        # SQLite lowers ASCII letters only; the few outlets are compared here.
        name = wanted.outlet.casefold()
        outlets = connection.execute(select(articles.c.outlet).distinct()).scalars()
        yield articles.c.outlet.in_([outlet for outlet in outlets if name in outlet.casefold()])
    if wanted.story_ids:
        yield articles.c.story_id.in_(wanted.story_ids)
    if wanted.owed_only:
        yield articles.c.owed


def _by_speech(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.speakers:
        yield statements.c.speaker.in_(wanted.speakers)
    if wanted.kind:
        yield statements.c.kind == wanted.kind
    if wanted.about.strip():
        words = words_of(wanted.about)
        asked = expression(words, beginnings=True, columns="words sentence title")
        found = select(statement_index.c.rowid).where(matches(statement_index, asked))
        yield statements.c.serial.in_(found) if words else false()


def _by_serial(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.after_serial is not None:
        yield statements.c.serial > wanted.after_serial
    if wanted.upto_serial is not None:
        yield statements.c.serial <= wanted.upto_serial


def _of_topic(topic: str) -> ColumnElement[bool]:
    # Asked of each article: as a list, a wide topic would be gathered whole for the narrowest question.
    return exists().where(article_topics.c.article_id == articles.c.id, article_topics.c.topic == topic)
