"""Stories: where an article is placed, and how a story is put together to be shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from bot.model import ArticleSketch, Placement, Story, StorySketch
from bot.store.rows import (
    ARTICLE_COLUMNS,
    AnyRow,
    article_of,
    batches,
    first_seen_within,
    listed,
    new_id,
    unlisted,
)
from bot.store.tables import article_topics, articles, stories


def place(connection: Connection, placement: Placement, sketch: ArticleSketch, at: datetime) -> int:
    """Save how the story looks with the article in it; return the story's id, a new one for a new story."""
    merged = placement.merged or StorySketch(0, sketch.vector, sketch.names, sketch.numbers, 1, at)
    looks = {
        "vector": merged.vector,
        "names": listed(merged.names),
        "numbers": listed(merged.numbers),
        "articles": merged.articles,
        "last_at": merged.last_at,
    }
    if placement.story_id is None:
        opened = connection.execute(insert(stories).values(looks))
        return new_id(opened)
    if placement.merged is not None:
        connection.execute(update(stories).where(stories.c.id == placement.story_id).values(looks))
    return placement.story_id


def close_if_empty(connection: Connection, story_id: int) -> None:
    """Remove a story that its last article has left."""
    inhabited = exists().where(articles.c.story_id == story_id)
    connection.execute(delete(stories).where(stories.c.id == story_id, ~inhabited))


def story_sketches(connection: Connection, since: datetime) -> list[StorySketch]:
    """Give the sketches of stories whose newest article is from ``since`` or later, by id."""
    rows = connection.execute(select(stories).where(stories.c.last_at >= since).order_by(stories.c.id))
    return [
        StorySketch(row.id, row.vector, unlisted(row.names), unlisted(row.numbers), row.articles, row.last_at)
        for row in rows
    ]


def stories_by_id(connection: Connection, ids: Sequence[int]) -> list[Story]:
    """Give these stories in the order asked for, each with its articles, first seen first."""
    found: defaultdict[int, list[AnyRow]] = defaultdict(list)
    scores: defaultdict[int, dict[str, float]] = defaultdict(dict)
    wanted = list(dict.fromkeys(ids))
    for some in batches(wanted):
        for row in connection.execute(
            select(*ARTICLE_COLUMNS, articles.c.copy_of, articles.c.tier)
            .where(articles.c.story_id.in_(some))
            .order_by(articles.c.first_seen_at, articles.c.id)
        ):
            found[row.story_id].append(row)
        for story_id, topic, score in connection.execute(
            select(articles.c.story_id, article_topics.c.topic, func.max(article_topics.c.score))
            .join(article_topics, article_topics.c.article_id == articles.c.id)
            .where(articles.c.story_id.in_(some))
            .group_by(articles.c.story_id, article_topics.c.topic)
        ):
            scores[story_id][topic] = score
    return [_story(story_id, found[story_id], scores[story_id]) for story_id in wanted if story_id in found]


def stories_between(
    connection: Connection, topic: str, since: datetime | None, until: datetime | None, limit: int
) -> list[Story]:
    """Give the stories with an article of this topic first seen in the period, latest first."""
    latest = func.max(articles.c.first_seen_at)
    wanted = (
        select(articles.c.story_id)
        .where(articles.c.story_id.is_not(None), first_seen_within(since, until))
        .group_by(articles.c.story_id)
        .order_by(latest.desc(), articles.c.story_id.desc())
        .limit(limit)
    )
    if topic:
        wanted = wanted.join(article_topics, article_topics.c.article_id == articles.c.id).where(
            article_topics.c.topic == topic
        )
    return stories_by_id(connection, connection.execute(wanted).scalars().all())


def _story(story_id: int, rows: Sequence[AnyRow], scores: dict[str, float]) -> Story:
    """Put a story together from its articles, first seen first."""
    told = tuple(article_of(row) for row in rows)
    here = {row.id for row in rows}
    # A copy of a text that stands in another story counts for that text, once. An outlet's second article on
    # the event is no second origin.
    elsewhere = {row.copy_of for row in rows if row.tier != "original" and row.copy_of not in here}
    originals = {row.outlet.casefold() for row in rows if row.tier == "original"}
    english = (
        row.title for row in rows if row.tier == "original" and row.language.casefold().startswith("en")
    )
    return Story(
        id=story_id,
        headline=next(english, told[0].title),
        first_seen_at=told[0].first_seen_at,
        last_seen_at=told[-1].first_seen_at,
        first_outlet=told[0].outlet,
        articles=told,
        outlets=tuple(dict.fromkeys(one.outlet for one in told)),
        origins=len(originals) + len(elsewhere),
        topics=tuple(sorted(scores, key=lambda topic: (-scores[topic], topic))),
    )
