"""Spaces that leave and come back, and forgetting all about them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bot.store.notices_sql import regain_channel
from bot.store.tables import channels, deliveries, followups, notices, spaces, subscriptions


def space_ids(connection: Connection, prefix: str) -> list[str]:
    """Give the spaces of one platform that have not left, by id."""
    wanted = select(spaces.c.id).where(
        spaces.c.id.startswith(prefix, autoescape=True), spaces.c.left_at.is_(None)
    )
    return list(connection.execute(wanted.order_by(spaces.c.id)).scalars())


def leave_space(connection: Connection, space_id: str, now: datetime) -> None:
    """Note since when a space has been left; one that was left before keeps its date, an unknown one has nothing."""
    connection.execute(
        update(spaces).where(spaces.c.id == space_id, spaces.c.left_at.is_(None)).values(left_at=now)
    )


def return_to_space(connection: Connection, space_id: str) -> None:
    """Take a space up again, with all its channels."""
    connection.execute(update(spaces).where(spaces.c.id == space_id).values(left_at=None))
    for channel_id in _channels_of(connection, space_id):
        regain_channel(connection, channel_id)


def forget_left(connection: Connection, before: datetime) -> int:
    """Forget the spaces that were left before then; return how many."""
    left = select(spaces.c.id).where(spaces.c.left_at.is_not(None), spaces.c.left_at <= before)
    gone = connection.execute(left).scalars().all()
    for space_id in gone:
        forget_space(connection, space_id)
    return len(gone)


def forget_space(connection: Connection, space_id: str) -> None:
    """Remove everything kept about a space: its channels, their orders, answers, messages, and words to owners."""
    here = _channels_of(connection, space_id)
    for table in (deliveries, followups, subscriptions, notices):
        connection.execute(delete(table).where(table.c.channel_id.in_(here)))
    connection.execute(delete(channels).where(channels.c.space_id == space_id))
    connection.execute(delete(spaces).where(spaces.c.id == space_id))


def _channels_of(connection: Connection, space_id: str) -> list[str]:
    return list(connection.execute(select(channels.c.id).where(channels.c.space_id == space_id)).scalars())
