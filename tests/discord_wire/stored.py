"""A database as a running bot has it: the sample outlets polled and read; and standing orders that are due."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.model import Channel, Schedule, Subscription
from bot.sample.serve import DIGEST_AT, SampleServer
from bot.store.sql_store import SqlStore
from tests.discord_wire.process import BotProcess
from tests.discord_wire.world import Json

SETTINGS = """
tick_seconds = {tick}
log_level = "info"

[database]
path = "{folder}/onrecord.db"

[polling]
first_fetch_owed = 50

[fetching]
allow_networks = ["127.0.0.0/8"]
page_spacing_seconds = 0.0
pages = {pages}

[digests]
stories = {stories}
statements = {statements}

[service]
port = {port}

[discord]
shards = {shards}
"""
PATIENCE_S = 90.0
FEW_STORIES = 2
"""Short digests: most tests here want one message for one digest."""


OUTLETS = ("Example Wire", "Mock Tribune")
"""Whose articles are read: a dozen, so that it does not take long."""


async def read_world(folder: Path) -> Path:
    """Have a bot without any token import the sample outlets' feeds, poll and read them; return its database."""
    prepare(folder, None)
    async with SampleServer(lambda: DIGEST_AT) as server:
        outlines = [
            f'<outline type="rss" text="{name}" xmlUrl="{url}"/>'
            for url, name in server.feeds
            if name in OUTLETS
        ]
        listed = f'<opml version="2.0"><body>{"".join(outlines)}</body></opml>'
        (folder / "feeds.opml").write_text(listed, encoding="utf-8")
        config = ("--config", str(folder / "onrecord.toml"))
        importing = BotProcess(folder, {}, "feeds", "import", str(folder / "feeds.opml"), *config)
        await importing.start()
        assert await importing.ended() == 0, importing.printed
        bot = BotProcess(folder, {})
        await bot.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not _is_read(folder):
                    assert bot.running, bot.printed
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"the sample articles were never read:\n{bot.printed[-3000:]}") from None
        else:
            assert await bot.stop() == 0, bot.printed
        finally:
            await bot.kill()
    # The outlets answer no longer: a bot that is started on this database leaves them alone.
    with closing(sqlite3.connect(folder / "onrecord.db")) as stored, stored:
        stored.execute("UPDATE feeds SET paused = 1")
    return folder / "onrecord.db"


def _is_read(folder: Path) -> bool:
    with closing(sqlite3.connect(f"file:{folder}/onrecord.db?mode=ro", uri=True)) as stored:
        polled = stored.execute("SELECT COUNT(*) FROM feeds WHERE last_success_at IS NOT NULL").fetchone()[0]
        waiting = stored.execute("SELECT COUNT(*) FROM articles WHERE state = 'to_read'").fetchone()[0]
    return polled == len(OUTLETS) and not waiting


def prepare(
    folder: Path,
    world: Path | None,
    *,
    stories: int = FEW_STORIES,
    statements: int = 12,
    tick: float = 0.5,
    port: int = 0,
    pages: bool = True,
    shards: int = 1,
) -> None:
    """Lay out a folder to start the bot in: its settings, and a copy of a database."""
    text = SETTINGS.format(
        folder=folder,
        stories=stories,
        statements=statements,
        tick=tick,
        port=port,
        pages=str(pages).lower(),
        shards=shards,
    )
    (folder / "onrecord.toml").write_text(text, encoding="utf-8")
    if world is not None:
        shutil.copy(world, folder / "onrecord.db")


async def owe_digests(
    folder: Path, channels: Sequence[Json], *, topic: str = "war", owner: Json | None = None
) -> None:
    """Have each channel subscribed, with a digest that is due by now; the bot must not be running."""
    now = datetime.now(UTC)
    async with SqlStore.open(folder / "onrecord.db") as store:
        for channel in channels:
            space = f"discord:{channel['guild_id']}"
            kept = Channel(f"discord:{channel['id']}", space, f"#{channel['name']}", "UTC")
            await store.save_channel(kept)
            await store.add_subscription(
                Subscription(
                    id=0,
                    channel_id=kept.id,
                    owner_id=f"discord:{owner['id']}" if owner else "",
                    topic=topic,
                    schedule=Schedule("UTC", every_hours=6),
                    style="brief",
                    next_at=now - timedelta(minutes=1),
                    cursor=0,
                    created_at=now - timedelta(hours=6),
                )
            )


def deliveries(folder: Path) -> list[tuple[str, str, str | None, str | None]]:
    """What the bot owes and owed: channel, state, the message's id, the reason."""
    with closing(sqlite3.connect(f"file:{folder}/onrecord.db?mode=ro", uri=True)) as stored:
        return stored.execute(
            "SELECT channel_id, state, message_id, reason FROM deliveries ORDER BY id"
        ).fetchall()
