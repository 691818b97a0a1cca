"""What is owed to Discord's channels: sent once with its key, looked up by its key when in doubt.

The key goes as ``nonce`` with ``enforce_nonce``: for some minutes Discord answers a repeated request with the message
that is there. For longer doubts it also stands in the message itself, as the id of its first component, which nobody
sees and which Discord keeps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
import structlog

from bot.knowledge.words import Words
from bot.message import blocks
from bot.message.blocks import Text
from bot.message.discord_pages import pages
from bot.owed import CannotTell, Delivery, NotSent, Refused
from bot.platforms.discord_ids import Seals
from bot.platforms.discord_place import NAME
from bot.platforms.discord_publishing import Publishing
from bot.platforms.discord_requests import once
from bot.platforms.discord_views import NOBODY, Builder, Shown, whole_as_file
from bot.ports import Clock
from bot.settings import Discord

_log = structlog.get_logger(__name__)

_NOT_CONNECTED = timedelta(seconds=3)
"""While we are not: logging in takes a moment, and no delivery is to wait long for it, nor try one by one."""
_LOOK_BACK = timedelta(minutes=1)
"""Clocks differ: messages are looked for from a minute before the attempt."""
_KEY_HONOURED = timedelta(minutes=2)
"""Discord says "the past few minutes": so long a repeated request surely finds the message that is there."""
_PAGES_OF_HISTORY = 5
_MOST_PER_PAGE = 100
_MARK_BITS = 31

RoleGone = Callable[[Delivery, str], Awaitable[bool]]
"""Told of a delivery whose role is gone; returns whether the channel itself is to be told."""


async def _everybody_is_told(_delivery: Delivery, _role_id: str) -> bool:
    """For a platform that knows no owners: the channel is told."""
    return True


class DiscordPlatform:
    """Sends what is owed; ``client`` gives the one that is logged in, or None."""

    name = NAME

    def __init__(
        self,
        client: Callable[[], discord.Client | None],
        seals: Seals,
        words: Words,
        clock: Clock,
        settings: Discord,
    ) -> None:
        self._client = client
        self._seals = seals
        self._words = words
        self._clock = clock
        self._settings = settings
        self._direct: dict[str, int] = {}
        self.publishing = Publishing(client, clock)
        self.role_gone: RoleGone = _everybody_is_told

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:
        """Send once and return the message's id; raise ``NotSent``, ``Refused`` or ``InDoubt``.

        While Discord knows the key, a repetition shows nothing new; ``find`` cannot tell only when it no longer may.
        """
        try:
            message = blocks.loads(delivery.body)
        except ValueError as error:
            raise Refused(f"the stored message cannot be read: {error}") from error
        if may_be_repeated:
            message = replace(message, blocks=(self._repeated(), *message.blocks))
        client = self._connected()
        target = await self._target(delivery, client)
        note, pinged = await self._mention(message.mention, delivery, client, target.id)
        shown = Shown(message, note=note, mark=mark(delivery.key), turns=bool(message.followup))
        view, files = Builder(self._seals, self._words, self._clock.now()).view(shown)
        if len(pages(message)) > 1 and not message.followup and not files:
            file = whole_as_file(message)
            view.add_item(discord.ui.File(f"attachment://{file.filename}"))
            files = [file]
        async with once():
            sent = await target.send(view=view, files=files, nonce=delivery.key, allowed_mentions=pinged)
        await self._publish(client, sent.channel.id, sent.id, sent.flags)
        return str(sent.id)

    async def find(self, delivery: Delivery) -> str | None:
        """Look a doubtful message up by its key among our own since shortly before the attempt."""
        client = self._connected()
        target = await self._target(delivery, client)
        since = (delivery.attempted_at or delivery.due_at) - _LOOK_BACK
        wanted, after, seen = mark(delivery.key), discord.utils.time_snowflake(since), 0
        for _ in range(_PAGES_OF_HISTORY):
            async with once():
                found = await client.http.logs_from(target.id, limit=_MOST_PER_PAGE, after=after)
            for one in found:
                own = client.user is not None and str(one["author"]["id"]) == str(client.user.id)
                if own and (wanted in _ids(one.get("components", ())) or one.get("nonce") == delivery.key):
                    flags = discord.MessageFlags._from_value(one.get("flags", 0))  # noqa: SLF001 - no other way in
                    await self._publish(client, target.id, int(one["id"]), flags)
                    return str(one["id"])
            seen += len(found)
            if len(found) < _MOST_PER_PAGE:
                break
            after = max(int(one["id"]) for one in found)
        else:
            raise CannotTell(f"more than {seen} messages came after it")
        if not seen and not self._reads_history(client, target.id) and not self._key_counts(delivery):
            # Discord shows an empty history to those who may not read it.
            raise CannotTell("we may not read this channel's history")
        return None

    async def _mention(
        self, role_id: str, delivery: Delivery, client: discord.Client, channel_id: int
    ) -> tuple[str, discord.AllowedMentions]:
        """Return the line that pings the subscription's role, and leave to ping it alone; say when it is gone."""
        channel = client.get_channel(channel_id)
        if not role_id.isdecimal() or not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return "", NOBODY
        role = channel.guild.get_role(int(role_id))
        if role is not None and not role.is_default():
            alone = discord.AllowedMentions(everyone=False, users=False, roles=[role], replied_user=False)
            return role.mention, alone
        if await self.role_gone(delivery, role_id):
            return f"-# ⚠️ {self._words('discord.role_gone')}", NOBODY
        return "", NOBODY

    def _connected(self) -> discord.Client:
        client = self._client()
        if client is None or client.user is None or client.is_closed():
            raise NotSent("not connected to Discord", _NOT_CONNECTED, everywhere=True)
        return client

    async def _target(self, delivery: Delivery, client: discord.Client) -> discord.PartialMessageable:
        """The channel to send to; a person's direct messages are opened first, which can be repeated at will."""
        native = delivery.channel_id.partition(":")[2]
        if native.startswith("@"):
            if native not in self._direct:
                async with once():
                    opened = await client.http.start_private_message(int(native[1:]))
                self._direct[native] = int(opened["id"])
            return client.get_partial_messageable(self._direct[native])
        if not native.isdecimal():
            raise Refused(f"there is no Discord channel {native!r}", "destination gone")
        return client.get_partial_messageable(int(native))

    def _repeated(self) -> Text:
        return Text(self._words("discord.repeated"), tone="warning")

    def _key_counts(self, delivery: Delivery) -> bool:
        """Whether Discord still knows the key of the last attempt."""
        last = delivery.attempted_at
        return last is not None and self._clock.now() - last < _KEY_HONOURED

    @staticmethod
    def _reads_history(client: discord.Client, native: int) -> bool:
        """Whether we know that we may read a channel's history; direct messages always, servers by permission."""
        channel = client.get_channel(native)
        if isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return channel.permissions_for(channel.guild.me).read_message_history
        return channel is not None

    async def _publish(
        self, client: discord.Client, channel_id: int, message_id: int, flags: discord.MessageFlags
    ) -> None:
        """Publish a message of an announcement channel."""
        channel = client.get_channel(channel_id)
        if self._settings.publish and isinstance(channel, discord.TextChannel) and channel.is_news():
            await self.publishing.publish(channel_id, message_id, flags.value)


def mark(key: str) -> int:
    """Return a delivery's key as the id of a component: a positive number of 31 bits."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % ((1 << _MARK_BITS) - 1) + 1


def _ids(components: Any) -> Iterator[int]:  # noqa: ANN401 - Discord's JSON
    for component in components:
        yield component.get("id", 0)
        yield from _ids(component.get("components", ()))
