"""Spaces that leave and come back, and forgetting all about them."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Table, delete, select, update

from bot.kept import KeptInSpace
from bot.model import DeliveryState
from bot.owed import NOTICES
from bot.store.notices_sql import pass_on, regain_channel
from bot.store.rows import AnyRow, count, listed, unlisted
from bot.store.tables import channels, deliveries, followups, notices, spaces, subscriptions

FORGOTTEN = ""
"""The channel of a notice that went to one forgotten since: it was told, and is not to be told again."""

_OPEN = deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN))
_ABOUT = re.compile(
    r"channel (?P<channel>\S+) lost |delivery (?P<delivery>\d+) given up "
    r"|role \S+ of subscription (?P<order>\d+) gone"
)
"""What a notice's subject says it is about, as the outbox and Discord write it."""


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


def kept_in_space(connection: Connection, space_id: str) -> KeptInSpace | None:
    """Count what is kept about a space; None for one that is not known."""
    if connection.execute(select(spaces.c.id).where(spaces.c.id == space_id)).first() is None:
        return None
    return _counted(connection, space_id, _here(connection, space_id))


def forget_space(connection: Connection, space_id: str) -> KeptInSpace:
    """Remove everything kept about a space: its channels, their orders, answers, messages, and words to owners.

    A notice about something else that went there keeps its subject, and goes on to its next address where the space
    has not got it yet.
    """
    here = _here(connection, space_id)
    kept = _counted(connection, space_id, here)
    about = _notices_about(connection, here)
    connection.execute(
        delete(deliveries).where(deliveries.c.subscription_id == NOTICES, deliveries.c.part.in_(about))
    )
    connection.execute(delete(notices).where(notices.c.id.in_(about)))
    _unaddress(connection, here)
    for table in (deliveries, followups, subscriptions):
        connection.execute(delete(table).where(table.c.channel_id.in_(here)))
    connection.execute(delete(channels).where(channels.c.space_id == space_id))
    # A channel that a notice went to before anybody asked there was a space of its own until then.
    unused = spaces.c.id.not_in(select(channels.c.space_id))
    connection.execute(delete(spaces).where(spaces.c.id.in_((*here, space_id)), unused))
    return kept


def addressed_to(connection: Connection, here: Collection[str]) -> set[int]:
    """Give the notices that went to one of these channels, or may still."""
    rows = connection.execute(select(notices.c.id, notices.c.channel_id, notices.c.addresses))
    return {row.id for row in rows if row.channel_id in here or not set(here).isdisjoint(_listed_in(row))}


def _here(connection: Connection, space_id: str) -> list[str]:
    """The channels of a space, and its own id: somebody's direct messages bear it, known as a channel or not."""
    elsewhere = select(channels.c.id).where(channels.c.id == space_id, channels.c.space_id != space_id)
    found = _channels_of(connection, space_id)
    if space_id in found or connection.execute(elsewhere).first() is not None:
        return found
    return [*found, space_id]


def _counted(connection: Connection, space_id: str, here: Collection[str]) -> KeptInSpace:
    return KeptInSpace(
        channels=count(connection, channels, channels.c.space_id == space_id),
        subscriptions=count(connection, subscriptions, subscriptions.c.channel_id.in_(here)),
        answers=count(connection, followups, followups.c.channel_id.in_(here)),
        messages=count(connection, deliveries, deliveries.c.channel_id.in_(here)),
        notices=len(_notices_about(connection, here) | addressed_to(connection, here)),
    )


def _notices_about(connection: Connection, here: Collection[str]) -> set[int]:
    """The notices that tell of these channels: that one was lost, of its messages, of its orders."""
    owed = _ids(connection, deliveries, here)
    orders = _ids(connection, subscriptions, here)
    found = set()
    for row in connection.execute(select(notices.c.id, notices.c.subject)):
        about = _ABOUT.match(row.subject)
        if about and (
            about["channel"] in here
            or (about["delivery"] and int(about["delivery"]) in owed)
            or (about["order"] and int(about["order"]) in orders)
        ):
            found.add(row.id)
    return found


def _unaddress(connection: Connection, here: Collection[str]) -> None:
    """Take these channels out of every notice's addresses; one on its way there goes on to the next."""
    found = addressed_to(connection, here)
    rows = connection.execute(
        select(notices.c.id, notices.c.channel_id, notices.c.addresses).where(notices.c.id.in_(found))
    )
    for row in rows.all():
        rest = listed(tuple(one for one in _listed_in(row) if one not in here))
        connection.execute(update(notices).where(notices.c.id == row.id).values(addresses=rest))
        if row.channel_id not in here:
            continue
        if _is_open(connection, row.id):
            pass_on(connection, row.id)
        else:
            connection.execute(update(notices).where(notices.c.id == row.id).values(channel_id=FORGOTTEN))


def _is_open(connection: Connection, notice_id: int) -> bool:
    wanted = deliveries.c.subscription_id == NOTICES, deliveries.c.part == notice_id, _OPEN
    return connection.execute(select(deliveries.c.id).where(*wanted)).first() is not None


def _listed_in(row: AnyRow) -> tuple[str, ...]:
    return unlisted(row.addresses)


def _ids(connection: Connection, table: Table, here: Collection[str]) -> set[int]:
    return set(connection.execute(select(table.c.id).where(table.c.channel_id.in_(here))).scalars())


def _channels_of(connection: Connection, space_id: str) -> list[str]:
    return list(connection.execute(select(channels.c.id).where(channels.c.space_id == space_id)).scalars())
