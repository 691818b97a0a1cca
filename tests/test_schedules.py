"""When a digest is due, against an oracle that knows a zone only as a list of stretches with one offset."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Schedule
from bot.schedules import next_due, quiet_until

DAY = timedelta(days=1)
FIRST, LAST = 1990, 2037
"""Years searched for changes of the clocks: they include the days that Pacific zones left out."""

LONG = (
    "UTC",
    "Europe/Kyiv",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",  # springs forward at midnight
    "Asia/Beirut",  # falls back at midnight
    "Africa/Cairo",
    "Australia/Lord_Howe",  # moves by half an hour
    "America/Nuuk",
    "Antarctica/Troll",  # moves by two hours
    "Pacific/Apia",  # had no 30 December 2011
)
TIMES = ("00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "12:00", "23:30", "23:59")


@dataclass(frozen=True)
class Stretch:
    """From ``start`` until ``end`` (UTC) the zone's clocks are ``offset`` ahead of UTC."""

    start: datetime
    end: datetime
    offset: timedelta


@cache
def stretches(zone: str, first: int = FIRST, last: int = LAST) -> tuple[Stretch, ...]:
    def offset(at: datetime) -> timedelta:
        found = at.astimezone(info).utcoffset()
        assert found is not None
        return found

    info = ZoneInfo(zone)
    result = []
    begin = at = datetime(first, 1, 1, tzinfo=UTC)
    end = datetime(last + 1, 1, 1, tzinfo=UTC)
    while at < end:
        following = at + 7 * DAY
        if offset(following) != offset(at):
            low, high = at, following
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
                low, high = (middle, high) if offset(middle) == offset(at) else (low, middle)
            result.append(Stretch(begin, high, offset(at)))
            begin = following = high
        at = following
    result.append(Stretch(begin, at, offset(begin)))
    return tuple(result)


def expected(zone: str, day: date, at: str) -> datetime | None:
    """The instant owed for a local date, or None where the date does not exist."""
    whole = stretches(zone)
    midnight = datetime.combine(day, time(0), UTC)  # local clocks, written as if they were UTC
    if not any(one.start + one.offset < midnight + DAY and midnight < one.end + one.offset for one in whole):
        return None
    wanted = datetime.combine(day, time.fromisoformat(at), UTC)
    shown = [wanted - one.offset for one in whole if one.start <= wanted - one.offset < one.end]
    if shown:
        return min(shown)
    return min(one.start for one in whole if wanted <= one.start + one.offset)


def due_chain(schedule: Schedule, after: datetime, until: datetime) -> list[datetime]:
    """Every due instant of the half-open period, each asked for at the one before."""
    chain = []
    while (after := next_due(schedule, after)) < until:
        chain.append(after)
    return chain


def check(zone: str, at: str, first: date, days: int) -> None:
    wanted = [first + n * DAY for n in range(days)]
    owed = [instant for day in wanted if (instant := expected(zone, day, at)) is not None]
    begin = min(owed) - timedelta(seconds=1)
    until = max(owed) + timedelta(seconds=1)
    assert due_chain(Schedule(zone=zone, times=(at,)), begin, until) == owed, f"{zone} {at} from {first}"
    assert owed == sorted(set(owed))


@pytest.mark.parametrize("zone", LONG)
def test_ten_years_have_one_digest_on_each_local_date(zone):
    check(zone, "00:30", date(2004, 1, 1), 3653)
    check(zone, "02:30", date(2008, 1, 1), 3653)


def changes() -> list[tuple[str, datetime]]:
    """One zone and instant for each way in which clocks ever moved: zones that move alike count once."""
    found: dict[tuple[datetime, timedelta, timedelta], tuple[str, datetime]] = {}
    for zone in sorted(available_timezones()):
        whole = stretches(zone)
        for before, after in pairwise(whole):
            found[after.start, before.offset, after.offset] = (zone, after.start)
    return list(found.values())


@pytest.mark.slow
def test_around_every_change_of_every_zone_each_local_date_has_one_digest():
    for number, (zone, instant) in enumerate(changes()):
        if instant.year in range(FIRST + 1, LAST):
            at = TIMES[number % len(TIMES)]
            check(zone, at, instant.date() - 2 * DAY, 5)


TEN_YEARS = (2026, 2035)
EVERY_ZONE = bool(os.environ.get("ONRECORD_EVERY_ZONE"))
"""Every day of the ten years in every zone, at every time (half an hour); else the days around the changes."""


def kinds_of_zone() -> list[str]:
    """One zone for each way in which clocks will move in the ten years: most names of the database are aliases."""
    found: dict[tuple[Stretch, ...], str] = {}
    for zone in sorted(available_timezones()):
        found.setdefault(stretches(zone, *TEN_YEARS), zone)
    return list(found.values())


