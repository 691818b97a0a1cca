"""The wiring room: settings → built parts → start, stop. Only this module knows every part."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

import structlog

from bot import knowledge as knowledge_files
from bot import outbox, pipeline, polling
from bot.commands.handlers import Desk
from bot.intake.fetch import HttpFetcher
from bot.knowledge import Knowledge
from bot.knowledge.words import Words
from bot.model import Feed
from bot.ports import ArticleToRead, Clock, Platform
from bot.runtime import open_files
from bot.runtime.clock import SystemClock
from bot.runtime.clockwatch import ClockWatch
from bot.runtime.crew import Crew, Doorway
from bot.runtime.health import Health, Metrics
from bot.runtime.memory import set_aside
from bot.runtime.timers import Ticker
from bot.runtime.upkeep import Upkeep
from bot.runtime.workers import Workers
from bot.schedules import quiet_until
from bot.settings import Settings
from bot.store.sql_store import SqlStore

_log = structlog.get_logger(__name__)

_AT_A_TIME = 500
_FEW_WAIT = 250
"""Rows of what is due are read again only when no more of them wait: each look reads those under way once more."""


@runtime_checkable
class Chat(Platform, Protocol):
    """A platform that also answers people, from opening it until the context is left."""

    def open(self, desk: Desk) -> AbstractAsyncContextManager[None]:
        """Begin to connect and return at once: the bot starts while the chat is down."""
        ...

    async def check(self) -> str:
        """Why it is not ready; empty when it is."""
        ...

    async def upkeep(self) -> int:
        """Do what is to be done now and then."""
        ...


@dataclass(frozen=True, slots=True)
class App:
    """The built bot: ask it to do what is due, or let it run."""

    settings: Settings
    tools: pipeline.Tools
    platforms: Mapping[str, Platform]
    metrics: Metrics
    polls: Crew
    readings: Crew
    traffic: outbox.Traffic

    @classmethod
    @asynccontextmanager
    async def build(
        cls,
        settings: Settings,
        *,
        knowledge: Knowledge | None = None,
        clock: Clock | None = None,
        platforms: Iterable[Platform] = (),
        database: Path | str | None = None,
        alone: bool = True,
    ) -> AsyncIterator[App]:
        """Build and join all parts; leaving the context stops them in reverse order.

        What a killed run left in the middle of sending is marked as doubtful before anything else happens, unless
        we are not ``alone``: then the instance that runs may be sending it right now.
        """
        clock = clock or SystemClock()
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(SqlStore.open(database or settings.database.path))
            metrics = Metrics()
            workers = await stack.enter_async_context(Workers(settings, on_lost=metrics.worker_lost))
            fetcher = await stack.enter_async_context(HttpFetcher(settings.fetching, clock))
            tools = pipeline.Tools(
                store=store,
                fetcher=fetcher,
                parser=workers,
                pages=workers,
                reader=workers,
                knowledge=knowledge or knowledge_files.load(),
                words=Words(settings.language),
                settings=settings,
                clock=clock,
                watch=polling.Watch(settings.polling.concurrency, settings.reading.parse_workers + 2),
            )
            polls = Crew("poll", open_files.most(settings.polling.connections), door=Doorway())
            readings = Crew("read", settings.reading.workers + settings.reading.parse_workers + 1)
            stack.push_async_callback(polls.stop)
            stack.push_async_callback(readings.stop)
            doubtful = await store.recover(clock.now()) if alone else 0
            if doubtful:
                _log.warning("deliveries in doubt after an interrupted run", count=doubtful)
            connected = {platform.name: platform for platform in platforms}
            traffic = outbox.Traffic(settings.delivery)
            yield cls(settings, tools, connected, metrics, polls, readings, traffic)

    def desk(self) -> Desk:
        """What the commands work with."""
        tools = self.tools
        return Desk(
            store=tools.store,
            knowledge=tools.knowledge,
            words=tools.words,
            settings=self.settings,
            clock=tools.clock,
            fetcher=tools.fetcher,
            parser=tools.parser,
            zone=self.settings.zone,
        )

    # ── What is due, once ────────────────────────────────────────────────────────────────────────────────

    async def poll_due(self, on_done: Callable[[Feed], None] | None = None) -> int:
        """Poll every feed that is due now and wait for them; return how many."""
        started = await self.start_polls(on_done)
        await self.polls.join()
        return started

    async def read_waiting(self, on_done: Callable[[ArticleToRead], None] | None = None) -> int:
        """Read every article that waits, and wait for them; return how many."""
        total = 0
        while started := await self.start_readings(on_done):
            await self.readings.join()
            total += started
        return total

    async def compose_due(self) -> int:
        """Compose the digest of every subscription that is due; return how many deliveries they owe.

        One that cannot be composed keeps no other from its digest; the first such error is raised at the end.
        """
        owed = 0
        failed: Exception | None = None
        now = self.tools.clock.now()
        for subscription in await self.tools.store.due_subscriptions(now):
            if quiet_until(subscription.schedule, now):
                continue  # it was due before them, and waits for their end like what is due in them
            try:
                owed += await pipeline.compose_digest(subscription, self.tools)
            except Exception as error:  # noqa: BLE001 - raised below, when the others have theirs
                _log.error("digest not composed", subscription=subscription.id, why=str(error))
                failed = failed or error
        if failed is not None:
            raise failed
        return owed

    async def deliver_due(self) -> int:
        """Send what is owed; return how many messages were sent."""
        return await outbox.deliver_due(self.post())

    async def tell_owners(self) -> int:
        """Owe the operator a word about each feed that has been in trouble for long; return how many."""
        return await outbox.tell_of_feeds(self.post())

    def post(self) -> outbox.Post:
        """What sending works with."""
        tools = self.tools
        return outbox.Post(
            store=tools.store,
            platforms=self.platforms,
            clock=tools.clock,
            words=tools.words,
            sending=self.settings.delivery,
            traffic=self.traffic,
        )

    # ── What is due, in the background ───────────────────────────────────────────────────────────────────

    async def start_polls(self, on_done: Callable[[Feed], None] | None = None) -> int:
        """Start polling the due feeds that are not being polled already; return how many were started."""

        async def poll(feed: Feed) -> None:
            self.metrics.polled(await polling.poll_feed(feed, self.tools))
            if on_done:
                on_done(feed)

        if self.polls.waiting > _FEW_WAIT:
            return 0
        # Those under way are still due, and stand first: without them in the count, slow ones would fill it.
        due = await self.tools.store.due_feeds(self.tools.clock.now(), self.polls.busy + _AT_A_TIME)
        return sum(self.polls.submit(feed.id, lambda feed=feed: poll(feed)) for feed in due)  # type: ignore[misc]

    async def start_readings(self, on_done: Callable[[ArticleToRead], None] | None = None) -> int:
        """Start reading the waiting articles that are not being read already; return how many."""

        async def read(waiting: ArticleToRead) -> None:
            self.metrics.read(await pipeline.read_article(waiting, self.tools))
            if on_done:
                on_done(waiting)

        if self.readings.waiting > _FEW_WAIT:
            return 0
        waiting = await self.tools.store.articles_to_read(self.tools.clock.now(), _AT_A_TIME)
        return sum(self.readings.submit(one.article.id, lambda one=one: read(one)) for one in waiting)  # type: ignore[misc]

    async def mend_times(self, now: datetime) -> int:
        """Pull back what a clock that ran ahead has put off too far; return how many rows."""
        store = self.tools.store
        return await store.mend_due_times(now) + await store.mend_times(now)

    async def _count(self) -> None:
        self.metrics.update(await self.tools.store.totals(), self.tools.clock.now())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what is due at every tick, and answer health checks, until the context is left."""
        async with AsyncExitStack() as stack:
            if self.settings.service.enabled:
                checks: dict[str, Callable[[], Awaitable[str]]] = {
                    "database": self._check_database,
                    "polling": partial(self._check_crew, self.polls),
                    "reading": partial(self._check_crew, self.readings),
                }
                checks |= {chat.name: chat.check for chat in self._chats()}
                await stack.enter_async_context(Health(self.settings.service, self.metrics, checks))
            stack.enter_context(set_aside())
            for chat in self._chats():
                await stack.enter_async_context(chat.open(self.desk()))
            tools = self.tools
            ticks = (
                self.start_polls,
                self.start_readings,
                self.compose_due,
                self.tell_owners,
                self.deliver_due,
                self._count,
                ClockWatch(tools.clock, self.mend_times).watch_clock,
                Upkeep(tools.store, self.settings.retention, tools.clock).upkeep,
                self._keep_chats_up,
            )
            await stack.enter_async_context(Ticker(self.settings.tick_seconds, ticks, self.metrics))
            yield

    def _chats(self) -> list[Chat]:
        return [platform for platform in self.platforms.values() if isinstance(platform, Chat)]

    async def _keep_chats_up(self) -> None:
        for chat in self._chats():
            await chat.upkeep()

    async def _check_database(self) -> str:
        await self.tools.store.last_serial()
        return self.tools.store.fault

    @staticmethod
    async def _check_crew(crew: Crew) -> str:
        return crew.fault


async def until_told_to_stop() -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(
            NotImplementedError
        ):  # Windows' event loop takes no signal handlers; Ctrl-C still ends it
            loop.add_signal_handler(number, stop.set)
    await stop.wait()
