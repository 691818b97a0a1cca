"""Looking things up in what we know: topics, speakers and outlets by the names people and pages use."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import urlsplit

import tldextract
from rapidfuzz import fuzz, process

from bot.model import Outlet, Speaker, Topic

_SUGGESTIONS = 3
_LIKE_ENOUGH = 65.0
"""rapidfuzz score from which a name is worth suggesting; below it people see noise."""

_domain_of = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
"""Registrable domains from the list bundled with tldextract: no network, no cache on disk."""

_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "’": "'", "ʼ": "'", "`": "'", "‑": "-", "–": "-"}
)
_POINT = re.compile(r"(?<=\b\w)\.")
_APART = re.compile(r"[^\w']+")
_TITLES = frozenset(
    {"the", "a", "an", "mr", "mrs", "ms", "dr", "sir", "dame"}
    | {"president", "chancellor", "premier", "senator", "general", "gen"}
)
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PARTS = re.compile(r"\s+[|>»–—-]\s+|\s*:\s+")
"""What joins an outlet's name to a section's in feed titles: "World news | The Example"."""


def registrable_domain(host: str) -> str:
    """Return the domain that somebody registered; empty for an IP address and a name under no public suffix."""
    return _domain_of(host).top_domain_under_public_suffix


@lru_cache(maxsize=65_536)
def folded(name: str) -> str:
    """Fold a name for comparison: case, diacritics, punctuation and a leading "Mr" or "President" fall away."""
    # Compatibility forms come apart first ("𝐀" is an A), then cases fold, and what that makes comes apart again.
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS)).casefold()
    plain = unicodedata.normalize("NFKD", plain.translate(_LETTERS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_LETTERS)
    words = _APART.sub(" ", _POINT.sub("", plain)).replace("'s ", " ").replace("'", "").split()
    while len(words) > 1 and words[0] in _TITLES:
        words.pop(0)
    return " ".join(words)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What we know beforehand, as one value with its look-ups. Names are matched folded, never guessed."""

    topics: tuple[Topic, ...]
    speakers: tuple[Speaker, ...]
    outlets: tuple[Outlet, ...]
    outlet_keys: tuple[tuple[str, str], ...] = ()
    """(other name or further domain, the outlet's name)."""
    _spellings: Mapping[str, Speaker] = field(init=False, repr=False, compare=False)
    _outlets: Mapping[str, Outlet] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_spellings", _by_spelling(self.speakers))
        object.__setattr__(self, "_outlets", _by_key(self.outlets, self.outlet_keys))

    def topic(self, name: str) -> Topic | None:
        """Return the topic with this name or title, or None."""
        wanted = folded(name)
        return next(
            (topic for topic in self.topics if wanted in {folded(topic.name), folded(topic.title)}), None
        )

    def suggest_topic(self, name: str) -> list[str]:
        """Names of the topics that look most like ``name``; the whole list is short enough to show otherwise."""
        choices = {topic.name: folded(f"{topic.name} {topic.title}") for topic in self.topics}
        found = process.extract(
            folded(name), choices, scorer=fuzz.WRatio, limit=_SUGGESTIONS, score_cutoff=_LIKE_ENOUGH
        )
        return [topic for _, _, topic in found]

    def outlet(self, name_or_url: str) -> Outlet:
        """Find an outlet by name, feed title, host or address.

        An unknown one comes back with the defaults, named as given (an address: by its domain).
        """
        text = name_or_url.strip()
        host = _host(text)
        labels = host.split(".")
        hosts = (".".join(labels[start:]) for start in range(len(labels) - 1))
        known = next((self._outlets[part] for part in hosts if part in self._outlets), None)
        if known is not None:
            return known
        domain = _domain_of(host).top_domain_under_public_suffix
        if host and (domain or "://" in text):
            return Outlet(name=domain or host, domain=domain or host)
        keys = (folded(part) for part in (text, *reversed(_PARTS.split(text))))
        return next((self._outlets[key] for key in keys if key in self._outlets), Outlet(name=text))

    def speaker(self, name: str) -> Speaker | None:
        """Return who goes by this spelling; a single word may be a surname that nobody else here bears."""
        return self._spellings.get(folded(name))

    def side_of(self, name: str) -> str:
        """Return the side a speaker or body belongs to; empty when unknown."""
        known = self.speaker(name)
        return known.side if known else ""

    def same_speaker_names(self, name: str, stored: Iterable[str]) -> tuple[str, ...]:
        """Of the stored names, all that mean the same speaker as ``name``, in their order.

        Somebody unknown to the file is matched by spelling; a surname alone stands for a full name (and the
        other way round) only while no second full name with that surname is stored.
        """
        known = self.speaker(name)
        stored = list(stored)
        if known is not None:
            return tuple(other for other in stored if self.speaker(other) == known)
        wanted = folded(name)
        surname = wanted.rpartition(" ")[2]
        strangers = [other for other in stored if self.speaker(other) is None]
        full = {folded(other) for other in (*strangers, name) if folded(other).endswith(f" {surname}")}
        accepted = {wanted, surname, *full} if len(full) == 1 else {wanted}
        return tuple(other for other in strangers if folded(other) in accepted)

    def suggest_speaker(self, name: str, stored: Iterable[str]) -> list[str]:
        """Stored names that look most like ``name``, best first, one for each speaker."""
        choices = {folded(other): other for other in reversed(list(stored))}
        found = process.extract(
            folded(name), list(choices), scorer=fuzz.WRatio, limit=4 * _SUGGESTIONS, score_cutoff=_LIKE_ENOUGH
        )
        suggested: dict[str, str] = {}
        for match, _, _ in found:
            known = self.speaker(match)
            suggested.setdefault(known.name if known else match, choices[match])
        return list(suggested.values())[:_SUGGESTIONS]

    def with_outlets(self, extra: Iterable[Outlet]) -> Knowledge:
        """Return the same knowledge with an operator's outlets; theirs win over ours of the same name."""
        extra = tuple(extra)
        named = {folded(outlet.name) for outlet in extra}
        kept = tuple(outlet for outlet in self.outlets if folded(outlet.name) not in named)
        names = {folded(outlet.name): outlet.name for outlet in extra}
        keys = tuple((key, names.get(folded(name), name)) for key, name in self.outlet_keys)
        return replace(self, outlets=(*kept, *extra), outlet_keys=keys)


