"""Nothing owed is lost, nothing is shown twice where the chat lets us look, and a doubtful repeat says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.message import blocks
from bot.model import Channel, DeliveryState, Schedule, Subscription
from bot.outbox import deliver_due, retry_delay
from bot.ports import Digest
from bot.store.sql_store import SqlStore
from tests.fakes import FakeChat, ManualClock

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
async def store():
    async with SqlStore.open(":memory:") as store:
        yield store


async def owe(store: SqlStore, *texts: str, channel: str = "fake:one", due_at: datetime = NOW) -> None:
    await store.save_channel(Channel(channel, "fake", channel))
    subscription = await store.add_subscription(
        Subscription(
            id=0,
            channel_id=channel,
            owner_id="fake:someone",
            topic="war",
            schedule=Schedule(zone="UTC", times=("12:00",)),
            style="brief",
            next_at=due_at,
            cursor=0,
        )
    )
    bodies = tuple(blocks.dumps(blocks.Message((blocks.Text(text),))) for text in texts)
    await store.save_digest(Digest(subscription.id, due_at, due_at + timedelta(days=1), 1, bodies, due_at))


async def states(store: SqlStore) -> list[DeliveryState]:
    return [delivery.state for delivery in reversed(await store.deliveries())]


async def test_parts_are_sent_in_order_and_once(store):
    await owe(store, "one", "two", "three")
    chat = FakeChat()
    assert await deliver_due(store, {"fake": chat}, ManualClock(NOW)) == 3
    assert [blocks.loads(body).blocks[0].text for body in chat.posted.values()] == ["one", "two", "three"]
    assert await deliver_due(store, {"fake": chat}, ManualClock(NOW)) == 0
    assert len(chat.calls) == 3


async def test_a_message_that_went_out_without_an_answer_is_found_and_not_sent_again(store):
    await owe(store, "one")
    chat, clock = FakeChat(script=["silent"]), ManualClock(NOW)
    assert await deliver_due(store, {"fake": chat}, clock) == 0
    assert await states(store) == [DeliveryState.UNKNOWN]
    await clock.advance(60)
    assert await deliver_due(store, {"fake": chat}, clock) == 1
    assert len(chat.calls) == 1
    assert await states(store) == [DeliveryState.SENT]


async def test_a_message_that_was_lost_on_the_way_is_sent_again(store):
    await owe(store, "one")
    chat, clock = FakeChat(script=["lost"]), ManualClock(NOW)
    await deliver_due(store, {"fake": chat}, clock)
    await clock.advance(60)
    assert await deliver_due(store, {"fake": chat}, clock) == 1
    assert [repeated for _, repeated in chat.calls] == [False, False]
    assert len(chat.posted) == 1


async def test_where_nobody_can_look_a_doubtful_message_is_sent_again_and_marked(store):
    await owe(store, "one")
    chat, clock = FakeChat(script=["silent"], can_find=False), ManualClock(NOW)
    await deliver_due(store, {"fake": chat}, clock)
    await clock.advance(60)
    await deliver_due(store, {"fake": chat}, clock)
    assert [repeated for _, repeated in chat.calls] == [False, True]


async def test_what_was_being_sent_when_the_program_died_is_in_doubt_after_the_restart(store):
    await owe(store, "one")
    (claimed,) = await store.claim(NOW, 10)
    assert claimed.state is DeliveryState.SENDING
    assert await store.recover(NOW) == 1
    chat = FakeChat(can_find=False)
    assert await deliver_due(store, {"fake": chat}, ManualClock(NOW)) == 1
    assert chat.calls == [(claimed.key, True)]


async def test_a_busy_chat_is_asked_again_no_earlier_than_it_says_and_later_parts_wait(store):
    await owe(store, "one", "two")
    chat, clock = FakeChat(script=["busy"]), ManualClock(NOW)
    assert await deliver_due(store, {"fake": chat}, clock) == 0
    await clock.advance(29)
    assert await deliver_due(store, {"fake": chat}, clock) == 0
    await clock.advance(2)
    assert await deliver_due(store, {"fake": chat}, clock) == 2
    assert [blocks.loads(body).blocks[0].text for body in chat.posted.values()] == ["one", "two"]


async def test_a_refused_message_is_given_up_with_its_reason_and_blocks_nothing(store):
    await owe(store, "one", "two")
    chat = FakeChat(script=["refused"])
    assert await deliver_due(store, {"fake": chat}, ManualClock(NOW)) == 1
    assert await states(store) == [DeliveryState.DEAD, DeliveryState.SENT]
    (dead,) = await store.deliveries(DeliveryState.DEAD)
    assert dead.reason == "too long"


async def test_one_channel_in_trouble_does_not_hold_up_another(store):
    await owe(store, "one", channel="fake:one")
    await owe(store, "two", channel="other:two")
    fake, other = FakeChat("fake", script=["busy"]), FakeChat("other")
    assert await deliver_due(store, {"fake": fake, "other": other}, ManualClock(NOW)) == 1
    assert len(other.posted) == 1


async def test_a_chat_that_is_not_connected_keeps_its_messages(store):
    await owe(store, "one")
    assert await deliver_due(store, {}, ManualClock(NOW)) == 0
    (waiting,) = await store.deliveries(DeliveryState.PENDING)
    assert waiting.reason == "this chat is not connected"


async def test_a_bug_in_an_adapter_leaves_the_message_in_doubt(store):
    await owe(store, "one")
    chat, clock = FakeChat(script=["bug"]), ManualClock(NOW)
    await deliver_due(store, {"fake": chat}, clock)
    assert await states(store) == [DeliveryState.UNKNOWN]
    await clock.advance(60)
    assert await deliver_due(store, {"fake": chat}, clock) == 1


def test_waits_double_from_ten_seconds_to_a_quarter_of_an_hour():
    waits = [retry_delay(attempts).total_seconds() for attempts in (0, 1, 2, 3, 8, 1000)]
    assert waits == [10, 10, 20, 40, 900, 900]
