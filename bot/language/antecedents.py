"""Whom "he", "she" or "the politician" means: a small ranker over the persons named before.

Its weights were learned from annotated articles (``benchmarks/antecedents.py`` writes ``antecedents.toml``): the
probability of the likeliest person goes into the statement's confidence, and "nobody we know" is an answer too.
"""

from __future__ import annotations

import math
import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

from bot.language.people import Mention, People
from bot.language.pipelines import text_of
from bot.language.quotes import paragraphs, quotation_at
from bot.language.roles import FEMALE, GENERIC, MALE, is_former
from bot.model import Spans

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

NOBODY = ""
_MOST_MENTIONS = 200
"""Mentions that are looked at behind a pronoun; older ones count no more."""
_WORD_FOR_WORD, _OFFICE_AND_COUNTRY, _ANSWERS = 2.8, 1.8, 1.0
"""``roles.fit``, less what ``People.fitting`` takes off for what is not printed."""
_AHEAD = 700
"""Characters within which a name follows the description that opens an article."""
_NEAR = 100
"""Characters: a distance hardly counts below."""
_GOES_ON = 50
"""Characters behind somebody's words at which the same person still goes on."""
_FAR = math.log1p(8)
"""The feature "far" of 800 characters."""

Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Spoke:
    """Somebody who spoke before."""

    at: int
    end: int
    """Behind the last word of the utterance."""
    name: str
    person: bool
    anonymous: bool
    maybe: bool = False
    """A name that may be a person's, though the recogniser does not say so."""


@dataclass(slots=True)
class Scene:
    """An article as the ranker looks at it."""

    doc: Doc
    people: People
    told: Spans
    """All contents, in order."""
    genders: dict[str, str]
    """Name → "he" or "she", as far as the reading has come."""
    ranker: Ranker
    starts: tuple[int, ...] = ()
    """Where the paragraphs start."""
    offsets: tuple[int, ...] = ()
    """Where the mentions are."""
    first: Mapping[str, int] = field(default_factory=dict)
    """Name → its first mention."""
    narrated: frozenset[int] = frozenset()
    """Offsets of mentions in nobody's words."""

    def __post_init__(self) -> None:
        """Index paragraphs and mentions."""
        named = self.people.named
        self.starts = tuple(start for start, _ in paragraphs(text_of(self.doc)))
        self.offsets = tuple(mention.at for mention in named)
        self.first = {mention.name: mention.at for mention in reversed(named)}
        self.narrated = frozenset(x.at for x in named if not x.quoted and not quotation_at(self.told, x.at))

    def paragraph(self, at: int) -> int:
        """Return the number of a place's paragraph."""
        return bisect_right(self.starts, at)


@dataclass(frozen=True, slots=True)
class Description:
    """A noun phrase without a name: "the Belarusian leader"."""

    head: Token
    printed: str
    noun: str
    """Its noun in lower case, in the singular."""
    content: Spans
    """What its person says."""

    @property
    def pronoun(self) -> str:
        """The pronoun it agrees with, empty where both do."""
        return "he" if self.noun in MALE else "she" if self.noun in FEMALE else ""

    @property
    def specific(self) -> bool:
        """Whether a name is part of it: "the head of the Example Bank"."""
        return re.search(r"\b[A-Z]", re.sub(r"^\S+\s", "", self.printed)) is not None


def candidates(
    scene: Scene, head: Token, word: str, content: Spans, earlier: Sequence[Spoke]
) -> dict[str, Features]:
    """Return for each person who may be meant by a pronoun what speaks for and against it.

    ``word`` is "he" or "she", ``content`` what is said, ``earlier`` who spoke before, in order.
    """
    before = scene.people.named[: bisect_left(scene.offsets, head.idx)][-_MOST_MENTIONS:]
    mentions: dict[str, list[Mention]] = {}
    for mention in before:
        if not quotation_at(content, mention.at):
            mentions.setdefault(mention.name, []).append(mention)
    spoke: dict[str, tuple[int, Spoke]] = {}
    for back, who in enumerate(reversed(earlier)):
        if who.at < head.idx and (who.person or who.name in mentions or who.maybe):
            spoke.setdefault(who.name, (back, who))
    fitting = [x for x in mentions.keys() | spoke.keys() if not word or scene.genders.get(x, word) == word]
    last_person = next((x.name for x in reversed(earlier) if x.person and x.name in fitting), "")
    subjects = [x for x in before if x.subject and x.at in scene.narrated and not quotation_at(content, x.at)]
    last_subject = next((x.name for x in reversed(subjects) if x.name in fitting), "")
    found = {}
    for name in sorted(fitting):
        found[name] = {
            **_where(scene, head, mentions.get(name, []), spoke.get(name)),
            **_agrees(scene, name, word),
            "last person who spoke": float(name == last_person),
            "last subject": float(name == last_subject),
        }
    return found


