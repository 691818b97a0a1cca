"""The Discord client: which events we hear, and to whom they go. Nothing of a server is kept that we do not need.

No privileged intent, no member cache, no message cache, no chunking of servers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.platforms import discord_gateway
from bot.platforms.discord_commands import declarations
from bot.platforms.discord_guests import Guests
from bot.platforms.discord_requests import tracing
from bot.platforms.discord_talk import Talk
from bot.platforms.discord_views import NOBODY

_log = structlog.get_logger(__name__)

_REFUSED_FOR_GOOD = frozenset((400, 403, 404))
_LONGEST_WAIT_S = 60.0
"""Of a rate limit that discord.py waits for by itself; beyond it the request fails."""

Ready = Callable[[bool], None]
"""Told whether the gateway is there."""


def _nobody_asks(_there: bool) -> None:
    """For a client whose connection nobody watches."""


def intents() -> discord.Intents:
    """Servers and their channels, and messages: of these we see the contents only where we are mentioned."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True)


def point_at(api: str, gateway: str, cdn: str) -> None:
    """Point discord.py at another server than Discord's, before a client is made; empty leaves its own."""
    if api:
        Route.BASE = api.rstrip("/")
    if gateway:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    if cdn:
        discord.asset.Asset.BASE = cdn.rstrip("/")


discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we never speak


class _Hearing:
    """What both kinds of client do with what they hear."""

    talk: Talk
    guests: Guests
    heard_ready: Ready
    _working: set[asyncio.Task[None]]
    _away: set[int]
    """Shards whose connection is interrupted; empty for a single connection."""

    async def setup_hook(self) -> None:
        """Declare our commands, where they differ from what Discord has.

        Where Discord refuses them for good, digests, buttons and the commands it has go on without.
        """
        try:
            await sync(self)  # type: ignore[arg-type]
        except discord.HTTPException as error:
            if error.status not in _REFUSED_FOR_GOOD:
                raise
            _log.error("commands not declared: Discord refuses them", why=str(error))

    async def on_ready(self) -> None:
        """Take note, and of the servers that have removed us while we were away."""
        client: discord.Client = self  # type: ignore[assignment]
        _log.info("connected to Discord", guilds=len(client.guilds))
        self.heard_ready(True)
        await self._do(self.guests.compare([guild.id for guild in client.guilds]))

    async def on_resumed(self) -> None:
        """Take note."""
        _log.info("resumed on Discord")
        self.heard_ready(not self._away)

    async def on_disconnect(self) -> None:
        """Take note; discord.py connects again by itself."""
        self.heard_ready(False)

    async def on_shard_disconnect(self, shard: int) -> None:
        """Take note of which of several connections is interrupted."""
        self._away.add(shard)

    async def on_shard_resumed(self, shard: int) -> None:
        """Take note that it is back."""
        await self.on_shard_ready(shard)

    async def on_shard_ready(self, shard: int) -> None:
        """Take note that a connection stands; discord.py tells no more than this when one of them began anew."""
        self._away.discard(shard)
        client: discord.Client = self  # type: ignore[assignment]
        if client.is_ready():
            self.heard_ready(not self._away)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Somebody used a command, a button or a form."""
        await self._do(self.talk.interaction(interaction))

    async def on_message(self, message: discord.Message) -> None:
        """Somebody wrote; it concerns us only where it mentions us."""
        await self._do(self.talk.mentioned(message, self))  # type: ignore[arg-type]

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server has added us."""
        await self._do(self.guests.joined(guild))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """A server has removed us, or was deleted."""
        await self._do(self.guests.left(guild.id))

    async def on_error(self, event: str, /, *args: object, **values: object) -> None:
        """An event's handler failed: only that event is lost."""
        del args, values
        _log.exception("event not handled", gateway_event=event)

    async def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it as a task of our own, so that a graceful stop can wait for it."""
        task = asyncio.ensure_future(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        await task

    async def finish(self, seconds: float) -> None:
        """Let what is being answered come to its end, for so long at most; then cancel it."""
        if not self._working:
            return
        _, late = await asyncio.wait(self._working, timeout=seconds)
        for task in late:
            task.cancel()


class SingleClient(_Hearing, discord.Client):
    """One connection."""


class ShardedClient(_Hearing, discord.AutoShardedClient):
    """Several connections, each for a share of the servers."""


OurClient = SingleClient | ShardedClient


def make_client(talk: Talk, guests: Guests, *, shards: int = 1, ready: Ready = _nobody_asks) -> OurClient:
    """Return a client that is not connected yet; ``shards`` 0 asks Discord how many connections to open."""
    options: dict[str, Any] = {
        "intents": intents(),
        "member_cache_flags": discord.MemberCacheFlags.none(),
        "chunk_guilds_at_startup": False,
        "max_messages": None,
        "max_ratelimit_timeout": _LONGEST_WAIT_S,
        "allowed_mentions": NOBODY,
        "http_trace": tracing(),
    }
    discord_gateway.install()
    single = shards == 1
    client = SingleClient(**options) if single else ShardedClient(shard_count=shards or None, **options)
    client.talk, client.guests, client.heard_ready = talk, guests, ready
    client._away = set()  # noqa: SLF001 - as below
    client._working = set()  # noqa: SLF001 - set here, because discord.py's constructor knows nothing of it
    discord_gateway.survive(client)
    guests.client = client
    return client


# ── Declaring commands ───────────────────────────────────────────────────────────────────────────────────────


async def sync(client: discord.Client) -> bool:
    """Declare our commands if Discord has others; return whether that was needed.

    Replacing all of them by the same counts against no limit, but makes every client load them anew.
    """
    assert client.application_id is not None, "logged in"
    wanted = declarations()
    # discord.py's own method asks for the commands without their translations.
    asked = Route("GET", "/applications/{application_id}/commands", application_id=client.application_id)
    present = await client.http.request(asked, params={"with_localizations": "1"})
    if _same(wanted, present):
        return False
    await client.http.bulk_upsert_global_commands(client.application_id, wanted)
    _log.info("commands declared", count=len(wanted))
    return True


def _same(wanted: Any, present: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether all that we want is there; Discord adds ids and defaults, and leaves out what is empty."""
    if isinstance(wanted, dict):
        if not isinstance(present, dict):
            return False
        return all(_same(value, present.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list) and all(isinstance(one, dict) for one in wanted):
        if len(wanted) != len(present or ()):
            return False
        by_name = {(one.get("type"), one.get("name")): one for one in present or ()}
        return all(_same(one, by_name.get((one.get("type"), one.get("name")))) for one in wanted)
    return wanted == present or (not wanted and not present) or str(wanted) == str(present)
