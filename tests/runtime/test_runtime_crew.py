"""Each job once at a time, so many at once, errors contained."""

from __future__ import annotations

import asyncio

from bot.runtime.crew import COOLING_SECONDS, Crew, Doorway


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


NEVER = 1e6
"""Seconds that no test lasts."""


async def test_only_a_few_jobs_are_in_their_first_moments_at_once_and_all_are_done():
    crew, beginning, most, done = Crew("test", 100, door=Doorway(4, NEVER)), 0, 0, []

    async def job(key: int) -> None:
        nonlocal beginning, most
        beginning += 1
        most = max(most, beginning)
        await asyncio.sleep(0)
        beginning -= 1
        done.append(key)

    for key in range(50):
        crew.submit(key, lambda key=key: job(key))
    await crew.join()
    assert sorted(done) == list(range(50))
    assert most == 4


async def test_jobs_that_last_let_others_begin_up_to_the_most_at_once():
    crew, answered, begun = Crew("test", 30, door=Doorway(4, 0.001)), asyncio.Event(), []
    all_there = asyncio.Event()

    async def job(key: int) -> None:
        begun.append(key)
        if len(begun) == 30:
            all_there.set()
        await answered.wait()

    for key in range(40):
        crew.submit(key, lambda key=key: job(key))
    await all_there.wait()
    assert crew.waiting == 10
    assert crew.busy == 40
    answered.set()
    await crew.join()
    assert sorted(begun) == list(range(40))
    assert crew.waiting == 0


async def test_a_place_at_the_door_is_given_back_once_only():
    door, inside, most = Doorway(1, 0.0), 0, 0

    async def lasts(seconds: float) -> None:
        async with door.passing():
            await asyncio.sleep(seconds)

    await asyncio.gather(*(lasts(0.001) for _ in range(5)))
    door._seconds = NEVER

    async def passes() -> None:
        nonlocal inside, most
        async with door.passing():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(passes() for _ in range(5)))
    assert most == 1


async def test_stopping_while_jobs_wait_at_the_door_leaves_none():
    crew = Crew("test", 10, door=Doorway(1, NEVER))

    async def job() -> None:
        await asyncio.Event().wait()

    for key in range(5):
        crew.submit(key, job)
    await asyncio.sleep(0)
    await crew.stop()
    await crew.join()
    assert (crew.busy, crew.waiting) == (0, 0)
