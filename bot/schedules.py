"""When a digest is due: local times of day in a zone → the next UTC instant. Pure.

Our own function, because cron triggers skip or double a day at daylight-saving changes (measured, see
docs/design-notes.md). The rules, each tested in every zone:

- a local time that a change of the clocks skips moves to the first instant after the gap; two wanted times in
  one gap become one;
- a local time that comes twice is taken at its first occurrence;
- a local date that a zone leaves out altogether (Samoa had no 30 December 2011) is owed nothing;
- what falls into quiet hours comes at their end; several such times become one.

So each wanted local date that exists has exactly one digest per wanted time of day, save for those that quiet hours
put together.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.model import Schedule

_SEARCH_DAYS = 16
"""Two weeks: once a week, on the very weekday that a zone leaves out, and a day on either side."""
_DAY = timedelta(days=1)


def next_due(schedule: Schedule, after: datetime) -> datetime:
    """Return the first instant strictly after ``after`` (aware) at which the schedule is due, in UTC.

    Every-n-hours schedules stand on whole multiples of n counted from local midnight. Weekdays are those of the
    wanted times: what quiet hours put off from Sunday night comes on Monday morning. Raise ``ValueError`` for a
    schedule without any time or weekday.
    """
    zone = ZoneInfo(schedule.zone)
    first_day = after.astimezone(zone).date() - _DAY
    times = _times(schedule)
    for offset in range(_SEARCH_DAYS):
        day = first_day + timedelta(days=offset)
        if day.weekday() not in schedule.weekdays or not _exists(day, zone):
            continue
        wanted = (_instant(day, at, zone) for at in times)
        instants = sorted({quiet_until(schedule, instant) or instant for instant in wanted})
        found = next((instant for instant in instants if instant > after), None)
        if found is not None:
            return found
    raise ValueError("a schedule needs at least one time of day and one weekday")


def quiet_until(schedule: Schedule, at: datetime) -> datetime | None:
    """Return when the quiet hours end that ``at`` (aware) lies in, in UTC; None when it lies in none.

    They last from the first moment the local clock shows their beginning until the last moment it shows their end,
    also in a night in which it is changed.
    """
    if not schedule.quiet:
        return None
    zone = ZoneInfo(schedule.zone)
    start, end = (time.fromisoformat(text) for text in schedule.quiet.split("-"))
    today = at.astimezone(zone).date()
    for day in (today - _DAY, today):
        last_day = day if start < end else day + _DAY
        over = _instant(last_day, end, zone, last=True)
        if _instant(day, start, zone) <= at < over:
            return over
    return None


def _times(schedule: Schedule) -> list[time]:
    if schedule.every_hours:
        return [time(hour) for hour in range(0, 24, schedule.every_hours)]
    return [time.fromisoformat(text) for text in schedule.times]


def _exists(day: date, zone: ZoneInfo) -> bool:
    """Tell whether any instant has this local date: in a skipped day, midnight and the next one coincide."""
    return _instant(day, time(0), zone) < _instant(day + _DAY, time(0), zone)


def _instant(day: date, at: time, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """The UTC instant of a local time, the first (or ``last``) of two; a time in a gap moves to the gap's end."""
    naive = datetime.combine(day, at)
    instant = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == naive:
        return naive.replace(tzinfo=zone, fold=1).astimezone(UTC) if last else instant
    # In a gap. PEP 495: fold=0 uses the offset before the change, so ``instant`` lies as far behind the gap's
    # end as the wanted time lay behind its start; walk back to the end of the gap.
    before = naive.replace(tzinfo=zone, fold=0).utcoffset()
    after = naive.replace(tzinfo=zone, fold=1).utcoffset()
    assert before is not None
    assert after is not None
    low, high = instant - abs(after - before), instant
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
