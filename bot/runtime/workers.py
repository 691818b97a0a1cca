"""Parsing, extracting and reading in processes that can be killed: one bad document costs one worker.

Two crews: one parses feeds and extracts pages, one reads statements. Jobs are named by import path, so that
this process never loads what only workers need (feedparser, trafilatura, spaCy).

Each worker is a pebble pool of one process. In a shared pebble pool all workers read from one pipe under one
lock: a process killed at the wrong moment can take its neighbours' jobs with it, and an idle one that dies
breaks the whole pool. Alone in its pool it can only hurt itself, and is started when it is first needed.
POSIX only: signals keep Ctrl-C away from workers and end them when nobody is left to do it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self, cast

import structlog
from pebble import ProcessExpired, ProcessPool

from bot.model import FeedData, PageText, Reading
from bot.ports import WorkerLost
from bot.runtime import workbench
from bot.settings import Settings

_log = structlog.get_logger(__name__)

_START_SECONDS = 60.0
"""How long a new process may take to import its modules, on a slow and busy machine."""
_MARGIN_SECONDS = 10.0
"""How long pebble may take to notice that a deadline has passed, and to kill."""
_GRACE_SECONDS = 2.0
"""How long closing waits for jobs under way."""
_LONGEST_SUBJECT = 200


class Closed(RuntimeError):
    """The workers are being stopped; the job was not done and stays due."""


class Workers:
    """The doors ``FeedParser``, ``PageReader`` and ``StatementReader``, behind which processes come and go.

    No process starts before the first job. Each worker has one job at a time; whoever comes when all are
    busy waits outside, where waiting costs nothing. ``on_lost`` is told the kind of every worker that is lost.
    """

    def __init__(self, settings: Settings, on_lost: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        reading = settings.reading
        self._parsing = WorkerCrew(
            "parse",
            reading.parse_workers,
            modules=("bot.intake.feeds", "bot.intake.article"),
            deadline=reading.parse_deadline_seconds,
            recycle_after=reading.recycle_after,
            recycle_megabytes=reading.recycle_megabytes,
            on_lost=on_lost,
        )
        self._reading = WorkerCrew(
            "read",
            reading.workers,
            modules=("bot.language.reading",),
            deadline=reading.deadline_seconds,
            recycle_after=reading.recycle_after,
            recycle_megabytes=reading.recycle_megabytes,
            on_lost=on_lost,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(self._parsing.close(), self._reading.close())

    async def parse_feed(self, body: bytes, *, url: str, content_type: str) -> FeedData:
        """Feed bytes → entries; raise ``ValueError`` when it is no feed, ``WorkerLost`` as the port says."""
        kwargs = {"url": url, "content_type": content_type, "max_entries": self._settings.polling.max_entries}
        job = Job(f"the feed {url}", "bot.intake.feeds:parse", (body,), kwargs)
        return cast("FeedData", await self._parsing.do(job))

    async def find_feeds(self, body: bytes, *, url: str, content_type: str) -> tuple[tuple[str, str], ...]:
        """HTML bytes → (address, title) of the feeds it names; raise ``WorkerLost`` as the port says."""
        kwargs = {"url": url, "content_type": content_type}
        job = Job(f"the page {url}", "bot.intake.autodiscovery:find", (body,), kwargs)
        return cast("tuple[tuple[str, str], ...]", await self._parsing.do(job))

    async def read_page(self, body: bytes, *, url: str, content_type: str) -> PageText:
        """HTML bytes → article text; raise ``ValueError`` when there is none, ``WorkerLost`` as the port says."""
        kwargs = {"url": url, "content_type": content_type}
        job = Job(f"the page {url}", "bot.intake.article:extract", (body,), kwargs)
        return cast("PageText", await self._parsing.do(job))

    async def read(self, text: str, *, body_at: int = 0, language: str = "") -> Reading:
        """Text → who said what; raise ``WorkerLost`` as the port says."""
        kwargs = {
            "body_at": body_at,
            "language": language,
            "model": self._settings.reading.spacy_model,
            "max_chars": self._settings.reading.max_chars,
            "experimental": self._settings.reading.experimental_languages,
        }
        job = Job(f"a text of {len(text):,} characters", "bot.language.reading:read", (text,), kwargs)
        return cast("Reading", await self._reading.do(job))


@dataclass(frozen=True, slots=True)
class Job:
    """A function to call in a worker, and what it is about in words."""

    subject: str
    target: str
    """``module:function``"""
    args: Sequence[object] = ()
    kwargs: Mapping[str, object] | None = None


class WorkerCrew:
    """Workers of one kind, each replaced when it is lost; first come, first served."""

    def __init__(
        self,
        kind: str,
        size: int,
        *,
        modules: Sequence[str],
        deadline: float,
        recycle_after: int,
        recycle_megabytes: int = 0,
        on_lost: Callable[[str], None] | None = None,
    ) -> None:
        """Make ``size`` workers.

        A process is replaced after ``recycle_after`` jobs, and when it occupies more than ``recycle_megabytes`` (0:
        however many) after one.
        """
        self.kind = kind
        self._on_lost = on_lost
        self._workers = [_Worker(modules, deadline, recycle_after, recycle_megabytes) for _ in range(size)]
        # Last in, first out: a worker that is warm goes on, the others need not start.
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        for worker in self._workers:
            self._idle.put_nowait(worker)
        self._replacing: set[asyncio.Task[None]] = set()

    async def do(self, job: Job) -> object:
        """Have a job done; raise what it raises, ``WorkerLost`` when its worker was lost, ``Closed`` at the end.

        Cancelling the caller kills the worker that has the job.
        """
        worker = await self._idle.get()
        try:
            return await worker.do(job)
        except WorkerLost as error:
            _log.warning("worker lost", kind=self.kind, cause=str(error))
            if self._on_lost is not None:
                self._on_lost(self.kind)
            raise
        finally:
            self._release(worker)

    def _release(self, worker: _Worker) -> None:
        """Put a worker back at once, or when the process that it must get rid of is gone."""
        if not worker.spoilt:
            self._idle.put_nowait(worker)
            return
        task = asyncio.create_task(self._replace(worker))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _replace(self, worker: _Worker) -> None:
        try:
            await worker.stop()
        finally:
            self._idle.put_nowait(worker)

    async def close(self, grace: float = _GRACE_SECONDS) -> None:
        """Take no more jobs, give those under way a moment, then end every process."""
        for worker in self._workers:
            worker.closing = True
        under_way = [worker.future for worker in self._workers if worker.future is not None]
        if under_way:
            await asyncio.wait(under_way, timeout=grace)
        await asyncio.gather(*(worker.stop() for worker in self._workers), *self._replacing)


class _Worker:
    """One process at a time, in a pebble pool of its own."""

    def __init__(
        self, modules: Sequence[str], deadline: float, recycle_after: int, recycle_megabytes: int
    ) -> None:
        self.future: asyncio.Future[tuple[bool, object, int]] | None = None
        self.spoilt = False
        """Its process may be busy with a job that nobody waits for any more, or has grown too large."""
        self.closing = False
        self._modules = tuple(modules)
        self._deadline = deadline
        self._recycle_after = recycle_after
        self._recycle_megabytes = recycle_megabytes
        self._pool: ProcessPool | None = None

    async def do(self, job: Job) -> object:
        """Do one job; a process that died before it took the job is replaced and given it again, once."""
        subject = job.subject[:_LONGEST_SUBJECT]
        try:
            returned, value, megabytes = await self._do(job, subject)
        except BrokenProcessPool:
            await self.stop()
            try:
                returned, value, megabytes = await self._do(job, subject)
            except BrokenProcessPool as error:
                await self.stop()
                raise WorkerLost(f"{subject}: two worker processes died before they began it") from error
        if self._recycle_megabytes and megabytes > self._recycle_megabytes:
            _log.info("worker replaced for its size", megabytes=megabytes, after=subject)
            self.spoilt = True
        if isinstance(value, Exception) and not returned:
            raise value
        return value

    async def _do(self, job: Job, subject: str) -> tuple[bool, object, int]:
        if self.closing:
            raise Closed(f"{subject}: not done, the workers are being stopped")
        future = self.future = self._schedule(job)
        try:
            await asyncio.wait({future}, timeout=_START_SECONDS + self._deadline + _MARGIN_SECONDS)
        finally:
            self.future = None
            self.spoilt = not future.done()
            future.cancel()
        try:
            return future.result()
        except asyncio.CancelledError as error:
            if self.closing:
                raise Closed(f"{subject}: not done, the workers are being stopped") from error
            raise WorkerLost(f"{subject}: its worker process never answered and was killed") from error
        except TimeoutError as error:
            raise WorkerLost(
                f"{subject}: took longer than {self._deadline:g} s; its worker was killed and replaced"
            ) from error
        except ProcessExpired as error:
            raise WorkerLost(
                f"{subject}: its worker died ({_ending(error.exitcode)}) and was replaced"
            ) from error

    def _schedule(self, job: Job) -> asyncio.Future[tuple[bool, object, int]]:
        arguments = (job.target, tuple(job.args), dict(job.kwargs or {}), self._deadline)
        try:
            with _sigint_held_back():
                if self._pool is None:
                    self._pool = ProcessPool(
                        max_workers=1,
                        max_tasks=self._recycle_after,
                        initializer=workbench.prepare,
                        initargs=(self._modules,),
                        context=multiprocessing.get_context("spawn"),
                    )
                future = self._pool.schedule(workbench.perform, arguments, timeout=self._deadline)
        except RuntimeError as error:  # its process died while it was idle
            raise BrokenProcessPool(str(error)) from error
        return asyncio.wrap_future(future)

    async def stop(self) -> None:
        """End the process, whatever it is doing; a later job starts a new one."""
        pool, self._pool = self._pool, None
        if self.future is not None:
            self.future.cancel()
        if pool is not None:
            await asyncio.to_thread(_end, pool)
        self.spoilt = False


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


@contextmanager
def _sigint_held_back() -> Iterator[None]:
    """Processes and threads started inside never get SIGINT: Ctrl-C in a terminal goes to the whole group."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ending(exit_code: int) -> str:
    if exit_code == -signal.SIGKILL:
        return "SIGKILL, perhaps for want of memory"
    if exit_code < 0:
        return signal.Signals(-exit_code).name
    return f"exit status {exit_code}"
