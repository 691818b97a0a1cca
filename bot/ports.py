"""The doors of the house: what the core asks of the network, the database, the workers and the chats.

Each door is a small Protocol beside the values that pass through it. The core sees only these; ``app.py``
puts the real things behind them and tests put fakes there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.intake.fetched import Fetched as Fetched  # noqa: PLC0414 - passes through this door, made below
from bot.model import (
    Article,
    ArticleSketch,
    ArticleState,
    Channel,
    Delivery,
    DeliveryState,
    Feed,
    FeedData,
    FollowUp,
    Kind,
    NewEntry,
    PageText,
    Placement,
    Reading,
    StoredStatement,
    Story,
    StorySketch,
    Subscription,
    TextSource,
    TextVersion,
    Trouble,
    Validators,
)


class Clock(Protocol):
    """The time, as an argument: demo, replay and tests bring their own."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        ...


# ── The network ──────────────────────────────────────────────────────────────────────────────────────────


class Fetcher(Protocol):
    """Polite, bounded HTTP."""

    async def fetch(self, url: str, *, validators: Validators | None = None, page: bool = False) -> Fetched:
        """Get a feed, or an article's ``page``; never raises for what a server or the network does."""
        ...


# ── The workers ──────────────────────────────────────────────────────────────────────────────────────────


class WorkerLost(Exception):
    """The worker process exceeded its deadline or died; it has been replaced and its job may be tried again."""


class FeedParser(Protocol):
    """Feed bytes → entries, in a process that can be killed."""

    async def parse_feed(self, body: bytes, *, url: str, content_type: str) -> FeedData:
        """Raise ``ValueError`` (cause; next step) when it is no feed, ``WorkerLost`` when the worker was lost."""
        ...


class PageReader(Protocol):
    """HTML bytes → article text, in a process that can be killed."""

    async def read_page(self, body: bytes, *, url: str, content_type: str) -> PageText:
        """Raise ``ValueError`` when the page holds no article, ``WorkerLost`` when the worker was lost."""
        ...


class StatementReader(Protocol):
    """Text → who said what, in a process that can be killed."""

    async def read(self, text: str, *, body_at: int = 0, language: str = "") -> Reading:
        """Find the statements of one text; raise ``WorkerLost`` when the worker was lost."""
        ...


