"""The feeds we read: add, look at, test, pause, remove. For admins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from bot.commands.addresses import web_address
from bot.commands.desk import Desk
from bot.commands.nearest import nearest
from bot.commands.requests import BadRequest, Request
from bot.message import lists
from bot.message.blocks import Block, Link, Links, Message, Text, Title
from bot.model import Feed, FeedData
from bot.ports import WorkerLost

_NEWEST = 3
"""So many of a feed's entries are shown when it is added or tested."""
_LONGEST_TITLE = 80


async def add(request: Request, desk: Desk) -> Message:
    """Fetch and read a feed first, then remember it; refuse what is no feed with cause and next step."""
    known = next((feed for feed in await desk.store.feeds() if _same(feed.url, request.url)), None)
    if known:
        line = desk.words("command.feeds.known", id=str(known.id), title=known.title)
        return Message((Text(line), *_table([known], request, desk)))
    data = await _look(request.url, desk)
    title = (request.title or data.title or urlsplit(request.url).hostname or request.url)[:_LONGEST_TITLE]
    feed = await desk.store.add_feed(request.url, title, now=request.at)
    owed = desk.settings.polling.first_fetch_owed
    first = "command.feeds.first_some" if owed else "command.feeds.first_none"
    return Message(
        (
            Title(desk.words("command.feeds.added", id=str(feed.id), title=feed.title)),
            *_sample(data, desk, request),
            Text(desk.words(first, owed=owed), tone="muted"),
        )
    )


async def test(request: Request, desk: Desk) -> Message:
    """Fetch and read a feed without remembering anything."""
    feeds = await desk.store.feeds()
    known = _named(request.feed, feeds) or next((one for one in feeds if _same(one.url, request.feed)), None)
    url = known.url if known else _address(request.feed, feeds, desk)
    data = await _look(url, desk)
    blocks: list[Block] = [
        Title(desk.words("command.feeds.works", title=data.title or url)),
        *_sample(data, desk, request),
    ]
    if data.complaint:
        blocks.append(Text(desk.words("command.feeds.complaint", complaint=data.complaint), tone="warning"))
    if not known:
        blocks.append(Text(desk.words("command.feeds.not_saved", url=url), tone="muted"))
    return Message(tuple(blocks))


async def show(request: Request, desk: Desk) -> Message:
    """List all feeds with their state."""
    return Message(tuple(_table(await desk.store.feeds(), request, desk)))


async def status(request: Request, desk: Desk) -> Message:
    """Say how one feed is, or which of all need somebody's attention."""
    feeds = await desk.store.feeds()
    if request.feed:
        feed = _one(request.feed, feeds, desk)
        entries = Links((Link(feed.title, feed.url),))
        return Message((*_table([feed], request, desk), entries))
    failing = [feed for feed in feeds if feed.trouble and not feed.paused]
    paused = sum(feed.paused for feed in feeds)
    counts = desk.words("command.feeds.counts", feeds=len(feeds), failing=len(failing), paused=paused)
    return Message((Text(counts), *(_table(failing, request, desk) if failing else ())))


async def pause(request: Request, desk: Desk) -> Message:
    """Stop polling a feed until it is resumed."""
    feed = _one(request.feed, await desk.store.feeds(), desk)
    if feed.paused:
        return _line("command.feeds.paused_already", feed, desk)
    await desk.store.save_feed(replace(feed, paused=True))
    return _line("command.feeds.paused", feed, desk)


async def resume(request: Request, desk: Desk) -> Message:
    """Poll a paused feed again, at once."""
    feed = _one(request.feed, await desk.store.feeds(), desk)
    if not feed.paused:
        return _line("command.feeds.running_already", feed, desk)
    await desk.store.save_feed(replace(feed, paused=False, next_at=request.at))
    return _line("command.feeds.resumed", feed, desk)


