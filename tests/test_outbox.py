"""Nothing owed is lost, nothing is shown twice where the chat lets us look, and a doubtful repeat says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.message import blocks
from bot.model import Channel, Delivery, DeliveryState, Schedule, Subscription, Trouble
from bot.outbox import (
    MOST_DOUBTS,
    Post,
    Traffic,
    addresses,
    deliver_due,
    judge,
    retry_delay,
    tell,
    tell_of_feeds,
)
from bot.ports import CannotTell, Digest, InDoubt, NotSent, Refused
from bot.settings import Sending
from bot.store.sql_store import SqlStore, StoreError
from tests.fakes import FakeChat, FaultyChat, ManualClock

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
    assert await deliver_due(Post(store, {"fake": chat}, ManualClock(NOW))) == 3
    assert [blocks.loads(body).blocks[0].text for body in chat.posted.values()] == ["one", "two", "three"]
    assert await deliver_due(Post(store, {"fake": chat}, ManualClock(NOW))) == 0
    assert len(chat.calls) == 3


async def test_a_message_that_went_out_without_an_answer_is_found_and_not_sent_again(store):
    await owe(store, "one")
    chat, clock = FakeChat(script=["silent"]), ManualClock(NOW)
    assert await deliver_due(Post(store, {"fake": chat}, clock)) == 0
    assert await states(store) == [DeliveryState.UNKNOWN]
    await clock.advance(60)
    assert await deliver_due(Post(store, {"fake": chat}, clock)) == 1
    assert len(chat.calls) == 1
    assert await states(store) == [DeliveryState.SENT]


async def test_a_message_that_was_lost_on_the_way_is_sent_again(store):
    await owe(store, "one")
    chat, clock = FakeChat(script=["lost"]), ManualClock(NOW)
    await deliver_due(Post(store, {"fake": chat}, clock))
    await clock.advance(60)
    assert await deliver_due(Post(store, {"fake": chat}, clock)) == 1
    assert [repeated for _, repeated in chat.calls] == [False, False]
    assert len(chat.posted) == 1


async def test_where_nobody_can_look_a_doubtful_message_is_sent_again_and_marked(store):
    await owe(store, "one")
    chat, clock = FakeChat(script=["silent"], can_find=False), ManualClock(NOW)
    await deliver_due(Post(store, {"fake": chat}, clock))
    await clock.advance(60)
    await deliver_due(Post(store, {"fake": chat}, clock))
    assert [repeated for _, repeated in chat.calls] == [False, True]


async def test_what_was_being_sent_when_the_program_died_is_in_doubt_after_the_restart(store):
    await owe(store, "one")
    (claimed,) = await store.claim(NOW, 10)
    assert claimed.state is DeliveryState.SENDING
    assert await store.recover(NOW) == 1
    chat = FakeChat(can_find=False)
    assert await deliver_due(Post(store, {"fake": chat}, ManualClock(NOW))) == 1
    assert chat.calls == [(claimed.key, True)]


async def test_a_busy_chat_is_asked_again_no_earlier_than_it_says_and_later_parts_wait(store):
    await owe(store, "one", "two")
    chat, clock = FakeChat(script=["busy"]), ManualClock(NOW)
    assert await deliver_due(Post(store, {"fake": chat}, clock)) == 0
    await clock.advance(29)
    assert await deliver_due(Post(store, {"fake": chat}, clock)) == 0
    await clock.advance(2)
    assert await deliver_due(Post(store, {"fake": chat}, clock)) == 2
    assert [blocks.loads(body).blocks[0].text for body in chat.posted.values()] == ["one", "two"]


async def test_a_refused_message_is_sent_in_plain_text_once(store):
    await owe(store, "one", "two")
    chat = FakeChat(script=["refused"])
    assert await deliver_due(Post(store, {"fake": chat}, ManualClock(NOW))) == 2
    assert [blocks.loads(body).blocks[0].text for body in chat.posted.values()] == ["one", "two"]
    assert [one.plain for one in reversed(await store.deliveries())] == [True, False]


async def test_what_is_refused_in_plain_text_too_is_given_up_with_its_reason_and_blocks_nothing(store):
    await owe(store, "one", "two")
    chat = FakeChat(script=["refused", "refused"])
    assert await deliver_due(Post(store, {"fake": chat}, ManualClock(NOW))) == 2
    assert await states(store) == [DeliveryState.DEAD, DeliveryState.SENT, DeliveryState.SENT]
    (dead,) = await store.deliveries(DeliveryState.DEAD)
    assert dead.reason == "too long"
    (notice,) = await store.notices()
    assert "onrecord outbox retry 1" in notice.text
    assert notice.channel_id == "fake:@someone", "who ordered the digest is told"


async def test_one_channel_in_trouble_does_not_hold_up_another(store):
    await owe(store, "one", channel="fake:one")
    await owe(store, "two", channel="other:two")
    fake, other = FakeChat("fake", script=["busy"]), FakeChat("other")
    assert await deliver_due(Post(store, {"fake": fake, "other": other}, ManualClock(NOW))) == 1
    assert len(other.posted) == 1


async def test_a_chat_that_is_not_connected_keeps_its_messages(store):
    await owe(store, "one")
    assert await deliver_due(Post(store, {}, ManualClock(NOW))) == 0
    (waiting,) = await store.deliveries(DeliveryState.PENDING)
    assert waiting.reason == "this chat is not connected"


async def test_a_bug_in_an_adapter_leaves_the_message_in_doubt(store):
    await owe(store, "one")
    chat, clock = FakeChat(script=["bug"]), ManualClock(NOW)
    await deliver_due(Post(store, {"fake": chat}, clock))
    assert await states(store) == [DeliveryState.UNKNOWN]
    await clock.advance(60)
    assert await deliver_due(Post(store, {"fake": chat}, clock)) == 1


def test_waits_double_from_ten_seconds_to_a_quarter_of_an_hour():
    waits = [retry_delay(attempts).total_seconds() for attempts in (0, 1, 2, 3, 8, 1000)]
    assert waits == [10, 10, 20, 40, 900, 900]


# ── Judging ──────────────────────────────────────────────────────────────────────────────────────────────


def one(state: DeliveryState = DeliveryState.SENDING, **changes: object) -> Delivery:
    body = blocks.dumps(blocks.Message((blocks.Text("one"),)))
    made = Delivery(1, "fake:one", 1, NOW, 0, body, "key", state, attempts=1, attempted_at=NOW)
    return replace(made, **changes)


LOOKED_FOR = one(DeliveryState.UNKNOWN)


@pytest.mark.parametrize(
    ("delivery", "error", "expected"),
    [
        (one(), NotSent("busy", timedelta(seconds=7)), ("pending", 7)),
        (one(attempts=3), NotSent("refused"), ("pending", 40)),
        (one(), NotSent("busy", timedelta(days=400)), ("pending", 6 * 3600)),
        (one(), InDoubt("no answer"), ("unknown", 10)),
        (one(doubts=2), InDoubt("no answer"), ("unknown", 40)),
        (one(), RuntimeError(), ("unknown", 10)),
        (one(), TimeoutError(), ("unknown", 10)),
        (one(doubts=9), InDoubt("no answer"), ("dead", None)),
        (one(plain=True), Refused("too long"), ("dead", None)),
        (one(body="unreadable"), Refused("cannot be read"), ("dead", None)),
        (one(), Refused("too long"), ("pending", None)),
        (one(), Refused("unknown channel", "destination gone"), ("pending", None)),
        (LOOKED_FOR, Refused("unknown channel", "destination gone"), ("unknown", None)),
        (LOOKED_FOR, NotSent("down", timedelta(seconds=7)), ("unknown", 7)),
        (LOOKED_FOR, InDoubt("down"), ("unknown", 60)),
        (replace(LOOKED_FOR, attempted_at=NOW - timedelta(days=1)), InDoubt("down"), ("unknown", 900)),
        (replace(LOOKED_FOR, doubts=99), InDoubt("down"), ("unknown", 60)),
        (LOOKED_FOR, CannotTell("no history"), ("pending", None)),
        (LOOKED_FOR, RuntimeError("a bug"), ("pending", None)),
    ],
)
def test_an_error_is_judged_by_what_it_tells_about_the_message(delivery, error, expected):
    now = NOW + timedelta(minutes=1)
    outcome = judge(delivery, error, now)
    wait = outcome.not_before and (outcome.not_before - now).total_seconds()
    assert (outcome.state, wait) == expected
    assert outcome.reason
    assert outcome.channel_lost is (getattr(error, "kind", "") == "destination gone")
    assert outcome.may_be_repeated is (delivery.state == "unknown" and expected == ("pending", None))
    assert (outcome.plain_body is not None) is (isinstance(error, Refused) and expected == ("pending", None)
                                                and not outcome.channel_lost)  # fmt: skip


# ── Pace ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_channel_gets_a_burst_and_then_one_message_for_each_pause(store):
    await owe(store, *(f"{n}" for n in range(8)))
    await owe(store, "elsewhere", channel="fake:two")
    chat, clock, sending = FakeChat(), ManualClock(NOW), Sending(burst=3, pause_seconds=10)
    post = Post(store, {"fake": chat}, clock, sending=sending, traffic=Traffic(sending))
    assert await deliver_due(post) == 4
    assert await deliver_due(post) == 0
    await clock.advance(10)
    assert await deliver_due(post) == 1
    await clock.advance(25)
    assert await deliver_due(post) == 2
    await clock.advance(3600)
    assert await deliver_due(post) == 2
    assert len(chat.calls) == 9


def test_a_clock_that_went_back_or_ran_ahead_closes_no_channel():
    traffic = Traffic(Sending(burst=1, pause_seconds=60))
    traffic.sending("fake:one", NOW)
    traffic.pause("fake", NOW + timedelta(days=3650))
    assert traffic.closed(NOW) == {"fake:one"}
    assert traffic.closed(NOW - timedelta(hours=1)) == set()


def test_a_pause_closes_its_whole_chat_until_it_is_over():
    traffic = Traffic(Sending())
    traffic.pause("fake", NOW + timedelta(seconds=30))
    assert traffic.closed(NOW) == {"fake:"}
    assert traffic.closed(NOW + timedelta(seconds=30)) == set()


async def test_a_channel_that_hangs_holds_up_no_other_and_is_left_in_doubt(store):
    class Hanging(FakeChat):
        async def send(self, delivery, *, may_be_repeated):
            if delivery.channel_id == "fake:one":
                await asyncio.Event().wait()
            return await super().send(delivery, may_be_repeated=may_be_repeated)

    await owe(store, "one")
    await owe(store, "two", "three", channel="fake:two")
    chat = Hanging()
    assert await deliver_due(Post(store, {"fake": chat}, ManualClock(NOW), deadline_s=0.5)) == 2
    assert len(chat.posted) == 2
    (doubtful,) = await store.deliveries(DeliveryState.UNKNOWN)
    assert doubtful.reason == "the chat's adapter did not come back in time"


async def test_an_outcome_that_cannot_be_saved_is_saved_as_soon_as_it_can(store):
    class FullDisk:
        def __init__(self):
            self.refusals = 3

        def __getattr__(self, name):
            return getattr(store, name)

        async def settle(self, *args, **kwargs):
            if self.refusals:
                self.refusals -= 1
                raise StoreError("onrecord.db", "the disk is full", "Free some space.")
            await store.settle(*args, **kwargs)

    await owe(store, "one")
    chat, clock = FakeChat(), ManualClock(NOW)
    sending = asyncio.create_task(deliver_due(Post(FullDisk(), {"fake": chat}, clock)))
    while not sending.done():
        await asyncio.sleep(0.01)
        await clock.advance(30)
    assert sending.result() == 1
    assert await states(store) == [DeliveryState.SENT]
    assert len(chat.calls) == 1


# ── Owners ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("owner", "connected", "expected"),
    [
        ("fake:anna", ("fake", "terminal"), ("fake:@anna", "terminal:main")),
        ("fake:anna", ("fake",), ("fake:@anna",)),
        ("fake:anna", ("terminal",), ("terminal:main",)),
        ("", ("fake", "terminal"), ("terminal:main",)),
        ("fake:anna", (), ()),
    ],
)
def test_an_owner_is_told_in_person_else_the_operator_on_chats_that_are_connected(owner, connected, expected):
    assert addresses(owner, Sending(), connected) == expected


async def test_an_owner_is_told_once(store):
    chat = FakeChat("terminal")
    post = Post(store, {"terminal": chat}, ManualClock(NOW))
    message = blocks.Message((blocks.Text("The feed is gone."),))
    assert await tell("feed 1 gone", message, "", post) is True
    assert await tell("feed 1 gone", message, "", post) is False
    assert await deliver_due(post) == 1
    (notice,) = await store.notices()
    assert (notice.text, notice.channel_id) == ("The feed is gone.", "terminal:main")


async def test_a_notice_that_its_owner_does_not_take_goes_on_to_the_operator_and_calls_for_no_other(store):
    clock = ManualClock(NOW)
    fake = FaultyChat(clock, refuses=lambda _: "gone")
    terminal = FaultyChat(clock, "terminal")
    post = Post(store, {"fake": fake, "terminal": terminal}, clock)
    message = blocks.Message((blocks.Text("The feed is gone."),))
    await tell("feed 1 gone", message, "fake:anna", post)
    assert await deliver_due(post) == 1
    assert [call.channel_id for call in fake.calls] == ["fake:@anna"]
    assert [post.channel_id for post in terminal.shown()] == ["terminal:main"]
    (notice,) = await store.notices()
    assert notice.channel_id == "terminal:main"
    await tell("feed 2 gone", message, "fake:anna", post)
    assert await deliver_due(post) == 1
    assert len(fake.calls) == 1, "a person who cannot be reached is not tried again"


# ── The law ──────────────────────────────────────────────────────────────────────────────────────────────

DOUBTFUL = ("lost", "silent", "late", "bug", "bug posted")
SENDS = ("ok", "lost", "silent", "late", "busy", "flood", "down", "refused", "bug", "bug posted")


@settings(max_examples=40)
@given(
    sends=st.lists(st.sampled_from(SENDS), max_size=30),
    looks=st.lists(st.sampled_from(("ok", "blind")), max_size=15),
    parts=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    crashes=st.sets(st.integers(0, 20), max_size=4),
    keyed=st.booleans(),
)
def test_whatever_the_chat_does_everything_is_shown_once_in_order_or_given_up_aloud(
    sends, looks, parts, crashes, keyed
):
    asyncio.run(_law(sends, looks, parts, crashes, keyed=keyed))


async def _law(sends, looks, parts, crashes, *, keyed):
    """Several digests for two channels; the bot dies between claiming and sending where ``crashes`` says."""
    clock = ManualClock(NOW)
    chat = FaultyChat(clock, script=sends, looks=looks, honours_keys=keyed, can_find=not keyed)
    async with SqlStore.open(":memory:") as store:
        for digest, count in enumerate(parts):
            texts = [f"{digest}.{part}" for part in range(count)]
            channel = f"fake:{digest % 2}"
            await owe(store, *texts, channel=channel, due_at=NOW + timedelta(seconds=digest))
        await clock.advance(10)
        post = Post(
            store, {"fake": chat}, clock, sending=Sending(burst=100), traffic=Traffic(Sending(burst=100))
        )
        for tick in range(400):
            owed = (await store.totals()).deliveries
            if (
                tick > max(crashes, default=0)
                and not owed[DeliveryState.PENDING] + owed[DeliveryState.UNKNOWN]
            ):
                break
            if tick in crashes:
                await store.claim(clock.now(), 10)  # and dies: nothing of it was sent
                await store.recover(clock.now())
            await deliver_due(post)
            await clock.advance(60)
        deliveries = list(reversed(await store.deliveries(limit=1000)))
    assert {one.state for one in deliveries} <= {DeliveryState.SENT, DeliveryState.DEAD}
    shown = [post.key for post in chat.shown()]
    assert len(shown) == len(set(shown)), "nothing is shown twice"
    sent = [one for one in deliveries if one.state is DeliveryState.SENT]
    assert {one.key for one in sent} <= set(shown)
    dead = [one for one in deliveries if one.state is DeliveryState.DEAD]
    assert all(one.reason for one in dead)
    doubtful = sum(outcome in DOUBTFUL for outcome in sends)
    assert len(dead) <= sends.count("refused") // 2 + doubtful // MOST_DOUBTS, "nothing is given up lightly"
    for channel in ("fake:0", "fake:1"):
        in_order = [
            one.key for one in sorted(deliveries, key=lambda one: one.id) if one.channel_id == channel
        ]
        keys = [post.key for post in chat.posts if post.channel_id == channel]
        assert keys == [key for key in in_order if key in keys]


async def test_the_operator_is_told_once_of_a_feed_that_goes_on_failing(store):
    feed = await store.add_feed("https://e.example/feed", "Example Times", now=NOW)
    trouble = Trouble("the host does not exist", NOW, "Check the address.")
    terminal, clock = FakeChat("terminal"), ManualClock(NOW)
    post = Post(store, {"terminal": terminal}, clock)
    await store.save_feed(replace(feed, failures=2, trouble=trouble))
    assert await tell_of_feeds(post) == 0
    await store.save_feed(replace(feed, failures=3, trouble=trouble))
    assert await tell_of_feeds(post) == 1
    assert await tell_of_feeds(post) == 0
    assert await deliver_due(post) == 1
    (body,) = terminal.posted.values()
    assert "Example Times" in body
    assert "Check the address." in body
