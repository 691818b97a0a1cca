"""The ``onrecord`` command: one thin function per verb. Parts are imported when a verb needs them.

What a verb prints goes to standard output, progress and logs to standard error. Exit codes: 0 done, 1 it could
not be done (the message says why and what to do), 2 wrong usage.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from bot.settings import Settings

Verb = TypeVar("Verb", bound=Callable[..., Any])

ASKED = {
    "digest": "Who said what: a digest now, e.g. onrecord digest talks 24h brief",
    "said": "What a speaker said, in exact words, e.g. onrecord said Rubio about NATO since monday",
    "story": "One story, by its number in the last answer or by an article's address",
    "search": "Full text in articles and statements",
    "topics": "The topics: topics list, topics show NAME",
    "subscription": "Standing orders: subscription add, list, edit, pause, resume, remove, preview",
    "help": "What can be asked; help COMMAND explains one",
}
"""The verbs that the chat's catalogue answers."""


class _Verbs(click.Group):
    """A group that names the nearest verb when one is misspelt."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            step = f"Did you mean {near[0]!r}?" if near else "See --help."
            raise click.UsageError(f"There is no command {args[0]!r}. {step}", ctx) from error


def run_command_line(arguments: list[str]) -> int:
    """Run one verb and return the exit code; expected failures are printed as one clear message."""
    try:
        result = command_line.main(arguments, prog_name="onrecord", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as shown:
        click.echo(shown.format_message())
        return 2
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        click.echo(f"onrecord: {error.format_message()}", err=True)
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # The reader has closed the pipe (``onrecord digest | head``): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return result if isinstance(result, int) else 0


def fail(message: str) -> click.ClickException:
    """An expected failure: printed without a traceback, exit code 1."""
    return click.ClickException(message)


def load(config: Path | None) -> Settings:
    """The settings, from the file named or found; a wrong key ends the program with its place."""
    from bot.settings import SettingsError, load_settings  # noqa: PLC0415 - see the module's first line

    found = config or (Path("onrecord.toml") if Path("onrecord.toml").exists() else None)
    try:
        return load_settings(found)
    except SettingsError as error:
        raise fail(str(error)) from error


def perform(work: Coroutine[Any, Any, int]) -> int:
    """Run a verb's coroutine; what refuses to start says so in words."""
    return attempt(lambda: asyncio.run(work))


def attempt(work: Callable[[], int]) -> int:
    """Run a verb; what the settings or the database are to blame for is said in words."""
    from bot.settings import SettingsError  # noqa: PLC0415
    from bot.store.errors import StoreError  # noqa: PLC0415

    try:
        return work()
    except (StoreError, SettingsError) as error:
        raise fail(str(error)) from error


def _config(verb: Verb) -> Verb:
    return click.option(
        "--config",
        "-c",
        type=click.Path(path_type=Path),
        envvar="ONRECORD_CONFIG",
        help="Settings file; ./onrecord.toml is taken when it is there.",
    )(verb)


def _as_json(verb: Verb) -> Verb:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")(verb)


@click.group(cls=_Verbs, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="onrecord")
def command_line() -> None:
    """Who said what about the war: reads feeds, finds every attributed statement, posts digests."""


# ── Running ──────────────────────────────────────────────────────────────────────────────────────────────


@command_line.command()
@click.option(
    "--stand-by",
    is_flag=True,
    envvar="ONRECORD_STAND_BY",
    help="Where another instance runs on this database, wait and take over when it ends.",
)
@_config
def run(stand_by: bool, config: Path | None) -> int:
    """Run the bot: poll, read, digest, deliver; the terminal is the chat. One instance per database."""
    from bot.cli import running  # noqa: PLC0415

    return perform(running.run(load(config), stand_by=stand_by))


@command_line.command()
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the database in this file.")
def demo(keep: Path | None) -> int:
    """Poll invented sample feeds on this machine, print their digest, then answer questions about them."""
    from bot.cli import demonstration  # noqa: PLC0415

    return perform(demonstration.demo(keep=keep))


@command_line.command()
@_config
def check(config: Path | None) -> int:
    """The doctor: settings, tokens, database, language model, feeds; says what to do."""
    from bot.cli import doctor  # noqa: PLC0415

    return perform(doctor.check(load(config)))


@command_line.command()
@_config
def migrate(config: Path | None) -> int:
    """Bring the database to this version's schema (``run`` does so by itself)."""
    from bot.store.opening import migrate as bring_up  # noqa: PLC0415

    def work() -> int:
        path = load(config).database.path
        before, after = bring_up(path)
        click.echo(f"{path}: schema {after}" + ("" if before == after else f" (was {before or 'empty'})"))
        return 0

    return attempt(work)


@command_line.command()
@click.argument("file", type=click.Path(path_type=Path))
@_config
def backup(file: Path, config: Path | None) -> int:
    """Copy the database into FILE, also while the bot runs; an older backup of that name is replaced."""
    from bot.cli import keeping  # noqa: PLC0415

    return attempt(lambda: keeping.backup(file, settings=load(config)))


@command_line.command()
@click.argument("file", type=click.Path(path_type=Path))
@_config
def restore(file: Path, config: Path | None) -> int:
    """Put the backup FILE in the database's place, while the bot does not run; the old one is kept beside it."""
    from bot.cli import keeping  # noqa: PLC0415

    return attempt(lambda: keeping.restore(file, settings=load(config)))


