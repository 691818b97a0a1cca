"""From an address that somebody gives to a feed: the address itself, or what the page behind it names."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.desk import Desk
from bot.commands.requests import BadRequest, Request
from bot.intake import due
from bot.model import Feed, FeedData
from bot.ports import Fetched, WorkerLost


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that was fetched and read."""

    url: str
    data: FeedData
    site: str = ""
    """The page that names it; empty when the address given was the feed's own."""


@dataclass(frozen=True, slots=True)
class Several:
    """A page that names more than one feed."""

    site: str
    feeds: tuple[tuple[str, str], ...]
    """(address, title)"""


async def look(url: str, known: Feed | None, request: Request, desk: Desk) -> Found | Several:
    """Fetch and read a feed now, or the one that a site's page names.

    Raise ``BadRequest`` with cause and next step, or with when it may be fetched.
    """
    now = request.at
    not_before = due.may_fetch_now(known, now) if known else None
    not_before = not_before or desk.presses.take(request.actor.id, url, now)
    if not_before:
        at = desk.words.moment(not_before, desk.zone_of(request.channel), now)
        raise BadRequest(desk.words("command.feeds.too_soon", url=url, at=at))
    fetched = await _fetched(url, desk)
    try:
        return Found(url, await _read(url, fetched, desk))
    except ValueError as error:
        named = await _named(url, fetched, desk)
        if len(named) > 1:
            return Several(url, named)
        if not named and "web page" in str(error):
            raise BadRequest(desk.words("command.feeds.none_named", url=url)) from error
        if not named:
            raise BadRequest(desk.words("command.feeds.no_feed", url=url, cause=str(error))) from error
    ((address, _title),) = named
    fetched = await _fetched(address, desk)
    try:
        return Found(address, await _read(address, fetched, desk), site=url)
    except ValueError as error:
        raise BadRequest(desk.words("command.feeds.no_feed", url=address, cause=str(error))) from error


async def _fetched(url: str, desk: Desk) -> Fetched:
    fetched = await desk.fetcher.fetch(url)
    if fetched.outcome != "ok":
        raise BadRequest(
            desk.words("command.feeds.unfetched", url=url, cause=fetched.cause, next=fetched.next_step)
        )
    return fetched


async def _read(url: str, fetched: Fetched, desk: Desk) -> FeedData:
    try:
        return await desk.parser.parse_feed(fetched.body, url=fetched.url, content_type=fetched.content_type)
    except WorkerLost as error:
        raise BadRequest(desk.words("command.feeds.too_hard", url=url)) from error


async def _named(url: str, fetched: Fetched, desk: Desk) -> tuple[tuple[str, str], ...]:
    """The feeds a page names, save the page itself."""
    try:
        named = await desk.parser.find_feeds(fetched.body, url=fetched.url, content_type=fetched.content_type)
    except WorkerLost as error:
        raise BadRequest(desk.words("command.feeds.too_hard", url=url)) from error
    return tuple((address, title) for address, title in named if address not in (url, fetched.url))
