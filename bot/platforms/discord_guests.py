"""Servers that add the bot and remove it: a first word, and what is kept afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import discord
import structlog

from bot.commands.handlers import Desk
from bot.message.blocks import Action, Actions, Message, Text, Title
from bot.message.discord_text import clipped
from bot.platforms.discord_ids import Seals
from bot.platforms.discord_place import NAME, missing_to_post, space
from bot.platforms.discord_views import NOBODY, Builder, Shown

_log = structlog.get_logger(__name__)

FIRST_TOPICS = ("war", "talks", "strikes")
"""Topics that a new server is offered, each as one press."""
_AT = "08:00"
_NONCE_LETTERS = 25


class Guests:
    """Knows the servers we are guests of; ``client`` is the present one."""

    client: discord.Client

    def __init__(self, desk: Desk, seals: Seals) -> None:
        self._desk = desk
        self._seals = seals

    async def joined(self, guild: discord.Guild) -> None:
        """Say hello once: in the system channel, else to whoever added us, else to the owner."""
        await self._desk.store.return_to_space(space(guild.id))
        _log.info("joined a server", guild=guild.id)
        if not self._desk.settings.discord.welcome:
            return
        channel = guild.system_channel
        try:
            if channel is not None and not missing_to_post(channel):
                await self._greet(channel, self.greeting(here=True), guild.id)
            else:
                person = await self._who_added(guild)
                opened = await self.client.create_dm(discord.Object(person))
                await self._greet(opened, self.greeting(here=False), guild.id)
        except discord.HTTPException as error:
            _log.info("nobody could be greeted", guild=guild.id, why=str(error))

    async def left(self, guild_id: int) -> None:
        """Take note; what was kept for the server is forgotten after the days the settings say."""
        await self._desk.store.leave_space(space(guild_id), self._desk.clock.now())
        _log.info("left a server", guild=guild_id)

    async def compare(self, present: Iterable[int]) -> None:
        """Take note of servers that removed us while we were not connected."""
        here = {space(guild_id) for guild_id in present}
        for known in await self._desk.store.spaces(f"{NAME}:"):
            if known not in here and known.removeprefix(f"{NAME}:").isdecimal():
                await self._desk.store.leave_space(known, self._desk.clock.now())

    async def forget_left(self) -> int:
        """Forget all about servers that removed us long enough ago; return how many."""
        before = self._desk.clock.now() - timedelta(days=self._desk.settings.discord.keep_days)
        forgotten = await self._desk.store.forget_left(before)
        if forgotten:
            _log.info("forgot servers that removed us", count=forgotten)
        return forgotten

    def greeting(self, *, here: bool) -> Message:
        """Return the first word: what this is, and what to do; ``here``: in a channel that may be subscribed."""
        words, zone = self._desk.words, self._desk.zone.key
        title = Title(words("discord.hello"))
        what = Text(words("discord.hello_what"))
        if not here:
            return Message((title, what, Text(words("discord.hello_next"))))
        titles = {topic.name: topic.title for topic in self._desk.knowledge.topics}
        offered = tuple(
            Action(
                words("discord.hello_offer", topic=titles[name], at=_AT),
                f"subscription add {name} daily {_AT}",
            )
            for name in FIRST_TOPICS
            if name in titles
        )
        return Message(
            (
                title,
                what,
                Text(words("discord.hello_here", at=_AT, zone=zone), tone="muted"),
                Actions(offered),
            )
        )

    async def _greet(self, channel: discord.abc.Messageable, message: Message, guild_id: int) -> None:
        view, _ = Builder(self._seals, self._desk.words, self._desk.clock.now()).view(Shown(message))
        nonce = clipped(f"hello-{guild_id}", _NONCE_LETTERS)
        await channel.send(view=view, allowed_mentions=NOBODY, nonce=nonce)

    @staticmethod
    async def _who_added(guild: discord.Guild) -> int:
        """The person who added us, by the server's audit log where we may read it, else its owner."""
        me = guild.me
        if me.guild_permissions.view_audit_log:
            async for entry in guild.audit_logs(action=discord.AuditLogAction.bot_add, limit=10):
                if entry.target is not None and entry.target.id == me.id and entry.user_id is not None:
                    return entry.user_id
        return guild.owner_id or 0
