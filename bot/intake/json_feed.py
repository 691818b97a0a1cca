"""JSON Feed 1.0 and 1.1, and WordPress's list of posts → what feedparser would call their parts. Pure.

https://www.jsonfeed.org/version/1.1/ and ``/wp-json/wp/v2/posts``. What is neither raises ``ValueError`` ("cause;
next step").
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.intake.clean import cut, tidy
from bot.intake.entries import text_of

_SPEC = "jsonfeed.org/version/"
_NEXT = "look for the site's feed: RSS, Atom, JSON Feed, or WordPress's /wp-json/wp/v2/posts"


def read(text: str) -> Mapping[str, Any]:
    """Read a JSON document; entries keep its order."""
    try:
        document = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is broken JSON ({cut(str(error), 100)}); {_NEXT}") from error
    if isinstance(document, dict) and _SPEC in text_of(document.get("version")):
        if isinstance(items := document.get("items"), list):
            return _json_feed(document, items)
        problem = "this is a JSON Feed without its list of items"
    elif isinstance(document, list) and all(_is_post(post) for post in document):
        return {"version": "wordpress", "feed": {}, "entries": [_post(post) for post in document]}
    elif isinstance(document, dict) and (told := text_of(document.get("message"))):
        problem = f"the server answers in JSON: “{cut(tidy(told), 200)}”"
    else:
        problem = "this is JSON, but neither a JSON Feed nor WordPress's list of posts"
    raise ValueError(f"{problem}; {_NEXT}")


def _json_feed(document: Mapping[str, Any], items: Sequence[object]) -> Mapping[str, Any]:
    version = "json11" if text_of(document.get("version")).endswith("1.1") else "json1"
    return {
        "version": version,
        "feed": {"title": html.escape(text_of(document.get("title"))), "language": document.get("language")},
        "entries": [_item(item) for item in items if isinstance(item, dict)],
    }


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item's title, summary and ``content_text`` are plain text: what looks like markup there is none."""
    content = text_of(item.get("content_html")) or html.escape(text_of(item.get("content_text")))
    guid = item.get("id")
    found: dict[str, Any] = {
        # The specification asks for a string, and for numbers to be read as one.
        "id": str(guid) if isinstance(guid, int | float) and not isinstance(guid, bool) else guid,
        "link": text_of(item.get("url")) or text_of(item.get("external_url")),
        "title": html.escape(text_of(item.get("title"))),
        "summary": html.escape(text_of(item.get("summary"))) or content,
        "content": [{"value": content}] if content else [],
        "author": html.escape(", ".join(filter(None, map(_name, _authors(item))))),
        "language": item.get("language"),
        "published_parsed": _instant(item.get("date_published")),
    }
    if updated := _instant(item.get("date_modified")):
        found["updated_parsed"] = updated
    return found


def _authors(item: Mapping[str, Any]) -> list[object]:
    """``authors`` of version 1.1, else ``author`` of version 1."""
    authors = item.get("authors")
    return authors if isinstance(authors, list) else [item.get("author")]


def _name(author: object) -> str:
    return text_of(author.get("name")) if isinstance(author, dict) else ""


def _is_post(post: object) -> bool:
    return isinstance(post, dict) and isinstance(post.get("title"), dict) and "link" in post


def _post(post: Mapping[str, Any]) -> dict[str, Any]:
    content = post.get("content")
    locked = isinstance(content, dict) and content.get("protected") is True
    text = "" if locked else _rendered(content)
    embedded = post.get("_embedded")
    authors = embedded.get("author") if isinstance(embedded, dict) else None
    found: dict[str, Any] = {
        "id": _rendered(post.get("guid")) or text_of(post.get("link")),
        "link": text_of(post.get("link")),
        "title": _rendered(post.get("title")),
        "summary": _rendered(post.get("excerpt")) or text,
        "content": [{"value": text}] if text else [],
        "author": html.escape(", ".join(filter(None, map(_name, authors))))
        if isinstance(authors, list)
        else "",
        "published_parsed": _instant(post.get("date_gmt")),
    }
    if updated := _instant(post.get("modified_gmt")):
        found["updated_parsed"] = updated
    return found


def _rendered(part: object) -> str:
    return text_of(part.get("rendered")) if isinstance(part, dict) else ""


def _instant(value: object) -> tuple[int, ...] | None:
    """A date as feedparser's UTC tuple; without a zone it is UTC, as WordPress means it."""
    try:
        instant = datetime.fromisoformat(text_of(value).strip())
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return tuple(instant.timetuple())
