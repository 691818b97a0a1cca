"""Two days of real feeds through the whole bot, on loopback and by an injected clock; then it counts.

``ONRECORD_DATA=FOLDER python -m benchmarks.replay`` serves ``FOLDER/news`` (see ``replay_server``) from a
process of its own, polls 48 replayed hours at 15-minute steps, reads everything, and prints per part what stood
in the feeds against what is stored, what it cost, and the digests of two topics. An entry counts as exposed
when it stood in its feed at one of our requests, as twice when a feed's guid is stored more than once, and as
lost when it was exposed and is not stored.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from benchmarks import table
from benchmarks.replay_server import Part, ReplayServer
from benchmarks.usage import Used
from bot.app import App
from bot.commands.handlers import answer_line
from bot.message import plain_text
from bot.model import Actor, Channel, Delivery, Schedule, Subscription
from bot.ports import Store
from bot.settings import Database, Fetching, Polling, Settings

START = datetime(2026, 1, 2, tzinfo=UTC)
STEP = timedelta(minutes=15)
TOPICS = ("talks", "battlefield")
CHANNEL = Channel("collecting:main", "collecting:space", "replay")
PERSON = Actor("collecting:operator", is_admin=True)


@dataclass(frozen=True, slots=True)
class FeedTruth:
    """What the server knows about one feed at the end."""

    part: Part
    url: str
    title: str
    requests: int
    full: int
    unchanged: int
    exposed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Truth:
    """What the server knows at the end."""

    feeds: tuple[FeedTruth, ...]
    pages_served: int
    pages_missing: int


class SharedClock:
    """A clock whose time other processes can read."""

    def __init__(self, start: datetime) -> None:
        self._seconds = multiprocessing.get_context("spawn").Value("d", start.timestamp())

    def __call__(self) -> datetime:
        """The replayed instant, for whoever wants a function."""
        return datetime.fromtimestamp(self._seconds.value, UTC)

    def now(self) -> datetime:
        """The replayed instant."""
        return self()

    def set(self, at: datetime) -> None:
        """Jump there."""
        self._seconds.value = at.timestamp()

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002 - a replayed wait takes no time
        """Let others run."""
        await asyncio.sleep(0)


class Collecting:
    """A platform that keeps what it is sent."""

    name = "collecting"

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:  # noqa: ARG002 - the door's shape
        """Take it."""
        self.keys.append(delivery.key)
        return str(len(self.keys))

    async def find(self, delivery: Delivery) -> str | None:
        """Look it up."""
        return delivery.key if delivery.key in self.keys else None


class Replayed:
    """The server in its own process: where its feeds are, and at the end what it knows."""

    def __init__(self, pipe: Connection, pid: int) -> None:
        self.pid = pid
        self._pipe = pipe
        self.feeds: list[FeedTruth] = pipe.recv()

    def truth(self) -> Truth:
        """Stop serving and tell."""
        self._pipe.send("stop")
        truth: Truth = self._pipe.recv()
        return truth


@contextmanager
def replayed(folder: Path, clock: SharedClock, hours: float) -> Iterator[Replayed]:
    """Serve from a process of its own, so that its CPU time is not the bot's."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(folder, clock, hours, theirs), daemon=True)
    process.start()
    try:
        assert process.pid is not None
        yield Replayed(ours, process.pid)
    finally:
        process.terminate()
        process.join()


def _serve(folder: Path, clock: SharedClock, hours: float, pipe: Connection) -> None:
    async def serve() -> None:
        async with ReplayServer(folder, clock, start=START, hours=hours) as server:
            pipe.send(_feed_truths(server))
            await asyncio.to_thread(pipe.recv)
            pipe.send(Truth(tuple(_feed_truths(server)), server.pages_served, server.pages_missing))

    asyncio.run(serve())


def _feed_truths(server: ReplayServer) -> list[FeedTruth]:
    return [
        FeedTruth(
            feed.part, feed.url, feed.title, feed.requests, feed.full, feed.unchanged, frozenset(feed.exposed)
        )
        for feed in server.feeds
    ]


def settings(database: Path) -> Settings:
    """A bot that polls loopback and waits for nobody."""
    return Settings(
        database=Database(path=database),
        fetching=Fetching(allow_networks=("127.0.0.0/8",), page_spacing_seconds=0),
        polling=Polling(adaptive=False),  # every feed at every step, so that runs can be compared
    )


def steps(hours: float) -> list[datetime]:
    """When the clock stands still and everything due is done."""
    return [START + number * STEP for number in range(int(timedelta(hours=hours) / STEP) + 1)]


async def prepare(
    store: Store, feeds: Iterable[FeedTruth], channels: Mapping[str, Channel], *, every_hours: int
) -> None:
    """Follow these feeds, and owe each topic's digest to its channel every so many hours."""
    for feed in feeds:
        await store.add_feed(feed.url, feed.title, now=START)
    for topic, channel in channels.items():
        await store.save_channel(channel)
        await store.add_subscription(
            Subscription(
                id=0,
                channel_id=channel.id,
                owner_id=PERSON.id,
                topic=topic,
                schedule=Schedule(zone="UTC", every_hours=every_hours),
                style="who-said-what",
                next_at=START + timedelta(hours=every_hours),
                cursor=0,
                created_at=START,
            )
        )