@pytest.mark.slow
@pytest.mark.timeout(7200 if EVERY_ZONE else 120)
@pytest.mark.parametrize("at", TIMES)
def test_each_change_of_the_next_ten_years_leaves_each_local_date_one_digest(at):
    for zone in sorted(available_timezones()) if EVERY_ZONE else kinds_of_zone():
        if EVERY_ZONE:
            check(zone, at, date(TEN_YEARS[0], 1, 2), 3650)
            continue
        for before, _ in pairwise(stretches(zone, *TEN_YEARS)):
            check(zone, at, before.end.date() - DAY, 3)


@pytest.mark.parametrize("at", TIMES)
@pytest.mark.parametrize(
    ("zone", "missing"),
    [
        ("Pacific/Apia", date(2011, 12, 30)),
        ("Pacific/Fakaofo", date(2011, 12, 30)),
        ("Pacific/Kwajalein", date(1993, 8, 21)),
        ("Pacific/Kiritimati", date(1994, 12, 31)),
    ],
)
def test_a_date_that_a_zone_left_out_is_owed_nothing(zone, missing, at):
    assert expected(zone, missing, at) is None
    check(zone, at, missing - 3 * DAY, 7)


def test_once_a_week_on_the_weekday_that_was_left_out_waits_for_the_next_week():
    friday = Schedule(zone="Pacific/Apia", times=("08:00",), weekdays=(4,))
    found = next_due(friday, datetime(2011, 12, 24, tzinfo=UTC))
    assert found.astimezone(ZoneInfo("Pacific/Apia")) == datetime(
        2012, 1, 6, 8, tzinfo=ZoneInfo("Pacific/Apia")
    )


@pytest.mark.parametrize(
    ("times", "after", "due"),
    [
        (("02:30",), "2030-03-30T12:00", "2030-03-31T01:00"),  # Berlin has no 02:30: 03:00 summer time
        (("02:00", "02:30"), "2030-03-31T01:00", "2030-04-01T00:00"),  # both in the gap: one digest
        (("02:30",), "2030-10-26T12:00", "2030-10-27T00:30"),  # 02:30 comes twice: the first
        (("02:30",), "2030-10-27T00:30", "2030-10-28T01:30"),  # and not the second
        (("08:00", "20:00"), "2030-06-03T06:00", "2030-06-03T18:00"),  # strictly after
        (("20:00", "08:00"), "2030-06-03T05:59", "2030-06-03T06:00"),  # order does not matter
    ],
)
def test_examples_in_berlin(times, after, due):
    instant = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = next_due(Schedule(zone="Europe/Berlin", times=times), instant)
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_question_asked_in_another_zone_gets_the_same_answer():
    schedule = Schedule(zone="Europe/Kyiv", times=("02:30",))
    for hour in range(72):
        instant = datetime(2030, 10, 25, tzinfo=UTC) + timedelta(hours=hour)
        answers = {next_due(schedule, instant.astimezone(ZoneInfo(zone))) for zone in ("UTC", *LONG)}
        assert len(answers) == 1


@pytest.mark.parametrize("hours", [1, 2, 3, 5, 6, 12, 24])
def test_every_few_hours_stands_on_multiples_from_local_midnight(hours):
    zone = ZoneInfo("Europe/Kyiv")
    chain = due_chain(
        Schedule(zone="Europe/Kyiv", every_hours=hours),
        datetime(2030, 3, 29, tzinfo=UTC),
        datetime(2030, 4, 3, tzinfo=UTC),
    )
    gap_ends = {datetime(2030, 3, 31, 4, tzinfo=zone)}  # 03:00 does not exist
    assert all(one.astimezone(zone).hour % hours == 0 or one in gap_ends for one in chain)
    assert all(one.astimezone(zone).minute == 0 for one in chain)
    assert chain == sorted(set(chain))


