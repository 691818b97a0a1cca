"""The real bot as a child that may be killed at any moment: its clock and its chats are in the parent.

Whatever matters to the parent is told in a line on standard output, and the child stands still until a line on
standard input answers it. So the parent can kill it exactly between two steps, or let it go on and kill it a
little later. Run by ``tests/killing.py``; ``terminal`` below by the terminal's part of ``tests/test_kill.py``.
"""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, event

from bot.app import App
from bot.cli import logs
from bot.knowledge.words import Words
from bot.model import Delivery
from bot.platforms.terminal import TerminalPlatform
from bot.ports import CannotTell
from bot.settings import Settings

SEARCHABLE = "searchable"
"""A chat whose history can be read, but which shows a message again that is sent again (as Slack)."""
KEYED = "keyed"
"""A chat whose history cannot be read, but which takes a message with a known key only once (as Discord)."""

WATCHED = frozenset({"save_poll", "save_reading", "save_unread", "save_digest", "claim", "settle"})
"""The writes a kill may fall before or after."""


class Parent:
    """The line to the parent, and the clock: every answer brings the time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._now = datetime.min.replace(tzinfo=UTC)

    def tell(self, what: str, **details: Any) -> Any:
        """Stand still, with the whole thread, until the parent has answered; return what it says."""
        with self._turn:
            sys.stdout.write(json.dumps({"what": what, **details}) + "\n")
            sys.stdout.flush()
            answer = json.loads(sys.stdin.readline())
            self._now = datetime.fromisoformat(answer["now"])
        return answer["value"]

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class ParentsChat:
    """A chat whose server side is the parent."""

    def __init__(self, name: str, parent: Parent) -> None:
        self.name = name
        self._parent = parent

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:
        return self._parent.tell(
            "send", chat=self.name, key=delivery.key, body=delivery.body, marked=may_be_repeated
        )

    async def find(self, delivery: Delivery) -> str | None:
        if self.name == KEYED:
            raise CannotTell(delivery.key)
        return self._parent.tell("find", chat=self.name, key=delivery.key)


class WatchedStore:
    """The store, telling before each commit which writes are under way, and after it which one is saved."""

    def __init__(self, store: Any, parent: Parent) -> None:
        self._store = store
        self._parent = parent
        self._under_way: list[str] = []
        event.listen(Engine, "commit", self._committing)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return self._watched(name, method) if name in WATCHED else method

    def _watched(self, name: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def write(*args: Any, **kwargs: Any) -> Any:
            self._under_way.append(name)
            try:
                result = await method(*args, **kwargs)
            finally:
                self._under_way.remove(name)
            if result or name != "claim":  # most claims find nothing
                self._parent.tell("moment", names=[f"{name} saved"])
            return result

        return write

    def _committing(self, connection: Connection) -> None:
        # Readers end their transactions with a commit, too.
        if threading.current_thread().name.startswith("store-writer"):
            self._parent.tell("moment", names=[f"{name} committing" for name in set(self._under_way)])


async def run(settings: Settings) -> None:
    """Do what is due at the parent's time until it says that it is over."""
    parent = Parent()
    parent.tell("moment", names=["starting"])
    chats = [ParentsChat(SEARCHABLE, parent), ParentsChat(KEYED, parent)]
    async with App.build(settings, clock=parent, platforms=chats) as built:
        app = replace(built, tools=replace(built.tools, store=WatchedStore(built.tools.store, parent)))
        goes_on = True
        while goes_on:
            while await do_what_is_due(app):
                pass
            goes_on = parent.tell("idle", crashes=app.polls.crashes + app.readings.crashes)


async def do_what_is_due(app: App) -> int:
    polled = await app.poll_due()
    read = await app.read_waiting()
    owed = await app.compose_due()
    return polled + read + owed + await app.deliver_due()


# ── The terminal ─────────────────────────────────────────────────────────────────────────────────────────


class Stuck(io.StringIO):
    """A stream that shows what it is given, and does not come back from showing certain words."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def flush(self) -> None:
        sys.stdout.write(self.getvalue())
        sys.stdout.flush()
        while self._words in self.getvalue():
            signal.pause()
        self.seek(0)
        self.truncate()


async def terminal(settings: Settings, stuck_at: str) -> None:
    """Print on standard output what the terminal is owed; hang while these words are shown, if any."""
    platform = TerminalPlatform(Words("en"), Stuck(stuck_at) if stuck_at else None, width=100)
    async with App.build(settings, platforms=[platform]) as app:
        await app.deliver_due()


def main() -> None:
    """Run as told: settings as JSON, then, for the terminal, ``terminal`` and the words to hang at."""
    settings = Settings.model_validate_json(sys.argv[1])
    logs.configure(settings)
    asyncio.run(terminal(settings, sys.argv[3]) if sys.argv[2:] else run(settings))
