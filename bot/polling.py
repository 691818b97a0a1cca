"""Polling: fetch the feeds that are due, decide what is new, and save it with when to look again.

Each poll ends in one saved fact and can be repeated after a crash. A feed that fails costs only itself, and when
everything fails it is not the feeds (docs/feed-rules.md P13).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Literal, Protocol

import structlog

from bot.intake import due, identity, newness
from bot.intake.bodies import Bodies
from bot.intake.outages import Outages
from bot.intake.seen import News
from bot.knowledge import Knowledge
from bot.model import EntryData, Feed, FeedData, NewEntry
from bot.ports import Clock, FeedParser, Feeds, Fetched, Fetcher, Poll, WorkerLost
from bot.settings import Settings
from bot.stories import topics

_log = structlog.get_logger(__name__)

_IN_ONE_GO = 50
"""Entries that are judged before somebody else has a turn on the event loop: some two milliseconds."""

PollOutcome = Literal["new", "nothing new", "unchanged", "failed", "outage", "held back"]


class Watch:
    """What polls share: whether the network is down, places for large documents, and turns at taking them in."""

    def __init__(self, large_bodies: int = 20, taken_in: int = 3) -> None:
        """Give ``large_bodies`` places; let ``taken_in`` documents at once be between parsing and being saved.

        A few keep parser and database busy. More would only queue before the database, and with them whatever
        people ask for.
        """
        self.outages = Outages()
        self.bodies = Bodies(large_bodies)
        self.taking_in = asyncio.Semaphore(taken_in)


class Tools(Protocol):
    """What a poll works with."""

    @property
    def store(self) -> Feeds:
        """Where feeds and entries are kept."""
        ...

    @property
    def fetcher(self) -> Fetcher:
        """The network."""
        ...

    @property
    def parser(self) -> FeedParser:
        """Bytes to entries."""
        ...

    @property
    def knowledge(self) -> Knowledge:
        """Outlets and topics."""
        ...

    @property
    def settings(self) -> Settings:
        """How often to poll."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def watch(self) -> Watch:
        """What polls know of one another; one for all."""
        ...


async def poll_feed(feed: Feed, tools: Tools) -> PollOutcome:
    """Fetch one feed and save what is new, together with its validators and its next due time."""
    async with tools.watch.bodies.job():
        return await _poll_feed(feed, tools)


async def _poll_feed(feed: Feed, tools: Tools) -> PollOutcome:
    fetched = await tools.fetcher.fetch(feed.url, validators=feed.validators)
    if fetched.outcome == "failed":
        return await _poll_failed(feed, fetched, tools)
    if fetched.outcome == "unchanged" or due.body_hash(fetched.body) == feed.body_hash:
        await tools.store.save_poll(_poll_succeeded(feed, fetched, None, (), tools))
        return "unchanged"
    async with tools.watch.taking_in:
        return await _take_in(feed, fetched, tools)


async def _take_in(feed: Feed, fetched: Fetched, tools: Tools) -> PollOutcome:
    """Parse a document that has changed, and save what is new."""
    try:
        data = await tools.parser.parse_feed(fetched.body, url=fetched.url, content_type=fetched.content_type)
    except ValueError as error:
        cause, _, next_step = str(error).partition("; ")
        return await _poll_failed(feed, replace(fetched, cause=cause, next_step=next_step), tools)
    except WorkerLost as error:
        step = "nothing, it is tried again later; if it lasts, remove the feed"
        return await _poll_failed(feed, replace(fetched, cause=str(error), next_step=step), tools)
    news = await _new_entries(feed, data, tools)
    poll = _poll_succeeded(feed, fetched, data, news.entries, tools)
    added = await tools.store.save_poll(replace(poll, aliases=news.aliases, collided=news.collided))
    held = sum(entry.held for entry in news.entries)
    new = len(news.entries)
    _log.info("polled", feed=feed.id, entries=len(data.entries), new=new, articles=added, held=held)
    return "new" if new else "nothing new"


# ── Which entries are new ────────────────────────────────────────────────────────────────────────────────


