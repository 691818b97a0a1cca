"""One instance per database, with real processes: a lock that only a living process can hold."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.store import lock, opening
from bot.store.lock import Held, held, holder, stood_by
from bot.store.opening import migrate
from bot.store.sql_store import StoreError
from tests.fakes import ManualClock
from tests.store.invented import NOW

ROOT = Path(__file__).parents[2]
HOLDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from bot.store.lock import held
with held(Path(sys.argv[1]), datetime(2031, 5, 4, 12, tzinfo=UTC), next_step=""):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another(path: Path):
    """Another process that holds the database until its context is left."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "onrecord.db"


def test_whoever_comes_second_is_told_who_has_it_and_what_to_do(path: Path):
    with another(path) as process:
        with pytest.raises(Held) as refused, held(path, NOW, next_step="Stop it first."):
            pytest.fail("two hold it")
        words = f"another OnRecord runs on this database (process {process.pid} on {socket.gethostname()}, "
        assert words in str(refused.value)
        assert str(refused.value).endswith("Stop it first.")


def test_a_killed_holder_leaves_no_lock(path: Path):
    with another(path) as process:
        process.kill()
        process.wait()
        assert json.loads(Path(f"{path}.lock").read_text())["pid"] == process.pid
        assert holder(path) is None
        with held(path, NOW, next_step=""):
            found = holder(path)
            assert found
            assert found.is_us
    assert holder(path) is None


def test_a_link_to_a_database_leads_to_its_lock(path: Path, tmp_path: Path):
    path.touch()
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with another(link):
        assert holder(path)
        with pytest.raises(Held), held(path, NOW, next_step=""):
            pytest.fail("two hold it")


def test_nobody_holds_a_database_that_was_never_run(path: Path):
    assert holder(path) is None
    assert list(path.parent.iterdir()) == []


def test_words_in_the_lock_file_are_for_people_only(path: Path):
    for words in (
        "",
        "{",
        "[]",
        '{"pid": "none"}',
        "\x00" * 50,
        json.dumps({"pid": 1, "host": "x", "since": "y"}),
    ):
        Path(f"{path}.lock").write_text(words)
        assert holder(path) is None
        with held(path, NOW, next_step=""):
            assert holder(path)
    Path(f"{path}.lock").write_text("")


def test_a_database_in_no_folder_is_refused_in_words(tmp_path: Path):
    with (
        pytest.raises(StoreError, match="there is no folder"),
        held(tmp_path / "no" / "x.db", NOW, next_step=""),
    ):
        pytest.fail("held")


def test_a_folder_that_may_not_be_written_is_refused_in_words(path: Path):
    Path(f"{path}.lock").mkdir()
    with (
        pytest.raises(StoreError, match=r"lock file onrecord\.db\.lock cannot be written"),
        held(path, NOW, next_step=""),
    ):
        pytest.fail("held")


async def test_one_that_stands_by_takes_over_when_the_holder_is_killed(path: Path):
    clock = ManualClock()
    told: list[object] = []
    ours = asyncio.Event()

    async def wait_for_it():
        async with stood_by(path, clock, on_wait=told.append):
            ours.set()

    with another(path) as process:
        waiting = asyncio.create_task(wait_for_it())
        for _ in range(5):
            await asyncio.sleep(0)
            await clock.advance(lock.STAND_BY_SECONDS)
        assert not ours.is_set()
        assert [one.pid for one in told] == [process.pid]
        process.kill()
        process.wait()
        while not ours.is_set():
            await asyncio.sleep(0)
            await clock.advance(lock.STAND_BY_SECONDS)
        await waiting


async def test_one_that_stands_by_where_nobody_runs_begins_at_once(path: Path):
    async with stood_by(path, ManualClock(), on_wait=lambda _: pytest.fail("it waited")):
        found = holder(path)
        assert found
        assert found.pid == os.getpid()


def test_another_versions_tables_are_not_changed_under_a_running_instance(path: Path, monkeypatch):
    migrate(path)
    monkeypatch.setattr(opening, "inspect", lambda _: "0000")  # as an older version would have left it
    with (
        another(path),
        pytest.raises(StoreError, match=r"must be brought from revision 0000 to .* runs on it"),
    ):
        migrate(path)
    assert migrate(path)[0] == "0000"
    with held(path, NOW, next_step=""):
        migrate(path)  # who holds it may


def test_the_same_version_opens_a_database_beside_a_running_instance(path: Path):
    migrate(path)
    with another(path):
        before, after = migrate(path)
        assert before == after
