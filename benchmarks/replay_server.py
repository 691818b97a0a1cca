"""Real feeds of the past on loopback, as they stood at any minute: what a poller is measured and counted against.

Part ``feeds``: RSS items as a crawler met them, put back into their feeds by the minute they were first seen.
Their article pages are gone: every link leads to a loopback address that answers 404, so that a reader falls
back to title and summary. Part ``pages``: full articles behind one feed per country, spread evenly over the
replayed period, with real HTML pages. Each host has a loopback address of its own (Linux: all of 127/8).

The data stays where it is; the folder holds ``rss-2026-01-01-to-04.jsonl.gz`` and
``war-fulltext-2022-2024.jsonl.gz``.
"""

from __future__ import annotations

import errno
import gzip
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from aiohttp import web

from bot import knowledge

RSS_FILE = "rss-2026-01-01-to-04.jsonl.gz"
PAGES_FILE = "war-fulltext-2022-2024.jsonl.gz"
NEWEST = 60
"""How many items a feed shows."""
TITLE_WORDS = 12
_LEAST_TITLE_WORDS = 4
SUMMARY_CHARS = 200
_PORT_ATTEMPTS = 20
_NETWORK = "127.77.0"
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Part = Literal["feeds", "pages"]


@dataclass(frozen=True, slots=True)
class ReplayItem:
    """One item and when it first stood in its feed."""

    id: str
    """Its original address or id: what the served guid says."""
    link: str
    title: str
    summary: str
    author: str
    published_at: datetime
    shown_from: datetime
    text: str = ""
    """Full text, for items whose page can be had."""


@dataclass(slots=True)
class ReplayFeed:
    """One feed: its items in the order they appeared, and what has been asked of it so far."""

    part: Part
    original_url: str
    title: str
    language: str
    items: tuple[ReplayItem, ...]
    url: str = ""
    """Where it is served; known once the server is entered."""
    requests: int = 0
    full: int = 0
    """Answers with a body (200)."""
    unchanged: int = 0
    """Answers without one (304)."""
    exposed: set[str] = field(default_factory=set)
    """Ids of every item that stood in the feed at some request: what a poller must have stored."""

    def standing(self, now: datetime) -> list[ReplayItem]:
        """What the feed shows now, newest first."""
        came = [item for item in self.items if item.shown_from <= now]
        return came[-NEWEST:][::-1]


