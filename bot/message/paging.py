"""A long message → parts that a chat takes, split between stories and never inside a statement. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from bot.message.blocks import Actions, Block, Divider, Fields, Links, Message, Quotation, Text, Title

_FRAME = 8
"""Characters a platform adds around a block: line breaks, quotation marks, emphasis."""
_PART_OF_STORY = 3
"""The level of titles that stand inside a story."""


def parts(
    message: Message, max_chars: int, measure: Callable[[Block], int] | None = None
) -> tuple[Message, ...]:
    """Return the message in parts of at most ``max_chars`` displayed characters each.

    Parts begin at a story where possible, else at a speaker, and in the last resort at a further statement of
    one speaker, who is then named again. A single block is never split: one that is longer than ``max_chars``
    stands alone. All blocks of all parts together are the message's, in order. ``measure`` tells how long a block
    is shown, where that is not its ``size``.
    """
    if max_chars < 1:
        raise ValueError(f"a part needs room for at least one character, not {max_chars}")
    measure = measure or size
    filled: list[list[Block]] = [[]]
    room = max_chars
    for chunk in _chunks(message.blocks, max_chars, measure):
        needed = sum(map(measure, chunk))
        if needed > room and filled[-1]:
            filled.append([])
            room = max_chars
        filled[-1].extend(chunk)
        room -= needed
    return tuple(replace(message, blocks=tuple(blocks)) for blocks in filled)


def size(block: Block) -> int:
    """Return how many characters a block shows at most, its addresses included (chats count them in links)."""
    return sum(len(text) + _FRAME for text in _texts(block) if text)


def _texts(block: Block) -> Iterator[str]:
    match block:
        case Title(text=text, aside=aside, url=url):
            yield from (text, aside, url)
        case Text(text=text):
            yield text
        case Quotation():
            yield from (block.speaker, block.role, block.note, block.cue, block.to, block.when, block.status)
            yield from (piece.text for piece in block.pieces)
            yield from (link.label + link.url for link in block.links)
        case Links(links=links):
            yield from (link.label + link.url for link in links)
        case Fields(columns=columns, rows=rows):
            yield from (text for row in (columns, *rows) for text in row)
        case Actions(actions=actions):
            yield from (action.label for action in actions)
        case Divider():
            yield "—"


def _chunks(
    blocks: Sequence[Block], max_chars: int, measure: Callable[[Block], int]
) -> Iterator[list[Block]]:
    """Yield runs of blocks that stay together: whole stories, or the speakers of a story that is too long."""
    for story in _runs(blocks, _begins_story):
        if sum(map(measure, story)) <= max_chars:
            yield story
            continue
        for speaker in _runs(story, _begins_speaker):
            if sum(map(measure, speaker)) <= max_chars:
                yield speaker
            else:
                yield from _one_by_one(speaker, max_chars, measure)


def _runs(blocks: Iterable[Block], begins: Callable[[Block, Block], bool]) -> Iterator[list[Block]]:
    """Cut the blocks before each one that begins something, told by it and the block before."""
    run: list[Block] = []
    for block in blocks:
        if run and begins(block, run[-1]):
            yield run
            run = []
        run.append(block)
    if run:
        yield run


def _begins_story(block: Block, before: Block) -> bool:
    """A story's title, unless it follows the message's own; and what comes after the last story."""
    return isinstance(block, Divider) or (
        isinstance(block, Title) and block.level < _PART_OF_STORY and not isinstance(before, Title)
    )


def _begins_speaker(block: Block, before: Block) -> bool:
    """A named speaker's first statement, or a line of its own; never what directly follows a title."""
    if isinstance(before, Title) and before.level < _PART_OF_STORY:
        return False
    return not isinstance(block, Quotation | Actions) or (
        isinstance(block, Quotation) and bool(block.speaker)
    )


def _one_by_one(
    blocks: Sequence[Block], max_chars: int, measure: Callable[[Block], int]
) -> Iterator[list[Block]]:
    """Fill runs with one speaker's statements; where a run begins with a further one, name the speaker again."""
    run: list[Block] = []
    named: Quotation | None = None
    for block in blocks:
        fits = sum(map(measure, [*run, block])) <= max_chars
        titles_only = all(isinstance(earlier, Title) for earlier in run)
        if run and not fits and not titles_only:
            yield run
            run = []
        if isinstance(block, Quotation):
            named = block if block.speaker or named is None else named
            if not run and not block.speaker:
                block = replace(block, speaker=named.speaker, role=named.role, note=named.note)  # noqa: PLW2901 - the same statement, named
        run.append(block)
    if run:
        yield run
