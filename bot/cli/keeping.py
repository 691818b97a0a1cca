"""``onrecord backup``, ``restore`` and ``feeds export``: what is kept is the operator's."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from bot.cli import fail, logs
from bot.commands.opml import export_feeds
from bot.model import Feed
from bot.runtime.clock import SystemClock
from bot.settings import Settings
from bot.store import backups
from bot.store.sql_store import SqlStore

LITTLE_MEGABYTES = 500
"""The database of a few hundred feeds grows by about so much in two months."""
_MEGABYTE = 10**6


def backup(to: Path, *, settings: Settings) -> int:
    """Copy the database into a file, while the bot runs or not."""
    database = settings.database.path
    with _progress("copying") as on_progress:
        size = backups.back_up(database, to, on_progress)
    click.echo(f"{to}: a whole copy of {database}, checked, {size:,} bytes.")
    return 0


def restore(backup_file: Path, *, settings: Settings) -> int:
    """Put a backup in the database's place; the bot must not run."""
    database = settings.database.path
    with _progress("restoring") as on_progress:
        done = backups.restore(database, backup_file, SystemClock().now(), on_progress)
    click.echo(f"{database}: restored from {backup_file} (schema {done.revision}).")
    if done.kept_as:
        click.echo(f"What stood there before is kept as {done.kept_as}.")
    click.echo(
        "What came after the backup is fetched again where feeds still hold it, and may be posted once more. "
        "Next step: onrecord check, then onrecord run"
    )
    return 0


def export_opml(to: str, *, settings: Settings) -> int:
    """Write every feed into an OPML file, or to standard output for "-"."""
    logs.configure(settings, quiet=True)
    if not settings.database.path.exists():
        raise fail(f"{settings.database.path} does not exist yet. Next step: onrecord feeds add URL")
    feeds = asyncio.run(_feeds(settings))
    opml = export_feeds([(feed.title, feed.url) for feed in feeds], now=SystemClock().now())
    if to == "-":
        sys.stdout.buffer.write(opml)
        return 0
    try:
        Path(to).write_bytes(opml)
    except OSError as error:
        raise fail(
            f"{to} cannot be written: {error.strerror}. Name another file, or - to print it."
        ) from error
    click.echo(f"{to}: {len(feeds)} feeds.")
    return 0


async def _feeds(settings: Settings) -> list[Feed]:
    async with SqlStore.open(settings.database.path) as store:
        return await store.feeds()


def little_space(database: Path) -> str:
    """Say how little space the database's disk has left; empty when there is enough."""
    folder = database.resolve().parent
    if not folder.is_dir():
        return ""
    free = shutil.disk_usage(folder).free // _MEGABYTE
    return f"{folder} has {free} MB left" if free < LITTLE_MEGABYTES else ""


@contextmanager
def _progress(words: str) -> Iterator[backups.Progress]:
    """A bar on standard error, where somebody looks on."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(words, total=None)
        yield lambda left, total: bar.update(task, total=total, completed=total - left)
