# ruff: noqa: ASYNC220, ASYNC240 - a test may wait for a disk and for other processes
"""Faults of the computer the bot runs on: restarts, a second instance, clocks, disks, upgrades.

Each test is named for its fault; its docstring says what happens and what is expected. Processes are real where the
fault is theirs; clocks are the tests' own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import polling
from bot.app import App
from bot.model import Channel, Schedule, Subscription
from bot.platforms import terminal
from bot.runtime.clockwatch import ClockWatch
from bot.settings import Database, Digests, Fetching, Sending, Service, Settings
from bot.store.opening import migrate
from bot.store.sql_store import SqlStore, StoreError
from tests.fakes import FaultyChat, HereAndNow, ManualClock, StandingFetcher
from tests.faults.delivering import owe, subscribe

ROOT = Path(__file__).parents[2]
NOW = datetime(2031, 5, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEARS = timedelta(days=3652)
FEEDS = tuple(f"https://example.org/{n}.xml" for n in range(3))


class WallClock(ManualClock):
    """A clock that somebody can set, also back."""

    def set(self, at: datetime) -> None:
        self._now = at


def rss(*titles: str) -> bytes:
    items = "".join(
        f"<item><title>{title}</title><guid>{title}</guid><link>https://example.org/{title}</link></item>"
        for title in titles
    )
    return f'<rss version="2.0"><channel><title>Example Times</title>{items}</channel></rss>'.encode()


def settings_for(path: Path) -> Settings:
    return Settings(
        log_level="error",
        database=Database(path=path),
        fetching=Fetching(pages=False),
        digests=Digests(post_empty=True),
        service=Service(enabled=False),
    )


class Bot:
    """The app on a network that stands still, and a chat; ``tick`` does what a tick does."""

    def __init__(self, app: App, chat: FaultyChat, network: StandingFetcher) -> None:
        self.app = app
        self.chat = chat
        self.network = network
        self.store = app.tools.store
        self._watch = ClockWatch(app.tools.clock, app.mend_times)

    async def tick(self) -> None:
        await self._watch.watch_clock()
        await self.app.poll_due()
        await self.app.compose_due()
        await self.app.deliver_due()


@asynccontextmanager
async def bot(
    path: Path, clock: ManualClock, chat: FaultyChat, network: StandingFetcher | None = None
) -> AsyncIterator[Bot]:
    network = network or StandingFetcher({url: rss("One", "Two") for url in FEEDS})
    async with App.build(settings_for(path), clock=clock, platforms=[chat]) as built:
        yield Bot(
            replace(built, tools=replace(built.tools, fetcher=network, parser=HereAndNow())), chat, network
        )


async def prepare(path: Path, *schedules: Schedule, at: datetime = NOW) -> None:
    """Three feeds that are due, and a channel with an order for each schedule."""
    async with SqlStore.open(path) as store:
        for url in FEEDS:
            await store.add_feed(url, "Example Times", now=at)
        for number, schedule in enumerate(schedules):
            channel = Channel(f"fake:{number}", "fake", str(number))
            await store.save_channel(channel)
            await store.add_subscription(
                Subscription(
                    0, channel.id, "", "war", schedule, "brief", next_at=at, cursor=0, created_at=at - DAY
                )
            )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "onrecord.db"


@pytest.fixture
def clock() -> WallClock:
    return WallClock(NOW)


# ── Starting again and again ─────────────────────────────────────────────────────────────────────────────


async def test_f06_a_restart_loop_polls_nothing_early_and_posts_nothing_twice(path, clock):
    """The bot is restarted 20 times in a minute: each feed is asked once, the digest that was due comes once."""
    await prepare(path, Schedule("UTC", every_hours=1))
    chat, network = FaultyChat(clock), StandingFetcher({url: rss("One") for url in FEEDS})
    for _ in range(20):
        async with bot(path, clock, chat, network) as running:
            await running.tick()
        await clock.advance(3)
    assert Counter(network.asked) == Counter(FEEDS)
    assert len(chat.posts) == 1


# ── The disk and the file ────────────────────────────────────────────────────────────────────────────────

HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(10)
connection.execute("COMMIT")
"""


