"""Articles on their way from entry to statements, and their readings saved whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Integer, column, delete, insert, select, update, values

from bot.model import Article, ArticleState, TextVersion, Trouble
from bot.ports import ArticleToRead, ReadArticle
from bot.store.rows import ARTICLE_COLUMNS, article_of, listed, new_id, trouble_columns
from bot.store.statements_sql import save_statements
from bot.store.stories_sql import close_if_empty, place
from bot.store.tables import article_topics, articles, copy_bands, text_versions

_MOST_CANDIDATES = 50

_SIGNED = 1 << 63


def articles_to_read(connection: Connection, now: datetime, limit: int) -> list[ArticleToRead]:
    """Give the articles that may be read now, first seen first."""
    may_be_tried = articles.c.not_before.is_(None) | (articles.c.not_before <= now)
    rows = connection.execute(
        select(*ARTICLE_COLUMNS, articles.c.summary, articles.c.entry_text)
        .where(articles.c.state == ArticleState.TO_READ, may_be_tried)
        .order_by(articles.c.first_seen_at, articles.c.id)
        .limit(limit)
    )
    return [ArticleToRead(article_of(row), row.summary, row.entry_text) for row in rows]


def save_unread(
    connection: Connection,
    article_id: int,
    *,
    state: ArticleState,
    attempts: int,
    not_before: datetime | None,
    trouble: Trouble,
) -> None:
    """Record a failed reading; what earlier readings found stays.

    Raise ``LookupError`` for no such article, ``ValueError`` for a state that no failure leads to.
    """
    if state not in {ArticleState.TO_READ, ArticleState.UNREADABLE}:
        raise ValueError(f"a failed reading leaves an article to_read or unreadable, not {state}")
    saved = connection.execute(
        update(articles)
        .where(articles.c.id == article_id)
        .values(state=state, attempts=attempts, not_before=not_before, **trouble_columns(trouble))
    )
    if not saved.rowcount:
        raise LookupError(f"there is no article {article_id}")


def save_reading(connection: Connection, read: ReadArticle) -> int:
    """Save text, statements and place together; return how many statements are new.

    Raise ``LookupError`` when there is no such article.
    """
    before = connection.execute(
        select(articles.c.version, articles.c.title, articles.c.story_id, articles.c.published_at).where(
            articles.c.id == read.article_id
        )
    ).one_or_none()
    if before is None:
        raise LookupError(f"there is no article {read.article_id}")
    title = read.title or before.title
    version, text_id = _save_text(connection, read, title, before.version)
    on_topic = any(topic == "war" for topic, _ in read.topics)
    story_id = place(connection, read.placement, read.sketch, read.at) if on_topic else None
    connection.execute(
        update(articles)
        .where(articles.c.id == read.article_id)
        .values(
            title=title,
            state=ArticleState.READ if on_topic else ArticleState.OFF_TOPIC,
            published_at=read.published_at or before.published_at,
            read_at=read.at,
            language=read.language,
            author=read.author,
            version=version,
            text_id=text_id,
            text_source=read.text_source,
            attempts=0,
            not_before=None,
            **trouble_columns(read.trouble),
            read_chars=read.reading.read_chars,
            unread_reason=read.reading.unread_reason,
            story_id=story_id,
            copy_of=read.placement.copy_of if on_topic else None,
            tier=read.placement.tier if on_topic else None,
            similarity=read.placement.similarity if on_topic else None,
            placed_why=read.placement.why if on_topic else None,
            vector=read.sketch.vector,
            names=listed(read.sketch.names),
            numbers=listed(read.sketch.numbers),
            minhash=read.sketch.minhash,
        )
    )
    if before.story_id is not None and before.story_id != story_id:
        close_if_empty(connection, before.story_id)
    _replace_topics(connection, read, on_topic)
    _replace_bands(connection, read, on_topic)
    return save_statements(connection, read, title, version, shown=on_topic)


def copy_candidates(
    connection: Connection, bands: Sequence[int], since: datetime
) -> list[tuple[int, str, bytes]]:
    """Give (id, text, minhash) of on-topic articles that share a band, oldest first, at most 50."""
    if not bands:
        return []
    # Joined from its side, each band is one step down the index; as an IN list, all bands would be walked.
    asked = (
        values(column("band", Integer), column("hash", Integer), name="asked").data(_numbered(bands)).cte()
    )
    sharing = (
        select(copy_bands.c.article_id)
        .select_from(asked)
        .join(copy_bands, (copy_bands.c.band == asked.c.band) & (copy_bands.c.hash == asked.c.hash))
    )
    rows = connection.execute(
        select(articles.c.id, text_versions.c.text, articles.c.minhash)
        .join(text_versions, text_versions.c.id == articles.c.text_id)
        .where(articles.c.id.in_(sharing), articles.c.first_seen_at >= since)
        .order_by(articles.c.first_seen_at, articles.c.id)
        .limit(_MOST_CANDIDATES)
    )
    return [(row.id, row.text, row.minhash) for row in rows]


def article(connection: Connection, article_id: int) -> Article | None:
    """Give one article, or None."""
    row = connection.execute(select(*ARTICLE_COLUMNS).where(articles.c.id == article_id)).one_or_none()
    return None if row is None else article_of(row)


def article_by_url(connection: Connection, url: str, link_key: bytes | None) -> Article | None:
    """Give the article with this very address, else the one with its canonical key."""
    same = select(*ARTICLE_COLUMNS).order_by(articles.c.id).limit(1)
    row = connection.execute(same.where(articles.c.url == url)).one_or_none() if url else None
    if row is None and link_key is not None:
        row = connection.execute(same.where(articles.c.link_key == link_key)).one_or_none()
    return None if row is None else article_of(row)


def text_version(connection: Connection, article_id: int, version: int | None) -> TextVersion | None:
    """Give one stored text of an article, the newest unless told."""
    wanted = select(text_versions).where(text_versions.c.article_id == article_id)
    if version is not None:
        wanted = wanted.where(text_versions.c.version == version)
    row = connection.execute(wanted.order_by(text_versions.c.version.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return TextVersion(row.article_id, row.version, row.text, row.body_at, row.stored_at)


def _save_text(connection: Connection, read: ReadArticle, title: str, newest: int) -> tuple[int, int]:
    """Store the text if it differs from the newest; return its version and its id."""
    sha256 = hashlib.sha256(read.text.encode()).digest()
    stored = connection.execute(
        select(text_versions.c.id, text_versions.c.sha256).where(
            text_versions.c.article_id == read.article_id, text_versions.c.version == newest
        )
    ).one_or_none()
    if stored is not None and stored.sha256 == sha256:
        return newest, stored.id
    added = connection.execute(
        insert(text_versions),
        {
            "article_id": read.article_id,
            "version": newest + 1,
            "title": title,
            "text": read.text,
            "body_at": read.body_at,
            "sha256": sha256,
            "stored_at": read.at,
        },
    )
    return newest + 1, new_id(added)


def _replace_topics(connection: Connection, read: ReadArticle, on_topic: bool) -> None:
    connection.execute(delete(article_topics).where(article_topics.c.article_id == read.article_id))
    if on_topic:
        connection.execute(
            insert(article_topics),
            [
                {"topic": topic, "article_id": read.article_id, "score": score}
                for topic, score in dict(read.topics).items()
            ],
        )


def _replace_bands(connection: Connection, read: ReadArticle, on_topic: bool) -> None:
    """Articles off topic keep no bands: a copy of one is off topic itself."""
    connection.execute(delete(copy_bands).where(copy_bands.c.article_id == read.article_id))
    if on_topic and read.sketch.bands:
        connection.execute(
            insert(copy_bands),
            [
                {"band": band, "hash": hashed, "article_id": read.article_id}
                for band, hashed in _numbered(read.sketch.bands)
            ],
        )


def _numbered(bands: Sequence[int]) -> list[tuple[int, int]]:
    """Pair each band's hash with its position; 64-bit hashes are folded into SQLite's signed integers."""
    return [(band, (hashed + _SIGNED) % (2 * _SIGNED) - _SIGNED) for band, hashed in enumerate(bands)]
