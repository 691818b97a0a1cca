"""Message → the pages that Discord shows (components v2), within every limit. Pure.

A page is cut only between blocks: a statement stands whole on one page, and a page that begins with a further
statement of a speaker names the speaker again. What the buttons do is told as the line that somebody would type;
the platform signs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.message import discord_limits as limits
from bot.message.blocks import (
    Action,
    Actions,
    Block,
    Divider,
    Fields,
    Links,
    Message,
    Quotation,
    Text,
    Title,
)
from bot.message.discord_text import block_text, clipped
from bot.message.paging import parts
from bot.message.wording import plain

_SENTENCE = re.compile(r"(?<=[.!?;,:])\s+|\s+")
_STORY = 2
"""The level of a story's headline."""
_MOST_ROWS = 4
"""Rows of buttons for what was meant or can be done next; more nobody reads."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text display: markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""


@dataclass(frozen=True, slots=True)
class Row:
    """Up to five buttons side by side."""

    actions: tuple[Action, ...]


Part = Words | Rule | Row


@dataclass(frozen=True, slots=True)
class Page:
    """One message's worth."""

    parts: tuple[Part, ...]

    @property
    def chars(self) -> int:
        """Raw characters, as Discord counts them."""
        return sum(len(part.text) for part in self.parts if isinstance(part, Words))

    @property
    def components(self) -> int:
        """Components, nested ones counted."""
        return sum(1 + len(part.actions) if isinstance(part, Row) else 1 for part in self.parts)


def pages(message: Message) -> tuple[Page, ...]:
    """Return the message in pages, each within ``PAGE_CHARS`` and ``PAGE_COMPONENTS``; at least one."""
    whole = replace(message, blocks=tuple(_split(_calm_headlines(message.blocks))))
    layout = _Layout()
    by_story = parts(whole, limits.PAGE_CHARS, measure=layout.measure) if whole.blocks else ()
    cut = (run for part in by_story for run in layout.fitting(part.blocks))
    found = tuple(page for run in layout.joined(cut) if (page := layout.page(run)).parts)
    return found or (Page((Words("…"),)),)


