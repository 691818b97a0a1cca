"""Upkeep once a day, in small steps, and never by a clock that nobody can trust yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.runtime.upkeep import BATCH, BATCHES, STRANGE, Upkeep, today
from bot.settings import Retention
from tests.fakes import ManualClock

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class AtticWith:
    """Holds so many old things of each kind, and remembers what was asked."""

    def __init__(self, **old: int) -> None:
        self.old = old
        self.last: datetime | None = NOW - DAY
        self.asked: dict[str, datetime] = {}
        self.steps = 0
        self.free = 0

    async def last_upkeep(self):
        return self.last

    async def upkeep_done(self, now):
        self.last = now

    async def prune(self, what, before, limit):
        self.asked[what] = before
        self.steps += 1
        took = min(limit, self.old.get(what, 0))
        self.old[what] = self.old.get(what, 0) - took
        return took

    async def give_back_space(self, pages):
        self.steps += 1
        took = min(pages, self.free)
        self.free -= took
        return took


@pytest.mark.parametrize(
    ("ago", "wanted"),
    [
        (None, "note"),  # a new database
        (timedelta(), "nothing"),
        (DAY - timedelta(seconds=1), "nothing"),
        (DAY, "do"),
        (STRANGE, "do"),
        (STRANGE + timedelta(seconds=1), "note"),  # a long holiday, or a clock that jumped ahead
        (-timedelta(days=3650), "note"),  # the clock was set back
    ],
)
def test_what_is_to_be_done_follows_from_when_it_was_last_done(ago, wanted):
    assert today(None if ago is None else NOW - ago, NOW) == wanted


async def test_everything_old_goes_by_its_own_limit():
    attic = AtticWith(texts=5, copies=5, digests=5, answers=5)
    await Upkeep(attic, Retention(text_days=30, digests_days=10), ManualClock(NOW)).upkeep()
    assert attic.asked == {
        "answers": NOW,
        "copies": NOW - 10 * DAY,
        "digests": NOW - 10 * DAY,
        "texts": NOW - 30 * DAY,
    }
    assert set(attic.old.values()) == {0}
    assert attic.last == NOW


async def test_nought_days_keeps_for_ever():
    attic = AtticWith(texts=5, digests=5)
    await Upkeep(attic, Retention(text_days=0, digests_days=0), ManualClock(NOW)).upkeep()
    assert (attic.old["texts"], attic.old["digests"]) == (5, 5)


async def test_much_is_done_over_several_ticks_and_then_no_more_that_day():
    attic = AtticWith(texts=BATCH * (BATCHES * 2 + 1))
    attic.free = 5_000
    clock = ManualClock(NOW)
    upkeep = Upkeep(attic, Retention(), clock)
    ticks = 0
    while attic.last != clock.now():
        before = attic.steps
        await upkeep.upkeep()
        assert attic.steps - before <= BATCHES + 5, "one tick stays short"
        ticks += 1
    assert ticks == 3
    assert (attic.old["texts"], attic.free) == (0, 0)
    steps = attic.steps
    await clock.advance(3600)
    await upkeep.upkeep()
    assert attic.steps == steps


async def test_a_clock_that_is_years_ahead_for_some_hours_throws_nothing_away():
    attic = AtticWith(texts=5)
    for hours, at in ((0, NOW + 3650 * DAY), (5, NOW + 3650 * DAY), (6, NOW)):
        await Upkeep(attic, Retention(), ManualClock(at + timedelta(hours=hours))).upkeep()
    assert attic.old["texts"] == 5
    await Upkeep(attic, Retention(), ManualClock(NOW + timedelta(hours=30))).upkeep()
    assert attic.old["texts"] == 0
