"""The way of an article after its feed was polled: read it, place it in a story, compose the digests.

Each use case ends in one saved fact (a reading, a digest) and can be repeated after a crash. Errors
stop only their own feed or article and are saved in words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import structlog

from bot import queries
from bot.knowledge import Knowledge
from bot.knowledge.words import Words
from bot.message import blocks, notices, paging
from bot.message.blocks import Message
from bot.model import (
    ArticleSketch,
    ArticleState,
    Placement,
    Reading,
    Subscription,
    TextSource,
    Trouble,
)
from bot.polling import Watch
from bot.ports import (
    ArticleToRead,
    Backlog,
    Clock,
    Digest,
    FeedParser,
    Fetcher,
    Overtaken,
    PageReader,
    ReadArticle,
    StatementReader,
    Store,
    WorkerLost,
)
from bot.schedules import next_due
from bot.settings import Settings
from bot.stories import clustering, copies, topics

_log = structlog.get_logger(__name__)

ATTEMPTS = 2
"""A lost worker or a page that could not be had now: the article is tried once more."""
RETRY_AFTER = timedelta(minutes=5)
STORY_WINDOW = timedelta(hours=72)
COPY_WINDOW = timedelta(days=7)
PART_CHARS = 3500
"""Most characters of one part of a digest: what fits one message on the narrowest platform."""
_TEMPORARY = (408, 425, 429)
_SERVER_ERROR = 500
_READER_FAULTS = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError)
"""A bug that one text brings out costs this article; a reader that cannot start at all raises RuntimeError."""

ReadOutcome = Literal["read", "off topic", "later", "unreadable"]


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything the use cases work with."""

    store: Store
    fetcher: Fetcher
    parser: FeedParser
    pages: PageReader
    reader: StatementReader
    knowledge: Knowledge
    words: Words
    settings: Settings
    clock: Clock
    watch: Watch = field(default_factory=Watch)
    placing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One article at a time finds its story, else two of one event would open two."""


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Text:
    """What there is to read: a body under its title, where it came from, and what was in the way."""

    body: str
    source: TextSource
    language: str
    author: str
    published_at: datetime | None
    trouble: Trouble | None = None


class _Later(Exception):
    """The page cannot be had now but may be had soon."""

    def __init__(self, cause: str, next_step: str) -> None:
        super().__init__(cause)
        self.next_step = next_step


async def read_article(waiting: ArticleToRead, tools: Tools) -> ReadOutcome:
    """Get an article's text, find who said what, place it in a story, and save all of it at once."""
    article = waiting.article
    try:
        text = await _get_text(waiting, tools)
        title = article.title
        full = f"{title}\n\n{text.body}"
        reached = topics.score(title, text.body, tools.knowledge.topics)
        if reached:
            reading = await tools.reader.read(full, body_at=len(title) + 2, language=text.language)
        else:
            reading = Reading((), language=text.language, unread_reason="off topic")
    except _Later as error:
        return await _not_read(waiting, str(error), error.next_step, tools)
    except WorkerLost as error:
        return await _not_read(waiting, str(error), "read the article at its outlet", tools)
    except _READER_FAULTS as error:
        _log.exception("the reader failed on a text", article=article.id)
        cause = f"the reader failed on this text ({type(error).__name__}: {error})"
        return await _not_read(waiting, cause, "report it; read the article at its outlet", tools)
    read = ReadArticle(
        article_id=article.id,
        title=title,
        text=full,
        body_at=len(title) + 2,
        text_source=text.source,
        language=reading.language or text.language,
        author=article.author or text.author,
        published_at=article.published_at or text.published_at,
        reading=reading,
        sketch=clustering.sketch(title, text.body, reading.names),
        placement=Placement(story_id=None, merged=None),
        topics=reached,
        at=tools.clock.now(),
        trouble=text.trouble,
    )
    async with tools.placing:
        if reached:
            placement = await _place_in_story(read.sketch, text.body, waiting, tools)
            read = replace(read, placement=placement)
        found = await tools.store.save_reading(read)
    _log.info("read", article=article.id, source=text.source, statements=found, story=read.placement.story_id)
    return "read" if reached else "off topic"


async def _get_text(waiting: ArticleToRead, tools: Tools) -> _Text:
    """The entry's own full text, else the article's page, else its summary."""
    article = waiting.article
    text = _Text(
        waiting.entry_text or waiting.summary, "entry", article.language, article.author, article.published_at
    )
    if waiting.entry_text:
        return text
    text = replace(text, source="summary")
    if not (tools.settings.fetching.pages and article.url):
        return text
    fetched = await tools.fetcher.fetch(article.url, page=True)
    if fetched.outcome == "failed":
        temporary = fetched.status is None or fetched.status in _TEMPORARY or fetched.status >= _SERVER_ERROR
        if temporary and not fetched.definite and article.attempts + 1 < ATTEMPTS:
            raise _Later(fetched.cause, fetched.next_step)
        return replace(text, trouble=_trouble(fetched.cause, fetched.next_step, tools))
    try:
        page = await tools.pages.read_page(fetched.body, url=fetched.url, content_type=fetched.content_type)
    except ValueError as error:
        cause, _, next_step = str(error).partition("; ")
        return replace(text, trouble=_trouble(cause, next_step, tools))
    if len(page.text) <= len(waiting.summary):
        return text
    return _Text(page.text, "page", article.language or page.language, page.author, page.published_at)


