"""What passes between a feed's document and what is stored of its entries: who was seen, and under which names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.model import Feed, NewEntry

AliasKind = Literal["guid", "link", "title"]
"""A second name of an entry: its guid without scheme and host, its canonical link, its title with a date near by."""

SHARED = b""
"""Stands in an alias's place for a key where several entries bear it at once: it tells none of them apart."""


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """A stored entry, as far as telling it apart goes."""

    key: bytes
    content_hash: bytes
    dated_at: datetime
    """When it was published, never later than when it was first seen; undated ones have the latter."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is stored of the entries and aliases that a document may name."""

    by_key: Mapping[bytes, SeenEntry]
    by_alias: Mapping[bytes, SeenEntry | None]
    """None for an alias that several entries share."""
    newest_at: datetime | None = None
    """The newest date that any entry of the feed ever bore."""
    kinds_off: frozenset[AliasKind] = frozenset()
    """Kinds of aliases that once collided inside one document of this feed (I3)."""


@dataclass(frozen=True, slots=True)
class News:
    """The decision on a document: what to save of it."""

    entries: tuple[NewEntry, ...]
    """Oldest first."""
    aliases: tuple[tuple[bytes, bytes], ...] = ()
    """(alias, key of its entry or ``SHARED``), to be remembered."""
    collided: frozenset[AliasKind] = frozenset()
    """Kinds of aliases that tell entries apart in this feed no longer."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll's whole outcome: the feed's new row and its new entries, saved in one transaction (a)."""

    feed: Feed
    entries: tuple[NewEntry, ...] = ()
    at: datetime | None = None
    moved: bool = False
    """The feed took another address with this poll."""
    aliases: tuple[tuple[bytes, bytes], ...] = ()
    """(alias, key of its entry or ``SHARED``)."""
    collided: frozenset[AliasKind] = frozenset()
