"""The tick: every few seconds someone asks "what is due?". What is due, and when, stands in the database.

APScheduler is used as a plain UTC interval only, with its jobs in memory: its local-time triggers skip or
double times at daylight-saving changes, and its persistent stores drop jobs that they cannot load. It goes by the
computer's clock, so that a tick would wait for years once that ran years ahead and was set back: a second look, by
a clock that nobody can set, calls such ticks back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

_log = structlog.get_logger(__name__)

Tick = Callable[[], Awaitable[object]]

_TROUBLES = {EVENT_JOB_ERROR: "error", EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "overrun"}


class TickWatch(Protocol):
    """Who counts the ticks."""

    def expect_ticks(self, functions: Sequence[str]) -> None:
        """These functions are about to be called for the first time."""
        ...

    def ticked(self, function: str) -> None:
        """A call returned."""
        ...

    def tick_trouble(self, function: str, kind: str) -> None:
        """A call raised (``error``), was due while the last one still ran (``overrun``), or was ``missed``."""
        ...


class Ticker:
    """Calls each function at once and then every so many seconds, while the context is open.

    A function that raises, or takes longer than a tick, holds up neither the others nor its own later calls;
    it is never called twice at a time. Leaving the context lets running calls finish for ``grace_seconds``,
    then cancels them.
    """

    def __init__(
        self, seconds: float, functions: Sequence[Tick], watch: TickWatch, *, grace_seconds: float = 5.0
    ) -> None:
        self._functions = {_name(function): function for function in functions}
        if len(self._functions) != len(functions):
            raise ValueError("two tick functions have the same name")
        self._watch = watch
        self._grace_seconds = grace_seconds
        self._seconds = seconds
        self._calls: set[asyncio.Task[object]] = set()
        self._closing = False
        self._second_look: asyncio.Task[None] | None = None
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    async def __aenter__(self) -> Self:
        # APScheduler reports each run, skip and error on its own loggers; ours say it once, with its subject.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._watch.expect_ticks(list(self._functions))
        self._scheduler.add_listener(
            self._note_trouble, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES
        )
        self._scheduler.start()
        for name, function in self._functions.items():
            self._scheduler.add_job(
                self._call,
                IntervalTrigger(seconds=self._seconds, timezone=UTC),
                args=(name, function),
                id=name,
                next_run_time=datetime.now(UTC),
            )
        self._second_look = asyncio.create_task(self._look_again(), name="ticks' second look")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        if self._second_look is not None:
            self._second_look.cancel()
            await asyncio.gather(self._second_look, return_exceptions=True)
        self._scheduler.pause()
        await asyncio.sleep(0)  # calls that were just scheduled begin, see that it is over, and return
        if self._calls:
            await asyncio.wait(self._calls, timeout=self._grace_seconds)
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)  # shutting down is a callback of the loop

    async def _call(self, name: str, function: Tick) -> None:
        call = asyncio.current_task()
        if self._closing or call is None:
            return
        self._calls.add(call)
        try:
            await function()
            self._watch.ticked(name)
        finally:
            self._calls.discard(call)

    async def _look_again(self) -> None:
        """Have a tick come now whose next time lies further ahead than any tick can: the clock was set back."""
        while True:
            await asyncio.sleep(self._seconds)
            now = datetime.now(UTC)
            for job in self._scheduler.get_jobs():
                if job.next_run_time - now > timedelta(seconds=2 * self._seconds):
                    _log.info("the clock was set back", function=job.id, waited_for=str(job.next_run_time))
                    job.modify(next_run_time=now)

    def _note_trouble(self, event: JobEvent) -> None:
        kind = _TROUBLES[event.code]
        error = getattr(event, "exception", None)
        if isinstance(error, asyncio.CancelledError) and self._closing:
            _log.warning("tick cut short at the end", function=event.job_id)
            return
        self._watch.tick_trouble(event.job_id, kind)
        if error is not None:
            _log.error("tick failed", function=event.job_id, exc_info=error)
        else:
            _log.info("tick skipped", function=event.job_id, why=kind)


def _name(function: Tick) -> str:
    return getattr(function, "__name__", type(function).__name__).strip("_")
