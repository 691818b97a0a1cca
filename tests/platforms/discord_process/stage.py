"""The bot's own process beside a fake Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.discord_wire import stored
from tests.discord_wire.process import BotProcess
from tests.discord_wire.server import FakeDiscord


@dataclass(frozen=True, slots=True)
class Stage:
    """A fake Discord, the bot's process, and the folder it keeps its things in."""

    discord: FakeDiscord
    bot: BotProcess
    folder: Path


@asynccontextmanager
async def staged(folder: Path, world: Path | None, **settings) -> AsyncIterator[Stage]:
    """Set the stage; the process is not started yet, and is killed at the end if it still runs."""
    stored.prepare(folder, world, **settings)
    async with FakeDiscord() as discord:
        # Three seconds are Discord's rule; on a busy machine that would test the machine.
        discord.answers.answer_within_s = 60
        bot = BotProcess(folder, discord.environment)
        try:
            yield Stage(discord, bot, folder)
        finally:
            await bot.kill()
