"""``onrecord backup``, ``restore``, ``feeds export`` and the doctor on the instance, as an operator types them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import keeping, run_command_line
from bot.commands.opml import import_feeds
from bot.store.lock import held
from bot.store.opening import migrate
from bot.store.sql_store import SqlStore
from tests.store.invented import NOW

ROOT = Path(__file__).parents[2]
FEEDS = [("Example Times", "https://one.example/rss"), ("Зразок & Co", "https://two.example/atom?a=1&b=2")]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings whose database holds two feeds."""
    database = tmp_path / "onrecord.db"

    async def fill() -> None:
        async with SqlStore.open(database) as store:
            for title, url in FEEDS:
                await store.add_feed(url, title, now=NOW)

    asyncio.run(fill())
    file = tmp_path / "onrecord.toml"
    file.write_text(f'[database]\npath = "{database}"\n')
    return file


def feeds_of(database: Path) -> list[str]:
    async def ask() -> list[str]:
        async with SqlStore.open(database) as store:
            return [feed.title for feed in await store.feeds()]

    return asyncio.run(ask())


def test_a_backup_is_made_and_restored(config: Path, tmp_path: Path, capsys):
    database, copy = tmp_path / "onrecord.db", tmp_path / "copy.db"
    assert run_command_line(["backup", str(copy), "-c", str(config)]) == 0
    assert f"{copy}: a whole copy of {database}, checked, " in capsys.readouterr().out

    async def forget() -> None:
        async with SqlStore.open(database) as store:
            await store.remove_feed(1)

    asyncio.run(forget())
    assert run_command_line(["restore", str(copy), "-c", str(config)]) == 0
    said = capsys.readouterr().out
    assert f"{database}: restored from {copy}" in said
    assert "may be posted once more" in said
    assert feeds_of(database) == [title for title, _ in FEEDS]
    (aside,) = tmp_path.glob("onrecord.db.before-*")
    assert str(aside) in said
    assert feeds_of(aside) == [FEEDS[1][0]]


@pytest.mark.parametrize("verb", ["restore", "backup"])
def test_what_cannot_be_done_is_said_in_one_line(config: Path, tmp_path: Path, capsys, verb):
    assert run_command_line([verb, str(tmp_path / "none" / "copy.db"), "-c", str(config)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"onrecord: {tmp_path / 'none' / 'copy.db'}: there is no ")
    assert len(said.splitlines()) == 1


def test_a_running_bot_is_backed_up_but_not_restored_over(config: Path, tmp_path: Path, capsys):
    database, copy = tmp_path / "onrecord.db", tmp_path / "copy.db"
    with held(database, NOW, next_step=""):
        assert run_command_line(["backup", str(copy), "-c", str(config)]) == 0
        assert run_command_line(["restore", str(copy), "-c", str(config)]) == 1
    assert "another OnRecord runs on this database (process " in capsys.readouterr().err


def test_feeds_are_exported_to_a_file_and_to_the_screen(config: Path, tmp_path: Path, capsysbinary):
    file = tmp_path / "feeds.opml"
    assert run_command_line(["feeds", "export", str(file), "-c", str(config)]) == 0
    assert import_feeds(file.read_bytes()) == FEEDS
    assert b"2 feeds" in capsysbinary.readouterr().out
    assert run_command_line(["feeds", "export", "-c", str(config)]) == 0
    assert import_feeds(capsysbinary.readouterr().out) == FEEDS


def test_an_exported_file_is_imported_elsewhere(config: Path, tmp_path: Path, capsys):
    file, other = tmp_path / "feeds.opml", tmp_path / "other.toml"
    other.write_text(f'[database]\npath = "{tmp_path / "other.db"}"\n')
    migrate(tmp_path / "other.db")
    assert run_command_line(["feeds", "export", str(file), "-c", str(config)]) == 0
    assert run_command_line(["feeds", "import", str(file), "-c", str(other)]) == 0
    assert feeds_of(tmp_path / "other.db") == [title for title, _ in FEEDS]


def test_a_file_that_cannot_be_written_is_named(config: Path, tmp_path: Path, capsys):
    assert run_command_line(["feeds", "export", str(tmp_path), "-c", str(config)]) == 1
    assert f"{tmp_path} cannot be written" in capsys.readouterr().err


def test_little_space_is_told_and_enough_is_not(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(keeping, "LITTLE_MEGABYTES", 0)
    assert keeping.little_space(tmp_path / "onrecord.db") == ""
    monkeypatch.setattr(keeping, "LITTLE_MEGABYTES", 10**12)
    assert keeping.little_space(tmp_path / "onrecord.db").startswith(f"{tmp_path} has ")
    assert keeping.little_space(tmp_path / "none" / "onrecord.db") == ""


@pytest.mark.slow
def test_the_doctor_says_whether_an_instance_runs(config: Path, tmp_path: Path):
    def checked() -> str:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "check", "-c", config],
            cwd=ROOT, capture_output=True, text=True, check=False, env={"COLUMNS": "200", "PATH": ""},
        )  # fmt: skip
        return done.stdout

    assert "none runs on this database" in checked()
    with held(tmp_path / "onrecord.db", NOW, next_step=""):
        holder = json.loads((tmp_path / "onrecord.db.lock").read_text())
        assert f"runs: process {holder['pid']} on {holder['host']}" in checked()
