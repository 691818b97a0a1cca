"""kill -9 at any moment: nothing is lost, nothing is posted twice, and no worker process stays behind.

The real bot polls, reads, composes and delivers the sample world in a process of its own, is killed again and
again, and must end where a run ends that nobody disturbed. ``ONRECORD_KILLS=200`` kills at least so often.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.knowledge.words import Words
from bot.message import blocks
from bot.message.blocks import Message, Text
from bot.model import Channel, Schedule, Subscription
from bot.platforms import terminal
from bot.ports import Digest
from bot.sample.render import article_guid, article_path
from bot.sample.serve import DIGEST_AT, POLL_TIMES, SampleServer
from bot.sample.world import load_world
from bot.settings import Database, Digests, Fetching, Polling, Service, Settings
from bot.store.sql_store import SqlStore
from tests.bot_until_killed import KEYED, SEARCHABLE
from tests.killing import CHILD, PHASES, ROOT, Kill, Lives, Post, plan, quotations, said_twice

STEPS = (*POLL_TIMES, DIGEST_AT, DIGEST_AT + timedelta(hours=1))
KILLS = int(os.environ.get("ONRECORD_KILLS", len(PHASES)))
ROUNDS = range(-(-KILLS // len(PHASES)))
Shown = tuple[str, frozenset[str]]
"""What was said, and the articles it stands in."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind, without ids and ports, which differ from run to run."""

    entries: Counter[str]
    """How often each guid is stored."""
    articles: dict[str, tuple[object, ...]]
    """By guid: state, text versions, whether it is owed, and the cause of its trouble."""
    statements: Counter[tuple[object, ...]]
    digests: dict[tuple[int, str], Counter[Shown]]
    """By subscription and due time, of what is posted."""
    said_twice: list[tuple[int, str, str]]
    """What stands in two digests of one subscription though its article never changed."""
    owed: dict[str, tuple[str, str, str]]
    """By key: state, message id and body of each delivery."""
    posts: list[Post]
    kills: list[Kill]
    crashes: int


async def run(folder: Path, kills: list[Kill]) -> Outcome:
    """Take the sample's three days through the bot, with these kills."""
    database = folder / "onrecord.db"
    settings = Settings(
        log_level="error",
        database=Database(path=database),
        # The sample steps through days in hours: the feeds are asked at each step.
        polling=Polling(first_fetch_owed=50, adaptive=False),
        fetching=Fetching(allow_networks=("127.0.0.0/8",), page_spacing_seconds=0),
        digests=Digests(stories=20, statements=50),
        service=Service(enabled=False),
    )
    now = [STEPS[0]]
    async with SampleServer(lambda: now[0]) as server:
        await prepare(database, server.feeds)
        lives = Lives(settings, STEPS, kills, lambda at: now.__setitem__(0, at))
        await lives.live()
    return outcome(database, lives)


async def prepare(database: Path, feeds: list[tuple[str, str]]) -> None:
    async with SqlStore.open(database) as store:
        for url, name in feeds:
            await store.add_feed(url, name, now=STEPS[0])
        for chat, topic, style, hours in (
            (SEARCHABLE, "war", "who-said-what", 1),
            (KEYED, "war", "brief", 2),
            (KEYED, "talks", "who-said-what", 3),
        ):
            channel = Channel(f"{chat}:main", space_id=chat, name=chat)
            await store.save_channel(channel)
            await store.add_subscription(
                Subscription(
                    id=0,
                    channel_id=channel.id,
                    owner_id="",
                    topic=topic,
                    schedule=Schedule(zone="Europe/Kyiv", every_hours=hours),
                    style=style,
                    next_at=STEPS[0],
                    cursor=0,
                    created_at=STEPS[0] - timedelta(days=1),
                )
            )


