"""What may go wrong between an owed message and the people who read it: nothing is lost, nothing shown twice.

Each test's docstring states the fault and what is expected; ``python -m benchmarks.fault_scorecard`` prints them.
"""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from bot import knowledge, pipeline, queries
from bot.knowledge.words import Words
from bot.message import blocks
from bot.model import DeliveryState, Schedule
from bot.settings import Database, Digests, Sending, Service, Settings
from bot.store.sql_store import SqlStore, StoreError
from tests.bot_until_killed import KEYED, SEARCHABLE
from tests.fakes import FaultyChat, ManualClock
from tests.faults.delivering import HOUR, NOW, Office, owe, shown, subscribe, text_of
from tests.killing import ROOT, Kill, Lives
from tests.store.invented import entry, new_story, polled, read_one, reading, said
from tests.test_kill import STEPS, exposed, run

A, B, C = "fake:a", "fake:b", "fake:c"


@pytest.fixture
async def store():
    async with SqlStore.open(":memory:") as store:
        yield store


@pytest.fixture
def clock():
    return ManualClock(NOW)


async def the_states(store: SqlStore) -> Counter[str]:
    return Counter(one.state.value for one in await store.deliveries(limit=10_000))


# ── Killed ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def killed_around_commits(tmp_path_factory: pytest.TempPathFactory):
    """The sample's three days, with the bot killed before a poll's commit and after a digest's."""
    kills = [
        Kill("save_poll committing", step=1, skipped=1, delay_s=0, whole_group=True),
        Kill("save_digest saved", step=1, skipped=0, delay_s=0, whole_group=False),
        Kill("save_digest saved", step=len(STEPS) - 2, skipped=1, delay_s=0, whole_group=True),
    ]
    outcome = asyncio.run(run(tmp_path_factory.mktemp("killed"), kills))
    assert outcome.kills == kills, "each kill found its moment"
    return outcome


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_f01_a_kill_before_a_polls_commit_loses_no_entry(killed_around_commits):
    """Kill -9 after the body was received, before the commit: polled again, each item posted once."""
    assert killed_around_commits.entries == Counter(exposed())
    assert killed_around_commits.said_twice == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_f02_a_kill_after_a_digests_commit_loses_no_message(killed_around_commits):
    """Kill -9 after the commit, before the first send: the outbox sends all after the restart, once."""
    posted = [post.key for post in killed_around_commits.posts]
    assert sorted(posted) == sorted(killed_around_commits.owed)
    assert {state for state, *_ in killed_around_commits.owed.values()} == {"sent"}


async def killed_over(folder: Path, chat: str, phase: str) -> Lives:
    """Let the real bot owe three parts to one chat, and kill it twice in the middle of sending."""
    path = folder / "onrecord.db"
    async with SqlStore.open(path) as store:
        await owe(store, await subscribe(store, f"{chat}:main"), "one", "two", "three")
    settings = Settings(database=Database(path=path), service=Service(enabled=False), log_level="error")
    steps = [NOW + n * HOUR for n in range(3)]
    kills = [Kill(phase, 0, skipped, 0, whole_group=True) for skipped in (0, 1)]
    lives = Lives(settings, steps, kills, lambda _: None)
    await lives.live()
    assert lives.kills == kills
    with closing(sqlite3.connect(path)) as stored:
        assert stored.execute("SELECT DISTINCT state FROM deliveries").fetchall() == [("sent",)]
    return lives


@pytest.mark.parametrize("phase", ["send received", "send posted"])
async def test_f03_a_kill_over_a_message_to_a_chat_that_honours_keys_posts_it_once(tmp_path, phase):
    """Kill -9 after the request was written to Discord, before the answer: same nonce, one post."""
    lives = await killed_over(tmp_path, KEYED, phase)
    posts = lives.chats[KEYED].posts
    assert [text_of(post.body) for post in posts] == ["one", "two", "three"]


