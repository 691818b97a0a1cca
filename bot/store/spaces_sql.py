"""Channels, their standing orders, and the answers people may come back to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from bot.model import Channel, FollowUp, Query, Schedule, Subscription
from bot.store.rows import AnyRow, new_id
from bot.store.tables import channels, followups, spaces, subscriptions

_QUERY: TypeAdapter[Query] = TypeAdapter(Query)
_SCHEDULE: TypeAdapter[Schedule] = TypeAdapter(Schedule)


def save_channel(connection: Connection, channel: Channel) -> None:
    """Remember a channel and its space, or update its name, zone and space."""
    connection.execute(insert_or(spaces).values(id=channel.space_id).on_conflict_do_nothing())
    columns = {"space_id": channel.space_id, "name": channel.name, "timezone": channel.timezone}
    connection.execute(
        insert_or(channels)
        .values(id=channel.id, **columns)
        .on_conflict_do_update(index_elements=[channels.c.id], set_=columns)
    )


def channel(connection: Connection, channel_id: str) -> Channel | None:
    """Give one channel, or None."""
    row = connection.execute(select(channels).where(channels.c.id == channel_id)).one_or_none()
    return None if row is None else Channel(row.id, row.space_id, row.name, row.timezone)


def save_followup(connection: Connection, followup: FollowUp) -> None:
    """Remember an answer, replacing one with the same id, and drop those that have expired by now."""
    connection.execute(
        delete(followups).where(
            (followups.c.expires_at <= followup.created_at) | (followups.c.id == followup.id)
        )
    )
    connection.execute(
        insert(followups).values(
            id=followup.id,
            channel_id=followup.channel_id,
            actor_id=followup.actor_id,
            query=_QUERY.dump_json(followup.query).decode(),
            created_at=followup.created_at,
            expires_at=followup.expires_at,
        )
    )


def followup(
    connection: Connection, channel_id: str, actor_id: str, now: datetime, followup_id: str | None
) -> FollowUp | None:
    """Give a person's newest unexpired answer here, or, of anyone in this channel, the one with this id.

    A button stands under a message that the whole channel sees, so whoever presses it may go on from there.
    """
    wanted = select(followups).where(followups.c.channel_id == channel_id, followups.c.expires_at > now)
    if followup_id is None:
        wanted = wanted.where(followups.c.actor_id == actor_id)
    else:
        wanted = wanted.where(followups.c.id == followup_id)
    newest = wanted.order_by(followups.c.created_at.desc(), followups.c.number.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    if row is None:
        return None
    return FollowUp(
        id=row.id,
        channel_id=row.channel_id,
        actor_id=row.actor_id,
        query=_QUERY.validate_json(row.query),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def add_subscription(connection: Connection, subscription: Subscription) -> Subscription:
    """Save a new one and give it back with its id; its channel must be known."""
    values = {
        "channel_id": subscription.channel_id,
        "created_at": subscription.created_at,
        "cursor": subscription.cursor,
        **_order(subscription),
    }
    added = new_id(connection.execute(insert(subscriptions).values(values)))
    return _subscription(connection.execute(select(subscriptions).where(subscriptions.c.id == added)).one())


def all_subscriptions(connection: Connection, channel_id: str | None) -> list[Subscription]:
    """Give all of them, or one channel's, by id."""
    wanted = select(subscriptions).order_by(subscriptions.c.id)
    if channel_id is not None:
        wanted = wanted.where(subscriptions.c.channel_id == channel_id)
    return [_subscription(row) for row in connection.execute(wanted)]


def save_subscription(connection: Connection, subscription: Subscription) -> None:
    """Replace its row; a cursor that a digest moved on meanwhile stays. Raise ``LookupError`` for no such one."""
    saved = connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == subscription.id)
        .values(
            channel_id=subscription.channel_id,
            cursor=func.max(subscriptions.c.cursor, subscription.cursor),
            **_order(subscription),
        )
    )
    if not saved.rowcount:
        raise LookupError(f"there is no subscription {subscription.id}")


def remove_subscription(connection: Connection, subscription_id: int) -> None:
    """Forget it; its deliveries stay."""
    connection.execute(delete(subscriptions).where(subscriptions.c.id == subscription_id))


def due_subscriptions(connection: Connection, now: datetime) -> list[Subscription]:
    """Give the unpaused ones that are due and whose channel is not lost, longest overdue first."""
    lost = select(channels.c.id).where(channels.c.lost_at.is_not(None))
    due = (
        select(subscriptions)
        .where(subscriptions.c.paused.is_(False), subscriptions.c.next_at <= now)
        .where(subscriptions.c.channel_id.not_in(lost))
        .order_by(subscriptions.c.next_at, subscriptions.c.id)
    )
    return [_subscription(row) for row in connection.execute(due)]


def _order(subscription: Subscription) -> dict[str, Any]:
    return {
        "owner_id": subscription.owner_id,
        "topic": subscription.topic,
        "schedule": _SCHEDULE.dump_json(subscription.schedule).decode(),
        "style": subscription.style,
        "next_at": subscription.next_at,
        "min_origins": subscription.min_origins,
        "paused": subscription.paused,
        "last_digest_at": subscription.last_digest_at,
        "mention": subscription.mention,
    }


def schedule_of(row: AnyRow) -> Schedule:
    """Read a subscription's schedule."""
    return _SCHEDULE.validate_json(row.schedule)


def _subscription(row: AnyRow) -> Subscription:
    return Subscription(
        id=row.id,
        channel_id=row.channel_id,
        owner_id=row.owner_id,
        topic=row.topic,
        schedule=schedule_of(row),
        style=row.style,
        next_at=row.next_at,
        cursor=row.cursor,
        min_origins=row.min_origins,
        paused=row.paused,
        created_at=row.created_at,
        last_digest_at=row.last_digest_at,
        mention=row.mention,
    )
