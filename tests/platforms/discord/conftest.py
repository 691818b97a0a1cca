"""A bot on a simulated Discord, with a real database in memory and a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import discord
import pytest
import simcord

from bot import knowledge
from bot.commands.handlers import Desk
from bot.knowledge.words import Words
from bot.platforms.discord_client import OurClient, make_client
from bot.platforms.discord_guests import Guests
from bot.platforms.discord_ids import Seals
from bot.platforms.discord_sending import DiscordPlatform
from bot.platforms.discord_talk import Talk
from bot.settings import Discord, Settings
from bot.store.sql_store import SqlStore
from tests.fakes import HereAndNow, ManualClock, StandingFetcher
from tests.platforms.discord.payloads import check_requests
from tests.store.invented import HOUR, NOW, read_one, said

TOKEN = "an-invented-token"
KNOWN = knowledge.load()
FEED = b"""<rss version="2.0"><channel><title>Sample Post</title>
<item><title>Ferry sails again</title><link>https://sample.example/1</link></item></channel></rss>"""
FEED_URL = "https://sample.example/rss"


@dataclass
class Scene:
    """A server with a channel, somebody who manages it, and somebody who does not."""

    env: simcord.Env
    desk: Desk
    clock: ManualClock
    bot: OurClient
    seals: Seals
    guild: Any = None
    channel: Any = None
    admin: Any = None
    reader: Any = None
    owner: Any = None
    """Whose application the bot is: a stranger to the server, who may change the feeds."""

    def people(self) -> None:
        """Bring in the people; the bot is greeted by nobody yet."""
        self.guild = self.env.create_guild()
        self.channel = self.guild.create_text_channel("news")
        manages = self.guild.create_role("Editors", permissions=discord.Permissions(manage_guild=True))
        self.admin = self.guild.add_member(self.env.create_user("olena"), roles=[manages])
        self.reader = self.guild.add_member(self.env.create_user("petro"))
        self.owner = self.env.create_user("orysia")
        self._own()

    async def restart(self) -> None:
        """End the bot and start a new one on the same database and the same Discord."""
        self.bot = build(self.desk, self.seals)
        await self.env.restart_bot(self.bot)
        self._own()

    def _own(self) -> None:
        """The simulated Discord names the bot itself as the application's owner; name a person in its place."""
        self.bot.application.owner = discord.Object(self.owner.id)

    async def set_up(self, **settings: Any) -> None:
        """Start the bot again with other settings under ``[discord]``."""
        changed = self.desk.settings.model_copy(update={"discord": Discord(**settings)})
        self.desk = replace(self.desk, settings=changed)
        await self.restart()

    def platform(self, words: Words | None = None) -> DiscordPlatform:
        """What sends, over the present client."""
        settings = self.desk.settings.discord
        return DiscordPlatform(lambda: self.bot, self.seals, words or Words("en"), self.clock, settings)


def build(desk: Desk, seals: Seals) -> OurClient:
    return make_client(Talk(desk, seals), Guests(desk, seals))


@pytest.fixture
async def store() -> AsyncIterator[SqlStore]:
    async with SqlStore.open(":memory:") as opened:
        yield opened


async def fill(store: SqlStore) -> None:
    """Three invented articles of two outlets."""
    await read_one(store, "talks", said("We agreed to meet again"), at=NOW - 3 * HOUR, title="Envoys meet")
    await read_one(
        store,
        "ferry",
        said("The ferry will sail"),
        said("Not today", speaker="Boris Beispiel"),
        at=NOW - 2 * HOUR,
        outlet="Sample Post",
        title="Ferry sails again",
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def desk(store: SqlStore, clock: ManualClock) -> Desk:
    return Desk(
        store=store,
        knowledge=KNOWN,
        words=Words("en"),
        settings=Settings(),
        clock=clock,
        fetcher=StandingFetcher({FEED_URL: FEED}),
        parser=HereAndNow(),
        zone=ZoneInfo("Europe/Kyiv"),
    )


@pytest.fixture
async def scene(desk: Desk, clock: ManualClock, store: SqlStore) -> AsyncIterator[Scene]:
    await fill(store)
    seals = Seals(TOKEN)
    bot = build(desk, seals)
    env = simcord.Env(bot)
    await env.start()
    try:
        scene = Scene(env, desk, clock, bot, seals)
        scene.people()
        await env.settle()
        yield scene
    finally:
        await env.shutdown()
    check_requests(env.http_requests)


# ── Reading what is shown ────────────────────────────────────────────────────────────────────────────────────


def parts(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from parts(component.get("components", []))


def words_of(message: Any) -> str:
    """All text that a message shows, without the buttons'."""
    return "\n".join(one["content"] for one in parts(raw(message)) if one.get("content"))


def labels(message: Any) -> list[str]:
    return [one["label"] for one in parts(raw(message)) if one["type"] == 2]


def button(message: Any, label: str) -> str:
    """The custom id of the button with this label."""
    return next(one["custom_id"] for one in parts(raw(message)) if one.get("label") == label)


def raw(message: Any) -> list[dict[str, Any]]:
    components = message.components
    return [one if isinstance(one, dict) else one.to_dict() for one in components]
