"""The outbox: digests saved with what they owe, and every delivery's way to its end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, exists, func, insert, or_, select, update

from bot.model import Delivery, DeliveryState
from bot.outbox import LONGEST_PAUSE, idempotency_key
from bot.owed import NOTICES, Backlog, Outcome, Overtaken
from bot.ports import Digest
from bot.store import notices_sql
from bot.store.rows import AnyRow
from bot.store.spaces_sql import save_followup
from bot.store.tables import channels, deliveries, subscriptions

_OPEN = deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN))
_ENDED = (DeliveryState.SENT, DeliveryState.MERGED)


def save_digest(connection: Connection, digest: Digest) -> int:
    """Save a digest's parts and move its subscription on; return how many deliveries are new.

    A digest that is saved again adds nothing, even if it was composed anew with more parts. One whose
    subscription has been removed meanwhile is owed to nobody. Raise ``Overtaken`` when what it takes in is no
    longer pending.
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
    _take_in(connection, digest)
    owed = [
        {
            "channel_id": channel_id,
            "subscription_id": digest.subscription_id,
            "due_at": digest.due_at,
            "part": part,
            "body": body,
            "key": idempotency_key(channel_id, digest.subscription_id, digest.due_at, part),
            "state": DeliveryState.PENDING,
            "attempts": 0,
            "owed_at": digest.takes_in.since if digest.takes_in else digest.at,
            "stands_for": 1 + (digest.takes_in.digests if digest.takes_in else 0),
            "after_serial": digest.after_serial,
            "covers_from": digest.covers_from,
        }
        for part, body in enumerate(digest.bodies)
    ]
    connection.execute(insert(deliveries), owed)
    if digest.followup is not None:
        save_followup(connection, digest.followup)
    return len(owed)


def _take_in(connection: Connection, digest: Digest) -> None:
    if digest.takes_in is None:
        return
    taken = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(digest.takes_in.deliveries), deliveries.c.state == DeliveryState.PENDING)
        .values(
            state=DeliveryState.MERGED,
            settled_at=digest.at,
            reason=f"taken in by the digest due at {digest.due_at.isoformat()}",
        )
    )
    if taken.rowcount != len(digest.takes_in.deliveries):
        raise Overtaken(f"subscription {digest.subscription_id}: an earlier digest is being sent by now")


def backlog(connection: Connection, subscription_id: int) -> Backlog | None:
    """Give the digests of a subscription of which certainly no part was sent."""
    digests = connection.execute(
        select(
            deliveries.c.due_at,
            func.max(deliveries.c.stands_for).label("stands_for"),
            func.min(deliveries.c.owed_at, type_=deliveries.c.owed_at.type).label("owed_at"),
            func.min(deliveries.c.after_serial).label("after_serial"),
            func.min(deliveries.c.covers_from, type_=deliveries.c.covers_from.type).label("covers_from"),
        )
        .where(deliveries.c.subscription_id == subscription_id)
        .group_by(deliveries.c.due_at)
        .having(func.min(deliveries.c.state) == DeliveryState.PENDING)
        .having(func.max(deliveries.c.state) == DeliveryState.PENDING)
        .having(func.max(deliveries.c.may_be_repeated).is_(False))
        .having(func.min(deliveries.c.after_serial).is_not(None))
        .order_by(func.min(deliveries.c.id))
    ).all()
    if not digests:
        return None
    waiting = select(deliveries.c.id).where(
        deliveries.c.subscription_id == subscription_id,
        deliveries.c.due_at.in_([digest.due_at for digest in digests]),
    )
    channel_id = (
        select(deliveries.c.channel_id).where(deliveries.c.id.in_(waiting)).limit(1).scalar_subquery()
    )
    in_channel = select(func.count()).where(_OPEN, deliveries.c.channel_id == channel_id)
    first = digests[0]
    return Backlog(
        deliveries=tuple(connection.execute(waiting.order_by(deliveries.c.id)).scalars()),
        digests=sum(digest.stands_for for digest in digests),
        since=first.owed_at,
        after_serial=first.after_serial,
        covers_from=first.covers_from,
        in_channel=connection.execute(in_channel).scalar_one(),
    )


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


