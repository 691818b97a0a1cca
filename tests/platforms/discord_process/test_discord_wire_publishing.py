"""Digests of the bot's own process in announcement channels whose publishing goes wrong at first."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.discord_wire import faults, stored
from tests.discord_wire.judging import house_rules
from tests.discord_wire.world import ANNOUNCEMENT
from tests.platforms.discord_process.stage import staged

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

FAULTS = {
    "unavailable": (faults.Status(503), "before"),
    "published-503": (faults.Status(503), "after"),
    "rate-limited": (faults.RateLimit(0.5), "before"),
    "cut": (faults.Cut(), "before"),
    "published-cut": (faults.Cut(), "after"),
    "by-hand": (faults.Status(400, 40033, "This message has already been crossposted"), "after"),
}
"""By the name of the channel whose first publishing it strikes."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def morning(sample_world, tmp_path_factory):
    """The stage and its announcement channels, once each has its digest published."""
    folder = tmp_path_factory.mktemp("publishing")
    async with staged(folder, sample_world) as stage:
        discord, world = stage.discord, stage.discord.world
        channels = {name: world.add_channel(world.guild, name, ANNOUNCEMENT) for name in FAULTS}
        for name, (kind, when) in FAULTS.items():
            discord.fail("POST", rf"^/channels/{channels[name]['id']}/.*/crosspost$", kind, when=when)
        await stored.owe_digests(folder, list(channels.values()))
        await stage.bot.start()
        for channel in channels.values():
            await discord.until(lambda channel=channel: discord.posted(channel), "posted")
            await discord.until(lambda channel=channel: discord.posted(channel)[0]["flags"] & 1, "published")
        for name in ("published-503", "published-cut"):
            path = rf"^/channels/{channels[name]['id']}/messages/\d+$"
            await discord.until(lambda path=path: discord.calls("GET", path), "looked up")
        assert await stage.bot.stop() == 0
        yield stage, channels


async def test_each_digest_is_published_once_whatever_happens_to_the_first_attempt(morning):
    stage, channels = morning
    for name, channel in channels.items():
        assert len(stage.discord.posted(channel)) == 1
        asked = stage.discord.calls("POST", rf"^/channels/{channel['id']}/.*/crosspost$")
        assert len(asked) == (1 if FAULTS[name][1] == "after" else 2)
        done = [one for one in asked if one.written]
        assert len(done) == 1
    assert house_rules(stage.discord) == []


async def test_before_a_repetition_the_message_itself_is_looked_up(morning):
    stage, channels = morning
    for name in ("unavailable", "cut", "rate-limited"):
        path = rf"^/channels/{channels[name]['id']}/messages/\d+"
        first, second = stage.discord.calls("POST", f"{path}/crosspost$")
        (looked,) = stage.discord.calls("GET", f"{path}$")
        assert first.at < looked.at < second.at


async def test_what_is_known_to_be_published_is_asked_for_no_more(morning):
    stage, channels = morning
    path = rf"^/channels/{channels['by-hand']['id']}/messages/\d+"
    assert len(stage.discord.calls("POST", f"{path}/crosspost$")) == 1
    assert stage.discord.calls("GET", f"{path}$") == []
