"""Words for times → moments: "12h", "yesterday", "monday", "2026-01-02". Pure; ``now`` and zone are arguments.

Simple forms are read here; whatever else people write ("2 January", "last friday", "позавчора") goes to
dateparser, which knows far more but guesses: a bare number or ``01/02/2026`` never reaches it, because a
wrong guess about a date is worse than a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.commands.requests import BadRequest
from bot.knowledge.words import Words

LONGEST = timedelta(days=366)
EXAMPLES = ("12h", "3d", "2w", "today", "yesterday", "since monday", "since 2026-01-02")

_HOURS = "h|hr|hrs|hour|hours|г|год|година|години|годин"
_DAYS = "d|day|days|д|день|дні|днів|дня|доба|доби|діб"
_WEEKS = "w|wk|week|weeks|т|тиждень|тижні|тижнів|тижня"
_LENGTH = re.compile(
    rf"(?:(?:last|past|the last|the past|останні|останніх|за)\s+)?(\d{{1,5}})\s*(?:({_HOURS})|({_DAYS})|({_WEEKS}))"
    r"(?:\s+(?:ago|тому))?"
)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ](\d{1,2}):(\d{2}))?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_DAY_WORDS = {"today": 0, "сьогодні": 0, "yesterday": 1, "вчора": 1, "учора": 1}
_WEEK_WORDS = {"this week": 0, "цього тижня": 0, "last week": 1, "минулого тижня": 1}
_MOST_WORDS = 5
"""No simple or natural form of a time is longer."""
_MOST_CHARACTERS = 60
"""What is longer is no date; dateparser's work grows with its input."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as named: an instant (``start == end``) or a day, week, month or year with its bounds, in UTC."""

    start: datetime
    end: datetime
    open_end: bool = False
    """A length back from now ("12h"): as a period it ends now."""


def read_moment(text: str, *, now: datetime, zone: ZoneInfo, words: Words) -> Moment:
    """Return what ``text`` names, before now; raise ``BadRequest`` for nonsense, for now and for the future."""
    moment, _ = read_longest([text], now=now, zone=zone, words=words)
    return moment


def read_longest(tokens: Sequence[str], *, now: datetime, zone: ZoneInfo, words: Words) -> tuple[Moment, int]:
    """Read a time from the start of ``tokens``; return it and how many tokens it took, as many as possible.

    Raise ``BadRequest`` when they begin with no time, or with one that has not passed.
    """
    most = min(len(tokens), _MOST_WORDS)
    for count in range(most, 0, -1):
        text = " ".join(tokens[:count])
        moment = _simple(text, now, zone) or _natural(text, now, zone, words)
        if moment is None or moment.start == now:
            continue
        if moment.start > now:
            raise BadRequest(words("command.error.future", given=text), examples=EXAMPLES)
        return moment, count
    raise BadRequest(words("command.error.time", given=" ".join(tokens[:most])), examples=EXAMPLES)


def read_bare(tokens: Sequence[str], *, now: datetime, zone: ZoneInfo) -> tuple[Moment, int] | None:
    """Read a period that stands without ``since`` ("12h", "last 3 days", "yesterday"), in simple forms only.

    Natural dates are left alone here: "may" or "march" may be a person's name or a topic's word.
    """
    for count in range(min(len(tokens), 4), 0, -1):
        moment = _simple(" ".join(tokens[:count]), now, zone, clock=False)
        if moment is not None:
            return moment, count
    return None


def check_period(since: datetime | None, until: datetime | None, *, now: datetime, words: Words) -> None:
    """Raise ``BadRequest`` for a period that ends before it begins or is longer than 366 days."""
    if since is None:
        return
    end = until or now
    if since > now:
        raise BadRequest(words("command.error.future", given=f"{since:%Y-%m-%d %H:%M}"), examples=EXAMPLES)
    if end <= since:
        raise BadRequest(words("command.error.backwards"), examples=("since monday until yesterday",))
    if end - since > LONGEST:
        raise BadRequest(words("command.error.too_long", days=LONGEST.days), examples=EXAMPLES)


def _simple(text: str, now: datetime, zone: ZoneInfo, *, clock: bool = True) -> Moment | None:
    """Read the forms we know ourselves; None for all others, also for a 30th of February."""
    text = text.strip().casefold()
    try:
        return (
            _length(text, now)
            or _named(text, now.astimezone(zone).date(), zone)
            or _written_date(text, zone)
            or (_time_of_day(text, now, zone) if clock else None)
        )
    except (ValueError, OverflowError):
        return None


