"""The outbox: digests saved with what they owe, and every delivery's way to its end."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, exists, func, insert, select, update

from bot.model import Delivery, DeliveryState
from bot.ports import Digest
from bot.store.rows import AnyRow
from bot.store.spaces_sql import save_followup
from bot.store.tables import deliveries, subscriptions

_OPEN = deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN))


def delivery_key(subscription_id: int, due_at: datetime, part: int) -> str:
    """Make the idempotency key of one part: 25 characters, which is all that Discord takes as a nonce."""
    made_of = f"{subscription_id}-{due_at.astimezone(UTC).isoformat()}-{part}"
    digest = hashlib.blake2b(made_of.encode()).digest()
    return base64.b32encode(digest).decode()[:25].lower()


def save_digest(connection: Connection, digest: Digest) -> int:
    """Save a digest's parts and move its subscription on; return how many deliveries are new.

    A digest that is saved again adds nothing, even if it was composed anew with more parts. One whose
    subscription has been removed meanwhile is owed to nobody.
    """
    of_subscription = subscriptions.c.id == digest.subscription_id
    channel_id = connection.execute(select(subscriptions.c.channel_id).where(of_subscription)).scalar()
    if channel_id is None:
        return 0
    moved_on: dict[str, Any] = {
        "cursor": func.max(subscriptions.c.cursor, digest.cursor),
        "next_at": func.max(subscriptions.c.next_at, digest.next_at, type_=subscriptions.c.next_at.type),
    }
    if digest.bodies:
        moved_on["last_digest_at"] = digest.at
    connection.execute(update(subscriptions).where(of_subscription).values(moved_on))
    saved_before = exists().where(
        deliveries.c.subscription_id == digest.subscription_id, deliveries.c.due_at == digest.due_at
    )
    if not digest.bodies or connection.execute(select(saved_before)).scalar():
        return 0
    owed = [
        {
            "channel_id": channel_id,
            "subscription_id": digest.subscription_id,
            "due_at": digest.due_at,
            "part": part,
            "body": body,
            "key": delivery_key(digest.subscription_id, digest.due_at, part),
            "state": DeliveryState.PENDING,
            "attempts": 0,
        }
        for part, body in enumerate(digest.bodies)
    ]
    connection.execute(insert(deliveries), owed)
    if digest.followup is not None:
        save_followup(connection, digest.followup)
    return len(owed)


def recover(connection: Connection, now: datetime) -> int:
    """Turn every ``sending`` into ``unknown``: the process ended before it learned what became of it."""
    return connection.execute(
        update(deliveries)
        .where(deliveries.c.state == DeliveryState.SENDING)
        .values(
            state=DeliveryState.UNKNOWN,
            settled_at=now,
            not_before=None,
            reason="the bot stopped while this was being sent",
        )
    ).rowcount


def claim(connection: Connection, now: datetime, limit: int) -> list[Delivery]:
    """Take each channel's first open delivery if it may be tried now, in the order they are due.

    A first one that must wait, or that is being sent, holds back its own channel and no other.
    """
    place = func.row_number().over(
        partition_by=deliveries.c.channel_id, order_by=(deliveries.c.due_at, deliveries.c.id)
    )
    queued = select(deliveries, place.label("place")).where(_OPEN).subquery()
    may_be_tried = queued.c.not_before.is_(None) | (queued.c.not_before <= now)
    first = connection.execute(
        select(queued)
        .where(queued.c.place == 1, queued.c.state != DeliveryState.SENDING, may_be_tried)
        .order_by(queued.c.due_at, queued.c.id)
        .limit(limit)
    ).all()
    pending = [row.id for row in first if row.state == DeliveryState.PENDING]
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(pending))
        .values(
            state=DeliveryState.SENDING,
            attempts=deliveries.c.attempts + 1,
            attempted_at=now,
        )
    )
    taken = connection.execute(
        select(deliveries)
        .where(deliveries.c.id.in_([row.id for row in first]))
        .order_by(deliveries.c.due_at, deliveries.c.id)
    )
    return [_delivery(row) for row in taken]


def settle(
    connection: Connection,
    delivery_id: int,
    state: DeliveryState,
    *,
    now: datetime,
    message_id: str | None,
    reason: str | None,
    not_before: datetime | None,
) -> None:
    """Record what became of an attempt; what was sent stays sent.

    Raise ``LookupError`` for no such delivery, ``ValueError`` when it was sent and shall become something else.
    """
    before = connection.execute(select(deliveries.c.state).where(deliveries.c.id == delivery_id)).scalar()
    if before is None:
        raise LookupError(f"there is no delivery {delivery_id}")
    if before == DeliveryState.SENT:
        if state != DeliveryState.SENT:
            raise ValueError(f"delivery {delivery_id} was sent and cannot become {state}")
        return
    values: dict[str, Any] = {"state": state, "settled_at": now, "reason": reason, "not_before": not_before}
    if message_id is not None:
        values["message_id"] = message_id
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(values))


def all_deliveries(connection: Connection, state: DeliveryState | None, limit: int) -> list[Delivery]:
    """Give deliveries, of one state or all, newest first."""
    wanted = select(deliveries).order_by(deliveries.c.due_at.desc(), deliveries.c.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(deliveries.c.state == state)
    return [_delivery(row) for row in connection.execute(wanted)]


def _delivery(row: AnyRow) -> Delivery:
    return Delivery(
        id=row.id,
        channel_id=row.channel_id,
        subscription_id=row.subscription_id,
        due_at=row.due_at,
        part=row.part,
        body=row.body,
        key=row.key,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        attempted_at=row.attempted_at,
        not_before=row.not_before,
        message_id=row.message_id,
        reason=row.reason,
    )
