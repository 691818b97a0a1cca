"""The bot's own process in the less usual places: second forms, forums, strange servers, among friends."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from bot.platforms.discord_ids import Press, Seals
from tests.discord_wire.answers import EPHEMERAL, MODAL
from tests.discord_wire.judging import described, house_rules
from tests.discord_wire.limits import BUTTON, every_component
from tests.discord_wire.server import TOKEN
from tests.discord_wire.world import FORUM
from tests.platforms.discord_process.stage import staged

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

STRING_SELECT, ROLE_SELECT = 3, 6


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(sample_world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    async with staged(folder, sample_world) as stage:
        stage.discord.world.add_channel(stage.discord.world.guild, "debate", FORUM)
        await stage.bot.start()
        await stage.discord.until_ready()
        yield stage


@pytest.fixture
def people(stage):
    stage.discord.people.asker = stage.discord.world.newcomer("Nina Newcomer")
    return stage.discord.people


def words(message) -> str:
    return "\n".join(one.get("content") or "" for one in every_component(message["components"]))


def labels(message) -> list[str]:
    return [one["label"] for one in every_component(message["components"]) if one["type"] == BUTTON]


def inputs(form) -> dict:
    return {one["component"]["custom_id"]: one["component"] for one in form.answer["components"]}


def orders(stage) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{stage.folder}/onrecord.db?mode=ro", uri=True)) as stored:
        return stored.execute(
            "SELECT channel_id, topic, style, min_origins, mention FROM subscriptions ORDER BY id"
        ).fetchall()


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_the_first_form_has_no_inputs_for_is_asked_by_a_second(stage, people):
    general = stage.discord.world.named("general")
    role = stage.discord.world.guild["roles"][2]
    form = await stage.discord.until_answered(await people.slash("subscription add"))
    assert list(inputs(form)) == ["topic", "schedule", "zone", "quiet", "style"]
    assert inputs(form)["style"]["type"] == STRING_SELECT
    saved = await stage.discord.until_answered(
        await people.submit(form, topic="aid", schedule="daily 08:00", style="brief")
    )
    assert orders(stage)[-1] == (f"discord:{general['id']}", "aid", "brief", 1, "")

    second = await stage.discord.until_answered(await people.press(saved.shown[0], "More settings"))
    assert second.kind == MODAL
    assert list(inputs(second)) == ["style", "origins", "mention"]
    assert [one["value"] for one in inputs(second)["style"]["options"] if one.get("default")] == ["brief"]
    assert inputs(second)["mention"]["type"] == ROLE_SELECT
    changed = await stage.discord.until_answered(await people.submit(second, origins="3", mention=role["id"]))
    assert "pings a role" in words(changed.shown[0])
    assert orders(stage)[-1] == (f"discord:{general['id']}", "aid", "brief", 3, role["id"])

    # Opened again it shows the role; taken out of the form, it is pinged no more.
    form = await stage.discord.until_answered(await people.slash("subscription edit"))
    number = re.search(r"Subscription (\d+)", words(saved.shown[0])).group(1)
    saved = await stage.discord.until_answered(
        await people.submit(form, number=number, schedule="daily 09:00")
    )
    colleague = stage.discord.world.admin  # the same press by the same person within seconds is one press
    third = await stage.discord.until_answered(
        await people.press(saved.shown[0], "More settings", by=colleague)
    )
    assert [str(one["id"]) for one in inputs(third)["mention"]["default_values"]] == [role["id"]]
    await stage.discord.until_answered(await people.submit(third, mention="", by=colleague))
    assert orders(stage)[-1] == (f"discord:{general['id']}", "aid", "brief", 3, "")


async def test_what_was_given_beside_a_form_is_not_lost_in_it(stage, people):
    news = stage.discord.world.named("news")
    role = stage.discord.world.guild["roles"][2]
    form = await stage.discord.until_answered(
        await people.slash("subscription add", origins=2, mention=role["id"], channel=news["id"])
    )
    wrong = await stage.discord.until_answered(await people.submit(form, topic="xyz", schedule="hourly"))
    again = await stage.discord.until_answered(await people.press(wrong.shown[0], "Fill in again"))
    await stage.discord.until_answered(await people.submit(again, topic="energy"))
    assert orders(stage)[-1] == (f"discord:{news['id']}", "energy", "who-said-what", 2, role["id"])


async def test_a_mistake_in_the_second_form_opens_the_second_form_again(stage, people):
    form = await stage.discord.until_answered(await people.slash("subscription add"))
    saved = await stage.discord.until_answered(
        await people.submit(form, topic="nuclear", schedule="every 6h")
    )
    second = await stage.discord.until_answered(await people.press(saved.shown[0], "More settings"))
    wrong = await stage.discord.until_answered(await people.submit(second, origins="many"))
    assert "takes a number" in words(wrong.shown[0])
    again = await stage.discord.until_answered(await people.press(wrong.shown[0], "Fill in again"))
    assert inputs(again)["origins"]["value"] == "many"
    await stage.discord.until_answered(await people.submit(again, origins="4"))
    assert orders(stage)[-1][3] == 4


# ── Forums ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_forum_is_refused_with_what_to_do_and_a_post_in_it_is_taken(stage, people):
    world = stage.discord.world
    forum, before = world.named("debate"), orders(stage)
    refused = await stage.discord.until_answered(
        await people.slash("subscription add", topic="talks", schedule="daily 08:00", channel=forum["id"])
    )
    assert "#debate holds posts, not messages" in words(refused.shown[0])
    assert "Make a post there" in words(refused.shown[0])
    assert orders(stage) == before

    post = world.add_thread(forum, "Digests", 1440)
    await stage.discord.gateway.dispatch("THREAD_CREATE", post)
    taken = await stage.discord.until_answered(
        await people.slash("subscription add", at=post, topic="talks", schedule="daily 08:00")
    )
    assert "The first digest comes at" in words(taken.shown[0])
    assert orders(stage)[-1][:2] == (f"discord:{post['id']}", "talks")


# ── Where people bring the bot along ─────────────────────────────────────────────────────────────────────


async def test_who_installed_it_for_themselves_asks_in_a_server_that_it_is_not_in(stage, people):
    world = stage.discord.world
    there = world.add_elsewhere("Strange Server")
    asked = await stage.discord.until_answered(
        await people.slash("said", by=world.member, at=there, speaker="Primerov")
    )
    assert "“" in words(asked.shown[0])
    assert asked.shown[0]["flags"] & EPHEMERAL
    pressed = await stage.discord.until_answered(await people.press(asked.shown[0], "links", by=world.member))
    assert "http" in words(pressed.shown[0])


async def test_a_digest_for_a_server_that_it_is_not_in_is_refused_with_what_to_do(stage, people):
    world, before = stage.discord.world, orders(stage)
    there = world.add_elsewhere("Other Server")
    line = Press("line", "subscription add talks daily 08:00")
    message = world.new_message(there, world.bot, {"components": []})
    pressed = await stage.discord.until_answered(await people.press_id(message, sealed(line), by=world.admin))
    assert "not a member of this server" in words(pressed.shown[0])
    assert orders(stage) == before


async def test_commands_work_in_direct_messages_and_among_friends(stage, people):
    world = stage.discord.world
    for channel in (world.private_channel(world.member), world.group_channel(world.member, world.admin)):
        for line, values in (("digest", {"topic": "talks"}), ("search", {"text": "talks"}), ("help", {})):
            asked = await stage.discord.until_answered(
                await people.slash(line, by=world.member, at=channel, **values)
            )
            assert words(asked.shown[0]).strip()
            assert "Post to channel" not in labels(asked.shown[0])


async def test_commands_of_a_server_are_declared_for_servers_alone(stage):
    for one in stage.discord.basics.commands[""]:
        for_servers = one["default_member_permissions"] is not None
        assert one["contexts"] == ([0] if for_servers else [0, 1, 2])
        assert one["integration_types"] == ([0] if for_servers else [0, 1])


# ── Old and strange components ───────────────────────────────────────────────────────────────────────────


def sealed(press: Press, *, age: timedelta = timedelta()) -> str:
    """A component as the bot itself would have made it."""
    custom_id = Seals(TOKEN).seal(press, datetime.now(UTC) - age)
    assert custom_id is not None
    return custom_id


async def test_a_component_of_eight_days_ago_says_so_and_asks_anew(stage, people):
    message = (await stage.discord.until_answered(await people.slash("help"))).shown[0]
    old = Press("line", "links", followup="0" * 32, anew="said Primerov")
    pressed = await stage.discord.until_answered(
        await people.press_id(message, sealed(old, age=timedelta(days=8)))
    )
    assert "older than 7 days" in words(pressed.shown[0])
    assert "Primerov" in words(pressed.shown[0])
    assert pressed.shown[0]["flags"] & EPHEMERAL


async def test_a_form_of_eight_days_ago_is_told_and_saves_nothing(stage, people):
    form = await stage.discord.until_answered(await people.slash("subscription add"))
    before = orders(stage)
    form.answer["custom_id"] = sealed(Press("form", "subscription add"), age=timedelta(days=8))
    sent = await stage.discord.until_answered(
        await people.submit(form, topic="justice", schedule="daily 08:00")
    )
    assert "can no longer be read" in words(sent.shown[0])
    assert orders(stage) == before


@pytest.mark.parametrize(
    "custom_id", ["other-bot:7", "o9.l0.AAAAAAAA.~~help~", "o1.l0.AAAAAAAA.~~forget yes~"]
)
async def test_a_foreign_or_forged_component_does_nothing_but_answer(stage, people, custom_id):
    kept = await stage.discord.until_answered(await people.slash("said", speaker="Primerov"))
    pressed = await stage.discord.until_answered(await people.press_id(kept.shown[0], custom_id))
    assert "not one of mine" in words(pressed.shown[0])
    label = next(one for one in labels(kept.shown[0]) if one == "links")
    assert "http" in words(
        (await stage.discord.until_answered(await people.press(kept.shown[0], label))).shown[0]
    )


async def test_twenty_presses_that_save_something_save_it_once(stage, people):
    message = (await stage.discord.until_answered(await people.slash("help"))).shown[0]
    before = len(orders(stage))
    custom_id = sealed(Press("line", "subscription add sanctions daily 07:00"))
    presses = [await people.press_id(message, custom_id) for _ in range(20)]
    await stage.discord.until(lambda: all(one.kind is not None for one in presses), "all acknowledged")
    await asyncio.gather(*(stage.discord.until_answered(one) for one in presses))
    assert sum(bool(one.shown) for one in presses) == 1
    assert len(orders(stage)) == before + 1


# ── Being forgotten ──────────────────────────────────────────────────────────────────────────────────────


async def test_somebody_is_forgotten_by_two_presses(stage, people):
    person = people.asker
    await stage.discord.until_answered(await people.slash("said", speaker="Primerov"))
    shown = await stage.discord.until_answered(await people.slash("privacy"))
    sure = await stage.discord.until_answered(await people.press(shown.shown[0], "Forget me"))
    gone = await stage.discord.until_answered(await people.press(sure.shown[0], "Yes, forget me"))
    assert "Forgotten" in words(gone.shown[0])
    with closing(sqlite3.connect(f"file:{stage.folder}/onrecord.db?mode=ro", uri=True)) as stored:
        dump = "\n".join(stored.iterdump())
    assert person["id"] not in dump


# ── All that was sent ────────────────────────────────────────────────────────────────────────────────────


async def test_all_of_it_kept_discords_rules(stage):
    assert house_rules(stage.discord) == []
    description = described()
    assert [one for call in stage.discord.rest.calls for one in description.problems(call)] == []
