"""What comes first: stories in a digest, statements in a story. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.message.material import CONFIDENCE_FLOOR, Ground, Group, StoryMaterial, is_sure
from bot.message.quoting import is_named, speaker_key, statement_rank
from bot.model import Statement, StoredStatement, Story

_FEWEST = 3
_WORD = re.compile(r"\w+")
_HEADLESS = re.compile(r"(?:is|are|was|were|has|have|had|will|would|could|can)\b")
EVERYTHING = 0.0
"""The floor of answers that show what was read unsurely too, marked."""


def worth_showing(groups: Iterable[Group], floor: float = CONFIDENCE_FLOOR) -> tuple[Group, ...]:
    """Return what was said (not thought, not declined) and read surely enough, without repeated headlines.

    Scraps of reported speech that say nothing alone ("united", "are confidential") are for answers that show
    ``EVERYTHING``.
    A headline's statement is dropped when the same article's body surely has one of the same speaker: the headline
    shortens what the body prints.
    """
    kept = [tuple(stored for stored in group if _shown(stored, floor)) for group in groups]
    in_body = {
        (stored.article_id, stored.statement.speaker.casefold())
        for group in kept
        for stored in group
        if not stored.statement.headline and is_sure(stored.statement)
    }

    def repeats(stored: StoredStatement) -> bool:
        key = (stored.article_id, stored.statement.speaker.casefold())
        return stored.statement.headline and key in in_body

    bodies = (tuple(stored for stored in group if not repeats(stored)) for group in kept)
    return tuple(group for group in bodies if group)


def _shown(stored: StoredStatement, floor: float) -> bool:
    said = stored.statement
    has_words = any(character.isalnum() for piece in said.pieces for character in piece.text)
    return said.act == "said" and said.confidence >= floor and has_words and not (floor and _is_scrap(said))


def _is_scrap(said: Statement) -> bool:
    """Whether reported words cannot stand as a line of a digest: one or two of them, or a clause without its head."""
    words = " ".join(piece.text for piece in said.pieces)
    scarce = len(_WORD.findall(words)) < _FEWEST
    return said.kind == "indirect" and not said.headline and (scarce or bool(_HEADLESS.match(words)))


def by_rank(groups: Iterable[Group], ground: Ground) -> list[Group]:
    """Return the groups, best first, so that all sides are heard before one is heard twice.

    Each speaker's best statement comes before anybody's second; among these the best of each side come before
    any side's second speaker. So cutting the list anywhere leaves the widest hearing there is.
    """
    turns: Counter[tuple[str, ...]] = Counter()
    of_side: Counter[str] = Counter()
    place: dict[tuple[str, ...], int] = {}
    order: list[tuple[int, int, int]] = []
    ranked = sorted(groups, key=statement_rank)
    for index, group in enumerate(ranked):
        speaker = speaker_key(group, ground)
        if speaker not in place:
            side = ground.sides.get(group[0].statement.speaker, "")
            place[speaker] = of_side[side]
            of_side[side] += 1
        order.append((turns[speaker], place[speaker], index))
        turns[speaker] += 1
    return [ranked[index] for _, _, index in sorted(order)]


def by_speaker(groups: Sequence[Group], ground: Ground) -> list[list[Group]]:
    """Gather each speaker's groups at the place of the first one."""
    gathered: dict[tuple[str, ...], list[Group]] = {}
    for group in groups:
        gathered.setdefault(speaker_key(group, ground), []).append(group)
    return list(gathered.values())


def deal(wanted: Sequence[int], total: int) -> list[int]:
    """Share ``total`` among stories that want so many each: one a round, first story first."""
    dealt = [0] * len(wanted)
    while total and (hungry := [index for index, most in enumerate(wanted) if dealt[index] < most]):
        for index in hungry[:total]:
            dealt[index] += 1
        total -= min(total, len(hungry))
    return dealt


def ranked_stories(stories: Iterable[StoryMaterial], floor: float = CONFIDENCE_FLOOR) -> list[StoryMaterial]:
    """Return the stories, most important first, each with only the groups worth showing.

    Importance: independent origins, new statements, named speakers, recency. Stories in which nobody is heard
    come last, however many report them: a reader came to see who said what.
    """
    shown = (replace(story, groups=worth_showing(story.groups, floor)) for story in stories)
    return sorted(shown, key=_importance, reverse=True)


def origins(story: Story) -> int:
    """How many outlets at most reported a story independently: two articles of one outlet are one origin."""
    return min(story.origins, len(story.outlets))


def _importance(material: StoryMaterial) -> tuple[bool, int, int, int, datetime, int]:
    named = {
        stored.statement.speaker.casefold()
        for group in material.groups
        for stored in group
        if is_named(stored.statement)
    }
    story = material.story
    heard = bool(material.groups)
    return heard, origins(story), len(material.groups), len(named), story.last_seen_at, story.id
