"""A line with a slip in it and what was probably meant → the line as it was meant. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from rapidfuzz import fuzz

from bot.commands import catalog
from bot.commands.tokens import tokens

_LONGEST_RUN = 8
"""So many words at most are replaced by one suggestion."""


def typed(command: str, given: Mapping[str, str]) -> str:
    """Return a form as the line that somebody would type; values that would be misread stand in quotation marks."""
    known = catalog.find(command)
    parts = [command]
    for parameter in known.parameters if known else ():
        value = " ".join(given.get(parameter.name, "").split())
        if not value:
            continue
        if _misread(value, command) and parameter.kind in ("text", "speaker", "outlet"):
            value = f'"{value.replace(chr(34), "")}"'
        parts.append(f"{parameter.name} {value}" if parameter.keyword else value)
    return " ".join(parts)


def _misread(value: str, command: str) -> bool:
    """Whether a word of the value is also the name of a parameter."""
    known = catalog.find(command)
    names = {parameter.name for parameter in known.parameters} if known else set()
    return any(word.casefold() in names for word in value.split())


def corrected(line: str, meant: str) -> str:
    """Return the line with the words that are most like ``meant`` replaced by it.

    A suggestion may be one word ("talks"), a name of several, or a whole line ("subscription edit 2").
    """
    words = [f'"{token.text}"' if token.quoted else token.text for token in tokens(line)]
    best, place = -1.0, (0, len(words))
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + _LONGEST_RUN) + 1):
            run = " ".join(words[start:end])
            likeness = fuzz.ratio(run.casefold(), meant.casefold())
            if likeness > best:
                best, place = likeness, (start, end)
    start, end = place
    return " ".join([*words[:start], meant, *words[end:]])
