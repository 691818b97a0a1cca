"""A statement's printed words as one line of text, and where they may be cut. Pure.

Here alone quotation marks are set: around quoted pieces, and nowhere else. Every renderer takes a statement's
words and its attribution from here, so that no platform can turn a paraphrase into a quotation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from bot.message.blocks import Quotation
from bot.model import Piece

LIMIT = 400
"""Characters of one statement from which on it may be cut at a sentence's end."""
LONGEST = 1_500
"""What is longer and cannot be cut is not shown at all: a reader finds it in the article."""

Part = Literal["when", "cue", "speaker", "role", "note"]

_SPARE = 80
"""A tail this short is shown rather than cut off."""
_SHORTEST = 120
"""A cut never leaves less than this."""

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: titles, hyperlinks
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"
)
_BIDI = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, 0x200E, 0x200F))
_MARKS = str.maketrans("", "", '“”„‟«»"＂')
_SPACES = re.compile(r"\s+")
_GAP = "…"
_TIGHT = re.compile(r"[,.;:!?…)\]’]")
"""What follows a word without a space."""

_SENTENCE_END = re.compile(r"([^\s.!?…]+)?([.!?…]+[’)\]]?)\s+(?=[^\s])")
_ABBREVIATION = re.compile(
    r"mr|mrs|ms|dr|prof|gen|lt|col|maj|capt|sgt|adm|gov|sen|rep|rev|hon|st|jr|sr|no|nos|vs|etc|inc|ltd|co|corp"
    r"|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|approx|est|fig|ca|cf|al|ст|см|ім|вул|тис|млн|млрд|рр"
)
_TURNS = re.compile(
    r"(?:but|however|no|not|nor|yet|though|although|unless|except|only|instead|rather|otherwise|never|none|that|"
    r"this|which|if|or|and|on the contrary|але|однак|проте|ні|не|хоча|якщо|та|і|або|це|но|однако|нет|если|и|это)\b",
    re.IGNORECASE,
)
"""A sentence that begins so may turn what stands before it: it is not cut off."""

_LEADING_CUES = (
    "according to",
    "per",
    "in the words of",
    "за словами",
    "за даними",
    "по словам",
    "по данным",
)
"""Cues that stand before their speaker: "According to officials"."""


def plain(text: str) -> str:
    """Return a stranger's text as one harmless line: no escape sequences, control or direction characters."""
    text = _ESCAPES.sub("", text).translate(_BIDI)
    kept = (
        character
        for character in text
        if character.isspace() or unicodedata.category(character) not in ("Cc", "Cs")
    )
    return _SPACES.sub(" ", "".join(kept)).strip()


def tidy(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Return the pieces as single lines without empty ones.

    Quotation marks that strayed into an unquoted piece are left out: marks would claim a quotation there.
    """
    lines = (
        replace(piece, text=plain(piece.text if piece.quoted else piece.text.translate(_MARKS)))
        for piece in pieces
    )
    return tuple(piece for piece in lines if piece.text)


def printed(pieces: Sequence[Piece], *, cut: bool = False) -> str:
    """Return the words as one line, quoted pieces in quotation marks; ``…`` outside them marks a cut.

    In a split quotation ("A," she said. "B.") an ellipsis stands in the attribution's place, and the comma that
    led to it goes with it.
    """
    line = ""
    whole = tidy(pieces)
    for index, piece in enumerate(whole):
        text = piece.text
        if piece.quoted:
            led_away = index + 1 == len(whole) or whole[index + 1].text == _GAP
            text = f"“{text.removesuffix(',') if led_away else text}”"
        line += text if not line or (_TIGHT.match(text) and text != _GAP) else f" {text}"
    return f"{line} …".strip() if cut else line


def shorten(pieces: Sequence[Piece], limit: int = LIMIT) -> tuple[tuple[Piece, ...], bool]:
    """Return the pieces, cut at a sentence's end when they are longer than ``limit``, and whether they were.

    A sentence is never cut in two, so no negation and no condition loses its other half; and a cut never
    stands before a sentence that may turn the one before it. Where no such place exists the words stay whole,
    up to ``LONGEST``; beyond it nothing is shown but that there are words.
    """
    whole = tidy(pieces)
    length = len(printed(whole))
    if length <= limit + _SPARE:
        return whole, False
    for index, offset in reversed(list(_places(whole))):
        piece = whole[index]
        kept = (*whole[:index], replace(piece, text=piece.text[:offset]))
        if _SHORTEST <= len(printed(kept)) <= limit:
            return kept, True
    return (whole, False) if length <= LONGEST else ((), True)


def _places(pieces: Sequence[Piece]) -> Iterator[tuple[int, int]]:
    """Yield (piece, offset) after each whole sentence that another, harmless sentence follows."""
    for index, piece in enumerate(pieces):
        for found in _SENTENCE_END.finditer(piece.text):
            rest = piece.text[found.end() :]
            if _ends(found[1] or "", found[2], rest) and not _TURNS.match(rest):
                yield index, found.end(2)


def _ends(word: str, stop: str, rest: str) -> bool:
    """Whether a full stop ends a sentence: not after "Gen." or an initial, and not before a small letter."""
    if rest[0].islower():
        return False
    if not stop.startswith("."):
        return True
    bare = word.strip("(‘’'").casefold()
    return len(bare) > 1 and "." not in word and not _ABBREVIATION.fullmatch(bare)


def attribution(quotation: Quotation) -> tuple[tuple[Part, str], ...]:
    """Return who said it, as parts to be joined: "Anna Example", ", deputy minister", ", told reporters"."""
    parts: list[tuple[Part, str]] = []
    speaker, cue, to = plain(quotation.speaker), plain(quotation.cue), plain(quotation.to)
    leading = leads(cue)
    if quotation.when:
        parts.append(("when", plain(quotation.when)))
    if speaker and leading:
        parts.append(("cue", _capitalised(cue)))
    if speaker:
        parts.append(("speaker", speaker if leading else _capitalised(speaker)))
    if quotation.role:
        parts.append(("role", plain(quotation.role)))
    if quotation.note:
        parts.append(("note", f"({plain(quotation.note)})"))
    said = " ".join(
        part for part in ("" if (leading and speaker) or quotation.cue_first else cue, to) if part
    )
    if said:
        parts.append(("cue", said))
    return tuple(_joined(parts))


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:]


def leads(cue: str) -> bool:
    """Whether a cue stands before its speaker ("according to") and so never reads on into the words."""
    return cue.casefold().startswith(_LEADING_CUES)


def _joined(parts: Sequence[tuple[Part, str]]) -> Iterator[tuple[Part, str]]:
    """Put commas and spaces before the parts that need them."""
    before: Part | None = None
    for part, text in parts:
        if before is None:
            yield part, text
        elif before == "when":
            yield part, f" · {text}"
        elif part == "note" or (before == "cue" and part == "speaker"):
            yield part, f" {text}"
        else:
            yield part, f", {text}"
        before = part


def utterance(quotation: Quotation) -> str:
    """Return what was said as one line, begun by its cue where the cue reads on into the words."""
    words = printed(quotation.pieces, cut=quotation.cut)
    return f"{plain(quotation.cue)} {words}" if quotation.cue_first else words