def _trouble(cause: str, next_step: str, tools: Tools) -> Trouble:
    return Trouble(cause, tools.clock.now(), next_step or "title and summary were read instead")


async def _not_read(waiting: ArticleToRead, cause: str, next_step: str, tools: Tools) -> ReadOutcome:
    attempts = waiting.article.attempts + 1
    given_up = attempts >= ATTEMPTS
    await tools.store.save_unread(
        waiting.article.id,
        state=ArticleState.UNREADABLE if given_up else ArticleState.TO_READ,
        attempts=attempts,
        not_before=None if given_up else tools.clock.now() + RETRY_AFTER,
        trouble=_trouble(cause, next_step, tools),
    )
    _log.warning("article not read", article=waiting.article.id, cause=cause, given_up=given_up)
    return "unreadable" if given_up else "later"


async def _place_in_story(
    sketch: ArticleSketch, body: str, waiting: ArticleToRead, tools: Tools
) -> Placement:
    """Decide which story the article joins; a copy joins the story of the text it copies."""
    seen_at = waiting.article.first_seen_at
    candidates = [
        candidate
        for candidate in await tools.store.copy_candidates(sketch.bands, seen_at - COPY_WINDOW)
        if candidate[0] != waiting.article.id
    ]
    copy = copies.find_copy(body, candidates)
    sketches = await tools.store.story_sketches(seen_at - STORY_WINDOW)
    if copy is None:
        return clustering.place(sketch, seen_at, sketches)
    original = await tools.store.article(copy[0])
    story = next((story for story in sketches if original and story.story_id == original.story_id), None)
    placement = (
        clustering.join(sketch, seen_at, story) if story else clustering.place(sketch, seen_at, sketches)
    )
    return replace(placement, copy_of=copy[0], tier=copy[1])


# ── Digests ──────────────────────────────────────────────────────────────────────────────────────────────


async def compose_digest(subscription: Subscription, tools: Tools) -> int:
    """Compose a due subscription's digest and save it with its deliveries; return how many are owed.

    After a downtime several due times may have passed: one digest covers them all. It also takes in earlier ones
    that could not be sent for too long, or of which too many wait, and says so.
    """
    backlog = await tools.store.backlog(subscription.id)
    if backlog is not None and _to_be_merged(backlog, tools):
        try:
            return await _compose_digest(subscription, backlog, tools)
        except Overtaken as overtaken:
            _log.info("digest composed by itself", subscription=subscription.id, why=str(overtaken))
    return await _compose_digest(subscription, None, tools)


def _to_be_merged(backlog: Backlog, tools: Tools) -> bool:
    sending = tools.settings.delivery
    waited = tools.clock.now() - backlog.since
    return sending.merge_after_minutes > 0 and (
        waited >= timedelta(minutes=sending.merge_after_minutes) or backlog.in_channel >= sending.most_waiting
    )


def _with_mention(parts: Sequence[Message], mention: str) -> Iterator[Message]:
    """The digest's parts, of which the first alone pings whom the subscription names."""
    for number, part in enumerate(parts):
        yield part if number or not mention else replace(part, mention=mention)


async def _compose_digest(subscription: Subscription, backlog: Backlog | None, tools: Tools) -> int:
    """Compose and save one digest; with a backlog, one from where that began, in its place."""
    now = tools.clock.now()
    covered = subscription
    if backlog is not None:
        covered = replace(subscription, cursor=backlog.after_serial, last_digest_at=backlog.covers_from)
    answer, cursor = await queries.scheduled(
        covered,
        store=tools.store,
        knowledge=tools.knowledge,
        words=tools.words,
        settings=tools.settings,
        now=now,
    )
    message = answer.message if answer else None
    if message is not None and backlog is not None:
        since = tools.words.moment(backlog.since, ZoneInfo(subscription.schedule.zone), now)
        message = notices.catch_up(message, backlog.digests, since, tools.words)
    parts = () if message is None else paging.parts(message, PART_CHARS)
    posted = (
        queries.follow_up(answer.query, subscription.channel_id, queries.EVERYBODY, now) if answer else None
    )
    owed = await tools.store.save_digest(
        Digest(
            subscription_id=subscription.id,
            due_at=subscription.next_at,
            next_at=next_due(subscription.schedule, now),
            cursor=cursor,
            bodies=tuple(
                blocks.dumps(queries.addressed(part, posted) if posted else part)
                for part in _with_mention(parts, subscription.mention)
            ),
            at=now,
            followup=posted,
            after_serial=covered.cursor,
            covers_from=covered.last_digest_at or covered.created_at,
            takes_in=backlog,
        )
    )
    merged = backlog.digests if backlog and owed else 0
    _log.info("digest composed", subscription=subscription.id, parts=len(parts), owed=owed, merged=merged)
    return owed
