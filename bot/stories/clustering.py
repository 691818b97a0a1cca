"""Which story an article belongs to: joins one or opens one, and says why in a line.

An article is compared with every open story at once: cosine of weighted words with the story's centroid, plus
shared names, less for every day of silence. Two vetoes keep look-alikes apart: a name that matters on each side
and is missing on the other ("wins Ohio", "wins Iowa"), and round-ups, which touch every story of a day and
may join nothing but the same day's round-up of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import ArticleSketch, Placement, StorySketch
from bot.stories import aliases, copies, vectors

JOIN = 0.25
"""Likeness from which an article joins a story; chosen on hand-grouped articles (benchmarks/stories.py)."""
_LOOKED_AT = 12
"""Stories whose names and numbers are compared: those nearest by words."""
_NAMES_SHARE = 0.2
"""How much of the likeness comes from names; the rest is words."""
_BODY_WORDS = 120
_NAMES_KEPT = 24
_STORY_NAMES = 60
_STORY_NUMBERS = 24
_HALF_LIFE = timedelta(days=4)
"""A story's pull halves with so much silence: the next strike on a city is another story."""
_WEIGHTY = 0.2
"""Weight in a vector of length one from which a word is what the text is about."""
_NAMES_TELL = 0.6
"""Share of what weighs and is missing on the other side that names must make up for a veto."""
_VETO = 0.3
"""What is left of the likeness when two texts differ in nothing weighty but a name on each side."""
_TOLL_RISES = 3
_OTHER_COUNT = 0.8
"""What is left of the likeness when a count on one side is more than three times every such count on the other."""
_MEMORY = 12
"""A centroid remembers as if it had at most so many articles, so that a long story may drift."""

_NUMBER = re.compile(r"\b(\d{1,3}(?:[,. ]\d{3})+|\d+)\b")
_COUNTED = frozenset({"kill", "wound", "drone", "missile", "prisone", "child", "troops"})
_SPELT = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER_WORDS = {word: number for number, word in enumerate(_SPELT, start=1)}
_REACH = 3
"""Words between a number and what it counts: "24 people were killed"."""
_DAY = re.compile(r"\b(?:day|dzien|tag|день)\s+(\d[\d,. ]*\d|\d+)\b")
_ROUNDUP = re.compile(
    r"list of key events|live updates?|live-?(?:ticker|blog)|as it happened|briefing|round-?up|at a glance"
    r"|what (?:we know|happened) on day|understanding day|\bthe papers\b|newspaper headlines|front pages"
    r"|(?:morning|evening) news\b|news des tages|^news:|this week in|week in pictures|\bday \d[\d,]{2,}"
    r"|wojna rosji z ukraina\. dzien|relacja na zywo|главное за|головне за"
)
_OF_DAY = "roundup"


@dataclass(frozen=True, slots=True)
class _Likeness:
    story: StorySketch
    value: float
    why: str


