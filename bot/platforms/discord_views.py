"""Pages and forms → what discord.py sends: components v2 with sealed buttons, modals, files.

Views are stopped before they are sent: discord.py then keeps none of them in memory, and every press comes to us as
an interaction, the same before and after a restart.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import discord
from discord import ui

from bot.commands import catalog
from bot.commands.catalog import Parameter
from bot.knowledge.words import Words
from bot.message import discord_limits as limits
from bot.message.blocks import Action, Message, Text
from bot.message.discord_pages import Page, Row, Rule, pages, titled
from bot.message.discord_pages import Words as Display
from bot.message.discord_text import clipped
from bot.message.plain_text import render
from bot.platforms.discord_commands import Used, form_parameters, has_form
from bot.platforms.discord_ids import Press, Seals, form_press

NOBODY = discord.AllowedMentions.none()
"""Whatever a text holds, nobody is pinged."""
MOST_PAGES = 2
"""An answer of more pages comes with a file of the whole."""
_FILE_WIDTH = 90
_FILE_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST_FILE_NAME = 40


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer as it is shown to somebody: which page, and how its pages are turned."""

    message: Message
    page: int = 1
    asked: str = ""
    """The line that shows it again; empty where its follow-up does."""
    followup: str = ""
    """The answer that ``asked`` goes on from."""
    may_post: bool = False
    """Offer to post it to the channel."""
    note: str = ""
    """Our own line above it, as markdown."""
    turns: bool = True
    """Offer to turn pages."""
    form: Press | None = None
    """Opens the form again that this answer found a mistake in, or the one that follows."""
    form_label: str = "discord.button.form"
    mark: int | None = None
    """An id for its first component, by which a delivery is found again."""


