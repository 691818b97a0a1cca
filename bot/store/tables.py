"""The tables: what is kept, and what keeps it consistent.

All times are UTC. Ids that leave the store (in messages, cursors, keys) are never given twice, hence
AUTOINCREMENT. The full-text indexes are virtual tables beside these, kept up by triggers (see migrations).
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

from bot.model import DeliveryState

ARTICLE_SEARCH = "article_search"
STATEMENT_SEARCH = "statement_search"


class UtcTime(TypeDecorator[datetime]):
    """An instant: only aware times go in, and they come back aware, in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn into UTC; raise ``ValueError`` for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; give an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the zone back that SQLite does not keep."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def belongs_to_full_text(name: str | None) -> bool:
    """Tell whether a table is a full-text index or one of its shadows, which SQLite itself looks after."""
    return (name or "").startswith((ARTICLE_SEARCH, STATEMENT_SEARCH))


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _trouble() -> tuple[Column[str], Column[datetime], Column[str]]:
    return (
        Column("trouble_cause", Text),
        Column("trouble_since", UtcTime),
        Column("trouble_next_step", Text),
    )


# ── Feeds and entries ────────────────────────────────────────────────────────────────────────────────────

feeds = Table(
    "feeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("next_at", UtcTime, nullable=False, index=True),
    Column("etag", LargeBinary),
    Column("last_modified", LargeBinary),
    Column("body_hash", LargeBinary),
    Column("failures", Integer, nullable=False),
    Column("first_fetched_at", UtcTime),
    Column("last_success_at", UtcTime),
    Column("last_new_at", UtcTime),
    *_trouble(),
    Column("paused", Boolean, nullable=False),
    # A removed feed's row stays: its entries' keys hang on it, should the feed ever come back.
    Column("removed", Boolean, nullable=False),
    Column("polled_at", UtcTime),
    Column("not_before", UtcTime),
    Column("wish_s", Integer, nullable=False, server_default="0"),
    Column("skip_hours", Integer, nullable=False, server_default="0"),  # one bit an hour
    Column("skip_days", Integer, nullable=False, server_default="0"),  # one bit a day, Monday the lowest
    Column("weekly", Float),
    Column("weekly_at", UtcTime),
    Column("moving_to", Text, nullable=False, server_default=""),
    Column("moving_since", UtcTime),
    Column("moving_polls", Integer, nullable=False, server_default="0"),
    Column("former_url", Text, nullable=False, server_default=""),
    Column("gone_since", UtcTime),
    Column("owner_told_at", UtcTime),
    # Kinds of aliases that do not tell its entries apart, with spaces between them.
    Column("aliases_off", Text, nullable=False, server_default=""),
    Column("newest_entry_at", UtcTime),
    sqlite_autoincrement=True,
)

