"""``onrecord feeds check`` and ``import``: many feeds at once, with progress and a table."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from bot.cli import fail, logs
from bot.commands.opml import import_feeds
from bot.intake import zombies
from bot.intake.fetch import HttpFetcher
from bot.model import Feed, Trouble
from bot.ports import FeedParser, Fetched, Fetcher, WorkerLost
from bot.runtime.clock import SystemClock
from bot.runtime.workers import Workers
from bot.settings import Settings
from bot.store.sql_store import SqlStore


@dataclass(frozen=True, slots=True)
class Checked:
    """How one feed is, without anything being saved."""

    url: str
    title: str
    ok: bool
    what: str
    next_step: str = ""


async def check(sources: list[str], *, as_json: bool, settings: Settings) -> int:
    """Fetch and parse each feed once and print a table; exit code 1 when one fails."""
    logs.configure(settings, quiet=True)
    wanted = await _wanted(sources, settings)
    if not wanted:
        raise fail("no feeds to check. Name addresses or an OPML file, or add feeds: onrecord feeds add URL")
    console = Console(stderr=True)
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn())
    gate = asyncio.Semaphore(settings.polling.concurrency)
    clock = SystemClock()
    async with Workers(settings) as workers, HttpFetcher(settings.fetching, clock) as fetcher:
        with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("", total=len(wanted))

            async def one(title: str, url: str) -> Checked:
                async with gate:
                    checked = await _check(title, url, fetcher, workers, clock.now())
                progress.advance(task)
                return checked

            found = await asyncio.gather(*(one(title, url) for title, url in wanted))
    if as_json:
        click.echo(json.dumps([asdict(checked) for checked in found], ensure_ascii=False, indent=2))
    else:
        _print(found)
    return 0 if all(checked.ok for checked in found) else 1


async def _wanted(sources: list[str], settings: Settings) -> list[tuple[str, str]]:
    """(title, address) of every feed named, or of the stored ones when none is."""
    if not sources:
        if not settings.database.path.exists():
            return []
        async with SqlStore.open(settings.database.path) as store:
            return [(feed.title, feed.url) for feed in await store.feeds()]
    found: list[tuple[str, str]] = []
    for source in sources:
        found += [("", source)] if source.startswith(("http://", "https://")) else _read_opml(Path(source))
    return found


def _read_opml(path: Path) -> list[tuple[str, str]]:
    try:
        return import_feeds(path.read_bytes())
    except OSError as error:
        raise fail(
            f"{path} cannot be read: {error.strerror}. Give an OPML file or an http(s) address."
        ) from error
    except ValueError as error:
        raise fail(f"{path}: {error}") from error


async def _check(title: str, url: str, fetcher: Fetcher, parser: FeedParser, now: datetime) -> Checked:
    fetched = await fetcher.fetch(url)
    if fetched.outcome == "failed":
        return Checked(url, title, ok=False, what=fetched.cause, next_step=fetched.next_step)
    try:
        data = await parser.parse_feed(fetched.body, url=fetched.url, content_type=fetched.content_type)
    except ValueError as error:
        cause, _, next_step = str(error).partition("; ")
        named = await _named(fetched, parser)
        return Checked(url, title, ok=False, what=cause, next_step=named or next_step)
    except WorkerLost as error:
        return Checked(url, title, ok=False, what=str(error))
    dates = [entry.published_at for entry in data.entries if entry.published_at]
    newest = f", newest {max(dates):%Y-%m-%d %H:%M} UTC" if dates else ""
    what = f"{data.version}, {len(data.entries)} entries{newest}"
    silence = _silence(url, dates, now)
    if silence:
        return Checked(
            url, title or data.title, ok=True, what=f"{what}; {silence.cause}", next_step=silence.next_step
        )
    return Checked(url, title or data.title, ok=True, what=what)


async def _named(fetched: Fetched, parser: FeedParser) -> str:
    """What to do with a page that names feeds; empty for any other."""
    try:
        named = await parser.find_feeds(fetched.body, url=fetched.url, content_type=fetched.content_type)
    except WorkerLost:
        return ""
    addresses = ", ".join(address for address, _title in named)
    return f"use what the page names: {addresses}" if named else ""


def _silence(url: str, dates: list[datetime], now: datetime) -> Trouble | None:
    """Whether the entries shown end long ago; an undated feed says nothing about that."""
    if not dates:
        return None
    began = min(*dates, now)
    feed = Feed(id=0, url=url, title="", added_at=began, next_at=now, first_fetched_at=began)
    return zombies.silence(feed, dates, now)


def _print(found: list[Checked]) -> None:
    table = Table("feed", "state", "what", "next step", box=None, pad_edge=False)
    for checked in found:
        state = Text("ok", "green") if checked.ok else Text("failed", "red")
        if checked.ok and checked.next_step:
            state = Text("silent", "yellow")
        name = f"{checked.title}\n{checked.url}" if checked.title else checked.url
        table.add_row(Text(name), state, Text(checked.what), Text(checked.next_step))
    Console().print(table)


async def import_opml(path: Path, *, settings: Settings) -> int:
    """Add every feed of an OPML file and say how many were new."""
    logs.configure(settings, quiet=True)
    listed = _read_opml(path)
    now = SystemClock().now()
    async with SqlStore.open(settings.database.path) as store:
        known = {feed.url for feed in await store.feeds()}
        for title, url in listed:
            await store.add_feed(url, title, now=now)
    new = {url for _, url in listed} - known
    click.echo(
        f"{len(new)} feeds added, {len(listed) - len(new)} known already or named twice. They are due at once."
    )
    return 0
