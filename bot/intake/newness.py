"""Which entries of a document are new: keys, aliases, flood brake (docs/feed-rules.md I2, I3, I6, I13, I16). Pure.

A publisher renames its entries (new guids, new addresses, new titles), serves old copies, and now and then the
whole archive. Nothing here is lost: an entry that looks new is new, unless it bears another name of an entry that
is stored, or comes in a flood of entries older than what we had, which are held until somebody releases them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.intake.identity import keys, oldest_first
from bot.intake.seen import SHARED, AliasKind, News, Seen, SeenEntry
from bot.model import EntryData, EntryKeys, FeedData, NewEntry

NEAR = timedelta(days=2)
"""How far apart the dates of one entry may lie for its title to name it."""
SAME_DAY = timedelta(hours=20)
"""The same, when its text is another one: a daily briefing has one title and comes every 24 hours."""
LATER = timedelta(days=1)
"""A new title so much later, under an old guid or address, is another article."""
FLOOD_LEAST = 10
FLOOD_SHARE = 0.5
UNSTABLE_MOST = 20
"""Entries without guid and link that a poll may bring; such a feed may change its words at each request."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An entry of the document that may have to be saved."""

    new: NewEntry
    date: datetime | None
    """When it was published, never later than now."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document's entries with their keys, made once."""

    entries: tuple[tuple[EntryData, EntryKeys, EntryKeys | None], ...]
    """(entry, its keys, its keys should its link turn out to be shared; None where a guid names it)."""

    @classmethod
    def of(cls, data: FeedData) -> Document:
        """Make the keys of every entry."""
        return cls(
            tuple(
                (entry, keys(entry), None if entry.guid.strip() else keys(entry, link_names=False))
                for entry in data.entries
            )
        )

    @property
    def keys(self) -> list[bytes]:
        """The keys that the store is to be asked about."""
        return [one.key for _entry, made, bare in self.entries for one in (made, bare) if one]

    @property
    def aliases(self) -> list[bytes]:
        """The aliases that the store is to be asked about."""
        return [alias for _entry, made, _bare in self.entries for _kind, alias in _aliases(made)]


def news(document: Document, seen: Seen, now: datetime, *, first_fetch: bool) -> News:
    """Decide what of a document is to be saved, oldest first: new, edited, renamed or held entries.

    ``now`` is when the document was fetched. On a first fetch there is nothing to brake.
    """
    made = _once(document, seen)
    present = frozenset(entry.keys.key for entry in made)
    owners = Counter(alias for entry in made for alias in {alias for _kind, alias in _aliases(entry.keys)})
    shared = {alias for alias, count in owners.items() if count > 1}
    collided = {kind for entry in made for kind, alias in _aliases(entry.keys) if alias in shared}
    names = _Names(seen, present, seen.kinds_off | collided)
    wanted: list[_Candidate] = []
    unseen: list[_Candidate] = []
    for entry in made:
        candidate = _Candidate(entry, _date(entry.data, now))
        stored = seen.by_key.get(entry.keys.key)
        if stored is None and (former := names.former(candidate, now)):
            wanted.append(_renamed(candidate, former))
        elif stored is None:
            unseen.append(replace(candidate, new=_own_link(entry, shared, seen)))
        elif stored.content_hash != entry.keys.content_hash:
            wanted.append(_changed(candidate, stored, names))
    if not first_fetch and len(unseen) > _flood(len(made)):
        unseen = _braked(unseen, names, _flood(len(made)))
    unseen = _bounded(unseen) if not first_fetch else unseen
    entries = oldest_first(sorted((one.new for one in wanted + unseen), key=lambda new: new.position))
    return News(entries, _new_aliases(made, entries, seen, shared), frozenset(collided - seen.kinds_off))


# ── Names ────────────────────────────────────────────────────────────────────────────────────────────────


class _Names:
    """Asks by which stored name an unseen entry may go."""

    def __init__(self, seen: Seen, present: frozenset[bytes], off: frozenset[AliasKind]) -> None:
        self.newest_at = seen.newest_at
        self._seen = seen
        self._taken = set(present)
        """Keys that name an entry of this document: none of them is a former self of another one there."""
        self._off = off

    def former(self, candidate: _Candidate, now: datetime) -> SeenEntry | None:
        """Return the stored entry that this one is under another key, or None.

        The canonical link tells it, unless title and date both say that the address now holds another article;
        a guid's path or a title tells it when the dates lie near each other.
        """
        entry, date = candidate.new, candidate.date or now
        found = self._entry("link", entry.keys.link_key)
        later = candidate.date is not None and candidate.date - found.dated_at >= LATER if found else False
        if found is not None and (not later or self.titled(entry, found)):
            return self._claimed(found)
        found = self._entry("guid", entry.keys.guid_key)
        if found is not None and (self.titled(entry, found) or abs(date - found.dated_at) <= NEAR):
            return self._claimed(found)
        found = self._entry("title", entry.keys.title_key)
        if found is None:
            return None
        same_text = found.content_hash == entry.keys.content_hash
        near = abs(date - found.dated_at) <= (NEAR if same_text else SAME_DAY)
        return self._claimed(found) if near else None

    def by_title(self, candidate: _Candidate) -> SeenEntry | None:
        """Return the stored entry with this title, whatever its date."""
        return self._claimed(self._entry("title", candidate.new.keys.title_key))

    def titled(self, entry: NewEntry, stored: SeenEntry) -> bool:
        """Tell whether the stored entry once bore this entry's title."""
        known = self._seen.by_alias.get(entry.keys.title_key or b"")
        return known is not None and known.key == stored.key

    def unknown(self, alias: bytes | None) -> bool:
        """Tell whether no entry of this feed was ever seen with this alias."""
        return alias is not None and alias not in self._seen.by_alias

    def _entry(self, kind: AliasKind, alias: bytes | None) -> SeenEntry | None:
        if alias is None or kind in self._off:
            return None
        found = self._seen.by_alias.get(alias)
        return found if found is not None and found.key not in self._taken else None

    def _claimed(self, found: SeenEntry | None) -> SeenEntry | None:
        if found is not None:
            self._taken.add(found.key)
        return found


