"""``onrecord forget``: everything kept about a server or a person is named, and removed once the operator is sure."""

from __future__ import annotations

import re
import sys

import click

from bot.cli import fail, logs
from bot.kept import KeptAbout, KeptInSpace
from bot.settings import Settings
from bot.store import lock
from bot.store.sql_store import SqlStore

_HOW = (
    "Servers and people are written as discord:NUMBER (Discord, Settings, Advanced, Developer Mode; then Copy Server "
    "ID or Copy User ID in their menus); the terminal is: terminal, and who sits at it: terminal:operator"
)
_ID = re.compile(r"[a-z]+(:\S{1,100})?")
_SNOWFLAKE = re.compile(r"\d{1,20}")
_DISCORD = "discord:"
_DIRECT = ":@"


async def forget(name: str, *, yes: bool, settings: Settings) -> int:
    """Say what is kept under this name, ask, and remove it; also while the bot runs.

    ``name``: a space's or a person's id; one that is both is forgotten as both. ``yes``: they are sure. Nothing kept
    is no failure, so that a script may ask twice.
    """
    logs.configure(settings, quiet=True)
    path = settings.database.path
    actor = understood(name)
    if not path.exists():
        raise fail(
            f"{path} does not exist: nothing was looked up. Next step: name the settings with --config FILE"
        )
    async with SqlStore.open(path) as store:
        space_id = "" if actor != name else name
        channel = await store.channel(name)
        if space_id and channel is not None and channel.space_id != name:
            raise fail(
                f"{name} is a channel ({channel.name}), and what is kept goes by whole servers. "
                f"Next step: onrecord forget {channel.space_id}, or subscription remove in that channel"
            )
        space = await store.kept_in_space(space_id) if space_id else None
        person = await store.kept_about(actor)
        direct = await store.kept_in_space(actor.replace(":", _DIRECT, 1)) if ":" in actor else None
        known = person != KeptAbout() or direct is not None
        if space is None and not known:
            click.echo(f"Nothing is kept about {name}.")
            return 0
        if space is not None:
            _say(f"Kept about {name} with all its channels:", _of_space(space))
        if known:
            _say(f"Kept about the person {actor}:", _of_person(person, direct))
        if not _sure(name, yes=yes):
            click.echo("Nothing was removed.")
            return 1
        if space is not None:
            _say(f"Removed of {name} with all its channels:", _of_space(await store.forget_space(space_id)))
        if known:
            _say(f"Removed of the person {actor}:", _of_person(await store.forget_person(actor), direct))
    click.echo("Backups and logs are left as they are.")
    if lock.holder(path) is not None:
        click.echo("The running bot sends nothing more there, except a message that it was just sending.")
    return 0


def understood(name: str) -> str:
    """Return the person that a name stands for if it stands for one; fail where it can be nobody's and no server's.

    ``discord:@1``, the person's direct messages, stands for the person.
    """
    if _SNOWFLAKE.fullmatch(name):
        raise fail(f"{name!r} does not say of which chat. Next step: onrecord forget {_DISCORD}{name}")
    number = name.removeprefix(_DISCORD).removeprefix("@")
    if not _ID.fullmatch(name) or (name.startswith(_DISCORD) and not _SNOWFLAKE.fullmatch(number)):
        raise fail(f"{name!r} is no server's and no person's id. {_HOW}")
    return name.replace(_DIRECT, ":", 1)


def _sure(name: str, *, yes: bool) -> bool:
    """Ask whoever sits there; fail where nobody does."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise fail(
            "nobody can be asked here, so nothing was removed. "
            f"Next step, if you are sure: onrecord forget {name} --yes"
        )
    return click.confirm("Remove all of it? This cannot be undone.")


def _of_space(kept: KeptInSpace) -> list[tuple[str, int]]:
    return [
        ("channels", kept.channels),
        ("subscriptions", kept.subscriptions),
        ("answers to go on from, each with its question", kept.answers),
        ("messages sent or still owed", kept.messages),
        ("notices about it, or that went there", kept.notices),
    ]


def _of_person(kept: KeptAbout, direct: KeptInSpace | None) -> list[tuple[str, int]]:
    return [
        ("channels of direct messages", direct.channels if direct else 0),
        ("subscriptions of these", kept.own_orders),
        ("subscriptions of other channels made by them (these stay, without the name)", kept.orders),
        ("answers to go on from, each with its question", kept.answers),
        ("messages to them, sent or still owed", kept.messages),
        ("notices that went to them, may still, or name them", kept.notices),
    ]


def _say(title: str, counted: list[tuple[str, int]]) -> None:
    click.echo(title)
    for what, number in counted:
        click.echo(f"  {number:>7,}  {what}")
