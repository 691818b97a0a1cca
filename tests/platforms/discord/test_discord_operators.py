"""Feeds are everybody's: on Discord those change them who run the bot, wherever they ask, and nobody else."""

from dataclasses import replace
from types import SimpleNamespace

import discord
import pytest

from bot.commands import catalog
from bot.knowledge.words import Words
from bot.platforms.discord_place import owners_of
from bot.settings import SettingsError, load_settings
from tests.platforms.discord.conftest import FEED_URL, words_of

FEED = "1"
CHANGES = {
    "feeds add": {"url": FEED_URL},
    "feeds pause": {"feed": FEED},
    "feeds resume": {"feed": FEED},
    "feeds release": {"feed": FEED},
    "feeds remove": {"feed": FEED},
}
OPEN = {"feeds list": {}, "feeds status": {}, "feeds test": {"feed": FEED_URL}}
REFUSED = "only whoever runs this bot may use it"


def test_every_command_about_feeds_is_either_the_operators_or_open_to_admins():
    of_feeds = {one.name: one.operator for one in catalog.COMMANDS if one.name.startswith("feeds ")}
    assert of_feeds == dict.fromkeys(CHANGES, True) | dict.fromkeys(OPEN, False)


@pytest.mark.parametrize("name", CHANGES)
async def test_a_servers_admin_may_not_change_the_feeds_of_all_servers(scene, name):
    before = await scene.desk.store.feeds()
    result = await scene.admin.slash(scene.channel, name, **CHANGES[name])
    assert result.ephemeral
    assert REFUSED in words_of(result.response)
    assert await scene.desk.store.feeds() == before


async def test_a_bot_that_speaks_ukrainian_refuses_in_ukrainian(scene):
    scene.desk = replace(scene.desk, words=Words("uk"))
    await scene.restart()
    await scene.admin.send(scene.channel, f"<@{scene.bot.user.id}> feeds remove {FEED}")
    assert "лише той, хто тримає цього бота" in words_of(scene.channel.last_message)


@pytest.mark.parametrize("name", OPEN)
async def test_an_admin_may_look_at_the_feeds(scene, name):
    result = await scene.admin.slash(scene.channel, name, **OPEN[name])
    assert "⚠️" not in words_of(result.response)


@pytest.mark.parametrize("name", CHANGES)
async def test_whom_the_settings_name_may_change_the_feeds(scene, name):
    await scene.set_up(operators=(scene.admin.id,))
    result = await scene.admin.slash(scene.channel, name, **CHANGES[name])
    assert "⚠️" not in words_of(result.response)


async def test_whom_the_settings_do_not_name_may_not_beside_those_they_do(scene):
    await scene.set_up(operators=(scene.reader.id,))
    result = await scene.admin.slash(scene.channel, "feeds remove", feed=FEED)
    assert REFUSED in words_of(result.response)


async def test_the_applications_owner_changes_feeds_in_a_direct_message(scene):
    await scene.owner.send_dm(f"feeds add {FEED_URL}")
    assert "Sample Post" in words_of(scene.owner.dm_channel.last_message)
    assert FEED_URL in [feed.url for feed in await scene.desk.store.feeds()]


async def test_an_operator_is_no_admin_of_a_server_that_is_not_theirs(scene):
    await scene.set_up(operators=(scene.reader.id,))
    me = f"<@{scene.bot.user.id}>"
    await scene.reader.send(scene.channel, f"{me} subscription add talks daily 08:00")
    assert await scene.desk.store.subscriptions() == []
    await scene.reader.send(scene.channel, f"{me} feeds remove {FEED}")
    assert "is read no more" in words_of(scene.channel.last_message)


async def test_a_stranger_may_not_change_feeds_in_a_direct_message(scene):
    await scene.reader.user.send_dm(f"feeds add {FEED_URL}")
    assert REFUSED in words_of(scene.reader.user.dm_channel.last_message)


async def test_a_newsrooms_bot_lets_its_admins_change_feeds_and_no_others(scene):
    await scene.set_up(feeds_by_admins=True)
    await scene.reader.send(scene.channel, f"<@{scene.bot.user.id}> feeds remove {FEED}")
    assert REFUSED in words_of(scene.channel.last_message)
    result = await scene.admin.slash(scene.channel, "feeds remove", feed=FEED)
    assert "is read no more" in words_of(result.response)


async def test_help_shows_an_operator_what_operators_do(scene):
    admin = words_of((await scene.admin.slash(scene.channel, "help")).response)
    assert "feeds list" in admin
    assert "feeds remove" not in admin
    await scene.set_up(operators=(scene.admin.id,))
    told = words_of((await scene.admin.slash(scene.channel, "help")).response)
    assert "For the operator" in told
    assert "feeds remove" in told


# ── Who is named ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("given", ["123456789012345678", '"123456789012345678"'])
def test_the_settings_take_an_id_as_a_number_or_as_it_is_copied(tmp_path, given):
    file = tmp_path / "onrecord.toml"
    file.write_text(f"[discord]\noperators = [{given}]\n")
    assert load_settings(file).discord.operators == (123456789012345678,)


@pytest.mark.parametrize("given", ['"@olena"', "7", "true", "1e30"])
def test_what_is_no_user_id_is_refused_by_its_place(tmp_path, given):
    file = tmp_path / "onrecord.toml"
    file.write_text(f"[discord]\noperators = [{given}]\n")
    with pytest.raises(SettingsError, match=r"discord\.operators\.0"):
        load_settings(file)


# ── Whose application it is ──────────────────────────────────────────────────────────────────────────────────


def member(user_id, role, state=2):
    return {
        "user": {"id": str(user_id), "username": f"invented{user_id}", "discriminator": "0", "avatar": None},
        "role": role,
        "membership_state": state,
    }


def application(team=None):
    """An application as Discord names it at login; a team has an account of its own as its owner."""
    whole = {
        "id": "1",
        "name": "OnRecord",
        "icon": None,
        "description": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "",
        "owner": {"id": "10", "username": "invented", "discriminator": "0", "avatar": None},
        "team": team,
    }
    state = SimpleNamespace(create_user=lambda data: discord.User(state=state, data=data))
    return discord.AppInfo(state, whole)


def test_the_owner_of_an_application_owns_it_alone():
    assert owners_of(application()) == {10}


def test_a_teams_owner_admins_and_developers_own_its_application():
    members = [
        member(20, "admin"),
        member(21, "admin"),
        member(22, "developer"),
        member(23, "read_only"),
        member(24, "admin", state=1),
    ]
    team = {"id": "10", "name": "A newsroom", "icon": None, "owner_user_id": "20", "members": members}
    assert owners_of(application(team)) == {20, 21, 22}


def test_an_application_not_known_yet_has_no_owners():
    assert owners_of(None) == frozenset()
