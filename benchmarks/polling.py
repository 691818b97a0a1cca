"""Polling: CPU seconds per 1,000 feeds and peak memory, ours beside lemon24/reader, in one run.

``python -m benchmarks.polling --feeds 400 --peer-python PATH``. Invented feeds of about 34 kB stand on loopback,
each at an address of its own, served by another process whose CPU time is not counted. Three rounds: first
fetch, nothing new anywhere, something new in 5 of 100 feeds. Our figures hold everything a poll does (workers,
database); only the start of the workers is left out, by polling one other feed before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from benchmarks import table
from benchmarks.polling_server import Served, serving
from benchmarks.usage import Used
from bot.app import App
from bot.runtime.memory import set_aside
from bot.settings import Database, Fetching, Polling, Settings

ROUNDS = (("first fetch", 0.0), ("all 304", 0.0), ("95 % 304", 0.05))
PEER = Path(__file__).parent / "peers" / "reader_polls.py"
CONCURRENCY = 20
_LOOPBACK = "127.0.0.0/8"


class StepClock:
    """A clock that moves only when told; nobody waits on it."""

    def __init__(self) -> None:
        self._now = datetime(2031, 5, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """The set instant."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self._now += by

    async def sleep(self, seconds: float) -> None:
        """Wait on the real clock: spacing is part of what is measured."""
        await asyncio.sleep(seconds)


async def _measure_ours(control: str, urls: list[str]) -> None:
    """In a process of its own: one JSON object per round."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    clock, used = StepClock(), Used()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database=Database(path=Path(folder) / "polling.db"),
            fetching=Fetching(allow_networks=(_LOOPBACK,)),
            polling=Polling(concurrency=CONCURRENCY, adaptive=False),
        )
        async with App.build(settings, clock=clock) as app:
            with set_aside():  # as while it runs
                await _rounds(app, clock, used, control, urls)


async def _rounds(app: App, clock: StepClock, used: Used, control: str, urls: list[str]) -> None:
    store = app.tools.store
    warm, *measured = urls
    await store.add_feed(warm, "warm", now=clock.now())
    await app.poll_due()
    for number, url in enumerate(measured):
        await store.add_feed(url, f"feed {number}", now=clock.now())
    for name, share in ROUNDS:
        _get(f"{control}/publish?share={share}")
        before = (await store.totals()).entries
        cpu, wall = used.cpu(), time.perf_counter()
        late = Lateness()
        napping = asyncio.create_task(late.measure())
        with used.looking():
            await _poll_all(app)
        napping.cancel()
        spent = used.cpu() - cpu, time.perf_counter() - wall
        result = {
            "name": "bot (poll_due)",
            "round": name,
            "cpu": spent[0],
            "wall": spent[1],
            "peak_mb": used.peak_mb,
            "late_ms": late.ms(0.99),
            "latest_ms": late.ms(1),
            "new": (await store.totals()).entries - before,
            **json.loads(_get(f"{control}/answers")),
        }
        print(json.dumps(result), flush=True)
        clock.advance(timedelta(hours=2))


class Lateness:
    """How late the event loop comes back to a task that sleeps 10 ms at a time."""

    _NAP = 0.01

    def __init__(self) -> None:
        self._late: list[float] = []

    async def measure(self) -> None:
        """Go on until cancelled."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(self._NAP)
            self._late.append(time.perf_counter() - began - self._NAP)

    def ms(self, share: float) -> float:
        """So large a share of the naps was no later than this."""
        return 1000 * sorted(self._late)[int(share * (len(self._late) - 1))]


async def _poll_all(app: App) -> None:
    """Poll until nothing is due: a feed's next slot lies within two hours of its last."""
    while await app.poll_due():
        pass


def _get(url: str) -> str:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own loopback server
        text: str = answer.read().decode()
    return text


def _run(command: list[str], served: Served) -> list[dict[str, Any]]:
    urls = json.dumps(served.feeds)
    done = subprocess.run(command, input=urls, text=True, check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--feeds", type=int, default=400)
    arguments.add_argument("--peer-python", help="a Python that has lemon24/reader")
    arguments.add_argument("--ours-alone", metavar="CONTROL", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.ours_alone:
        asyncio.run(_measure_ours(given.ours_alone, json.load(sys.stdin)))
        return
    results: list[dict[str, Any]] = []
    with serving(given.feeds) as served:
        results += _run([sys.executable, "-m", "benchmarks.polling", "--ours-alone", served.control], served)
    if given.peer_python:
        with serving(given.feeds) as served:
            results += _run([given.peer_python, str(PEER), served.control, str(CONCURRENCY)], served)
    table.show(
        f"Polling {given.feeds} feeds of {served.feed_bytes / 1000:.0f} kB, {CONCURRENCY} at once",
        (
            "engine",
            "round",
            "CPU s per 1,000 feeds",
            "wall s per 1,000",
            "peak MB",
            "200s",
            "304s",
            "new entries",
            "loop late, p99 ms",
            "at most",
        ),
        [
            (
                one["name"],
                one["round"],
                one["cpu"] * 1000 / (one["full"] + one["unchanged"]),
                one["wall"] * 1000 / (one["full"] + one["unchanged"]),
                one["peak_mb"],
                one["full"],
                one["unchanged"],
                one["new"],
                one.get("late_ms", "–"),
                one.get("latest_ms", "–"),
            )
            for one in results
        ],
    )


if __name__ == "__main__":
    main()