def _where(
    scene: Scene, head: Token, mentions: Sequence[Mention], said: tuple[int, Spoke] | None
) -> Features:
    """Return how near somebody was named, and how lately spoke."""
    plain = [x for x in mentions if not x.quoted]
    last = next(reversed(plain or mentions), None)
    back, recent = said or (-1, None)
    event = max(last.at if last else -1, min(recent.end, head.idx) if recent else -1)
    paragraphs_back = scene.paragraph(head.idx) - scene.paragraph(event)
    here = head.sent.start_char
    previous = scene.doc[head.sent.start - 1].sent.start_char if head.sent.start else 0
    before = last is not None and previous <= last.at < here
    return {
        "far": math.log1p(max(0, head.idx - event) / _NEAR),
        "same paragraph": float(paragraphs_back == 0),
        "previous paragraph": float(paragraphs_back == 1),
        "last speaker": float(back == 0),
        "last speaker goes on": float(back == 0 and recent is not None and head.idx - recent.end < _GOES_ON),
        "spoke": float(back > 0),
        "maybe a person": float(recent is not None and not recent.person),
        "anonymous": float(recent is not None and recent.anonymous),
        "never named": float(not mentions),
        "named often": math.log1p(len(mentions)),
        "only quoted": float(bool(mentions) and not plain),
        "only told": float(last is not None and not last.quoted and last.at not in scene.narrated),
        "owner": float(last is not None and last.owner),
        "this sentence": float(last is not None and last.at >= here),
        "subject of this sentence": float(last is not None and last.at >= here and last.subject),
        "previous sentence": float(before),
        "subject of previous sentence": float(before and last is not None and last.subject),
    }


def _agrees(scene: Scene, name: str, word: str) -> Features:
    """Return whether somebody is known to be a man or a woman, as the pronoun says."""
    gender, hint = scene.genders.get(name, ""), scene.people.hints.get(name, "")
    return {
        "gender": float(bool(word) and gender == word),
        "hint": float(bool(word) and not gender and hint == word),
    }


def described(scene: Scene, description: Description, earlier: Sequence[Spoke]) -> dict[str, Features]:
    """Return for each person who may be meant by "the politician" what speaks for and against it.

    A name that follows soon after the article's first words counts too.
    """
    head, noun, specific = description.head, description.noun, description.specific
    found = candidates(scene, head, description.pronoun, description.content, earlier)
    ahead = _named_next(scene, head.idx + len(head))
    if ahead and ahead not in found:
        found[ahead] = {"ahead": 1.0}
    fits = scene.people.fitting(text_of(scene.doc), description.printed)
    top = max(fits.values(), default=0.0)
    former = is_former(frozenset(re.findall(r"[\w-]+", description.printed.lower())))
    if former or noun not in GENERIC:
        found = {name: features for name, features in found.items() if fits.get(name) != 0}
    for name, features in found.items():
        how = fits.get(name, -1.0)
        answers = how >= _ANSWERS
        features |= {
            "word for word": float(how >= _WORD_FOR_WORD),
            "office and country": float(_OFFICE_AND_COUNTRY <= how < _WORD_FOR_WORD),
            "office": float(0 < how < _OFFICE_AND_COUNTRY),
            "another office": float(how == 0),
            "no office, specific": float(how < 0 and specific),
            "nobody fits better": float(answers and how == top),
            "same word": float(noun in name.lower()),
        }
    return found


def _named_next(scene: Scene, at: int) -> str:
    """Return who is named for the first time soon after a description."""
    number = bisect_left(scene.offsets, at)
    for mention in scene.people.named[number : number + 1]:
        if mention.at - at < _AHEAD and scene.first[mention.name] == mention.at:
            return mention.name
    return ""


def nobody(earlier: Sequence[Spoke], found: Mapping[str, Features]) -> Features:
    """Return what speaks for the answer that no candidate is meant."""
    last = earlier[-1] if earlier else None
    return {
        "nobody": 1.0,
        "nobody near": float(all(x.get("far", math.inf) > _FAR for x in found.values())),
        "nobody after a body": float(last is not None and not last.person),
        "nobody fits": float(
            not any(x.get("office", 1.0) or x.get("nobody fits better") for x in found.values())
        ),
    }


class Ranker:
    """Weighs candidates: pronouns and descriptions with weights of their own."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]]) -> None:
        """Take weights as kind → feature → weight."""
        self._weights = weights

    def choose(self, kind: str, at: int, found: Mapping[str, Features]) -> tuple[str, float]:
        """Return the likeliest candidate for the words at an offset, and its probability; NOBODY is one of them.

        ``kind`` is "pronoun" or "description".
        """
        del at  # of use to those who train
        weights = self._weights[kind]
        scores = {
            name: sum(weights.get(feature, 0.0) * value for feature, value in features.items())
            for name, features in found.items()
        }
        best = max(scores, key=lambda name: scores[name])
        return best, 1 / sum(math.exp(score - scores[best]) for score in scores.values())


RANKER = Ranker(tomllib.loads(files("bot.language").joinpath("antecedents.toml").read_text(encoding="utf-8")))
