"""The doors of the house: what the core asks of the network, the database, the workers and the chats.

Each door is a small Protocol beside the values that pass through it. The core sees only these; ``app.py``
puts the real things behind them and tests put fakes there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.intake.fetched import Fetched as Fetched  # noqa: PLC0414 - passes through this door, made below
from bot.intake.seen import Poll as Poll  # noqa: PLC0414 - the same
from bot.intake.seen import Seen as Seen  # noqa: PLC0414 - the same
from bot.kept import KeptAbout as KeptAbout  # noqa: PLC0414 - passes through this door, kept in its own file
from bot.kept import People as People  # noqa: PLC0414 - the same
from bot.model import (
    Article,
    ArticleSketch,
    ArticleState,
    Channel,
    DeliveryState,
    Feed,
    FeedData,
    FollowUp,
    Kind,
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

# What is owed, its door and the contract with the chats: made in a module of their own.
from bot.owed import Backlog as Backlog  # noqa: PLC0414
from bot.owed import CannotTell as CannotTell  # noqa: PLC0414
from bot.owed import InDoubt as InDoubt  # noqa: PLC0414
from bot.owed import KeptNotice as KeptNotice  # noqa: PLC0414
from bot.owed import LostChannel as LostChannel  # noqa: PLC0414
from bot.owed import Notice as Notice  # noqa: PLC0414
from bot.owed import NotSent as NotSent  # noqa: PLC0414
from bot.owed import Outbox as Outbox  # noqa: PLC0414
from bot.owed import Outcome as Outcome  # noqa: PLC0414
from bot.owed import Overtaken as Overtaken  # noqa: PLC0414
from bot.owed import Platform as Platform  # noqa: PLC0414
from bot.owed import Refused as Refused  # noqa: PLC0414


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

    async def find_feeds(self, body: bytes, *, url: str, content_type: str) -> tuple[tuple[str, str], ...]:
        """(address, title) of every feed that a page names; raise ``WorkerLost`` when the worker was lost."""
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
    after_serial: int | None = None
    """The cursor it begins at."""
    covers_from: datetime | None = None
    """Where its period begins."""
    takes_in: Backlog | None = None
    """Earlier digests, not sent yet, that it stands for."""


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

    async def feed_titles(self) -> list[str]:
        """The titles of all feeds, each once, in order."""
        ...

    async def failing_feeds(self) -> list[str]:
        """Titles, or addresses, of the feeds in trouble that are not paused, by id."""
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

    async def seen(self, feed_id: int, keys: Sequence[bytes], aliases: Sequence[bytes] = ()) -> Seen:
        """What is stored of a feed's entries under these keys, and under these other names of entries."""
        ...

    async def entry_dates(self, feed_id: int, limit: int) -> list[datetime]:
        """When a feed's newest entries were published, or first seen; newest first."""
        ...

    async def held_entries(self) -> dict[int, int]:
        """How many entries the flood brake holds back, by feed id; feeds without any are left out."""
        ...

    async def release_held(self, feed_id: int) -> int:
        """Have a feed's held entries read and owed like any new one; return how many articles that frees."""
        ...

    async def mend_due_times(self, now: datetime) -> int:
        """Bring feeds back whose times a clock running ahead has put out of reach; return how many."""
        ...

    async def pardon(self, feeds: Sequence[Feed]) -> None:
        """Take back failures that were no fault of these feeds: the rows as they would be without them."""
        ...

    async def feeds_to_tell(self) -> list[Feed]:
        """Feeds in trouble (failing three times in a row, or gone for good) whose owner has not been told."""
        ...

    async def save_owner_told(self, feed_id: int, now: datetime) -> None:
        """Remember that the owner was told of a feed's present trouble; its next success forgets it."""
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

    async def spaces(self, prefix: str) -> list[str]:
        """Ids of the spaces with this prefix that we have not left, by id."""
        ...

    async def leave_space(self, space_id: str, now: datetime) -> None:
        """Note that we are no longer in a space; what is kept about it stays for a while."""
        ...

    async def return_to_space(self, space_id: str) -> None:
        """Take a space and its lost channels up again."""
        ...

    async def forget_left(self, before: datetime) -> int:
        """Forget all about the spaces left before then; return how many."""
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
        """Unpaused subscriptions whose ``next_at`` has come and whose channel is not lost."""
        ...

    async def save_digest(self, digest: Digest) -> int:
        """Transaction (c): deliveries, cursor, next_at. Return how many deliveries are new.

        Raise ``Overtaken`` when what it takes in is no longer pending; then nothing is saved.
        """
        ...


Prunable = Literal["texts", "copies", "digests", "answers"]
"""What grows old: texts of articles, marks by which copies are found, messages sent, answers to follow up."""


class Attic(Protocol):
    """What grows old, to be let go of."""

    async def last_upkeep(self) -> datetime | None:
        """When the daily upkeep was last done."""
        ...

    async def upkeep_done(self, now: datetime) -> None:
        """Remember that it is done."""
        ...

    async def prune(self, what: Prunable, before: datetime, limit: int) -> int:
        """Let go of at most so many that are older than ``before``; return how many were looked at, 0 at the end."""
        ...

    async def give_back_space(self, pages: int) -> int:
        """Make the database file shorter by at most so many free pages; return by how many."""
        ...

    async def mend_times(self, now: datetime) -> int:
        """Pull back what a clock that ran ahead has put off too far; return how many rows."""
        ...


class Store(
    Feeds, Articles, Statements, Stories, Search, Spaces, People, Subscriptions, Outbox, Attic, Protocol
):
    """All doors of the database together, for the wiring room and the use cases that need several."""

    @property
    def fault(self) -> str:
        """Why the last write was not saved, and what to do; empty when it was."""
        ...

    async def totals(self) -> Totals:
        """Count everything kept."""
        ...