def _by_spelling(speakers: tuple[Speaker, ...]) -> dict[str, Speaker]:
    found = {folded(spelling): who for who in speakers for spelling in (who.name, *who.spellings)}
    bearers: dict[str, set[str]] = defaultdict(set)
    surnames: dict[str, Speaker] = {}
    for who in speakers:
        if not who.body:
            for spelling in (who.name, *who.spellings):
                words = folded(spelling).split()
                surnames[words[-1]] = who
                # Any part of a name counts as borne: "Kim" is a surname in front in one country, behind in another.
                for word in words:
                    bearers[word].add(who.name)
    alone = {surname: who for surname, who in surnames.items() if len(bearers[surname]) == 1}
    return alone | found


def _by_key(outlets: tuple[Outlet, ...], keys: tuple[tuple[str, str], ...]) -> dict[str, Outlet]:
    named = {outlet.name: outlet for outlet in outlets}
    found = {_host(key) or folded(key): named[name] for key, name in keys if name in named}
    for outlet in outlets:
        found[folded(outlet.name)] = outlet
        if outlet.domain:
            found[outlet.domain.casefold()] = outlet
    return found


def _host(text: str) -> str:
    """Return the host of an address, or a bare host name ("example.org"); empty for anything else."""
    if "://" in text:
        try:
            return (urlsplit(text).hostname or "").casefold()
        except ValueError:
            return ""
    return text.casefold() if _HOST.fullmatch(text) else ""
