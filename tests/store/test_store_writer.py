import asyncio
import random
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

import bot.store
from bot.model import Validators
from bot.ports import Poll, Wanted
from bot.store import writer
from bot.store.sql_store import SqlStore, StoreError
from tests.store.invented import HOUR, NOW, URL, entry, key, polled, reading, said

ROOT = Path(bot.store.__file__).parents[2]


async def titles(store: SqlStore) -> list[str]:
    return [feed.title for feed in await store.feeds()]


# ── Group commit ─────────────────────────────────────────────────────────────────────────────────────────


async def test_of_many_writes_in_one_group_a_failing_one_fails_alone(store: SqlStore):
    groups = []
    begin = writer._begin

    def counted(connection: Connection) -> None:
        groups.append(1)
        begin(connection)

    feed = await store.add_feed(URL, "Example Times", now=NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "_begin", counted)
        outcomes = await asyncio.gather(
            *(store.save_poll(Poll(feed, (entry(f"a{n}"),), at=NOW)) for n in range(40)),
            store.save_poll(Poll(replace(feed, id=77), (entry("lost"),), at=NOW)),
            store.save_reading(reading(999, said("We agreed"))),
            *(store.save_poll(Poll(feed, (entry(f"b{n}"),), at=NOW)) for n in range(40)),
            return_exceptions=True,
        )
    assert len(groups) < 5, "they were to share transactions"
    assert outcomes[:40] == outcomes[42:] == [1] * 40
    assert [type(outcome) for outcome in outcomes[40:42]] == [LookupError, LookupError]
    totals = await store.totals()
    assert (totals.entries, totals.statements) == (80, 0)


