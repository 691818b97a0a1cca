"""Forms: five inputs at most, so that a command of more values has a second one, opened by a button of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from bot.commands import catalog
from bot.model import Subscription
from bot.platforms import discord_place as place
from bot.platforms.discord_answers import Answers
from bot.platforms.discord_commands import Used, form_parameters, further_form, submitted
from bot.platforms.discord_ids import Press, asked_in, form_press
from bot.platforms.discord_views import Shown

_SECOND = 2
_NOBODY = "off"
"""What a role that was chosen no longer stands for in a form that showed it."""


class Forms:
    """Opens forms and reads them."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def open(self, interaction: discord.Interaction, asked: Used, page: int = 1) -> None:
        """Show a form with what was given; say so when there is none any more."""
        words = self._answers.words(interaction)
        modal = self._answers.builder(words).form(asked, page)
        if modal is None:
            await self._answers.say(interaction, words("discord.form_gone"))
            return
        await interaction.response.send_modal(modal)

    async def reopen(self, interaction: discord.Interaction, press: Press) -> None:
        """Show the form that a button stands for: once more with what was given, or the second one."""
        asked, page = asked_in(press), press.number or 1
        if page == _SECOND:
            asked = await self._as_it_is(interaction, asked)
        await self.open(interaction, asked, page)

    @staticmethod
    def filled(interaction: discord.Interaction, press: Press) -> tuple[Used, int]:
        """Read a form that was sent in: what was asked with it, and which page it was."""
        data: Mapping[str, Any] = interaction.data or {}
        before, page = asked_in(press), press.number or 1
        given = {**before.given, **submitted(data.get("components", ()))}
        command = catalog.find(before.command)
        for parameter in form_parameters(command, _SECOND) if command and page == _SECOND else ():
            if parameter.kind == "role" and not given.get(parameter.name):
                given[parameter.name] = _NOBODY
        return Used(before.command, given, before.channel_id), page

    async def offered(self, interaction: discord.Interaction, asked: Used, page: int, shown: Shown) -> Shown:
        """Return an answer with the button that opens the form for what the first one had no inputs for."""
        command = catalog.find(asked.command)
        further = further_form(command) if command is not None and page == 1 else None
        if further is None:
            return shown
        number = asked.given.get("number") or await self._newest(interaction, asked)
        press = form_press(Used(further.name, {"number": number}, asked.channel_id), _SECOND)
        return Shown(
            shown.message,
            asked=shown.asked,
            may_post=shown.may_post,
            form=press,
            form_label="discord.button.further",
        )

    async def _newest(self, interaction: discord.Interaction, asked: Used) -> str:
        """The number of the subscription that was just saved."""
        orders = await self._orders(interaction, asked)
        return str(max((order.id for order in orders), default=""))

    async def _as_it_is(self, interaction: discord.Interaction, asked: Used) -> Used:
        """Fill in what a subscription says at present, but for a role that is gone."""
        orders = await self._orders(interaction, asked)
        order = next((one for one in orders if str(one.id) == asked.given.get("number")), None)
        if order is None or interaction.guild is None:
            return asked
        role = interaction.guild.get_role(int(order.mention)) if order.mention.isdecimal() else None
        present = {
            "style": order.style,
            "origins": str(order.min_origins),
            "mention": str(role.id) if role else "",
        }
        return Used(asked.command, {**present, **asked.given}, asked.channel_id)

    async def _orders(self, interaction: discord.Interaction, asked: Used) -> list[Subscription]:
        desk = self._answers.desk
        other = place.chosen(interaction, asked.channel_id)
        channel = await place.channel_of(interaction, desk.store, desk.zone.key, other)
        return await desk.store.subscriptions(channel.id)
