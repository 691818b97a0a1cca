"""What servers say, in plain words: status codes, freshness, and how long to stay away. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_FRESH_S = 24 * 3_600
LONGEST_RETRY_AFTER_S = 7 * 24 * 3_600

_LATER = "nothing; it is tried again by itself, later each time"
_WORDS: Mapping[int, tuple[str, str]] = {
    204: ("the server answered without content (204)", "check the address in a browser"),
    400: ("the server does not understand the request (400)", "check the address"),
    401: (
        "the server asks for a login (401)",
        "look for a public feed of this outlet; logins are not supported",
    ),
    402: ("the server asks for payment (402)", "look for a public feed of this outlet"),
    403: (
        "the server refuses us (403)",
        "ask the publisher to allow this reader; its name is user_agent under [fetching]",
    ),
    404: ("nothing is found at this address (404)", "look for the feed's new address on the outlet's site"),
    406: ("the server has nothing in a format we accept (406)", "check that the address is a feed's"),
    408: ("the server waited too long for the request (408)", _LATER),
    410: ("the server says this is gone for good (410)", "remove it, or look for its new address"),
    429: ("the server asks us to come less often (429)", "nothing; it is tried again when the server allows"),
    451: ("the server refuses for legal reasons (451)", "remove it, or look for another address"),
    500: ("the server has an error of its own (500)", _LATER),
    502: ("the server's gateway gets no answer from it (502)", _LATER),
    503: ("the server is out of service for now (503)", _LATER),
    504: ("the server's gateway waits in vain for it (504)", _LATER),
}
_CHALLENGE = (
    "the server's Cloudflare protection demands a browser check (403)",
    "ask the publisher to let feed readers through; we do not pretend to be a browser",
)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NEVER_FRESH = re.compile(r"(?:^|[\s,])(?:no-cache|no-store)(?:[\s,]|$)", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)


def explain(status: int, headers: Mapping[str, str]) -> tuple[str, str]:
    """Return (cause, next step) for an answer that brought nothing."""
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return _CHALLENGE
    if status in _WORDS:
        return _WORDS[status]
    kind = {2: "an unusual answer", 3: "a redirect that cannot be followed", 5: "an error of its own"}
    return f"the server gives {kind.get(status // 100, 'an unexpected answer')} ({status})", _LATER


def retry_after_s(headers: Mapping[str, str], now: datetime) -> int:
    """Seconds of ``Retry-After``: a number, or a date by the server's own clock; 0 for garbage (P9)."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return 0
    if _DIGITS.fullmatch(value):
        return min(int(value), LONGEST_RETRY_AFTER_S)
    return _until(_date(value), headers, now, LONGEST_RETRY_AFTER_S)


def fresh_for_s(headers: Mapping[str, str], now: datetime) -> int:
    """Seconds the answer stays fresh: ``max-age`` less ``Age``, else ``Expires`` by the server's clock (P8)."""
    control = headers.get("Cache-Control", "")
    if _NEVER_FRESH.search(control):
        return 0
    max_age = _MAX_AGE.search(control)
    if max_age:
        age = headers.get("Age", "").strip()
        spent = int(age) if _DIGITS.fullmatch(age) else 0
        return max(min(int(max_age[1]) - spent, LONGEST_FRESH_S), 0)
    return _until(_date(headers.get("Expires", "")), headers, now, LONGEST_FRESH_S)


def _until(then: datetime | None, headers: Mapping[str, str], now: datetime, most: int) -> int:
    if then is None:
        return 0
    since = _date(headers.get("Date", "")) or now
    return int(max(min((then - since).total_seconds(), most), 0))


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
