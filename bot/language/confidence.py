"""How likely a statement's content and source are right, from what the tagger was sure of.

A logistic regression; the weights are measured on articles that the tagger had not seen
(``benchmarks/confidence.py`` makes them anew).
"""

from __future__ import annotations

import math
import re
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from bot.language.quotes import WORD

if TYPE_CHECKING:
    from bot.language.linking import Utterance
    from bot.language.tagger import Link
    from bot.language.who import Who

_COMMON = re.compile(
    r"\b(?:said|says|say|saying|told|according|add(?:ed|s)|wrote|announced|warned|noted|stated|reported|claimed|"
    r"stressed|emphasi[sz]ed|insisted|tweeted|argued|explained)\b",
    re.IGNORECASE,
)
"""Cues that hardly ever mean anything else."""
_LEAST = 1e-3
_UNCUED = 0.2
_HEADED = 0.75
"""Shares of right ones among quotations without a cue and headlines with a colon."""


@dataclass(frozen=True, slots=True)
class Signs:
    """The tagger's probabilities for one statement."""

    spoken: float = 0.5
    """That something was said or written."""
    to_source: float = 0.5
    """That the source (or none) belongs to the cue."""
    to_content: float = 0.5
    """That the contents belong to the cue: the least sure one's."""
    content: float = 0.5
    """That the contents begin and end there: the least sure one's."""
    source: float = 0.5
    """That the source begins and ends there; a half where there is none."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign counts; the last two: a common cue, and ln(1 + words of content)."""

    base: float
    spoken: float
    to_source: float
    to_content: float
    content: float
    source: float
    common: float
    length: float


WEIGHTS = Weights(-2.8, 0.15, 0.16, 0.13, 0.1, 0.22, 0.48, 0.41)


def signs_of(link: Link) -> Signs:
    """Gather a link's probabilities."""
    return Signs(
        link.said,
        link.source_sure,
        link.content_sure,
        min(part.sure for part in link.contents),
        link.source.sure if link.source is not None else 0.5,
    )


def of_statement(text: str, said: Utterance, who: Who) -> float:
    """Return the probability that a statement's content, source and speaker are right, to two digits."""
    if said.headed:
        return _HEADED
    if not said.cue:
        return _UNCUED
    return round(who.sure * right(*evidence_of(text, said)), 2)


def evidence_of(text: str, said: Utterance) -> tuple[Signs, str, int]:
    """Return what ``right`` and ``features`` judge by: signs, cue as printed, words of content."""
    cue = " ".join(text[start:end] for start, end in said.cue)
    return said.signs, cue, sum(len(WORD.findall(text, *span)) for span in said.content)


def features(signs: Signs, cue: str, words: int) -> tuple[float, ...]:
    """Return what the weights are multiplied with, in their order; ``words``: how many the content has."""
    known = _COMMON.search(cue) is not None
    return (1.0, *(logit(sign) for sign in astuple(signs)), float(known), math.log1p(words))


def right(signs: Signs, cue: str, words: int) -> float:
    """Return the probability that content and source are right."""
    evidence = zip(astuple(WEIGHTS), features(signs, cue, words), strict=True)
    return 1 / (1 + math.exp(-sum(weight * feature for weight, feature in evidence)))


def logit(probability: float) -> float:
    """Return ln(p / (1 - p)), bounded."""
    return math.log(max(probability, _LEAST) / max(1 - probability, _LEAST))
