"""Who a source is within its article: surnames, pronouns and descriptions resolved, the role as printed.

Where the article does not say who is meant, the source stays as printed: no name is better than a wrong one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from bot.language.linking import Utterance
from bot.language.people import (
    BODIES,
    OFFICES,
    PERSON_NOUNS,
    VAGUE,
    People,
    clean_name,
    printed_role,
    without_determiner,
    words_in,
)
from bot.language.pipelines import text_of
from bot.model import Span

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_PRONOUNS = {"he": "he", "him": "he", "she": "she", "her": "she", "they": "they", "them": "they", "it": "it"}
_DEFINITE = ("the ", "his ", "her ", "this ", "that ")
_FARTHEST = 800
"""Characters that a pronoun may lie behind the name it stands for."""
_RECENT = 30

Certainty = Literal["named", "inferred", "described", "vague", "unknown"]
"""``inferred``: from a pronoun or description; ``described``: no name in the article; ``vague``: no word that
usually speaks."""


@dataclass(frozen=True, slots=True)
class Who:
    """A resolved source."""

    speaker: str = ""
    role: str | None = None
    role_span: Span | None = None
    anonymous: bool = False
    certainty: Certainty = "unknown"
    person: bool = False
    """One person, whom "he" or "she" may mean."""


Earlier = list[tuple[int, int, Who]]
"""The sources met so far: (where the source stands, where its words end, who it is)."""


def resolve(doc: Doc, utterances: Iterable[Utterance], people: People) -> list[Who]:
    """Say for each utterance, in the order of the text, who speaks."""
    out: list[Who] = []
    earlier: Earlier = []
    genders = dict(people.genders)
    people = replace(people, genders=genders)
    for said in utterances:
        who = Who()
        if said.source is not None and said.source_span is not None:
            who = _who(doc, said.source, said.source_span, people, earlier[-_RECENT:])
            pronoun = _pronoun(said.source)
            if pronoun in ("he", "she") and who.person:
                genders.setdefault(who.speaker, pronoun)  # who was "he" once is not "she" further down
            if who.certainty != "unknown":
                earlier.append((said.source_span[0], max(end for _, end in said.spans), who))
        out.append(who)
    return out


def _pronoun(head: Token) -> str:
    return _PRONOUNS.get(head.lower_.strip('"“'), "")


def _who(doc: Doc, head: Token, span: Span, people: People, earlier: Earlier) -> Who:
    if _pronoun(head):
        return _behind_pronoun(head, people, earlier)
    ent = people.entities.get(head.i)
    name = clean_name(ent.text) if ent is not None else head.text
    known = people.by_part.get(name.split()[-1].lower(), frozenset()) if name else frozenset()
    role = printed_role(ent if ent is not None else doc[head.i : head.i + 1])
    if len(known) == 1 and head.tag_ == "NNP":
        return _person(doc, people, next(iter(known)), role)
    if ent is not None and people.is_person(ent):
        return _person(doc, people, people.full_name(name), role)
    if (
        role
        and head.tag_ == "NNP"
        and head.text[0].isupper()
        and words_in(text_of(doc), role) & (OFFICES | PERSON_NOUNS)
    ):
        return _person(doc, people, people.full_name(name), role)
    return _in_apposition(doc, head, span, people) or _unnamed(doc, head, span, people, earlier)


def _person(doc: Doc, people: People, name: str, role: Span | None) -> Who:
    span = role or people.roles.get(name)
    words = " ".join(text_of(doc)[slice(*span)].split()) if span else None
    return Who(name, words, span, certainty="named", person=True)


def _in_apposition(doc: Doc, head: Token, span: Span, people: People) -> Who | None:
    """Find the name in "the minister, Anna Example" and "founder and head Anna Example"."""
    named = next((child for child in head.rights if child.dep_ == "appos" and child.tag_ == "NNP"), None)
    ent = people.entities.get(named.i, doc[named.left_edge.i : named.i + 1]) if named is not None else None
    if ent is not None and (people.is_person(ent) or head.lower_ in OFFICES | PERSON_NOUNS):
        return _person(doc, people, people.full_name(clean_name(ent.text)), printed_role(ent))
    last = doc.char_span(span[1] - 1, span[1], alignment_mode="expand")
    found = people.entities.get(last.start) if last is not None else None
    follows = found is not None and found.start > head.i and doc[found.start - 1].tag_ in ("NN", "NNP")
    if found is not None and follows and people.is_person(found):
        return _person(doc, people, people.full_name(clean_name(found.text)), None)
    return None


def _unnamed(doc: Doc, head: Token, span: Span, people: People, earlier: Earlier) -> Who:
    printed = " ".join(text_of(doc)[slice(*span)].split())
    nouns = OFFICES | PERSON_NOUNS
    noun = next((x for x in _singulars(head.lower_) if x in nouns | BODIES), head.lower_)
    core = without_determiner(text_of(doc), (head.left_edge.idx, head.idx + len(head)))
    definite, single = printed.lower().startswith(_DEFINITE), head.tag_ in ("NN", "NNP")
    if noun in nouns and definite and single:
        words = words_in(text_of(doc), core)
        fitting = {name for name, role in people.roles.items() if words <= words_in(text_of(doc), role)}
        if len(fitting) == 1:
            return replace(_person(doc, people, fitting.pop(), None), certainty="inferred")
    several = printed.split(maxsplit=1)[0].lower() in VAGUE and not single
    if several or noun in VAGUE or noun in PERSON_NOUNS - OFFICES or (noun in OFFICES and not definite):
        return _anonymous(printed, noun, earlier, one=single, again=definite and single)
    if noun not in OFFICES | BODIES and not head.ent_type_ and not head.tag_.startswith("NNP"):
        return Who(printed, certainty="vague")
    named = text_of(doc)[core[0]].isupper()
    return Who(re.sub(r"^(?:The|the)\s", "", printed) if named else printed, certainty="described")


def _anonymous(printed: str, noun: str, earlier: Earlier, *, one: bool, again: bool) -> Who:
    """Return an unnamed person or group; "the official" is the unnamed one above, if there is one."""
    if not again:
        return Who(printed, anonymous=True, certainty="described", person=one)
    pattern = re.compile(rf"\b{re.escape(noun)}\b", re.IGNORECASE)
    same = next(
        (who for _, _, who in reversed(earlier) if who.anonymous and pattern.search(who.speaker)), None
    )
    return replace(same, certainty="inferred") if same else Who(printed, certainty="vague")


def _singulars(noun: str) -> tuple[str, ...]:
    return noun, noun.removesuffix("s"), noun.removesuffix("es"), re.sub("ies$", "y", noun)


def _behind_pronoun(head: Token, people: People, earlier: Earlier) -> Who:
    """Return the nearest fitting person (or body) before a pronoun, else the pronoun itself."""
    unknown, near, word = Who(head.text), head.idx - _FARTHEST, _pronoun(head)
    # Whose words are still going on is nearest of all.
    recent = [(min(end, head.idx), who) for at, end, who in earlier if at < head.idx and end >= near]
    if word not in ("he", "she"):
        others = [who for _, who in recent if not who.person]
        plural = bool(others) and re.search(r"s\b|people", others[-1].speaker) is not None
        return replace(others[-1], certainty="inferred") if others and plural == (word == "they") else unknown
    first, last = (bisect_left(people.mentions, (at, "")) for at in (near, head.idx))
    subjects = [(at, Who(name, person=True)) for at, name in people.mentions[first:last]]
    for _, who in sorted(subjects + recent, key=lambda pair: -pair[0]):
        if who.person and people.genders.get(who.speaker, word) == word:
            known = who if who.anonymous else _person(head.doc, people, who.speaker, None)
            return replace(known, certainty="inferred")
    return unknown
