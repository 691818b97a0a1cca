"""What polling remembers of a feed beyond its validators, and what owners were told.

Columns are only added, each with a default for the rows that are there.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def _feeds() -> tuple[sa.Column[Any], ...]:
    return (
        _instant("polled_at"),
        _instant("not_before"),
        _number("wish_s"),
        _number("skip_hours"),
        _number("skip_days"),
        sa.Column("weekly", sa.Float(), nullable=True),
        _instant("weekly_at"),
        _text("moving_to"),
        _instant("moving_since"),
        _number("moving_polls"),
        _text("former_url"),
        _instant("gone_since"),
        _instant("owner_told_at"),
        _text("aliases_off"),
        _instant("newest_entry_at"),
    )


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default="0")


def _deliveries() -> tuple[sa.Column[Any], ...]:
    return (
        _number("doubts"),
        _flag("may_be_repeated"),
        _flag("plain"),
        _instant("owed_at"),
        sa.Column("after_serial", sa.Integer(), nullable=True),
        _instant("covers_from"),
        sa.Column("stands_for", sa.Integer(), nullable=False, server_default="1"),
    )


def _entries() -> None:
    op.add_column("entries", _instant("published_at"))
    op.add_column("entries", sa.Column("held", sa.Boolean(), nullable=False, server_default="0"))
    op.create_index("ix_entries_held", "entries", ["feed_id"], unique=False, sqlite_where=sa.text("held = 1"))
    op.create_table(
        "entry_aliases",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("alias", sa.LargeBinary(length=16), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_entry_aliases_feed_id")),
        sa.PrimaryKeyConstraint("feed_id", "alias", name=op.f("pk_entry_aliases")),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    for column in _feeds():
        op.add_column("feeds", column)
    _entries()
    for column in _deliveries():
        op.add_column("deliveries", column)
    for column in (_instant("lost_at"), _text("lost_reason")):
        op.add_column("channels", column)
    op.add_column("spaces", _instant("left_at"))
    op.add_column("subscriptions", _text("mention"))
    # First is what became owed first, whenever it was due.
    op.drop_index("ix_deliveries_open", "deliveries")
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["channel_id", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'sending', 'unknown')"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=True),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("subject", name=op.f("uq_notices_subject")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "chores",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )
