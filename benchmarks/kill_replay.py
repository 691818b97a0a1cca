"""Real feeds through the whole bot while it is killed with SIGKILL again and again; then it counts.

``ONRECORD_DATA=FOLDER python -m benchmarks.kill_replay`` replays as ``benchmarks.replay`` does, with the bot in a
process of its own that is killed at random moments of every kind (``--kills``, ``--seed``) and started again.
Digests fall due every hour in two chats: one whose history can be searched but which shows a message again that
is sent again, and one that takes a message with a known key only once but cannot be searched. After each kill
the run waits until no worker process is left, and fails when one stays.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks import replay, table
from bot.model import Channel
from bot.store.sql_store import SqlStore
from tests.bot_until_killed import KEYED, SEARCHABLE
from tests.killing import PHASES, Kill, Lives, plan, said_twice

CHANNELS = {
    topic: Channel(f"{chat}:main", space_id=chat, name=chat)
    for topic, chat in zip(replay.TOPICS, (SEARCHABLE, KEYED), strict=True)
}


async def run_killed(folder: Path, database: Path, hours: float, kills: list[Kill]) -> None:
    """Replay into a new database with these kills, then print what was lost, doubled and posted."""
    clock = replay.SharedClock(replay.START)
    began = time.perf_counter()
    with replay.replayed(folder, clock, hours) as server:
        async with SqlStore.open(database) as store:
            await replay.prepare(store, server.feeds, CHANNELS, every_hours=1)

        def set_clock(at: datetime) -> None:
            clock.set(at)
            print(f"\r{at:%d %b %H:%M}  killed {len(lives.kills)}", end="", file=sys.stderr, flush=True)

        settings = replay.settings(database).model_copy(update={"log_level": "error"})
        lives = Lives(settings, replay.steps(hours), kills, set_clock)
        await lives.live()
        print(file=sys.stderr)
        truth = server.truth()
    with closing(sqlite3.connect(database)) as stored:
        replay.show_parts(truth, stored, hours)
        _show_chats(stored, lives)
    _show_kills(kills, lives, time.perf_counter() - began)


def _show_chats(stored: sqlite3.Connection, lives: Lives) -> None:
    rows = []
    for topic, channel in CHANNELS.items():
        chat = lives.chats[channel.space_id]
        asked = "SELECT key, state, body FROM deliveries WHERE channel_id = ?"
        owed = {key: (state, body) for key, state, body in stored.execute(asked, (channel.id,))}
        posted = {post.key: ("sent", post.body) for post in chat.posts}
        rows.append(
            (
                f"{topic}, {channel.name}",
                len(owed),
                len(posted),
                len(chat.posts) - len(posted),
                sum(owed[key] != post for key, post in posted.items()) + len(owed.keys() - posted.keys()),
                sum(post.marked for post in chat.posts),
                chat.calls - len(chat.posts),
                len(said_twice(stored, chat.posts)),
            )
        )
    table.show(
        "Messages",
        (
            "digests of",
            "owed",
            "posted",
            "posted again",
            "not as owed",
            "marked as perhaps repeated",
            "sent again under a known key",
            "statements in two posts",
        ),
        rows,
    )


def _show_kills(planned: list[Kill], lives: Lives, seconds: float) -> None:
    struck = Counter(kill.phase for kill in lives.kills)
    alone = Counter(kill.phase for kill in lives.kills if not kill.whole_group)
    table.show(
        f"{len(lives.kills)} of {len(planned)} kills, {lives.crashes} jobs that raised, {seconds:,.0f} s in all",
        ("killed", "times", "of these only the bot, not its workers"),
        [(words, struck[phase], alone[phase]) for phase, words in PHASES.items()],
    )


def main() -> None:
    """Replay, kill and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path, help="with the news data; else ONRECORD_DATA/news")
    arguments.add_argument("--hours", type=float, default=12)
    arguments.add_argument("--kills", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    folder = given.folder or Path(os.environ["ONRECORD_DATA"]) / "news"
    kills = plan(given.kills, len(replay.steps(given.hours)), given.seed)
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(run_killed(folder, Path(scratch) / "replay.db", given.hours, kills))


if __name__ == "__main__":
    main()
