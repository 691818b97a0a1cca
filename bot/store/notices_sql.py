"""Lost channels, and the notices that tell an owner once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from bot.model import DeliveryState
from bot.outbox import idempotency_key
from bot.owed import NOTICES, KeptNotice, LostChannel, Notice
from bot.store.rows import listed, new_id, unlisted
from bot.store.tables import channels, deliveries, notices, spaces

_OPEN = deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN))


def save_notice(connection: Connection, notice: Notice) -> bool:
    """Keep a notice and owe it to its first address; False when this subject was told before."""
    told = connection.execute(select(notices.c.id).where(notices.c.subject == notice.subject)).scalar()
    if told is not None:
        return False
    added = connection.execute(
        insert(notices).values(
            subject=notice.subject,
            text=notice.text,
            body=notice.body,
            at=notice.at,
            addresses=listed(notice.addresses),
        )
    )
    pass_on(connection, new_id(added))
    return True


def pass_on(connection: Connection, notice_id: int) -> None:
    """Owe a notice to the next of its addresses that is not lost; to nobody when none is left."""
    row = connection.execute(select(notices).where(notices.c.id == notice_id)).one()
    addresses = list(unlisted(row.addresses))
    address = _next_address(connection, addresses)
    connection.execute(
        update(notices)
        .where(notices.c.id == notice_id)
        .values(channel_id=address, addresses=listed(addresses))
    )
    # One delivery for a notice at a time: it moves on with it to its next address.
    connection.execute(
        delete(deliveries).where(deliveries.c.subscription_id == NOTICES, deliveries.c.part == notice_id)
    )
    if address is None:
        return
    # A person's direct messages are a space of their own, so that they go when the person is forgotten.
    connection.execute(insert_or(spaces).values(id=address).on_conflict_do_nothing())
    connection.execute(
        insert_or(channels)
        .values(id=address, space_id=address, name=address, timezone="UTC")
        .on_conflict_do_nothing()
    )
    connection.execute(
        insert(deliveries).values(
            channel_id=address,
            subscription_id=NOTICES,
            due_at=row.at,
            part=notice_id,
            body=row.body,
            key=idempotency_key(address, NOTICES, row.at, notice_id),
            state=DeliveryState.PENDING,
            attempts=0,
            owed_at=row.at,
        )
    )


def _next_address(connection: Connection, addresses: list[str]) -> str | None:
    """Take addresses from the list until one is no lost channel."""
    while addresses:
        address = addresses.pop(0)
        lost = connection.execute(select(channels.c.lost_at).where(channels.c.id == address)).scalar()
        if lost is None:
            return address
    return None


def all_notices(connection: Connection, limit: int) -> list[KeptNotice]:
    """Give what owners were told, newest first."""
    rows = connection.execute(select(notices).order_by(notices.c.id.desc()).limit(limit))
    return [KeptNotice(row.text, row.at, row.channel_id) for row in rows]


def lose_channel(connection: Connection, channel_id: str, reason: str, now: datetime) -> None:
    """Mark a channel as one that takes no more messages; a lost one stays lost since when it was."""
    connection.execute(
        update(channels)
        .where(channels.c.id == channel_id, channels.c.lost_at.is_(None))
        .values(lost_at=now, lost_reason=reason)
    )


def regain_channel(connection: Connection, channel_id: str) -> bool:
    """Take a channel's messages up again, at once; False when it was not lost."""
    regained = connection.execute(
        update(channels)
        .where(channels.c.id == channel_id, channels.c.lost_at.is_not(None))
        .values(lost_at=None, lost_reason="")
    )
    if not regained.rowcount:
        return False
    connection.execute(
        update(deliveries).where(deliveries.c.channel_id == channel_id, _OPEN).values(not_before=None)
    )
    return True


def lost_channels(connection: Connection) -> list[LostChannel]:
    """Give the channels that take no more messages, by id."""
    waiting = (
        select(func.count())
        .where(deliveries.c.channel_id == channels.c.id, _OPEN)
        .correlate(channels)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(channels, waiting.label("waiting"))
        .where(channels.c.lost_at.is_not(None))
        .order_by(channels.c.id)
    )
    return [LostChannel(row.id, row.name, row.lost_reason, row.lost_at, row.waiting) for row in rows]