@given(
    zone=st.sampled_from(sorted(available_timezones())),
    times=st.lists(st.times().map(lambda at: at.strftime("%H:%M")), min_size=1, max_size=4).map(tuple),
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    after=st.datetimes(datetime(1991, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is given beside it
)
def test_the_next_due_instant_is_the_first_wanted_one_and_repeats_itself(zone, times, weekdays, after):
    found = next_due(Schedule(zone=zone, times=times, weekdays=weekdays), after)
    first = after.date() - 2 * DAY
    days = [day for n in range(20) if (day := first + n * DAY).weekday() in weekdays]
    owed = {instant for day in days for at in times if (instant := expected(zone, day, at)) is not None}
    assert found == min(instant for instant in owed if instant > after)


@pytest.mark.parametrize(
    "schedule",
    [Schedule(zone="UTC"), Schedule(zone="UTC", times=("08:00",), weekdays=())],
    ids=["time", "weekday"],
)
def test_a_schedule_without_time_or_weekday_is_refused(schedule):
    with pytest.raises(ValueError, match="at least one time of day and one weekday"):
        next_due(schedule, datetime(2030, 1, 1, tzinfo=UTC))


# ── Quiet hours ──────────────────────────────────────────────────────────────────────────────────────────


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        # 23:30 lies in quiet hours across midnight: it comes at their end.
        (Schedule("", times=("23:30",), quiet="22:00-07:00"), "2030-06-03T12:00", "2030-06-04T07:00"),
        # What is due when they begin is in them, what is due when they end is not.
        (Schedule("", times=("22:00",), quiet="22:00-07:00"), "2030-06-03T12:00", "2030-06-04T07:00"),
        (Schedule("", times=("07:00",), quiet="22:00-07:00"), "2030-06-03T12:00", "2030-06-04T07:00"),
        (Schedule("", times=("21:59",), quiet="22:00-07:00"), "2030-06-03T12:00", "2030-06-03T21:59"),
        # Several times in one night become one digest, and the day goes on as ever.
        (Schedule("", every_hours=3, quiet="22:00-07:00"), "2030-06-03T21:00", "2030-06-04T07:00"),
        (Schedule("", every_hours=3, quiet="22:00-07:00"), "2030-06-04T07:00", "2030-06-04T09:00"),
        # Within one day.
        (Schedule("", times=("13:00",), quiet="12:00-14:30"), "2030-06-03T06:00", "2030-06-03T14:30"),
        # Sunday night's digest comes on Monday morning though Mondays are not wanted.
        (Schedule("", times=("23:00",), weekdays=(6,), quiet="22:00-07:00"), "2030-06-05T00:00", "2030-06-10T07:00"),
        # The clock springs from 02:00 to 03:00 on 31 March and falls back from 03:00 to 02:00 on 27 October.
        (Schedule("", times=("01:30",), quiet="22:00-02:30"), "2030-03-30T12:00", "2030-03-31T03:00"),
        (Schedule("", times=("01:30",), quiet="22:00-07:00"), "2030-03-30T12:00", "2030-03-31T07:00"),
        (Schedule("", times=("01:30",), quiet="22:00-07:00"), "2030-10-26T12:00", "2030-10-27T07:00"),
    ],
)  # fmt: skip
def test_what_falls_into_quiet_hours_comes_at_their_end(schedule, after, due):
    schedule = replace(schedule, zone="Europe/Berlin")
    assert next_due(schedule, berlin(after)) == berlin(due)


def test_quiet_hours_that_end_in_the_repeated_hour_end_when_it_is_over():
    schedule = Schedule("Europe/Berlin", times=("01:00",), quiet="22:00-02:30")
    assert next_due(schedule, berlin("2030-10-26T12:00")) == datetime(2030, 10, 27, 1, 30, tzinfo=UTC)


@given(
    zone=st.sampled_from(sorted(available_timezones())),
    quiet=st.lists(st.times().map(lambda at: at.strftime("%H:%M")), min_size=2, max_size=2, unique=True),
    times=st.lists(st.times().map(lambda at: at.strftime("%H:%M")), min_size=1, max_size=4).map(tuple),
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    after=st.datetimes(datetime(1991, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is given beside it
)
def test_no_digest_comes_in_quiet_hours_and_none_is_lost_to_them(zone, quiet, times, weekdays, after):
    loud = Schedule(zone=zone, times=times, weekdays=weekdays)
    schedule = replace(loud, quiet="-".join(quiet))
    owed = {quiet_until(schedule, one) or one for one in due_chain(loud, after - 2 * DAY, after + 30 * DAY)}
    found = due_chain(schedule, after, after + 28 * DAY)
    assert found == sorted(one for one in owed if after < one < after + 28 * DAY)
    assert all(quiet_until(schedule, one) is None for one in found)


@pytest.mark.parametrize(
    "after",
    [datetime(2030, 6, 3, 12, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC), datetime(1990, 1, 1, tzinfo=UTC)],
)  # fmt: skip
def test_after_any_downtime_the_next_digest_lies_ahead_and_less_than_a_day_away(after):
    """What was missed is covered by one digest (``compose_digest``): the schedule itself only looks ahead."""
    for schedule in (
        Schedule("Europe/Kyiv", times=("08:00",)),
        Schedule("Europe/Kyiv", every_hours=1, quiet="22:00-07:00"),
    ):
        assert after < next_due(schedule, after) <= after + DAY
