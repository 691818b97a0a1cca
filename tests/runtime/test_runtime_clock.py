"""The real clock and the tests' own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from bot.ports import Clock
from bot.runtime.clock import SystemClock
from tests.fakes import ManualClock


async def test_the_system_clock_gives_aware_utc_and_sleeps():
    clock: Clock = SystemClock()
    before = clock.now()
    assert before.tzinfo is UTC
    await clock.sleep(0)
    assert clock.now() >= before


async def test_a_manual_clock_wakes_sleepers_in_order_and_at_their_instant():
    clock = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))
    woken = []

    async def sleeper(name: str, *naps: float):
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, (clock.now() - datetime(2030, 1, 1, tzinfo=UTC)).total_seconds()))

    tasks = [asyncio.create_task(sleeper("a", 10, 10)), asyncio.create_task(sleeper("b", 5))]
    await asyncio.sleep(0)
    await clock.advance(4)
    assert woken == []
    await clock.advance(30)
    assert woken == [("b", 5), ("a", 10), ("a", 20)]
    assert clock.now() == datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=34)
    await asyncio.gather(*tasks)