@command_line.command()
@click.argument("name", metavar="SPACE|ACTOR")
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@_config
def forget(name: str, yes: bool, config: Path | None) -> int:
    """Remove everything kept about a server or a person, after saying what it is; also while the bot runs.

    SPACE|ACTOR is an id: discord:123456789012345678 for a server or a person on Discord, terminal for the terminal.
    """
    from bot.cli import forgetting  # noqa: PLC0415

    return perform(forgetting.forget(name, yes=yes, settings=load(config)))


# ── Reading one article ──────────────────────────────────────────────────────────────────────────────────


@command_line.command()
@click.argument("source", metavar="FILE|URL|-")
@click.option(
    "--format", "output_format", type=click.Choice(["text", "json", "jsonl", "html"]), default="text"
)
@click.option(
    "--all", "every", is_flag=True, help="Also attributions that are no statements, with their act."
)
@_config
def read(source: str, output_format: str, every: bool, config: Path | None) -> int:
    """Who said what in one article, with the offsets of every source, cue and content.

    Takes a text or HTML file, an address, or "-" for standard input; of a .jsonl file each line {"id", "text"}.
    """
    from bot.cli import reading  # noqa: PLC0415

    return reading.read(source, output_format, every=every, settings=load(config))


# ── Asking what is stored ────────────────────────────────────────────────────────────────────────────────


def _declare(verb: str, words: str) -> None:
    @command_line.command(name=verb, help=words, context_settings={"ignore_unknown_options": True})
    @click.argument("words", nargs=-1)
    @_as_json
    @_config
    def ask(words: tuple[str, ...], as_json: bool, config: Path | None) -> int:
        from bot.cli import asking  # noqa: PLC0415

        return perform(asking.ask([verb, *words], as_json=as_json, settings=load(config)))


for _verb, _words in ASKED.items():
    _declare(_verb, _words)


# ── What is owed ─────────────────────────────────────────────────────────────────────────────────────────


@command_line.group(cls=_Verbs, no_args_is_help=True)
def outbox() -> None:
    """Messages that are owed, and those that were given up."""


@outbox.command(name="list")
@click.option(
    "--state",
    type=click.Choice(["dead", "pending", "sending", "unknown", "sent", "merged", "all"]),
    default="dead",
    show_default=True,
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@_as_json
@_config
def outbox_list(state: str, limit: int, as_json: bool, config: Path | None) -> int:
    """Deliveries, newest first, and channels that take no more messages."""
    from bot.cli import deliveries  # noqa: PLC0415

    return perform(deliveries.show(state, limit, as_json=as_json, settings=load(config)))


@outbox.command(name="retry")
@click.argument("what", nargs=-1, required=True, metavar="NUMBER|CHANNEL|all...")
@_config
def outbox_retry(what: tuple[str, ...], config: Path | None) -> int:
    """Owe given-up messages again, by number or all of them; take up a lost channel again, by its id."""
    from bot.cli import deliveries  # noqa: PLC0415

    return perform(deliveries.retry(list(what), settings=load(config)))


# ── Feeds ────────────────────────────────────────────────────────────────────────────────────────────────


@command_line.group(name="feeds", cls=_Verbs, no_args_is_help=True)
def feeds_group() -> None:  # not "feeds": that name in here is the module's
    """The feeds that are read."""


@feeds_group.command(name="add")
@click.argument("url")
@click.argument("name", required=False, default="")
@_as_json
@_config
def feeds_add(url: str, name: str, as_json: bool, config: Path | None) -> int:
    """Read a feed from now on (NAME: how its outlet is called), after looking whether it is one."""
    from bot.cli import asking  # noqa: PLC0415

    words = ["feeds", "add", url, *([name] if name else [])]
    return perform(asking.ask(words, as_json=as_json, settings=load(config)))


@feeds_group.command(name="list")
@_as_json
@_config
def feeds_list(as_json: bool, config: Path | None) -> int:
    """All feeds: last success, last new entry, what is wrong and what to do."""
    from bot.cli import asking  # noqa: PLC0415

    return perform(asking.ask(["feeds", "list"], as_json=as_json, settings=load(config)))


@feeds_group.command(name="check")
@click.argument("sources", nargs=-1, metavar="[URL|OPML]...")
@_as_json
@_config
def feeds_check(sources: tuple[str, ...], as_json: bool, config: Path | None) -> int:
    """Fetch and parse feeds without saving anything and print a table; the stored ones when none is named.

    Exit code 1 when one fails.
    """
    from bot.cli import feeds as feed_verbs  # noqa: PLC0415

    return perform(feed_verbs.check(list(sources), as_json=as_json, settings=load(config)))


@feeds_group.command(name="import")
@click.argument("opml", type=click.Path(path_type=Path))
@_config
def feeds_import(opml: Path, config: Path | None) -> int:
    """Add every feed of an OPML file; known ones are left as they are."""
    from bot.cli import feeds as feed_verbs  # noqa: PLC0415

    return perform(feed_verbs.import_opml(opml, settings=load(config)))


@feeds_group.command(name="export")
@click.argument("opml", default="-", metavar="[FILE|-]")
@_config
def feeds_export(opml: str, config: Path | None) -> int:
    """Write every feed into an OPML file, which any reader of feeds takes; "-" prints it."""
    from bot.cli import keeping  # noqa: PLC0415

    return attempt(lambda: keeping.export_opml(opml, settings=load(config)))
