"""OPML → the feeds it lists, and feeds → OPML. Pure.

The standard library's parser reads it as a stream: expat itself stops entity bombs by amplification (since
2.4.1), no external entity is ever fetched, and any document type declaration, the only place where entities
can be defined, is refused before it is read. So neither lxml nor defusedxml is needed for one attribute list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError, SubElement, XMLParser, indent, tostring

MOST_BYTES = 5_000_000
MOST_FEEDS = 10_000
_MOST_TITLE = 200
_MOST_URL = 2_000
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold in any form (its section 2.2)."""


def import_feeds(opml: bytes) -> list[tuple[str, str]]:
    """Return (title, address) of each feed in the document's order, an address only once.

    Folders are walked through; outlines without an http(s) ``xmlUrl`` are left out. Raise ``ValueError``
    (cause; next step) for what is no OPML, is too long, or declares a document type.
    """
    if len(opml) > MOST_BYTES:
        raise ValueError(f"the file is longer than {MOST_BYTES:,} bytes; split it")
    outlines = _Outlines()
    parser = XMLParser(target=outlines)  # noqa: S314 - see above: no document type gets through
    try:
        parser.feed(opml)
        parser.close()
    except ParseError as error:
        raise ValueError(f"not well-formed XML ({error}); export the OPML file again") from error
    except (LookupError, UnicodeError) as error:
        raise ValueError(f"its encoding cannot be read ({error}); save it as UTF-8") from error
    if not outlines.is_opml:
        raise ValueError("XML, but no OPML document; give a file whose first element is <opml>")
    return [(title, url) for url, title in outlines.feeds.items()]


def export_feeds(feeds: Iterable[tuple[str, str]], *, now: datetime) -> bytes:
    """Return an OPML 2.0 document of these (title, address) pairs, in UTF-8, as any reader of feeds takes it."""
    opml = Element("opml", version="2.0")
    head = SubElement(opml, "head")
    SubElement(head, "title").text = "OnRecord: feeds"
    SubElement(head, "dateCreated").text = format_datetime(now)
    body = SubElement(opml, "body")
    for title, url in feeds:
        name, address = (" ".join(_NO_XML.sub("", text).split()) for text in (title, url))
        SubElement(body, "outline", type="rss", text=name or address, title=name or address, xmlUrl=address)
    indent(opml)
    written: bytes = tostring(opml, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


class _Outlines:
    """Collects outlines as the parser meets them (the interface of a TreeBuilder)."""

    def __init__(self) -> None:
        self.feeds: dict[str, str] = {}
        self.is_opml = False
        self._depth = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse a document type declaration."""
        del name, pubid, system
        raise ValueError(
            "the file declares a document type, which OPML has no use for; remove the <!DOCTYPE> line"
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the feed of one outline."""
        if self._depth == 0:
            self.is_opml = tag.casefold() == "opml"
        self._depth += 1
        if tag.casefold() != "outline":
            return
        named = {name.casefold(): " ".join(value.split()) for name, value in attributes.items()}
        url = named.get("xmlurl", "")
        if not _is_web_address(url) or url in self.feeds:
            return
        if len(self.feeds) >= MOST_FEEDS:
            raise ValueError(f"the file lists more than {MOST_FEEDS:,} feeds; split it")
        self.feeds[url] = (named.get("title") or named.get("text") or "")[:_MOST_TITLE]

    def end(self, tag: str) -> None:
        """Leave an element."""
        del tag
        self._depth -= 1

    def data(self, text: str) -> None:
        """Text between elements says nothing about feeds."""

    def close(self) -> None:
        """The document has ended."""


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        len(url) <= _MOST_URL
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and not parts.username
    )
