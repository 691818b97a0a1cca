"""The contents of an utterance by the text alone: whole words, one paragraph, whole quotations."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.language.quotes import PARAGRAPH_BREAK, WORD, continues, overlapping, with_marks
from bot.model import Span, Spans

_MOST_OF = 0.5
"""Share of a quotation that a content must hold to get all of it."""
_SENTENCE_GAP = re.compile(r"[.!?…][”»\"’')]*\s+[«„“\"‘(]?[A-ZА-ЯЁІЇЄҐ]")


def whole_words(text: str, span: Span) -> Span:
    """Widen a span that starts or ends inside a word: the tagger reads pieces of words."""
    start, end = span
    while start > 0 and text[start].isalnum() and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end


def without(text: str, content: list[Span], taken: list[Span]) -> list[Span]:
    """Cut source and cue out of a content."""
    for start, end in taken:
        parts = [part for a, b in content for part in ((a, min(b, start)), (max(a, end), b))]
        content = [(a, b) for a, b in parts if a < b and WORD.search(text, a, b)]
    return sorted(set(content))


def touch(span: Span, others: Iterable[Span]) -> bool:
    """Whether a span shares a character with one of the others."""
    return any(start < span[1] and span[0] < end for start, end in others)


def by_paragraph(text: str, spans: list[Span], cue: Span, quoted: Spans, body_at: int) -> list[Span]:
    """Keep what stands in the paragraph nearest to the cue; of others, and never of the headline, the quoted."""
    parts: list[Span] = []
    for start, end in spans:
        at = start
        for found in [*PARAGRAPH_BREAK.finditer(text, start, end), None]:
            stop = found.start() if found else end
            cut = body_at if at < body_at < stop else stop
            parts += [(a, b) for a, b in ((at, cut), (cut, stop)) if WORD.search(text, a, b)]
            at = found.end() if found else end
    nearest = min(parts, key=lambda part: max(part[0] - cue[1], cue[0] - part[1], 0), default=(0, 0))
    return [
        part
        for part in parts
        if (part[0] < body_at) == (nearest[0] < body_at)
        and (
            overlapping(quoted, part)
            or not PARAGRAPH_BREAK.search(text, min(part[1], nearest[1]), max(part[0], nearest[0]))
        )
    ]


def in_sentence(text: str, cue: Span, content: list[Span], quoted: Spans) -> list[Span]:
    """Leave out what stands unquoted in another sentence than the cue, where its own sentence has words too."""
    gaps = [(min(cue[1], span[1]), max(cue[0], span[0]) + 2) for span in content]
    near = [span for span, gap in zip(content, gaps, strict=True) if not _SENTENCE_GAP.search(text, *gap)]
    return [span for span in content if span in near or overlapping(quoted, span)] if near else content


def whole_quotations(text: str, content: list[Span], quoted: Spans, taken: list[Span]) -> list[Span]:
    """Let no quotation be cut, follow one that is reopened in other paragraphs, and join what touches."""
    spans = list(content)
    for span in content:
        for quote in overlapping(quoted, span):
            whole = with_marks(text, quote)
            shared = min(span[1], quote[1]) - max(span[0], quote[0])
            if shared < _MOST_OF * (quote[1] - quote[0]) or touch(quote, taken):
                continue
            spans.append(whole)
            number = quoted.index(quote)
            while number and continues(text, quoted[number - 1]):
                number -= 1
                spans.append(with_marks(text, quoted[number]))
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and (start <= joined[-1][1] or not text[joined[-1][1] : start].strip(" ")):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
