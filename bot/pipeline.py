"""The way of an article: poll a feed, read an article, place it in a story, compose the digests.

Each use case ends in one saved fact (a poll, a reading, a digest) and can be repeated after a crash. Errors
stop only their own feed or article and are saved in words.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

import structlog

from bot import queries
from bot.intake import due, identity
from bot.knowledge import Knowledge
from bot.knowledge.words import Words
from bot.message import blocks, paging
from bot.model import (
    ArticleSketch,
    ArticleState,
    EntryData,
    Feed,
    FeedData,
    NewEntry,
    Placement,
    Reading,
    Subscription,
    TextSource,
    Trouble,
)
from bot.ports import (
    ArticleToRead,
    Clock,
    Digest,
    FeedParser,
    Fetched,
    Fetcher,
    PageReader,
    Poll,
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

PollOutcome = Literal["new", "nothing new", "unchanged", "failed"]
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
    placing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One article at a time finds its story, else two of one event would open two."""


# ── Polling ──────────────────────────────────────────────────────────────────────────────────────────────


async def poll_feed(feed: Feed, tools: Tools) -> PollOutcome:
    """Fetch one feed and save what is new, together with its validators and its next due time."""
    fetched = await tools.fetcher.fetch(feed.url, validators=feed.validators)
    if fetched.outcome == "failed":
        return await _poll_failed(feed, fetched, tools)
    if fetched.outcome == "unchanged" or due.body_hash(fetched.body) == feed.body_hash:
        await tools.store.save_poll(_poll_succeeded(feed, fetched, None, (), tools))
        return "unchanged"
    try:
        data = await tools.parser.parse_feed(fetched.body, url=fetched.url, content_type=fetched.content_type)
    except ValueError as error:
        cause, _, next_step = str(error).partition("; ")
        return await _poll_failed(feed, replace(fetched, cause=cause, next_step=next_step), tools)
    except WorkerLost as error:
        step = "nothing, it is tried again later; if it lasts, remove the feed"
        return await _poll_failed(feed, replace(fetched, cause=str(error), next_step=step), tools)
    entries = await _new_entries(feed, data, tools)
    added = await tools.store.save_poll(_poll_succeeded(feed, fetched, data, entries, tools))
    _log.info("polled", feed=feed.id, entries=len(data.entries), new=len(entries), articles=added)
    return "new" if entries else "nothing new"


async def _new_entries(feed: Feed, data: FeedData, tools: Tools) -> tuple[NewEntry, ...]:
    keys = [identity.keys(entry).key for entry in data.entries]
    known = await tools.store.known_entries(feed.id, keys)
    named = replace(data, entries=tuple(_with_outlet(entry, feed, tools) for entry in data.entries))
    entries = identity.new_entries(named, known)
    if feed.first_fetched_at is None:
        entries = identity.owed_on_first_fetch(entries, tools.settings.polling.first_fetch_owed)
    return tuple(replace(entry, on_topic=_touches_war(entry.data, tools)) for entry in entries)


def _with_outlet(entry: EntryData, feed: Feed, tools: Tools) -> EntryData:
    """One outlet has one name, whatever its feeds are called ("World news | Example Times")."""
    known = tools.knowledge.outlet(entry.outlet or entry.link or feed.url)
    name = known.name if known in tools.knowledge.outlets else entry.outlet
    return replace(entry, outlet=name)


def _touches_war(entry: EntryData, tools: Tools) -> bool:
    return topics.touches_war(entry.title, entry.summary or entry.text, tools.knowledge.topics)


def _poll_succeeded(
    feed: Feed,
    fetched: Fetched,
    data: FeedData | None,
    entries: tuple[NewEntry, ...],
    tools: Tools,
) -> Poll:
    now = tools.clock.now()
    interval = timedelta(minutes=tools.settings.polling.interval_minutes)
    after = due.after_success(feed, fetched, data, now, interval=interval)
    if any(not entry.edited for entry in entries):
        after = replace(after, last_new_at=now)
    return Poll(feed=after, entries=entries, at=now)


async def _poll_failed(feed: Feed, fetched: Fetched, tools: Tools) -> PollOutcome:
    now = tools.clock.now()
    interval = timedelta(minutes=tools.settings.polling.interval_minutes)
    await tools.store.save_poll(Poll(feed=due.after_failure(feed, fetched, now, interval=interval), at=now))
    _log.warning("feed failed", feed=feed.id, cause=fetched.cause)
    return "failed"


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
        if temporary and article.attempts + 1 < ATTEMPTS:
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

    After a downtime several due times may have passed: one digest covers them all.
    """
    now = tools.clock.now()
    answer, cursor = await queries.scheduled(
        subscription,
        store=tools.store,
        knowledge=tools.knowledge,
        words=tools.words,
        settings=tools.settings,
        now=now,
    )
    parts = () if answer is None else paging.parts(answer.message, PART_CHARS)
    posted = (
        queries.follow_up(answer.query, subscription.channel_id, queries.EVERYBODY, now) if answer else None
    )
    owed = await tools.store.save_digest(
        Digest(
            subscription_id=subscription.id,
            due_at=subscription.next_at,
            next_at=next_due(subscription.schedule, now),
            cursor=cursor,
            bodies=tuple(blocks.dumps(part) for part in parts),
            at=now,
            followup=posted,
        )
    )
    _log.info("digest composed", subscription=subscription.id, parts=len(parts), owed=owed)
    return owed