@pytest.mark.parametrize("phase", ["send received", "send posted"])
async def test_f04_a_kill_over_a_message_to_a_chat_with_a_history_posts_it_once(tmp_path, phase):
    """Kill -9 after the request was written to Slack, before the answer: found in the history, one post."""
    lives = await killed_over(tmp_path, SEARCHABLE, phase)
    posts = lives.chats[SEARCHABLE].posts
    assert [text_of(post.body) for post in posts] == ["one", "two", "three"]
    assert not any(post.marked for post in posts)


# ── The platform fails ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("keyed", [True, False])
async def test_f07_an_error_after_posting_is_reconciled(store, clock, keyed):
    """The platform answers 500 but posted: looked for, or sent under the same key; one post."""
    chat = FaultyChat(clock, script=["silent"] * 3, honours_keys=keyed, can_find=not keyed)
    await owe(store, await subscribe(store, A), "one", "two")
    await Office(store, clock, chat).settle(hours=1)
    assert shown(chat) == ["one", "two"]
    assert await the_states(store) == {"sent": 2}


async def test_f08_a_rate_limit_of_one_channel_waits_and_keeps_the_order(store, clock):
    """The platform answers 429 for a route: that channel waits as told, in order; the others go on."""
    chat = FaultyChat(clock, script=["busy"])
    await owe(store, await subscribe(store, A), "a1", "a2")
    await owe(store, await subscribe(store, B), "b1")
    office = Office(store, clock, chat)
    assert await office.deliver() == 1
    await clock.advance(29)
    assert await office.deliver() == 0
    await clock.advance(1)
    assert await office.deliver() == 2
    assert shown(chat, A) == ["a1", "a2"]
    assert len(chat.calls) == 4


async def test_f08_a_global_rate_limit_stops_all_channels_of_that_chat_and_no_other(store, clock):
    """The platform answers 429 for everything: nothing is asked of it until then; other platforms go on."""
    orders = [await subscribe(store, channel) for channel in (A, B, C, "other:d")]
    for order in orders:
        await owe(store, order, f"{order.channel_id} 1", f"{order.channel_id} 2")
    chat, other = FaultyChat(clock, script=["flood"] * 3), FaultyChat(clock, "other")
    office = Office(store, clock, chat, other)
    assert await office.deliver() == 2
    assert len(chat.calls) <= 3, "those under way, and none after them"
    assert shown(other) == ["other:d 1", "other:d 2"]
    asked = len(chat.calls)
    await clock.advance(29)
    assert await office.deliver() == 0
    assert len(chat.calls) == asked
    await clock.advance(1)
    assert await office.deliver() == 6
    for channel in (A, B, C):
        assert shown(chat, channel) == [f"{channel} 1", f"{channel} 2"]


WHOLE_DAY = Digests(stories=20, statements=50)


def tools_of(
    store: SqlStore, clock: ManualClock, digests: Digests = WHOLE_DAY, **sending: object
) -> pipeline.Tools:
    """What composing works with; nothing here polls or reads."""
    return pipeline.Tools(
        store=store,
        fetcher=None,
        parser=None,
        pages=None,
        reader=None,
        knowledge=knowledge.load(),
        words=Words("en"),
        settings=Settings(digests=digests, delivery=Sending(burst=100, **sending)),
        clock=clock,
    )


async def compose_due(tools: pipeline.Tools) -> int:
    return sum(
        [
            await pipeline.compose_digest(order, tools)
            for order in await tools.store.due_subscriptions(tools.clock.now())
        ]
    )


async def a_day_of_news(store: SqlStore, clock: ManualClock, hours: int, during) -> None:
    """One article an hour with a statement of its own; ``during`` runs each hour."""
    for hour in range(hours):
        await read_one(store, f"n{hour}", said(f"Invented words number {hour} of the day"), at=clock.now(),
                       placement=new_story(), title=f"Envoys meet for the {hour}th time")  # fmt: skip
        await during()
        await clock.advance(3600)


