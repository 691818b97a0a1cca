"""Articles as sparse vectors of hashed, weighted words: small enough to store with every story.

A vector is (bucket, weight) pairs: 2 bytes of bucket, 2 of half-precision weight, sorted by bucket, of length
one. How telling a word is comes from ``idf.toml``: a table of numbers by bucket, made once from news feeds.
"""

from __future__ import annotations

import base64
import tomllib
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 16
_PAIR = np.dtype([("bucket", "<u2"), ("weight", "<f2")])
_KEPT = 160
"""Heaviest words kept of an article."""
_KEPT_OF_STORY = 400
_QUANTUM = 16
"""Steps of the table's bytes per unit of idf."""

Dense = NDArray[np.float32]


def bucket(feature: str) -> int:
    """Return a feature's place in every vector; crc32, because it is the same everywhere and for ever."""
    return zlib.crc32(feature.encode("utf-8", "surrogatepass")) & (BUCKETS - 1)


@cache
def idf() -> Dense:
    """Return how telling the words of each bucket are: ln(documents / documents with it)."""
    text = resources.files("bot.stories").joinpath("idf.toml").read_text(encoding="utf-8")
    packed = base64.b85decode("".join(tomllib.loads(text)["table"].split()))
    steps = np.frombuffer(zlib.decompress(packed), dtype=np.uint8)
    return steps.astype(np.float32) / np.float32(_QUANTUM)


def packed_idf(values: Dense) -> str:
    """Write an idf table as the text that ``idf.toml`` holds."""
    steps = np.clip(np.rint(values * _QUANTUM), 0, 255).astype(np.uint8)
    return base64.b85encode(zlib.compress(steps.tobytes(), 9)).decode("ascii")


def vector(weights: Mapping[str, float]) -> bytes:
    """Encode term weights (a count, damped) as a vector of length one; empty without words."""
    dense = np.zeros(BUCKETS, dtype=np.float32)
    for feature, weight in weights.items():
        dense[bucket(feature)] += weight
    return _encoded(dense * idf(), _KEPT)


def mean(centroid: bytes, articles: int, newcomer: bytes) -> bytes:
    """Return a story's centroid with one more article in it."""
    return _encoded(dense(centroid) * articles + dense(newcomer), _KEPT_OF_STORY)


def dense(encoded: bytes) -> Dense:
    """Spread a vector out over all buckets; a damaged one counts as empty."""
    spread = np.zeros(BUCKETS, dtype=np.float32)
    pairs = _pairs(encoded)
    spread[pairs["bucket"]] = pairs["weight"]
    return spread


def cosines(article: Dense, centroids: Sequence[bytes]) -> Dense:
    """Return the cosine of one article with every centroid, in one sweep over all their words."""
    whole = [centroid if len(centroid) % _PAIR.itemsize == 0 else b"" for centroid in centroids]
    lengths = np.array([len(centroid) // _PAIR.itemsize for centroid in whole], dtype=np.int64)
    pairs = _pairs(b"".join(whole))
    products = article[pairs["bucket"]] * pairs["weight"].astype(np.float32)
    sums = np.concatenate([np.zeros(1, dtype=np.float64), np.cumsum(products, dtype=np.float64)])
    ends = np.cumsum(lengths)
    found: Dense = np.nan_to_num(sums[ends] - sums[ends - lengths]).astype(np.float32)
    return found


def damped(title: Iterable[str], body: Iterable[str]) -> dict[str, float]:
    """Weigh words: 1 + ln(count), where a word in the title counts as two."""
    counts = Counter(body)
    for feature in title:
        counts[feature] += 2
    return {feature: 1.0 + _ln(count) for feature, count in counts.items()}


@lru_cache(maxsize=1024)
def _ln(count: int) -> float:
    return float(np.log(count))


def _encoded(weights: Dense, kept: int) -> bytes:
    buckets = np.flatnonzero(weights)
    if len(buckets) > kept:
        heaviest = np.argpartition(weights[buckets], -kept)[-kept:]
        buckets = np.sort(buckets[heaviest])
    length = float(np.linalg.norm(weights[buckets]))
    if length == 0:
        return b""
    pairs = np.empty(len(buckets), dtype=_PAIR)
    pairs["bucket"] = buckets
    pairs["weight"] = weights[buckets] / length
    return pairs.tobytes()


def _pairs(encoded: bytes) -> NDArray[Any]:
    return np.frombuffer(encoded if len(encoded) % _PAIR.itemsize == 0 else b"", dtype=_PAIR)