@pytest.mark.slow
async def test_f12_a_start_waits_for_another_process_that_holds_the_database(path):
    """Another process holds the database for 10 s while the bot starts: it waits, and the loop goes on."""
    await prepare(path)
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert await asyncio.to_thread(other.stdout.readline) == b"held\n"
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0.02)
                beats += 1

        beating = asyncio.create_task(beat())
        async with SqlStore.open(path) as store:
            assert other.wait() == 0, "it did not begin before it could"
            assert len(await store.feeds()) == len(FEEDS)
        beating.cancel()
        assert beats > 50, "the loop was not blocked"


async def test_f13_what_a_full_disk_could_not_take_is_polled_again(path, clock):
    """The disk is full when a poll is saved.

    Expected: its validators do not advance, an alarm is raised, and the next poll brings everything.
    """
    await prepare(path)
    async with bot(path, clock, FaultyChat(clock)) as running:
        store, tools = running.store, running.app.tools
        before = (await store.feeds())[0]
        many = rss(*(f"Entry {n} {'words ' * 400}" for n in range(200)))
        running.network.pages[before.url] = many

        def limit(pages: int):
            return lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()

        await store._write(limit(1))
        with pytest.raises(StoreError, match="the disk is full"):
            await polling.poll_feed(before, tools)
        assert (await store.feeds())[0] == before
        assert (await store.totals()).entries == 0
        assert "the disk is full" in await running.app._check_database()
        await store._write(limit(1_000_000))
        await polling.poll_feed(before, tools)
        assert (await store.totals()).entries == 200
        assert await running.app._check_database() == ""


@contextmanager
def configured(path: Path):
    """A settings file for the real command."""
    file = path.with_name("onrecord.toml")
    file.write_text(
        f'tick_seconds = 0.1\n[database]\npath = "{path}"\n[service]\nenabled = false\n[fetching]\npages = false\n'
    )
    yield file


def onrecord(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", "bot", *map(str, words)],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (corrupt, "the database is corrupt"),
        (lambda path: path.write_text("My notes. " * 1000), "this is no SQLite database"),
        (lambda path: path.write_bytes(path.read_bytes()[:9000]), "the database is corrupt"),
    ],
    ids=["damaged", "other file", "cut short"],
)
def test_f14_a_file_that_is_no_whole_database_is_refused_at_start(path, spoil, words):
    """The database is corrupt at start: the bot refuses in words, with the next step, and overwrites nothing."""
    migrate(path)
    spoil(path)
    before = path.read_bytes()
    with configured(path) as config:
        done = onrecord("run", "--config", config)
    assert done.returncode == 1
    assert done.stderr.startswith(f"onrecord: {path}: {words}")
    assert "Traceback" not in done.stderr
    assert path.read_bytes() == before


