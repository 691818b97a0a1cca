"""``onrecord run``: the bot itself."""

from __future__ import annotations

import sys

import click

from bot.app import App, until_told_to_stop
from bot.cli import logs
from bot.knowledge.words import Words
from bot.platforms import terminal
from bot.settings import Secrets, Settings


async def run(settings: Settings) -> int:
    """Run until told to stop: the chat in the terminal when there is one, else only the work."""
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    logs.configure(settings, quiet=interactive)
    _say_what_is_not_connected(Secrets())
    platform = terminal.TerminalPlatform(Words(settings.language))
    async with App.build(settings, platforms=[platform]) as app:
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


def _say_what_is_not_connected(secrets: Secrets) -> None:
    """A token that is set but of no use yet is named, so that nobody waits for a bot that will not come."""
    chats = {"Discord": secrets.discord_token, "Slack": secrets.slack_bot_token or secrets.slack_app_token}
    for chat, token in chats.items():
        if token is not None:
            click.echo(f"A {chat} token is set, but this version talks in the terminal only.", err=True)
