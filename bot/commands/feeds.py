"""The feeds we read: add, look at, test, pause, release, remove. For admins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from bot.commands.addresses import web_address
from bot.commands.desk import Desk
from bot.commands.finding import Found, Several, look
from bot.commands.nearest import nearest
from bot.commands.requests import BadRequest, Request
from bot.intake import due, zombies
from bot.message import lists
from bot.message.blocks import Block, Fields, Link, Links, Message, Text, Title
from bot.model import Feed, FeedData

_NEWEST = 3
"""So many of a feed's entries are shown when it is added or tested."""
_LONGEST_TITLE = 80


async def add(request: Request, desk: Desk) -> Message:
    """Fetch and read a feed, or the one that a site's page names, then remember it.

    A page that names several has them listed; what is no feed is refused with cause and next step.
    """
    if known := await _known(request.url, desk):
        return await _known_already(known, request, desk)
    found = await look(request.url, None, request, desk)
    if isinstance(found, Several):
        return _several(found, desk)
    if found.site and (known := await _known(found.url, desk)):
        return await _known_already(known, request, desk)
    title = (request.title or found.data.title or urlsplit(found.url).hostname or found.url)[:_LONGEST_TITLE]
    feed = await desk.store.add_feed(found.url, title, now=request.at)
    owed = desk.settings.polling.first_fetch_owed
    first = "command.feeds.first_some" if owed else "command.feeds.first_none"
    return Message(
        (
            Title(desk.words("command.feeds.added", id=str(feed.id), title=feed.title)),
            *_where(found, desk),
            *_sample(found.data, desk, request),
            Text(desk.words(first, owed=owed), tone="muted"),
        )
    )


async def test(request: Request, desk: Desk) -> Message:
    """Fetch and read a feed without remembering anything."""
    feeds = await desk.store.feeds()
    known = _named(request.feed, feeds) or next((one for one in feeds if _same(one.url, request.feed)), None)
    url = known.url if known else _address(request.feed, feeds, desk)
    found = await look(url, known, request, desk)
    if isinstance(found, Several):
        return _several(found, desk)
    blocks: list[Block] = [
        Title(desk.words("command.feeds.works", title=found.data.title or found.url)),
        *_where(found, desk),
        *_sample(found.data, desk, request),
    ]
    if found.data.complaint:
        complaint = desk.words("command.feeds.complaint", complaint=found.data.complaint)
        blocks.append(Text(complaint, tone="warning"))
    if not known:
        blocks.append(Text(desk.words("command.feeds.not_saved", url=found.url), tone="muted"))
    return Message(tuple(blocks))


async def show(request: Request, desk: Desk) -> Message:
    """List all feeds with their state; those that answer and bring nothing are named, too."""
    feeds = await _judged(await desk.store.feeds(), request, desk)
    return Message(tuple(await _table(feeds, request, desk)))


async def status(request: Request, desk: Desk) -> Message:
    """Say how one feed is, or which of all need somebody's attention."""
    feeds = await desk.store.feeds()
    if request.feed:
        (feed,) = await _judged([_one(request.feed, feeds, desk)], request, desk)
        entries = Links((Link(feed.title, feed.url),))
        return Message((*await _table([feed], request, desk), entries))
    held = await desk.store.held_entries()
    judged = await _judged(feeds, request, desk)
    failing = [feed for feed in judged if (feed.trouble or feed.id in held) and not feed.paused]
    paused = sum(feed.paused for feed in feeds)
    counts = desk.words("command.feeds.counts", feeds=len(feeds), failing=len(failing), paused=paused)
    return Message((Text(counts), *(await _table(failing, request, desk) if failing else ())))


async def release(request: Request, desk: Desk) -> Message:
    """Have a feed's entries read that the flood brake holds back."""
    feed = _one(request.feed, await desk.store.feeds(), desk)
    articles = await desk.store.release_held(feed.id)
    if not articles:
        return _line("command.feeds.none_held", feed, desk)
    line = desk.words("command.feeds.released", id=str(feed.id), title=feed.title, articles=articles)
    return Message((Text(line),))


async def pause(request: Request, desk: Desk) -> Message:
    """Stop polling a feed until it is resumed."""
    feed = _one(request.feed, await desk.store.feeds(), desk)
    if feed.paused:
        return _line("command.feeds.paused_already", feed, desk)
    await desk.store.save_feed(replace(feed, paused=True))
    return _line("command.feeds.paused", feed, desk)


async def resume(request: Request, desk: Desk) -> Message:
    """Poll a paused feed again, as soon as its publisher allows."""
    feed = _one(request.feed, await desk.store.feeds(), desk)
    if not feed.paused:
        return _line("command.feeds.running_already", feed, desk)
    not_before = due.may_fetch_now(feed, request.at)
    await desk.store.save_feed(replace(feed, paused=False, next_at=not_before or request.at, gone_since=None))
    if not_before is None:
        return _line("command.feeds.resumed", feed, desk)
    at = desk.words.moment(not_before, desk.zone_of(request.channel), request.at)
    line = desk.words("command.feeds.resumed_later", id=str(feed.id), title=feed.title, at=at)
    return Message((Text(line),))


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


def _where(found: Found, desk: Desk) -> list[Block]:
    """Name the feed where only a page was given."""
    if not found.site:
        return []
    return [Text(desk.words("command.feeds.found", site=found.site, url=found.url))]


def _several(found: Several, desk: Desk) -> Message:
    words = desk.words
    columns = (words("command.feeds.several_address"), words("command.feeds.several_title"))
    rows = tuple((address, title) for address, title in found.feeds)
    line = words("command.feeds.several", site=found.site, feeds=len(found.feeds))
    return Message((Text(line), Fields(columns, rows)))


async def _known(url: str, desk: Desk) -> Feed | None:
    return next((feed for feed in await desk.store.feeds() if _same(feed.url, url)), None)


async def _known_already(known: Feed, request: Request, desk: Desk) -> Message:
    line = desk.words("command.feeds.known", id=str(known.id), title=known.title)
    return Message((Text(line), *await _table([known], request, desk)))


async def _judged(feeds: Sequence[Feed], request: Request, desk: Desk) -> list[Feed]:
    """The feeds, each that answers but has long had nothing new with that as its trouble."""
    judged = []
    for feed in feeds:
        silence = None
        if zombies.may_be_silent(feed, request.at):
            dates = await desk.store.entry_dates(feed.id, zombies.DATES)
            silence = zombies.silence(feed, dates, request.at)
        judged.append(replace(feed, trouble=silence) if silence else feed)
    return judged


async def _table(feeds: Sequence[Feed], request: Request, desk: Desk) -> list[Block]:
    now, zone, held = request.at, desk.zone_of(request.channel), await desk.store.held_entries()
    return list(lists.feeds(feeds, words=desk.words, zone=zone, now=now, held=held).blocks)


def _line(key: str, feed: Feed, desk: Desk) -> Message:
    return Message((Text(desk.words(key, id=str(feed.id), title=feed.title)),))
