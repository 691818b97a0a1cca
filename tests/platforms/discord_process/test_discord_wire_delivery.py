"""Scheduled digests of the bot's own process on a fake Discord that fails them in every way: 0 lost, 0 doubled."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.discord_wire import faults, stored
from tests.discord_wire.judging import described, house_rules
from tests.discord_wire.limits import every_component
from tests.discord_wire.server import PATIENCE_S
from tests.discord_wire.world import HISTORY, SEND, VIEW, Json
from tests.platforms.discord_process.stage import Stage, staged

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

PAUSE_S = 1.5

FAULTS = {
    "nothing": None,
    "429": (faults.RateLimit(1.2), "before"),
    "429-global": (faults.RateLimit(PAUSE_S, everywhere=True), "before"),
    "500": (faults.Status(500), "before"),
    "500-posted": (faults.Status(500), "after"),
    "503-posted": (faults.Status(503), "after"),
    "cut": (faults.Cut(), "before"),
    "cut-posted": (faults.Cut(), "after"),
}
"""By the name of the channel whose first message it strikes."""
LOST = {"hidden": [403], "mute": [403], "deleted": [404]}
"""Channels that take nothing, and the answers to all that was tried there."""
BUSY = ("war", "talks", "prisoners")
"""Digests owed to one channel at once."""


def messages_of(channel) -> str:
    return rf"^/channels/{channel['id']}/messages$"


async def all_sent(stage, channels) -> None:
    await stage.discord.until(
        lambda: all(stage.discord.posted(channel) for channel in channels), "posted", within_s=PATIENCE_S * 2
    )
    ids = {f"discord:{channel['id']}" for channel in channels}
    await stage.discord.until(
        lambda: (
            {state for channel, state, *_ in stored.deliveries(stage.folder) if channel in ids} == {"sent"}
        ),
        "settled",
        pulse_s=0.1,
    )


@dataclass(frozen=True, slots=True)
class Storm:
    """One morning on which everything goes wrong at once, when it is over."""

    stage: Stage
    channels: dict[str, Json]
    news: Json
    busy: Json


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def storm(sample_world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("storm")
    async with staged(folder, sample_world) as stage:
        discord, world = stage.discord, stage.discord.world
        discord.rest.limits.by_route["POST /channels/{}/messages"] = (1, 0.7)
        channels = {name: world.add_channel(world.guild, name) for name in (*FAULTS, *LOST)}
        news, busy = world.named("news"), world.named("general")
        for name, fault in FAULTS.items():
            if fault is not None:
                discord.fail("POST", messages_of(channels[name]), fault[0], when=fault[1])
        await stored.owe_digests(folder, [*channels.values(), news], owner=world.admin)
        for topic in BUSY:
            await stored.owe_digests(folder, [busy], topic=topic)
        world.set_denied(channels["hidden"], VIEW)
        world.set_denied(channels["mute"], SEND)
        await discord.people.delete_channel(channels["deleted"])
        await stage.bot.start()
        await all_sent(stage, [*(channels[name] for name in FAULTS), news, busy])
        await discord.until(lambda: len(discord.posted(busy)) == len(BUSY), "posted one after the other")
        private = world.private_channel(world.admin)
        await discord.until(lambda: len(discord.posted(private)) >= len(LOST), "told")
        assert await stage.bot.stop() == 0
        yield Storm(stage, channels, news, busy)


async def test_each_channel_gets_its_digest_once_whatever_happens_to_the_first_attempt(storm):
    written = Counter(channel_id for channel_id, _ in storm.stage.discord.messages.writes)
    once = {name: written[storm.channels[name]["id"]] for name in FAULTS}
    assert once == dict.fromkeys(FAULTS, 1)
    assert all(fault.struck == 1 for fault in storm.stage.discord.rest.faults.waiting)


async def test_what_is_known_as_sent_is_what_discord_has(storm):
    known = {
        message_id for _, state, message_id, _ in stored.deliveries(storm.stage.folder) if state == "sent"
    }
    assert known == {message_id for _, message_id in storm.stage.discord.messages.writes}


async def test_a_digest_in_an_announcement_channel_is_published(storm):
    (posted,) = storm.stage.discord.posted(storm.news)
    assert posted["flags"] & 1
    assert len(storm.stage.discord.calls("POST", "/crosspost$")) == 1


async def test_a_global_rate_limit_pauses_everything(storm):
    calls = storm.stage.discord.calls("POST", r"/messages$")
    (refused,) = [call for call in calls if call.is_for("POST", messages_of(storm.channels["429-global"]))][
        :1
    ]
    # What was under way at that moment still comes.
    assert not [call for call in calls if refused.at + 0.4 < call.at < refused.at + PAUSE_S]


async def test_rate_limits_are_kept_without_a_single_refusal(storm):
    assert len(storm.stage.discord.posted(storm.busy)) == len(BUSY)
    assert storm.stage.discord.rest.rate_limited == 0


async def test_a_channel_that_is_lost_is_tried_once_and_stops_alone(storm):
    tried = {
        name: [call.status for call in storm.stage.discord.calls("POST", messages_of(storm.channels[name]))]
        for name in LOST
    }
    assert tried == LOST
    with closing(sqlite3.connect(storm.stage.folder / "onrecord.db")) as kept:
        lost = {one for (one,) in kept.execute("SELECT id FROM channels WHERE lost_at IS NOT NULL")}
    assert lost == {f"discord:{storm.channels[name]['id']}" for name in LOST}


async def test_the_owner_of_a_lost_channel_is_told_once_in_person(storm):
    discord = storm.stage.discord
    told = discord.posted(discord.world.private_channel(discord.world.admin))
    shown = [
        "".join(one.get("content") or "" for one in every_component(each["components"])) for each in told
    ]
    assert len(shown) == len(LOST)
    assert all(sum(f"#{name}" in text for text in shown) == 1 for name in LOST)


async def test_nothing_that_was_sent_breaks_a_limit_pings_or_goes_without_its_key(storm):
    assert house_rules(storm.stage.discord) == []


async def test_everything_that_was_sent_is_as_discord_describes_it(storm):
    description = described()
    assert [one for call in storm.stage.discord.rest.calls for one in description.problems(call)] == []


async def test_killed_between_the_write_and_its_answer_it_finds_what_it_sent(sample_world, tmp_path):
    async with staged(tmp_path, sample_world) as stage:
        general = stage.discord.world.named("general")
        stage.discord.fail("POST", messages_of(general), faults.Silence(), when="after")
        await stored.owe_digests(tmp_path, [general])
        await stage.bot.start()
        await stage.discord.until(lambda: stage.discord.messages.writes, "written")
        await stage.bot.kill()
        assert [one[1] for one in stored.deliveries(tmp_path)] == ["sending"]
        # Even where Discord has forgotten the key by then.
        stage.discord.messages.nonces_last_s = 0
        await stage.bot.start()
        await all_sent(stage, [general])
        ((_, written),) = stage.discord.messages.writes
        ((_, _, known, _),) = stored.deliveries(tmp_path)
        assert known == written
        assert house_rules(stage.discord) == []


async def test_what_nobody_can_look_up_any_more_says_that_it_may_be_repeated(sample_world, tmp_path):
    async with staged(tmp_path, sample_world) as stage:
        general = stage.discord.world.named("general")
        stage.discord.fail("POST", messages_of(general), faults.Silence(), when="after")
        await stored.owe_digests(tmp_path, [general])
        await stage.bot.start()
        await stage.discord.until(lambda: stage.discord.messages.writes, "written")
        await stage.bot.kill()
        # An hour later Discord has forgotten the key, and shows the bot no history.
        stage.discord.messages.nonces_last_s = 0
        stage.discord.world.set_denied(general, HISTORY)
        with closing(sqlite3.connect(tmp_path / "onrecord.db")) as kept, kept:
            kept.execute("UPDATE deliveries SET attempted_at = datetime(attempted_at, '-1 hour')")
        await stage.bot.start()
        await all_sent(stage, [general])
        first, second = stage.discord.posted(general)
        assert "may be repeated" not in shown(first)
        assert "may be repeated" in shown(second)


def shown(message) -> str:
    return "".join(one.get("content") or "" for one in every_component(message["components"]))


@pytest.mark.timeout(150)
@pytest.mark.skipif("ONRECORD_PATIENT" not in os.environ, reason="waits for a minute: set ONRECORD_PATIENT=1")
async def test_a_discord_that_never_answers_leaves_a_doubt_that_is_cleared(sample_world, tmp_path):
    async with staged(tmp_path, sample_world) as stage:
        world = stage.discord.world
        written, unwritten = (
            world.add_channel(world.guild, "written"),
            world.add_channel(world.guild, "unwritten"),
        )
        stage.discord.fail("POST", messages_of(written), faults.Silence(), when="after")
        stage.discord.fail("POST", messages_of(unwritten), faults.Silence(), when="before")
        await stored.owe_digests(tmp_path, [written, unwritten])
        await stage.bot.start()
        await all_sent(stage, [written, unwritten])
        assert len(stage.discord.messages.writes) == 2