class Builder:
    """Builds views with sealed buttons, in one language."""

    def __init__(self, seals: Seals, words: Words, now: datetime) -> None:
        self._seals = seals
        self._words = words
        self._now = now

    def view(self, shown: Shown) -> tuple[ui.LayoutView, list[discord.File]]:
        """Return one page of an answer and the files that go with it."""
        every = pages(shown.message)
        number = min(max(shown.page, 1), len(every))
        view = ui.LayoutView(timeout=None)
        mark = shown.mark
        if shown.note:
            view.add_item(ui.TextDisplay(shown.note, id=mark))
            mark = None
        for item in self._items(every[number - 1], shown.message, mark):
            view.add_item(item)
        files = [whole_as_file(shown.message)] if len(every) > MOST_PAGES and number == 1 else []
        for file in files:
            view.add_item(ui.File(f"attachment://{file.filename}"))
        last = self._last_row(shown, number, len(every))
        row = view.children[-1] if view.children else None
        if isinstance(row, ui.ActionRow) and len(row.children) + len(last) <= limits.ROW_BUTTONS:
            # One row of buttons below an answer, not two.
            for button in last:
                row.add_item(button)
        elif last:
            view.add_item(ui.ActionRow(*last))
        view.stop()
        return view, files

    def _items(self, page: Page, message: Message, mark: int | None) -> list[ui.Item[ui.LayoutView]]:
        items: list[ui.Item[ui.LayoutView]] = []
        for place, part in enumerate(page.parts):
            match part:
                case Display(text=text):
                    items.append(ui.TextDisplay(text, id=mark))
                    mark = None
                case Rule():
                    items.append(ui.Separator())
                case Row(actions=actions):
                    buttons = self._buttons(actions, message, place)
                    if buttons:
                        items.append(ui.ActionRow(*buttons))
        return items

    def _buttons(
        self, actions: Sequence[Action], message: Message, place: int
    ) -> list[ui.Button[ui.LayoutView]]:
        """Buttons for actions; what does not fit a ``custom_id`` stands in the text alone."""
        found = []
        for index, action in enumerate(actions):
            press = Press(
                "line",
                action.command,
                followup=message.followup,
                anew=message.anew,
                number=place * limits.ROW_BUTTONS + index,
            )
            found.append(self._button(action.label, press))
        return [button for button in found if button is not None]

    def _button(
        self, label: str, press: Press, style: discord.ButtonStyle = discord.ButtonStyle.secondary
    ) -> ui.Button[ui.LayoutView] | None:
        custom_id = self._seals.seal(press, self._now)
        if custom_id is None:
            return None
        return ui.Button(style=style, label=clipped(label, limits.BUTTON_LABEL) or "…", custom_id=custom_id)

    def _last_row(self, shown: Shown, number: int, total: int) -> list[ui.Button[ui.LayoutView]]:
        """Turning pages, and posting: the row that ends an answer."""
        message = shown.message
        turn = Press("page", shown.asked, followup=shown.followup or message.followup, anew=message.anew)
        row: list[ui.Button[ui.LayoutView] | None] = []
        if shown.turns and total > 1 and (turn.line or turn.followup):
            row += [
                self._button("◀", replace(turn, number=number - 1)) if number > 1 else None,
                self._button("▶", replace(turn, number=number + 1)) if number < total else None,
            ]
            for button in filter(None, row):
                button.label = f"{button.label} {number}/{total}" if button.label == "▶" else button.label
        if shown.may_post and message.followup:
            post = Press("post", followup=message.followup, anew=message.anew)
            row.append(self._button(self._words("discord.button.post"), post, discord.ButtonStyle.primary))
        if shown.form is not None:
            row.append(self._button(self._words(shown.form_label), shown.form, discord.ButtonStyle.primary))
        return [button for button in row if button is not None]

    def form(self, asked: Used, page: int = 1) -> ui.Modal | None:
        """Return a form of a command, filled with what was given; None for a command or a page without one.

        What was given and has no input on this page goes with the form and comes back with it.
        """
        command = catalog.find(asked.command)
        inputs = form_parameters(command, page) if command is not None and has_form(command) else ()
        if command is None or not inputs:
            return None
        names = {one.name for one in inputs}
        custom_id = self._seals.seal(form_press(asked, page, without=names), self._now)
        assert custom_id is not None, "a command's name and a channel fit"
        title = clipped(self._words(command.help_key), limits.MODAL_TITLE)
        modal = ui.Modal(title=title, custom_id=custom_id)
        for parameter in inputs:
            modal.add_item(
                ui.Label(
                    text=clipped(self._words(f"discord.name.{parameter.name}"), limits.INPUT_LABEL),
                    description=clipped(self._words(parameter.help_key), limits.INPUT_DESCRIPTION),
                    component=_input(parameter, asked.given.get(parameter.name, "")),
                )
            )
        modal.stop()
        return modal


def _input(parameter: Parameter, value: str) -> ui.Item[ui.Modal]:
    """The input of one parameter: a choice where there is one to make, else a line."""
    if parameter.choices:
        options = [
            discord.SelectOption(label=choice, value=choice, default=choice == value)
            for choice in parameter.choices[: limits.CHOICES]
        ]
        return ui.Select(custom_id=parameter.name, options=options, required=parameter.required, min_values=0)
    if parameter.kind == "role":
        chosen = (
            [discord.SelectDefaultValue.from_role(discord.Object(int(value)))] if value.isdecimal() else []
        )
        return ui.RoleSelect(
            custom_id=parameter.name, default_values=chosen, required=parameter.required, min_values=0
        )
    return ui.TextInput(
        custom_id=parameter.name,
        required=parameter.required,
        default=value[: limits.FORM_VALUE] or None,
        max_length=limits.FORM_VALUE,
    )


def is_problem(message: Message) -> bool:
    """Whether a message says that something could not be done."""
    first = message.blocks[0] if message.blocks else None
    return isinstance(first, Text) and first.tone == "warning"


def whole_as_file(message: Message) -> discord.File:
    """Return the whole answer as a text file: what many pages hold is better searched in one."""
    text = render(message, width=_FILE_WIDTH, colour=False)
    name = _FILE_NAME.sub("-", titled(message).casefold()).strip("-")[:_LONGEST_FILE_NAME].strip("-")
    return discord.File(io.BytesIO(text.encode()), filename=f"{name or 'onrecord'}.txt")
