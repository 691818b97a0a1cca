"""What the bot declares and shows, against Discord's own description and the limits it leaves out."""

import re

import pytest

from bot.knowledge.words import Words
from bot.message import digest
from bot.platforms.discord_commands import (
    declarations,
    form_parameters,
    further_form,
    has_form,
    standing,
)
from bot.platforms.discord_ids import Seals
from bot.platforms.discord_views import NOBODY, Builder, Shown
from tests.message.invented import load
from tests.message.test_message_discord_laws import Inventor
from tests.platforms.discord.payloads import check, check_limits, needs_description
from tests.store.invented import NOW

NAME = re.compile(r"^[-_'\w]{1,32}$")
"""Discord's rule for names, as far as our letters go: lower case where a script has it."""


def body_of(message, **shown):
    view, _ = Builder(Seals("token"), Words("en"), NOW).view(Shown(message, **shown))
    return {
        "components": view.to_components(),
        "flags": 1 << 15,
        "allowed_mentions": NOBODY.to_dict(),
        "nonce": "a" * 25,
        "enforce_nonce": True,
    }


def test_the_declared_commands_are_what_discord_takes():
    needs_description()
    check("commands", declarations())


@pytest.mark.parametrize("style", ["who-said-what", "brief"])
@pytest.mark.parametrize("language", ["en", "uk"])
def test_a_digest_is_what_discord_takes(style, language):
    needs_description()
    body = body_of(digest.compose(load("talks"), style=style, words=Words(language)))
    check("messages", body)
    check_limits(body)


def test_hostile_messages_are_what_discord_takes():
    needs_description()
    for seed in range(50):
        body = body_of(Inventor(seed).message(), note="-# a note", asked="digest", may_post=True)
        if body["components"]:
            check("messages", body)
        check_limits(body)


def test_every_name_is_one_discord_takes_in_every_language():
    def names(one):
        yield one["name"]
        yield from one["name_localizations"].values()
        for option in one.get("options", ()):
            yield from names(option)

    for declared in declarations():
        if declared["type"] == 1:
            for name in names(declared):
                assert NAME.fullmatch(name), name
                assert name == name.lower()


def test_options_of_one_command_have_different_names_in_every_language():
    def check_options(one):
        options = one.get("options", ())
        for translate in (lambda option: option["name"], lambda option: option["name_localizations"]["uk"]):
            assert len({translate(option) for option in options}) == len(options), one["name"]
        for option in options:
            check_options(option)

    for declared in declarations():
        check_options(declared)


def test_what_stands_alone_is_declared_and_what_goes_on_from_an_answer_is_not():
    declared = {one["name"] for one in declarations()}
    assert {command.name.split()[0] for command in standing()} | {"Find statements"} == declared
    assert "more" not in declared
    assert "links" not in declared


def test_admin_commands_have_a_default_permission_and_are_for_servers_alone():
    admin = {command.name.split()[0] for command in standing() if command.admin}
    for one in declarations():
        if one["name"] in admin:
            assert one["default_member_permissions"] == 1 << 5
            assert one["contexts"] == [0]
            assert one["integration_types"] == [0]
        else:
            assert one["integration_types"] == [0, 1]


def test_what_a_form_has_no_room_for_is_asked_by_the_second_one():
    with_forms = [command for command in standing() if has_form(command)]
    assert with_forms
    for command in with_forms:
        first = {one.name for one in form_parameters(command)}
        rest = {one.name for one in command.parameters} - first
        further = further_form(command)
        second = {one.name for one in form_parameters(further, 2)} if further else set()
        assert rest <= second, command.name
        assert not any(one.required for one in command.parameters if one.name in rest)
        assert not (further and form_parameters(further, 3)), "and no third one is needed"