def _length(text: str, now: datetime) -> Moment | None:
    """Read "12h" and "last 3 days", back from now; a length of nothing is no time at all."""
    found = _LENGTH.fullmatch(text)
    if not found:
        return None
    number, hours, days, _weeks = found.groups()
    length = timedelta(hours=int(number) * (1 if hours else 24 if days else 168))
    return Moment(now - length, now - length, open_end=True) if length else None


def _named(text: str, today: date, zone: ZoneInfo) -> Moment | None:
    if text in _DAY_WORDS:
        return _day(today - timedelta(days=_DAY_WORDS[text]), zone)
    if text in _WEEK_WORDS:
        return _week(today - timedelta(weeks=_WEEK_WORDS[text]), zone)
    return None


def _written_date(text: str, zone: ZoneInfo) -> Moment | None:
    """Read 2026-01-02, with or without a time, and 2.1.2026: with dots the day comes first everywhere."""
    if found := _DOTTED.fullmatch(text):
        day, month, year = found.groups()
        return _day(date(int(year), int(month), int(day)), zone)
    found = _ISO.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute = found.groups()
    named = date(int(year), int(month), int(day))
    if hour is None:
        return _day(named, zone)
    return _instant(datetime.combine(named, time(int(hour), int(minute)), zone))


def _time_of_day(text: str, now: datetime, zone: ZoneInfo) -> Moment | None:
    """Read 08:30 as its last occurrence."""
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    at, today = time(int(found[1]), int(found[2])), now.astimezone(zone).date()
    latest = datetime.combine(today, at, zone)
    return _instant(latest if latest <= now else datetime.combine(today - timedelta(days=1), at, zone))


def _natural(text: str, now: datetime, zone: ZoneInfo, words: Words) -> Moment | None:
    """Read what dateparser knows; bare numbers and anything long never reach it."""
    text = text.strip()
    if found := _SLASHED.fullmatch(text):
        return _slashed(found, zone, words)
    if len(text) > _MOST_CHARACTERS or not any(letter.isalpha() for letter in text):
        return None
    local, kind = _guessed(text, now, zone)
    try:
        return _as_exact_as(local, kind, zone) if local else None
    except (ValueError, OverflowError):
        return None


def _as_exact_as(local: datetime, kind: str, zone: ZoneInfo) -> Moment:
    """Return the instant, or the whole day, week, month or year, that a local time stands for."""
    match kind:
        case "time":
            return _instant(local if local.tzinfo else local.replace(tzinfo=zone))
        case "week":
            return _week(local.date(), zone)
        case "month":
            first = local.date().replace(day=1)
            return _between(first, (first + timedelta(days=32)).replace(day=1), zone)
        case "year":
            return _between(date(local.year, 1, 1), date(local.year + 1, 1, 1), zone)
        case _:
            return _day(local.date(), zone)


def _guessed(text: str, now: datetime, zone: ZoneInfo) -> tuple[datetime | None, str]:
    """Return dateparser's local time for a text (None when it has none) and how exact it is."""
    # Loaded late: its import and its locales cost more than a whole answer.
    from dateparser.date import DateDataParser  # noqa: PLC0415 - see above

    parser = DateDataParser(
        languages=["en", "uk"],
        settings={
            "RELATIVE_BASE": now.astimezone(zone).replace(tzinfo=None),
            "PREFER_DATES_FROM": "past",
            "PREFER_DAY_OF_MONTH": "first",
            "RETURN_TIME_AS_PERIOD": True,
            "DATE_ORDER": "DMY",
        },
    )
    try:
        found = parser.get_date_data(text)
    except Exception:  # noqa: BLE001 - a guesser's crash on odd words only means that it found no date
        return None, ""
    return found.date_obj, found.period


def _slashed(found: re.Match[str], zone: ZoneInfo, words: Words) -> Moment | None:
    """Read 25/01/2026, which is one date; ask about 01/02/2026, which is two."""
    first, second, year = (int(number) for number in found.groups())
    days = []
    for month, day in ((first, second), (second, first)):
        try:
            days.append(date(year, month, day))
        except ValueError:
            continue
    if len(set(days)) > 1:
        both = tuple(f"{day:%Y-%m-%d}" for day in days)
        raise BadRequest(words("command.error.two_ways", given=found.group()), both)
    return _day(days[0], zone) if days else None


def _instant(at: datetime) -> Moment:
    at = at.astimezone(UTC)
    return Moment(at, at)


def _day(day: date, zone: ZoneInfo) -> Moment:
    return _between(day, day + timedelta(days=1), zone)


def _week(day: date, zone: ZoneInfo) -> Moment:
    monday = day - timedelta(days=day.weekday())
    return _between(monday, monday + timedelta(weeks=1), zone)


def _between(first: date, after: date, zone: ZoneInfo) -> Moment:
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    return Moment(start, datetime.combine(after, time(), zone).astimezone(UTC))
