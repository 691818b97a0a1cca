"""The answer to "who speaks": name, role, and how sure we are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.language.people import People
from bot.language.pipelines import text_of
from bot.model import Span

if TYPE_CHECKING:
    from spacy.tokens import Doc

Certainty = Literal[
    "named", "joint", "fitting", "inferred", "guessed", "described", "vague", "open", "unknown"
]
"""``joint``: several names; ``fitting``: a description that one printed role answers; ``inferred``: the unnamed one
or the body above; ``guessed``: the likeliest of several; ``described``: no name in the article; ``vague``: no word
that usually speaks; ``open``: a description of somebody whom the article names, we do not know where; ``unknown``:
a pronoun."""
SHARES: dict[Certainty, float] = {
    "named": 0.98,
    "joint": 0.97,
    "fitting": 0.97,
    "inferred": 0.93,
    "guessed": 0.84,
    "described": 0.95,
    "vague": 0.85,
    "open": 0.45,
    "unknown": 0.05,
}
"""Share of speakers who are right, by how they were found, on annotated war articles."""


@dataclass(frozen=True, slots=True)
class Who:
    """A resolved source."""

    speaker: str = ""
    role: str | None = None
    role_span: Span | None = None
    anonymous: bool = False
    certainty: Certainty = "unknown"
    likely: float = 0.0
    """The ranker's probability, where it chose."""
    person: bool = False
    """One person, whom "he" or "she" may mean."""

    @property
    def sure(self) -> float:
        """The probability that the speaker is right, from 0 to 1."""
        return self.likely or SHARES[self.certainty]


Earlier = list[tuple[int, int, Who]]
"""The sources met so far: (where the source stands, where its words end, who it is)."""


def named(doc: Doc, people: People, name: str, role: Span | None) -> Who:
    """Return a person under the name that the article uses, with the role printed beside it or elsewhere."""
    span = role or people.role(text_of(doc), name)
    words = " ".join(text_of(doc)[slice(*span)].split()) if span else None
    return Who(name, words, span, certainty="named", person=True)
