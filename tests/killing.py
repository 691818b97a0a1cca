"""Kill the bot at chosen moments and start it again, until its clock has been through all its steps.

The parent's side of ``tests/bot_until_killed.py``: it keeps the clock and the chats' servers, answers the child
line by line, and strikes where the plan says. For ``tests/test_kill.py`` and ``benchmarks/kill_replay.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from bot.message import blocks
from bot.message.blocks import Quotation
from bot.settings import Settings
from tests.bot_until_killed import KEYED, SEARCHABLE

ROOT = Path(__file__).parents[1]
CHILD = (sys.executable, "-c", "from tests.bot_until_killed import main; main()")
"""Not ``-m``: worker processes would import the module that the child was started with."""
ORPHANS_END_S = 60
"""How long a worker process may outlive the bot; never reached when all is well."""
_LONGEST_LINE = 2**22

BURST = 4
"""So many kills follow each other closely: a life that is short need not start its workers."""

PHASES = {
    "starting": "while starting",
    "save_poll committing": "before a poll is saved",
    "save_poll saved": "after a poll is saved",
    "save_reading committing": "before a reading is saved",
    "save_reading saved": "after a reading is saved",
    "save_digest committing": "before a digest is saved",
    "save_digest saved": "after a digest is saved",
    "claim saved": "claimed, not yet sent",
    "send received": "sent, not yet posted",
    "send posted": "posted, not yet answered",
    "settle committing": "answered, not yet saved",
    "settle saved": "after its outcome is saved",
    "anywhere": "at any other moment",
}
"""What a kill can fall on, in the order an article lives them, and how a table says it.

"Committing" names every write that is under way: the commit at hand may be that of a neighbour before it.
"""

_LONGEST_DELAY_S = {"starting": 0.4, "anywhere": 2.0}
"""Kills that come a random while later than their moment; all others come exactly there."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill to come: from this step of the clock on, at the first moment of its phase but ``skipped``."""

    phase: str
    step: int
    skipped: int
    delay_s: float
    whole_group: bool
    """Else only the bot itself is killed, and its workers must find that out and end."""


