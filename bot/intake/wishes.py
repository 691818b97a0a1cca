"""How often a publisher wants to be asked, as an RSS or RDF document says it (docs/feed-rules.md P25). Pure.

Read from the text around the entries: parsers keep one hour of ``skipHours`` and mix up what repeats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_AROUND_ENTRIES = 20_000
_ENTRIES = re.compile(r"<(?:\w{1,20}:)?(?:item|entry)[\s>]")
_ELEMENT = r"<(?:\w{1,20}:)?%s\b[^<>]{0,200}>\s*(?:<!\[CDATA\[)?\s*(%s)\s*(?:\]\]>)?\s*<"
_TTL = re.compile(_ELEMENT % ("ttl", r"\d{1,7}"), re.IGNORECASE | re.ASCII)
_PERIOD = re.compile(_ELEMENT % ("updatePeriod", "[A-Za-z]{1,10}"), re.IGNORECASE | re.ASCII)
_FREQUENCY = re.compile(_ELEMENT % ("updateFrequency", r"\d{1,7}"), re.IGNORECASE | re.ASCII)
_SKIPPED = re.compile(r"<skip(Hours|Days)\b[^<>]{0,200}>(.{0,2000}?)</skip", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(r"<hour>\s*(\d{1,2})\s*<", re.IGNORECASE | re.ASCII)
_DAY = re.compile(r"<day>\s*([A-Za-z]{3})", re.IGNORECASE)
_MINUTES = {"hourly": 60, "daily": 1_440, "weekly": 10_080, "monthly": 43_200, "yearly": 525_600}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Wished:
    """What a document says; 0 or empty where it says nothing."""

    ttl_minutes: int = 0
    sy_minutes: int = 0
    skip_hours: tuple[int, ...] = ()
    """0 to 23, GMT; RSS's own 24 is midnight."""
    skip_days: tuple[int, ...] = ()
    """0 is Monday."""


def of(text: str) -> Wished:
    """Read ``ttl``, the syndication module, ``skipHours`` and ``skipDays`` from a feed's text."""
    first = _ENTRIES.search(text)
    head = text[: first.start() if first else None][:_AROUND_ENTRIES]
    around = head + text[max(len(head), len(text) - _AROUND_ENTRIES) :].rpartition("</item>")[2]
    ttl = _TTL.search(around)
    hours: set[int] = set()
    days: set[int] = set()
    for kind, inside in _SKIPPED.findall(around):
        if kind.lower() == "hours":
            hours.update(int(hour) % _HOURS for hour in _HOUR.findall(inside) if int(hour) <= _HOURS)
        else:
            days.update(_DAYS.index(day.lower()) for day in _DAY.findall(inside) if day.lower() in _DAYS)
    return Wished(int(ttl[1]) if ttl else 0, _period(around), tuple(sorted(hours)), tuple(sorted(days)))


def _period(text: str) -> int:
    """The period divided by how often it is updated in it; a period without a number means once."""
    period, frequency = _PERIOD.search(text), _FREQUENCY.search(text)
    minutes = _MINUTES.get(period[1].lower(), 0) if period else 0
    return minutes // max(int(frequency[1]), 1) if frequency else minutes
