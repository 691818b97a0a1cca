"""What the delivery faults' tests share: channels that owe, and a post office on a manual clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.message import blocks
from bot.message.blocks import Message, Text
from bot.model import Channel, Schedule, Subscription
from bot.outbox import Post, Traffic, deliver_due
from bot.ports import Digest
from bot.settings import Sending
from bot.store.sql_store import SqlStore
from tests.fakes import FaultyChat, ManualClock

NOW = datetime(2031, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def subscribe(store: SqlStore, channel_id: str, owner_id: str = "", **changes: object) -> Subscription:
    """A channel with one hourly order, due now."""
    await store.save_channel(Channel(channel_id, channel_id.partition(":")[0], channel_id.partition(":")[2]))
    values = {
        "id": 0,
        "channel_id": channel_id,
        "owner_id": owner_id,
        "topic": "war",
        "schedule": Schedule("UTC", every_hours=1),
        "style": "brief",
        "next_at": NOW,
        "cursor": 0,
        "created_at": NOW - HOUR,
    }
    return await store.add_subscription(Subscription(**(values | changes)))


async def owe(store: SqlStore, order: Subscription, *texts: str, due_at: datetime = NOW) -> None:
    """Save a digest of the order with one part for each text."""
    bodies = tuple(blocks.dumps(Message((Text(text),))) for text in texts)
    await store.save_digest(
        Digest(order.id, due_at, due_at + HOUR, order.cursor, bodies, due_at, after_serial=order.cursor)
    )


def text_of(body: str) -> str:
    """A stored message's words."""
    return " ".join(getattr(block, "text", "") for block in blocks.loads(body).blocks)


def shown(chat: FaultyChat, channel_id: str = "") -> list[str]:
    """What a chat shows, as words."""
    return [text_of(post.body) for post in chat.shown(channel_id)]


class Office:
    """A post office and its clock; ``deliver`` is one tick, ``settle`` as many as it takes."""

    def __init__(
        self, store: SqlStore, clock: ManualClock, *chats: FaultyChat, sending: Sending | None = None
    ) -> None:
        self.clock = clock
        sending = sending or Sending(burst=100)
        platforms: Mapping[str, FaultyChat] = {chat.name: chat for chat in chats}
        self.post = Post(store, platforms, clock, sending=sending, traffic=Traffic(sending))

    async def deliver(self) -> int:
        return await deliver_due(self.post)

    async def settle(self, hours: float = 12, every_s: float = 60) -> int:
        """Tick until that time has passed; return how many were sent."""
        sent = await self.deliver()
        for _ in range(int(hours * 3600 / every_s)):
            await self.clock.advance(every_s)
            sent += await self.deliver()
        return sent
