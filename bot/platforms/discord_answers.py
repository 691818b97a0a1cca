"""How an interaction is answered: at once or after a pause, whole or by pages, and never with a traceback.

Discord waits three seconds for a first answer and fifteen minutes for the rest. What takes over a second is announced
("thinking…") and filled in when it is there.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

import aiohttp
import discord
import structlog

from bot.commands.handlers import Desk
from bot.knowledge.words import LOCALES, Words
from bot.message.answers import problem
from bot.message.blocks import Message, Text
from bot.platforms.discord_ids import Seals
from bot.platforms.discord_views import NOBODY, Builder, Shown

_log = structlog.get_logger(__name__)

AT_ONCE_S = 0.2
"""What takes longer is announced first."""
GONE = (10_062, 10_015, 50_027, 10_008)
"""Discord's codes for an interaction, its webhook, its token or its message that is no longer there."""
ANSWERED = 40_060
_SERVER_ERROR = 500
CUT = (aiohttp.ClientError, OSError, TimeoutError)
"""How a connection breaks; what these errors say may hold an address with an interaction's token in it."""


class Answers:
    """Answers interactions, in the language of whoever asks where that is one of ours."""

    def __init__(self, desk: Desk, seals: Seals) -> None:
        self.desk = desk
        self.seals = seals

    def words(self, interaction: discord.Interaction) -> Words:
        """The words for somebody's own eyes: their client's language, else the operator's."""
        language = interaction.locale.value.partition("-")[0]
        return Words(language) if language in LOCALES else self.desk.words

    def desk_for(self, interaction: discord.Interaction) -> Desk:
        """The desk that speaks their language."""
        return replace(self.desk, words=self.words(interaction))

    def builder(self, words: Words) -> Builder:
        """What builds views now."""
        return Builder(self.seals, words, self.desk.clock.now())

    async def show(
        self,
        interaction: discord.Interaction,
        work: Coroutine[Any, Any, Shown],
        *,
        in_place: bool = False,
        ephemeral: bool = True,
    ) -> None:
        """Answer with what ``work`` makes, for the asker alone unless told otherwise; ``in_place``: turn a page."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=AT_ONCE_S)
            if not done:
                await interaction.response.defer(ephemeral=ephemeral, thinking=not in_place)
            shown = await task
        finally:
            task.cancel()
        view, files = self.builder(self.words(interaction)).view(shown)
        if not done:
            await interaction.edit_original_response(view=view, attachments=files, allowed_mentions=NOBODY)
        elif in_place:
            await interaction.response.edit_message(view=view, attachments=files, allowed_mentions=NOBODY)
        else:
            await interaction.response.send_message(
                view=view, files=files, ephemeral=ephemeral, allowed_mentions=NOBODY
            )

    async def say(self, interaction: discord.Interaction, text: str) -> None:
        """Tell one line to the asker alone."""

        async def line() -> Shown:
            return Shown(Message((Text(text, tone="warning"),)))

        await self.show(interaction, line())

    async def guarded(
        self, interaction: discord.Interaction, doing: str, work: Callable[[], Awaitable[None]]
    ) -> None:
        """Do it; whatever goes wrong is logged under an id, and the asker is told the id where that still works."""
        try:
            await work()
        except discord.HTTPException as error:
            if error.code in GONE or error.code == ANSWERED:
                _log.info("an answer came too late", doing=doing, code=error.code)
                return
            theirs = error.status >= _SERVER_ERROR
            await self._failed(interaction, doing, lost=f"Discord answered {error.status}" if theirs else "")
        except CUT as error:
            await self._failed(interaction, doing, lost=type(error).__name__)
        except Exception:  # noqa: BLE001 - the person gets an error id, the log the traceback
            await self._failed(interaction, doing)

    async def _failed(self, interaction: discord.Interaction, doing: str, lost: str = "") -> None:
        """Log what failed under an id and tell the asker the id.

        ``lost``: how the connection to Discord broke; then there is nothing to find in a traceback of ours.
        """
        error_id = secrets.token_hex(4)
        if lost:
            _log.warning("an answer was lost on its way to Discord", doing=doing, error_id=error_id, why=lost)
        else:
            _log.exception("interaction failed", doing=doing, error_id=error_id)
        words = self.words(interaction)
        told = problem(
            words("command.error.unexpected", id=error_id),
            [words("command.error.unexpected_next", id=error_id)],
            words=words,
        )
        view, _ = self.builder(words).view(Shown(told))
        try:
            if interaction.response.is_done():
                await interaction.followup.send(view=view, ephemeral=True, allowed_mentions=NOBODY)
            elif interaction.type is discord.InteractionType.autocomplete:
                await interaction.response.autocomplete([])
            else:
                await interaction.response.send_message(view=view, ephemeral=True, allowed_mentions=NOBODY)
        except discord.HTTPException as error:
            _log.info("nobody could be told", error_id=error_id, why=str(error))
        except CUT as error:
            _log.info("nobody could be told", error_id=error_id, why=type(error).__name__)
