"""Quotation marks: the one place that says which words an article sets in its own quotation marks.

Where marks do not balance, the words count as not quoted: a missing quotation is better than a false one.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from bot.model import Kind, Piece, Span, Spans

PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*\n\s*")
WORD = re.compile(r"\w+(?:[-'’.,]\w+)*")

_DOUBLE = re.compile(r"``|''|[\"“”„‟«»＂]")
_CLOSERS = {
    "“": ("”",),
    "„": ("“", "”", "‟"),
    "‟": ("”",),
    "«": ("»",),
    "»": ("«",),
    "”": ("”",),
    '"': ('"',),
    "＂": ("＂",),
    "``": ("''",),
    "''": ("''",),
}
"""Each opening mark and what closes it; ``”…”`` and ``»…«`` are Nordic and German habits."""
_SLOPPY_CLOSERS = {"“": ('"', "“"), '"': ("”",), "„": ('"',), "``": ('"', "”")}
"""Keyboards mix marks; these count only when no open quotation is closed properly."""
_DEEPEST = 6
"""Quotations within quotations; more is noise."""
_LONGEST_SINGLE = 3_000
"""Characters between single marks; farther apart they are apostrophes."""
_SYMMETRIC = ('"', "''", "＂", "”")
_OPENING_CONTEXT = "([{—–-/‘“„«\"'"
_AFTER_CLOSING = ".,;:!?)]}…"
_SENTENCE_END = ".!?…:;,—–-"
_CUE_AT_END = re.compile(r"\b(?:said|says|added|told)\b[^.!?]{0,60}[.!?]?$")
_SINGLE_OPENING = re.compile("[‘']")
_SINGLE = re.compile("[’'‘]")
_ELISION = re.compile(r"(?:em|til|till|cause|tis|twas|n|round|bout|neath|\d0s)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Open:
    mark: str
    inside: int
    inner: list[Span] = field(default_factory=list)
    same_mark_within: bool = False


def paragraphs(text: str) -> tuple[Span, ...]:
    """Return the paragraphs of a text (separated by blank lines), without surrounding white space."""
    edges = [0]
    for found in PARAGRAPH_BREAK.finditer(text):
        edges += found.span()
    edges.append(len(text))
    trimmed = (trim(text, (start, end)) for start, end in zip(edges[::2], edges[1::2], strict=True))
    return tuple((start, end) for start, end in trimmed if start < end)


def trim(text: str, span: Span, also: str = "") -> Span:
    """Shrink a span until neither end is white space or one of the characters in ``also``."""
    start, end = span
    while start < end and (text[start].isspace() or text[start] in also):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in also):
        end -= 1
    return start, end


def quoted_spans(text: str) -> Spans:
    """Return the outermost quotations in order: what stands inside the marks, the marks excluded.

    A quotation that runs over several paragraphs, each opened again, gives one span for each paragraph.
    """
    spans: list[Span] = []
    blocks = paragraphs(text)
    for number, (start, end) in enumerate(blocks):
        following = text[blocks[number + 1][0] :][:2] if number + 1 < len(blocks) else ""
        doubles = _double_quotations(text, start, end, following)
        spans += _with_singles(text, start, end, following, doubles)
    found = (trim(text, span) for span in sorted(spans))
    return tuple((start, end) for start, end in found if WORD.search(text, start, end))


def quotation_at(quoted: Spans, position: int) -> Span | None:
    """Return the quotation that a character stands in, if any."""
    number = bisect_right(quoted, (position, 1 << 62)) - 1
    if number >= 0 and quoted[number][0] <= position < quoted[number][1]:
        return quoted[number]
    return None


def overlapping(quoted: Spans, span: Span) -> Spans:
    """Return the quotations that share a character with a span."""
    first = bisect_right(quoted, (span[0], 1 << 62))
    first -= first > 0 and quoted[first - 1][1] > span[0]
    return quoted[first : bisect_left(quoted, (span[1], 0))]


def following(quoted: Spans, position: int) -> Span | None:
    """Return the first quotation that starts after a position."""
    number = bisect_right(quoted, (position, 1 << 62))
    return quoted[number] if number < len(quoted) else None


def with_marks(text: str, span: Span) -> Span:
    """Widen a quotation to its marks; at the end of a reopened paragraph there is no closing one."""
    start, end = span
    while start > 0 and text[start - 1].isspace() and text[start - 1] != "\n":
        start -= 1
    start -= 2 if text[max(0, start - 2) : start] in ("``", "''") else 1
    while end < len(text) and text[end].isspace() and text[end] != "\n":
        end += 1
    mark = _DOUBLE.match(text, end) or _SINGLE.match(text, end)
    return max(0, start), mark.end() if mark else span[1]


def continues(text: str, span: Span) -> bool:
    """Whether a quotation is left open at its paragraph's end and goes on in the next paragraph."""
    return with_marks(text, span)[1] == span[1]


