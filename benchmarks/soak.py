"""A soak: many feeds over replayed days, faults switched on at random; then counts in against counts out.

``python -m benchmarks.soak --feeds 1000 --hours 48 --step 30 --faults 0.1``. The feeds are invented
(``soak_server``) and stand on loopback; the clock is injected, so that two days pass in minutes. An entry
counts as lost when it stood in a whole document that the server sent and is not stored, as twice when more than
one article stands for it. Memory of all our processes is noted every six replayed hours.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from benchmarks import table
from benchmarks.replay import START, SharedClock
from benchmarks.soak_server import Shown, SoakServer
from benchmarks.usage import Used
from bot.app import App
from bot.settings import Database, Fetching, Polling, Settings

_NOTED_EVERY = timedelta(hours=6)
_ENTRIES = (
    "SELECT DISTINCT feeds.url, articles.url, article_id FROM entries JOIN feeds ON feeds.id = feed_id "
    "JOIN articles ON articles.id = article_id"
)


def _serve(feeds: int, faults: float, clock: SharedClock, pipe: Connection) -> None:
    asyncio.run(SoakServer(feeds, faults, START, clock).run(pipe))


async def _run(app: App, clock: SharedClock, hours: float, step: timedelta, used: Used) -> list[list[object]]:
    rows: list[list[object]] = []
    moment, end = START, START + timedelta(hours=hours)
    while moment <= end:
        clock.set(moment)
        await app.poll_due()
        await app.read_waiting()
        if (moment - START) % _NOTED_EVERY == timedelta(0):
            totals = await app.tools.store.totals()
            used.peak_mb = 0.0
            used.look()
            rows.append(
                [f"{(moment - START) / timedelta(hours=1):g}", totals.entries, used.peak_mb, used.cpu()]
            )
            print(f"\r{moment:%d %b %H:%M}", end="", file=sys.stderr, flush=True)
        moment += step
    print(file=sys.stderr)
    return rows


async def _soak(
    urls: list[str], clock: SharedClock, database: Path, given: argparse.Namespace
) -> list[list[object]]:
    settings = Settings(
        database=Database(path=database),
        fetching=Fetching(
            allow_networks=("127.0.0.0/8",), page_spacing_seconds=0, timeout_seconds=5, pages=False
        ),
        polling=Polling(adaptive=False, first_fetch_owed=0),
    )
    used = Used(without=[child.pid for child in multiprocessing.active_children() if child.pid])
    async with App.build(settings, clock=clock) as app:
        for number, url in enumerate(urls):
            await app.tools.store.add_feed(url, f"feed {number}", now=START)
        return await _run(app, clock, given.hours, timedelta(minutes=given.step), used)


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--feeds", type=int, default=1000)
    arguments.add_argument("--hours", type=float, default=48)
    arguments.add_argument("--step", type=float, default=30, help="minutes between two polls")
    arguments.add_argument("--faults", type=float, default=0.1, help="share of answers that are faults")
    given = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    clock = SharedClock(START)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(given.feeds, given.faults, clock, theirs), daemon=True)
    server.start()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "soak.db"
        rows = asyncio.run(_soak(ours.recv(), clock, database, given))
        ours.send("stop")
        shown: Shown = ours.recv()
        server.join()
        table.show("Memory", ("replayed hours", "entries", "MB, all processes", "CPU s so far"), rows)
        _show_counts(shown, database, time.perf_counter() - began)


def _show_counts(shown: Shown, database: Path, wall: float) -> None:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as stored:
        found: Counter[tuple[str, int | str]] = Counter()
        for url, link, _ in stored.execute(_ENTRIES):
            number = re.fullmatch(r"http://soak\d+\.example/(\d+)\.html", link)
            found[url, int(number[1]) if number else link] += 1
        held = stored.execute("SELECT count(*) FROM feeds WHERE failures > 0").fetchone()[0]
    stored.close()
    wanted = {(url, number) for url, numbers in shown.entries.items() for number in numbers}
    counts = {
        "entries shown by the feeds": len(wanted),
        "entries stored": len(found),
        "lost": len(wanted - set(found)),
        "never shown": len(set(found) - wanted),
        "twice": sum(count - 1 for count in found.values()),
        "feeds in trouble at the end": held,
        "wall s": wall,
    }
    table.show("Counts", ("what", "count"), list(counts.items()))
    table.show("Answers of the feeds", ("answer", "count"), sorted(shown.answers.items()))


if __name__ == "__main__":
    main()
