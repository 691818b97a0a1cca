from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.model import Channel, FollowUp, Query, Schedule, Subscription
from bot.ports import Digest
from bot.store.sql_store import SqlStore, StoreError
from tests.store.invented import HOUR, NOW

HERE = Channel("terminal:main", "terminal", "main", "Europe/Kyiv")
ORDER = Subscription(
    id=0,
    channel_id=HERE.id,
    owner_id="terminal:anna",
    topic="talks",
    schedule=Schedule("Europe/Kyiv", times=("08:00", "20:00"), weekdays=(0, 4)),
    style="brief",
    next_at=NOW,
    cursor=5,
    min_origins=2,
    created_at=NOW,
)


def answer(name: str, *, at: datetime = NOW, actor: str = "anna", channel: str = HERE.id) -> FollowUp:
    query = Query("said", topic="talks", since=NOW, about="prisoners", shown_stories=(3, 1))
    return FollowUp(name, channel, actor, query, at, at + timedelta(days=7))


async def test_a_channel_is_remembered_with_its_newest_name_and_zone(store: SqlStore):
    assert await store.channel(HERE.id) is None
    await store.save_channel(HERE)
    await store.save_channel(replace(HERE, name="news", timezone="UTC"))
    assert await store.channel(HERE.id) == replace(HERE, name="news", timezone="UTC")


async def test_the_newest_answer_of_a_person_in_a_channel_is_the_one_to_follow(store: SqlStore):
    for one in (
        answer("first"),
        answer("second"),
        answer("other", actor="boris"),
        answer("far", channel="x:y"),
    ):
        await store.save_followup(one)
    assert await store.followup(HERE.id, "anna", now=NOW) == answer("second")
    assert await store.followup(HERE.id, "nobody", now=NOW) is None


async def test_a_button_leads_on_for_whoever_presses_it_in_its_channel_only(store: SqlStore):
    await store.save_followup(answer("first"))
    assert await store.followup(HERE.id, "boris", now=NOW, followup_id="first") == answer("first")
    assert await store.followup("x:y", "anna", now=NOW, followup_id="first") is None
    assert await store.followup(HERE.id, "anna", now=NOW, followup_id="none") is None


async def test_an_answer_expires_and_is_dropped_by_the_next_one(store: SqlStore):
    await store.save_followup(answer("old"))
    end = NOW + timedelta(days=7)
    assert await store.followup(HERE.id, "anna", now=end - timedelta(seconds=1)) is not None
    assert await store.followup(HERE.id, "anna", now=end) is None
    await store.save_followup(answer("new", at=end, actor="boris"))
    assert await store.followup(HERE.id, "anna", now=NOW, followup_id="old") is None


async def test_an_answer_saved_again_is_replaced_and_becomes_the_newest(store: SqlStore):
    for name in ("first", "second", "first"):
        await store.save_followup(answer(name))
    assert await store.followup(HERE.id, "anna", now=NOW) == answer("first")


@pytest.fixture
async def ordered(store: SqlStore) -> SqlStore:
    await store.save_channel(HERE)
    await store.save_channel(replace(HERE, id="terminal:other"))
    return store


async def test_a_standing_order_comes_back_as_it_was_given(ordered: SqlStore):
    added = await ordered.add_subscription(ORDER)
    assert added == replace(ORDER, id=added.id)
    other = await ordered.add_subscription(replace(ORDER, channel_id="terminal:other"))
    assert await ordered.subscriptions() == [added, other]
    assert await ordered.subscriptions("terminal:other") == [other]


async def test_an_order_needs_a_known_channel(ordered: SqlStore):
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        await ordered.add_subscription(replace(ORDER, channel_id="terminal:nowhere"))


async def test_due_orders_come_longest_overdue_first_without_paused_ones(ordered: SqlStore):
    changes = ({}, {"next_at": NOW - HOUR}, {"paused": True}, {"next_at": NOW + HOUR})
    for changed in changes:
        await ordered.add_subscription(replace(ORDER, **changed))
    assert [order.id for order in await ordered.due_subscriptions(NOW)] == [2, 1]


async def test_an_order_is_replaced_but_its_cursor_never_goes_back(ordered: SqlStore):
    added = await ordered.add_subscription(ORDER)
    await ordered.save_digest(Digest(added.id, NOW, NOW + HOUR, 9, ("{}",), NOW))
    edited = replace(added, topic="aid", paused=True, next_at=NOW + 2 * HOUR)
    await ordered.save_subscription(edited)
    assert await ordered.subscriptions() == [replace(edited, cursor=9)]
    with pytest.raises(LookupError, match="no subscription 99"):
        await ordered.save_subscription(replace(ORDER, id=99))


async def test_the_id_of_a_removed_order_is_never_given_again(ordered: SqlStore):
    added = await ordered.add_subscription(ORDER)
    await ordered.remove_subscription(added.id)
    assert await ordered.subscriptions() == []
    assert (await ordered.add_subscription(ORDER)).id > added.id