GAP = Piece("…", quoted=False)
"""Words that are the article's own, between two parts of a statement."""


def pieces(text: str, content: Spans, quoted: Spans, attribution: Spans = ()) -> tuple[Piece, ...]:
    """Return the words of ``content`` in order, split at the article's quotation marks.

    White space is normalised and marks are left out, also stray ones outside quotations; marks nested in a
    quotation stay. Where words of the article stand between two parts, ``GAP`` stands for them; only reported
    speech reads on over its own ``attribution`` ("the talks, she said, had failed"). Parts without a word are
    dropped.
    """
    out: list[Piece] = []
    for before, (start, end) in zip((None, *content), content, strict=False):
        at, shown = start, len(out)
        for span in overlapping(quoted, (start, end)):
            opening, closing = with_marks(text, span)
            _add(out, text[at : max(at, opening)], quoted=False)
            _add(out, text[max(at, span[0]) : min(end, span[1])], quoted=True)
            at = max(at, min(end, closing))
        _add(out, text[at:end], quoted=False)
        if 0 < shown < len(out) and before is not None:
            quotations = out[shown - 1].quoted and out[shown].quoted
            gap = _without(text, (before[1], start), () if quotations else attribution)
            if WORD.search(gap):
                out.insert(shown, GAP)
    return tuple(out)


def _without(text: str, span: Span, left_out: Spans) -> str:
    """The text of a span without what lies in other spans."""
    start, end = span
    return "".join(
        letter
        for at, letter in enumerate(text[start:end], start)
        if not any(first <= at < last for first, last in left_out)
    )


def kind_of(parts: tuple[Piece, ...]) -> Kind:
    """Tell direct, mixed and indirect speech apart by the share of words in quotation marks."""
    inside = any(part.quoted for part in parts)
    outside = any(not part.quoted and part != GAP for part in parts)
    if inside:
        return "mixed" if outside else "direct"
    return "indirect"


def _add(out: list[Piece], words: str, *, quoted: bool) -> None:
    words = " ".join((words if quoted else _DOUBLE.sub(" ", words)).split())
    if WORD.search(words):
        out.append(Piece(words, quoted))


def _double_quotations(text: str, start: int, end: int, following: str) -> list[Span]:
    done: list[Span] = []
    stack: list[_Open] = []
    for found in _DOUBLE.finditer(text, start, end):
        mark, at = found.group(), found.start()
        before = text[at - 1] if at > start else ""
        after = text[found.end()] if found.end() < end else ""
        if _closes(stack, mark, before, after):
            _close(stack, mark, at, done)
        elif _opens(mark, before, after, nested=bool(stack)):
            if stack and mark in _SYMMETRIC and stack[-1].mark == mark:
                _give_up(text, stack, at, before, done)
            elif stack and stack[-1].mark == mark:
                stack[-1].same_mark_within = True
            if len(stack) < _DEEPEST:
                stack.append(_Open(mark, found.end()))
    if stack:
        first = stack[0]
        if not first.same_mark_within and _goes_on(text, (first.inside, end), first.mark, following):
            done.append((first.inside, end))
        else:
            done += [span for frame in stack for span in frame.inner]
    return done