@pytest.mark.parametrize(("merge", "digests"), [(60, 1), (0, 6)])
async def test_f09_a_backlog_of_hours_is_kept_and_drained_oldest_first(store, clock, merge, digests):
    """The platform is down for 6 h: the backlog is kept; stale digests come as one (setting), none is lost."""
    await subscribe(store, A)
    order = await subscribe(store, B, schedule=Schedule("UTC", every_hours=24), next_at=NOW + 48 * HOUR)
    await owe(store, order, "b before it all")
    tools = tools_of(store, clock, merge_after_minutes=merge)
    chat = FaultyChat(clock, refuses=lambda _: "down")
    office = Office(store, clock, chat, sending=tools.settings.delivery)

    async def an_hour() -> None:
        await compose_due(tools)
        await office.deliver()

    await a_day_of_news(store, clock, 6, an_hour)
    assert chat.shown() == []
    chat._refuses = lambda _: ""
    await office.settle(hours=1)
    posts = shown(chat, A)
    assert len(posts) == digests
    said_once = " ".join(quoted(post.body) for post in chat.shown(A))
    assert [said_once.count(f"number {hour} of") for hour in range(6)] == [1] * 6
    assert ("Catching up: this also covers 5 earlier digests" in posts[0]) is (digests == 1)
    if merge == 0:
        assert [f"number {hour} of" in quoted(post.body) for hour, post in enumerate(chat.shown(A))] == [
            True
        ] * 6
    assert shown(chat, B) == ["b before it all"]
    assert await the_states(store) == {"sent": digests + 1} | ({"merged": 5} if digests == 1 else {})


async def test_f09_too_many_waiting_messages_are_merged_at_once(store, clock):
    """A channel that takes nothing owes ever more messages: from a number on they become one, however young."""
    for topic in ("war", "talks"):
        await subscribe(store, A, topic=topic)
    tools = tools_of(store, clock, merge_after_minutes=7 * 24 * 60, most_waiting=6)

    async def an_hour() -> None:
        await compose_due(tools)

    await a_day_of_news(store, clock, 12, an_hour)
    states = await the_states(store)
    assert 2 <= states["pending"] <= 6
    assert states["merged"] == 24 - states["pending"]
    chat = FaultyChat(clock)
    await Office(store, clock, chat, sending=tools.settings.delivery).deliver()
    said_once = " ".join(quoted(post.body) for post in chat.shown(A))
    assert [said_once.count(f"number {hour} of") for hour in range(12)] == [2] * 12, "once for each topic"


def quoted(body: str) -> str:
    """The words of a message's quotations."""
    return " ".join(
        piece.text for block in blocks.loads(body).blocks for piece in getattr(block, "pieces", ())
    )


async def test_f10_a_lost_channel_pauses_alone_and_its_owner_is_told_once(store, clock):
    """A channel is deleted, or the bot removed: only it pauses, its owner is told once, it can be regained."""
    for channel, owner in ((A, "fake:anna"), (B, "fake:boris")):
        await owe(store, await subscribe(store, channel, owner), f"{channel} 1", f"{channel} 2")
    chat = FaultyChat(clock, refuses=lambda one: "gone" if one.channel_id == A else "")
    office = Office(store, clock, chat)
    await office.settle(hours=3)
    assert shown(chat, B) == [f"{B} 1", f"{B} 2"]
    assert sum(call.channel_id == A for call in chat.calls) == 1, "a lost channel is left alone"
    (told,) = shown(chat, "fake:@anna")
    assert "a takes no more messages from me: unknown channel" in told
    assert "subscription resume" in told
    assert shown(chat, "fake:@boris") == []
    (lost,) = await store.lost_channels()
    assert (lost.id, lost.reason, lost.waiting) == (A, "unknown channel", 2)
    assert [order.channel_id for order in await store.due_subscriptions(clock.now())] == [B]

    chat._refuses = lambda _: ""
    assert await store.regain_channel(A)
    await office.deliver()
    assert shown(chat, A) == [f"{A} 1", f"{A} 2"]
    assert len(shown(chat, "fake:@anna")) == 1
    assert len(await store.due_subscriptions(clock.now())) == 2


