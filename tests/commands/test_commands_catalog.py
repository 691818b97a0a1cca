"""The catalogue is fit for every chat: names, texts and choices within what Discord and Slack take."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from bot.commands import catalog
from bot.commands.catalog import COMMANDS, Command
from bot.commands.requests import Request
from bot.knowledge.words import LOCALES, Words, table

NAME = re.compile(r"[-_a-z0-9]{1,32}")
"""Discord's names of commands, subcommands and options; Slack's sub-words are freer."""
MOST = 25
LONGEST_TEXT = 100

ALL = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


@ALL
def test_names_are_what_chats_take(command: Command) -> None:
    for name in (*command.name.split(), *command.aliases, *(one.name for one in command.parameters)):
        assert NAME.fullmatch(name), name
    assert len(command.name.split()) <= 2


@ALL
@pytest.mark.parametrize("language", LOCALES)
def test_texts_are_there_in_each_language_and_short_enough(command: Command, language: str) -> None:
    words = Words(language)
    for text in (words(command.help_key), *(words(one.help_key) for one in command.parameters)):
        assert 0 < len(text) <= LONGEST_TEXT, text


@ALL
def test_parameters_and_choices_fit_a_chats_form(command: Command) -> None:
    assert len(command.parameters) <= MOST
    assert all(len(one.choices) <= MOST for one in command.parameters)
    assert all(len(choice) <= LONGEST_TEXT for one in command.parameters for choice in one.choices)


@ALL
def test_every_parameter_fills_a_field_of_the_request(command: Command) -> None:
    known = {field.name for field in fields(Request)}
    named = {one.name for one in command.parameters} - {"period"}
    assert named <= known
    assert len(named) == len({one.name for one in command.parameters} - {"period"})


@ALL
def test_required_parameters_come_first_in_the_usage(command: Command) -> None:
    required = [one.required for one in command.parameters]
    assert required == sorted(required, reverse=True)


def test_groups_fit_a_chat_and_share_one_permission() -> None:
    assert len({command.name.split()[0] for command in COMMANDS}) <= 100
    for group, verbs in catalog.groups().items():
        assert len(verbs) <= MOST
        assert catalog.find(group) is None
        assert len({one.admin for one in COMMANDS if one.name.startswith(f"{group} ")}) == 1


def test_no_two_commands_share_a_name() -> None:
    names = list(catalog.names())
    assert len(names) == len(set(names))


def test_every_word_that_commands_and_the_terminal_use_is_in_the_table() -> None:
    root = Path(catalog.__file__).parents[1]
    used = {
        key
        for folder in ("commands", "platforms")
        for file in (root / folder).glob("*.py")
        for key in re.findall(
            r'"((?:command|error|help|subscriptions|terminal)\.[a-z_.]+[a-z])"', file.read_text("utf-8")
        )
    }
    assert len(used) > 50
    assert used - {key for key in table() if not key.startswith("count.")} == set()
