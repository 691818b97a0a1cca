"""Feed bytes → entries: RSS 0.9x to 2.0, RDF, Atom, JSON Feed, WordPress. Pure; meant for a killable process.

Everyday RSS 2.0 is read by ``plain_rss``, everything else in XML by feedparser. That has no bound on its running
time and raises what it likes on broken input, so it is called with its sanitiser off (3.6 times faster; our own
cleaning follows), and every exception becomes one retry on repaired text and then a ``ValueError`` of the form
"cause; next step".
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from xml.sax import SAXException

import feedparser
import feedparser.api
from feedparser.exceptions import CharacterEncodingOverride, NonXMLContentType

from bot.intake import json_feed, plain_rss, wishes
from bot.intake.charset import decode
from bot.intake.clean import MAX_TITLE, cut, language_code, plain, web_address
from bot.intake.entries import ILLEGAL, entry, text_of
from bot.model import FeedData

feedparser.api.PREFERRED_XML_PARSERS[:] = ["bot.intake.xml_driver"]

_AGGREGATORS = frozenset({"news.google.com"})
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


def parse(
    body: bytes, *, url: str, content_type: str = "", max_entries: int = 1000, quick: bool = True
) -> FeedData:
    """Read a feed document as fetched from ``url``.

    Return at most ``max_entries`` entries in the document's order, every text plain and bounded, every link
    absolute or empty. Without ``quick``, feedparser reads everyday RSS too: it finds the same, later. Raise
    ``ValueError`` ("cause; next step") when the document is no feed.
    """
    text = decode(body, content_type).lstrip()
    _refuse_other_documents(text)
    if text.startswith(("{", "[")):
        found = json_feed.read(text)
    else:
        found = (plain_rss.read(text) if quick else None) or _read(text)
    feed = found["feed"]
    if not found.get("version") and not found["entries"]:
        raise ValueError(
            f"{_describe(text)} where a feed was expected; open the address in a browser and look for the "
            "site's RSS or Atom link"
        )
    aggregator = (urlsplit(url).hostname or "") in _AGGREGATORS if web_address(url) else False
    language = language_code(feed.get("language"))
    wished = wishes.of(text)
    return FeedData(
        version=str(found.get("version") or ""),
        title=plain(text_of(feed.get("title")), MAX_TITLE),
        language=language,
        entries=tuple(
            entry(raw, base=url, language=language, aggregator=aggregator)
            for raw in found["entries"][:max_entries]
        ),
        ttl_minutes=wished.ttl_minutes,
        sy_minutes=wished.sy_minutes,
        skip_hours=wished.skip_hours,
        skip_days=wished.skip_days,
        complaint=_complaint(found),
        complete=not _BREAKS_OFF.search(str(found.get("bozo_exception", ""))),
    )


# ── Reading the document ─────────────────────────────────────────────────────────────────────────────────


def _refuse_other_documents(text: str) -> None:
    """Say what it is, when it plainly is something else than XML."""
    start = text[:300].lower()
    if not start:
        raise ValueError("the answer is empty; try again later, and check the address if it stays so")
    if start.startswith(("<!doctype html", "<html")):
        raise ValueError(
            "this is a web page (HTML), not a feed; it may be a login or error page, or the feed has moved: "
            "open the address in a browser and look for the site's RSS link"
        )
    if "<" not in text and not start.startswith(("{", "[")):
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
    text = _OVERLONG_REFERENCE.sub("", ILLEGAL.sub("", text))
    text = _REFERENCE.sub(_legal_reference, text)
    start = text.find("<")
    return _PROLOG.sub("", text[max(start, 0) :])


def _legal_reference(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    legal = number <= sys.maxunicode and not ILLEGAL.match(chr(number))
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
