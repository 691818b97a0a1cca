"""Words for a standing order → a Schedule: "daily 08:00", "every 6h", "mon,thu 09:30", "weekly fri 17:00". Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import available_timezones

from bot.commands.nearest import nearest
from bot.commands.requests import BadRequest
from bot.knowledge.words import Words
from bot.model import Schedule

EXAMPLES = ("hourly", "every 6h", "daily 08:00", "weekdays 09:00", "mon,thu 09:30", "weekly fri 17:00")
EXAMPLE_ZONES = ("Europe/Kyiv", "America/New_York", "UTC")

_EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
_DAY_GROUPS = {
    "daily": _EVERY_DAY,
    "щодня": _EVERY_DAY,
    "weekdays": (0, 1, 2, 3, 4),
    "workdays": (0, 1, 2, 3, 4),
    "будні": (0, 1, 2, 3, 4),
    "weekends": (5, 6),
    "вихідні": (5, 6),
}
_DAY_NAMES = {
    name: number
    for number, names in enumerate(
        (
            "mon monday mondays пн понеділок понеділка",
            "tue tues tuesday tuesdays вт вівторок вівторка",
            "wed wednesday wednesdays ср середа середу",
            "thu thur thurs thursday thursdays чт четвер четверга",
            "fri friday fridays пт п'ятниця п'ятницю п’ятниця п’ятницю",
            "sat saturday saturdays сб субота суботу",
            "sun sunday sundays нд неділя неділю",
        )
    )
    for name in names.split()
}
_HOURLY = ("hourly", "щогодини")
_WEEKLY = ("weekly", "щотижня")
_EVERY = ("every", "кожні", "кожну")
_EVERY_LENGTH = re.compile(r"(\d{1,3})?\s*(?:h|hr|hrs|hour|hours|год|години|годину|годин)")
_FILLERS = ("at", "on", "and", "о", "об", "в", "у", "і", "та")
"""Small words that people write between the parts; they mean nothing here."""
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})|(\d{1,2})\s*(am|pm)")
_QUIET = re.compile(rf"({_CLOCK.pattern}|\d{{1,2}})\s*(?:-|–|—|to|until|до)\s*({_CLOCK.pattern}|\d{{1,2}})")
_QUIET_OFF = ("off", "none", "вимкнути", "немає")
QUIET_OFF = "off"
"""What ``read_quiet`` returns where quiet hours are to end for good."""
EXAMPLE_QUIET = ("quiet 22:00-07:00", "quiet off")
_MOST_QUIET_WORDS = 3
_ZONE = re.compile(r"[A-Za-z_]+/[A-Za-z0-9_+\-/]+|UTC|GMT", re.IGNORECASE)
_NEAR_ZONE = 70


@dataclass(slots=True)
class _Found:
    """What the words have said so far."""

    every_hours: int = 0
    weekly: bool = False
    group: tuple[int, ...] = ()
    days: set[int] = field(default_factory=set)
    times: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """The words that were about time, as given, for error messages."""


def read_schedule(tokens: Sequence[str], *, words: Words) -> tuple[Schedule | None, list[str]]:
    """Return the schedule (its zone still empty) and the tokens that are not about time.

    None when no token is. Named days win over "daily" and "weekdays". Raise ``BadRequest`` for a schedule that
    lacks a time or a day, contradicts itself or names an hour that no day has.
    """
    found, rest = _Found(), []
    position = 0
    while position < len(tokens):
        taken = _take(tokens[position:], found, words)
        if taken:
            found.words.extend(tokens[position : position + taken])
            position += taken
        else:
            rest.append(tokens[position])
            position += 1
    if not found.words:
        return None, rest
    return _schedule(found, words), [token for token in rest if token.casefold() not in _FILLERS]


def read_quiet(tokens: Sequence[str], *, words: Words) -> tuple[str, int]:
    """Return quiet hours as ``HH:MM-HH:MM`` (or ``QUIET_OFF``) and how many of the tokens named them.

    Raise ``BadRequest`` for what names no two times of day, and for hours that never end.
    """
    if tokens and tokens[0].casefold() in _QUIET_OFF:
        return QUIET_OFF, 1
    for count in range(min(len(tokens), _MOST_QUIET_WORDS), 0, -1):
        given = " ".join(tokens[:count])
        if match := _QUIET.fullmatch(given.casefold()):
            start, end = (_hour_or_clock(text, words) for text in (match[1], match[6]))
            if start == end:
                raise BadRequest(words("command.error.quiet_always", given=given), examples=EXAMPLE_QUIET)
            return f"{start}-{end}", count
    given = " ".join(tokens[:_MOST_QUIET_WORDS])
    raise BadRequest(words("command.error.quiet", given=given), examples=EXAMPLE_QUIET)


def _hour_or_clock(text: str, words: Words) -> str:
    """``22`` is a time of day only here, where it cannot be anything else."""
    match = _CLOCK.fullmatch(f"{text}:00" if text.isdecimal() else text)
    assert match is not None
    return _clock(match, words)


def read_zone(token: str, *, words: Words) -> str | None:
    """Return the time zone a token names, in its usual spelling; None when it does not look like one.

    Raise ``BadRequest`` with the nearest names for an unknown ``Area/City``.
    """
    if not _ZONE.fullmatch(token):
        return None
    known = {name.casefold(): name for name in available_timezones()}
    if token.casefold() in known:
        return known[token.casefold()]
    # In reverse, so that of two as near the present name comes before the former: Kyiv before Kiev.
    near = nearest(token, sorted(known.values(), reverse=True), like=_NEAR_ZONE)
    raise BadRequest(words("command.error.zone", given=token), near, examples=EXAMPLE_ZONES)


def _take(tokens: Sequence[str], found: _Found, words: Words) -> int:
    """Read the words at the start of ``tokens`` into ``found``; return how many were about time."""
    first = tokens[0].casefold()
    if first in _HOURLY:
        found.every_hours = 1
        return 1
    if first in _EVERY:
        return _take_every(tokens, found, words)
    if first in _WEEKLY:
        found.weekly = True
        return 1
    if first in _DAY_GROUPS:
        found.group = _DAY_GROUPS[first]
        return 1
    return int(_take_list(first, found, words))


def _take_every(tokens: Sequence[str], found: _Found, words: Words) -> int:
    for count in (2, 1):
        given = " ".join(tokens[1 : 1 + count]).casefold()
        if match := _EVERY_LENGTH.fullmatch(given):
            hours = int(match[1] or 1)
            if not 1 <= hours <= 24:  # noqa: PLR2004 - hours of a day
                raise BadRequest(words("command.error.every", given=given), examples=EXAMPLES)
            found.every_hours = hours
            return 1 + len(tokens[1 : 1 + count])
    if len(tokens) > 1:
        second = tokens[1].casefold()
        if second in ("day", "день"):
            found.group = _EVERY_DAY
            return 2
        if second in _DAY_GROUPS or _take_list(second, _Found(), words):
            return 1
    raise BadRequest(words("command.error.schedule", given=" ".join(tokens[:2])), examples=EXAMPLES)


def _take_list(token: str, found: _Found, words: Words) -> bool:
    """Read ``08:00,20:00``, ``mon,thu`` or ``mon-fri``; False when a part is neither a time nor a day."""
    parts = [part for part in token.split(",") if part]
    times: list[str] = []
    days: set[int] = set()
    for part in parts:
        if part in _DAY_NAMES:
            days.add(_DAY_NAMES[part])
        elif match := _CLOCK.fullmatch(part):
            times.append(_clock(match, words))
        else:
            first, dash, last = part.partition("-")
            if not dash or first not in _DAY_NAMES or last not in _DAY_NAMES:
                return False
            start, stop = _DAY_NAMES[first], _DAY_NAMES[last]
            days.update(day % 7 for day in range(start, stop + 1 if stop >= start else stop + 8))
    found.days |= days
    found.times += times
    return bool(parts)


def _clock(match: re.Match[str], words: Words) -> str:
    """Return a time of day as ``HH:MM``; raise ``BadRequest`` for 25:00 and 13pm."""
    hour, minute, twelve, half = match.groups()
    if twelve is not None:
        valid = 1 <= int(twelve) <= 12  # noqa: PLR2004 - hours of half a day
        value = int(twelve) % 12 + (12 if half == "pm" else 0), 0
    else:
        value = int(hour), int(minute)
        valid = value[0] < 24 and value[1] < 60  # noqa: PLR2004 - hours of a day, minutes of an hour
    if not valid:
        raise BadRequest(words("command.error.clock", given=match.group()), examples=EXAMPLES)
    return f"{value[0]:02}:{value[1]:02}"


def _schedule(found: _Found, words: Words) -> Schedule:
    given = " ".join(found.words)
    if found.every_hours and found.times:
        raise BadRequest(words("command.error.hourly_times", given=given), examples=EXAMPLES)
    if found.weekly and not found.days:
        raise BadRequest(words("command.error.no_day", given=given), examples=("weekly fri 17:00",))
    if not found.every_hours and not found.times:
        raise BadRequest(words("command.error.no_time", given=given), examples=(f"{given} 08:00",))
    return Schedule(
        zone="",
        every_hours=found.every_hours,
        times=tuple(sorted(set(found.times))),
        weekdays=tuple(sorted(found.days)) or found.group or _EVERY_DAY,
    )


def describe(schedule: Schedule, words: Words) -> str:
    """Return a schedule in words, as it could be typed: "daily at 08:00, 20:00 Europe/Kyiv quiet 22:00-07:00"."""
    every_day = schedule.weekdays == _EVERY_DAY
    days = ",".join(words(f"command.subscription.day_{number}") for number in schedule.weekdays)
    if schedule.weekdays == _DAY_GROUPS["weekdays"]:
        days = words("command.subscription.weekdays")
    if schedule.every_hours:
        hours = schedule.every_hours
        hourly = words("command.subscription.hourly")
        when = hourly if hours == 1 else words("subscriptions.every", hours=hours)
        when = when if every_day else f"{when} {days}"
    else:
        times = ",".join(schedule.times)
        when = (
            words("subscriptions.daily", times=times)
            if every_day
            else words("subscriptions.on", days=days, times=times)
        )
    quiet = f" {words('command.subscription.quiet', hours=schedule.quiet)}" if schedule.quiet else ""
    return f"{when} {schedule.zone}{quiet}"
