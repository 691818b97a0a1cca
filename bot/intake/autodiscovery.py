"""HTML page → the feeds it names. Pure; meant to run in a killable process.

Only what the page itself says: ``<link rel="alternate">`` with a feed's type, and failing that WordPress's link to
its interface. No address is guessed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from lxml import html

from bot.intake.charset import decode
from bot.intake.clean import MAX_TITLE, plain, web_address

MOST = 20
_WITHIN = 1_000_000
_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
    "application/json",
)
_WORDPRESS = "https://api.w.org/"
_POSTS = "wp/v2/posts"
"""WordPress documents this path below the address that the page names."""


def find(body: bytes, *, url: str, content_type: str = "") -> tuple[tuple[str, str], ...]:
    """Return (address, title) of the feeds named by the page at ``url``, in its order, at most 20.

    Feeds of comments are left out where the page names another feed beside them. What is no HTML names none.
    """
    text = decode(body[:_WITHIN], content_type).replace("\0", "")
    try:
        root = html.document_fromstring(
            text.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8")
        )
    except (ValueError, html.etree.LxmlError):
        return ()
    base = next(iter(root.xpath("//base/@href")), "")
    base = web_address(base, url) or url
    found: dict[str, str] = {}
    interface = ""
    for link in root.xpath("//link[@rel and @href]"):
        address = web_address(link.get("href"), base)
        rels = link.get("rel").lower().split()
        if address and "alternate" in rels and _is_feed(link, address):
            found.setdefault(address, plain(link.get("title") or "", MAX_TITLE))
        elif address and _WORDPRESS in rels:
            interface = address
    named = [(address, title) for address, title in found.items() if not _of_comments(address)] or list(
        found.items()
    )
    if not named and interface and not urlsplit(interface).query:
        named = [(f"{interface.rstrip('/')}/{_POSTS}", "")]
    return tuple(named[:MOST])


def _is_feed(link: Any, address: str) -> bool:  # noqa: ANN401 - lxml comes without types
    """WordPress calls the JSON form of a single page an alternate, too."""
    kind = (link.get("type") or "").partition(";")[0].strip().lower()
    return kind in _TYPES and not (kind == "application/json" and "/wp-json/" in address)


def _of_comments(address: str) -> bool:
    path = urlsplit(address).path.lower()
    return "/comments/feed" in path or path.endswith(("/comments.xml", "/comments/default"))
