"""``onrecord outbox``: what is owed and what was given up, with the next step; and what the doctor says of it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli import deliveries, run_command_line
from bot.model import DeliveryState
from bot.ports import Outcome
from bot.store.sql_store import SqlStore
from tests.faults.delivering import owe, subscribe

NOW = datetime(2031, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run ``onrecord outbox …`` on a database with one sent, one given-up and one waiting message; return it all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str]:
        code = run_command_line(["outbox", *arguments])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


async def prepare() -> None:
    async with SqlStore.open("onrecord.db") as store:
        await owe(store, await subscribe(store, "fake:a"), "The first part.", "The second part.")
        await owe(store, await subscribe(store, "fake:b"), "The third part.")
        for outcome in (Outcome(DeliveryState.SENT), Outcome(DeliveryState.DEAD, "the message is too long")):
            claimed = await store.claim(NOW, 1, ("fake:b",))
            await store.settle(claimed[0].id, outcome, now=NOW)
        await store.claim(NOW, 1)
        lost = Outcome(DeliveryState.PENDING, "unknown channel", channel_lost=True)
        await store.settle(3, lost, now=NOW)


async def states() -> list[str]:
    async with SqlStore.open("onrecord.db") as store:
        return [one.state.value for one in sorted(await store.deliveries(), key=lambda one: one.id)]


def test_it_lists_what_was_given_up_and_which_channels_are_lost_with_the_next_step(outbox):
    asyncio.run(prepare())
    code, printed = outbox("list")
    assert code == 0
    assert "the message is too long" in printed
    assert "The first part." not in printed
    assert "onrecord outbox retry NUMBER" in printed
    assert (
        "b (fake:b) takes no more messages since 2031-05-04 12:00 UTC: unknown channel. 1 waiting." in printed
    )
    assert "onrecord outbox retry fake:b" in printed


def test_it_lists_any_state_also_for_programs(outbox):
    asyncio.run(prepare())
    _, printed = outbox("list", "--state", "all", "--json")
    assert [one["state"] for one in json.loads(printed)] == ["pending", "dead", "sent"]
    assert outbox("list", "--state", "unknown")[1].startswith("No deliveries that are unknown.")


def test_it_owes_given_up_messages_again_and_takes_up_lost_channels(outbox):
    asyncio.run(prepare())
    assert outbox("retry", "2", "fake:b") == (0, "fake:b: taken up again\nOwed again: 1\n")
    assert asyncio.run(states()) == ["sent", "pending", "pending"]
    assert outbox("retry", "fake:b") == (1, "fake:b: is not lost\n")


def test_all_means_all_that_were_given_up(outbox):
    asyncio.run(prepare())
    assert outbox("retry", "all") == (0, "Owed again: 1\n")
    assert asyncio.run(states()) == ["sent", "pending", "pending"]
    assert outbox("retry", "all") == (0, "Owed again: 0\n")


@pytest.mark.parametrize(
    ("what", "words"),
    [("1", "not given up, or unknown"), ("99", "unknown"), ("soon", "neither a delivery's number")],
)
def test_what_cannot_be_sent_again_is_said_with_the_next_step(outbox, what, words):
    asyncio.run(prepare())
    code, printed = outbox("retry", what)
    assert code == 1
    assert words in printed
    assert "onrecord outbox list" in printed


def test_without_a_database_it_says_so(outbox):
    code, printed = outbox("list")
    assert code == 1
    assert "onrecord run" in printed


async def test_the_doctor_names_lost_channels_given_up_messages_and_notices_that_reached_nobody(outbox):
    await prepare()
    async with SqlStore.open("onrecord.db") as store:
        (lost, lost_next), (dead, dead_next) = await deliveries.trouble(store)
    assert (lost_next, dead_next) == (
        "give the bot access again, then onrecord outbox retry fake:b",
        "onrecord outbox list",
    )
    assert "unknown channel" in lost
    assert "the message is too long" in dead
