"""The wiring room: settings → built parts → start, stop. Only this module knows every part."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from bot import knowledge as knowledge_files
from bot import outbox, pipeline
from bot.commands.handlers import Desk
from bot.intake.fetch import HttpFetcher
from bot.knowledge import Knowledge
from bot.knowledge.words import Words
from bot.model import Feed
from bot.ports import ArticleToRead, Clock, Platform
from bot.runtime.clock import SystemClock
from bot.runtime.crew import Crew
from bot.runtime.health import Health, Metrics
from bot.runtime.timers import Ticker
from bot.runtime.workers import Workers
from bot.settings import Settings
from bot.store.sql_store import SqlStore

_log = structlog.get_logger(__name__)

_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class App:
    """The built bot: ask it to do what is due, or let it run."""

    settings: Settings
    tools: pipeline.Tools
    platforms: Mapping[str, Platform]
    metrics: Metrics
    polls: Crew
    readings: Crew

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
    ) -> AsyncIterator[App]:
        """Build and join all parts; leaving the context stops them in reverse order.

        What a killed run left in the middle of sending is marked as doubtful before anything else happens.
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
            )
            polls = Crew("poll", settings.polling.concurrency)
            readings = Crew("read", settings.reading.workers + settings.reading.parse_workers + 1)
            stack.push_async_callback(polls.stop)
            stack.push_async_callback(readings.stop)
            doubtful = await store.recover(clock.now())
            if doubtful:
                _log.warning("deliveries in doubt after an interrupted run", count=doubtful)
            connected = {platform.name: platform for platform in platforms}
            yield cls(settings, tools, connected, metrics, polls, readings)

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
        """Compose the digest of every subscription that is due; return how many deliveries they owe."""
        owed = 0
        for subscription in await self.tools.store.due_subscriptions(self.tools.clock.now()):
            owed += await pipeline.compose_digest(subscription, self.tools)
        return owed

    async def deliver_due(self) -> int:
        """Send what is owed; return how many messages were sent."""
        return await outbox.deliver_due(self.tools.store, self.platforms, self.tools.clock)

    # ── What is due, in the background ───────────────────────────────────────────────────────────────────

    async def start_polls(self, on_done: Callable[[Feed], None] | None = None) -> int:
        """Start polling the due feeds that are not being polled already; return how many were started."""

        async def poll(feed: Feed) -> None:
            self.metrics.polled(await pipeline.poll_feed(feed, self.tools))
            if on_done:
                on_done(feed)

        due = await self.tools.store.due_feeds(self.tools.clock.now(), _AT_A_TIME)
        return sum(self.polls.submit(feed.id, lambda feed=feed: poll(feed)) for feed in due)  # type: ignore[misc]

    async def start_readings(self, on_done: Callable[[ArticleToRead], None] | None = None) -> int:
        """Start reading the waiting articles that are not being read already; return how many."""

        async def read(waiting: ArticleToRead) -> None:
            self.metrics.read(await pipeline.read_article(waiting, self.tools))
            if on_done:
                on_done(waiting)

        waiting = await self.tools.store.articles_to_read(self.tools.clock.now(), _AT_A_TIME)
        return sum(self.readings.submit(one.article.id, lambda one=one: read(one)) for one in waiting)  # type: ignore[misc]

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
                await stack.enter_async_context(Health(self.settings.service, self.metrics, checks))
            ticks = (self.start_polls, self.start_readings, self.compose_due, self.deliver_due, self._count)
            await stack.enter_async_context(Ticker(self.settings.tick_seconds, ticks, self.metrics))
            yield

    async def _check_database(self) -> str:
        await self.tools.store.last_serial()
        return ""

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
