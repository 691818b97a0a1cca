"""What grows old is let go of in small steps; what must never be forgotten stays."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.model import ArticleState, Channel, DeliveryState, FollowUp, Query, Schedule, Subscription, Trouble
from bot.ports import Digest, Wanted
from bot.schedules import next_due
from bot.store import upkeep_sql
from bot.store.sql_store import SqlStore
from tests.store.invented import HOUR, NOW, entry, key, polled, read_one, reading, said, sketch

DAY = timedelta(days=1)


async def count(store: SqlStore, table: str) -> int:
    rows = text(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
    return await store._read(lambda connection: connection.execute(rows).scalar())


async def prune_all(store: SqlStore, what, before, limit: int = 2) -> int:
    rounds = 0
    while await store.prune(what, before, limit):
        rounds += 1
        assert rounds < 50, "it never ends"
    return rounds


async def test_old_texts_go_and_everything_else_about_their_articles_stays(store: SqlStore):
    old = await read_one(store, "old", said("We agreed on grain"), at=NOW, sketch=sketch(bands=(1, 2)))
    young = await read_one(store, "young", said("We agreed on salt"), at=NOW + 2 * DAY)
    before = await store.statements(Wanted())
    await prune_all(store, "texts", NOW + DAY)
    assert await store.text_version(old) is None
    assert await store.text_version(young)
    assert await store.statements(Wanted()) == before, "statements keep their words without the text"
    article = await store.article(old)
    assert article
    assert (article.state, article.title, article.version) == (
        ArticleState.READ,
        "Envoys meet in Sampleville",
        1,
    )
    found = await store.search("grain", since=None, until=None, limit=5)
    assert [one.article_id for one in found.statements] == [old]
    assert (await store.stories_between(topic="war", since=None, until=None, limit=9))[0].articles


async def test_the_keys_of_entries_are_never_forgotten(store: SqlStore):
    await read_one(store, "old", said("We agreed"))
    (feed,) = await store.feeds()
    for what in ("texts", "copies", "digests", "answers"):
        await prune_all(store, what, NOW + 9999 * DAY)
    assert await count(store, "entries") == 1
    await polled(store, entry("old"), url=feed.url, at=NOW + 9999 * DAY)
    assert await store.articles_to_read(NOW + 9999 * DAY, 9) == []
    assert key("old") in (await store.seen(feed.id, [key("old")])).by_key


async def test_a_pruned_article_that_is_edited_is_read_again_and_its_statements_are_the_same(store: SqlStore):
    old = await read_one(store, "old", said("We agreed"))
    await prune_all(store, "texts", NOW + DAY)
    assert await store.save_reading(reading(old, said("We agreed"), at=NOW + 2 * DAY)) == 0
    version = await store.text_version(old)
    assert version
    assert version.version == 2
    assert (await store.search("agreed", since=None, until=None, limit=5)).total == 1


async def test_what_is_still_to_be_read_keeps_what_it_needs_for_that(store: SqlStore):
    await polled(store, entry("waiting", summary="Invented summary.", text="Invented text."))
    await prune_all(store, "texts", NOW + DAY)
    (waiting,) = await store.articles_to_read(NOW + DAY, 9)
    assert (waiting.summary, waiting.entry_text) == ("Invented summary.", "Invented text.")


async def test_what_the_flood_brake_holds_keeps_what_a_release_needs(store: SqlStore):
    held = replace(entry("held", summary="Invented summary."), held=True)
    feed = await polled(store, held)
    await prune_all(store, "texts", NOW + DAY)
    await store.release_held(feed.id)
    (waiting,) = await store.articles_to_read(NOW + DAY, 9)
    assert waiting.summary == "Invented summary."


async def test_an_article_off_topic_keeps_its_title_only(store: SqlStore):
    await polled(store, entry("other", on_topic=False, summary="Invented summary."))
    await prune_all(store, "texts", NOW + DAY)
    kept = await store._read(lambda c: c.execute(text("SELECT title, summary, vector FROM articles")).one())
    assert tuple(kept) == ("Title of other", "", None)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_small_steps_come_to_the_same_end_also_when_a_poll_brings_more_than_one_step(
    store: SqlStore, limit: int
):
    for day in range(3):
        await polled(
            store,
            *(entry(f"{day} {n}", on_topic=False, summary="Invented.") for n in range(5)),
            at=NOW + day * DAY,
        )
    await prune_all(store, "texts", NOW + 2 * DAY, limit)
    left = await store._read(
        lambda c: (
            c.execute(text("SELECT title FROM articles WHERE summary != '' ORDER BY id")).scalars().all()
        )
    )
    assert left == [f"Title of 2 {n}" for n in range(5)]


async def test_nothing_is_looked_at_twice(store: SqlStore):
    for day in range(4):
        await polled(store, entry(f"{day}", on_topic=False), at=NOW + day * DAY)
    assert await store.prune("texts", NOW + 2 * DAY, 100) == 2
    assert await store.prune("texts", NOW + 2 * DAY, 100) == 0
    assert await store.prune("texts", NOW + 3 * DAY, 100) == 1


async def test_marks_for_copies_go_with_their_time(store: SqlStore):
    for n in range(3):
        await read_one(store, str(n), said("We agreed"), at=NOW + n * DAY, sketch=sketch(bands=(n, 7)))
    await prune_all(store, "copies", NOW + 2 * DAY)
    assert await count(store, "copy_bands") == 2


async def owe(store: SqlStore, days: int) -> None:
    """A digest of so many days after now, with two parts."""
    if not await store.subscriptions():
        await store.save_channel(Channel("terminal:main", "terminal", "terminal"))
        await store.add_subscription(
            Subscription(0, "terminal:main", "", "war", Schedule("UTC", 1), "brief", next_at=NOW, cursor=0)
        )
    due_at = NOW + days * DAY
    await store.save_digest(
        Digest(1, due_at=due_at, next_at=due_at + DAY, cursor=0, bodies=("a", "b"), at=due_at)
    )


async def close(store: SqlStore, state: DeliveryState, now) -> None:
    await store._write(
        lambda c: c.execute(text("UPDATE deliveries SET state = :state"), {"state": state.value}).rowcount
    )


async def test_old_deliveries_go_when_they_have_come_to_their_end(store: SqlStore):
    for day in range(4):
        await owe(store, day)
    await prune_all(store, "digests", NOW + 2 * DAY)
    assert await count(store, "deliveries") == 8, "nothing goes that is still to be sent"
    await close(store, DeliveryState.SENT, NOW)
    await prune_all(store, "digests", NOW + 2 * DAY)
    assert sorted({one.due_at for one in await store.deliveries()}) == [NOW + 2 * DAY, NOW + 3 * DAY]
    await close(store, DeliveryState.DEAD, NOW)
    await prune_all(store, "digests", NOW + 99 * DAY)
    assert await count(store, "deliveries") == 0


async def test_a_digest_whose_deliveries_are_gone_is_not_owed_again(store: SqlStore):
    await owe(store, 0)
    await close(store, DeliveryState.SENT, NOW)
    await prune_all(store, "digests", NOW + DAY)
    (order,) = await store.subscriptions()
    assert order.next_at == NOW + DAY
    assert await store.due_subscriptions(NOW) == []


async def test_answers_go_when_they_have_expired(store: SqlStore):
    for n in range(4):
        await store.save_followup(
            FollowUp(str(n), "terminal:main", "me", Query("digest"), NOW - DAY, NOW + n * HOUR)
        )
    await prune_all(store, "answers", NOW + 2 * HOUR)
    assert await count(store, "followups") == 2


async def test_the_daily_upkeep_is_remembered(store: SqlStore):
    assert await store.last_upkeep() is None
    await store.upkeep_done(NOW)
    await store.upkeep_done(NOW + DAY)
    assert await store.last_upkeep() == NOW + DAY


async def test_what_a_clock_years_ahead_put_off_comes_back_into_reach(store: SqlStore):
    ahead = NOW + 3650 * DAY
    await owe(store, 0)
    await store.save_digest(Digest(1, due_at=NOW + DAY, next_at=ahead, cursor=0, bodies=(), at=ahead))
    await polled(store, entry("a"))
    (waiting,) = await store.articles_to_read(NOW, 9)
    await store.save_unread(
        waiting.article.id,
        state=ArticleState.TO_READ,
        attempts=1,
        not_before=ahead,
        trouble=Trouble("a timeout", ahead, "nothing"),
    )
    assert await store.articles_to_read(NOW + DAY, 9) == []
    assert await store.mend_times(NOW + HOUR) == 2
    assert await store.articles_to_read(NOW + HOUR, 9)
    assert (await store.subscriptions())[0].next_at == NOW + 2 * HOUR
    assert await store.mend_times(NOW + HOUR) == 0


async def test_a_mended_order_gets_no_due_time_that_it_had_already(store: SqlStore):
    await owe(store, 0)  # due at noon, and saved
    ahead = NOW + 3650 * DAY
    await store.save_digest(
        Digest(1, due_at=NOW + HOUR, next_at=ahead, cursor=0, bodies=("early",), at=ahead)
    )
    assert await store.mend_times(NOW - HOUR / 2) == 1
    assert (await store.subscriptions())[0].next_at == NOW + 2 * HOUR


async def test_what_lies_a_little_ahead_or_is_paused_is_left_alone(store: SqlStore):
    await owe(store, 0)
    (order,) = await store.subscriptions()
    weekly = Schedule("UTC", times=("08:00",), weekdays=(5,))
    await store.save_subscription(replace(order, schedule=weekly, next_at=next_due(weekly, NOW)))
    assert next_due(weekly, NOW) > NOW + 5 * DAY
    assert await store.mend_times(NOW) == 0
    await store.save_subscription(replace(order, paused=True, next_at=NOW + 3650 * DAY))
    assert await store.mend_times(NOW) == 0


async def test_freed_pages_are_given_back_to_the_disk_but_for_a_reserve(file_store: SqlStore, monkeypatch):
    monkeypatch.setattr(upkeep_sql, "_LEAST_RESERVE", 10)
    names = [f"a{n}" for n in range(300)]
    await polled(file_store, *(entry(name, on_topic=False, summary="words " * 1000) for name in names))
    await prune_all(file_store, "texts", NOW + DAY, 100)
    free = await file_store._read(lambda c: c.exec_driver_sql("PRAGMA freelist_count").scalar())
    pages = await file_store._read(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
    assert free >= 300
    given = 0
    while step := await file_store.give_back_space(100):
        given += step
    now_free = await file_store._read(lambda c: c.exec_driver_sql("PRAGMA freelist_count").scalar())
    now_pages = await file_store._read(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
    assert given == free - now_free == pages - now_pages > 200
    assert now_free <= now_pages * 0.15
    assert (await file_store.totals()).entries == 300


async def test_a_file_without_track_of_its_free_pages_stays_as_it_is(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(upkeep_sql, "_LEAST_RESERVE", 10)
    path = tmp_path / "old.db"
    async with SqlStore.open(path) as store:
        await polled(store, *(entry(f"a{n}", on_topic=False, summary="words " * 1000) for n in range(100)))
    with closing(sqlite3.connect(path)) as old:
        for step in ("PRAGMA journal_mode=DELETE", "PRAGMA auto_vacuum=NONE", "VACUUM"):
            old.execute(step).fetchall()
    async with SqlStore.open(path) as store:
        await prune_all(store, "texts", NOW + DAY, 100)
        assert await store.give_back_space(100) == 0
