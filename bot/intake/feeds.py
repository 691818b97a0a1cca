"""Feed bytes → entries: RSS 0.9x to 2.0, RDF and Atom. Pure; meant to run in a process that can be killed.

feedparser has no bound on its running time and raises what it likes on broken input, so it is called with its
sanitiser off (3.6 times faster; our own cleaning follows), and every exception becomes one retry on repaired
text and then a ``ValueError`` of the form "cause; next step".
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.sax import SAXException

import feedparser
from feedparser.exceptions import CharacterEncodingOverride, NonXMLContentType

from bot.intake.charset import decode
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
from bot.model import EntryData, FeedData

MAX_GUID = 1_000
MAX_TTL_S = 24 * 3_600

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
_AGGREGATORS = frozenset({"news.google.com"})
_EARLIEST_YEAR = 1990

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,40})|([0-9]{1,40}));?")
_OVERLONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{41,};?")
_PROLOG = re.compile(r"<\?xml[^>]{0,300}\?>\s*")
_ROOT = re.compile(r"<([A-Za-z][\w:.-]{0,60})")
_BREAKS_OFF = re.compile("no element found|unclosed (?:token|CDATA)")  # expat's words for an early end
_OVERLONG_PERSON = re.compile(
    r"(<(?:\w{1,20}:)?(?:author|creator|managingEditor|webMaster|contributor|name|email)\b[^<>]{0,300}>"
    r"(?:<!\[CDATA\[)?[^<\]]{500})[^<\]]+"
)
_HEADERS = {"content-type": "application/xml; charset=utf-8"}


def parse(body: bytes, *, url: str, content_type: str = "", max_entries: int = 1000) -> FeedData:
    """Read a feed document as fetched from ``url``.

    Return at most ``max_entries`` entries in the document's order, every text plain and bounded, every link
    absolute or empty. Raise ``ValueError`` ("cause; next step") when the document is no feed.
    """
    text = decode(body, content_type).lstrip()
    _refuse_other_documents(text)
    found = _read(text)
    feed = found["feed"]
    if not found.get("version") and not found["entries"]:
        raise ValueError(
            f"{_describe(text)} where a feed was expected; open the address in a browser and look for the "
            "site's RSS or Atom link"
        )
    aggregator = (urlsplit(url).hostname or "") in _AGGREGATORS if web_address(url) else False
    language = language_code(feed.get("language"))
    return FeedData(
        version=str(found.get("version") or ""),
        title=plain(_text(feed.get("title")), MAX_TITLE),
        language=language,
        entries=tuple(
            _entry(raw, base=url, language=language, aggregator=aggregator)
            for raw in found["entries"][:max_entries]
        ),
        min_interval_s=_ttl(feed.get("ttl")),
        complaint=_complaint(found),
        complete=not _BREAKS_OFF.search(str(found.get("bozo_exception", ""))),
    )


# ── Reading the document ─────────────────────────────────────────────────────────────────────────────────


def _refuse_other_documents(text: str) -> None:
    """Say what it is, when it plainly is something else than XML."""
    start = text[:300].lower()
    if not start:
        raise ValueError("the answer is empty; try again later, and check the address if it stays so")
    if start.startswith(("{", "[")):
        raise ValueError(
            "this is JSON, and only RSS, RDF and Atom are read; look for the site's RSS or Atom address"
        )
    if start.startswith(("<!doctype html", "<html")):
        raise ValueError(
            "this is a web page (HTML), not a feed; it may be a login or error page, or the feed has moved: "
            "open the address in a browser and look for the site's RSS link"
        )
    if "<" not in text:
        raise ValueError("this is plain text or binary data, not a feed; check the address")


def _read(text: str) -> Mapping[str, Any]:
    """Let feedparser read it; broken documents get one second chance, repaired."""
    try:
        found = _feedparser(text)
    except Exception as error:  # noqa: BLE001 - eight kinds of exceptions are known to come out of feedparser
        try:
            return _feedparser(_repaired(text))
        except Exception as again:
            raise ValueError(
                f"the feed cannot be read ({cut(f'{type(error).__name__}: {error}', 200)}); tell its publisher, "
                "or try its feed in another format"
            ) from again
    if not found.get("bozo") or not isinstance(found.get("bozo_exception"), SAXException):
        return found
    repaired = _repaired(text)
    if repaired == text:
        return found
    # feedparser's lenient reader has already had its try; after repair the strict one may see the whole.
    try:
        second = _feedparser(repaired)
    except Exception:  # noqa: BLE001 - the same; the first reading stands
        return found
    return second if len(second["entries"]) >= len(found["entries"]) else found


def _feedparser(text: str) -> Mapping[str, Any]:
    # From bytes in memory only: a string could be taken for an address or a file name and be opened.
    # Its search for a mail address in an author's name takes quadratic time: 2.4 s for 32 kB.
    text = _OVERLONG_PERSON.sub(r"\1", text)
    stream = io.BytesIO(text.encode("utf-8", "replace"))
    found: Mapping[str, Any] = feedparser.parse(
        stream, response_headers=_HEADERS, sanitize_html=False, resolve_relative_uris=False
    )
    return found


def _repaired(text: str) -> str:
    """Drop what XML forbids: control characters, references to no character, words before the document."""
    text = _OVERLONG_REFERENCE.sub("", _ILLEGAL.sub("", text))
    text = _REFERENCE.sub(_legal_reference, text)
    start = text.find("<")
    return _PROLOG.sub("", text[max(start, 0) :])


def _legal_reference(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    legal = number <= sys.maxunicode and not _ILLEGAL.match(chr(number))
    return f"&#{number};" if legal else ""


def _describe(text: str) -> str:
    root = _ROOT.search(_PROLOG.sub("", text[:20_000]))
    if root is None:
        return "this is no XML document"
    name = root[1].lower()
    if name in ("html", "head", "body", "div", "script", "meta"):
        return "this is a web page (HTML)"
    return f"this is an XML document of another kind (its root is <{root[1]}>)"


def _complaint(found: Mapping[str, Any]) -> str:
    if not found.get("bozo"):
        return ""
    error = found.get("bozo_exception")
    if isinstance(error, CharacterEncodingOverride | NonXMLContentType):
        return ""
    return plain(f"not well-formed: {error}", 300)


# ── Reading an entry ─────────────────────────────────────────────────────────────────────────────────────


def _entry(raw: Mapping[str, Any], *, base: str, language: str, aggregator: bool) -> EntryData:
    title = plain(_text(raw.get("title")), MAX_TITLE)
    outlet = _outlet(raw)
    if aggregator and not outlet and " - " in title:
        outlet = title.rpartition(" - ")[2]
    if outlet and title.endswith(f" - {outlet}"):
        title = title[: -len(outlet) - 3].rstrip()
    summary, text = _words(raw)
    # Asked first: for a missing update feedparser would answer with the publication date, and warn.
    updated = _instant(raw.get("updated_parsed")) if "updated_parsed" in raw else None
    return EntryData(
        guid=_guid(raw.get("id")),
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


def _words(raw: Mapping[str, Any]) -> tuple[str, str]:
    """Return (summary, full text or empty).

    A content element (or a description far too long for one) is a full text when it has three paragraphs or
    1,200 characters, is clearly longer than the summary beside it, and does not end in a "read more".
    """
    description = _text(raw.get("summary"))
    content = max((_text(part.get("value")) for part in raw.get("content") or ()), key=len, default="")
    body = paragraphs(content or description, MAX_TEXT)
    full = _is_full(body) and (bool(content) or len(body) >= _LONG_DESCRIPTION)
    teaser = description or content
    summary = paragraphs(teaser, MAX_SUMMARY) or plain(teaser, MAX_SUMMARY)
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
    author = plain(_text(raw.get("author")), MAX_AUTHOR)
    named = _EMAIL_AND_NAME.fullmatch(author)
    return named[1].strip() if named else " ".join(_EMAIL.sub("", author).split())


def _outlet(raw: Mapping[str, Any]) -> str:
    source = raw.get("source")
    return plain(_text(source.get("title")), MAX_AUTHOR) if isinstance(source, Mapping) else ""


def _link(raw: Mapping[str, Any], base: str) -> str:
    """The publisher's own address where a redirecting service stands in between, else the entry's link."""
    candidates = [_text(raw.get("feedburner_origlink")), _text(raw.get("link"))]
    candidates += [
        _text(link.get("href")) for link in raw.get("links") or () if link.get("rel") == "alternate"
    ]
    return next(filter(None, (web_address(link, base) for link in candidates)), "")


def _guid(value: object) -> str:
    """The raw guid, trimmed and NFC; an overlong one keeps its start and the hash of the whole."""
    guid = unicodedata.normalize("NFC", _ILLEGAL.sub("", _text(value))).strip()
    if len(guid) <= MAX_GUID:
        return guid
    return f"{guid[: MAX_GUID - 33]}#{hashlib.blake2b(guid.encode(), digest_size=16).hexdigest()}"


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


def _ttl(value: object) -> int:
    """Minutes in ``ttl`` as seconds; 0 for what is no number, at most a day."""
    minutes = re.fullmatch(r"\s*(\d{1,7})\s*", _text(value), re.ASCII)
    return min(int(minutes[1]) * 60, MAX_TTL_S) if minutes else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