async def remove(request: Request, desk: Desk) -> Message:
    """Stop reading a feed, and say what stays."""
    feed = _one(request.feed, await desk.store.feeds(), desk)
    await desk.store.remove_feed(feed.id)
    return _line("command.feeds.removed", feed, desk)


# ── Which feed is meant ──────────────────────────────────────────────────────────────────────────────────


def _one(given: str, feeds: Sequence[Feed], desk: Desk) -> Feed:
    """Return the feed that is meant; raise ``BadRequest`` with the nearest names when it is none of ours."""
    feed = _named(given, feeds) or next((one for one in feeds if _same(one.url, given)), None)
    if feed is None:
        raise BadRequest(
            desk.words("error.unknown_feed", given=given), _near(given, feeds), examples=("feeds list",)
        )
    return feed


def _named(given: str, feeds: Sequence[Feed]) -> Feed | None:
    """Find a feed by its number or its name."""
    name = given.removeprefix("#").casefold()
    return next((feed for feed in feeds if name in (str(feed.id), feed.title.casefold())), None)


def _near(given: str, feeds: Sequence[Feed]) -> tuple[str, ...]:
    return nearest(given, (feed.title for feed in feeds))


def _address(given: str, feeds: Sequence[Feed], desk: Desk) -> str:
    """Return a strange feed's address; words that are no address were meant as one of our feeds."""
    if "." not in given or " " in given:
        raise BadRequest(
            desk.words("error.unknown_feed", given=given), _near(given, feeds), examples=("feeds list",)
        )
    return web_address(given, desk.words)


def _same(stored: str, given: str) -> bool:
    """Tell whether two addresses are one: case of scheme and host, fragment and a last slash say nothing."""
    return _plain(stored) == _plain(given)


def _plain(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts._replace(
        scheme=parts.scheme.casefold(),
        netloc=parts.netloc.casefold(),
        path=parts.path.rstrip("/"),
        fragment="",
    ).geturl()


# ── What it brings ───────────────────────────────────────────────────────────────────────────────────────


async def _look(url: str, desk: Desk) -> FeedData:
    """Fetch and read a feed now; raise ``BadRequest`` with cause and next step."""
    fetched = await desk.fetcher.fetch(url)
    if fetched.outcome != "ok":
        raise BadRequest(
            desk.words("command.feeds.unfetched", url=url, cause=fetched.cause, next=fetched.next_step)
        )
    try:
        return await desk.parser.parse_feed(fetched.body, url=fetched.url, content_type=fetched.content_type)
    except ValueError as error:
        raise BadRequest(desk.words("command.feeds.no_feed", url=url, cause=str(error))) from error
    except WorkerLost as error:
        raise BadRequest(desk.words("command.feeds.too_hard", url=url)) from error


def _sample(data: FeedData, desk: Desk, request: Request) -> list[Block]:
    """How many entries there are, and the newest ones."""
    if not data.entries:
        return [Text(desk.words("command.feeds.empty"))]
    dated = [entry for entry in data.entries if entry.published_at]
    newest = sorted(dated, key=lambda entry: entry.published_at.timestamp() if entry.published_at else 0.0)[
        ::-1
    ]
    shown = (newest or list(data.entries))[:_NEWEST]
    now, zone = request.at, desk.zone_of(request.channel)
    links = tuple(
        Link(
            f"{desk.words.moment(entry.published_at, zone, now)} · {entry.title}"
            if entry.published_at
            else entry.title,
            entry.link,
        )
        for entry in shown
    )
    return [Text(desk.words("command.feeds.entries", entries=len(data.entries))), Links(links)]


def _table(feeds: Sequence[Feed], request: Request, desk: Desk) -> list[Block]:
    now, zone = request.at, desk.zone_of(request.channel)
    return list(lists.feeds(feeds, words=desk.words, zone=zone, now=now).blocks)


def _line(key: str, feed: Feed, desk: Desk) -> Message:
    return Message((Text(desk.words(key, id=str(feed.id), title=feed.title)),))
