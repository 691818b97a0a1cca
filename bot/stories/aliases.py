"""One word for one thing: spellings, languages and ways around a name fall together before articles are compared."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

_WORD = re.compile(r"[^\W_]+(?:['.-][^\W_]+)*")
_MARKS = str.maketrans({"’": "'", "ʼ": "'", "ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "‑": "-"})
_STEM = 7
"""Letters kept of a word without an alias: a stemmer for every language, as good here as a real one."""


@dataclass(frozen=True, slots=True)
class _Aliases:
    phrases: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]
    """First word → (whole phrase, its labels), longest first."""
    whole: dict[str, str]
    beginnings: dict[str, str]
    longest: int
    names: frozenset[str]


def plain(text: str) -> str:
    """Fold case and diacritics."""
    letters = unicodedata.normalize("NFKD", text.translate(_MARKS).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def features(text: str, limit: int | None = None) -> list[str]:
    """Return the labels and stems of a text's first ``limit`` words, in order."""
    words = _words(plain(text), limit)
    phrases = _table().phrases
    found: list[str] = []
    at = 0
    while at < len(words):
        for run, labels in phrases.get(words[at], ()):
            if tuple(words[at : at + len(run)]) == run:
                found.extend(labels)
                at += len(run)
                break
        else:
            found.append(label(words[at]))
            at += 1
    return found


def name_label(name: str) -> str:
    """Return one label for a name, so that its spellings compare equal: "Kyiv" and "the Ukrainian capital"."""
    return " ".join(dict.fromkeys(features(name)))


def known_names(labels: Iterable[str]) -> list[str]:
    """Return which of these labels stand for a person, place or state."""
    return [found for found in labels if found in _table().names]


@lru_cache(maxsize=65_536)
def label(word: str) -> str:
    """Return a folded word's label: its alias, or its first letters."""
    table = _table()
    bare = word.removesuffix("'s").removesuffix("'")
    if bare in table.whole:
        return table.whole[bare]
    for length in range(min(len(bare), table.longest), 1, -1):
        if bare[:length] in table.beginnings:
            return table.beginnings[bare[:length]]
    return bare[:_STEM]


def _words(text: str, limit: int | None) -> list[str]:
    words: list[str] = []
    for match in _WORD.finditer(text):
        words.extend(match[0].split("-"))
        if limit is not None and len(words) >= limit:
            break
    return [word for word in words if word]


@cache
def _table() -> _Aliases:
    text = resources.files("bot.stories").joinpath("aliases.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)
    whole: dict[str, str] = {}
    beginnings: dict[str, str] = {}
    for target, spellings in (entries["names"] | entries["words"]).items():
        for spelling in spellings:
            (beginnings if spelling.endswith("*") else whole)[plain(spelling.rstrip("*"))] = target
    phrases: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for target, spellings in entries["phrases"].items():
        for spelling in spellings:
            run = tuple(_words(plain(spelling), None))
            phrases.setdefault(run[0], []).append((run, tuple(target.split())))
    longest_first = {
        first: tuple(sorted(runs, key=lambda entry: -len(entry[0]))) for first, runs in phrases.items()
    }
    return _Aliases(longest_first, whole, beginnings, max(map(len, beginnings)), frozenset(entries["names"]))
