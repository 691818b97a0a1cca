"""How the bot's own process begins and ends beside a fake Discord: down, refusing, and across a restart."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.discord_wire import faults, stored
from tests.discord_wire.limits import BUTTON, every_component
from tests.discord_wire.process import free_port
from tests.discord_wire.server import TOKEN
from tests.platforms.discord_process.stage import staged

pytestmark = pytest.mark.slow


def labels(message) -> list[str]:
    return [one["label"] for one in every_component(message["components"]) if one["type"] == BUTTON]


async def test_it_starts_while_discord_is_down_and_its_buttons_outlive_it(sample_world, tmp_path):
    async with staged(tmp_path, sample_world) as stage:
        discord, general = stage.discord, stage.discord.world.named("general")
        await discord.shut()
        await stored.owe_digests(tmp_path, [general])
        await stage.bot.start()
        await _until_printed(stage, "connection to Discord lost")
        # First its API comes up, so that the first connection to the gateway is refused (discord.py, issue 10520).
        await discord.open()
        await discord.shut_gateway()
        await discord.until(lambda: discord.calls("GET", "/users/@me"), "logged in")
        await asyncio.sleep(0.5)
        await discord.open_gateway()
        await discord.until_ready()
        (digest,) = await discord.until(lambda: discord.posted(general), "posted")
        assert await stage.bot.stop() == 0

        await stage.bot.start()
        await discord.until(
            lambda: len(discord.gateway.identified) == 2 and discord.gateway.ready, "ready again"
        )
        pressed = await discord.until_answered(await discord.people.press(digest, labels(digest)[0]))
        assert pressed.shown
        assert len(discord.basics.syncs) == 1, "commands that are there already are not declared again"
        assert len(discord.messages.writes) == 1

        # What is being answered when it is told to stop is answered.
        fault = discord.fail("POST", "/callback$", faults.RateLimit(1.0))
        exchange = await discord.people.slash("said", speaker="Primerov")
        await discord.until(lambda: fault.struck, "asked")
        assert await stage.bot.stop() == 0
        assert exchange.done


async def _until_printed(stage, words: str) -> None:
    async with asyncio.timeout(45):
        while words not in stage.bot.printed:
            assert stage.bot.running, stage.bot.printed
            await asyncio.sleep(0.05)


async def test_a_wrong_token_is_said_once_with_the_next_step_and_the_bot_goes_on(tmp_path, sample_world):
    port = free_port()
    async with staged(tmp_path, sample_world, port=port) as stage:
        stage.bot.environment["DISCORD_TOKEN"] = "wrong.token.altogether"
        await stage.bot.start()
        await _until_printed(stage, "Discord refuses the token")
        assert "DISCORD_TOKEN" in stage.bot.printed
        assert "wrong.token.altogether" not in stage.bot.printed
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 503
            assert "token" in await answer.text()
        assert len(stage.discord.calls("GET", "/users/@me")) == 1, "each try counts against a limit"
        assert await stage.bot.stop() == 0
        assert TOKEN not in stage.bot.printed


async def test_commands_that_discord_refuses_to_take_keep_nobody_from_their_digest(tmp_path, sample_world):
    async with staged(tmp_path, sample_world) as stage:
        discord, general = stage.discord, stage.discord.world.named("general")
        discord.fail("PUT", "/commands$", faults.Status(400, 50035, "Invalid Form Body"), times=100)
        await stored.owe_digests(tmp_path, [general])
        await stage.bot.start()
        await discord.until(lambda: discord.gateway.ready, "connected")
        await discord.until(lambda: discord.posted(general), "posted")
        assert await stage.bot.stop() == 0