def claim(connection: Connection, now: datetime, limit: int, closed: Collection[str]) -> list[Delivery]:
    """Take each channel's first open delivery if it may be tried now, in the order they are due.

    A first one that must wait, or that is being sent, holds back its own channel and no other. First is what
    became owed first: an overdue digest does not step between the parts of another.
    """
    firsts = select(func.min(deliveries.c.id)).where(_OPEN).group_by(deliveries.c.channel_id)
    lost = select(channels.c.id).where(channels.c.lost_at.is_not(None))
    may_be_tried = or_(
        deliveries.c.not_before.is_(None),
        deliveries.c.not_before <= now,
        # Nothing waits so long, unless the clock ran ahead when it was set.
        deliveries.c.not_before > now + LONGEST_PAUSE,
    )
    first = connection.execute(
        select(deliveries.c.id, deliveries.c.state)
        .where(
            deliveries.c.id.in_(firsts),
            deliveries.c.state != DeliveryState.SENDING,
            deliveries.c.channel_id.not_in(lost),
            may_be_tried,
            *_not_closed(closed),
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
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


def _not_closed(closed: Collection[str]) -> list[ColumnElement[bool]]:
    platforms = [one for one in closed if one.endswith(":")]
    return [
        deliveries.c.channel_id.not_in([one for one in closed if not one.endswith(":")]),
        *(deliveries.c.channel_id.not_like(f"{name}%") for name in platforms),
    ]


def settle(connection: Connection, delivery_id: int, outcome: Outcome, now: datetime) -> None:
    """Record what became of an attempt; what was sent, or taken in by another, stays so.

    Raise ``LookupError`` for no such delivery, ``ValueError`` when it has ended and shall become something else.
    """
    before = connection.execute(
        select(
            deliveries.c.state, deliveries.c.channel_id, deliveries.c.subscription_id, deliveries.c.part
        ).where(deliveries.c.id == delivery_id)
    ).one_or_none()
    if before is None:
        raise LookupError(f"there is no delivery {delivery_id}")
    if before.state in _ENDED:
        if outcome.state != before.state:
            raise ValueError(f"delivery {delivery_id} was {before.state} and cannot become {outcome.state}")
        return
    connection.execute(
        update(deliveries).where(deliveries.c.id == delivery_id).values(_settled(before.state, outcome, now))
    )
    if outcome.channel_lost:
        notices_sql.lose_channel(connection, before.channel_id, outcome.reason or "", now)
    if before.subscription_id == NOTICES and (outcome.channel_lost or outcome.state == DeliveryState.DEAD):
        notices_sql.pass_on(connection, before.part)
    for notice in outcome.notices:
        notices_sql.save_notice(connection, notice)


def _settled(before: str, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """What an outcome changes in its delivery's row."""
    values: dict[str, Any] = {
        "state": outcome.state,
        "settled_at": now,
        "reason": outcome.reason,
        "not_before": outcome.not_before,
    }
    if outcome.message_id is not None:
        values["message_id"] = outcome.message_id
    if outcome.state == DeliveryState.UNKNOWN and before == DeliveryState.SENDING:
        values["doubts"] = deliveries.c.doubts + 1
    if outcome.may_be_repeated:
        values["may_be_repeated"] = True
    if outcome.plain_body is not None:
        values |= {"body": outcome.plain_body, "plain": True}
    return values


def retry(connection: Connection, delivery_ids: Sequence[int]) -> int:
    """Owe dead deliveries again; one that went in doubt before it was given up is looked up first."""
    return connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(delivery_ids), deliveries.c.state == DeliveryState.DEAD)
        .values(
            state=case(
                (deliveries.c.doubts > 0, DeliveryState.UNKNOWN.value), else_=DeliveryState.PENDING.value
            ),
            doubts=0,
            not_before=None,
            reason=None,
        )
    ).rowcount


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
        doubts=row.doubts,
        may_be_repeated=row.may_be_repeated,
        plain=row.plain,
    )