AS_NOBODY = """
import os, sys
from pathlib import Path
import bot.app, bot.cli.running  # all that is needed is loaded while it may be read
from bot.cli import load, run_command_line
load(Path(sys.argv[-1]))
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
sys.exit(run_command_line(sys.argv[1:]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can become a user who may not write")
@pytest.mark.parametrize("folder_too", [False, True])
def test_f14_a_database_that_may_not_be_written_is_refused_at_start(folder_too, request):
    """The database is read-only at start: the bot refuses in words and changes nothing."""
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    request.addfinalizer(lambda: shutil.rmtree(folder))
    path = folder / "onrecord.db"
    migrate(path)
    path.chmod(0o444)
    before = path.read_bytes()
    with configured(path) as config:
        folder.chmod(0o555 if folder_too else 0o777)
        done = subprocess.run(
            [sys.executable, "-B", "-c", AS_NOBODY, "run", "--config", config],
            cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if "Traceback" in done.stderr:
        pytest.skip(f"that user may not read this program: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 1
    assert done.stderr.startswith(f"onrecord: {path}: ")
    assert "Give this user the right to write" in done.stderr
    assert path.read_bytes() == before


async def test_f15_after_a_power_cut_everything_acknowledged_is_there_and_nothing_half_done(
    path, clock, tmp_path
):
    """Power fails while transactions are written: the log ends at any frame after the last sync, or in one.

    Expected: what was acknowledged is there (so nothing sent is sent again), what was not is gone whole.
    """
    frame = 24 + 4096
    copies: list[tuple[int, int]] = []
    wal = Path(f"{path}-wal")
    async with SqlStore.open(path) as store:
        order = await subscribe(store, "fake:1")
        for number in range(6):
            await owe(store, order, f"message {number}", due_at=NOW + number * HOUR)

        def noted(_) -> str:
            """Before each message the one before it counts as sent, and is on the disk."""
            copies.append((wal.stat().st_size, len(chat.posts)))
            return ""

        chat = FaultyChat(clock, refuses=noted)
        async with bot_on(store, clock, chat) as running:
            await running.app.deliver_due()
        copies.append((wal.stat().st_size, len(chat.posts)))

        def unfinished(connection) -> None:
            """A transaction whose pages reach the log before its commit does."""
            connection.exec_driver_sql("PRAGMA cache_spill=1")
            connection.exec_driver_sql("PRAGMA cache_size=1")
            connection.exec_driver_sql("UPDATE deliveries SET state = 'pending', message_id = NULL")
            for number in range(100):
                connection.exec_driver_sql(
                    "INSERT INTO spaces (id) VALUES (?)", (f"never committed {number} {'x' * 3000}",)
                )
            shutil.copyfile(path, tmp_path / "cut.db")
            shutil.copyfile(wal, tmp_path / "cut.db-whole")
            raise InterruptedError("the power is gone")

        with pytest.raises(StoreError, match="the power is gone"):
            await store._write(unfinished)
    assert [sent for _, sent in copies] == list(range(7))
    synced = copies[-1][0]
    whole = (tmp_path / "cut.db-whole").read_bytes()
    ends = range(synced, len(whole) + 1, frame)
    assert len(ends) > 50, "there are frames after the last sync"
    for end, sent in copies:
        assert await survives(tmp_path, whole[:end], chat) == sent
    for end in [*ends, *(end + 1000 for end in ends[:-1:7])]:
        assert await survives(tmp_path, whole[:end], chat) == len(chat.posts)
    calls = len(chat.calls)
    async with SqlStore.open(tmp_path / "after.db") as store, bot_on(store, clock, chat) as running:
        await store.recover(clock.now())
        await running.app.deliver_due()
    assert len(chat.calls) == calls, "nothing is sent again"


@asynccontextmanager
async def bot_on(store: SqlStore, clock: ManualClock, chat: FaultyChat) -> AsyncIterator[Bot]:
    settings = Settings(delivery=Sending(burst=100))
    async with App.build(settings, clock=clock, platforms=[chat], database=":memory:") as built:
        yield Bot(replace(built, tools=replace(built.tools, store=store)), chat, StandingFetcher({}))


async def survives(folder: Path, log: bytes, chat: FaultyChat) -> int:
    """Start on what the power cut left; return how many deliveries count as sent, after checking all else."""
    path = folder / "after.db"
    shutil.copyfile(folder / "cut.db", path)
    Path(f"{path}-shm").unlink(missing_ok=True)
    Path(f"{path}-wal").write_bytes(log)
    async with SqlStore.open(path) as store:
        sent = {one.key for one in await store.deliveries() if one.state == "sent"}
    assert sent == {post.key for post in chat.posts[: len(sent)]}, "the oldest ones"
    with closing(sqlite3.connect(path)) as stored:
        assert stored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert stored.execute("SELECT count(*) FROM spaces WHERE id LIKE 'never%'").fetchone() == (0,)
    return len(sent)


# ── Clocks ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "jump", [HOUR, -HOUR, YEARS], ids=["an hour ahead", "an hour back", "ten years ahead"]
)
async def test_f16_a_clock_that_jumps_and_comes_back_causes_neither_a_burst_nor_a_standstill(
    path, clock, jump
):
    """The clock jumps +1 h, -1 h or +10 years, and comes back after half an hour.

    Expected: afterwards feeds are polled and digests come at their usual pace; no feed and no digest twice at once.
    """
    await prepare(path, Schedule("UTC", every_hours=1), Schedule("UTC", times=("20:00",)))
    chat = FaultyChat(clock)
    counts: dict[str, Counter[str]] = {}
    async with bot(path, clock, chat) as running:

        async def ticks(name: str, minutes: int) -> None:
            """One tick a minute; never may one of them poll a feed twice, or post two digests in one channel."""
            counts[name] = Counter()
            for _ in range(minutes):
                before = len(running.network.asked), len(chat.posts)
                await running.tick()
                polled = Counter(running.network.asked[before[0] :])
                posted = Counter(post.channel_id for post in chat.posts[before[1] :])
                assert max((polled | posted).values(), default=0) <= 1, "a burst"
                counts[name] += polled + posted
                await clock.advance(60)

        await ticks("before", 4 * 60)
        clock.set(clock.now() + jump)
        await ticks("during", 30)
        clock.set(clock.now() - jump)
        await ticks("after", 32 * 60)
    for feed in FEEDS:
        assert counts["before"][feed] >= 3
        assert counts["during"][feed] <= 3
        assert counts["after"][feed] >= 28, "polling goes on"
    assert counts["before"]["fake:0"] == 4
    assert counts["during"]["fake:0"] <= 2
    assert 30 <= counts["after"]["fake:0"] <= 33, "an hourly digest goes on"
    assert (counts["during"] + counts["after"])["fake:1"] == 2, "a daily digest comes on both days"
    keys = Counter(post.key for post in chat.posts)
    assert max(keys.values()) == 1


ZONES = (
    "Europe/Kyiv", "Europe/Berlin", "Europe/London", "America/New_York", "America/Santiago", "Asia/Beirut",
    "Africa/Cairo", "Australia/Lord_Howe", "America/Nuuk", "Antarctica/Troll", "Asia/Jerusalem",
)  # fmt: skip
LOCAL_TIMES = ("00:30", "01:30", "02:30")
YEAR = 2031


def changes(zone: ZoneInfo) -> list[date]:
    """The local dates of the year on which the zone's clocks are changed."""
    days = [date(YEAR, 1, 1) + n * DAY for n in range(364)]

    def offset(day: date) -> timedelta | None:
        return datetime.combine(day, time(12), zone).utcoffset()

    return [day for before, day in pairwise(days) if offset(before) != offset(day)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ZONES)
