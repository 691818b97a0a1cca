"""A line of text → tokens: words, and quoted runs that are taken as they stand. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_CLOSING = {'"': '"“”', "“": '”“"', "„": '“”"', "«": "»", "”": '”"'}
"""Which marks end what an opening mark began: straight, curly, German and Ukrainian ones."""
_SINGLE = {"'": "'’", "‘": "’'"}
"""Single marks are apostrophes too: they quote only from a word's beginning to a word's end."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or the text between quotation marks: then it is never a keyword."""

    text: str
    quoted: bool = False


def tokens(line: str) -> list[Token]:
    """Split a line at white space; a quotation mark that is never closed runs to the end of the line.

    Control and formatting characters (also direction marks) separate words and are dropped.
    """
    line = "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in line)
    found: list[Token] = []
    position = 0
    while position < len(line):
        letter = line[position]
        if letter.isspace():
            position += 1
        elif letter in _CLOSING:
            ends = [at for mark in _CLOSING[letter] if (at := line.find(mark, position + 1)) >= 0]
            end = min(ends, default=len(line))
            if text := line[position + 1 : end].strip():
                found.append(Token(" ".join(text.split()), quoted=True))
            position = end + 1
        elif letter in _SINGLE and (end := _end_of_single(line, position)):
            if text := line[position + 1 : end].strip():
                found.append(Token(" ".join(text.split()), quoted=True))
            position = end + 1
        else:
            end = next((at for at in range(position, len(line)) if line[at].isspace()), len(line))
            found.append(Token(line[position:end]))
            position = end
    return found


def _end_of_single(line: str, start: int) -> int:
    """Return where a single quotation mark at ``start`` is closed, at a word's end; 0 when it is not."""
    for at in range(start + 1, len(line)):
        if line[at] in _SINGLE[line[start]] and (at + 1 == len(line) or line[at + 1].isspace()):
            return at
    return 0


def joined(found: list[Token]) -> str:
    """Return the tokens as one text."""
    return " ".join(token.text for token in found)
