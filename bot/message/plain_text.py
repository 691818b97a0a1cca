"""Message → plain text for a terminal or a pipe, at any width from 60 columns. Pure.

Widths are display cells (a Chinese character takes two, a combining accent none). Text from outside is
stripped of escape sequences and control characters and never read as markup.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Line

from bot.message.blocks import (
    Actions,
    Block,
    Divider,
    Fields,
    Links,
    Message,
    Quotation,
    Text,
    Title,
    Tone,
)
from bot.message.wording import attribution, plain, utterance

NARROWEST = 60
WIDEST = 100
"""Beyond this lines are not filled: an outlet's name must stay near its statement, and eyes get lost."""

_STORY = 3
"""Indent of everything that belongs to a story."""
_WORDS = 5
"""Indent of a statement's words below its speaker."""
_GAP = 2
_UNSAFE = re.compile(r"\s")

_TONES: dict[Tone, str] = {"plain": "", "muted": "dim", "strong": "bold", "warning": "yellow"}
_PARTS = {"when": "dim", "speaker": "bold", "role": "", "note": "italic", "cue": "dim"}


def render(message: Message, *, width: int, colour: bool) -> str:
    """Return the message as lines of at most ``width`` cells (60 when it is less), ended by a line break.

    Only an address may stick out, because a broken one leads nowhere. ``colour`` adds ANSI codes; without it
    the text holds no escape byte, whatever the articles held.
    """
    page = _Page(max(width, NARROWEST))
    lines = _trimmed(line for block in message.blocks for line in page.lines(block))
    if not colour:
        return "".join(f"{line.plain.rstrip()}\n" for line in lines)
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", no_color=False, width=10_000)
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
    return out.getvalue()


def _trimmed(lines: Iterable[Line]) -> Iterator[Line]:
    """Leave out blank lines at the start and the second of two in a row."""
    blank = True
    for line in lines:
        empty = not line.plain.strip()
        if not (blank and empty):
            yield line
        blank = empty


class _Page:
    """One message being laid out: its width and how deep the current block stands."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.measure = min(width, WIDEST)
        self.indent = 0
        self.console = Console(file=io.StringIO(), width=width, color_system=None)

    def lines(self, block: Block) -> Iterator[Line]:
        """Lay out one block."""
        match block:
            case Title():
                yield from self.title(block)
            case Text(text=text, tone=tone):
                yield from self.wrapped(Line(plain(text), _TONES[tone]), self.indent)
            case Quotation():
                yield from self.quotation(block)
            case Links():
                yield from self.links(block)
            case Fields():
                yield from self.fields(block)
            case Actions():
                yield from self.actions(block)
            case Divider():
                self.indent = 0
                yield Line("")

    # ── Blocks ───────────────────────────────────────────────────────────────────────────────────────────

    def title(self, title: Title) -> Iterator[Line]:
        text, aside = plain(title.text), plain(title.aside)
        if title.level == 1:
            self.indent = 0
            yield Line("")
            head = Line("").append(text, "bold")
            if aside:
                head.append(f" · {aside}", "dim")
            yield from self.wrapped(head, 0)
            yield Line("")
            return
        if title.level == 2:  # noqa: PLR2004 - a story's title
            self.indent = _STORY
            yield Line("")
            number = f"{title.number} " if title.number else ""
            hang = max(_STORY, len(number)) if number else 0
            yield from self.with_aside(Line(text, "bold"), aside, 0, hang=hang, lead=number)
            return
        yield from self.with_aside(Line(text), aside, _STORY, hang=2)

    def quotation(self, quotation: Quotation) -> Iterator[Line]:
        head = Line("")
        for part, text in attribution(quotation):
            head.append(text, _PARTS[part])
        if head:
            yield from self.wrapped(head, _STORY, hang=2)
        words = Line(utterance(quotation))
        if quotation.cue_first:
            words.stylize("dim", 0, len(plain(quotation.cue)))
        labels = " · ".join(plain(link.label) for link in quotation.links)
        yield from self.with_aside(words, labels, _WORDS)
        if quotation.status:
            yield from self.wrapped(Line(f"⚠ {plain(quotation.status)}", "yellow"), _WORDS, hang=2)

    def links(self, links: Links) -> Iterator[Line]:
        for link in links.links:
            yield from self.wrapped(Line(plain(link.label)), self.indent, hang=2)
            if link.url:
                yield Line(" " * (self.indent + 2)).append(address(link.url), "underline")

    def actions(self, actions: Actions) -> Iterator[Line]:
        if actions.meant:
            return
        line = Line("")
        for action in actions.actions:
            label, command = plain(action.label), plain(action.command)
            if line:
                line.append(" · ", "dim")
            if label != command:
                line.append(f"…{label}: ", "dim")
            line.append(command, "cyan")
        yield from self.wrapped(line, self.indent)

    # ── Tables ───────────────────────────────────────────────────────────────────────────────────────────

    def fields(self, fields: Fields) -> Iterator[Line]:
        """A table where it fits; else each row as a paragraph of named values."""
        columns = [plain(column) for column in fields.columns]
        rows = [[plain(cell) for cell in row] for row in fields.rows]
        widths = [max(cell_len(cell) for cell in cells) for cells in zip(columns, *rows, strict=True)]
        if self.indent + sum(widths) + _GAP * (len(widths) - 1) <= self.width:
            yield self.row(columns, widths, "dim")
            for row in rows:
                yield self.row(row, widths, "")
            return
        for row in rows:
            yield from self.record(columns, row)

    def row(self, cells: Sequence[str], widths: Sequence[int], style: str) -> Line:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
        return Line(" " * self.indent + (" " * _GAP).join(padded).rstrip(), style)

    def record(self, columns: Sequence[str], row: Sequence[str]) -> Iterator[Line]:
        yield from self.wrapped(Line("  ".join(row[:2]), "bold"), self.indent, hang=2)
        for column, cell in zip(columns[2:], row[2:], strict=True):
            if cell:
                line = Line("").append(f"{column}: ", "dim").append(cell)
                yield from self.wrapped(line, self.indent + 2, hang=2)

    # ── Lines ────────────────────────────────────────────────────────────────────────────────────────────

    def wrapped(self, text: Line, indent: int, *, hang: int = 0, lead: str = "") -> Iterator[Line]:
        """Wrap at words; lines after the first hang ``hang`` cells deeper, ``lead`` stands in that space."""
        room = self.measure - indent - hang
        for index, line in enumerate(text.wrap(self.console, room)):
            line.rstrip()
            deeper = lead.ljust(hang) if lead or index else ""
            yield Line(" " * indent).append(deeper, "bold cyan").append_text(line)
            lead = ""

    def with_aside(
        self, text: Line, aside: str, indent: int, *, hang: int = 0, lead: str = ""
    ) -> Iterator[Line]:
        """Wrap, with a quieter word at the right edge: beside the last line when it fits there, else below."""
        lines = list(self.wrapped(text, indent, hang=hang, lead=lead))
        if not aside:
            yield from lines
            return
        last = lines[-1] if lines else Line("")
        room = self.measure - cell_len(last.plain) - cell_len(aside)
        yield from lines[:-1]
        if room >= _GAP:
            yield last.append(" " * room).append(aside, "dim")
            return
        yield last
        own = self.measure - cell_len(aside)
        if own >= indent:
            yield Line(" " * own).append(aside, "dim")
        else:
            yield from self.wrapped(Line(aside, "dim"), indent + _GAP)


def address(url: str) -> str:
    """Return an address as one unbroken harmless word."""
    return _UNSAFE.sub("%20", plain(url))
