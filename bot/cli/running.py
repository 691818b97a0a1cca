"""``onrecord run``: the bot itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from bot.app import App, until_told_to_stop
from bot.cli import keeping, logs
from bot.knowledge.words import Words
from bot.platforms import terminal
from bot.ports import Platform
from bot.runtime.clock import SystemClock
from bot.settings import Secrets, Settings
from bot.store import lock

_RUNS_ALREADY = "Stop it, or start this one with --stand-by: it takes over when that one ends."


async def run(settings: Settings, *, stand_by: bool) -> int:
    """Run until told to stop, as the only instance on its database; ``stand_by`` waits for another one to end."""
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    logs.configure(settings, quiet=interactive)
    path, clock = settings.database.path, SystemClock()
    if stand_by:
        async with lock.stood_by(path, clock, on_wait=_say_that_it_waits):
            return await _run(settings, interactive=interactive)
    with lock.held(path, clock.now(), next_step=_RUNS_ALREADY):
        return await _run(settings, interactive=interactive)


def _say_that_it_waits(holder: lock.Holder | None) -> None:
    click.echo(f"Standing by: another OnRecord runs on this database ({holder}).", err=True)


async def _run(settings: Settings, *, interactive: bool) -> int:
    """Do the work: with the chat in the terminal when there is one."""
    secrets = Secrets()
    _say_what_is_not_connected(secrets)
    if words := keeping.little_space(settings.database.path):
        click.echo(f"Little space: {words}. What cannot be saved is tried again.", err=True)
    platform = terminal.TerminalPlatform(Words(settings.language))
    async with App.build(settings, platforms=[platform, *_chats(settings, secrets)]) as app:
        await app.tools.store.save_channel(terminal.channel(settings.timezone))
        if not await app.tools.store.feeds():
            click.echo(
                "No feeds yet. Next step: onrecord feeds add URL, or onrecord feeds import FILE.opml",
                err=True,
            )
        async with app.running():
            if interactive:
                await terminal.chat(app.desk(), platform)
            else:
                await until_told_to_stop()
    return 0


def _chats(settings: Settings, secrets: Secrets) -> Iterator[Platform]:
    """The chats whose tokens are set; their libraries are loaded for those alone."""
    if secrets.discord_token is not None:
        from bot.platforms.discord_chat import DiscordChat  # noqa: PLC0415

        yield DiscordChat(secrets, settings.discord, Words(settings.language), SystemClock())


def _say_what_is_not_connected(secrets: Secrets) -> None:
    """A token that is set but of no use yet is named, so that nobody waits for a bot that will not come."""
    if secrets.slack_bot_token or secrets.slack_app_token:
        click.echo("A Slack token is set, but this version does not talk on Slack.", err=True)