def _closes(stack: list[_Open], mark: str, before: str, after: str) -> bool:
    if not stack or not any(mark in _CLOSERS[x.mark] + _SLOPPY_CLOSERS.get(x.mark, ()) for x in stack):
        return False
    looks_like_opening = (not before or before.isspace() or before in "([{") and bool(after.strip())
    return mark in ("”", "»", "«") or not looks_like_opening or after in _AFTER_CLOSING


def _opens(mark: str, before: str, after: str, *, nested: bool) -> bool:
    if not after or (after in _AFTER_CLOSING and after != "…"):
        return False
    free = not before or before.isspace() or before in _OPENING_CONTEXT
    if nested or mark in ("”", "»"):
        return free and not after.isspace()
    if mark in _SYMMETRIC or mark in ("“", "«"):
        return free or not (after.isspace() or before.isdigit())
    return True


def _close(stack: list[_Open], mark: str, at: int, done: list[Span]) -> None:
    for table in (_CLOSERS, _SLOPPY_CLOSERS):
        depth = next((n for n in reversed(range(len(stack))) if mark in table.get(stack[n].mark, ())), None)
        if depth is not None:
            frame = stack[depth]
            del stack[depth:]
            (stack[-1].inner if stack else done).append((frame.inside, at))
            return


def _give_up(text: str, stack: list[_Open], at: int, before: str, done: list[Span]) -> None:
    """A straight mark opens again: either a new line of one quotation, or a closing mark was forgotten."""
    frame = stack.pop()
    line = trim(text, (frame.inside, at))
    if before == "\n" and _goes_on(text, line, frame.mark, text[at:]):
        frame.inner = [line]
    (stack[-1].inner if stack else done).extend(frame.inner)


def _goes_on(text: str, span: Span, mark: str, following: str) -> bool:
    return (
        following.startswith(mark)
        and text[span[1] - 1] in _SENTENCE_END
        and not _CUE_AT_END.search(text, *span)
    )


def _with_singles(text: str, start: int, end: int, following_text: str, doubles: list[Span]) -> list[Span]:
    """Add quotations in single marks; doubles inside one of them are nested and belong to it."""
    spans: list[Span] = []
    covered = tuple(sorted(doubles))
    at = start
    for found in _SINGLE_OPENING.finditer(text, start, end):
        mark = found.start()
        if mark < at or quotation_at(covered, mark) or not _opens_single(text, start, mark):
            continue
        closing = _closing_single(text, mark, min(end, mark + _LONGEST_SINGLE), covered)
        if closing is None and _goes_on(text, (mark + 1, end), text[mark], following_text):
            closing = end
        if closing is not None and WORD.search(text, mark + 1, closing):
            spans.append((mark + 1, closing))
            at = closing + 1
    outer = tuple(spans)
    return spans + [double for double in doubles if not quotation_at(outer, double[0])]


def _opens_single(text: str, start: int, at: int) -> bool:
    before = text[at - 1] if at > start else ""
    after = text[at + 1 : at + 2]
    free = not before or before.isspace() or before in "([{—–-/"
    return (
        free and (after.isalnum() or (bool(after) and after in '“"…(')) and not _ELISION.match(text, at + 1)
    )


def _closing_single(text: str, mark: int, end: int, doubles: Spans) -> int | None:
    """Find the closing mark; ``soldiers’ families`` may hide a possessive, so the shortest reading wins.

    Only a mark after punctuation, which no possessive can follow, is trusted beyond a doubtful one.
    """
    doubtful = None
    for found in _SINGLE.finditer(text, mark + 1, end):
        at = found.start()
        if quotation_at(doubles, at):
            continue
        before, after = text[at - 1], text[at + 1 : at + 2]
        if before.isspace() or text[at] == "‘":
            if after.isalnum() and not _ELISION.match(text, at + 1):
                break
            continue
        if after.isalnum():
            continue
        possessive = before in "sS" and after.isspace() and text[at + 2 : at + 3].islower()
        if not possessive:
            return at if doubtful is None or before in ".,!?…" else doubtful
        doubtful = at if doubtful is None else doubtful
    if doubtful is not None and text[mark + 1].isupper():
        words = WORD.findall(text, mark + 1, doubtful)
        return doubtful if all(word[0].isupper() for word in words) else None
    return doubtful
