"""Discord as one part of the house: built with the others, opened with the desk, closed within ten seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import discord

from bot.commands.handlers import Desk
from bot.knowledge.words import Words
from bot.owed import Delivery
from bot.platforms.discord_client import OurClient, Ready, intents, make_client, point_at
from bot.platforms.discord_guests import Guests
from bot.platforms.discord_ids import Seals
from bot.platforms.discord_life import NOT_YET, TOKEN_REFUSED, Life
from bot.platforms.discord_place import NAME
from bot.platforms.discord_roles import tell_of_role
from bot.platforms.discord_sending import DiscordPlatform
from bot.platforms.discord_talk import Talk
from bot.ports import Clock
from bot.settings import Discord, Secrets

_BETWEEN_UPKEEP = timedelta(hours=1)


class DiscordChat:
    """Sends what is owed from the start; talks while it is open."""

    name = NAME

    def __init__(self, secrets: Secrets, settings: Discord, words: Words, clock: Clock) -> None:
        assert secrets.discord_token is not None, "without a token there is no Discord"
        self._token = secrets.discord_token.get_secret_value().strip()
        self._settings = settings
        self._clock = clock
        self._seals = Seals(self._token)
        self._life: Life | None = None
        self._guests: Guests | None = None
        self._kept_up_at: datetime | None = None
        self._sending = DiscordPlatform(self._client, self._seals, words, clock, settings)
        point_at(secrets.discord_api_base, secrets.discord_gateway_url, secrets.discord_cdn_base)

    @asynccontextmanager
    async def open(self, desk: Desk) -> AsyncIterator[None]:
        """Connect in the background, and answer people, until the context is left."""
        talk, guests = Talk(desk, self._seals), Guests(desk, self._seals)

        def make(ready: Ready) -> OurClient:
            return make_client(talk, guests, shards=self._settings.shards, ready=ready)

        self._guests = guests
        self._sending.role_gone = partial(tell_of_role, desk=desk)
        async with Life(make, self._token, self._clock.sleep) as self._life:
            try:
                yield
            finally:
                await self._sending.publishing.stop()
        self._life = self._guests = None

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:
        """Send once and return the message's id; raise ``NotSent``, ``Refused`` or ``InDoubt``."""
        return await self._sending.send(delivery, may_be_repeated=may_be_repeated)

    async def find(self, delivery: Delivery) -> str | None:
        """Look up a doubtful message by its key."""
        return await self._sending.find(delivery)

    async def check(self) -> str:
        """Why Discord is not ready; empty when it is."""
        return await self._life.check() if self._life else NOT_YET

    async def upkeep(self) -> int:
        """Once an hour forget what is to be forgotten; return how many servers."""
        now = self._clock.now()
        if self._guests is None or (self._kept_up_at and now - self._kept_up_at < _BETWEEN_UPKEEP):
            return 0
        self._kept_up_at = now
        return await self._guests.forget_left()

    def _client(self) -> OurClient | None:
        return self._life.client() if self._life else None


async def examine(secrets: Secrets) -> tuple[bool, str]:
    """Try the token; return whether Discord takes it, and who we are or why not."""
    assert secrets.discord_token is not None, "without a token there is nothing to try"
    point_at(secrets.discord_api_base, secrets.discord_gateway_url, secrets.discord_cdn_base)
    client = discord.Client(intents=intents())
    try:
        await client.login(secrets.discord_token.get_secret_value().strip())
        return True, str(client.user)
    except discord.LoginFailure:
        return False, TOKEN_REFUSED
    except (discord.HTTPException, OSError) as error:
        return False, f"Discord cannot be reached now ({type(error).__name__})"
    finally:
        await client.close()
