"""The nouns of the newsroom: plain, frozen values that every room understands.

In the order an article lives them: feeds and entries, articles, statements, stories and topics, questions and
what is owed. Nothing here reads, fetches, stores or shows. Times are aware and in UTC; spans are half-open character
offsets ``(start, end)`` into the stored text of one article version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from bot.owed import Delivery as Delivery  # noqa: PLC0414 - a noun like those below, kept with its doors
from bot.owed import DeliveryState as DeliveryState  # noqa: PLC0414 - the same
from bot.polled import Move as Move  # noqa: PLC0414 - nouns of a feed, kept in a file of their own
from bot.polled import Pace as Pace  # noqa: PLC0414
from bot.polled import Validators as Validators  # noqa: PLC0414
from bot.polled import Wishes as Wishes  # noqa: PLC0414

Span = tuple[int, int]
Spans = tuple[Span, ...]

Kind = Literal["direct", "mixed", "indirect"]
"""``direct``: all in the article's quotation marks; ``mixed``: partly; ``indirect``: reported speech."""

Status = Literal["none", "unverified", "confirmed", "denied", "disputed", "retracted"]
"""What the article itself says about a statement; never our own judgement."""

Act = Literal["said", "thought", "declined"]
"""Only what was ``said`` (or written) reaches a digest."""

Policy = Literal["excerpt", "headline", "link"]
"""What may be shown of an outlet: statements; headline and speakers' names; or the link alone."""

Ownership = Literal["independent", "state", "party", "official", "unknown"]
"""``party``: owned by a party to the war; ``official``: the body itself speaks."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """Who publishes."""

    name: str
    domain: str = ""
    language: str = ""
    country: str = ""
    ownership: Ownership = "unknown"
    policy: Policy = "excerpt"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something does not work, since when, and what a person can do about it."""

    cause: str
    since: datetime
    next_step: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed we read, with all that the next poll must know."""

    id: int
    url: str
    title: str
    """The outlet's name as the operator or the feed gives it."""
    added_at: datetime
    next_at: datetime
    """When it is next due; a row, so that a restart neither forgets nor hurries."""
    validators: Validators = field(default_factory=Validators)
    body_hash: bytes | None = None
    failures: int = 0
    """Failed polls in a row."""
    first_fetched_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    trouble: Trouble | None = None
    paused: bool = False
    polled_at: datetime | None = None
    """When the last poll ended, well or not: tells a row that was written by a clock running ahead."""
    not_before: datetime | None = None
    """Until then nobody may ask again, not even by hand: what the publisher wants, and our least gap."""
    wishes: Wishes = field(default_factory=Wishes)
    pace: Pace | None = None
    moving: Move | None = None
    former_url: str = ""
    """The address it had before a permanent redirect was adopted; kept, because adopting can be wrong."""
    gone_since: datetime | None = None
    """When the server first said that the feed is gone for good (410)."""
    owner_told_at: datetime | None = None
    """When whoever is in charge was told of the present trouble; a success clears it."""


@dataclass(frozen=True, slots=True)
class EntryData:
    """One entry as parsed: already plain, bounded and normalised text."""

    guid: str
    link: str
    """Absolute http(s) address, or empty."""
    title: str
    summary: str
    text: str
    """The entry's own content as paragraphs separated by blank lines; empty when it has only a summary."""
    author: str = ""
    language: str = ""
    outlet: str = ""
    """The original outlet, where an aggregator names it (RSS ``source``)."""
    published_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedData:
    """A parsed feed document."""

    version: str
    """feedparser's name of the format, e.g. ``rss20``, ``atom10``, ``rss10``."""
    title: str
    language: str
    entries: tuple[EntryData, ...]
    """In the document's order."""
    ttl_minutes: int = 0
    """RSS ``ttl``; 0 when there is none."""
    sy_minutes: int = 0
    """The update period of the ``sy`` module, in minutes; 0 when none is stated."""
    skip_hours: tuple[int, ...] = ()
    """RSS ``skipHours``: 0 to 23, UTC."""
    skip_days: tuple[int, ...] = ()
    """RSS ``skipDays``: 0 is Monday."""
    complaint: str = ""
    """What was wrong with the document, when it could be read all the same."""
    complete: bool = True
    """False when the document breaks off: its entries count, but the next poll asks for the whole again."""