async def test_f17_each_local_date_has_one_digest_though_the_clocks_are_changed(path, clock, name):
    """Spring and autumn, digests at 00:30, 01:30 and 02:30 in 11 zones: exactly one for each local date and time."""
    zone = ZoneInfo(name)
    dates = changes(zone)
    assert len(dates) == 2, "the zone changes its clocks"
    schedules = [Schedule(name, times=(at,)) for at in LOCAL_TIMES]
    for change in dates:
        start = datetime.combine(change - 2 * DAY, time(12), zone).astimezone(UTC)
        clock.set(start)
        file = path.with_name(f"{change}.db")
        await prepare(file, *schedules, at=start + 9999 * DAY)
        async with SqlStore.open(file) as store:
            await store.mend_times(start)  # so that each order is due at its own next time
        chat = FaultyChat(clock)
        async with bot(file, clock, chat, StandingFetcher({})) as running:
            for _ in range(4 * 24 * 4):
                await running.app.compose_due()
                await running.app.deliver_due()
                await clock.advance(15 * 60)
        wanted = [change - DAY, change, change + DAY, change + 2 * DAY]
        for number in range(len(LOCAL_TIMES)):
            posts = chat.shown(f"fake:{number}")
            assert [post.seen_at.astimezone(zone).date() for post in posts] == wanted