def outcome(database: Path, lives: Lives) -> Outcome:
    with closing(sqlite3.connect(database)) as stored:
        assert stored.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert stored.execute("PRAGMA foreign_key_check").fetchall() == []
        entries = Counter(bare(guid) for (guid,) in stored.execute("SELECT guid FROM entries"))
        articles = {
            bare(guid): tuple(rest)
            for guid, *rest in stored.execute(
                "SELECT guid, state, owed, trouble_cause, version, (SELECT count(*) FROM text_versions t"
                " WHERE t.article_id = a.id) FROM entries JOIN articles a ON a.id = article_id"
            )
        }
        statements = Counter(
            (bare(guid), *rest)
            for guid, *rest in stored.execute(
                "SELECT guid, speaker, words, shown, first_version, last_version FROM statements"
                " JOIN entries USING (article_id)"
            )
        )
        owed = {
            key: tuple(rest)
            for key, *rest in stored.execute("SELECT key, state, message_id, body FROM deliveries")
        }
        of_digest = {
            key: (subscription, due_at)
            for key, subscription, due_at in stored.execute(
                "SELECT key, subscription_id, due_at FROM deliveries"
            )
        }
        posts = [post for chat in lives.chats.values() for post in chat.posts]
        repeated = said_twice(stored, posts)
    digests: defaultdict[tuple[int, str], Counter[Shown]] = defaultdict(Counter)
    for post in posts:
        digests[of_digest[post.key]].update(
            (words, frozenset(urlsplit(url).path for url in urls)) for words, urls in quotations(post.body)
        )
    return Outcome(
        entries, articles, statements, dict(digests), repeated, owed, posts, lives.kills, lives.crashes
    )


# ── The sample's three days ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What a run leaves behind that nobody kills."""
    return asyncio.run(run(tmp_path_factory.mktemp("undisturbed"), []))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("round_", ROUNDS)
def test_kills_lose_nothing_and_post_nothing_twice(round_, undisturbed, tmp_path):
    planned = plan(min(KILLS, len(PHASES)), len(STEPS), seed=round_)
    killed = asyncio.run(run(tmp_path, planned))

    assert killed.kills == planned, "each kill found its moment"
    assert killed.crashes == 0

    assert killed.entries == Counter(exposed())
    assert killed.articles == undisturbed.articles
    assert {state for state, *_ in killed.articles.values()} == {"read", "off_topic"}
    assert killed.statements == undisturbed.statements

    assert {post.key: ("sent", post.id, post.body) for post in killed.posts} == killed.owed
    assert len(killed.posts) == len(killed.owed), "nothing is posted twice"
    assert killed.said_twice == []
    assert killed.digests == undisturbed.digests


def exposed() -> list[str]:
    """What stood in the feeds at any step, as ``bare`` names it."""
    world = load_world()
    return [
        article_path(article) if outlet.format == "rdf" else article_guid(outlet, article)
        for outlet in world.outlets
        if outlet.format != "html"
        for article in world.shown(outlet, STEPS[-1])
    ]


def bare(guid: str) -> str:
    """A guid without the port it was served from."""
    return urlsplit(guid).path if guid.startswith("http:") else guid


# ── The terminal ─────────────────────────────────────────────────────────────────────────────────────────

FIRST, SECOND, THIRD = "The first part.", "The second part.", "The third part."
WARNING = Words("en")("terminal.repeated")


async def test_the_terminal_reprints_what_it_was_killed_over_as_perhaps_repeated_and_nothing_else(tmp_path):
    settings = Settings(database=Database(path=tmp_path / "onrecord.db"), log_level="error")
    await owe(settings.database.path, FIRST, SECOND, THIRD)

    assert shown(settings, killed_over=SECOND) == [FIRST, SECOND]
    assert shown(settings) == [WARNING, SECOND, THIRD]
    assert shown(settings) == []


async def owe(database: Path, *texts: str) -> None:
    """Make the terminal owe one delivery for each text."""
    now = STEPS[0]
    async with SqlStore.open(database) as store:
        await store.save_channel(terminal.channel("UTC"))
        subscription = await store.add_subscription(
            Subscription(
                id=0,
                channel_id=terminal.CHANNEL_ID,
                owner_id=terminal.PERSON.id,
                topic="war",
                schedule=Schedule(zone="UTC", every_hours=1),
                style="brief",
                next_at=now,
                cursor=0,
            )
        )
        bodies = tuple(blocks.dumps(Message((Text(text),))) for text in texts)
        await store.save_digest(
            Digest(subscription.id, due_at=now, next_at=STEPS[1], cursor=0, bodies=bodies, at=now)
        )


def shown(settings: Settings, *, killed_over: str = "") -> list[str]:
    """The lines that a start prints; with ``killed_over``, until it hangs showing that and is killed."""
    command = [*CHILD, settings.model_dump_json(), "terminal", killed_over]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            lines: list[str] = []
            while not killed_over or killed_over not in lines:
                line = child.stdout.readline()
                if not line:
                    break
                lines.append(line.strip())
        finally:
            if killed_over:
                child.kill()
    assert child.returncode == (-signal.SIGKILL if killed_over else 0)
    return [line for line in lines if line]
