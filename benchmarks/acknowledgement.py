"""Acknowledgement: how long somebody on Discord waits for the first answer while the bot polls and reads.

``python -m benchmarks.acknowledgement --feeds 300 --articles 200 --asked 300``. The bot's own process talks to the
tests' fake Discord on loopback, which gives up after three seconds as Discord does. First it has nothing to do; then
so many feeds are due at once (36 kB each, served by another process), with a feed of so many war articles to read.
Commands, buttons and typing come every fifth of a second; a wait counts from the event's dispatch to the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from aiohttp import web

from benchmarks import table
from benchmarks.polling_server import serving
from bot.sample.world import load_world
from bot.store.sql_store import SqlStore
from tests.discord_wire import stored
from tests.discord_wire.answers import Exchange
from tests.discord_wire.process import BotProcess
from tests.discord_wire.server import FakeDiscord

PAUSE_S = 0.2
FOR_ONE_PERSON = 15
"""Nobody gets more than 20 answers a minute."""
MEASURED = (0.5, 0.9, 0.99)
LOST_S = 20.0
COLUMNS = (
    "load",
    "asked",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "slowest ms",
    "too late",
    "feeds polled",
    "articles read",
)
Row = tuple[object, ...]


def war_feed(articles: int) -> str:
    """A feed whose entries carry their whole text: the sample's articles again and again, each with other people."""
    wordings = [article.wordings[-1] for article in load_world().articles]
    items = []
    for number, wording in zip(range(articles), itertools.cycle(wordings), strict=False):
        text = wording.body.replace("Primerov", f"Primerov{number}").replace("Muster", f"Muster{number}")
        paragraphs = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
        items.append(
            f"<item><title>{escape(wording.title)} ({number})</title><guid>{number}</guid>"
            f"<link>http://war.example/{number}.html</link><description>{escape(wording.summary)}</description>"
            f"<content:encoded>{escape(paragraphs)}</content:encoded></item>"
        )
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>Invented war feed</title>{''.join(items)}</channel></rss>"
    )


@asynccontextmanager
async def served(body: str) -> AsyncIterator[str]:
    """Serve one feed; its address."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/rss+xml")

    app = web.Application()
    app.router.add_get("/feed.xml", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/feed.xml"
    finally:
        await runner.cleanup()


class Askers:
    """People who ask one thing after the other."""

    def __init__(self, discord: FakeDiscord) -> None:
        self._discord = discord
        self._number = 0
        self._answer: Exchange | None = None

    async def ask(self) -> Exchange:
        """Do the next thing; return once the bot has been told of it."""
        people, number = self._discord.people, self._number
        self._number += 1
        if number % FOR_ONE_PERSON == 0:
            people.asker = self._discord.world.newcomer(f"Person {number}")
        match number % 5:
            case 0:
                self._answer = await people.slash("digest", topic="war", period=f"{2 + number}h")
                return self._answer
            case 1:
                return await people.type_in("said", "speaker", "Pri")
            case 2:
                return await people.slash("said", speaker="Pavel Primerov", about=f"question {number}")
            case 3 if self._answer is not None and self._answer.done and self._answer.shown:
                return await people.press(self._answer.shown[0], "Post to channel")
            case _:
                return await people.slash("search", text=f"prisoners {number}")


async def measure(discord: FakeDiscord, asked: int, load: str, folder: Path) -> Row:
    """Ask so many times and say how long the answers took."""
    askers, polled, read = Askers(discord), *_done(folder)
    exchanges = []
    for _ in range(asked):
        exchanges.append(await askers.ask())
        await asyncio.sleep(PAUSE_S)
    late = 0
    waits = []
    for exchange in exchanges:
        try:
            await discord.until(lambda: exchange.kind is not None, "answered", within_s=LOST_S)  # noqa: B023 - awaited
            waits.append(exchange.waited_s * 1000)
        except AssertionError:
            late += 1
    waits.sort()
    polled_now, read_now = _done(folder)
    shown = [waits[min(len(waits) - 1, int(part * len(waits)))] for part in MEASURED]
    return (load, asked, *shown, waits[-1], late, polled_now - polled, read_now - read)


def _done(folder: Path) -> tuple[int, int]:
    """How many feeds were polled, and how many articles read, so far."""
    with closing(sqlite3.connect(f"file:{folder}/onrecord.db?mode=ro", uri=True)) as kept:
        polled = kept.execute("SELECT COUNT(*) FROM feeds WHERE polled_at IS NOT NULL").fetchone()[0]
        read = kept.execute("SELECT COUNT(*) FROM articles WHERE state = 'read'").fetchone()[0]
    return polled, read


async def compare(folder: Path, feeds: Sequence[str], war: str, asked: int) -> list[Row]:
    """Measure the bot at rest, then again with all of these feeds due."""
    rows = []
    for load in ("at rest", "polling and reading"):
        if load != "at rest":
            async with SqlStore.open(folder / "onrecord.db") as store:
                for url in (war, *feeds):
                    await store.add_feed(url, url, now=datetime.now(UTC))
        async with FakeDiscord() as discord:
            bot = BotProcess(folder, discord.environment)
            try:
                await bot.start()
                await discord.until_ready()
                rows.append(await measure(discord, asked, load, folder))
                await bot.stop()
            finally:
                await bot.kill()
    return rows


async def run(feeds: int, articles: int, asked: int) -> None:
    """Make the table."""
    with tempfile.TemporaryDirectory() as name, serving(feeds) as off_topic:
        folder = Path(name)
        world = await stored.read_world(folder)
        assert world.parent == folder
        stored.prepare(folder, None, pages=False)
        async with served(war_feed(articles)) as war:
            rows = await compare(folder, off_topic.feeds, war, asked)
    table.show(f"First answer on Discord, {feeds} feeds and {articles} articles due at once", COLUMNS, rows)


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--asked", type=int, default=300)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.feeds, arguments.articles, arguments.asked))


if __name__ == "__main__":
    main()
