"""What is kept by person: all of it is counted, and nothing of it is left once they are forgotten."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.kept import KeptAbout
from bot.model import Channel, DeliveryState, FollowUp, Query, Schedule, Subscription
from bot.owed import KeptNotice, Notice, Outcome
from bot.store.leaving_sql import FORGOTTEN
from bot.store.sql_store import SqlStore
from tests.store.invented import NOW

ANNA, BORIS = "chat:424242", "chat:4242427"
"""One id begins with the other."""
NEWS = Channel("chat:1", "chat:server", "#news", "UTC")
DIRECT = Channel("chat:@424242", "chat:@424242", "anna.example", "UTC")
GROUP = Channel("chat:7", DIRECT.id, "anna.example", "UTC")
"""A channel that only she brought the bot to."""


def order(channel: Channel, owner: str) -> Subscription:
    return Subscription(
        id=0,
        channel_id=channel.id,
        owner_id=owner,
        topic="talks",
        schedule=Schedule("UTC", times=("08:00",)),
        style="brief",
        next_at=NOW,
        cursor=0,
        created_at=NOW,
    )


def answer(name: str, channel: Channel, actor: str) -> FollowUp:
    return FollowUp(name, channel.id, actor, Query("said", speaker="Rubio"), NOW, NOW + timedelta(days=7))


def notice(subject: str, *addresses: str) -> Notice:
    return Notice(subject, addresses, f"body of {subject}", f"text of {subject}", NOW)


@pytest.fixture
async def lived(file_store: SqlStore) -> SqlStore:
    """A store in which Anna and Boris have done everything there is to do."""
    for channel in (NEWS, DIRECT, GROUP):
        await file_store.save_channel(channel)
    for number, (channel, actor) in enumerate([(NEWS, ANNA), (DIRECT, ANNA), (GROUP, ANNA), (NEWS, BORIS)]):
        await file_store.save_followup(answer(f"answer-{number}", channel, actor))
    for channel, owner in ((NEWS, ANNA), (NEWS, BORIS), (DIRECT, ANNA)):
        await file_store.add_subscription(order(channel, owner))
    # Told already, still to be told with somebody to go on to, not her turn yet, and somebody else's.
    await file_store.save_notice(notice("told", DIRECT.id))
    (owed,) = await file_store.claim(NOW, 9)
    await file_store.settle(owed.id, Outcome(DeliveryState.SENT, message_id="m"), now=NOW)
    await file_store.save_notice(notice("open", DIRECT.id, NEWS.id))
    await file_store.save_notice(notice("later", "chat:@9", DIRECT.id))
    await file_store.save_notice(notice("other", f"chat:@{BORIS.partition(':')[2]}"))
    return file_store


async def test_all_that_is_kept_about_somebody_is_counted(lived: SqlStore):
    assert await lived.kept_about(ANNA) == KeptAbout(answers=3, orders=1, own_orders=1, messages=2, notices=3)
    assert await lived.kept_about(BORIS) == KeptAbout(answers=1, orders=1, messages=1, notices=1)
    assert await lived.kept_about("chat:nobody") == KeptAbout()


async def test_who_is_forgotten_is_named_in_no_row_of_any_table(lived: SqlStore, tmp_path):
    before = await lived.kept_about(ANNA)
    assert await lived.forget_person(ANNA) == before
    assert await lived.kept_about(ANNA) == KeptAbout()
    with closing(sqlite3.connect(tmp_path / "onrecord.db")) as kept:
        rows = "\n".join(kept.iterdump()).replace("4242427", "")
    hers = [row for row in rows.splitlines() if "424242" in row or "anna.example" in row]
    assert hers == []


async def test_what_belongs_to_a_channel_stays_without_who_made_it(lived: SqlStore):
    await lived.forget_person(ANNA)
    hers, his = await lived.subscriptions()
    assert (hers.channel_id, hers.owner_id) == (NEWS.id, "")
    assert his == replace(order(NEWS, BORIS), id=his.id)
    assert await lived.followup(NEWS.id, BORIS, now=NOW) is not None


async def test_a_notice_goes_on_to_its_next_address_and_none_is_told_twice(lived: SqlStore):
    await lived.forget_person(ANNA)
    told = {one.text: one.channel_id for one in await lived.notices()}
    assert told == {
        "text of told": FORGOTTEN,
        "text of open": NEWS.id,
        "text of later": "chat:@9",
        "text of other": "chat:@4242427",
    }
    assert await lived.save_notice(notice("told", "chat:@9")) is False
    assert KeptNotice("text of told", NOW, FORGOTTEN) in await lived.notices()


async def test_forgetting_somebody_unknown_changes_nothing(lived: SqlStore):
    assert await lived.forget_person("chat:nobody") == KeptAbout()
    assert len(await lived.subscriptions()) == 3