# ── What is stored ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll's whole outcome: the feed's new row and its new entries, saved in one transaction (a)."""

    feed: Feed
    entries: tuple[NewEntry, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ArticleToRead:
    """An article waiting for its reading, with what its entry brought."""

    article: Article
    summary: str
    entry_text: str
    """The entry's own full content, or empty."""


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """A reading's whole outcome: text, statements and place in a story, saved in one transaction (b)."""

    article_id: int
    title: str
    text: str
    body_at: int
    text_source: TextSource
    language: str
    author: str
    published_at: datetime | None
    reading: Reading
    sketch: ArticleSketch
    placement: Placement
    topics: tuple[tuple[str, float], ...]
    """(topic, score) of every topic it reaches; without ``war`` it is off topic and joins no story."""
    at: datetime
    trouble: Trouble | None = None
    """E.g. why its page could not be had, when title and summary were read instead."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A composed digest: its parts and the subscription's new cursor, saved in one transaction (c)."""

    subscription_id: int
    due_at: datetime
    next_at: datetime
    cursor: int
    bodies: tuple[str, ...]
    """One Message (versioned JSON) per part; empty when there was nothing to say."""
    at: datetime
    followup: FollowUp | None = None
    """Its query, so that whoever reads the channel may follow it up."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which statements are asked for; every field narrows, an empty one does not."""

    topic: str = ""
    speakers: tuple[str, ...] = ()
    """Exact stored speaker names, any of them."""
    about: str = ""
    """Words that must all stand in the statement or its article's title."""
    outlet: str = ""
    kind: Kind | None = None
    story_ids: tuple[int, ...] = ()
    since: datetime | None = None
    """By when we first saw the article, inclusive."""
    until: datetime | None = None
    """Exclusive."""
    after_serial: int | None = None
    upto_serial: int | None = None
    owed_only: bool = False
    limit: int = 2000


@dataclass(frozen=True, slots=True)
class Searched:
    """How much was looked through: the honest part of an empty answer."""

    articles: int
    outlets: int
    unread: int
    """Articles on topic that are still to be read."""
    unreadable: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of everything kept, for health, metrics and the doctor."""

    feeds: int
    entries: int
    articles: Mapping[ArticleState, int]
    statements: int
    stories: int
    deliveries: Mapping[DeliveryState, int]
    oldest_pending_at: datetime | None
    last_success_at: datetime | None


class Feeds(Protocol):
    """The feeds we read and what they brought."""

    async def add_feed(self, url: str, title: str, *, now: datetime) -> Feed:
        """Remember a feed, due at once; an address already known gives the feed back as it is."""
        ...

    async def feeds(self) -> list[Feed]:
        """All feeds, by id."""
        ...

    async def due_feeds(self, now: datetime, limit: int) -> list[Feed]:
        """Feeds whose ``next_at`` has come and that are not paused, longest overdue first."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When the next feed becomes due; None without feeds."""
        ...

    async def save_feed(self, feed: Feed) -> None:
        """Replace a feed's row (pause, resume, rename)."""
        ...

    async def remove_feed(self, feed_id: int) -> None:
        """Stop reading a feed; its entries' keys and articles stay."""
        ...

    async def known_entries(self, feed_id: int, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Of these entry keys the known ones, each with its stored content hash."""
        ...

    async def save_poll(self, poll: Poll) -> int:
        """Transaction (a): validators, next_at and new entries together. Return how many articles are new."""
        ...


class Articles(Protocol):
    """Articles on their way from entry to statements."""

    async def articles_to_read(self, now: datetime, limit: int) -> list[ArticleToRead]:
        """Articles in state ``to_read`` that may be tried now, first seen first."""
        ...

    async def save_unread(
        self,
        article_id: int,
        *,
        state: ArticleState,
        attempts: int,
        not_before: datetime | None,
        trouble: Trouble,
    ) -> None:
        """Record that a reading failed: to be tried again after ``not_before``, or given up."""
        ...

    async def save_reading(self, read: ReadArticle) -> int:
        """Transaction (b). Return the number of statements that are new."""
        ...

    async def story_sketches(self, since: datetime) -> list[StorySketch]:
        """Sketches of the stories an article first seen now may join."""
        ...

    async def copy_candidates(self, bands: Sequence[int], since: datetime) -> list[tuple[int, str, bytes]]:
        """(article id, text, minhash) of articles sharing one of these bands, oldest first, at most 50."""
        ...

    async def article(self, article_id: int) -> Article | None:
        """One article, or None."""
        ...

    async def article_by_url(self, url: str) -> Article | None:
        """The article with this address (or its canonical form), or None."""
        ...

    async def text_version(self, article_id: int, version: int | None = None) -> TextVersion | None:
        """A stored text, the newest unless told; None when pruned or never had."""
        ...


class Statements(Protocol):
    """Statements, to be asked for."""

    async def statements(self, wanted: Wanted) -> list[StoredStatement]:
        """Matching statements of the articles' newest text versions, oldest first seen first."""
        ...

    async def speakers(self) -> list[tuple[str, int]]:
        """Every stored speaker with the number of statements, most quoted first."""
        ...

    async def last_serial(self) -> int:
        """The highest serial stored so far; 0 when there is none."""
        ...

    async def searched(self, *, topic: str, since: datetime | None, until: datetime | None) -> Searched:
        """How much stands behind an answer about this topic and period."""
        ...


class Stories(Protocol):
    """Stories, to be shown."""

    async def stories(self, ids: Sequence[int]) -> list[Story]:
        """These stories, each with its articles, oldest first seen first; unknown ids are left out."""
        ...

    async def stories_between(
        self, *, topic: str, since: datetime | None, until: datetime | None, limit: int
    ) -> list[Story]:
        """Stories of a topic with an article first seen in the period, latest first."""
        ...


@dataclass(frozen=True, slots=True)
class Hits:
    """What full-text search found, best first."""

    statements: tuple[StoredStatement, ...]
    articles: tuple[Article, ...]
    total: int
    """Articles that match at all."""


class Search(Protocol):
    """Full text."""

    async def search(self, text: str, *, since: datetime | None, until: datetime | None, limit: int) -> Hits:
        """Find words in titles, texts and statements; odd characters in ``text`` are words, never syntax."""
        ...


class Spaces(Protocol):
    """Channels and the follow-ups people may come back to."""

    async def save_channel(self, channel: Channel) -> None:
        """Remember a channel (and its space), or update its name and zone."""
        ...

    async def channel(self, channel_id: str) -> Channel | None:
        """One channel, or None."""
        ...

    async def save_followup(self, followup: FollowUp) -> None:
        """Remember an answer for follow-ups; expired ones are dropped in passing."""
        ...

    async def followup(
        self, channel_id: str, actor_id: str, *, now: datetime, followup_id: str | None = None
    ) -> FollowUp | None:
        """A person's newest unexpired answer in this channel, or the one with this id."""
        ...


class Subscriptions(Protocol):
    """Standing orders."""

    async def add_subscription(self, subscription: Subscription) -> Subscription:
        """Save a new one (its ``id`` is given by the store)."""
        ...

    async def subscriptions(self, channel_id: str | None = None) -> list[Subscription]:
        """All of them, or one channel's, by id."""
        ...

    async def save_subscription(self, subscription: Subscription) -> None:
        """Replace a subscription's row."""
        ...

    async def remove_subscription(self, subscription_id: int) -> None:
        """Forget it; what it already owed is still delivered."""
        ...

    async def due_subscriptions(self, now: datetime) -> list[Subscription]:
        """Unpaused subscriptions whose ``next_at`` has come."""
        ...

    async def save_digest(self, digest: Digest) -> int:
        """Transaction (c): deliveries, cursor, next_at. Return how many deliveries are new."""
        ...


class Outbox(Protocol):
    """What is owed to channels."""

    async def recover(self, now: datetime) -> int:
        """At start: every ``sending`` becomes ``unknown``. Return how many."""
        ...

    async def claim(self, now: datetime, limit: int) -> list[Delivery]:
        """The first open delivery of each channel that may be tried now.

        A ``pending`` one comes back as ``sending`` (already saved so, with its attempt counted); an
        ``unknown`` one comes back as ``unknown``, to be looked up first.
        """
        ...

    async def settle(
        self,
        delivery_id: int,
        state: DeliveryState,
        *,
        now: datetime,
        message_id: str | None = None,
        reason: str | None = None,
        not_before: datetime | None = None,
    ) -> None:
        """Record what became of an attempt."""
        ...

    async def deliveries(self, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        """Deliveries, newest first."""
        ...


class Store(Feeds, Articles, Statements, Stories, Search, Spaces, Subscriptions, Outbox, Protocol):
    """All doors of the database together, for the wiring room and the use cases that need several."""

    async def totals(self) -> Totals:
        """Count everything kept."""
        ...


# ── The chats ────────────────────────────────────────────────────────────────────────────────────────────


class NotSent(Exception):
    """The message was certainly not sent and may be tried again (after ``retry_after``, when told)."""

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Refused(Exception):
    """The platform will never take this message as it is; the reason is for its owner."""


class InDoubt(Exception):
    """The message may or may not have been sent: look before sending again."""


class CannotTell(Exception):
    """This platform keeps no history we can read: a doubtful message is sent again, marked as such."""


class Platform(Protocol):
    """A chat that takes messages."""

    name: str
    """The prefix of its channels' ids."""

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:
        """Send once and return the message's id; raise ``NotSent``, ``Refused`` or ``InDoubt``.

        ``delivery.key`` is handed to platforms that honour idempotency keys. ``may_be_repeated`` marks a
        message that a reader may already have seen.
        """
        ...

    async def find(self, delivery: Delivery) -> str | None:
        """Look up a doubtful message: its id, or None when it certainly was not sent; else ``CannotTell``."""
        ...