async def test_f11_a_refused_message_degrades_to_plain_text_then_is_given_up_aloud(store, clock):
    """The message is refused (too long, a bad embed): plain text once, then dead with its reason; no block."""
    order = await subscribe(store, A, "fake:anna")
    await owe(store, order, "mended by plain text", "never taken", "last")

    def refuses(one) -> str:
        never = "never taken" in one.body and one.channel_id == A
        return "refused" if never or (one.part == 0 and not one.plain and one.channel_id == A) else ""

    chat = FaultyChat(clock, refuses=refuses)
    await Office(store, clock, chat).settle(hours=1)
    assert shown(chat, A) == ["mended by plain text", "last"]
    (dead,) = await store.deliveries(DeliveryState.DEAD)
    assert (dead.part, dead.reason, dead.attempts) == (1, "the message is too long", 2)
    (told,) = shown(chat, "fake:@anna")
    assert "the message is too long" in told
    assert f"onrecord outbox retry {dead.id}" in told


async def test_f11_what_was_given_up_can_be_sent_again(store, clock):
    """A given-up message is owed again once the cause is mended, and sent once."""
    await owe(store, await subscribe(store, A), "one")
    chat = FaultyChat(clock, script=["refused", "refused"])
    office = Office(store, clock, chat)
    await office.deliver()
    assert await store.retry([1, 99]) == 1
    assert await office.deliver() == 1
    assert shown(chat) == ["one"]
    assert await store.retry([1]) == 0


# ── The disk fails ───────────────────────────────────────────────────────────────────────────────────────

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""


