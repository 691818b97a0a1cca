"""Each job once at a time, so many at once, errors contained."""

from __future__ import annotations

import asyncio

from bot.runtime.crew import COOLING_SECONDS, Crew


async def test_never_more_at_once_than_allowed_and_all_are_done():
    crew, running, most, done = Crew("test", 3), 0, 0, []

    async def job(key: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        done.append(key)

    for key in range(10):
        assert crew.submit(key, lambda key=key: job(key))
    await crew.join()
    assert sorted(done) == list(range(10))
    assert most == 3


async def test_a_key_under_way_is_not_taken_twice_but_may_come_again_later():
    crew, count = Crew("test", 1), 0

    async def job() -> None:
        nonlocal count
        count += 1

    assert crew.submit(1, job)
    assert not crew.submit(1, job)
    await crew.join()
    assert crew.submit(1, job)
    await crew.join()
    assert count == 2


async def test_a_crash_is_contained_and_its_key_rests_for_a_while():
    now = 1000.0
    crew = Crew("test", 2, monotonic=lambda: now)
    done = []

    async def crash() -> None:
        raise RuntimeError("a fault")

    async def work() -> None:
        done.append(1)

    crew.submit(1, crash)
    crew.submit(2, work)
    await crew.join()
    assert (crew.crashes, done) == (1, [1])
    assert not crew.submit(1, work)
    now += COOLING_SECONDS + 1
    assert crew.submit(1, work)
    await crew.join()


async def test_the_last_fault_stands_until_a_job_goes_well():
    crew = Crew("test", 1)

    async def crash() -> None:
        raise RuntimeError("no model; install one")

    async def work() -> None:
        pass

    crew.submit(1, crash)
    await crew.join()
    assert crew.fault == "RuntimeError: no model; install one"
    crew.submit(2, work)
    await crew.join()
    assert crew.fault == ""


async def test_stopping_cancels_what_is_under_way():
    crew, cancelled = Crew("test", 1), []

    async def job() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    crew.submit(1, job)
    crew.submit(2, job)
    await asyncio.sleep(0)
    await crew.stop()
    assert cancelled == [1]
    await crew.join()
