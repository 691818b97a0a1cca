"""Wire copies and derived texts: who reports on its own, and who prints what another wrote.

MinHash over 4-word shingles finds candidates (its bands are stored and looked up), exact containment decides:
how much of the shorter text stands in the longer one. Jaccard similarity alone, and SimHash, miss copies that
were cut short. Everything is made of fixed integer arithmetic: the same on every platform, for ever.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from bot.model import CopyTier

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

COPY = 0.7
DERIVED = 0.5
"""Containment from which a text counts as a copy, or as derived, of another."""

_SHINGLE = 4
_SHORT = 30
"""Words below which only the same words count: two short items on one event share much by chance."""
_ROWS = 128
_BANDS = 64
_NO_WORDS = b"\xff" * (4 * _ROWS)
_HOPELESS = 2
"""Equal rows of 128 up to which two texts cannot contain half of each other, unless one is tiny."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def minhash(text: str) -> bytes:
    """Return the text's MinHash signature: 128 numbers of 32 bits, little-endian, 512 bytes."""
    shingles = _shingles(text)
    if not len(shingles):
        return _NO_WORDS
    # Multiply-shift: odd random multipliers, random additions, the high 32 bits.
    rows = (shingles[:, None] * _MULTIPLIERS + _ADDITIONS) >> np.uint64(32)
    signature: bytes = rows.min(axis=0).astype("<u4").tobytes()
    return signature


def bands(signature: bytes) -> tuple[int, ...]:
    """Return 64 band hashes, each below 2**63: texts that share one are candidates. A text without words has none.

    With 2 rows a band, a pair of Jaccard similarity .25 (a text and its first quarter) meets with p = .98.
    """
    if signature == _NO_WORDS:
        return ()
    rows = np.frombuffer(signature, dtype="<u4").astype(np.uint64).reshape(_BANDS, _ROWS // _BANDS)
    numbers = np.arange(_BANDS, dtype=np.uint64)
    mixed = _mixed((rows[:, 0] << np.uint64(32) | rows[:, 1]) + numbers * _GOLDEN)
    return tuple(int(value) for value in mixed >> np.uint64(1))


def containment(a_text: str, b_text: str) -> float:
    """Return which share of the shorter text's 4-word runs stands in the longer one: 0.0 to 1.0."""
    a, b = _shingles(a_text), _shingles(b_text)
    shorter = min(len(a), len(b))
    if not shorter:
        return float(len(a) == len(b))
    return len(np.intersect1d(a, b, assume_unique=True)) / shorter


def find_copy(text: str, candidates: Sequence[tuple[int, str, bytes]]) -> tuple[int, CopyTier] | None:
    """Return which candidate (article id, text, minhash) this text copies or derives from, and how closely.

    Candidates come oldest first: of several that it copies, the oldest is named, so that all copies of one
    text point at the same original.
    """
    words = _words(text)
    if not words:
        return None
    rows = np.frombuffer(minhash(text), dtype="<u4")
    derived: tuple[float, int] | None = None
    for article_id, other, signature in candidates:
        others = _words(other)
        if others == words:
            return article_id, "copy"
        if min(len(words), len(others)) < _SHORT or _hopeless(rows, signature):
            continue
        share = containment(text, other)
        if share >= COPY:
            return article_id, "copy"
        if share >= DERIVED and (derived is None or share > derived[0]):
            derived = share, article_id
    return None if derived is None else (derived[1], "derived")


def _hopeless(rows: NDArray[np.uint32], signature: bytes) -> bool:
    if len(signature) != rows.nbytes:
        return False
    return int(np.count_nonzero(rows == np.frombuffer(signature, dtype="<u4"))) <= _HOPELESS


@lru_cache(maxsize=256)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in _WORD.findall(text))


@lru_cache(maxsize=256)
def _shingles(text: str) -> Hashes:
    """Return the distinct hashes of all runs of four words; a shorter text is one run."""
    words = _words(text)
    if not words:
        return np.empty(0, dtype=np.uint64)
    hashes = np.fromiter((_word_hash(word) for word in words), dtype=np.uint64, count=len(words))
    runs = max(1, len(hashes) - _SHINGLE + 1)
    total = np.zeros(runs, dtype=np.uint64)
    for offset in range(min(_SHINGLE, len(hashes))):
        total = total * _GOLDEN + hashes[offset : offset + runs]
    return np.unique(_mixed(total))


@lru_cache(maxsize=65_536)
def _word_hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _mixed(values: Hashes) -> Hashes:
    """Spread every bit over all others (splitmix64's finaliser)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIERS = _mixed(np.arange(1, _ROWS + 1, dtype=np.uint64) * _GOLDEN) | np.uint64(1)
_ADDITIONS = _mixed(np.arange(_ROWS + 1, 2 * _ROWS + 1, dtype=np.uint64) * _GOLDEN)
"""Made from counters by the same mixing, not by a library's random generator, whose stream may change."""