def _aliases(made: EntryKeys) -> Iterator[tuple[AliasKind, bytes]]:
    named: tuple[tuple[AliasKind, bytes | None], ...] = (
        ("guid", made.guid_key),
        ("link", made.link_key),
        ("title", made.title_key),
    )
    return ((kind, alias) for kind, alias in named if alias is not None)


def _new_aliases(
    made: Sequence[NewEntry], entries: Sequence[NewEntry], seen: Seen, shared: set[bytes]
) -> tuple[tuple[bytes, bytes], ...]:
    """Aliases to remember: unknown ones, those that went over to a new entry, and those that collided."""
    fresh = {entry.keys.key for entry in entries if not entry.edited or entry.reused}
    found: dict[bytes, bytes] = {}
    for entry in made:
        for _kind, alias in _aliases(entry.keys):
            known = alias in seen.by_alias
            owner = seen.by_alias.get(alias)
            if alias in shared:
                if not known or owner is not None:
                    found[alias] = SHARED
            elif alias != entry.keys.key and (
                not known or (owner is not None and entry.keys.key in fresh and owner.key != entry.keys.key)
            ):
                found[alias] = entry.keys.key
    return tuple(found.items())


# ── Decisions ────────────────────────────────────────────────────────────────────────────────────────────


def _once(document: Document, seen: Seen) -> list[NewEntry]:
    """The document's entries with their keys; one that stands there twice counts once."""
    titles: dict[bytes | None, set[str]] = {}
    for entry, made, bare in document.entries:
        if bare:
            titles.setdefault(made.link_key, set()).add(entry.title)
    shared = {link for link, bearers in titles.items() if len(bearers) > 1}
    shared.update(alias for alias, owner in seen.by_alias.items() if owner is None)
    found: dict[bytes, NewEntry] = {}
    for position, (entry, made, bare) in enumerate(document.entries):
        # Without a guid, an entry goes by its link only while no other one does.
        chosen = bare if bare and made.link_key in shared else made
        found.setdefault(chosen.key, NewEntry(entry, chosen, position))
    return list(found.values())


def _own_link(entry: NewEntry, shared: set[bytes], seen: Seen) -> NewEntry:
    """Without a link that others of this feed bear or bore: it would join their article to this one's."""
    link = entry.keys.link_key
    taken = link in shared or link in seen.by_alias
    return replace(entry, keys=replace(entry.keys, link_key=None)) if taken else entry


def _renamed(candidate: _Candidate, former: SeenEntry) -> _Candidate:
    new = candidate.new
    edited = new.keys.content_hash != former.content_hash
    return replace(candidate, new=replace(new, renamed=former.key, edited=edited))


def _changed(candidate: _Candidate, stored: SeenEntry, names: _Names) -> _Candidate:
    """An edit, or another article under an old guid: never seen by title nor by link, and at least a day later."""
    new = candidate.new
    reused = (
        names.unknown(new.keys.title_key)
        and names.unknown(new.keys.link_key)
        and candidate.date is not None
        and candidate.date - stored.dated_at >= LATER
    )
    return replace(candidate, new=replace(new, edited=True, reused=reused))


def _flood(entries: int) -> float:
    """So many unseen entries are more than a known feed publishes between two polls."""
    return max(FLOOD_LEAST, FLOOD_SHARE * entries)


def _braked(unseen: Sequence[_Candidate], names: _Names, flood: float) -> list[_Candidate]:
    """Find known entries among a flood by their titles; hold what is older than the newest we had."""
    formers = [names.by_title(one) for one in unseen]
    known = [_renamed(one, former) for one, former in zip(unseen, formers, strict=True) if former]
    rest = [one for one, former in zip(unseen, formers, strict=True) if not former]
    if len(rest) <= flood:
        return known + rest
    newest = names.newest_at
    return known + [
        replace(one, new=replace(one.new, held=True)) if newest and one.date and one.date < newest else one
        for one in rest
    ]


def _bounded(unseen: Sequence[_Candidate]) -> list[_Candidate]:
    """Hold the entries that nothing stable names beyond so many a poll (I13)."""
    found, unstable = [], 0
    for one in unseen:
        bare = not one.new.data.guid.strip() and not one.new.data.link
        unstable += bare
        hold = bare and unstable > UNSTABLE_MOST
        found.append(replace(one, new=replace(one.new, held=True)) if hold else one)
    return found


def _date(entry: EntryData, now: datetime) -> datetime | None:
    """A date that lies ahead says no more than that we see the entry now (I8)."""
    date = entry.published_at or entry.updated_at
    return min(date, now) if date else None
