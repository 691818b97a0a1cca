from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from bot.model import Channel, Delivery, DeliveryState, Schedule, Subscription
from bot.ports import Digest
from bot.store.outbox_sql import delivery_key
from bot.store.sql_store import SqlStore
from tests.store.invented import HOUR, NOW

A, B = "terminal:a", "terminal:b"


@pytest.fixture
async def ordered(store: SqlStore) -> SqlStore:
    """Two channels with one standing order each: 1 in A, 2 in B."""
    for channel in (A, B):
        await store.save_channel(Channel(channel, "terminal", channel))
        order = Subscription(0, channel, "anna", "war", Schedule("UTC", 1), "brief", next_at=NOW, cursor=0)
        await store.add_subscription(order)
    return store


def digest(order: int = 1, *bodies: str, due_at=NOW, cursor: int = 10) -> Digest:
    return Digest(order, due_at, due_at + HOUR, cursor, bodies, at=due_at)


async def claimed(store: SqlStore, at=NOW, limit: int = 9) -> list[tuple[int, DeliveryState]]:
    return [(one.id, one.state) for one in await store.claim(at, limit)]


async def test_a_digest_owes_one_delivery_a_part_and_moves_its_order_on(ordered: SqlStore):
    assert await ordered.save_digest(digest(1, "one", "two")) == 2
    second, first = await ordered.deliveries()
    assert first == Delivery(1, A, 1, NOW, 0, "one", delivery_key(1, NOW, 0))
    assert (second.part, second.body) == (1, "two")
    order = (await ordered.subscriptions())[0]
    assert (order.cursor, order.next_at, order.last_digest_at) == (10, NOW + HOUR, NOW)


async def test_a_digest_saved_again_owes_nothing_more_even_when_it_was_composed_anew(ordered: SqlStore):
    await ordered.save_digest(digest(1, "one"))
    assert await ordered.save_digest(digest(1, "one", "more", cursor=12)) == 0
    assert [one.body for one in await ordered.deliveries()] == ["one"]
    assert (await ordered.subscriptions())[0].cursor == 12


async def test_a_digest_with_nothing_to_say_only_moves_on_and_never_back(ordered: SqlStore):
    assert await ordered.save_digest(digest(1)) == 0
    await ordered.save_digest(digest(1, due_at=NOW - HOUR, cursor=3))
    order = (await ordered.subscriptions())[0]
    assert (order.cursor, order.next_at, order.last_digest_at) == (10, NOW + HOUR, None)
    assert await ordered.deliveries() == []


async def test_a_digest_of_a_removed_order_is_owed_to_nobody_but_what_it_owed_is_still_sent(
    ordered: SqlStore,
):
    await ordered.save_digest(digest(1, "one"))
    await ordered.remove_subscription(1)
    assert await ordered.save_digest(digest(1, "two", due_at=NOW + HOUR)) == 0
    assert await claimed(ordered) == [(1, DeliveryState.SENDING)]


def test_a_key_is_the_same_for_one_instant_in_any_zone_and_another_for_every_part():
    elsewhere = NOW.astimezone(timezone(timedelta(hours=3)))
    assert delivery_key(1, NOW, 0) == delivery_key(1, elsewhere, 0)
    made = {
        delivery_key(order, due, part) for order in (1, 2) for due in (NOW, NOW + HOUR) for part in (0, 1)
    }
    assert len(made) == 8
    assert all(len(one) == 25 and one.isalnum() and one == one.lower() for one in made)