@dataclass(frozen=True, slots=True)
class EntryKeys:
    """What makes an entry the same entry when it comes again (docs/feed-rules.md I1): 16 bytes each."""

    key: bytes
    link_key: bytes | None
    """The canonical link alone: two feeds of one outlet carry one article."""
    content_hash: bytes
    """Of title, summary and text: tells an edit."""
    guid_key: bytes | None = None
    """A guid that is an address, without its scheme and host (I2)."""
    title_key: bytes | None = None
    """The title alone: with a date near by, another name of the same entry (I2)."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry worth saving: unseen, or seen and edited."""

    data: EntryData
    keys: EntryKeys
    position: int
    """Place in the document, 0 at the top."""
    edited: bool = False
    owed: bool = True
    """Whether channels are to hear of it; False on a feed's first fetch."""
    on_topic: bool = True
    """Whether its title and summary touch the war at all; if not, its page is never fetched."""
    renamed: bytes | None = None
    """The key under which this entry is stored already: it came back under another one (I2)."""
    reused: bool = False
    """Its key is stored, but with it the publisher now names another article (I16)."""
    held: bool = False
    """Held back by the flood brake until somebody releases it (I6): stored, not read, owed to nobody."""


class ArticleState(StrEnum):
    """Where an article is on its way."""

    TO_READ = "to_read"
    READ = "read"
    OFF_TOPIC = "off_topic"
    """Title and summary do not touch the war: stored, never fetched, never shown."""
    HELD = "held"
    """Came in a flood of entries older than what we had: stored, and read once somebody releases it (I6)."""
    UNREADABLE = "unreadable"


TextSource = Literal["page", "entry", "summary"]
"""Where the stored text came from: the article's page, the entry's own content, or title + summary."""


@dataclass(frozen=True, slots=True)
class Article:
    """The text behind an entry, and what became of it."""

    id: int
    url: str
    outlet: str
    title: str
    state: ArticleState
    first_seen_at: datetime
    published_at: datetime | None = None
    read_at: datetime | None = None
    language: str = ""
    author: str = ""
    version: int = 0
    """Number of its newest text version; 0 before it was first read."""
    text_source: TextSource | None = None
    story_id: int | None = None
    owed: bool = True
    """False for the entries of a feed's first fetch: read, but posted to nobody on schedule."""
    attempts: int = 0
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class PageText:
    """What an HTML page says: paragraphs separated by blank lines, without title, menus and captions."""

    title: str
    text: str
    language: str = ""
    author: str = ""
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TextVersion:
    """The text of an article as it stood once; immutable. ``text`` = title, blank line, body."""

    article_id: int
    version: int
    text: str
    body_at: int
    """Offset of the body in ``text``; what stands before it is the headline."""
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a statement's printed words. ``quoted``: it stands inside the article's quotation marks.

    ``text`` carries no quotation marks of its own level: a renderer sets them around quoted pieces, and only
    there. An unquoted ``…`` stands for words of the article between two parts of a statement.
    """

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One attributed utterance, as character spans of one text and what they mean."""

    source: Spans
    """Who, as printed; empty when the text names nobody."""
    cue: Spans
    content: Spans
    sentence: Span
    """The sentence (or sentences) it stands in: what a person reads to check us."""
    pieces: tuple[Piece, ...]
    """The content's words in order, split at the article's quotation marks."""
    kind: Kind
    source_text: str
    cue_text: str
    sentence_text: str
    speaker: str
    """The person or body after pronouns, surnames and titles are resolved in this article, else the source as
    printed; empty when there is none."""
    role: str | None = None
    role_span: Span | None = None
    act: Act = "said"
    anonymous: bool = False
    via: str | None = None
    """Through whom it reached this article, as printed ("NBC" in "told NBC")."""
    audience: str | None = None
    """To whom it was said, as printed ("reporters")."""
    relay: str | None = None
    """Who else reported it, as printed ("the Financial Times" in "X said, the Financial Times reported")."""
    status: Status = "none"
    status_text: str | None = None
    status_span: Span | None = None
    headline: bool = False
    """It stands in the headline, not in the body."""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one reading of a text found."""

    statements: tuple[Statement, ...]
    language: str
    names: tuple[str, ...] = ()
    """People, bodies and places named, most frequent first: what stories are told apart by."""
    read_chars: int = 0
    """How much of the text was read; less than its length when the text exceeds the reader's bound."""
    reader: str = ""
    """Name and version of the reader, kept with each statement."""
    unread_reason: str = ""
    """Why no statements could be looked for (a language without a reader); empty when they were."""


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """A statement with its address: which article, outlet and text version it stands in."""

    id: str
    """Hex; made from article, normalised content and speaker, so that a better reader finds the same again."""
    serial: int
    """Rises with every statement stored: a subscription's cursor."""
    article_id: int
    version: int
    stored_at: datetime
    outlet: str
    url: str
    title: str
    story_id: int | None
    first_seen_at: datetime
    published_at: datetime | None
    statement: Statement