@pytest.mark.slow
async def test_f12_a_database_locked_by_another_process_is_waited_for(tmp_path, clock):
    """The database is locked for 10 s by another process: waited for, nothing lost, the loop not blocked."""
    path = tmp_path / "onrecord.db"
    async with SqlStore.open(path) as store:
        order = await subscribe(store, A)
        await owe(store, order, "before")
        chat = FaultyChat(clock)
        office = Office(store, clock, chat)
        with subprocess.Popen(  # noqa: ASYNC220 - it is waited for in a thread
            [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert await asyncio.to_thread(other.stdout.readline) == b"held\n"
            sending = asyncio.create_task(office.deliver())
            owing = asyncio.create_task(owe(store, order, "while locked", due_at=NOW + HOUR))
            beats = 0
            for _ in range(100):
                await asyncio.sleep(0.1)
                beats += 1
            assert beats == 100, "the loop goes on"
            assert not sending.done()
            assert chat.calls == [], "nothing is sent without a commit"
            assert len(await store.deliveries()) == 1, "reading goes on"
            other.stdin.write(b"let go\n")
            other.stdin.flush()
            await owing
            await sending
        await office.deliver()
    assert shown(chat) == ["before", "while locked"]


async def test_f13_a_full_disk_sends_nothing_and_passes_by_itself(tmp_path, clock):
    """The disk is full at a commit: no send without a commit, an alarm in words, recovery by itself."""
    async with SqlStore.open(tmp_path / "onrecord.db") as store:
        order = await subscribe(store, A)
        chat = FaultyChat(clock)
        office = Office(store, clock, chat)

        def limit(pages: int):
            return lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()

        await store._write(limit(1))
        with pytest.raises(StoreError, match="the disk is full"):
            await owe(store, order, *("invented words " * 1000 for _ in range(20)))
        assert "the disk is full" in store.fault
        assert "Free some space" in store.fault
        assert await office.deliver() == 0
        assert chat.calls == []
        assert "the disk is full" in store.fault, "to claim nothing is no sign of room"
        assert (await store.subscriptions())[0].next_at == order.next_at, "it is still due"

        await store._write(limit(100_000))
        await owe(store, order, "one", "two")
        assert store.fault == ""
        assert await office.deliver() == 2
    assert shown(chat) == ["one", "two"]


# ── Time and floods ──────────────────────────────────────────────────────────────────────────────────────


async def test_f18_after_hours_asleep_one_digest_covers_them_all(store, clock):
    """The laptop sleeps for 8 h: one catch-up digest for all due times that passed, nothing twice."""
    order = await subscribe(store, A)
    tools = tools_of(store, clock)
    chat = FaultyChat(clock)
    office = Office(store, clock, chat)

    async def asleep() -> None:
        """Articles came in, yet nobody composed."""

    await a_day_of_news(store, clock, 8, asleep)
    assert await compose_due(tools) == 1
    assert await compose_due(tools) == 0
    await office.deliver()
    (post,) = chat.shown()
    assert [quoted(post.body).count(f"number {hour} of") for hour in range(8)] == [1] * 8
    assert (await store.subscriptions())[0].next_at == clock.now() + HOUR
    assert order.next_at == NOW


async def test_f28_a_flood_of_items_is_one_digest_within_the_limits_and_the_rest_can_be_asked_for(
    store, clock
):
    """A feed publishes 500 new items at once: the channel's limits hold, one digest, none lost."""
    await subscribe(store, A)
    await polled(
        store, *(entry(f"n{n}", title=f"Envoys meet for the {n}th time") for n in range(500)), at=NOW
    )
    waiting = await store.articles_to_read(NOW, 1000)
    for n, one in enumerate(waiting):
        await store.save_reading(
            reading(one.article.id, said(f"Invented words number {n} of the flood"), at=NOW)
        )
    tools = tools_of(store, clock, Digests())
    await clock.advance(1)
    owed = await compose_due(tools)
    chat = FaultyChat(clock)
    office = Office(store, clock, chat, sending=tools.settings.delivery)
    await office.deliver()
    settings = tools.settings
    assert len(chat.shown()) == owed <= 3
    followup = await store.followup(A, queries.EVERYBODY, now=clock.now())
    words: list[str] = []
    query = followup.query
    pages = 0
    while True:
        answer = await queries.answer(query, store=store, knowledge=tools.knowledge, words=tools.words,
                                      settings=settings, now=clock.now(), zone=settings.zone)  # fmt: skip
        if not answer.found:
            break
        pages += 1
        titles = [one for one in answer.message.blocks if getattr(one, "level", 0) == 2]
        assert len(titles) <= settings.digests.stories
        words += [quoted(blocks.dumps(answer.message))]
        query = queries.next_page(answer.query, settings)
    everything = " ".join(words)
    assert [n for n in range(500) if f"number {n} of" not in everything] == []
    assert pages == 500 / settings.digests.stories


# ── Stopped ──────────────────────────────────────────────────────────────────────────────────────────────


def test_f29_told_to_stop_while_sending_it_ends_and_leaves_nothing_unrecorded(tmp_path):
    """SIGTERM during sends: it stops within its grace; what was in doubt stands in the outbox; one post."""
    path, posted = tmp_path / "onrecord.db", tmp_path / "posted"

    async def prepare() -> None:
        async with SqlStore.open(path) as store:
            await owe(store, await subscribe(store, A), "one", "two")

    asyncio.run(prepare())
    command = [sys.executable, "-m", "tests.faults.bot_until_stopped", str(path), str(posted)]
    with subprocess.Popen([*command, "hang"], cwd=ROOT, stdout=subprocess.PIPE) as bot:
        assert bot.stdout.readline() == b"posted\n"
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(timeout=60) == 0
    with closing(sqlite3.connect(path)) as stored:
        states = stored.execute("SELECT state, attempts FROM deliveries ORDER BY id").fetchall()
    assert states in ([("sending", 1), ("pending", 0)], [("unknown", 1), ("pending", 0)])
    subprocess.run([*command, "once"], cwd=ROOT, check=True)
    assert [line.split()[1] for line in posted.read_text().splitlines()] == ["one", "two"]
