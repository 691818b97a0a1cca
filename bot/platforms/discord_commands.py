"""The catalogue as Discord declares it, and what Discord sends when somebody uses it. Pure: JSON in, JSON out.

Every command of the catalogue that stands alone is declared, each with its names and texts in all our languages.
Nothing is declared here that the catalogue does not have, save the message menu, which asks one of its commands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.commands import catalog
from bot.commands.catalog import Command, Parameter
from bot.commands.offers import OFFERED
from bot.knowledge.words import Words
from bot.message import discord_limits as limits

Json = dict[str, Any]

FIND_STATEMENTS = "Find statements"
"""The message menu's name in English, which is its name to us."""
CHANNEL_OPTION = "channel"
"""Of ``subscription …`` on Discord: another channel than the one where it is asked."""

_SUBCOMMAND, _STRING, _INTEGER, _CHANNEL, _ROLE = 1, 3, 4, 7, 8
_SLASH, _MESSAGE_MENU = 1, 3
_MANAGE_GUILD = 1 << 5
_GUILD_INSTALL, _USER_INSTALL = 0, 1
_IN_GUILD, _IN_DM, _IN_PRIVATE = 0, 1, 2
_CHANNELS_WE_POST_TO = [0, 5, 10, 11, 12, 15]
"""Text and announcement channels, and threads; forums, too, so that we can say what to do there."""
_LOCALES = {"uk": "uk"}
"""Discord's locale by language of ours, beside English."""
_MOST_NUMBER = 1_000_000
_MOST_COUNT = 20
_LONGEST_VALUE = 400
_FORM_INPUTS = limits.MODAL_INPUTS
_CHANGED_BY = {"subscription add": "subscription edit"}
"""What changes further that which a command has made."""
_FIT_A_LINE = 2
"""Commands of more parameters than this get a form where something is missing."""


def standing() -> tuple[Command, ...]:
    """The commands that are declared: all but those that go on from an answer."""
    return tuple(command for command in catalog.COMMANDS if not command.follows)


def declarations() -> list[Json]:
    """Return all application commands, as ``PUT /applications/{id}/commands`` takes them."""
    roots: dict[str, Json] = {}
    for command in standing():
        root, _, verb = command.name.partition(" ")
        if not verb:
            roots[root] = _root(command, root) | {"options": _options(command)}
            continue
        group = roots.setdefault(
            root, _root(command, root) | _described(f"discord.group.{root}") | {"options": []}
        )
        option = {"type": _SUBCOMMAND} | _named(verb, f"discord.name.{verb}") | _described(command.help_key)
        group["options"].append(option | {"options": _options(command)})
    menu = _named(FIND_STATEMENTS, "discord.menu.find_statements") | _everywhere()
    return [*roots.values(), menu | {"type": _MESSAGE_MENU}]


def fingerprint(declared: Iterable[Json]) -> str:
    """Return what changes when the declarations do."""
    return hashlib.blake2b(json.dumps(list(declared), sort_keys=True).encode(), digest_size=16).hexdigest()


def _root(command: Command, name: str) -> Json:
    declared = {"type": _SLASH} | _named(name, f"discord.name.{name}") | _described(command.help_key)
    if command.admin:
        return declared | {
            "default_member_permissions": _MANAGE_GUILD,
            "integration_types": [_GUILD_INSTALL],
            "contexts": [_IN_GUILD],
        }
    return declared | _everywhere()


def _everywhere() -> Json:
    return {
        "integration_types": [_GUILD_INSTALL, _USER_INSTALL],
        "contexts": [_IN_GUILD, _IN_DM, _IN_PRIVATE],
    }


def _named(name: str, key: str) -> Json:
    return {
        "name": name,
        "name_localizations": {locale: Words(language)(key) for language, locale in _LOCALES.items()},
    }


def _described(key: str) -> Json:
    return {
        "description": Words("en")(key),
        "description_localizations": {locale: Words(language)(key) for language, locale in _LOCALES.items()},
    }