entries = Table(
    "entries",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("key", LargeBinary(16), primary_key=True),
    Column("content_hash", LargeBinary, nullable=False),
    Column("article_id", ForeignKey("articles.id"), nullable=False),
    Column("guid", Text, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    # Never later than when it was first seen.
    Column("published_at", UtcTime),
    Column("held", Boolean, nullable=False, server_default="0"),
    Index("ix_entries_held", "feed_id", sqlite_where=text("held = 1")),
    sqlite_with_rowid=False,
)

# Other names of an entry: an alias belongs to the entry with this key; an empty key says that several bear it.
entry_aliases = Table(
    "entry_aliases",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("alias", LargeBinary(16), primary_key=True),
    Column("key", LargeBinary(16), nullable=False),
    sqlite_with_rowid=False,
)

# ── Articles and their texts ─────────────────────────────────────────────────────────────────────────────

articles = Table(
    "articles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False, index=True),
    Column("link_key", LargeBinary, unique=True),
    Column("outlet", Text, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("entry_text", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("first_seen_at", UtcTime, nullable=False, index=True),
    Column("published_at", UtcTime),
    Column("read_at", UtcTime),
    Column("language", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("version", Integer, nullable=False),
    # Its newest text; no foreign key, since the texts point here already.
    Column("text_id", Integer),
    Column("text_source", String(16)),
    Column("owed", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcTime),
    *_trouble(),
    # What the newest reading found out about the whole text.
    Column("read_chars", Integer, nullable=False),
    Column("unread_reason", Text, nullable=False),
    # Its place: set for every article on topic that was read, and for no other.
    Column("story_id", ForeignKey("stories.id"), index=True),
    Column("copy_of", ForeignKey("articles.id")),
    Column("tier", String(16)),
    Column("similarity", Float),
    Column("placed_why", Text),
    # Its sketch, so that stories can be merged and split again without reading.
    Column("vector", LargeBinary),
    Column("names", Text),
    Column("numbers", Text),
    Column("minhash", LargeBinary),
    Index("ix_articles_state_first_seen_at", "state", "first_seen_at"),
    # All that a search asks of an article before it shows it: the rows themselves are wide.
    Index("ix_articles_text_id", "text_id", "story_id", "first_seen_at"),
    sqlite_autoincrement=True,
)

text_versions = Table(
    "text_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("article_id", ForeignKey("articles.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("body_at", Integer, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("stored_at", UtcTime, nullable=False),
    UniqueConstraint("article_id", "version"),
)

copy_bands = Table(
    "copy_bands",
    metadata,
    Column("band", Integer, primary_key=True, autoincrement=False),
    Column("hash", Integer, primary_key=True, autoincrement=False),
    Column("article_id", ForeignKey("articles.id"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

article_topics = Table(
    "article_topics",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("article_id", ForeignKey("articles.id"), primary_key=True, index=True),
    Column("score", Float, nullable=False),
    sqlite_with_rowid=False,
)

# ── Statements ───────────────────────────────────────────────────────────────────────────────────────────

statements = Table(
    "statements",
    metadata,
    Column("serial", Integer, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("article_id", ForeignKey("articles.id"), nullable=False, index=True),
    Column("first_version", Integer, nullable=False),
    # The version its offsets belong to.
    Column("last_version", Integer, nullable=False),
    Column("stored_at", UtcTime, nullable=False),
    # Said, found by the newest reading, in an article on topic: the only ones anybody is ever shown.
    Column("shown", Boolean, nullable=False),
    Column("act", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("speaker", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Index("ix_statements_speaker", "speaker", sqlite_where=text("shown = 1")),
    sqlite_autoincrement=True,
)

# ── Stories ──────────────────────────────────────────────────────────────────────────────────────────────

stories = Table(
    "stories",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    Column("names", Text, nullable=False),
    Column("numbers", Text, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False, index=True),
    sqlite_autoincrement=True,
)

# ── Upkeep ───────────────────────────────────────────────────────────────────────────────────────────────

# When a recurring piece of work was last done, or how far one that goes through the articles has come.
chores = Table(
    "chores",
    metadata,
    Column("name", Text, primary_key=True),
    Column("done_at", UtcTime, nullable=False),
)

# ── Channels, standing orders and what is owed ───────────────────────────────────────────────────────────

spaces = Table(
    "spaces",
    metadata,
    Column("id", Text, primary_key=True),
    # Since when the bot is no longer in it.
    Column("left_at", UtcTime),
)

channels = Table(
    "channels",
    metadata,
    Column("id", Text, primary_key=True),
    Column("space_id", ForeignKey("spaces.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    # Since when, and why, it takes no more messages.
    Column("lost_at", UtcTime),
    Column("lost_reason", Text, nullable=False, server_default=""),
)

followups = Table(
    "followups",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("channel_id", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Index("ix_followups_channel_id_actor_id", "channel_id", "actor_id"),
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel_id", ForeignKey("channels.id"), nullable=False, index=True),
    Column("owner_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("style", Text, nullable=False),
    Column("next_at", UtcTime, nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("min_origins", Integer, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("created_at", UtcTime),
    Column("last_digest_at", UtcTime),
    # The role that is pinged.
    Column("mention", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

_OPEN = text(
    f"state IN ('{DeliveryState.PENDING.value}', '{DeliveryState.SENDING.value}', '{DeliveryState.UNKNOWN.value}')"
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel_id", ForeignKey("channels.id"), nullable=False),
    # No foreign key: what a removed subscription owed is still delivered.
    Column("subscription_id", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("part", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("key", String(25), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempted_at", UtcTime),
    Column("settled_at", UtcTime),
    Column("not_before", UtcTime),
    Column("message_id", Text),
    Column("reason", Text),
    Column("doubts", Integer, nullable=False, server_default="0"),
    Column("may_be_repeated", Boolean, nullable=False, server_default="0"),
    Column("plain", Boolean, nullable=False, server_default="0"),
    # What a later digest must know to take this one in: since when it is owed, from where it counts, and for how many
    # digests it stands.
    Column("owed_at", UtcTime),
    Column("after_serial", Integer),
    Column("covers_from", UtcTime),
    Column("stands_for", Integer, nullable=False, server_default="1"),
    UniqueConstraint("subscription_id", "due_at", "part"),
    Index("ix_deliveries_open", "channel_id", "id", sqlite_where=_OPEN),
    Index("ix_deliveries_state", "state"),
    sqlite_autoincrement=True,
)

notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", Text, nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    # Where it went; none when it reached nobody. The addresses are those it may still go on to.
    Column("channel_id", Text),
    Column("addresses", Text, nullable=False),
    sqlite_autoincrement=True,
)
