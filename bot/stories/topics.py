"""Is it about the war, and about what in the war? Weighted words in title and text, tables in ``knowledge``.

A table's *naming* terms (weight 1 or more) say what a topic is; its *supporting* terms (below 1) count only
as far as naming terms do, because a missile alone may fly in any war. Negative terms speak against it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from bot.model import Topic

WAR = "war"
"""The topic that all others depend on."""

_TITLE = 2.0
"""What a term in the title counts for."""
_TEXT = 1.3
_AGAIN = 0.35
"""What a term's mentions in the text approach together, and how much each leaves to the next one."""
_TEXT_WORDS = 200
"""News says first what it is about; a review's "before the war" in paragraph nine shall not decide."""
_SCREEN = 0.25
"""Share of the war's threshold that makes an article worth fetching: recall first."""
_REMEMBERED = 50_000
_WORD = re.compile(r"[^\W_]+(?:['.-][^\W_]+)*")
_MARKS = str.maketrans({"’": "'", "ʼ": "'", "‑": "-", "‐": "-"})


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A term as a run of words, each whole or the beginning of a word."""

    words: tuple[tuple[str, bool], ...]
    """(word, whether it is only a beginning)."""
    weights: tuple[tuple[int, float], ...]
    """(number of the topic, weight): one term may serve several topics."""

    def matches(self, words: list[str], at: int) -> bool:
        """Tell whether the words from here on are this term."""
        run = words[at : at + len(self.words)]
        return len(run) == len(self.words) and all(
            word.startswith(wanted) if prefix else word == wanted
            for word, (wanted, prefix) in zip(run, self.words, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Tables:
    """All terms of all topics, findable by their first word."""

    whole: Mapping[str, tuple[_Pattern, ...]]
    beginnings: Mapping[str, tuple[_Pattern, ...]]
    shortest: int
    longest: int
    looked_up: dict[str, tuple[_Pattern, ...]] = field(default_factory=dict, compare=False, repr=False)
    """Words met before: a language's news is made of a few thousand."""

    def hits(self, text: str, limit: int | None = None) -> Counter[_Pattern]:
        """Count every term in the text's first ``limit`` words."""
        words = words_of(text, limit)
        found: Counter[_Pattern] = Counter()
        for at, word in enumerate(words):
            for pattern in self._starting(word):
                if pattern.matches(words, at):
                    found[pattern] += 1
        return found

    def _starting(self, word: str) -> tuple[_Pattern, ...]:
        """The terms that begin with this word."""
        found = self.looked_up.get(word)
        if found is None:
            lengths = range(self.shortest, min(self.longest, len(word)) + 1)
            begun = (pattern for length in lengths for pattern in self.beginnings.get(word[:length], ()))
            found = (*self.whole.get(word, ()), *begun)
            if len(self.looked_up) >= _REMEMBERED:
                self.looked_up.clear()
            self.looked_up[word] = found
        return found


def words_of(text: str, limit: int | None = None) -> list[str]:
    """Split into folded words; hyphenated ones also fall apart, so that "pro-Kremlin" is found as "Kremlin"."""
    folded = text.translate(_MARKS).casefold()
    if "-" not in folded:
        return _WORD.findall(folded)[:limit]
    words: list[str] = []
    for match in _WORD.finditer(folded):
        word = match[0]
        words.append(word)
        if "-" in word:
            words.extend(part for part in word.split("-") if part)
        if limit is not None and len(words) >= limit:
            break
    return words


def score(title: str, text: str, topics: tuple[Topic, ...]) -> tuple[tuple[str, float], ...]:
    """Return the topics an article reaches, best first: (name, score), where 1.0 is just reached.

    No topic is reached unless ``war`` is. ``text`` may begin with the title; it is not counted twice.
    """
    points = _points(title, text.removeprefix(title), topics)
    reached = [
        (topic.name, round(points[number] / topic.threshold, 3))
        for number, topic in enumerate(topics)
        if points[number] >= topic.threshold
    ]
    if all(name != WAR for name, _ in reached):
        return ()
    return tuple(sorted(reached, key=lambda pair: (-pair[1], pair[0] != WAR, pair[0])))


def touches_war(title: str, summary: str, topics: tuple[Topic, ...]) -> bool:
    """Tell whether an entry is worth reading at all: it may be about the war. Recall before precision."""
    war = tuple(topic for topic in topics if topic.name == WAR)
    if not war:
        return True
    naming = _naming(war[0])
    return _points(title, summary.removeprefix(title), (naming,))[0] >= war[0].threshold * _SCREEN


@lru_cache(maxsize=16)
def _naming(topic: Topic) -> Topic:
    terms = tuple((term, weight) for term, weight in topic.terms if weight >= 1)
    return Topic(topic.name, topic.title, topic.description, topic.threshold, terms)


def _points(title: str, text: str, topics: tuple[Topic, ...]) -> list[float]:
    tables = _compiled(topics)
    in_title = tables.hits(title)
    in_text = tables.hits(text, _TEXT_WORDS)
    naming = [0.0] * len(topics)
    supporting = [0.0] * len(topics)
    against = [0.0] * len(topics)
    for pattern in in_title.keys() | in_text.keys():
        presence = _TITLE * (pattern in in_title) + _TEXT * (1 - _AGAIN ** in_text[pattern])
        for number, weight in pattern.weights:
            if weight >= 1:
                naming[number] += weight * presence
            elif weight > 0:
                supporting[number] += weight * presence
            else:
                against[number] += weight * presence
    return [
        named + min(supported, named) + spoken_against
        for named, supported, spoken_against in zip(naming, supporting, against, strict=True)
    ]


@lru_cache(maxsize=16)
def _compiled(topics: tuple[Topic, ...]) -> _Tables:
    weights: dict[tuple[tuple[str, bool], ...], list[tuple[int, float]]] = {}
    for number, topic in enumerate(topics):
        for term, weight in topic.terms:
            words = tuple(
                (word.rstrip("*"), word.endswith("*")) for word in term.translate(_MARKS).casefold().split()
            )
            if words:
                weights.setdefault(words, []).append((number, weight))
    whole: dict[str, list[_Pattern]] = {}
    beginnings: dict[str, list[_Pattern]] = {}
    for words, given in weights.items():
        first, prefix = words[0]
        (beginnings if prefix else whole).setdefault(first, []).append(_Pattern(words, tuple(given)))
    lengths = [len(first) for first in beginnings] or [0]
    return _Tables(
        {first: tuple(patterns) for first, patterns in whole.items()},
        {first: tuple(patterns) for first, patterns in beginnings.items()},
        min(lengths),
        max(lengths),
    )
