from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from bot.model import Channel, Delivery, DeliveryState, Schedule, Subscription
from bot.outbox import idempotency_key
from bot.owed import NOTICES
from bot.ports import Backlog, Digest, KeptNotice, LostChannel, Notice, Outcome, Overtaken
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
    assert first == Delivery(1, A, 1, NOW, 0, "one", idempotency_key(A, 1, NOW, 0))
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
    assert idempotency_key(A, 1, NOW, 0) == idempotency_key(A, 1, elsewhere, 0)
    made = {
        idempotency_key(channel, order, due, part)
        for channel in (A, B)
        for order in (1, 2)
        for due in (NOW, NOW + HOUR)
        for part in (0, 1)
    }
    assert len(made) == 16
    assert all(len(one) == 25 and one.isalnum() and one == one.lower() for one in made)


async def test_each_channel_gets_its_deliveries_one_after_the_other(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    await ordered.save_digest(digest(2, "b1", due_at=NOW - HOUR))
    (first, second) = await ordered.claim(NOW, 9)
    assert (first.body, second.body) == ("b1", "a1")
    assert (second.state, second.attempts, second.attempted_at) == (DeliveryState.SENDING, 1, NOW)
    assert await claimed(ordered) == []
    await ordered.settle(second.id, Outcome(DeliveryState.SENT, message_id="m1"), now=NOW)
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
    await ordered.settle(
        1, Outcome(DeliveryState.PENDING, reason="slow down", not_before=NOW + HOUR), now=NOW
    )
    await ordered.settle(3, Outcome(DeliveryState.SENT), now=NOW)
    assert await claimed(ordered, NOW + HOUR / 2) == []
    (again,) = await ordered.claim(NOW + HOUR, 9)
    assert (again.body, again.attempts, again.reason) == ("a1", 2, "slow down")


async def test_a_dead_delivery_says_why_and_lets_the_next_one_pass(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    await ordered.claim(NOW, 9)
    await ordered.settle(1, Outcome(DeliveryState.DEAD, reason="the channel is gone"), now=NOW)
    assert await claimed(ordered) == [(2, DeliveryState.SENDING)]
    assert [one.reason for one in await ordered.deliveries(DeliveryState.DEAD)] == ["the channel is gone"]


async def test_what_was_being_sent_when_the_bot_died_is_in_doubt_and_looked_up_first(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    await ordered.save_digest(digest(2, "b1"))
    (first, _) = await ordered.claim(NOW, 9)
    await ordered.settle(3, Outcome(DeliveryState.SENT), now=NOW)
    assert await ordered.recover(NOW + HOUR) == 1
    assert await ordered.recover(NOW + HOUR) == 0
    (doubtful,) = await ordered.claim(NOW + HOUR, 9)
    assert replace(doubtful, reason=None) == replace(first, state=DeliveryState.UNKNOWN)
    assert doubtful.attempts == 1
    await ordered.settle(doubtful.id, Outcome(DeliveryState.PENDING), now=NOW + HOUR)
    assert await claimed(ordered, NOW + HOUR) == [(1, DeliveryState.SENDING)]


async def test_what_was_sent_stays_sent(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1"))
    await ordered.settle(1, Outcome(DeliveryState.SENT, message_id="m1"), now=NOW)
    await ordered.settle(1, Outcome(DeliveryState.SENT), now=NOW + HOUR)
    with pytest.raises(ValueError, match="was sent"):
        await ordered.settle(1, Outcome(DeliveryState.PENDING), now=NOW)
    with pytest.raises(LookupError, match="no delivery 9"):
        await ordered.settle(9, Outcome(DeliveryState.SENT), now=NOW)
    assert [(one.state, one.message_id) for one in await ordered.deliveries()] == [(DeliveryState.SENT, "m1")]


async def test_deliveries_are_listed_newest_first_up_to_a_limit(ordered: SqlStore):
    for hour in range(3):
        await ordered.save_digest(digest(1, f"a{hour}", due_at=NOW + hour * HOUR))
    assert [one.body for one in await ordered.deliveries(limit=2)] == ["a2", "a1"]
    assert await ordered.deliveries(DeliveryState.DEAD) == []


# ── Digests that wait ────────────────────────────────────────────────────────────────────────────────────


def waiting(order: int, body: str, hour: int, **changes) -> Digest:
    made = digest(order, body, body + " too", due_at=NOW + hour * HOUR, cursor=hour + 10)
    return replace(made, after_serial=hour, covers_from=NOW + (hour - 1) * HOUR, **changes)


async def test_the_backlog_is_what_certainly_was_not_sent_with_where_it_begins(ordered: SqlStore):
    assert await ordered.backlog(1) is None
    for hour in range(3):
        await ordered.save_digest(waiting(1, f"a{hour}", hour))
    await ordered.save_digest(waiting(2, "b", 5))
    assert (await ordered.backlog(1)) == Backlog((1, 2, 3, 4, 5, 6), 3, NOW, 0, NOW - HOUR, 6)
    await ordered.claim(NOW, 9)
    found = await ordered.backlog(1)
    assert (found.deliveries, found.after_serial, found.since) == ((3, 4, 5, 6), 1, NOW + HOUR)
    await ordered.settle(1, Outcome(DeliveryState.PENDING, "not sent"), now=NOW)
    assert (await ordered.backlog(1)).digests == 3
    await ordered.claim(NOW, 9)
    await ordered.settle(1, Outcome(DeliveryState.PENDING, "cannot tell", may_be_repeated=True), now=NOW)
    assert (await ordered.backlog(1)).digests == 2, "one that may have been seen stays itself"


async def test_a_digest_takes_in_what_waits_and_stands_for_all_of_it(ordered: SqlStore):
    await ordered.save_digest(waiting(1, "a0", 0))
    await ordered.save_digest(waiting(1, "a1", 1, takes_in=await ordered.backlog(1)))
    assert (await ordered.totals()).deliveries[DeliveryState.MERGED] == 2
    found = await ordered.backlog(1)
    assert (found.deliveries, found.digests, found.since) == ((3, 4), 2, NOW)
    assert [one.body for one in await ordered.claim(NOW, 9)] == ["a1"]
    with pytest.raises(ValueError, match="merged"):
        await ordered.settle(1, Outcome(DeliveryState.PENDING), now=NOW)


async def test_a_digest_that_comes_too_late_to_take_another_in_is_not_saved(ordered: SqlStore):
    await ordered.save_digest(waiting(1, "a0", 0))
    backlog = await ordered.backlog(1)
    await ordered.claim(NOW, 9)
    with pytest.raises(Overtaken):
        await ordered.save_digest(waiting(1, "a1", 1, takes_in=backlog))
    assert len(await ordered.deliveries()) == 2
    assert (await ordered.subscriptions())[0].cursor == 10


# ── Order, pauses and lost channels ──────────────────────────────────────────────────────────────────────


async def test_an_overdue_digest_does_not_step_between_the_parts_of_another(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    order = replace((await ordered.subscriptions())[0], topic="talks")
    other = await ordered.add_subscription(order)
    await ordered.save_digest(digest(other.id, "overdue", due_at=NOW - 9 * HOUR))
    bodies = []
    while found := await ordered.claim(NOW, 9):
        bodies += [one.body for one in found]
        await ordered.settle(found[0].id, Outcome(DeliveryState.SENT), now=NOW)
    assert bodies == ["a1", "a2", "overdue"]


@pytest.mark.parametrize(
    ("closed", "left"), [((A,), ["b1"]), (("terminal:",), []), (("other:",), ["b1", "a1"])]
)
async def test_closed_channels_and_chats_are_left_out_of_a_claim(ordered: SqlStore, closed, left):
    await ordered.save_digest(digest(1, "a1"))
    await ordered.save_digest(digest(2, "b1", due_at=NOW - HOUR))
    assert [one.body for one in await ordered.claim(NOW, 9, closed)] == left


async def test_a_wait_that_a_clock_running_ahead_has_set_is_none(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1"))
    await ordered.claim(NOW, 9)
    ahead = Outcome(DeliveryState.PENDING, not_before=NOW + 24 * 3652 * HOUR)
    await ordered.settle(1, ahead, now=NOW)
    assert await claimed(ordered) == [(1, DeliveryState.SENDING)]


async def test_a_lost_channel_waits_until_it_is_regained(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1", "a2"))
    await ordered.save_digest(digest(2, "b1"))
    await ordered.claim(NOW, 9)
    gone = Outcome(DeliveryState.PENDING, "unknown channel", not_before=NOW + HOUR, channel_lost=True)
    await ordered.settle(1, gone, now=NOW)
    await ordered.settle(3, Outcome(DeliveryState.SENT), now=NOW)
    assert await ordered.lost_channels() == [LostChannel(A, A, "unknown channel", NOW, 2)]
    assert await claimed(ordered, NOW + 2 * HOUR) == []
    assert [order.id for order in await ordered.due_subscriptions(NOW + 2 * HOUR)] == [2]
    assert (await ordered.totals()).oldest_pending_at is None
    assert await ordered.regain_channel(B) is False
    assert await ordered.regain_channel(A) is True
    assert await ordered.lost_channels() == []
    assert await claimed(ordered) == [(1, DeliveryState.SENDING)], "at once"
    assert [order.id for order in await ordered.due_subscriptions(NOW + 2 * HOUR)] == [1, 2]


# ── Given up ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_given_up_can_be_owed_again_and_looked_up_first_where_it_was_in_doubt(
    ordered: SqlStore,
):
    await ordered.save_digest(digest(1, "a1"))
    await ordered.save_digest(digest(2, "b1"))
    await ordered.claim(NOW, 9)
    await ordered.settle(1, Outcome(DeliveryState.DEAD, "too long"), now=NOW)
    await ordered.settle(2, Outcome(DeliveryState.UNKNOWN, "no answer"), now=NOW)
    await ordered.settle(2, Outcome(DeliveryState.DEAD, "in doubt too often"), now=NOW)
    assert await ordered.retry([1, 2, 99]) == 2
    assert await claimed(ordered) == [(1, DeliveryState.SENDING), (2, DeliveryState.UNKNOWN)]
    assert await ordered.retry([1]) == 0
    assert {(one.reason, one.doubts) for one in await ordered.deliveries()} == {(None, 0)}


async def test_a_refused_message_keeps_its_plain_body(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1"))
    await ordered.claim(NOW, 9)
    await ordered.settle(1, Outcome(DeliveryState.PENDING, "bad embed", plain_body="plain"), now=NOW)
    (again,) = await ordered.claim(NOW, 9)
    assert (again.body, again.plain, again.attempts, again.key) == (
        "plain",
        True,
        2,
        idempotency_key(A, 1, NOW, 0),
    )


# ── Notices ──────────────────────────────────────────────────────────────────────────────────────────────


def notice(subject: str = "feed 1", *addresses: str) -> Notice:
    return Notice(subject, addresses, "body of " + subject, "text of " + subject, NOW)


async def test_a_notice_is_kept_and_owed_once(ordered: SqlStore):
    assert await ordered.save_notice(notice("feed 1", "terminal:@anna", A)) is True
    assert await ordered.save_notice(notice("feed 1", B)) is False
    assert await ordered.notices() == [KeptNotice("text of feed 1", NOW, "terminal:@anna")]
    (owed,) = await ordered.claim(NOW, 9)
    assert (owed.channel_id, owed.subscription_id, owed.body) == ("terminal:@anna", NOTICES, "body of feed 1")
    assert await ordered.channel("terminal:@anna") == Channel(
        "terminal:@anna", "terminal:@anna", "terminal:@anna"
    )


async def test_two_notices_of_one_instant_are_two_deliveries(ordered: SqlStore):
    for subject in ("feed 1", "feed 2"):
        await ordered.save_notice(notice(subject, A))
    assert len({one.key for one in await ordered.deliveries()}) == 2


@pytest.mark.parametrize(
    "refused", [Outcome(DeliveryState.DEAD, "no"), Outcome(DeliveryState.PENDING, "no", channel_lost=True)]
)
async def test_a_notice_goes_on_from_address_to_address_and_then_to_nobody(ordered: SqlStore, refused):
    await ordered.save_notice(notice("feed 1", A, B))
    tried = []
    while found := await ordered.claim(NOW, 9):
        tried += [one.channel_id for one in found]
        await ordered.settle(found[0].id, refused, now=NOW)
    assert tried == [A, B]
    assert await ordered.notices() == [KeptNotice("text of feed 1", NOW, None)]
    assert await ordered.deliveries() == []


async def test_a_lost_channel_is_no_address(ordered: SqlStore):
    await ordered.save_digest(digest(1, "a1"))
    await ordered.claim(NOW, 9)
    told = Outcome(
        DeliveryState.PENDING, "gone", channel_lost=True, notices=(notice("a lost", A, B), notice("x", A))
    )
    await ordered.settle(1, told, now=NOW)
    assert [(one.text, one.channel_id) for one in await ordered.notices()] == [
        ("text of x", None),
        ("text of a lost", B),
    ]
    await ordered.settle(1, told, now=NOW)
    assert len(await ordered.notices()) == 2, "an outcome that is saved again tells nobody twice"


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
    await ordered.settle(1, Outcome(DeliveryState.SENT), now=NOW)
    await ordered.settle(2, Outcome(DeliveryState.SENT), now=NOW)
    assert (await ordered.totals()).oldest_pending_at == NOW + HOUR