async def _run(app: App, clock: SharedClock, hours: float) -> None:
    for moment in steps(hours):
        clock.set(moment)
        polled = await app.poll_due()
        read = await app.read_waiting()
        await app.compose_due()
        await app.deliver_due()
        print(
            f"\r{clock.now():%d %b %H:%M}  polled {polled:3}  read {read:4}",
            end="",
            file=sys.stderr,
            flush=True,
        )
    print(file=sys.stderr)


async def run_replay(folder: Path, database: Path, hours: float) -> None:
    """Replay into a new database, then print counts, cost and digests."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    clock, platform = SharedClock(START), Collecting()
    with replayed(folder, clock, hours) as server:
        used = Used(without=[server.pid])
        cpu, wall = used.cpu(), time.perf_counter()
        async with App.build(settings(database), clock=clock, platforms=[platform]) as app:
            await prepare(app.tools.store, server.feeds, dict.fromkeys(TOPICS, CHANNEL), every_hours=12)
            with used.looking():
                await _run(app, clock, hours)
            cpu, wall = used.cpu() - cpu, time.perf_counter() - wall
            period = f"since {START:%Y-%m-%d}"
            digests = {
                topic: await answer_line(
                    f"digest {topic} {period}", app.desk(), channel=CHANNEL, actor=PERSON
                )
                for topic in TOPICS
            }
        truth = server.truth()
    _show_counts(truth, database, platform, cost=(cpu, wall, used.peak_mb), hours=hours)
    for topic, message in digests.items():
        print(f"\n── digest {topic} {period} ──\n")
        print(plain_text.render(message, width=100, colour=False))


def _show_counts(
    truth: Truth, database: Path, platform: Collecting, *, cost: tuple[float, float, float], hours: float
) -> None:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as stored:
        show_parts(truth, stored, hours)
        stories = stored.execute("SELECT count(*) FROM stories").fetchone()[0]
    stored.close()
    repeated = sum(count - 1 for count in Counter(platform.keys).values())
    table.show(
        "The whole run",
        ("CPU s", "wall s", "peak MB", "stories", "pages 200", "pages 404", "messages", "repeated"),
        [(*cost, stories, truth.pages_served, truth.pages_missing, len(platform.keys), repeated)],
    )


def show_parts(truth: Truth, stored: sqlite3.Connection, hours: float) -> None:
    """Print what stood in the feeds of each part against what is stored."""
    feeds, pages = (count_part(part, truth, stored) for part in ("feeds", "pages"))
    table.show(
        f"{hours:g} replayed hours from {START:%d %B %Y}, a poll every {STEP.seconds // 60} minutes",
        ("", "part: feeds", "part: pages"),
        [(name, feeds[name], pages[name]) for name in feeds],
    )


def count_part(part: str, truth: Truth, stored: sqlite3.Connection) -> dict[str, int]:
    """Count one part's entries, articles and statements against what its feeds exposed."""
    feeds = [feed for feed in truth.feeds if feed.part == part]
    urls = {feed.url for feed in feeds}
    entries = [
        (url, guid, article)
        for url, guid, article in stored.execute(
            "SELECT feeds.url, entries.guid, entries.article_id FROM entries JOIN feeds ON feeds.id = feed_id"
        )
        if url in urls
    ]
    exposed = {(feed.url, guid) for feed in feeds for guid in feed.exposed}
    found = Counter((url, guid) for url, guid, _ in entries)
    articles = {article for _, _, article in entries}
    rows = [
        row
        for row in stored.execute("SELECT id, state, text_source, story_id FROM articles")
        if row[0] in articles
    ]
    states = Counter(state for _, state, _, _ in rows)
    sources = Counter(source for _, state, source, _ in rows if state == "read")
    statements = [
        article
        for (article,) in stored.execute("SELECT article_id FROM statements WHERE shown")
        if article in articles
    ]
    return {
        "feeds": len(feeds),
        "requests": sum(feed.requests for feed in feeds),
        "answers 200": sum(feed.full for feed in feeds),
        "answers 304": sum(feed.unchanged for feed in feeds),
        "items exposed": len(exposed),
        "entries stored": len(entries),
        "twice": sum(count - 1 for count in found.values()),
        "lost": len(exposed - set(found)),
        "never exposed": len(set(found) - exposed),
        "articles": len(rows),
        **{f"articles {state.replace('_', ' ')}": states[state] for state in _STATES},
        **{f"  read from {source}": sources[source] for source in ("page", "entry", "summary")},
        "statements": len(statements),
        "stories touched": len({story for _, _, _, story in rows if story is not None}),
    }


_STATES = ("read", "off_topic", "unreadable", "to_read")


def main() -> None:
    """Replay and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path, help="with the news data; else ONRECORD_DATA/news")
    arguments.add_argument("--hours", type=float, default=48)
    arguments.add_argument("--database", type=Path, help="keep the database here (must not exist yet)")
    given = arguments.parse_args()
    folder = given.folder or Path(os.environ["ONRECORD_DATA"]) / "news"
    if given.database and given.database.exists():
        arguments.error(f"{given.database} exists; a replay starts with an empty database")
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(run_replay(folder, given.database or Path(scratch) / "replay.db", given.hours))


if __name__ == "__main__":
    main()
