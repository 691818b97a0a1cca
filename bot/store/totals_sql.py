"""How much is kept: for health, metrics and the doctor."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, func, select

from bot.model import ArticleState, DeliveryState
from bot.ports import Totals
from bot.store.tables import articles, channels, deliveries, entries, feeds, statements, stories


def totals(connection: Connection) -> Totals:
    """Count everything kept; every state is there, with 0 where nothing is in it."""
    listed = feeds.c.removed.is_(False)
    lost = select(channels.c.id).where(channels.c.lost_at.is_not(None))
    waiting = (deliveries.c.state == DeliveryState.PENDING) & deliveries.c.channel_id.not_in(lost)
    return Totals(
        feeds=_count(connection, feeds, listed),
        entries=_count(connection, entries),
        articles={state: _count(connection, articles, articles.c.state == state) for state in ArticleState},
        statements=_count(connection, statements),
        stories=_count(connection, stories),
        deliveries={
            state: _count(connection, deliveries, deliveries.c.state == state) for state in DeliveryState
        },
        oldest_pending_at=connection.execute(select(func.min(deliveries.c.due_at)).where(waiting)).scalar(),
        last_success_at=connection.execute(select(func.max(feeds.c.last_success_at)).where(listed)).scalar(),
    )


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()
