# ruff: noqa: ASYNC240 - a test may wait for a disk
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

import bot.store
from bot.store import opening
from bot.store.sql_store import SqlStore, StoreError, migrate
from bot.store.tables import belongs_to_full_text, metadata
from tests.store.invented import entry, polled, read_one, said

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "onrecord.db"


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


async def refused(path: Path, words: str) -> StoreError:
    """The file is refused in these words, by opening and by migrating, and is not touched."""
    before = path.read_bytes() if path.is_file() else None
    for beside in (f"{path}-wal", f"{path}-shm"):
        assert not Path(beside).exists()
    with pytest.raises(StoreError, match=words):
        migrate(path)
    with pytest.raises(StoreError, match=words) as caught:
        async with SqlStore.open(path):
            pytest.fail("it was opened")
    assert str(path) in str(caught.value)
    assert caught.value.next_step
    if before is not None:
        assert path.read_bytes() == before
    return caught.value


# ── Migrations ───────────────────────────────────────────────────────────────────────────────────────────


def test_migrating_says_from_where_to_where(path: Path):
    assert migrate(path) == ("", "0002")
    assert migrate(str(path)) == ("0002", "0002")


def test_an_empty_file_is_a_new_database(path: Path):
    path.touch()
    assert migrate(path)[0] == ""


def test_the_migrations_end_at_the_tables_in_the_code(path: Path):
    migrate(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or not belongs_to_full_text(name)}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        # And the comparison would see a difference: without the filter, the full-text tables are one.
        unfiltered = compare_metadata(MigrationContext.configure(connection), metadata)
        assert {change[0] for change in unfiltered} == {"remove_table"}
    engine.dispose()


def migrations_and_one_that_fails(folder: Path) -> Config:
    shutil.copytree(Path(bot.store.__file__).parent / "migrations", folder)
    (folder / "versions" / "v0003_fails.py").write_text(
        "from alembic import op\n"
        "revision, down_revision, branch_labels, depends_on = '0003', '0002', None, None\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE half_done (id INTEGER)')\n"
        "    op.execute('DROP TABLE followups')\n"
        "    raise RuntimeError('halfway')\n"
    )
    config = Config()
    config.set_main_option("script_location", str(folder))
    return config


@pytest.mark.parametrize("had_tables", [True, False])
def test_a_migration_that_fails_leaves_nothing_half_done(path: Path, tmp_path: Path, monkeypatch, had_tables):
    if had_tables:
        migrate(path)
    before = tables(path)
    config = migrations_and_one_that_fails(tmp_path / "migrations")
    monkeypatch.setattr(opening, "_alembic", lambda: config)
    with pytest.raises(RuntimeError, match="halfway"):
        migrate(path)
    assert tables(path) == before
    monkeypatch.undo()
    assert migrate(path) == ("0002" if had_tables else "", "0002")


async def test_what_was_stored_is_there_when_the_file_is_opened_again(path: Path):
    async with SqlStore.open(path) as store:
        await read_one(store, "a", said("We agreed"))
    async with SqlStore.open(path) as store:
        assert (await store.totals()).statements == 1
        assert (await store.search("agreed", since=None, until=None, limit=5)).total == 1


async def test_the_connections_keep_what_was_promised(file_store: SqlStore):
    def pragmas(connection):
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "query_only")
        return tuple(connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names)

    full = 2
    assert await file_store._write(pragmas) == ("wal", full, 1, 5000, 0)
    assert (await file_store._read(pragmas))[-1] == 1


async def test_readers_do_not_write(file_store: SqlStore):
    with pytest.raises(StoreError, match="may not be written"):
        await file_store._read(lambda connection: connection.exec_driver_sql("DELETE FROM feeds"))


# ── Files that are refused ───────────────────────────────────────────────────────────────────────────────


async def test_a_file_that_is_no_database_is_refused(path: Path):
    path.write_text("These are notes, not a database. " * 100)
    await refused(path, "no SQLite database")


async def test_a_corrupt_database_is_refused(path: Path):
    async with SqlStore.open(path) as store:
        await polled(store, *(entry(f"a{n}", summary="words " * 100) for n in range(200)))
    damaged = bytearray(path.read_bytes())
    for page in range(len(damaged) // 4096 // 2, len(damaged) // 4096):
        damaged[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(damaged)
    error = await refused(path, "corrupt")
    assert "backup" in error.next_step


async def test_a_database_cut_short_is_refused(path: Path):
    async with SqlStore.open(path) as store:
        await polled(store, *(entry(f"a{n}", summary="words " * 100) for n in range(200)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    await refused(path, "corrupt")


async def test_a_database_of_a_newer_version_is_refused(path: Path):
    migrate(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("ALTER TABLE feeds ADD COLUMN of_tomorrow")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    await refused(path, "a newer version of OnRecord made this database .revision 9999.")


async def test_another_programs_database_is_refused(path: Path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name)")
    await refused(path, "another program's database")


async def test_a_folder_and_a_file_in_no_folder_are_refused(tmp_path: Path):
    await refused(tmp_path, "this is a folder")
    await refused(tmp_path / "missing" / "onrecord.db", "there is no folder")


OPEN_AND_REPORT = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[1])
from bot.store.sql_store import SqlStore, StoreError

async def main(path):
    try:
        async with SqlStore.open(path):
            print("opened")
    except StoreError as error:
        print(error)

asyncio.run(main(":memory:"))  # everything is imported while it may be read
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[3]))
    os.setuid(int(sys.argv[3]))
asyncio.run(main(sys.argv[2]))
"""


@pytest.mark.parametrize("folder_too", [False, True])
def test_a_database_that_may_not_be_written_is_refused(folder_too: bool, request: pytest.FixtureRequest):
    """The superuser may write everything, so the file is opened as a user who may not."""
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    request.addfinalizer(lambda: shutil.rmtree(folder))
    path = folder / "onrecord.db"
    migrate(path)
    path.chmod(0o444)
    folder.chmod(0o555 if folder_too else 0o777)
    root = str(Path(bot.store.__file__).parents[2])
    before = path.read_bytes()
    try:
        ran = subprocess.run(
            [sys.executable, "-B", "-c", OPEN_AND_REPORT, root, str(path), str(NOBODY)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if "PermissionError" in ran.stderr or "ModuleNotFoundError" in ran.stderr:
            pytest.skip(f"user {NOBODY} may not read this program: {ran.stderr.splitlines()[-1]}")
        assert ran.stderr == ""
        in_memory, in_file = ran.stdout.splitlines()
        assert in_memory == "opened"
        assert in_file.startswith(f"{path}: ")
        assert "written" in in_file
        assert path.read_bytes() == before
    finally:
        folder.chmod(0o777)


def test_no_file_is_made_by_importing_the_store(tmp_path: Path):
    ran = subprocess.run(
        [sys.executable, "-c", "import bot.store.sql_store"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path(bot.store.__file__).parents[2])}, check=True,
        capture_output=True,
    )  # fmt: skip
    assert ran.stdout == b""
    assert list(tmp_path.iterdir()) == []
