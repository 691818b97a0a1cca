"""The same words in several outlets: one statement with several links.

Outlets cut a quotation at either end, drop words and set other quotation marks. ``partial_ratio`` slides the
shorter text along the longer one; token sets are never used, because they find any two sentences on one subject
alike. What turns a statement around is no detail: a "not" or a number on one side only keeps two apart.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rapidfuzz import fuzz

from bot.knowledge.lookup import folded
from bot.model import Statement, StoredStatement

_SAME = 90.0
_SAME_WORDS = 6
_SAME_SPEAKER = 80.0
_SAME_SPEAKER_WORDS = 4
"""rapidfuzz's partial_ratio, and words in the shorter text, from which two statements are one."""
_RUN = 3
_COMMON = 40
"""A run of words that more statements than this share tells nothing about any two of them."""
_LEADS = {"direct": 0, "mixed": 1, "indirect": 2}

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_TURNS = re.compile(
    r"\b(?:not|no|never|nor|neither|none|nobody|nothing|without|cannot|denies|denied|deny|не|ні|ни|nie|nicht|kein\w*|pas|jamais"
    r"|\w+n['’]t)\b|\d+"
)


def same_words(a: Statement, b: Statement) -> bool:
    """Tell whether two statements carry the same words, up to cuts and slips."""
    shorter, longer = sorted((_content(a), _content(b)), key=len)
    words = min(len(shorter.split()), len(longer.split()))
    ours, theirs = folded(a.speaker), folded(b.speaker)
    same_speaker = bool(ours) and ours == theirs
    if words < (_SAME_SPEAKER_WORDS if same_speaker else _SAME_WORDS):
        return False
    if a.kind == b.kind == "indirect" and ours and theirs and not set(ours.split()) & set(theirs.split()):
        return False  # two people may say that the talks failed; only a quotation is somebody's own words
    needed = _SAME_SPEAKER if same_speaker else _SAME
    found = fuzz.partial_ratio_alignment(shorter, longer, score_cutoff=needed)
    if found is None:
        return False
    # At either end of the longer text the window may be narrower than the shorter text: what it left out of
    # sight ("will not attack" against "will attack") belongs to the comparison.
    unseen = max(0, len(shorter) - (found.dest_end - found.dest_start))
    window = _whole_words(
        longer, max(0, found.dest_start - unseen), min(len(longer), found.dest_end + unseen)
    )
    return _turns(shorter) == _turns(window)


def merge(statements: Sequence[StoredStatement]) -> list[tuple[StoredStatement, ...]]:
    """Group statements with the same words, within and across articles.

    Groups come in the order in which each was first seen; in a group a direct quotation leads, then first
    seen comes first. Nothing is lost: a statement alone is a group of one.
    """
    ordered = sorted(statements, key=lambda stored: (stored.first_seen_at, stored.serial))
    leaders = list(range(len(ordered)))
    for one, other in _candidates(ordered):
        ours, theirs = _leader(leaders, one), _leader(leaders, other)
        if ours != theirs and same_words(ordered[one].statement, ordered[other].statement):
            leaders[max(ours, theirs)] = min(ours, theirs)
    groups: dict[int, list[StoredStatement]] = defaultdict(list)
    for place, stored in enumerate(ordered):
        groups[_leader(leaders, place)].append(stored)
    return [
        tuple(sorted(group, key=lambda stored: _LEADS[stored.statement.kind])) for group in groups.values()
    ]


def _candidates(ordered: Sequence[StoredStatement]) -> Iterator[tuple[int, int]]:
    """Pairs worth comparing: those that share a run of words which few statements have."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, stored in enumerate(ordered):
        words = _content(stored.statement).split()
        for run in {" ".join(words[at : at + _RUN]) for at in range(max(1, len(words) - _RUN + 1))}:
            places[run].append(place)
    seen: set[tuple[int, int]] = set()
    for sharing in places.values():
        # Of a phrase that many share, each is still compared with the first: a much repeated quotation is one.
        pairs = (
            ((one, other) for at, one in enumerate(sharing) for other in sharing[at + 1 :])
            if len(sharing) <= _COMMON
            else ((sharing[0], other) for other in sharing[1:])
        )
        for pair in pairs:
            if pair not in seen:
                seen.add(pair)
                yield pair


def _leader(leaders: list[int], place: int) -> int:
    while leaders[place] != place:
        leaders[place] = leaders[leaders[place]]
        place = leaders[place]
    return place


def _content(statement: Statement) -> str:
    return _normal(" ".join(piece.text for piece in statement.pieces))


@lru_cache(maxsize=16_384)
def _normal(text: str) -> str:
    return " ".join(word.casefold().replace("’", "'") for word in _WORD.findall(text))


def _whole_words(text: str, start: int, end: int) -> str:
    """Widen a stretch to whole words, so that half a number is no other number."""
    stop = text.find(" ", max(start, end - 1))
    return text[text.rfind(" ", 0, start + 1) + 1 : len(text) if stop < 0 else stop]


def _turns(text: str) -> Counter[str]:
    """Count the numbers, and tell an even from an odd number of negations."""
    found = Counter(match if match.isdigit() else "not" for match in _TURNS.findall(text))
    found["not"] %= 2
    return +found
