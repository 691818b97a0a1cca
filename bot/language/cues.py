"""The table of words that report speech (``cues.toml``), ready for look-up by form."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CueWord:
    """What one verb form reports, and by which grammar."""

    base: str
    clause: bool = False
    """It takes a clause ("said that")."""
    thought: bool = False
    takes: frozenset[str] = frozenset()
    """Complements that carry words: dependency labels or prepositions. Without clause or complement it counts
    only beside a quotation."""


@functools.cache
def cue_words() -> Mapping[str, CueWord]:
    """Return the table: lower-case verb form → what it reports."""
    table = tomllib.loads(files("bot.language").joinpath("cues.toml").read_text(encoding="utf-8"))
    speech, quoting, thought = table["speech"], table["quoting"], table["thought"]
    complement = table["complement"]
    words: dict[str, CueWord] = {}
    for base in sorted({*speech, *quoting, *thought, *complement}):
        more = complement.get(base, {"forms": "", "takes": []})
        word = CueWord(base, base in speech or base in thought, base in thought, frozenset(more["takes"]))
        forms = (speech.get(base, ""), quoting.get(base, ""), thought.get(base, ""), more["forms"])
        words |= dict.fromkeys([base, *" ".join(forms).split()], word)
    return MappingProxyType(words)