def _calm_headlines(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks, a story's headline without its link where a statement or a list below leads there as well.

    A third of a digest's characters are addresses, and headlines in the colour of links drown out who speaks.
    """
    for place, block in enumerate(blocks):
        if isinstance(block, Title) and block.level == _STORY and block.url in _targets(blocks[place + 1 :]):
            yield replace(block, url="")
        else:
            yield block


def _targets(blocks: Iterable[Block]) -> Iterator[str]:
    """Addresses that a story's blocks lead to, up to the next story."""
    for block in blocks:
        match block:
            case Title(level=level) if level <= _STORY:
                return
            case Quotation(links=links) | Links(links=links):
                yield from (link.url for link in links)


def _is_one_source(block: Block, following: Block | None) -> bool:
    """Whether a statement is followed by a further one of its speaker from the very same places."""
    return (
        isinstance(block, Quotation)
        and isinstance(following, Quotation)
        and not following.speaker
        and not block.status
        and block.links == following.links
    )


def _split(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks, those that may be long as several: tables by row, lists by link, paragraphs by sentence."""
    for block in blocks:
        match block:
            case Fields(columns=columns, rows=rows):
                yield from (Fields(columns, (row,)) for row in rows)
            case Links(links=links):
                yield from (Links((link,)) for link in links)
            case Text():
                yield from _paragraph(block)
            case _:
                yield block


def _paragraph(text: Text) -> Iterator[Text]:
    """Yield a paragraph, cut at white space where it is too long for one page."""
    rest = plain(text.text)
    room = limits.BLOCK_CHARS // 2 - 8  # escaping doubles a character at most
    while len(rest) > room:
        ends = [found.start() for found in _SENTENCE.finditer(rest, room // 2, room)]
        at = ends[-1] if ends else room
        yield replace(text, text=rest[:at])
        rest = rest[at:].strip()
    yield replace(text, text=rest)


class _Layout:
    """Lays out one message; each block is put into words once, however often it is tried on a page."""

    def __init__(self) -> None:
        self._texts: dict[Block, str] = {}

    def text(self, block: Block) -> str:
        """A block's lines."""
        if block not in self._texts:
            self._texts[block] = block_text(block)
        return self._texts[block]

    def measure(self, block: Block) -> int:
        """How long a block is shown, with the line break before it."""
        return len(self.text(block)) + 1

    def fitting(self, blocks: Sequence[Block]) -> Iterator[list[Block]]:
        """Yield runs of blocks that fit a page exactly as they will be shown; mostly there is one."""
        run: list[Block] = []
        named: Quotation | None = None
        for block in blocks:
            if run and not self._fits([*run, block]):
                yield run
                run = []
            if isinstance(block, Quotation):
                if block.speaker or named is None:
                    named = block
                elif not run:
                    block = replace(block, speaker=named.speaker, role=named.role, note=named.note)  # noqa: PLW2901
            run.append(block)
        if run:
            yield run

    def joined(self, runs: Iterable[list[Block]]) -> Iterator[list[Block]]:
        """Yield the runs, those that fit one page together as one: what was cut off a page alone is not left so."""
        waiting: list[Block] = []
        for run in runs:
            if waiting and not self._fits([*waiting, *run]):
                yield waiting
                waiting = []
            waiting = [*waiting, *run]
        if waiting:
            yield waiting

    def _fits(self, blocks: Sequence[Block]) -> bool:
        page = self.page(blocks)
        return page.chars <= limits.PAGE_CHARS and page.components <= limits.PAGE_COMPONENTS

    def page(self, blocks: Sequence[Block]) -> Page:
        """Lay out blocks: texts that follow each other are one display, actions are rows of buttons."""
        laid: list[Part] = []
        before: Block | None = None
        joined = False
        for block, following in zip(blocks, (*blocks[1:], None), strict=True):
            match block:
                case Divider():
                    if laid and not isinstance(laid[-1], Rule):
                        laid.append(Rule())
                case Actions(actions=actions):
                    laid.extend(_rows(actions))
                case Quotation() if _is_one_source(block, following):
                    # Both stand in one quote, above the one line that says where.
                    _write(
                        self.text(replace(block, links=())),
                        laid,
                        spaced=not joined and _is_spaced(block, before),
                    )
                    before, joined = block, True
                    continue
                case _:
                    _write(self.text(block), laid, spaced=not joined and _is_spaced(block, before))
            before, joined = block, False
        while laid and isinstance(laid[-1], Rule):
            laid.pop()
        return Page(tuple(laid))


def _write(text: str, laid: list[Part], *, spaced: bool) -> None:
    if not text:
        return
    last = laid[-1] if laid else None
    if isinstance(last, Words):
        gap = "\n\n" if spaced else "\n"
        laid[-1] = Words(f"{last.text}{gap}{text}")
    else:
        laid.append(Words(text))


def _is_spaced(block: Block, before: Block | None) -> bool:
    """Whether a blank line stands before a block: some clients read on in a quote that none ends."""
    return isinstance(before, Quotation) and isinstance(block, Quotation | Text | Fields | Links)


def _rows(actions: Sequence[Action]) -> Iterator[Row]:
    shown = [
        Action(clipped(plain(action.label) or action.command, limits.BUTTON_LABEL), plain(action.command))
        for action in actions
        if plain(action.command)
    ]
    for start in range(0, min(len(shown), _MOST_ROWS * limits.ROW_BUTTONS), limits.ROW_BUTTONS):
        yield Row(tuple(shown[start : start + limits.ROW_BUTTONS]))


def titled(message: Message) -> str:
    """Return what a message is about, as a plain line for a thread's name or a file's; empty when it says nothing."""
    title = next((block.text for block in message.blocks if isinstance(block, Title)), "")
    return clipped(title, limits.THREAD_NAME)