class ReplayServer:
    """Serves both parts while entered; ``now`` says which minute it is."""

    def __init__(
        self,
        data_folder: Path,
        now: Callable[[], datetime],
        *,
        start: datetime,
        hours: float = 48,
        parts: Iterable[Part] = ("feeds", "pages"),
    ) -> None:
        self._now = now
        self._hosts: dict[str, str] = {}
        """Original host → where it is served, ``address:port``."""
        self._runner: web.AppRunner | None = None
        self._pages: dict[tuple[str, str], ReplayItem] = {}
        self._by_address: dict[str, ReplayFeed] = {}
        self.pages_served = 0
        self.pages_missing = 0
        self.feeds: list[ReplayFeed] = []
        if "feeds" in parts:
            self.feeds += _feeds_part(_rows(data_folder / RSS_FILE))
        if "pages" in parts:
            self.feeds += _pages_part(_rows(data_folder / PAGES_FILE), start, timedelta(hours=hours))

    async def __aenter__(self) -> Self:
        """Bind one address per host on a common free port; raise ``OSError`` when that cannot be done."""
        app = web.Application()
        app.add_routes([web.get("/{path:.*}", self._answer)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        links = [feed.original_url for feed in self.feeds] + [
            i.link for feed in self.feeds for i in feed.items
        ]
        hosts = sorted({urlsplit(link).netloc for link in links})
        try:
            await self._bind(hosts)
        except OSError:
            await self._runner.cleanup()
            raise
        for feed in self.feeds:
            feed.url = self._moved(feed.original_url)
            self._by_address[feed.url] = feed
            self._pages |= {_address(self._moved(item.link)): item for item in feed.items if item.text}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop answering; the counters stay."""
        assert self._runner is not None
        await self._runner.cleanup()

    async def _bind(self, hosts: list[str]) -> None:
        assert self._runner is not None
        for _ in range(_PORT_ATTEMPTS):
            port = 0
            try:
                for number, host in enumerate(hosts):
                    address = f"{_NETWORK}.{number + 1}"
                    await web.TCPSite(self._runner, address, port).start()
                    port = port or self._runner.addresses[0][1]
                    self._hosts[host] = f"{address}:{port}"
            except OSError as error:
                for site in list(self._runner.sites):
                    await site.stop()
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return
        raise OSError(errno.EADDRINUSE, "found no port that is free on all loopback addresses; try again")

    def _moved(self, url: str) -> str:
        """The same address on the loopback host that stands for its own."""
        parts = urlsplit(url)
        return parts._replace(scheme="http", netloc=self._hosts[parts.netloc]).geturl()

    async def _answer(self, request: web.Request) -> web.Response:
        feed = self._by_address.get(f"http://{request.host}{request.raw_path}")
        if feed is not None:
            return self._answer_feed(feed, request)
        item = self._pages.get((request.host, request.raw_path))
        if item is None or item.shown_from > self._now():
            self.pages_missing += 1
            raise web.HTTPNotFound
        self.pages_served += 1
        return web.Response(text=_page(item), content_type="text/html")

    def _answer_feed(self, feed: ReplayFeed, request: web.Request) -> web.Response:
        standing = feed.standing(self._now())
        feed.requests += 1
        feed.exposed |= {item.id for item in standing}
        body = _rss(feed, standing, self._moved).encode()
        etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
        headers = {"ETag": etag}
        if standing:
            headers["Last-Modified"] = format_datetime(standing[0].shown_from, usegmt=True)
        asked = request.headers.get("If-None-Match")
        since = request.headers.get("If-Modified-Since")
        if asked == etag or (asked is None and since is not None and since == headers.get("Last-Modified")):
            feed.unchanged += 1
            return web.Response(status=304, headers=headers)
        feed.full += 1
        return web.Response(body=body, content_type="application/rss+xml", charset="utf-8", headers=headers)


# ── From the data to feeds ───────────────────────────────────────────────────────────────────────────────


def _rows(path: Path) -> list[Mapping[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _feeds_part(rows: list[Mapping[str, Any]]) -> list[ReplayFeed]:
    known = knowledge.load()
    by_feed: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_feed.setdefault(row["feed_url"], []).append(row)
    return [
        ReplayFeed(
            part="feeds",
            original_url=url,
            # The bot knows an outlet by its address, and here every address is a loopback one.
            title=known.outlet(url).name if known.outlet(url) in known.outlets else mine[0]["feed_title"],
            language=mine[0]["lang"] or "",
            items=tuple(sorted((_item(row) for row in mine), key=lambda item: item.shown_from)),
        )
        for url, mine in sorted(by_feed.items())
    ]


def _item(row: Mapping[str, Any]) -> ReplayItem:
    return ReplayItem(
        id=row["link"],
        link=row["link"],
        title=row["title"],
        summary=row["summary"] or "",
        author=row["author"] or "",
        published_at=datetime.fromisoformat(row["published"] or row["first_seen"]),
        # Last-Modified knows whole seconds only.
        shown_from=datetime.fromisoformat(row["first_seen"]).replace(microsecond=0),
    )


def _pages_part(rows: list[Mapping[str, Any]], start: datetime, period: timedelta) -> list[ReplayFeed]:
    """One feed per country; the order of ``seen`` becomes even steps through the period.

    A few articles stand in the file twice under one id; the first is served.
    """
    by_country: dict[str, list[ReplayItem]] = {}
    distinct = {row["id"]: row for row in reversed(rows)}
    rows = sorted(distinct.values(), key=lambda row: (row["seen"], row["id"]))
    for number, row in enumerate(rows):
        country = row["outlet_country"].lower()
        shown_from = (start + period * (number / len(rows))).replace(microsecond=0)
        text = row["text"].strip()
        item = ReplayItem(
            id=row["id"],
            link=f"http://{country}.pages.invalid/{row['id']}.html",
            title=_headline(text),
            summary=text[:SUMMARY_CHARS],
            author="",
            published_at=shown_from,
            shown_from=shown_from,
            text=text,
        )
        by_country.setdefault(country, []).append(item)
    return [
        ReplayFeed(
            part="pages",
            original_url=f"http://{country}.pages.invalid/feed.xml",
            title=f"Pages {country.upper()}",
            language="en",
            items=tuple(items),
        )
        for country, items in sorted(by_country.items())
    ]


def _headline(text: str) -> str:
    """The first sentence; or the first words, when it is long or no sentence at all ("The U.S.", "CNN —")."""
    sentence = re.split(r"(?<=[.!?])\s|\n", text, maxsplit=1)[0].split()
    if _LEAST_TITLE_WORDS <= len(sentence) <= TITLE_WORDS:
        return " ".join(sentence).rstrip(".")
    words = text.split()[:TITLE_WORDS]
    return " ".join(words).rstrip(".,;:–-") + "…"


# ── From feeds to documents ──────────────────────────────────────────────────────────────────────────────


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("", text))


def _rss(feed: ReplayFeed, items: list[ReplayItem], moved: Callable[[str], str]) -> str:
    """RSS 2.0; summaries that hold HTML are escaped once, as publishers do."""
    home = "/".join(moved(feed.original_url).split("/", 3)[:3])
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel>\n'
        f"<title>{_xml(feed.title)}</title><link>{home}/</link><description>{_xml(feed.title)}</description>"
        f"<language>{_xml(feed.language)}</language>"
    )
    lines = [head]
    for item in items:
        author = f"<dc:creator>{_xml(item.author)}</dc:creator>" if item.author else ""
        lines.append(
            f"<item><title>{_xml(item.title)}</title><link>{_xml(moved(item.link))}</link>"
            f'<guid isPermaLink="false">{_xml(item.id)}</guid>{author}'
            f"<pubDate>{format_datetime(item.published_at.astimezone(UTC), usegmt=True)}</pubDate>"
            f"<description>{_xml(item.summary)}</description></item>"
        )
    return "\n".join((*lines, "</channel>\n</rss>\n"))


def _page(item: ReplayItem) -> str:
    paragraphs = "\n".join(
        f"<p>{escape(part.strip())}</p>" for part in re.split(r"\n+", item.text) if part.strip()
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(item.title)}</title></head>\n'
        '<body><header><nav><a href="/">Home</a> <a href="/">World</a> <a href="/">Sign in</a></nav></header>\n'
        f"<main><article><h1>{escape(item.title)}</h1>\n{paragraphs}\n</article>\n"
        '<aside><h2>Most read</h2><ul><li><a href="/">Another article</a></li></ul></aside></main>\n'
        "<footer><p>All rights reserved.</p></footer></body></html>\n"
    )


def _address(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts._replace(scheme="", netloc="", fragment="").geturl()