@dataclass(frozen=True, slots=True)
class StorySketch:
    """What a story looks like to the clustering: enough to decide whether an article joins it."""

    story_id: int
    vector: bytes
    """Centroid, in the clustering's own encoding."""
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    articles: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ArticleSketch:
    """What an article looks like to the clustering and to the copy finder."""

    vector: bytes
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    minhash: bytes
    bands: tuple[int, ...]
    """64 band hashes: two articles that share one are candidates for copies."""


CopyTier = Literal["original", "derived", "copy"]


@dataclass(frozen=True, slots=True)
class Placement:
    """The decision where an article belongs."""

    story_id: int | None
    """None opens a new story."""
    merged: StorySketch | None
    """The story as it looks with this article in it (``story_id`` 0 when it is new)."""
    similarity: float = 0.0
    why: str = ""
    """One line that explains the decision to a person."""
    copy_of: int | None = None
    """Article id of the text it copies or derives from."""
    tier: CopyTier = "original"


@dataclass(frozen=True, slots=True)
class Story:
    """Articles about one event across outlets."""

    id: int
    headline: str
    first_seen_at: datetime
    last_seen_at: datetime
    first_outlet: str
    articles: tuple[Article, ...]
    outlets: tuple[str, ...]
    origins: int
    """Independent origins: outlets with a text of their own here, neither a copy of nor derived from another."""
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A named interest: a weighted keyword table over titles and texts."""

    name: str
    title: str
    description: str
    threshold: float
    terms: tuple[tuple[str, float], ...]
    """(word or phrase in lower case; a trailing ``*`` matches any ending, weight)."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person, office or body of the knowledge file."""

    name: str
    side: str
    """E.g. ``ukraine``, ``russia``, ``us``, ``europe``, ``international``, ``other``."""
    spellings: tuple[str, ...] = ()
    roles: tuple[tuple[str, str, str], ...] = ()
    """(role, from date, to date); ISO dates, empty when unknown or current."""
    body: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A question that can be stored and asked again: the same for commands, follow-ups and schedules."""

    verb: Literal["digest", "said", "story", "search"]
    topic: str = "war"
    since: datetime | None = None
    until: datetime | None = None
    style: Literal["who-said-what", "brief"] = "who-said-what"
    speaker: str = ""
    about: str = ""
    outlet: str = ""
    kind: Kind | None = None
    text: str = ""
    story: str = ""
    """A story number as shown, or an article's address."""
    after_serial: int | None = None
    """Scheduled digests: only statements stored after this one."""
    upto_serial: int | None = None
    owed_only: bool = False
    min_origins: int = 1
    skip: int = 0
    """How many stories or statements earlier pages have shown."""
    shown_stories: tuple[int, ...] = ()
    """Story ids in the order the last answer numbered them, so that "story 2" means what the reader sees."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An answer someone may come back to for 7 days."""

    id: str
    channel_id: str
    actor_id: str
    query: Query
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Channel:
    """A place messages go to, and the space (server, workspace, terminal) it belongs to."""

    id: str
    """``platform:native id``, e.g. ``terminal:main``."""
    space_id: str
    name: str
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person who asks. Operators may change what is read for everybody: the feeds."""

    id: str
    is_admin: bool = False
    is_operator: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a digest is wanted: every n hours, or at local times of day on given weekdays."""

    zone: str
    every_hours: int = 0
    times: tuple[str, ...] = ()
    """``HH:MM`` local; with ``every_hours`` 0."""
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """0 is Monday."""
    quiet: str = ""
    """``HH:MM-HH:MM`` local: what is due from the first until the second comes at the second, once; or empty."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel's standing order: topic, schedule, style."""

    id: int
    channel_id: str
    owner_id: str
    topic: str
    schedule: Schedule
    style: Literal["who-said-what", "brief"]
    next_at: datetime
    cursor: int
    """Serial of the last statement that a digest of this subscription covered."""
    min_origins: int = 1
    paused: bool = False
    created_at: datetime | None = None
    last_digest_at: datetime | None = None
    mention: str = ""
    """The native id of a role that each digest pings; empty pings nobody."""