def _options(command: Command) -> list[Json]:
    options = [_option(parameter, command) for parameter in command.parameters]
    if command.name.startswith("subscription "):
        channel = _named(CHANNEL_OPTION, "discord.name.channel") | _described("discord.option.channel")
        options.append({"type": _CHANNEL, "channel_types": _CHANNELS_WE_POST_TO} | channel)
    return options


def _option(parameter: Parameter, command: Command) -> Json:
    declared = _named(parameter.name, f"discord.name.{parameter.name}") | _described(parameter.help_key)
    required = {"required": parameter.required and not has_form(command)}
    if parameter.choices:
        choices = [{"name": choice, "value": choice} for choice in parameter.choices]
        return declared | required | {"type": _STRING, "choices": choices}
    if parameter.kind == "count":
        return declared | required | {"type": _INTEGER, "min_value": 1, "max_value": _MOST_COUNT}
    if parameter.kind == "role":
        return declared | required | {"type": _ROLE}
    if parameter.kind == "number":
        bounds = {"min_value": 1, "max_value": _MOST_NUMBER}
        return declared | required | {"type": _INTEGER, "autocomplete": True} | bounds
    typed = {"type": _STRING, "max_length": _LONGEST_VALUE}
    return declared | required | typed | ({"autocomplete": True} if parameter.kind in OFFERED else {})


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────────────────


def has_form(command: Command) -> bool:
    """Whether a form is shown where something needed is missing: for orders and topics, which need several values."""
    return (
        command.admin
        and command.name.split()[-1] in ("add", "edit", "create")
        and len(command.parameters) > _FIT_A_LINE
    )


def form_parameters(command: Command, page: int = 1) -> tuple[Parameter, ...]:
    """Return the parameters that a form asks for: as many as it has inputs, needed ones first; ``page`` from 1."""
    return command.parameters[(page - 1) * _FORM_INPUTS : page * _FORM_INPUTS]


def further_form(command: Command) -> Command | None:
    """Return the command whose second form asks for what this one's first has no room for; None without any."""
    if not form_parameters(command, 2):
        return None
    return catalog.find(_CHANGED_BY.get(command.name, command.name))


def lacks(command: Command, given: Mapping[str, str]) -> bool:
    """Whether a form should ask for what is missing."""
    return has_form(command) and any(one.required and not given.get(one.name) for one in command.parameters)


# ── What comes back ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Used:
    """A slash command as somebody used it."""

    command: str
    given: Mapping[str, str]
    channel_id: int | None = None
    """The channel chosen for it, where it is not the one where it was asked."""
    focused: str = ""
    """The option that is being typed, while it is."""


def used(data: Mapping[str, Any]) -> Used:
    """Read an interaction's command data; names that we do not know are kept for the error message."""
    name, options = str(data.get("name", "")), list(data.get("options", ()))
    if options and options[0].get("type") == _SUBCOMMAND:
        name = f"{name} {options[0].get('name', '')}"
        options = list(options[0].get("options", ()))
    values = {str(option.get("name")): option.get("value", "") for option in options}
    focused = next((str(option.get("name")) for option in options if option.get("focused")), "")
    channel = values.pop(CHANNEL_OPTION, None)
    return Used(
        name,
        {key: str(value) for key, value in values.items()},
        int(channel) if channel is not None and str(channel).isdecimal() else None,
        focused,
    )


def submitted(components: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Read a submitted form: each input's text, or the first chosen value, by the input's ``custom_id``."""
    found: dict[str, str] = {}
    for component in components:
        inner = component.get("component")
        nested = [*component.get("components", ()), *([inner] if inner else [])]
        found |= submitted(nested)
        custom_id = component.get("custom_id")
        if custom_id:
            values = component.get("values") or [component.get("value", "")]
            found[str(custom_id)] = str(values[0] or "") if values else ""
    return found
