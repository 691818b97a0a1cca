"""Permanent redirects: believed only when they last and lead to the feed (docs/feed-rules.md P14). Pure.

A hotel's network, a lapsed domain or a broken site answers "moved for good" as readily as a publisher does. So a
new address is adopted after a week, or after ten polls that were sent there and found the feed, and the old one is
kept: when the new one then fails three times in a row, the feed goes back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bot.model import Feed, Move

STABLE_FOR = timedelta(days=7)
STABLE_POLLS = 10


def settle(feed: Feed, moved_to: str, now: datetime) -> Feed:
    """Return the feed after a poll that found it, sent permanently to ``moved_to`` (empty: it was not).

    ``former_url`` is set when the new address was adopted.
    """
    if not moved_to or moved_to == feed.url:
        return replace(feed, moving=None) if feed.moving else feed
    seen = feed.moving if feed.moving and feed.moving.to == moved_to else Move(moved_to, now, 0)
    move = replace(seen, polls=seen.polls + 1)
    stable = move.polls >= STABLE_POLLS or now - move.since >= STABLE_FOR
    if stable or _only_became_safe(feed.url, moved_to):
        return replace(feed, url=moved_to, former_url=feed.url, moving=None)
    return replace(feed, moving=move)


def back(feed: Feed) -> Feed:
    """Return the feed at the address it had before it moved; unchanged when there is none."""
    return replace(feed, url=feed.former_url, former_url="", moving=None) if feed.former_url else feed


def _only_became_safe(old: str, new: str) -> bool:
    """Tell whether a host has moved from http to https: nobody else can answer there in its name."""
    before, after = urlsplit(old), urlsplit(new)
    return (before.scheme, after.scheme) == ("http", "https") and before.hostname == after.hostname