async def test_f18_after_eight_hours_asleep_each_feed_is_polled_once_and_spreads_again(path, clock):
    """A laptop sleeps for 8 h: one poll of each feed, one digest; the feeds' next polls do not come together."""
    await prepare(path, Schedule("UTC", every_hours=1))
    chat = FaultyChat(clock)
    async with bot(path, clock, chat) as running:
        await running.tick()
        await clock.advance(60)
        await running.tick()
        before, posts = len(running.network.asked), len(chat.posts)
        clock.set(clock.now() + 8 * HOUR)
        for _ in range(3):
            await running.tick()
            await clock.advance(5)
        assert Counter(running.network.asked[before:]) == Counter(FEEDS)
        assert len(chat.posts) == posts + 1
        feeds = await running.store.feeds()
        assert all(clock.now() < feed.next_at <= clock.now() + 2 * HOUR for feed in feeds)
        assert len({feed.next_at for feed in feeds}) == len(FEEDS)


# ── Two instances ────────────────────────────────────────────────────────────────────────────────────────


async def owed_in_terminal(path: Path, number: int) -> str:
    """Owe the terminal one message of its own; return its words."""
    words = f"Message {number}."
    async with SqlStore.open(path) as store:
        order = await store.subscriptions() or [
            await subscribe(store, terminal.CHANNEL_ID, next_at=NOW + 9999 * DAY)
        ]
        await owe(store, order[0], words, due_at=NOW + number * HOUR)
    return words


@contextmanager
def running_instance(config: Path, *flags: str):
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "--config", config, *flags],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def shows(process: subprocess.Popen[str], words: str) -> list[str]:
    """What an instance prints until a line with these words."""
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines += [line.strip()] if line.strip() else []
        if words in line:
            return lines
    pytest.fail(f"it ended without {words!r}: {process.stderr.read() if process.stderr else ''}")


@pytest.mark.slow
async def test_f19_a_second_instance_exits_or_stands_by_and_nothing_is_posted_twice(path):
    """Two instances are started.

    Expected: the second exits with a clear message, or stands by and takes over when the first is killed; each
    message is posted once; questions are answered meanwhile.
    """
    first = await owed_in_terminal(path, 1)
    with configured(path) as config, running_instance(config) as one:
        assert shows(one, first)[-1:] == [first]

        refused = await asyncio.to_thread(onrecord, "run", "--config", config)
        assert refused.returncode == 1
        assert f"another OnRecord runs on this database (process {one.pid} on " in refused.stderr
        assert "--stand-by" in refused.stderr

        with running_instance(config, "--stand-by") as two:
            assert two.stderr
            assert f"Standing by: another OnRecord runs on this database (process {one.pid} on " in (
                await asyncio.to_thread(two.stderr.readline)
            )
            second = await owed_in_terminal(path, 2)
            assert shows(one, second) == [second]
            asked = await asyncio.to_thread(onrecord, "feeds", "list", "--config", config)
            assert (asked.returncode, asked.stderr) == (0, "")

            one.kill()
            one.wait()
            third = await owed_in_terminal(path, 3)
            assert shows(two, third) == [third], "and neither of the first two again"
            two.send_signal(signal.SIGTERM)
            left, _ = await asyncio.to_thread(two.communicate)
            assert (two.returncode, left.strip()) == (0, "")
        with closing(sqlite3.connect(path)) as stored:
            sent = stored.execute(
                "SELECT state, attempts FROM deliveries WHERE subscription_id > 0"
            ).fetchall()
        assert sent == [("sent", 1)] * 3


async def test_f19_asking_beside_a_running_instance_leaves_what_it_is_sending_alone(path, clock):
    """A question is asked from the shell while the bot is sending: the message does not count as doubtful."""
    async with SqlStore.open(path) as store:
        order = await subscribe(store, "fake:1")
        await owe(store, order, "on its way")
        (claimed,) = await store.claim(NOW, 9)
        with configured(path) as config:
            asked = await asyncio.to_thread(onrecord, "feeds", "list", "--config", config)
        assert asked.returncode == 0, asked.stderr
        assert [(one.id, one.state) for one in await store.deliveries()] == [(claimed.id, "sending")]
        assert clock.now() == NOW


