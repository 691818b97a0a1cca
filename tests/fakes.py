"""Small fakes that several rooms' tests share; each is a class one can read, passed in by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from bot.intake.feeds import parse as parse_feed
from bot.model import Delivery, FeedData, Validators
from bot.ports import CannotTell, Fetched, InDoubt, NotSent, Refused, WorkerLost


class ManualClock:
    """A clock that stands still until ``advance`` moves it; sleepers wake in order as their time comes."""

    def __init__(self, start: datetime = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._sleepers.append((self._now + timedelta(seconds=seconds), woken))
        if seconds <= 0:
            await self.advance(0)
        await woken.wait()

    async def advance(self, seconds: float) -> None:
        """Let so much time pass, waking each sleeper at its instant and letting it run on."""
        end = self._now + timedelta(seconds=seconds)
        while due := [sleeper for sleeper in self._sleepers if sleeper[0] <= end]:
            first = min(due, key=lambda sleeper: sleeper[0])
            self._sleepers.remove(first)
            self._now = max(self._now, first[0])
            first[1].set()
            for _ in range(5):  # what wakes up may wake others, or go to sleep again
                await asyncio.sleep(0)
        self._now = max(self._now, end)


class FakeChat:
    """A chat that keeps what it was sent, honours idempotency keys, and fails as its script says.

    ``script`` holds one outcome per call: ``ok``, ``lost`` (raises ``InDoubt``, nothing posted), ``silent``
    (posted, but raises ``InDoubt``), ``busy`` (``NotSent``), ``refused`` (``Refused``) or ``bug``.
    """

    def __init__(self, name: str = "fake", *, script: Iterable[str] = (), can_find: bool = True) -> None:
        self.name = name
        self.posted: dict[str, str] = {}
        self.calls: list[tuple[str, bool]] = []
        self._script = list(script)
        self._can_find = can_find

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:
        self.calls.append((delivery.key, may_be_repeated))
        outcome = self._script.pop(0) if self._script else "ok"
        if outcome in ("ok", "silent"):
            self.posted.setdefault(delivery.key, delivery.body)
        errors: dict[str, Exception] = {
            "lost": InDoubt("timed out"),
            "silent": InDoubt("timed out"),
            "busy": NotSent("slow down", retry_after=timedelta(seconds=30)),
            "refused": Refused("too long"),
            "bug": RuntimeError("a bug in the adapter"),
        }
        if outcome in errors:
            raise errors[outcome]
        return f"message-{delivery.key}"

    async def find(self, delivery: Delivery) -> str | None:
        if not self._can_find:
            raise CannotTell(delivery.key)
        return f"message-{delivery.key}" if delivery.key in self.posted else None


class StandingFetcher:
    """A network that holds exactly these pages: address → body or failure; every request is written down."""

    def __init__(self, pages: dict[str, bytes | Fetched]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    async def fetch(self, url: str, *, validators: Validators | None = None, page: bool = False) -> Fetched:
        del validators, page  # every page is fetched whole
        self.asked.append(url)
        found = self.pages.get(url)
        if isinstance(found, Fetched):
            return found
        if found is None:
            return Fetched("failed", url, cause="the host does not exist", next_step="Check the address.")
        return Fetched("ok", url, status=200, body=found, content_type="application/xml")


class HereAndNow:
    """Parses feeds in this very process; a body that says "hang" loses its worker."""

    async def parse_feed(self, body: bytes, *, url: str, content_type: str) -> FeedData:
        if body == b"hang":
            raise WorkerLost("the worker exceeded its deadline")
        return parse_feed(body, url=url, content_type=content_type)
