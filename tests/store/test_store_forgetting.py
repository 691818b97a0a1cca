"""What is kept about a server is counted, and nothing of it is left in any table once it is forgotten.

The notices are those that the outbox itself makes, so that its subjects and ours cannot drift apart.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.kept import KeptAbout, KeptInSpace
from bot.message import blocks
from bot.message.blocks import Message, Text
from bot.model import Channel, DeliveryState, FollowUp, Query
from bot.owed import Notice, Outcome
from bot.settings import Sending
from bot.store.leaving_sql import FORGOTTEN
from bot.store.sql_store import SqlStore
from tests.fakes import FaultyChat, ManualClock
from tests.faults.delivering import HOUR, NOW, Office, owe, shown, subscribe

SERVER, OTHER = "fake:900", "fake:9001"
"""One id begins with the other."""
BODY = blocks.dumps(Message((Text("Something."),)))
NEWS, GONE, DESK, FAR = (f"fake:{number}" for number in ("9101", "9102", "9103", "7700"))
ANNA = "fake:31337"
DIRECT = "fake:@31337"


def refusing(delivery) -> str:
    """The channel that is gone, and the message that nobody takes."""
    if delivery.channel_id == GONE:
        return "gone"
    return "refused" if "unwanted" in delivery.body else ""


@pytest.fixture
async def world(file_store: SqlStore) -> tuple[SqlStore, Office, FaultyChat]:
    """A server where all has happened that can: sent, owed, lost, given up; and another one beside it.

    The operator's channel stands in the first server. Anna, who ordered there, was told in person.
    """
    clock = ManualClock(NOW)
    chat = FaultyChat(clock, refuses=refusing)
    office = Office(file_store, clock, chat, sending=Sending(burst=100, operator_channel=DESK))
    # A notice for the operator comes before anybody has asked anything in that channel.
    await file_store.save_notice(Notice("feed 1 since then", (DESK, FAR), BODY, "feed", NOW))
    orders = {}
    for channel, owner in ((NEWS, ANNA), (GONE, ANNA), (FAR, "fake:4")):
        orders[channel] = await subscribe(file_store, channel, owner)
    for channel, space in ((NEWS, SERVER), (GONE, SERVER), (DESK, SERVER), (FAR, OTHER)):
        await file_store.save_channel(Channel(channel, space, f"#{channel[5:]}"))
        await file_store.save_followup(
            FollowUp(f"answer in {channel}", channel, ANNA, Query("said"), NOW, NOW + 24 * HOUR)
        )
    for channel in (NEWS, GONE, FAR):
        await owe(file_store, orders[channel], f"A first part for {channel[5:7]}.")
    await owe(file_store, orders[NEWS], "an unwanted part", due_at=NOW + HOUR)
    await office.settle(hours=0.1)
    role = Notice(f"role 55 of subscription {orders[NEWS].id} gone", (DIRECT,), BODY, "role", NOW)
    await file_store.save_notice(role)
    await owe(file_store, orders[NEWS], "A part that waits.", due_at=NOW + 2 * HOUR)
    return file_store, office, chat


def dumped(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "onrecord.db")) as kept:
        return "\n".join(kept.iterdump())


async def test_all_that_is_kept_about_a_server_is_counted(world):
    store, _, chat = world
    assert {post.channel_id for post in chat.posts} >= {NEWS, FAR, DIRECT}
    assert len(await store.lost_channels()) == 1
    # Lost, given up, role gone, and the operator's about a feed, which may yet go on to the other server.
    assert await store.kept_in_space(SERVER) == KeptInSpace(
        channels=3, subscriptions=2, answers=3, messages=5, notices=4
    )
    assert await store.kept_in_space(OTHER) == KeptInSpace(
        channels=1, subscriptions=1, answers=1, messages=1, notices=1
    )
    assert await store.kept_in_space("fake:1") is None


async def test_a_forgotten_servers_id_and_its_channels_stand_in_no_row_of_any_table(world, tmp_path):
    store, _, _ = world
    before = await store.kept_in_space(SERVER)
    assert await store.forget_space(SERVER) == before
    assert await store.kept_in_space(SERVER) is None
    rows = dumped(tmp_path).replace(OTHER, "").splitlines()
    hers = [row for row in rows if any(one in row for one in (SERVER, "9101", "9102", "9103", "for 91"))]
    assert hers == []


async def test_nothing_is_sent_there_afterwards_and_the_others_go_on(world):
    store, office, chat = world
    await store.forget_space(SERVER)
    before = len(chat.posts)
    await owe(store, (await store.subscriptions(FAR))[0], "The other server's next.", due_at=NOW + HOUR)
    await office.settle(hours=24, every_s=600)
    assert shown(chat)[before:] == ["The other server's next."]
    assert [order.channel_id for order in await store.subscriptions()] == [FAR]
    assert (await store.kept_in_space(OTHER)).answers == 1


async def test_a_digest_composed_meanwhile_is_owed_to_nobody_and_what_was_being_sent_is_left(world):
    store, office, _ = world
    order = (await store.subscriptions(NEWS))[0]
    claimed = await store.claim(office.clock.now(), 9)
    sending = next(one for one in claimed if one.channel_id == NEWS)
    await store.forget_space(SERVER)
    await owe(store, order, "Too late.", due_at=NOW + 9 * HOUR)
    with pytest.raises(LookupError, match="no delivery"):
        await store.settle(sending.id, _sent(), now=NOW)
    assert [one.channel_id for one in await store.deliveries()] == [FAR]


def _sent():
    return Outcome(DeliveryState.SENT, message_id="m")


async def test_it_begins_as_if_it_were_new_there(world):
    store, _, _ = world
    old = {order.id for order in await store.subscriptions()}
    await store.forget_space(SERVER)
    order = await subscribe(store, GONE, ANNA)
    assert order.id not in old
    assert await store.lost_channels() == []
    assert await store.followup(GONE, ANNA, now=NOW) is None


async def test_a_notice_about_something_else_goes_on_to_its_next_address_or_keeps_its_subject(file_store):
    await file_store.save_channel(Channel(DESK, SERVER, "#desk"))
    for subject, addresses in (("feed 1", (DESK,)), ("feed 2", (DESK, FAR)), ("feed 3", (FAR, DESK))):
        await file_store.save_notice(Notice(subject, addresses, BODY, subject, NOW))
        if subject == "feed 1":
            (told,) = await file_store.claim(NOW, 1)
            await file_store.settle(told.id, _sent(), now=NOW)
    await file_store.forget_space(SERVER)
    assert {one.text: one.channel_id for one in await file_store.notices()} == {
        "feed 1": FORGOTTEN,
        "feed 2": FAR,
        "feed 3": FAR,
    }
    assert await file_store.save_notice(Notice("feed 1", (FAR,), BODY, "again", NOW)) is False


async def test_a_space_that_was_really_a_channel_takes_nothing_of_its_server_with_it(file_store):
    await file_store.save_notice(Notice("feed 1", (NEWS,), BODY, "feed", NOW))
    order = await subscribe(file_store, NEWS)
    await file_store.save_channel(Channel(NEWS, SERVER, "#news"))
    await file_store.leave_space(NEWS, NOW)
    assert await file_store.forget_left(NOW) == 1
    assert [one.id for one in await file_store.subscriptions()] == [order.id]
    assert await file_store.channel(NEWS) == Channel(NEWS, SERVER, "#news")


async def test_a_forgotten_person_is_named_in_no_notice_that_the_outbox_made(world, tmp_path):
    store, _, _ = world
    assert (await store.kept_about(ANNA)).notices == 3
    await store.forget_person(ANNA)
    assert await store.kept_about(ANNA) == KeptAbout()
    assert [row for row in dumped(tmp_path).splitlines() if "31337" in row] == []
    assert (await store.kept_in_space(SERVER)).subscriptions == 2, "the channels keep theirs"
