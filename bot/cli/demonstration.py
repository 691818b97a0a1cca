"""``onrecord demo``: the whole way of an article on invented feeds, served on this machine, by an injected clock."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot import knowledge as knowledge_files
from bot.app import App
from bot.cli import logs
from bot.knowledge.words import Words
from bot.model import Schedule, Subscription
from bot.platforms import terminal
from bot.sample.serve import DIGEST_AT, POLL_TIMES, SampleServer
from bot.settings import Database, Fetching, Polling, Service, Settings
from bot.store import lock

ZONE = "Europe/Kyiv"
_DAY = timedelta(days=1)


class SampleClock:
    """Stands still at a set instant, then, once let go, runs on from there."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._since: float | None = None

    def now(self) -> datetime:
        """The sample's time."""
        if self._since is None:
            return self._at
        return self._at + timedelta(seconds=time.monotonic() - self._since)

    def set(self, at: datetime) -> None:
        """Jump to an instant."""
        self._at = at

    def let_go(self) -> None:
        """From here on time passes."""
        self._since = time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Nothing here is worth waiting for: jump ahead."""
        self._at += timedelta(seconds=seconds)


async def demo(*, keep: Path | None) -> int:
    """Serve, poll, read, cluster, print the scheduled digest, then answer questions about it."""
    with (
        tempfile.TemporaryDirectory(prefix="onrecord-demo-") as folder,
        lock.held(path := keep or Path(folder) / "demo.db", POLL_TIMES[0], next_step="Name another file."),
    ):
        settings = Settings(
            timezone=ZONE,
            log_level="error",
            database=Database(path=path),
            # Three days pass in seconds: the feeds are asked at each step.
            polling=Polling(adaptive=False),
            fetching=Fetching(allow_networks=("127.0.0.0/8",), page_spacing_seconds=0),
            service=Service(enabled=False),
        )
        logs.configure(settings)
        platform = terminal.TerminalPlatform(Words(settings.language))
        clock = SampleClock(POLL_TIMES[0])
        async with SampleServer(clock.now) as server:
            known = knowledge_files.load().with_outlets(server.outlets)
            known = replace(known, speakers=(*known.speakers, *server.speakers))
            async with App.build(settings, knowledge=known, clock=clock, platforms=[platform]) as app:
                await _prepare(app, server)
                await _poll_three_days(app, clock)
                await app.compose_due()
                await app.deliver_due()
                clock.let_go()
                await terminal.chat(app.desk(), platform)
    return 0


async def _prepare(app: App, server: SampleServer) -> None:
    store = app.tools.store
    await store.save_channel(terminal.channel(ZONE))
    for url, name in server.feeds:
        await store.add_feed(url, name, now=POLL_TIMES[0])


async def _subscribe(app: App) -> None:
    """A daily digest whose first one, a day from now, covers what is stored from here on."""
    await app.tools.store.add_subscription(
        Subscription(
            id=0,
            channel_id=terminal.CHANNEL_ID,
            owner_id=terminal.PERSON.id,
            topic="war",
            schedule=Schedule(zone=ZONE, times=(f"{DIGEST_AT.astimezone(app.settings.zone):%H:%M}",)),
            style="who-said-what",
            next_at=DIGEST_AT,
            cursor=await app.tools.store.last_serial(),
            created_at=DIGEST_AT - _DAY,
        )
    )


async def _poll_three_days(app: App, clock: SampleClock) -> None:
    """Poll at the sample's times and read what came, with progress on standard error."""
    console = Console(stderr=True)
    days = f"{POLL_TIMES[0]:%-d}–{DIGEST_AT:%-d %B %Y}"
    click.echo(
        f"Sample feeds of {days}, served on this machine; all names and words in them are invented.",
        err=True,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        polling = progress.add_task("polling", total=len(POLL_TIMES))
        reading = progress.add_task("reading", total=None)
        for before, moment in pairwise((POLL_TIMES[0], *POLL_TIMES)):
            if before <= DIGEST_AT - _DAY < moment:
                await _subscribe(app)
            clock.set(moment)
            await app.poll_due()
            await app.read_waiting(lambda _: progress.advance(reading))
            progress.advance(polling)
    clock.set(DIGEST_AT)
