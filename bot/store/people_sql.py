"""What is kept by person: counted, and forgotten."""

from __future__ import annotations

from sqlalchemy import Connection, Select, delete, select, update

from bot.kept import KeptAbout
from bot.store.leaving_sql import addressed_to, forget_space
from bot.store.rows import count
from bot.store.tables import channels, deliveries, followups, notices, subscriptions


def kept_about(connection: Connection, actor_id: str) -> KeptAbout:
    """Count what is kept about somebody."""
    here = _own_channels(actor_id)
    named = {notice_id for notice_id, _ in _naming(connection, actor_id)}
    return KeptAbout(
        answers=count(
            connection, followups, (followups.c.actor_id == actor_id) | followups.c.channel_id.in_(here)
        ),
        orders=count(
            connection,
            subscriptions,
            (subscriptions.c.owner_id == actor_id) & subscriptions.c.channel_id.not_in(here),
        ),
        own_orders=count(connection, subscriptions, subscriptions.c.channel_id.in_(here)),
        messages=count(connection, deliveries, deliveries.c.channel_id.in_(here)),
        notices=len(named | addressed_to(connection, [_direct(actor_id)])),
    )


def forget_person(connection: Connection, actor_id: str) -> KeptAbout:
    """Remove all of it; what belongs to a channel stays there without them."""
    kept = kept_about(connection, actor_id)
    for notice_id, subject in _naming(connection, actor_id):
        # Its number in their place keeps it unlike any other.
        connection.execute(
            update(notices).where(notices.c.id == notice_id).values(subject=f"{subject} {notice_id}")
        )
    connection.execute(delete(followups).where(followups.c.actor_id == actor_id))
    connection.execute(update(subscriptions).where(subscriptions.c.owner_id == actor_id).values(owner_id=""))
    forget_space(connection, _direct(actor_id))
    return kept


def _direct(actor_id: str) -> str:
    """The id of a person's direct messages, which are a channel and a space of their own."""
    platform, _, person = actor_id.partition(":")
    return f"{platform}:@{person}"


def _own_channels(actor_id: str) -> Select[tuple[str]]:
    return select(channels.c.id).where(channels.c.space_id == _direct(actor_id))


def _naming(connection: Connection, actor_id: str) -> list[tuple[int, str]]:
    """The notices whose subject ends with somebody, as the one to be told: number, and the subject without them."""
    rows = connection.execute(
        select(notices.c.id, notices.c.subject).where(
            notices.c.subject.endswith(f" {actor_id}", autoescape=True)
        )
    )
    return [
        (row.id, row.subject.removesuffix(f" {actor_id}"))
        for row in rows
        if row.subject.endswith(f" {actor_id}")
    ]