async def test_half_of_a_failing_write_is_taken_back(store: SqlStore):
    def half(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE feeds SET title = 'half'")
        connection.exec_driver_sql("INSERT INTO feeds (id) VALUES (1)")

    await store.add_feed(URL, "Example Times", now=NOW)
    with pytest.raises(StoreError, match="contradicts what is stored"):
        await store._write(half)
    assert await titles(store) == ["Example Times"]


async def test_a_commit_that_fails_is_told_to_everyone_who_waited_and_nothing_is_kept(store: SqlStore):
    def breaks_the_commit(connection: Connection) -> str:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql(
            "INSERT INTO entries (feed_id, key, content_hash, article_id, guid, first_seen_at)"
            " VALUES (999, x'00', x'00', 999, '', '2031-01-01 00:00:00')"
        )
        return "applied"

    outcomes = await asyncio.gather(
        store.add_feed(URL, "Example Times", now=NOW),
        store._write(breaks_the_commit),
        store.add_feed(URL + "2", "Sample Post", now=NOW),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    assert len({id(outcome) for outcome in outcomes}) == 3
    assert await titles(store) == []
    await store.add_feed(URL, "Example Times", now=NOW)
    assert await titles(store) == ["Example Times"]


async def test_a_full_disk_is_named_and_the_store_recovers_by_itself(file_store: SqlStore):
    await polled(file_store, entry("a"))
    limit = "PRAGMA max_page_count = {}".format
    pages = await file_store._write(
        lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar()
    )
    await file_store._write(lambda connection: connection.exec_driver_sql(limit(pages)).close())
    big = reading(1, said("We agreed"), text="words " * 50_000)
    outcomes = await asyncio.gather(
        file_store.save_reading(big), file_store.save_reading(big), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [StoreError, StoreError]
    assert "disk is full" in str(outcomes[0])
    assert await file_store.statements(Wanted()) == []
    await file_store._write(lambda connection: connection.exec_driver_sql(limit(1_000_000)).close())
    assert await file_store.save_reading(big) == 1
    assert len(await file_store.statements(Wanted())) == 1


async def test_a_caller_that_goes_away_takes_no_other_write_with_it(file_store: SqlStore):
    tasks = [asyncio.create_task(file_store.add_feed(f"{URL}{n}", str(n), now=NOW)) for n in range(10)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [outcome.title for outcome in outcomes[1::2]] == ["1", "3", "5", "7", "9"]
    assert await file_store.add_feed(URL, "last", now=NOW)


async def test_closing_finishes_what_waits_and_takes_no_more(tmp_path: Path):
    async with SqlStore.open(tmp_path / "onrecord.db") as store:
        task = asyncio.create_task(store.add_feed(URL, "Example Times", now=NOW))
        await asyncio.sleep(0)
    assert (await task).title == "Example Times"
    with pytest.raises(StoreError, match="closed"):
        await store.add_feed(URL, "Example Times", now=NOW)


@pytest.mark.parametrize("write", [True, False])
async def test_a_time_without_a_zone_is_refused(store: SqlStore, write):
    naive = datetime(2031, 5, 4)  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="no time zone"):
        await (store.add_feed(URL, "Example Times", now=naive) if write else store.due_feeds(naive, 1))
    assert await store.feeds() == []


async def test_times_come_back_in_utc_whatever_zone_they_were_given_in(store: SqlStore):
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - used here alone

    local = NOW.astimezone(ZoneInfo("Europe/Kyiv"))
    await store.add_feed(URL, "Example Times", now=local)
    (feed,) = await store.feeds()
    assert feed.added_at == NOW
    assert feed.added_at.utcoffset() == NOW - NOW
    assert [one.id for one in await store.due_feeds(local, 1)] == [feed.id]


# ── Other processes ──────────────────────────────────────────────────────────────────────────────────────

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


def hold(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the write lock until its input is closed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


async def test_a_lock_held_by_another_process_is_waited_for_while_reading_goes_on(tmp_path: Path):
    async with SqlStore.open(tmp_path / "onrecord.db") as store:
        feed = await store.add_feed(URL, "Example Times", now=NOW)
        with hold(tmp_path / "onrecord.db") as holder:
            writing = asyncio.create_task(store.save_poll(Poll(feed, (entry("a"),), at=NOW)))
            for _ in range(20):
                assert await store.feeds() == [feed]
                await asyncio.sleep(0.01)
            assert not writing.done()
            assert holder.stdin is not None
            holder.stdin.close()
        assert await writing == 1


async def test_waiting_for_a_lock_outlasts_the_databases_own_timeout_but_ends(tmp_path: Path, monkeypatch):
    async with SqlStore.open(tmp_path / "onrecord.db") as store:
        await store._write(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout = 20").close())
        tries = []

        def begin(connection: Connection) -> None:
            tries.append(1)
            return original(connection)

        original = Connection.begin
        monkeypatch.setattr(Connection, "begin", begin)
        with hold(tmp_path / "onrecord.db") as holder:
            outcomes = await asyncio.gather(
                store.add_feed(URL, "Example Times", now=NOW),
                store.add_feed(URL + "2", "Sample Post", now=NOW),
                return_exceptions=True,
            )
            assert [str(outcome).count("another process holds the database") for outcome in outcomes] == [
                1,
                1,
            ]
            assert len(tries) > 2
            assert holder.stdin is not None
            holder.stdin.close()
        await store.add_feed(URL, "Example Times", now=NOW)
        assert await titles(store) == ["Example Times"]


async def test_a_kill_never_leaves_validators_without_their_entries(tmp_path: Path):
    path = tmp_path / "onrecord.db"
    acknowledged: dict[int, int] = {}
    moments = random.Random(5)
    for _ in range(4):
        with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs meanwhile
            [sys.executable, "-m", "tests.store.polls_until_killed", str(path)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        ) as child:  # fmt: skip
            assert child.stdout is not None
            for _ in range(moments.randrange(30, 400)):
                feed_id, number = child.stdout.readline().split()
                acknowledged[int(feed_id)] = int(number)
            child.kill()
            for line in child.stdout.read().splitlines(keepends=True):
                with suppress(ValueError):
                    feed_id, number = line.split()
                    if line.endswith("\n"):
                        acknowledged[int(feed_id)] = int(number)
        async with SqlStore.open(path) as store:
            stored = 0
            for feed in await store.feeds():
                number = int(feed.validators.etag or b"0")
                assert number >= acknowledged.get(feed.id, 0)
                assert feed.failures == number
                brought = [key(f"{feed.id}-{n}-{part}") for n in range(1, number + 3) for part in range(3)]
                known = (await store.seen(feed.id, brought)).by_key
                assert set(known) == set(brought[: 3 * number])
                stored += len(known)
            totals = await store.totals()
            assert totals.entries == sum(totals.articles.values()) == stored
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_validators_come_only_with_a_poll(store: SqlStore):
    feed = await store.add_feed(URL, "Example Times", now=NOW)
    failing = replace(feed, validators=Validators(b"new"), next_at=NOW + HOUR)
    with pytest.raises(ValueError, match="no time zone"):
        await store.save_poll(Poll(failing, (entry("a"),), at=NOW.replace(tzinfo=None)))
    assert await store.feeds() == [feed]
