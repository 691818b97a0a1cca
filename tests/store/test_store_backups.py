# ruff: noqa: ASYNC240 - a test may wait for a disk
"""Backups made while the bot writes, and the way back from one."""

import asyncio
import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.store.backups import back_up, restore
from bot.store.lock import held
from bot.store.opening import migrate
from bot.store.sql_store import SqlStore, StoreError
from tests.store.invented import HOUR, NOW, entry, polled, read_one, said


def quietly(left: int, total: int) -> None:
    assert 0 <= left <= total


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database with one statement in it."""
    place = tmp_path / "live" / "onrecord.db"
    place.parent.mkdir()
    async with SqlStore.open(place) as store:
        await read_one(store, "a", said("We agreed"))
    return place


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


async def statements(path: Path) -> int:
    async with SqlStore.open(path) as store:
        assert (await store.search("agreed", since=None, until=None, limit=5)).total == 1
        return (await store.totals()).statements


def files(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


# ── Backup ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_backup_of_a_closed_database_is_one_whole_file(path: Path, copy: Path):
    size = back_up(path, copy, quietly)
    assert size == copy.stat().st_size > 0
    assert files(copy.parent) == {"live", "copy.db"}
    assert await statements(copy) == 1


async def test_a_backup_holds_what_was_saved_before_it_though_the_bot_goes_on_writing(path: Path, copy: Path):
    async with SqlStore.open(path) as store:
        await read_one(store, "b", said("It was read"))
        at = (await store.totals()).entries
        writing = True

        async def write():
            number = 0
            while writing:
                await polled(store, entry(f"more {number}", summary="words " * 500))
                number += 1

        busy = asyncio.create_task(write())
        for _ in range(5):
            await asyncio.to_thread(back_up, path, copy, quietly)
            async with SqlStore.open(copy) as found:
                assert (await found.totals()).entries >= at
            at = (await store.totals()).entries
        writing = False
        await busy
    assert await statements(copy) == 2


def test_an_older_backup_is_replaced_and_keeps_the_databases_mode(path: Path, copy: Path):
    path.chmod(0o600)
    back_up(path, copy, quietly)
    first = copy.stat().st_ino
    back_up(path, copy, quietly)
    assert copy.stat().st_ino != first, "in one step, by another file"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda copy: copy.write_text("My notes."), "no backup of OnRecord's"),
        (lambda copy: copy.mkdir(), "this is a folder"),
        (lambda copy: sqlite3.connect(copy).executescript("CREATE TABLE recipes (a)").close(), "no backup"),
    ],
)
def test_nothing_but_a_backup_is_replaced(path: Path, copy: Path, make, words):
    make(copy)
    before = copy.read_bytes() if copy.is_file() else None
    with pytest.raises(StoreError, match=words):
        back_up(path, copy, quietly)
    assert (copy.read_bytes() if copy.is_file() else None) == before


def test_the_database_is_no_backup_of_itself(path: Path):
    with pytest.raises(StoreError, match="the database itself"):
        back_up(path, path, quietly)


def test_there_must_be_a_database_and_a_folder(path: Path, tmp_path: Path):
    with pytest.raises(StoreError, match="does not exist"):
        back_up(tmp_path / "none.db", tmp_path / "copy.db", quietly)
    with pytest.raises(StoreError, match="there is no folder"):
        back_up(path, tmp_path / "none" / "copy.db", quietly)


def test_a_corrupt_database_gives_no_backup_and_the_old_one_stays(path: Path, copy: Path):
    back_up(path, copy, quietly)
    before = copy.read_bytes()
    damaged = bytearray(path.read_bytes())
    for page in range(3, len(damaged) // 4096):
        damaged[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match="corrupt"):
        back_up(path, copy, quietly)
    assert copy.read_bytes() == before
    assert files(copy.parent) == {"live", "copy.db"}


def test_what_a_killed_backup_left_is_no_hindrance(path: Path, copy: Path):
    Path(f"{copy}.part").write_bytes(b"half a backup")
    back_up(path, copy, quietly)
    assert files(copy.parent) == {"live", "copy.db"}


# ── Restore ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_restoring_brings_the_backup_back_and_keeps_what_was_there(path: Path, copy: Path):
    back_up(path, copy, quietly)
    async with SqlStore.open(path) as store:
        await read_one(store, "b", said("It came later"))
    done = restore(path, copy, NOW, quietly)
    assert done.kept_as == path.with_name("onrecord.db.before-20310504T120000Z")
    assert await statements(path) == 1
    assert await statements(done.kept_as) == 2
    assert files(path.parent) - {done.kept_as.name} == {"onrecord.db", "onrecord.db.lock"}
    assert copy.exists()


async def test_restoring_where_nothing_was_makes_the_database(path: Path, copy: Path, tmp_path: Path):
    back_up(path, copy, quietly)
    elsewhere = tmp_path / "new.db"
    assert restore(elsewhere, copy, NOW, quietly).kept_as is None
    assert await statements(elsewhere) == 1


async def test_a_write_ahead_log_that_a_killed_bot_left_is_not_played_into_the_restored_file(
    path: Path, copy: Path
):
    back_up(path, copy, quietly)
    async with SqlStore.open(path) as store:
        await read_one(store, "b", said("It came later"))
        killed = path.parent / "killed.db"
        for ending in ("", "-wal"):
            shutil.copyfile(f"{path}{ending}", f"{killed}{ending}")
    assert Path(f"{killed}-wal").stat().st_size
    done = restore(killed, copy, NOW, quietly)
    assert await statements(killed) == 1
    assert done.kept_as
    assert await statements(done.kept_as) == 2, "what stood only in the log is kept too"


async def test_a_corrupt_database_is_set_aside_as_it_is(path: Path, copy: Path):
    back_up(path, copy, quietly)
    path.write_bytes(b"\xa5" * 20_000)
    Path(f"{path}-wal").write_bytes(b"the log of a lost database")
    done = restore(path, copy, NOW, quietly)
    assert await statements(path) == 1
    assert done.kept_as
    assert done.kept_as.read_bytes() == b"\xa5" * 20_000
    assert Path(f"{done.kept_as}-wal").read_bytes() == b"the log of a lost database"
    assert not Path(f"{path}-wal").exists()


async def test_nothing_is_restored_while_an_instance_runs(path: Path, copy: Path):
    back_up(path, copy, quietly)
    before = path.read_bytes()
    with (
        held(path, NOW, next_step=""),
        pytest.raises(StoreError, match=r"another OnRecord runs .* Stop it first, then restore"),
    ):
        restore(path, copy, NOW, quietly)
    assert path.read_bytes() == before


async def test_nothing_is_restored_under_another_program_that_reads(path: Path, copy: Path, monkeypatch):
    monkeypatch.setattr("bot.store.backups._BUSY_MS", 50)
    back_up(path, copy, quietly)
    with closing(sqlite3.connect(path)) as reading:
        reading.execute("SELECT count(*) FROM feeds").fetchone()
        with pytest.raises(StoreError, match="another process holds the database"):
            restore(path, copy, NOW, quietly)
    assert await statements(path) == 1
    assert files(path.parent) == {"onrecord.db", "onrecord.db.lock"}


def foreign(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name)")


def newer(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def damaged(copy: Path) -> None:
    content = bytearray(copy.read_bytes())
    for page in range(3, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    copy.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda copy: copy.unlink(), "no such file"),
        (lambda copy: copy.write_bytes(b""), "it is empty"),
        (lambda copy: copy.write_text("My notes. " * 1000), "no SQLite database"),
        (lambda copy: (copy.unlink(), foreign(copy)), "another program's"),
        (newer, "a newer version of OnRecord"),
        (damaged, "corrupt"),
    ],
    ids=["missing", "empty", "text", "foreign", "newer", "damaged"],
)
async def test_a_bad_backup_is_refused_and_the_database_stays(path: Path, copy: Path, spoil, words):
    back_up(path, copy, quietly)
    spoil(copy)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=words):
        restore(path, copy, NOW, quietly)
    assert path.read_bytes() == before
    assert await statements(path) == 1


async def test_a_restored_database_gives_back_the_space_of_what_is_deleted(path: Path, copy: Path):
    """Also one that was made before files kept track of their free pages."""
    with closing(sqlite3.connect(path)) as old:
        old.execute("PRAGMA journal_mode=DELETE")
        old.execute("PRAGMA auto_vacuum=NONE")
        old.execute("VACUUM")
        assert old.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    back_up(path, copy, quietly)
    restore(path, copy, NOW, quietly)
    with closing(sqlite3.connect(path)) as new:
        assert new.execute("PRAGMA auto_vacuum").fetchone() == (2,)


async def test_two_restores_keep_both_old_files(path: Path, copy: Path):
    back_up(path, copy, quietly)
    kept = {restore(path, copy, NOW + n * HOUR, quietly).kept_as for n in range(2)}
    assert len(kept) == 2
    with pytest.raises(StoreError, match="exists"):
        restore(path, copy, NOW + timedelta(), quietly)
    assert await statements(path) == 1


def test_a_backup_of_an_older_revision_is_brought_up_to_date(path: Path, copy: Path):
    newest = migrate(path)[1]
    back_up(path, copy, quietly)
    done = restore(path, copy, NOW, quietly)
    assert done.revision == newest
    assert migrate(path) == (newest, newest)
