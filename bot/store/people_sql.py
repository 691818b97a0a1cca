"""What is kept by person: counted, and forgotten."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, select, update

from bot.kept import KeptAbout
from bot.model import DeliveryState
from bot.owed import NOTICES
from bot.store.leaving_sql import forget_space
from bot.store.notices_sql import pass_on
from bot.store.rows import listed, unlisted
from bot.store.tables import channels, deliveries, followups, notices, subscriptions

_OPEN = deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN))


def kept_about(connection: Connection, actor_id: str) -> KeptAbout:
    """Count what is kept about somebody."""
    here = _own_channels(actor_id)
    return KeptAbout(
        answers=_count(
            connection, followups, (followups.c.actor_id == actor_id) | followups.c.channel_id.in_(here)
        ),
        orders=_count(
            connection,
            subscriptions,
            (subscriptions.c.owner_id == actor_id) & subscriptions.c.channel_id.not_in(here),
        ),
        own_orders=_count(connection, subscriptions, subscriptions.c.channel_id.in_(here)),
        messages=_count(connection, deliveries, deliveries.c.channel_id.in_(here)),
        notices=len(_notices(connection, actor_id)),
    )


def forget_person(connection: Connection, actor_id: str) -> KeptAbout:
    """Remove all of it; what belongs to a channel stays there without them."""
    kept = kept_about(connection, actor_id)
    direct = _direct(actor_id)
    for notice_id, addresses, to_them in _notices(connection, actor_id):
        rest = listed(tuple(one for one in addresses if one != direct))
        connection.execute(update(notices).where(notices.c.id == notice_id).values(addresses=rest))
        if to_them and _is_open(connection, notice_id):
            pass_on(connection, notice_id)
        elif to_them:
            # The notice itself stays: its subject is not to be told again.
            connection.execute(update(notices).where(notices.c.id == notice_id).values(channel_id=None))
    connection.execute(delete(followups).where(followups.c.actor_id == actor_id))
    connection.execute(update(subscriptions).where(subscriptions.c.owner_id == actor_id).values(owner_id=""))
    forget_space(connection, direct)
    return kept


def _direct(actor_id: str) -> str:
    """The id of a person's direct messages, which are a channel and a space of their own."""
    platform, _, person = actor_id.partition(":")
    return f"{platform}:@{person}"


def _own_channels(actor_id: str) -> Select[tuple[str]]:
    return select(channels.c.id).where(channels.c.space_id == _direct(actor_id))


def _notices(connection: Connection, actor_id: str) -> list[tuple[int, tuple[str, ...], bool]]:
    """Notices that went to somebody, or may still: number, further addresses, whether it went to them."""
    direct = _direct(actor_id)
    rows = connection.execute(
        select(notices.c.id, notices.c.addresses, notices.c.channel_id).where(
            (notices.c.channel_id == direct) | notices.c.addresses.contains(direct, autoescape=True)
        )
    )
    found = [(row.id, tuple(unlisted(row.addresses)), row.channel_id == direct) for row in rows]
    return [one for one in found if one[2] or direct in one[1]]


def _is_open(connection: Connection, notice_id: int) -> bool:
    wanted = deliveries.c.subscription_id == NOTICES, deliveries.c.part == notice_id, _OPEN
    return connection.execute(select(deliveries.c.id).where(*wanted)).first() is not None


def _count(connection: Connection, table: Table, wanted: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(wanted)).scalar_one()
