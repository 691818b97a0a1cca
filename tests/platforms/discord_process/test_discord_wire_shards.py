"""The bot's own process with two connections to a fake gateway, and with one that has died without a word."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
import pytest_asyncio

from tests.discord_wire import stored
from tests.discord_wire.limits import every_component
from tests.discord_wire.process import free_port
from tests.platforms.discord_process.stage import Stage, staged

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

SHARDS = 2


def shard_of(guild) -> int:
    return (int(guild["id"]) >> 22) % SHARDS


def words(message) -> str:
    return "\n".join(one.get("content") or "" for one in every_component(message["components"]))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def port():
    return free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(sample_world, tmp_path_factory, port):
    """A bot with two shards; a server on each, each with a digest due."""
    folder = tmp_path_factory.mktemp("shards")
    async with staged(folder, sample_world, shards=SHARDS, port=port) as stage:
        world = stage.discord.world
        while len({shard_of(guild) for guild in world.guilds.values()}) < SHARDS:
            world.add_guild("Vyhadane Watchers")
            await asyncio.sleep(0.001)
        await stored.owe_digests(folder, [home(stage, shard) for shard in range(SHARDS)])
        await stage.bot.start()
        await stage.discord.until_ready()
        yield stage


def home(stage: Stage, shard: int):
    """The system channel of a server on this shard."""
    world = stage.discord.world
    guild = next(one for one in world.guilds.values() if shard_of(one) == shard)
    return world.channels[guild["system_channel_id"]]


async def ask(stage: Stage, shard: int):
    people = stage.discord.people
    person = stage.discord.world.newcomer("Nina Newcomer")
    return await people.slash("said", by=person, at=home(stage, shard), speaker="Primerov")


async def until_healthy(port: int, *, healthy: bool) -> str:
    """Wait until the bot says that it is ready, or is not, and return its words."""
    async with asyncio.timeout(45), aiohttp.ClientSession() as http:
        while True:
            async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                if (answer.status == 200) is healthy:
                    return await answer.text()
            await asyncio.sleep(0.1)


async def test_both_shards_identify_and_serve_their_servers(stage, port):
    assert sorted(wish["shard"] for wish in stage.discord.gateway.identified) == [[0, 2], [1, 2]]
    for shard in range(SHARDS):
        answered = await stage.discord.until_answered(await ask(stage, shard))
        assert "“" in words(answered.shown[0])
        await stage.discord.until(lambda shard=shard: stage.discord.posted(home(stage, shard)), "a digest")
    await until_healthy(port, healthy=True)


@pytest.mark.parametrize("lost", range(SHARDS))
async def test_a_shard_that_is_cut_off_resumes_and_the_other_goes_on(stage, port, lost):
    gateway = stage.discord.gateway
    resumed, identified = len(gateway.resumed), len(gateway.identified)
    gateway.drop(lost)
    there, away = await ask(stage, 1 - lost), await ask(stage, lost)
    for exchange in (there, away):
        await stage.discord.until_answered(exchange)
        assert len(exchange.shown) == 1
    assert len(gateway.resumed) == resumed + 1
    assert len(gateway.identified) == identified
    await until_healthy(port, healthy=True)


async def test_a_shard_that_must_begin_anew_is_counted_as_back(stage, port):
    gateway = stage.discord.gateway
    identified = len(gateway.identified)
    await gateway.invalidate(resumable=False, shard=1)
    await stage.discord.until(lambda: len(gateway.identified) == identified + 1, "identified again")
    await stage.discord.until_answered(await ask(stage, 1))
    assert gateway.identified[-1]["shard"] == [1, 2]
    await until_healthy(port, healthy=True)


async def test_while_a_shard_is_away_the_health_check_says_so(stage, port):
    await until_healthy(port, healthy=True)
    await stage.discord.shut_gateway()
    assert "interrupted" in await until_healthy(port, healthy=False)
    await stage.discord.open_gateway()
    await until_healthy(port, healthy=True)


async def test_two_shards_end_as_well_as_one(stage):
    assert await stage.bot.stop() == 0


async def test_a_connection_that_died_without_a_word_is_resumed_and_nothing_is_lost(sample_world, tmp_path):
    async with staged(tmp_path, sample_world) as stage:
        discord, gateway = stage.discord, stage.discord.gateway
        gateway.heartbeat_ms = 500
        await stage.bot.start()
        await discord.until_ready()
        await discord.until_answered(await discord.people.slash("help"))
        gateway.go_silent()
        meanwhile = await discord.people.slash("said", speaker="Primerov")
        await discord.until_answered(meanwhile)
        assert len(meanwhile.shown) == 1
        assert (len(gateway.identified), len(gateway.resumed)) == (1, 1)
        assert "heartbeat not acknowledged" in stage.bot.printed
        # And one whose heartbeats are acknowledged is left alone for as long as it lasts.
        beats = len(gateway.connections[-1].heard)
        await discord.until(lambda: len(gateway.connections[-1].heard) > beats + 3, "some heartbeats")
        assert len(gateway.connections) == 2
