"""``onrecord forget``: says what is kept, asks, removes it, also beside a running bot; what is no id."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli import run_command_line
from bot.model import Channel, FollowUp, Query
from bot.store.lock import held
from bot.store.sql_store import SqlStore
from tests.faults.delivering import HOUR, NOW, owe, subscribe

SERVER, NEWS = "discord:900", "discord:9101"
ANNA, DIRECT = "discord:31337", "discord:@31337"


class Keyboard(io.StringIO):
    """Somebody who sits there."""

    def isatty(self) -> bool:
        return True


async def fill(path: Path) -> None:
    async with SqlStore.open(path) as store:
        order = await subscribe(store, NEWS, ANNA)
        await store.save_channel(Channel(NEWS, SERVER, "#news"))
        await store.save_channel(Channel(DIRECT, DIRECT, "anna"))
        await owe(store, order, "A digest.")
        for channel in (NEWS, DIRECT):
            answer = FollowUp(f"in {channel}", channel, ANNA, Query("said"), NOW, NOW + HOUR)
            await store.save_followup(answer)


@pytest.fixture
def forget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run ``onrecord forget …`` where a server and a person are known; ``typed`` is what they answer."""
    monkeypatch.chdir(tmp_path)
    asyncio.run(fill(tmp_path / "onrecord.db"))

    def run(*arguments: str, typed: str | None = None) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO() if typed is None else Keyboard(typed))
        code = run_command_line(["forget", *arguments])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def rows(needle: str) -> list[str]:
    with closing(sqlite3.connect("onrecord.db")) as kept:
        return [row for row in kept.iterdump() if needle in row]


def test_a_server_is_forgotten_once_the_operator_is_sure(forget):
    code, printed = forget(SERVER, typed="y\n")
    assert code == 0
    assert f"Kept about {SERVER}" in printed
    assert "Remove all of it? This cannot be undone. [y/N]" in printed
    assert printed.count("      1  subscriptions\n") == 2, "before and after"
    assert "Backups and logs are left as they are" in printed
    assert rows("900'") == rows("9101") == []
    assert rows("31337"), "what is kept about a person in person stays"


def test_a_person_is_forgotten_and_the_channels_keep_their_subscriptions(forget):
    code, printed = forget(ANNA, "--yes")
    assert code == 0
    assert f"Kept about the person {ANNA}" in printed
    assert f"Removed of the person {ANNA}" in printed
    assert "      2  answers to go on from" in printed
    assert rows("31337") == rows("anna") == []
    assert len(rows('INSERT INTO "subscriptions"')) == 1


def test_direct_messages_stand_for_the_person(forget):
    assert forget(DIRECT, "--yes")[0] == 0
    assert rows("31337") == []


@pytest.mark.parametrize("typed", ["n\n", "\n"])
def test_who_is_not_sure_removes_nothing(forget, typed):
    before = rows("")
    code, printed = forget(SERVER, typed=typed)
    assert code == 1
    assert printed.endswith("Nothing was removed.\n")
    assert rows("") == before


def test_where_nobody_can_be_asked_it_refuses_and_says_how(forget):
    before = rows("")
    code, printed = forget(SERVER)
    assert code == 1
    assert "nobody can be asked here, so nothing was removed" in printed
    assert f"onrecord forget {SERVER} --yes" in printed
    assert rows("") == before


def test_it_works_beside_a_running_bot_and_says_what_that_posts(forget, tmp_path):
    with held(tmp_path / "onrecord.db", NOW, next_step=""):
        code, printed = forget(SERVER, "--yes")
    assert code == 0
    assert "The running bot sends nothing more there" in printed
    assert rows("9101") == []


def test_nothing_kept_is_said_and_is_no_failure(forget):
    assert forget("discord:12", "--yes") == (0, "Nothing is kept about discord:12.\n")
    assert forget("terminal") == (0, "Nothing is kept about terminal.\n")
    assert forget("terminal:operator") == (0, "Nothing is kept about terminal:operator.\n")


@pytest.mark.parametrize("name", ["#news", "Anna Example", "discord:anna", "Discord:900", "discord:", ""])
def test_what_is_no_id_is_told_with_how_ids_are_written(forget, name):
    code, printed = forget(name, "--yes")
    assert code == 1
    assert "is no server's and no person's id" in printed
    assert "discord:NUMBER" in printed


def test_a_bare_number_lacks_its_chat(forget):
    code, printed = forget("900", "--yes")
    assert code == 1
    assert "onrecord forget discord:900" in printed


def test_a_channel_leads_to_its_server(forget):
    before = rows("")
    code, printed = forget(NEWS, "--yes")
    assert code == 1
    assert f"{NEWS} is a channel (#news)" in printed
    assert f"onrecord forget {SERVER}" in printed
    assert rows("") == before


def test_without_a_database_it_says_so(forget, tmp_path):
    (tmp_path / "onrecord.db").unlink()
    code, printed = forget(SERVER, "--yes")
    assert code == 1
    assert "--config FILE" in printed
    assert not (tmp_path / "onrecord.db").exists()
