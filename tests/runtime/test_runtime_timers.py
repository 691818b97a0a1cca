"""The tick, in real time but in hundredths of a second; nothing here asserts how long something took."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.runtime.timers import Ticker


class Watch:
    """What the ticker reported, and a way to wait for it."""

    def __init__(self):
        self.expected: list[str] = []
        self.ticks: list[str] = []
        self.troubles: list[tuple[str, str]] = []

    def expect_ticks(self, functions):
        self.expected = list(functions)

    def ticked(self, function):
        self.ticks.append(function)

    def tick_trouble(self, function, kind):
        self.troubles.append((function, kind))

    async def until(self, condition):
        while not condition():  # noqa: ASYNC110 - the ticker reports by plain calls
            await asyncio.sleep(0.005)


async def test_the_first_tick_comes_at_once():
    called = asyncio.Event()

    async def poll():
        called.set()

    watch = Watch()
    async with Ticker(3600, [poll], watch):
        await called.wait()
    assert watch.expected == ["poll"]


async def test_ticks_go_on_until_the_context_is_left():
    calls = []

    async def poll():
        calls.append(1)

    watch = Watch()
    async with Ticker(0.01, [poll], watch):
        await watch.until(lambda: len(calls) > 3)
    after = len(calls)
    await asyncio.sleep(0.05)
    assert len(calls) == after == len(watch.ticks)


async def test_an_error_stops_neither_the_others_nor_later_ticks():
    calls = []

    async def broken():
        calls.append("broken")
        raise LookupError("the disk is full")

    async def sound():
        calls.append("sound")

    watch = Watch()
    async with Ticker(0.01, [broken, sound], watch):
        await watch.until(lambda: calls.count("broken") > 2 and calls.count("sound") > 2)
    assert set(watch.ticks) == {"sound"}
    assert set(watch.troubles) == {("broken", "error")}


async def test_a_slow_function_is_never_called_twice_at_a_time_and_delays_nobody():
    running = most = 0
    calls = []

    async def slow():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await watch.until(lambda: len(calls) > 5 and ("slow", "overrun") in watch.troubles)
        running -= 1

    async def quick():
        calls.append(1)

    watch = Watch()
    async with Ticker(0.01, [slow, quick], watch):
        await watch.until(lambda: watch.ticks.count("slow") > 1)
    assert most == 1


async def test_leaving_lets_a_running_call_finish():
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def send():
        begun.set()
        await go_on.wait()

    watch = Watch()
    async with Ticker(0.01, [send], watch, grace_seconds=60):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
    assert watch.ticks == ["send"]


async def test_leaving_cancels_a_call_that_does_not_finish_in_time():
    begun = asyncio.Event()
    cancelled = []

    async def hang():
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    watch = Watch()
    async with Ticker(3600, [hang], watch, grace_seconds=0.01):
        await begun.wait()
    assert cancelled == [True]
    assert watch.troubles == []


async def test_leaving_at_once_starts_nothing_more():
    calls = []

    async def poll():
        calls.append(1)

    async with Ticker(0.01, [poll], Watch()):
        pass
    before = len(calls)
    await asyncio.sleep(0.05)
    assert len(calls) == before


async def test_a_function_that_is_cancelled_from_inside_counts_as_failed():
    async def lost():
        raise asyncio.CancelledError

    watch = Watch()
    async with Ticker(0.01, [lost], watch):
        await watch.until(lambda: len(watch.troubles) > 1)
    assert set(watch.troubles) == {("lost", "error")}


@pytest.mark.parametrize("years", [0.0001, 10])
async def test_ticks_go_on_when_the_clock_is_set_back(years):
    """To APScheduler a clock that was set back looks like a next time that lies far ahead."""
    calls = []

    async def poll():
        calls.append(1)

    watch = Watch()
    async with Ticker(0.01, [poll], watch) as ticker:
        await watch.until(lambda: calls)
        for _ in range(3):
            (job,) = ticker._scheduler.get_jobs()
            job.modify(next_run_time=datetime.now(UTC) + timedelta(days=365 * years))
            before = len(calls)
            await watch.until(lambda before=before: len(calls) > before + 3)


def test_two_functions_of_one_name_are_refused():
    async def poll(): ...

    with pytest.raises(ValueError, match="same name"):
        Ticker(1, [poll, poll], Watch())
