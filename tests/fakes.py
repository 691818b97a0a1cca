"""Small fakes that several rooms' tests share; each is a class one can read, passed in by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.intake.autodiscovery import find
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

    async def find_feeds(self, body: bytes, *, url: str, content_type: str) -> tuple[tuple[str, str], ...]:
        return find(body, url=url, content_type=content_type)


@dataclass(frozen=True, slots=True)
class Posted:
    """What a ``FaultyChat`` shows from some instant on."""

    id: str
    channel_id: str
    key: str
    body: str
    marked: bool
    """It says that it may be repeated."""
    seen_at: datetime


class FaultyChat:
    """A chat whose server loses, hides, delays and refuses, as its script says; one outcome for each request.

    | outcome | what is posted | what the adapter raises |
    |---|---|---|
    | ``ok`` | it | |
    | ``lost``, ``bug`` | nothing | ``InDoubt``, an error of its own |
    | ``silent``, ``bug posted`` | it | ``InDoubt``, an error of its own |
    | ``late`` | it, some seconds later | ``InDoubt`` |
    | ``busy``, ``flood`` | nothing | ``NotSent`` after 30 s, for this channel or all |
    | ``down`` | nothing | ``NotSent`` |
    | ``refused``, ``gone`` | nothing | ``Refused`` for the message, for the channel |

    ``refuses`` says of which messages the server takes none, whatever the script; ``looks`` scripts ``find``:
    ``ok``, ``blind`` (``InDoubt``) or ``bug``.
    """

    LATE_S = 5

    def __init__(
        self,
        clock: ManualClock,
        name: str = "fake",
        *,
        script: Iterable[str] = (),
        looks: Iterable[str] = (),
        honours_keys: bool = False,
        can_find: bool = True,
        refuses: Callable[[Delivery], str] = lambda _: "",
    ) -> None:
        self.name = name
        self.posts: list[Posted] = []
        self.calls: list[Delivery] = []
        self.script = list(script)
        self.looks = list(looks)
        self._clock = clock
        self._honours_keys = honours_keys
        self._can_find = can_find
        self._refuses = refuses

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:
        self.calls.append(delivery)
        await asyncio.sleep(0)
        outcome = self._refuses(delivery) or (self.script.pop(0) if self.script else "ok")
        if outcome in ("ok", "silent", "late", "bug posted"):
            message_id = self._post(delivery, self.LATE_S if outcome == "late" else 0, marked=may_be_repeated)
            if outcome == "ok":
                return message_id
        raise {
            "busy": NotSent("slow down", timedelta(seconds=30)),
            "flood": NotSent("slow down, all of you", timedelta(seconds=30), everywhere=True),
            "down": NotSent("connection refused"),
            "refused": Refused("the message is too long"),
            "gone": Refused("unknown channel", "destination gone"),
            "bug": RuntimeError("a bug in the adapter"),
            "bug posted": RuntimeError("a bug in the adapter"),
        }.get(outcome, InDoubt("no answer"))

    def _post(self, delivery: Delivery, delay_s: float, *, marked: bool) -> str:
        known = next((post for post in self.posts if post.key == delivery.key), None)
        if known is not None and self._honours_keys:
            return known.id
        seen_at = self._clock.now() + timedelta(seconds=delay_s)
        message_id = f"message {len(self.posts) + 1}"
        post = Posted(message_id, delivery.channel_id, delivery.key, delivery.body, marked, seen_at)
        self.posts.append(post)
        return message_id

    async def find(self, delivery: Delivery) -> str | None:
        if not self._can_find:
            raise CannotTell(delivery.key)
        look = self.looks.pop(0) if self.looks else "ok"
        if look == "blind":
            raise InDoubt("the history cannot be read now")
        if look == "bug":
            raise RuntimeError("a bug in the adapter")
        seen = (post for post in self.posts if post.seen_at <= self._clock.now())
        return next((post.id for post in seen if post.key == delivery.key), None)

    def shown(self, channel_id: str = "") -> list[Posted]:
        """What can be seen by now, of one channel or all, in order."""
        posts = [post for post in self.posts if channel_id in ("", post.channel_id)]
        return sorted(
            (post for post in posts if post.seen_at <= self._clock.now()), key=lambda one: one.seen_at
        )
