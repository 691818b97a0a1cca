"""Discord keeps the contract of every chat: the whole adapter, connected to a Discord on loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import SecretStr

from bot import knowledge
from bot.commands.desk import Desk
from bot.knowledge.words import Words
from bot.platforms.discord_chat import DiscordChat
from bot.runtime.clock import SystemClock
from bot.settings import Secrets, Settings
from bot.store.sql_store import SqlStore
from tests.contract.platform_contract import FAULTS, RETRY_AFTER_S, PlatformContract
from tests.discord_wire.faults import Cut, RateLimit, Status
from tests.discord_wire.limits import every_component
from tests.discord_wire.server import TOKEN, FakeDiscord
from tests.fakes import HereAndNow, StandingFetcher

_POSTING = {
    "rate limit": (RateLimit(RETRY_AFTER_S), "before"),
    "global rate limit": (RateLimit(RETRY_AFTER_S, everywhere=True), "before"),
    "message refused": (Status(400, 50_035, "Invalid Form Body"), "before"),
    "server error": (Status(500), "before"),
    "server error after posting": (Status(502), "after"),
    "no answer": (Cut(), "after"),
}


@dataclass
class DiscordUnderTest:
    """The adapter as the bot runs it, and the Discord behind it."""

    platform: DiscordChat
    discord: FakeDiscord
    channel: dict
    unreachable: Callable[[], None]
    honours_keys: bool
    can_find = True
    faults = frozenset(FAULTS)

    @property
    def channel_id(self) -> str:
        return f"discord:{self.channel['id']}"

    def next(self, fault: str) -> None:
        if fault == "unreachable":
            self.unreachable()
        elif fault == "channel gone":
            del self.discord.world.channels[self.channel["id"]]
        else:
            kind, when = _POSTING[fault]
            self.discord.fail("POST", rf"^/channels/{self.channel['id']}/messages$", kind, when=when)

    def shown(self) -> list[str]:
        posted = self.discord.posted(self.channel)
        return [
            "\n".join(one.get("content", "") for one in every_component(message["components"]))
            for message in posted
        ]


@pytest.fixture
def points_elsewhere(monkeypatch):
    """Where discord.py looks for Discord is the same again after the test."""
    for owner, name in (
        (Route, "BASE"),
        (DiscordWebSocket, "DEFAULT_GATEWAY"),
        (discord.asset.Asset, "BASE"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    return monkeypatch


class TestDiscord(PlatformContract):
    honours_keys = True

    @pytest.fixture
    async def chat(self, points_elsewhere):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and listens to nobody: connections are refused
            closed = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/v10"
            async with FakeDiscord() as server, SqlStore.open(":memory:") as store:
                settings, clock = Settings(), SystemClock()
                desk = Desk(
                    store=store,
                    knowledge=knowledge.load(),
                    words=Words("en"),
                    settings=settings,
                    clock=clock,
                    fetcher=StandingFetcher({}),
                    parser=HereAndNow(),
                    zone=ZoneInfo("UTC"),
                )
                secrets = Secrets(
                    discord_token=SecretStr(TOKEN),
                    discord_api_base=server.address,
                    discord_gateway_url=server.gateway.address,
                    discord_cdn_base=server.cdn_address,
                )
                adapter = DiscordChat(secrets, settings.discord, desk.words, clock)
                async with adapter.open(desk):
                    await server.until_ready()
                    if not self.honours_keys:
                        server.messages.nonces_last_s = 0
                    channel = server.world.add_channel(server.world.guild, "contract")
                    yield DiscordUnderTest(
                        adapter,
                        server,
                        channel,
                        lambda: points_elsewhere.setattr(Route, "BASE", closed),
                        self.honours_keys,
                    )
                assert server.rest.strangers == []


class TestDiscordThatHasForgottenTheKeys(TestDiscord):
    """As it is some minutes later: messages are found by their marks, and what is sent again is a new message."""

    honours_keys = False
