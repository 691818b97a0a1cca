"""Which known name was probably meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import process

LIKE_ENOUGH = 60
"""rapidfuzz's ratio from which a name is worth suggesting; below it people see noise."""


def nearest(given: str, known: Iterable[str], *, most: int = 3, like: float = LIKE_ENOUGH) -> tuple[str, ...]:
    """Return the known names closest to a given one, best first, case aside; empty when none is close."""
    folded = {name: name.casefold() for name in known}
    found = process.extract(given.casefold(), folded, limit=most, score_cutoff=like)
    return tuple(name for _, _, name in found)
