"""The reading commands as verbs: the same catalogue as in the chat, asked once on the stored data."""

from __future__ import annotations

import sys

import click

from bot.app import App
from bot.cli import fail, logs
from bot.commands.handlers import answer_line
from bot.message import blocks
from bot.platforms import terminal
from bot.settings import Settings

_NEEDS_DATA = ("digest", "said", "story", "search")


async def ask(words: list[str], *, as_json: bool, settings: Settings) -> int:
    """Answer one command line and print it: for a person, or as the message's JSON."""
    logs.configure(settings, quiet=True)
    if words[0] in _NEEDS_DATA and not settings.database.path.exists():
        raise fail(
            f"{settings.database.path} does not exist yet: nothing has been polled. Next step: onrecord run"
        )
    line = " ".join(words[:1] + [_quoted(word) for word in words[1:]])
    async with App.build(settings, alone=False) as app:
        here = terminal.channel(settings.timezone)
        await app.tools.store.save_channel(here)
        message = await answer_line(line, app.desk(), channel=here, actor=terminal.PERSON)
    if as_json:
        click.echo(blocks.dumps(message))
    else:
        terminal.TerminalPlatform(app.tools.words, sys.stdout).show(message)
    return 0


def _quoted(word: str) -> str:
    """An argument that the shell took as one word stays one word."""
    return f'"{word}"' if any(letter.isspace() for letter in word) and '"' not in word else word
