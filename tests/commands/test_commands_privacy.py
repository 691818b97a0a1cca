"""What the bot keeps about whoever asks, in words, and how it is forgotten."""

from dataclasses import replace

import pytest

from bot.kept import KeptAbout
from bot.message.blocks import Actions
from bot.model import Actor
from tests.commands.conftest import HERE
from tests.store.invented import HOUR, NOW, read_one, said


@pytest.fixture
async def lived_in(room, store):
    """A room where the asker has had an answer and has ordered a digest."""
    await store.save_channel(HERE)
    await read_one(store, "talks", said("We agreed to meet again"), at=NOW - HOUR, title="Envoys meet")
    await room.ask("said Anna Example")
    await room.ask("subscription add talks daily 08:00")
    return room


def buttons(room) -> list[str]:
    blocks = room.answers[-1].blocks
    return [action.command for block in blocks if isinstance(block, Actions) for action in block.actions]


async def test_privacy_names_what_is_kept_and_leads_to_forgetting(lived_in):
    shown = " ".join((await lived_in.ask("privacy")).split())
    assert "Answers you asked for, each with its question 1" in shown
    assert "Subscriptions of channels that say you made them 1" in shown
    assert buttons(lived_in) == ["forget"]


async def test_nothing_is_forgotten_before_they_are_sure(lived_in, store):
    for line in ("forget", "forget no", "forget perhaps"):
        assert "Forget everything about you?" in await lived_in.ask(line)
        assert buttons(lived_in) == ["forget yes"]
    assert await store.kept_about(lived_in.asker.id) == KeptAbout(answers=1, orders=1)


async def test_who_is_sure_is_forgotten_and_told_what_it_was(lived_in, store):
    shown = " ".join((await lived_in.ask("forget yes")).split())
    assert "Forgotten" in shown
    assert "Answers you asked for, each with its question 1" in shown
    assert await store.kept_about(lived_in.asker.id) == KeptAbout()
    assert "there is none here" in " ".join((await lived_in.ask("links")).split())
    assert "talks" in await lived_in.ask("subscription list"), "the channel keeps its subscription"


async def test_everybody_may_ask_to_be_forgotten_and_only_for_themselves(lived_in, store):
    other = replace(lived_in, asker=Actor("terminal:other"))
    assert "Forgotten" in await other.ask("forget yes")
    assert await store.kept_about(lived_in.asker.id) == KeptAbout(answers=1, orders=1)
