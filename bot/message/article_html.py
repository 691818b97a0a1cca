"""An article as a page on which a person checks the reader: who said what, marked in the text. Pure.

One file without scripts or outside addresses. Each statement has a number: it stands at the statement's words in the
text and in the list below, and each leads to the other. Colours tell speakers apart; names and numbers say the same
to those who do not see them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from bot.message.material import CONFIDENCE_FLOOR, is_sure
from bot.model import Reading, Span, Statement

_HUES = 12
_UNSURE = f", reading uncertain: below {CONFIDENCE_FLOOR}, so that no digest shows it"
_PARAGRAPH = re.compile(r"\S(?:.*\S)?", re.DOTALL)
_BREAK = re.compile(r"\n\s*\n|\n(?=\s*\S)")

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.05rem/1.6 Georgia, serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; line-height: 1.3; }
.content { background: hsl(var(--hue) 85% 88%); color: #111; }
.source { text-decoration: underline 2px hsl(var(--hue) 70% 40%); }
.content.unsure { background: none; color: inherit; border-bottom: .15rem dashed hsl(var(--hue) 70% 50%); }
.cue { font-style: italic; text-decoration: underline dotted hsl(var(--hue) 70% 40%); }
sup { line-height: 0; }
sup a { text-decoration: none; font: .7rem sans-serif; }
:target { outline: 3px solid hsl(40 90% 50%); }
ol { padding-left: 2.2rem; font: .95rem/1.5 sans-serif; }
li { margin-bottom: .8rem; }
.key { border-left: .6rem solid hsl(var(--hue) 70% 60%); padding-left: .5rem; }
.meta, footer { font: .85rem/1.5 sans-serif; opacity: .8; }
@media (prefers-color-scheme: dark) { .content { background: hsl(var(--hue) 45% 28%); color: #eee; } }
"""


def page(text: str, reading: Reading, statements: Sequence[Statement], *, name: str) -> str:
    """Return the page: the text with its statements marked, then the statements as a list.

    Spans must lie within ``text``; everything printed in it is escaped.
    """
    hues = _hues(statements)
    marks = [
        (span, part, number)
        for number, statement in enumerate(statements)
        for part, spans in (
            ("source", statement.source),
            ("cue", statement.cue),
            ("content" if is_sure(statement) else "content unsure", statement.content),
        )
        for span in spans
    ]
    paragraphs = "\n".join(f"<p>{_marked(text, span, marks, hues)}</p>" for span in _paragraphs(text))
    listed = "\n".join(_item(number, one, hues[number]) for number, one in enumerate(statements))
    notes = [f"{len(statements)} statements", f"language {reading.language}", reading.reader]
    if reading.unread_reason:
        notes.append(f"not read: {reading.unread_reason}")
    if reading.read_chars < len(text):
        notes.append(f"only the first {reading.read_chars:,} of {len(text):,} characters were read")
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(reading.language or "en")}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(name)}</title>\n<style>{_STYLE}</style></head>\n<body>\n<h1>{escape(name)}</h1>\n"
        f'<p class="meta">{escape(" · ".join(filter(None, notes)))}</p>\n<main>\n{paragraphs}\n</main>\n'
        f"<h2>Who said what</h2>\n<ol>\n{listed}\n</ol>\n"
        f"<footer>Underlined: the source. Dotted: the cue. Coloured: the words, one colour a speaker; "
        f"dashed where the reading is uncertain.</footer>\n"
        f"</body>\n</html>\n"
    )


def _hues(statements: Sequence[Statement]) -> list[int]:
    """One hue a speaker, in the order they come, as degrees of the colour circle."""
    order = list(dict.fromkeys(statement.speaker for statement in statements))
    return [order.index(statement.speaker) % _HUES * (360 // _HUES) for statement in statements]


def _paragraphs(text: str) -> Iterator[Span]:
    start = 0
    for gap in [*_BREAK.finditer(text), None]:
        end = gap.start() if gap else len(text)
        found = _PARAGRAPH.search(text, start, end)
        if found:
            yield found.span()
        start = gap.end() if gap else end


def _marked(text: str, span: Span, marks: Sequence[tuple[Span, str, int]], hues: Sequence[int]) -> str:
    """One paragraph, cut at every edge of a mark; where marks lie on each other the cut carries all of them."""
    start, end = span
    inside = [mark for mark in marks if mark[0][0] < end and mark[0][1] > start]
    edges = sorted({start, end, *(edge for mark in inside for edge in mark[0] if start < edge < end)})
    places = {number: first for (first, _), part, number in reversed(marks) if part.startswith("content")}
    shown = []
    for left, right in pairwise(edges):
        here = [(part, number) for (first, last), part, number in inside if first <= left and right <= last]
        piece = escape(text[left:right])
        if here:
            number = here[-1][1]
            classes = " ".join(dict.fromkeys(part for part, _ in here))
            piece = f'<span class="{classes}" style="--hue:{hues[number]}">{piece}</span>'
        begun = [
            number for (first, _), part, number in inside if part.startswith("content") and first == left
        ]
        shown += [_number(one + 1, place=left == places[one]) for one in begun]
        shown.append(piece)
    return "".join(shown)


def _number(number: int, *, place: bool) -> str:
    """A statement's number before each run of its words; only the first is the place that the list leads to."""
    return f'<sup{f" id=t{number}" if place else ""}><a href="#s{number}">{number}</a></sup>'


def _item(number: int, statement: Statement, hue: int) -> str:
    """A statement in the list, with everything that was understood about it."""
    words = " ".join(f"“{piece.text}”" if piece.quoted else piece.text for piece in statement.pieces)
    facts = {
        "role": statement.role,
        "source": statement.source_text,
        "cue": statement.cue_text,
        "kind": statement.kind,
        "act": statement.act if statement.act != "said" else None,
        "anonymous": "yes" if statement.anonymous else None,
        "via": statement.via,
        "audience": statement.audience,
        "relay": statement.relay,
        "status": statement.status_text,
        "confidence": f"{statement.confidence:.2f}{'' if is_sure(statement) else _UNSURE}",
        "characters": ", ".join(f"{start}–{end}" for start, end in statement.content),
    }
    told = " · ".join(f"{key}: {escape(value)}" for key, value in facts.items() if value)
    speaker = escape(statement.speaker or "(no source)")
    return (
        f'<li id="s{number + 1}"><div class="key" style="--hue:{hue}"><b>{speaker}</b> '
        f'<a href="#t{number + 1}" aria-label="to its place in the text">↑</a><br>{escape(words)}'
        f'<div class="meta">{told}</div></div></li>'
    )