def plan(kills: int, steps: int, seed: int) -> list[Kill]:
    """So many kills, each phase in its turn, in bursts that are spread over the first three quarters of the steps.

    In a burst each kill comes as soon as the bot, started again, gets to its moment.
    """
    dice = random.Random(seed)
    phases = list(PHASES)
    first = dice.randrange(len(phases))
    bursts = -(-kills // BURST)
    return [
        Kill(
            phase := phases[(first + number) % len(phases)],
            # To be killed while starting it must have been killed before: that kill just follows the last.
            step=0 if phase == "starting" else (number // BURST) * steps * 3 // 4 // bursts,
            skipped=_skipped(phase, dice),
            delay_s=dice.uniform(0, _LONGEST_DELAY_S.get(phase, 0)),
            whole_group=dice.random() < 0.5,
        )
        for number in range(kills)
    ]


def _skipped(phase: str, dice: random.Random) -> int:
    """How many moments to let pass; before commits an odd number: a fact saved in two would be cut in half."""
    if phase == "starting":
        return 0
    return dice.choice((1, 3)) if phase.endswith("committing") else dice.randrange(3)


@dataclass(frozen=True, slots=True)
class Post:
    """What a chat shows."""

    id: str
    key: str
    body: str
    marked: bool
    """It says that it may be repeated."""


class Server:
    """A chat's server; it outlives the bot."""

    def __init__(self, *, honours_keys: bool) -> None:
        self.posts: list[Post] = []
        self.calls = 0
        self._honours_keys = honours_keys

    def send(self, key: str, body: str, *, marked: bool) -> str:
        self.calls += 1
        if self._honours_keys and (known := self.find(key)):
            return known
        self.posts.append(Post(f"message {len(self.posts) + 1}", key, body, marked))
        return self.posts[-1].id

    def find(self, key: str) -> str | None:
        return next((post.id for post in self.posts if post.key == key), None)


class Lives:
    """The bot's lives, one after the other, on one database and through the steps of one clock.

    ``set_clock`` moves the feeds' clock along with the bot's. Afterwards ``kills`` holds those that struck, in
    order, and ``crashes`` how many of the bot's jobs raised.
    """

    def __init__(
        self,
        settings: Settings,
        steps: Sequence[datetime],
        kills: Sequence[Kill],
        set_clock: Callable[[datetime], None],
    ) -> None:
        self.kills: list[Kill] = []
        self.crashes = 0
        self.chats = {SEARCHABLE: Server(honours_keys=False), KEYED: Server(honours_keys=True)}
        self._settings = settings.model_dump_json()
        self._steps = steps
        self._step = 0
        self._to_come = list(kills)
        self._skipped = 0
        self._set_clock = set_clock
        self._strike: asyncio.Task[None] | None = None
        """The delayed kill that awaits the present life."""

    async def live(self) -> None:
        """Start, kill and start again until the last step is done and the bot has ended by itself."""
        self._set_clock(self._steps[0])
        status = None
        while status != 0:
            status = await self._one_life()
            assert status in (0, -signal.SIGKILL), f"the bot ended by itself with status {status}"

    async def _one_life(self) -> int:
        child = await asyncio.create_subprocess_exec(
            *CHILD,
            self._settings,
            stdin=PIPE,
            stdout=PIPE,
            cwd=ROOT,
            start_new_session=True,
            limit=_LONGEST_LINE,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        self._strike = None
        try:
            # What a killed child said last is heard all the same: it was on its way.
            while (line := await child.stdout.readline()).endswith(b"\n"):
                answer = await self._answer(json.loads(line), child)
                if answer is None:
                    break
                with suppress(ConnectionError):
                    child.stdin.write(json.dumps(answer).encode() + b"\n")
                    await child.stdin.drain()
            status = await child.wait()
            await no_process_of(child.pid)
        finally:
            if self._strike is not None:
                self._strike.cancel()
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.stdin.close()
        return status

    async def _answer(self, told: Mapping[str, Any], child: Process) -> dict[str, Any] | None:
        """What the child is to hear; None when it is dead by now."""
        value: object = None
        match told["what"]:
            case "moment":
                if self._strikes(told["names"], child):
                    return None
            case "send":
                if self._strikes(["send received"], child):
                    return None
                value = self.chats[told["chat"]].send(told["key"], told["body"], marked=told["marked"])
                if self._strikes(["send posted"], child):
                    return None
            case "find":
                value = self.chats[told["chat"]].find(told["key"])
            case "idle":
                self.crashes += told["crashes"]
                value = self._step + 1 < len(self._steps)
                if not value and self._strike is not None:
                    await self._strike
                    return None
                if value:
                    self._step += 1
                    self._set_clock(self._steps[self._step])
        return {"now": self._steps[self._step].isoformat(), "value": value}

    def _strikes(self, moments: Sequence[str], child: Process) -> bool:
        """Tell whether the child was killed at these moments; a delayed kill strikes later, by itself."""
        if not self._to_come or self._strike is not None or self._step < self._to_come[0].step:
            return False
        kill = self._to_come[0]
        if kill.phase not in (*moments, "anywhere"):
            return False
        if self._skipped < kill.skipped:
            self._skipped += 1
            return False
        self._to_come.pop(0)
        self._skipped = 0
        if kill.delay_s:
            self._strike = asyncio.create_task(self._kill_later(kill, child.pid))
            return False
        self._kill(kill, child.pid)
        return True

    async def _kill_later(self, kill: Kill, child_id: int) -> None:
        await asyncio.sleep(kill.delay_s)
        self._kill(kill, child_id)

    def _kill(self, kill: Kill, child_id: int) -> None:
        (os.killpg if kill.whole_group else os.kill)(child_id, signal.SIGKILL)
        self.kills.append(kill)


async def no_process_of(group: int) -> None:
    """Wait until all processes of a group have ended; raise ``TimeoutError`` naming those that have not."""
    try:
        async with asyncio.timeout(ORPHANS_END_S):
            while members(group):  # noqa: ASYNC110 - other people's processes tell no event
                await asyncio.sleep(0.05)
    except TimeoutError:
        left = [" ".join(process.cmdline()) for process in members(group)]
        raise TimeoutError(f"outlived the bot: {left}") from None


def members(group: int) -> list[psutil.Process]:
    """The processes of a group that still run."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


# ── What was posted ──────────────────────────────────────────────────────────────────────────────────────


def quotations(body: str) -> list[tuple[str, frozenset[str]]]:
    """The words of each quotation in a message, and the addresses of the articles that carry it."""
    return [
        (" ".join(piece.text for piece in block.pieces), frozenset(link.url for link in block.links))
        for block in blocks.loads(body).blocks
        if isinstance(block, Quotation)
    ]


def said_twice(stored: sqlite3.Connection, posts: Iterable[Post]) -> list[tuple[int, str, str]]:
    """The (subscription, words, address) of statements in several of its posts though their text never changed."""
    subscriptions = dict(stored.execute("SELECT key, subscription_id FROM deliveries"))
    never_changed = {url for (url,) in stored.execute("SELECT url FROM articles WHERE version < 2")}
    shown = Counter(
        once
        for post in posts
        for once in {
            (subscriptions[post.key], words, url)
            for words, urls in quotations(post.body)
            for url in urls & never_changed
        }
    )
    return [once for once, count in shown.items() if count > 1]
