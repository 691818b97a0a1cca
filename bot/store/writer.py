"""The one writer: many writes, one commit, and each write's own success or failure.

A write is a function of an open connection. All that wait together go into one transaction (group commit: one
sync to the disk for all of them), each inside its own SAVEPOINT, so that one that fails fails alone. Nobody is
told "saved" before the commit has returned; when it fails, all who waited are told so.

SQLAlchemy's asyncio layer was measured and turned down: it crosses between threads once a statement, this once
a group (docs/design-notes.md).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.store.errors import StoreError, explained

T = TypeVar("T")

Work = Callable[[Connection], Any]

MAX_GROUP = 256
"""Writes in one transaction: bounds how long the first of them waits for the last."""

_TRIES = 6
"""To begin a transaction; each waits ``busy_timeout`` (5 s) for another process to end its own."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work
    done: asyncio.Future[Any]


class Writer:
    """Takes writes from any task and applies them, in order, in one thread."""

    def __init__(self, engine: Engine, thread: Executor, place: str) -> None:
        self._engine = engine
        self._thread = thread
        self._place = place
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(), name="store-writer")
        self._closed = False
        self.fault = ""
        """Why the last commit failed, and what to do; empty since one succeeded that wrote something."""
        self._wrote = False

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Apply a write and return its result once it is on the disk.

        Raise what it raised, ``StoreError`` when the database refused it or the commit failed; then nothing of
        it is stored. Cancelling the caller does not take back a write that has begun.
        """
        if self._closed:
            raise StoreError(self._place, "the store is closed", "This is a mistake in the program.")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait(_Job(work, done))
        return await done

    async def close(self) -> None:
        """Finish the writes that wait, then end."""
        if not self._closed:
            self._closed = True
            self._jobs.put_nowait(None)
        await self._task

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while (first := await self._jobs.get()) is not None:
            group, ended = self._gather(first)
            if group:
                try:
                    outcomes = await loop.run_in_executor(
                        self._thread, self._commit, [job.work for job in group]
                    )
                except Exception as error:  # noqa: BLE001 - whatever it was, those who wait must hear of it
                    outcomes = [_Failed(error)] * len(group)
                    self.fault = str(explained(error, self._place))
                else:
                    # A full disk may fail one write before the commit, which then has nothing left to fail for.
                    failed = (one.error for one in outcomes if isinstance(one, _Failed))
                    disk = next((error for error in failed if isinstance(error, OperationalError)), None)
                    if disk:
                        self.fault = str(explained(disk, self._place))
                    elif self._wrote:  # a claim that finds nothing succeeds on a full disk, too
                        self.fault = ""
                for job, outcome in zip(group, outcomes, strict=True):
                    self._tell(job, outcome)
            if ended:
                return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        """Take all that wait by now; a caller that has gone away needs no write."""
        group = [first]
        ended = False
        while len(group) < MAX_GROUP and not self._jobs.empty():
            job = self._jobs.get_nowait()
            if job is None:
                ended = True
                break
            group.append(job)
        return [job for job in group if not job.done.cancelled()], ended

    def _commit(self, works: Sequence[Work]) -> list[Any]:
        """Apply a group in one transaction; raise when none of it was kept. Runs in the writer's thread."""
        with self._engine.connect() as connection:
            _begin(connection)
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            changes = raw.total_changes
            outcomes = [_apply(connection, work) for work in works]
            try:
                connection.commit()
            except SQLAlchemyError:
                # SQLite leaves the transaction open, and SQLAlchemy takes it for ended.
                connection.connection.rollback()
                raise
            self._wrote = raw.total_changes > changes
        return outcomes

    def _tell(self, job: _Job, outcome: Any) -> None:  # noqa: ANN401 - a write returns what it likes
        if job.done.cancelled():
            return
        if not isinstance(outcome, _Failed):
            job.done.set_result(outcome)
            return
        error = explained(outcome.error, self._place)
        if error is not outcome.error:
            error.__cause__ = outcome.error
        job.done.set_exception(error)


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


def _begin(connection: Connection) -> None:
    """Begin a write transaction, waiting for another process to end its own."""
    for left in reversed(range(_TRIES)):
        try:
            connection.begin()
        except OperationalError as error:
            if not left or "locked" not in str(error.orig):
                raise
        else:
            return


def _apply(connection: Connection, work: Work) -> Any:  # noqa: ANN401 - a write returns what it likes
    connection.exec_driver_sql("SAVEPOINT work")
    try:
        outcome = work(connection)
    except Exception as error:  # noqa: BLE001 - it is handed to the one who asked for this write
        try:
            connection.exec_driver_sql("ROLLBACK TO work")
        except OperationalError:
            # On a full disk SQLite itself rolls back the whole transaction: the group has failed with this one.
            raise error from None
        outcome = _Failed(error)
    connection.exec_driver_sql("RELEASE work")
    return outcome
