"""Work that goes on in the background: each job once at a time, so many at once, errors contained."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

_log = structlog.get_logger(__name__)

COOLING_SECONDS = 60.0
BEGINNERS = 16
BEGINNING_SECONDS = 0.1


class Doorway:
    """So many jobs may be in their first moments at once; one that lasts makes room, and goes on beyond.

    Hundreds of jobs that begin together also go on together: each would then keep the event loop from everything
    else for as long as one step of all of them takes. Jobs that wait for a slow server cost the loop nothing, and
    must not keep others from beginning.
    """

    def __init__(self, places: int = BEGINNERS, seconds: float = BEGINNING_SECONDS) -> None:
        self._places = asyncio.Semaphore(places)
        self._seconds = seconds

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it until the job is done or its first moments are over."""
        await self._places.acquire()
        inside = True

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                self._places.release()

        timer = asyncio.get_running_loop().call_later(self._seconds, leave)
        try:
            yield
        finally:
            timer.cancel()
            leave()


class Crew:
    """Runs jobs by key: a key that is queued or running is not taken twice.

    A job that raises is logged and its key rests for a minute, so that a fault which keeps work due (a full
    disk, a missing model, a bug) does not turn into a storm of requests. Jobs save their own expected failures.
    The same fault again is not logged again until a job has gone well; ``fault`` holds it for health checks.
    """

    def __init__(
        self,
        name: str,
        at_once: int,
        *,
        door: Doorway | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Do ``at_once`` jobs at a time, which begin as ``door`` lets them."""
        self.name = name
        self.crashes = 0
        self.fault = ""
        self._gate = asyncio.Semaphore(at_once)
        self._door = door or Doorway(at_once)
        self._jobs: dict[int, asyncio.Task[None]] = {}
        self._begun = 0
        self._resting: dict[int, float] = {}
        self._monotonic = monotonic

    @property
    def busy(self) -> int:
        """How many jobs are waiting or under way."""
        return len(self._jobs)

    @property
    def waiting(self) -> int:
        """How many jobs have not begun yet."""
        return len(self._jobs) - self._begun

    def submit(self, key: int, job: Callable[[], Awaitable[object]]) -> bool:
        """Take a job unless its key is under way or resting; tell whether it was taken."""
        if key in self._jobs or self._resting.get(key, 0.0) > self._monotonic():
            return False
        self._resting.pop(key, None)
        task = asyncio.create_task(self._run(key, job), name=f"{self.name} {key}")
        self._jobs[key] = task
        task.add_done_callback(lambda _: self._jobs.pop(key, None))
        return True

    async def _run(self, key: int, job: Callable[[], Awaitable[object]]) -> None:
        async with self._gate, self._door.passing():
            self._begun += 1
            try:
                await job()
                self.fault = ""
            except Exception as error:  # noqa: BLE001 - whatever a job raises stops only that job
                self.crashes += 1
                self._resting[key] = self._monotonic() + COOLING_SECONDS
                fault = f"{type(error).__name__}: {error}"
                if fault != self.fault:
                    _log.exception("job failed", crew=self.name, key=key)
                self.fault = fault
            finally:
                self._begun -= 1

    async def join(self) -> None:
        """Wait until nothing is under way."""
        while self._jobs:
            await asyncio.wait(list(self._jobs.values()))
            await asyncio.sleep(0)  # lets the done callbacks clear the table

    async def stop(self) -> None:
        """Cancel what is under way; it is still due and will be done after the next start."""
        jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
