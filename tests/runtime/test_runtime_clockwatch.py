"""A clock that is set back is noticed, and one that goes on is not disturbed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.runtime.clockwatch import ClockWatch

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Settable:
    def __init__(self) -> None:
        self.at = NOW

    def now(self):
        return self.at

    async def sleep(self, seconds):
        self.at += timedelta(seconds=seconds)


async def test_mending_follows_the_first_look_and_each_time_the_clock_is_set_back():
    clock, mended = Settable(), []

    async def mend(now):
        mended.append(now)
        return 1

    watch = ClockWatch(clock, mend)
    for step in (0, 5, 5, 3600, -1, 86400, -3600, 5, 5):
        clock.at += timedelta(seconds=step)
        await watch.watch_clock()
    assert mended == [NOW, NOW + timedelta(seconds=3609 + 86400 - 3600)]


async def test_what_could_not_be_mended_is_tried_at_the_next_look():
    clock, tries = Settable(), []

    async def mend(now):
        tries.append(now)
        if len(tries) == 1:
            raise OSError("the disk is full")
        return 0

    watch = ClockWatch(clock, mend)
    for _ in range(4):
        try:
            await watch.watch_clock()
        except OSError:
            assert len(tries) == 1
    assert len(tries) == 2