def sketch(title: str, body: str, names: Sequence[str]) -> ArticleSketch:
    """Reduce an article to what stories are told apart by. ``names``: as the reader found them, most frequent first.

    ``body`` may begin with the title; it is not counted twice.
    """
    body = body.removeprefix(title)
    in_title = aliases.features(title)
    in_body = aliases.features(body, _BODY_WORDS)
    labels = dict.fromkeys(filter(None, [*map(aliases.name_label, names), *aliases.known_names(in_title)]))
    signature = copies.minhash(body or title)
    return ArticleSketch(
        vector=vectors.vector(vectors.damped(in_title, in_body)),
        names=tuple(labels)[:_NAMES_KEPT],
        numbers=_numbers(title, in_title + in_body[: _BODY_WORDS // 2]),
        minhash=signature,
        bands=copies.bands(signature),
    )


def place(article: ArticleSketch, seen_at: datetime, stories: Sequence[StorySketch]) -> Placement:
    """Decide where an article first seen at ``seen_at`` (aware) belongs among the open stories."""
    best = max(_likenesses(article, seen_at, stories), key=lambda found: found.value, default=None)
    if best is not None and best.value >= JOIN:
        return _joined(article, seen_at, best.story, best.value, best.why)
    nearest = "no open story" if best is None else f"nearest story only {best.value:.2f} alike ({best.why})"
    opened = StorySketch(
        story_id=0,
        vector=article.vector,
        names=article.names,
        numbers=article.numbers,
        articles=1,
        last_at=seen_at,
    )
    return Placement(None, opened, 0.0 if best is None else best.value, f"a new story: {nearest}")


def join(article: ArticleSketch, seen_at: datetime, story: StorySketch) -> Placement:
    """Place an article in this very story, because its text is a copy of one that is there."""
    return _joined(article, seen_at, story, 1.0, "the text of an article of this story")


def _joined(
    article: ArticleSketch, seen_at: datetime, story: StorySketch, likeness: float, why: str
) -> Placement:
    merged = StorySketch(
        story_id=story.story_id,
        vector=vectors.mean(story.vector, min(story.articles, _MEMORY), article.vector),
        names=_kept(story.names, article.names, _STORY_NAMES),
        numbers=_kept(story.numbers, article.numbers, _STORY_NUMBERS),
        articles=story.articles + 1,
        last_at=max(story.last_at, seen_at),
    )
    return Placement(story.story_id, merged, likeness, why)


def _kept(old: tuple[str, ...], new: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """Names seen again move to the front, so that what is cut off is what stood in one article only."""
    again = [name for name in old if name in new]
    return tuple(dict.fromkeys([*again, *old, *new]))[:limit]


def _likenesses(article: ArticleSketch, seen_at: datetime, stories: Sequence[StorySketch]) -> list[_Likeness]:
    open_stories = [story for story in stories if _round_ups(story.numbers) == _round_ups(article.numbers)]
    if not open_stories:
        return []
    words = vectors.dense(article.vector)
    cosines = vectors.cosines(words, [story.vector for story in open_stories])
    likeliest = sorted(zip(cosines, open_stories, strict=True), key=lambda pair: -pair[0])[:_LOOKED_AT]
    return [_likeness(article, words, float(cosine), story, seen_at) for cosine, story in likeliest]


def _likeness(
    article: ArticleSketch, words: vectors.Dense, cosine: float, story: StorySketch, seen_at: datetime
) -> _Likeness:
    theirs = set(story.names)
    shared = [name for name in article.names if name in theirs]
    names = _weight(shared) / max(1e-6, min(_weight(article.names), _weight(story.names)))
    value = (1 - _NAMES_SHARE) * cosine + _NAMES_SHARE * min(1.0, names) * min(1.0, 2 * cosine)
    silence = max(timedelta(0), seen_at - story.last_at)
    value *= 0.5 ** (silence / _HALF_LIFE)
    why = f"words {cosine:.2f} alike"
    if shared:
        why += f", both name {', '.join(shared[:3])}"
    counts = _far_apart(article.numbers, story.numbers)
    if counts:
        value *= _OTHER_COUNT
        why += f", but {counts[0]} here and {counts[1]} there"
    differing = _differ_by_name(article, words, story) if value >= JOIN else None
    if differing:
        value *= _VETO
        why += f", but one is about {differing[0]}, the other about {differing[1]}"
    return _Likeness(story, value, why)


def _far_apart(ours: Sequence[str], theirs: Sequence[str]) -> tuple[str, str] | None:
    """Find a count that no count of the same kind on the other side comes near: tolls rise, but not threefold."""
    for number in ours:
        kind, _, count = number.partition("=")
        others = [
            int(other.partition("=")[2])
            for other in theirs
            if other.startswith(f"{kind}=") and kind != _OF_DAY
        ]
        if others and all(max(int(count), other) > _TOLL_RISES * min(int(count), other) for other in others):
            return f"{kind} {count}", f"{kind} {others[0]}"
    return None


def _differ_by_name(
    article: ArticleSketch, words: vectors.Dense, story: StorySketch
) -> tuple[str, str] | None:
    """Tell whether the same is said of two names ("wins Ohio", "wins Iowa"): little else that weighs differs.

    Articles on one event differ in many words, also in names; a pattern that news repeats differs in the name.
    """
    theirs = vectors.dense(story.vector)
    ours_only = _telling_name(article.names, words, theirs)
    theirs_only = _telling_name(story.names, theirs, words)
    return (ours_only, theirs_only) if ours_only and theirs_only else None


def _telling_name(names: Sequence[str], words: vectors.Dense, others: vectors.Dense) -> str:
    """Return the first name that the other side lacks, if names are most of what weighs and is missing there."""
    missing = (words > _WEIGHTY) & (others == 0)
    parts = {name: [place for place in map(vectors.bucket, name.split()) if missing[place]] for name in names}
    named = {place for places in parts.values() for place in places}
    weight = sum(float(words[place]) ** 2 for place in named)
    if not named or weight < _NAMES_TELL * float((words[missing] ** 2).sum()):
        return ""
    return next(name for name, places in parts.items() if places)


def _weight(names: Sequence[str]) -> float:
    table = vectors.idf()
    return sum(max(float(table[vectors.bucket(part)]) for part in name.split()) for name in names if name)


def _numbers(title: str, features: Sequence[str]) -> tuple[str, ...]:
    """Numbers that matter: how many were killed, how many drones; and the day of a round-up."""
    found: dict[str, None] = {}
    folded = aliases.plain(title)
    if _ROUNDUP.search(folded):
        day = _DAY.search(folded)
        found[f"{_OF_DAY}={re.sub(r'[^0-9]', '', day[1]) if day else ''}"] = None
    for at, feature in enumerate(features):
        number = _NUMBER_WORDS.get(feature) or (
            int(feature) if _NUMBER.fullmatch(feature) and feature.isdigit() else 0
        )
        if not number:
            continue
        around = [*features[at + 1 : at + 1 + _REACH], *features[max(0, at - 1) : at]]
        counted = next((near for near in around if near in _COUNTED), None)
        if counted:
            found[f"{counted}={number}"] = None
    return tuple(found)[:_STORY_NUMBERS]


def _round_ups(numbers: Sequence[str]) -> frozenset[str]:
    return frozenset(number for number in numbers if number.startswith(_OF_DAY))
