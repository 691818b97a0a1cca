"""A text as the tagger sees it: word pieces, where they stand, and what the lower-cased pieces do not show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.language.quotes import quoted_spans, with_marks

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Numbers = NDArray[np.int64]

LABELS = ("O", "B-source", "I-source", "B-cue", "I-cue", "B-content", "I-content")
"""What the tagger says of each piece."""
FEATURES = 16
"""Kinds of pieces: 4 kinds of case x first of its paragraph or not x inside a quotation or not."""
_PARAGRAPH, _QUOTED = 4, 8


@dataclass(frozen=True, slots=True)
class Pieces:
    """The word pieces of one text."""

    ids: Numbers
    starts: Numbers
    """Character offsets, half-open."""
    ends: Numbers
    features: Numbers
    """Case (0 lower, 1 capitalised, 2 upper, 3 no letter) + 4 at a paragraph's start + 8 inside a quotation."""
    paragraphs: Numbers
    """Number of the paragraph (a line) each piece stands in."""


def special(tokenizer: Tokenizer, *names: str) -> int:
    """Return the number of the tokenizer's own piece that goes by one of these names; 0 where none does."""
    found = (tokenizer.token_to_id(name) for name in names)
    return next((number for number in found if number is not None), 0)


def encode(tokenizer: Tokenizer, text: str) -> Pieces:
    """Split a text into pieces and describe each."""
    found = tokenizer.encode(text, add_special_tokens=False)
    offsets = np.array(found.offsets, dtype=np.int64).reshape(-1, 2)
    starts, ends = offsets[:, 0], offsets[:, 1]
    inside = np.zeros(len(text) + 1, dtype=np.int64)
    for span in quoted_spans(text):
        opening, closing = with_marks(text, span)
        inside[opening:closing] = 1
    lines = np.zeros(len(text) + 1, dtype=np.int64)
    lines[1:] = np.cumsum([character == "\n" for character in text])
    first = np.ones(len(starts), dtype=np.int64)
    first[1:] = lines[starts[1:]] != lines[starts[:-1]]
    case = np.array([_case(text[start:end]) for start, end in found.offsets], dtype=np.int64)
    features = case + _PARAGRAPH * first + _QUOTED * inside[starts]
    paragraphs = np.cumsum(first) - 1
    return Pieces(np.array(found.ids, dtype=np.int64), starts, ends, features, paragraphs)


def _case(piece: str) -> int:
    if not piece[:1].isalpha():
        return 3
    if not piece[0].isupper():
        return 0
    return 2 if len(piece) > 1 and piece.isupper() else 1
