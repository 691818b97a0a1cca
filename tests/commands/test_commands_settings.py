"""An admin has everything kept about the whole server removed, once they are sure."""

from dataclasses import replace

import pytest

from bot.kept import KeptInSpace
from bot.message.blocks import Actions
from bot.model import Actor, Channel
from tests.commands.conftest import HERE
from tests.store.invented import HOUR, NOW, read_one, said

OTHER = Channel("terminal:other", HERE.space_id, "other", HERE.timezone)
ELSEWHERE = Channel("chat:1", "chat:server", "#news", "UTC")


@pytest.fixture
async def lived_in(room, store):
    """Two channels of one server and one of another, each with an answer and a subscription."""
    await read_one(store, "talks", said("We agreed to meet again"), at=NOW - HOUR, title="Envoys meet")
    for channel in (HERE, OTHER, ELSEWHERE):
        there = replace(room, channel=channel)
        await there.ask("said Anna Example")
        await there.ask("subscription add talks daily 08:00")
    return room


def buttons(room) -> list[str]:
    blocks = room.answers[-1].blocks
    return [action.command for block in blocks if isinstance(block, Actions) for action in block.actions]


async def test_nothing_is_forgotten_before_an_admin_is_sure(lived_in, store):
    for line in ("settings forget", "settings forget no", "settings forget perhaps"):
        shown = " ".join((await lived_in.ask(line)).split())
        assert "Forget everything about this place?" in shown
        assert "Subscriptions of all of them 2" in shown
        assert buttons(lived_in) == ["settings forget yes"]
    assert await store.kept_in_space(HERE.space_id) == KeptInSpace(channels=2, subscriptions=2, answers=2)


async def test_who_is_sure_has_all_its_channels_forgotten_and_no_others(lived_in, store):
    shown = " ".join((await lived_in.ask("settings forget yes")).split())
    assert "Forgotten" in shown
    assert "Channels 2" in shown
    assert await store.kept_in_space(HERE.space_id) is None
    assert await store.kept_in_space(ELSEWHERE.space_id) == KeptInSpace(
        channels=1, subscriptions=1, answers=1
    )
    assert "Nothing is kept about this place" in await lived_in.ask("settings forget yes")


async def test_it_goes_on_as_if_it_were_new_there(lived_in):
    await lived_in.ask("settings forget yes")
    assert "there is none here" in " ".join((await lived_in.ask("links")).split())
    assert "No subscriptions" in await lived_in.ask("subscription list")
    assert "The first digest comes at" in await lived_in.ask("subscription add talks daily 08:00")


async def test_only_admins_may(lived_in, store):
    other = replace(lived_in, asker=Actor("terminal:other"))
    assert "for admins" in await other.ask("settings forget yes")
    assert (await store.kept_in_space(HERE.space_id)).subscriptions == 2


async def test_settings_alone_names_its_verbs(room):
    shown = await room.ask("settings")
    assert "forget" in shown
    assert "settings list" not in shown


async def test_it_speaks_ukrainian(lived_in):
    shown = " ".join((await lived_in.language("uk").ask("settings forget")).split())
    assert "Забути про це місце все?" in shown
    assert "Підписки в усіх каналах 2" in shown