async def _new_entries(feed: Feed, data: FeedData, tools: Tools) -> News:
    """Decide which entries are new, and of each its outlet's name and whether it may be about the war."""
    document = newness.Document.of(data)
    seen = await tools.store.seen(feed.id, document.keys, document.aliases)
    first_fetch = feed.first_fetched_at is None
    news = newness.news(document, seen, tools.clock.now(), first_fetch=first_fetch)
    entries = news.entries
    if first_fetch:
        entries = identity.owed_on_first_fetch(entries, tools.settings.polling.first_fetch_owed)
    outlets: dict[str, str] = {}
    judged: list[NewEntry] = []
    for number, entry in enumerate(entries, 1):
        judged.append(_judged(entry, feed, outlets, tools))
        if number % _IN_ONE_GO == 0:
            await asyncio.sleep(0)
    return replace(news, entries=tuple(judged))


def _judged(entry: NewEntry, feed: Feed, outlets: dict[str, str], tools: Tools) -> NewEntry:
    """Name its outlet and see whether it touches the war; what does not is never read, so never held back."""
    on_topic = _touches_war(entry.data, tools)
    data = _with_outlet(entry.data, feed, outlets, tools)
    return replace(entry, data=data, on_topic=on_topic, held=entry.held and on_topic)


def _with_outlet(entry: EntryData, feed: Feed, outlets: dict[str, str], tools: Tools) -> EntryData:
    """One outlet has one name, whatever its feeds are called ("World news | Example Times").

    ``outlets`` keeps what was looked up for this document: most of its entries lie at one host.
    """
    given = entry.outlet or "/".join((entry.link or feed.url).split("/")[:3])
    if given not in outlets:
        known = tools.knowledge.outlet(given)
        outlets[given] = known.name if known in tools.knowledge.outlets else entry.outlet
    return replace(entry, outlet=outlets[given]) if outlets[given] != entry.outlet else entry


def _touches_war(entry: EntryData, tools: Tools) -> bool:
    return topics.touches_war(entry.title, entry.summary or entry.text, tools.knowledge.topics)


# ── When to look again ───────────────────────────────────────────────────────────────────────────────────


def _poll_succeeded(
    feed: Feed,
    fetched: Fetched,
    data: FeedData | None,
    entries: tuple[NewEntry, ...],
    tools: Tools,
) -> Poll:
    now, polling = tools.clock.now(), tools.settings.polling
    fastest, slowest = timedelta(minutes=polling.fastest_minutes), timedelta(minutes=polling.slowest_minutes)
    tools.watch.outages.succeeded(now)
    after = due.after_success(
        feed,
        fetched,
        data,
        now,
        interval=_interval(tools),
        between=(fastest, max(fastest, slowest)) if polling.adaptive else None,
    )
    if any(entry.reused or not (entry.edited or entry.renamed) for entry in entries):
        after = replace(after, last_new_at=now)
    moved = after.url != feed.url
    if moved:
        _log.info("feed moved", feed=feed.id, to=after.url)
    return Poll(feed=after, entries=entries, at=now, moved=moved)


async def _poll_failed(feed: Feed, fetched: Fetched, tools: Tools) -> PollOutcome:
    """Save when to look again; a failure that says nothing about the feed leaves it as it was."""
    now, interval, outages = tools.clock.now(), _interval(tools), tools.watch.outages
    if not fetched.asked:
        await tools.store.save_poll(Poll(due.after_hold(feed, fetched, now, interval=interval), at=now))
        return "held back"
    was_up = outages.since is None
    verdict = outages.failed(feed, answered=fetched.status is not None, now=now)
    if not verdict.outage:
        after = due.after_failure(feed, fetched, now, interval=interval)
        await tools.store.save_poll(Poll(after, at=now, moved=after.url != feed.url))
        _log.warning("feed failed", feed=feed.id, cause=fetched.cause)
        return "failed"
    await tools.store.save_poll(Poll(due.after_outage(feed, now, interval=interval), at=now))
    if was_up:
        _log.warning("nothing can be reached; no feed is blamed", cause=fetched.cause)
    if verdict.pardoned:
        rows = [due.after_outage(before, now, interval=interval) for before in verdict.pardoned]
        await tools.store.pardon(rows)
    return "outage"


def _interval(tools: Tools) -> timedelta:
    return timedelta(minutes=tools.settings.polling.interval_minutes)
