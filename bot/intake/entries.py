"""A feed's entry as a parser gives it → a plain, bounded ``EntryData``. Pure.

The parser's names are feedparser's, whoever did the parsing; everything in them is a stranger's.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.intake.clean import (
    MAX_AUTHOR,
    MAX_SUMMARY,
    MAX_TEXT,
    MAX_TITLE,
    cut,
    language_code,
    paragraphs,
    plain,
    web_address,
)
from bot.model import EntryData

MAX_GUID = 1_000
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""What XML forbids."""

# A full text has this much to say; anything shorter is a teaser, whatever element it came in.
_FULL_PARAGRAPHS = 3
_FULL_LEAST = 600
_FULL_CHARS = 1_200
_FULL_OVER_SUMMARY = 1.5
_CUT_WITHIN = 1_000
_LONG_DESCRIPTION = 2_500
_TEASER_END = re.compile(
    r"(?:\[(?:…|\.\.\.)\]|…|\.\.\.|(?:read|continue|learn|view) (?:more|reading|the (?:full|rest)\b.{0,40})\W{0,4})$",
    re.IGNORECASE,
)
_READ_MORE = re.compile(r"\s*\b(?:Continue reading|Read more)\W{0,5}$")
_EMAIL_AND_NAME = re.compile(r"\S+@\S+\s*\(([^()]+)\)")
_EMAIL = re.compile(r"\(?\b\S+@\S+\)?")
_EARLIEST_YEAR = 1990


def entry(raw: Mapping[str, Any], *, base: str, language: str, aggregator: bool) -> EntryData:
    """Read one entry of a document at ``base``.

    ``language`` is the document's; an ``aggregator`` prints outlets into its titles, and no summaries of its own.
    """
    title = plain(text_of(raw.get("title")), MAX_TITLE)
    outlet = _outlet(raw)
    if aggregator and not outlet and " - " in title:
        outlet = title.rpartition(" - ")[2]
    if outlet and title.endswith(f" - {outlet}"):
        title = title[: -len(outlet) - 3].rstrip()
    description = text_of(raw.get("summary"))
    content = max((text_of(part.get("value")) for part in raw.get("content") or ()), key=len, default="")
    summary, text = words(description, content)
    # Asked first: for a missing update feedparser would answer with the publication date, and warn.
    updated = _instant(raw.get("updated_parsed")) if "updated_parsed" in raw else None
    return EntryData(
        guid=guid(raw.get("id")),
        link=_link(raw, base),
        title=title,
        # An aggregator's description is a list of links to the headline and its rivals.
        summary="" if aggregator else summary,
        text="" if aggregator else text,
        author=_author(raw),
        language=language_code(raw.get("language") or _detail_language(raw)) or language,
        outlet=outlet,
        # RDF (and many an Atom feed) has but one date, which feedparser calls the update.
        published_at=_instant(raw.get("published_parsed")) or updated,
        updated_at=updated,
    )


def words(description: str, content: str) -> tuple[str, str]:
    """Return (summary, full text or empty).

    A content element (or a description far too long for one) is a full text when it has three paragraphs or
    1,200 characters, is clearly longer than the summary beside it, and does not end in a "read more".
    """
    body = paragraphs(content or description, MAX_TEXT)
    full = _is_full(body) and (bool(content) or len(body) >= _LONG_DESCRIPTION)
    teaser = description or content
    # The body's beginning, where both are one element's text.
    same = teaser == (content or description) and len(body) < MAX_TEXT
    summary = (cut(body, MAX_SUMMARY) if same else paragraphs(teaser, MAX_SUMMARY)) or plain(
        teaser, MAX_SUMMARY
    )
    summary = _READ_MORE.sub("", summary)
    if full and content and description and content != description:
        begins_alike = " ".join(summary.split())[:_FULL_LEAST] in " ".join(body.split())
        full = begins_alike or len(body) >= _FULL_OVER_SUMMARY * len(summary)
    return summary, body if full else ""


def _is_full(text: str) -> bool:
    enough = len(text) >= _FULL_LEAST and text.count("\n\n") + 1 >= _FULL_PARAGRAPHS
    cut_by_us = len(text) > MAX_TEXT - _CUT_WITHIN
    return (enough or len(text) > _FULL_CHARS) and (cut_by_us or not _TEASER_END.search(text[-80:]))


def _author(raw: Mapping[str, Any]) -> str:
    """The name without the mail address that RSS asks for."""
    author = plain(text_of(raw.get("author")), MAX_AUTHOR)
    named = _EMAIL_AND_NAME.fullmatch(author)
    return named[1].strip() if named else " ".join(_EMAIL.sub("", author).split())


def _outlet(raw: Mapping[str, Any]) -> str:
    source = raw.get("source")
    return plain(text_of(source.get("title")), MAX_AUTHOR) if isinstance(source, Mapping) else ""


def _link(raw: Mapping[str, Any], base: str) -> str:
    """The publisher's own address where a redirecting service stands in between, else the entry's link."""
    candidates = [text_of(raw.get("feedburner_origlink")), text_of(raw.get("link"))]
    candidates += [
        text_of(link.get("href")) for link in raw.get("links") or () if link.get("rel") == "alternate"
    ]
    return next(filter(None, (web_address(link, base) for link in candidates)), "")


def guid(value: object) -> str:
    """The raw guid, trimmed and NFC; an overlong one keeps its start and the hash of the whole."""
    text = unicodedata.normalize("NFC", ILLEGAL.sub("", text_of(value))).strip()
    if len(text) <= MAX_GUID:
        return text
    return f"{text[: MAX_GUID - 33]}#{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def _detail_language(raw: Mapping[str, Any]) -> object:
    return next(
        (raw[name].get("language") for name in ("title_detail", "summary_detail") if raw.get(name)), None
    )


def _instant(parsed: Any) -> datetime | None:  # noqa: ANN401 - time.struct_time, or whatever a date handler left
    """Turn feedparser's UTC time tuple into an aware instant; None for what is no plausible date of an article."""
    try:
        year, month, day, hour, minute, second = parsed[:6]
        instant = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return instant if instant.year >= _EARLIEST_YEAR else None


def text_of(value: object) -> str:
    """Return a text, or an empty one for anything else that a parser may have left there."""
    return value if isinstance(value, str) else ""