async def test_each_channel_gets_its_deliveries_one_after_the_other(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    await ordered.save_digest(digest(2, "b1", due_at=NOW - HOUR))
    (first, second) = await ordered.claim(NOW, 9)
    assert (first.body, second.body) == ("b1", "a1")
    assert (second.state, second.attempts, second.attempted_at) == (DeliveryState.SENDING, 1, NOW)
    assert await claimed(ordered) == []
    await ordered.settle(second.id, DeliveryState.SENT, now=NOW, message_id="m1")
    assert [one.body for one in await ordered.claim(NOW, 9)] == ["a2"]
    sent = await ordered.deliveries(DeliveryState.SENT)
    assert [(one.body, one.message_id) for one in sent] == [("a1", "m1")]


async def test_a_claim_is_bounded_and_takes_the_longest_owed_first(ordered: SqlStore):
    await ordered.save_digest(digest(1, "late"))
    await ordered.save_digest(digest(2, "early", due_at=NOW - HOUR))
    assert await claimed(ordered, limit=1) == [(2, DeliveryState.SENDING)]
    assert (await ordered.totals()).deliveries[DeliveryState.PENDING] == 1


async def test_a_delivery_that_must_wait_holds_back_its_own_channel_only(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    await ordered.save_digest(digest(2, "b1"))
    await ordered.claim(NOW, 9)
    await ordered.settle(1, DeliveryState.PENDING, now=NOW, reason="slow down", not_before=NOW + HOUR)
    await ordered.settle(3, DeliveryState.SENT, now=NOW)
    assert await claimed(ordered, NOW + HOUR / 2) == []
    (again,) = await ordered.claim(NOW + HOUR, 9)
    assert (again.body, again.attempts, again.reason) == ("a1", 2, "slow down")


async def test_a_dead_delivery_says_why_and_lets_the_next_one_pass(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    await ordered.claim(NOW, 9)
    await ordered.settle(1, DeliveryState.DEAD, now=NOW, reason="the channel is gone")
    assert await claimed(ordered) == [(2, DeliveryState.SENDING)]
    assert [one.reason for one in await ordered.deliveries(DeliveryState.DEAD)] == ["the channel is gone"]


async def test_what_was_being_sent_when_the_bot_died_is_in_doubt_and_looked_up_first(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    await ordered.save_digest(digest(2, "b1"))
    (first, _) = await ordered.claim(NOW, 9)
    await ordered.settle(3, DeliveryState.SENT, now=NOW)
    assert await ordered.recover(NOW + HOUR) == 1
    assert await ordered.recover(NOW + HOUR) == 0
    (doubtful,) = await ordered.claim(NOW + HOUR, 9)
    assert replace(doubtful, reason=None) == replace(first, state=DeliveryState.UNKNOWN)
    assert doubtful.attempts == 1
    await ordered.settle(doubtful.id, DeliveryState.PENDING, now=NOW + HOUR)
    assert await claimed(ordered, NOW + HOUR) == [(1, DeliveryState.SENDING)]


async def test_what_was_sent_stays_sent(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1"))
    await ordered.settle(1, DeliveryState.SENT, now=NOW, message_id="m1")
    await ordered.settle(1, DeliveryState.SENT, now=NOW + HOUR)
    with pytest.raises(ValueError, match="was sent"):
        await ordered.settle(1, DeliveryState.PENDING, now=NOW)
    with pytest.raises(LookupError, match="no delivery 9"):
        await ordered.settle(9, DeliveryState.SENT, now=NOW)
    assert [(one.state, one.message_id) for one in await ordered.deliveries()] == [(DeliveryState.SENT, "m1")]


async def test_deliveries_are_listed_newest_first_up_to_a_limit(ordered: SqlStore):
    for hour in range(3):
        await ordered.save_digest(digest(1, f"a{hour}", due_at=NOW + hour * HOUR))
    assert [one.body for one in await ordered.deliveries(limit=2)] == ["a2", "a1"]
    assert await ordered.deliveries(DeliveryState.DEAD) == []


async def test_totals_count_everything_with_zeros(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    await ordered.save_digest(digest(2, "b1", due_at=NOW + HOUR))
    feed = await ordered.add_feed("https://example.org/feed", "Example", now=NOW)
    await ordered.save_feed(replace(feed, last_success_at=NOW))
    totals = await ordered.totals()
    assert (totals.feeds, totals.entries, totals.statements, totals.stories) == (1, 0, 0, 0)
    assert set(totals.articles.values()) == {0}
    assert totals.deliveries == dict.fromkeys(DeliveryState, 0) | {DeliveryState.PENDING: 3}
    assert (totals.oldest_pending_at, totals.last_success_at) == (NOW, NOW)
    await ordered.settle(1, DeliveryState.SENT, now=NOW)
    await ordered.settle(2, DeliveryState.SENT, now=NOW)
    assert (await ordered.totals()).oldest_pending_at == NOW + HOUR
