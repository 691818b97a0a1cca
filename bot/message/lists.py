"""What is kept → Messages: feeds with their health, topics, subscriptions, the commands there are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.knowledge.words import Words
from bot.message.blocks import Block, Fields, Message, Text, Title
from bot.message.wording import plain
from bot.model import Feed, Subscription, Topic


def feeds(
    every: Sequence[Feed],
    *,
    words: Words,
    zone: ZoneInfo,
    now: datetime,
    held: Mapping[int, int] | None = None,
) -> Message:
    """Return the feeds as a table: what works, since when something does not, why, and what to do about it.

    Those in trouble come first: they are what a list of feeds is read for. ``held``: how many entries of a feed
    wait to be released.
    """
    if not every:
        return Message((Text(words("feeds.none")),))
    columns = tuple(words(f"feeds.{column}") for column in ("id", "feed", "state", "success", "new", "next"))
    ordered = sorted(every, key=lambda feed: (feed.trouble is None, feed.id))
    waiting = held or {}
    rows = tuple(_feed_row(feed, waiting.get(feed.id, 0), words, zone, now) for feed in ordered)
    return Message((Title(words("feeds.title"), aside=words.count("feed", len(rows))), Fields(columns, rows)))


def _feed_row(feed: Feed, held: int, words: Words, zone: ZoneInfo, now: datetime) -> tuple[str, ...]:
    def moment(instant: datetime | None) -> str:
        return words.moment(instant, zone, now) if instant else words("feeds.never")

    states = [feed_state(feed, words=words, zone=zone, now=now)]
    steps = [plain(feed.trouble.next_step)] if feed.trouble else []
    if held:
        states.append(words("feeds.held", held=held))
        steps.append(words("feeds.release", id=str(feed.id)))
    return (
        str(feed.id),
        plain(feed.title or feed.url),
        "; ".join(states),
        moment(feed.last_success_at),
        moment(feed.last_new_at),
        "; ".join(steps),
    )


def feed_state(feed: Feed, *, words: Words, zone: ZoneInfo, now: datetime) -> str:
    """Return in words how a feed is: paused, working, not polled yet, or what is wrong and since when."""
    if feed.paused:
        return words("feeds.paused")
    if feed.trouble and not feed.failures:
        since = words.moment(feed.trouble.since, zone, now)
        return words("feeds.silent", cause=plain(feed.trouble.cause), since=since)
    if feed.trouble:
        return words(
            "feeds.failing",
            cause=plain(feed.trouble.cause),
            since=words.moment(feed.trouble.since, zone, now),
            failures=feed.failures,
        )
    return words("feeds.working") if feed.last_success_at else words("feeds.waiting")


def topics(every: Sequence[Topic], *, words: Words) -> Message:
    """Return the topics that can be asked for."""
    columns = (words("topics.name"), words("topics.about"))
    rows = tuple((topic.name, f"{topic.title}: {topic.description}") for topic in every)
    return Message((Title(words("topics.title")), Fields(columns, rows)))


def subscriptions(
    every: Sequence[tuple[Subscription, str]], *, words: Words, zone: ZoneInfo, now: datetime
) -> Message:
    """Return a channel's standing orders, each given with its schedule in words."""
    if not every:
        return Message((Text(words("subscriptions.none")),))
    columns = tuple(
        words(f"subscriptions.{column}") for column in ("id", "topic", "schedule", "style", "next")
    )
    rows = tuple(
        (
            str(subscription.id),
            subscription.topic,
            schedule,
            subscription.style,
            words("subscriptions.paused")
            if subscription.paused
            else words.moment(subscription.next_at, zone, now),
        )
        for subscription, schedule in every
    )
    return Message((Title(words("subscriptions.title")), Fields(columns, rows)))


def commands(sections: Sequence[tuple[str, Sequence[tuple[str, str]]]], *, words: Words) -> Message:
    """Return what can be asked: under each heading the usage of its commands and what they do."""
    blocks: list[Block] = [Title(words("help.title")), Text(words("help.intro"), tone="muted")]
    for heading, entries in sections:
        if heading:
            blocks.append(Title(plain(heading), level=2))
        blocks.append(Fields((words("help.command"), words("help.does")), tuple(entries)))
    return Message(tuple(blocks))
