"""*Post to channel*: somebody's own answer, shown to everybody; a long story goes on in a thread."""

from __future__ import annotations

from typing import Literal

import discord
import structlog

from bot.commands import followups
from bot.commands.requests import BadRequest, Request
from bot.message import discord_limits as limits
from bot.message.answers import problem
from bot.message.blocks import Message
from bot.message.discord_pages import pages, titled
from bot.owed import InDoubt, NotSent, Refused
from bot.platforms import discord_place as place
from bot.platforms.discord_answers import Answers
from bot.platforms.discord_ids import Press
from bot.platforms.discord_requests import insist
from bot.platforms.discord_views import NOBODY, Shown

_log = structlog.get_logger(__name__)

_KEPT_MINUTES: Literal[1440] = 1440
"""Of silence after which Discord folds the thread away."""
_THREAD_EXISTS = 160_004
_HAS_THREAD = 1 << 5
"""The message's flag."""


async def _first(message: Message, note: str = "") -> Shown:
    return Shown(message, note=note)


class Posting:
    """Posts stored answers."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def post(self, interaction: discord.Interaction, press: Press) -> None:
        """Post the answer that a button belongs to, in the operator's language, with the name of who posted it."""
        desk = self._answers.desk
        words = self._answers.words(interaction)
        missing = self._person_lacks(interaction)
        if missing:
            lacking = place.permission_names([missing], words)
            await self._answers.say(interaction, words("discord.you_may_not_post", permission=lacking))
            return
        channel = await place.home_of(interaction, press.followup, desk)
        actor = place.actor_of(interaction, desk.settings.discord)
        request = Request("post", channel, actor, at=desk.clock.now(), reply_to=press.followup)
        try:
            message = await followups.everybodys(request, desk)
        except BadRequest as error:
            told = problem(words("discord.expired"), [error.message], words=words)
            await self._answers.show(interaction, _first(told))
            return
        note = desk.words("discord.posted_by", person=f"<@{interaction.user.id}>")
        await self._answers.show(interaction, _first(message, f"-# {note}"), ephemeral=False)
        if len(pages(message)) > 1:
            await self._continue_in_thread(interaction, message)

    @staticmethod
    def _person_lacks(interaction: discord.Interaction) -> str:
        """The permission without which the person may not write here either; empty when nothing is missing."""
        if interaction.guild_id is None:
            return ""
        wanted = "send_messages"
        if isinstance(interaction.channel, discord.Thread):
            wanted = "send_messages_in_threads"
        return "" if getattr(interaction.permissions, wanted) else wanted

    async def _continue_in_thread(self, interaction: discord.Interaction, message: Message) -> None:
        """Post the other pages in a thread below the first, where we may; its buttons turn pages anyway.

        A thread is a step of its own: a message has one at most, so that beginning it twice is refused.
        """
        granted = interaction.app_permissions
        if not (
            place.we_are_members(interaction)
            and isinstance(interaction.channel, discord.TextChannel)
            and granted.create_public_threads
            and granted.send_messages_in_threads
        ):
            return
        try:
            posted = await interaction.original_response()
            thread = await self._thread(interaction.client, interaction.channel, posted.id, titled(message))
            for number in range(2, len(pages(message)) + 1):
                await self._write(thread, message, number, nonce=f"{posted.id}-{number}"[-limits.NONCE :])
        except (discord.HTTPException, NotSent, Refused, InDoubt) as error:
            # The first page stands, and its buttons lead to the others.
            _log.warning("no thread for a long answer", channel=interaction.channel_id, why=str(error))

    async def _thread(
        self, client: discord.Client, channel: discord.TextChannel, message_id: int, name: str
    ) -> discord.PartialMessageable:
        """Begin a message's thread; one that a lost answer left behind is found, since it has its message's id."""
        thread = client.get_partial_messageable(message_id, guild_id=channel.guild.id)

        async def begin() -> discord.PartialMessageable:
            try:
                await client.http.start_thread_with_message(
                    channel.id, message_id, name=name or "OnRecord", auto_archive_duration=_KEPT_MINUTES
                )
            except discord.HTTPException as error:
                if error.code != _THREAD_EXISTS:
                    raise
            return thread

        async def begun() -> discord.PartialMessageable | None:
            message = await client.http.get_message(channel.id, message_id)
            return thread if message.get("thread") or message.get("flags", 0) & _HAS_THREAD else None

        return await insist(begin, self._answers.desk.clock.sleep, begun)

    async def _write(
        self, thread: discord.PartialMessageable, message: Message, page: int, *, nonce: str
    ) -> None:
        """Write one more page; Discord knows its key, so that a repetition shows nothing new."""
        view, _ = self._answers.builder(self._answers.desk.words).view(Shown(message, page=page, turns=False))

        async def send() -> None:
            await thread.send(view=view, allowed_mentions=NOBODY, nonce=nonce)

        await insist(send, self._answers.desk.clock.sleep)