# ── Upgrades ─────────────────────────────────────────────────────────────────────────────────────────────

NEWER = textwrap.dedent("""
    import sys, time
    from alembic import op
    revision, down_revision, branch_labels, depends_on = "9001", HEAD, None, None

    def upgrade():
        op.execute("CREATE TABLE of_tomorrow (id INTEGER)")
        op.execute("INSERT INTO of_tomorrow SELECT id FROM feeds")
        op.execute("DROP TABLE followups")
        print("halfway", flush=True)
        if STOPS:
            time.sleep(600)
""")
UPGRADE = """
import sys
from alembic.config import Config
from bot.store import opening
config = Config()
config.set_main_option("script_location", sys.argv[1])
opening._alembic = lambda: config
print(opening.migrate(sys.argv[2]))
"""


@contextmanager
def upgrading(path: Path, head: str, *, stops: bool):
    """The next version's upgrade, in a process of its own."""
    folder = path.with_name("migrations")
    shutil.copytree(ROOT / "bot" / "store" / "migrations", folder, dirs_exist_ok=True)
    script = NEWER.replace("HEAD", repr(head)).replace("STOPS", str(stops))
    (folder / "versions" / "v9001_of_tomorrow.py").write_text(script)
    with subprocess.Popen(
        [sys.executable, "-B", "-c", UPGRADE, folder, path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "halfway\n"
        yield process


def contents(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as stored:
        schema = stored.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        return [
            *schema,
            *stored.execute("SELECT * FROM feeds"),
            *stored.execute("SELECT * FROM subscriptions"),
        ]


async def test_f30_an_upgrade_killed_half_way_changes_nothing_and_can_be_done_again(path):
    """A migration is killed half-way; later, code that is older than the database is started.

    Expected: the database is as before, schedules included, and the upgrade can be repeated; the older code refuses
    the newer database in words and leaves it alone.
    """
    await prepare(path, Schedule("Europe/Kyiv", times=("08:00",), quiet="22:00-07:00"))
    head = migrate(path)[1]
    before = contents(path)

    with upgrading(path, head, stops=True) as process:
        process.kill()
    assert contents(path) == before
    assert migrate(path) == (head, head)
    async with SqlStore.open(path) as store:
        assert len(await store.due_subscriptions(NOW)) == 1

    with upgrading(path, head, stops=False) as process:
        assert process.communicate()[0] == f"{(head, '9001')}\n"
    after = path.read_bytes()
    with configured(path) as config:
        for words in (("run",), ("feeds", "list"), ("migrate",)):
            done = onrecord(*words, "--config", config)
            assert done.returncode == 1
            assert "a newer version of OnRecord made this database (revision 9001)" in done.stderr
            assert "Install that version or a later one; nothing was changed." in done.stderr
    assert path.read_bytes() == after


async def test_f30_an_older_instance_that_still_runs_keeps_the_tables_it_knows(path):
    """New code is started beside an old instance that still runs: it refuses to change the tables under it."""
    migrate(path)
    with closing(sqlite3.connect(path)) as stored, stored:
        stored.execute("UPDATE alembic_version SET version_num = '0001'")
    before = contents(path)
    with configured(path) as config, holding(path):
        for words in (("feeds", "list"), ("check",), ("migrate",)):
            done = await asyncio.to_thread(onrecord, *words, "--config", config)
            assert done.returncode == 1
            assert "runs on it" in " ".join((done.stdout + done.stderr).split())
    assert contents(path) == before


@contextmanager
def holding(path: Path):
    """Another process that holds the instance's lock."""
    script = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path; from bot.store.lock import held\n"
        "with held(Path(sys.argv[1]), datetime.now(UTC), next_step=''): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        yield
        process.kill()
