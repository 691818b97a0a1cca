"""Who a source is within its article: surnames, pronouns and descriptions resolved, the role as printed.

Where the article does not say who is meant, the source stays as printed: no name is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.language.antecedents import RANKER, Ranker, Scene
from bot.language.linking import Utterance
from bot.language.people import People, clean_name
from bot.language.pipelines import text_of
from bot.language.roles import (
    BODIES,
    DOCUMENTS,
    GENERIC,
    HONORIFICS,
    OFFICES,
    PERSON_NOUNS,
    is_office,
    printed_role,
    without_determiner,
    words_in,
)
from bot.language.spans import words_of
from bot.language.unnamed import behind_pronoun, unnamed
from bot.language.who import Earlier, Who, named
from bot.model import Span

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token
    from spacy.tokens import Span as Words

_PRONOUNS = {"he": "he", "him": "he", "his": "he", "she": "she", "her": "she", "it": "it"}
_PRONOUNS |= dict.fromkeys(("they", "them", "their"), "they")
_HIS_OPINION = re.compile(
    r"(?P<word>his|her|their)\s(?:own\s)?(?:opinions?|views?|words?|assessment|statement)\b", re.IGNORECASE
)
_CAPITALISED = re.compile(r"[^\W\d_a-z][\w.’'-]*")
_PRONOUN = re.compile(
    r"(?:.*\.)?[\W_]*(?P<word>he|she|it|they|him|his|her|them|their)\W*", re.IGNORECASE | re.DOTALL
)
"""Also behind a full stop without a space: "in Examplia.He"."""
_RECENT = 30
_SURELY = 0.9
"""Probability from which "he" shows that somebody is a man."""
_ROLE = 0.8
"""Probability from which a description is somebody's role."""
_LONGEST_NAME = 4
_LONGEST_GAP = 12
"""Tokens between two joint speakers."""
_JOINS = frozenset(("and", "or", "for", "to", "with", "by", "from", "like", "including"))
_AND = frozenset(("and", "&"))
_NAME_THEN_ROLE = re.compile(
    r"(?P<name>[^\W\d_a-z][\w.’'-]*(?: [^\W\d_a-z][\w.’'-]*){0,3})(?:,| [–—-]) (?P<role>[^,;\n]{3,90})"
)


def resolve(doc: Doc, utterances: Iterable[Utterance], people: People, ranker: Ranker = RANKER) -> list[Who]:
    """Say for each utterance, in the order of the text, who speaks."""
    out: list[Who] = []
    earlier: Earlier = []
    genders = dict(people.genders)
    utterances = list(utterances)
    told = tuple(sorted(span for said in utterances for span in said.content))
    scene = Scene(doc, people, told, genders, ranker)
    for said in utterances:
        who = Who()
        if said.source is not None and said.source_span is not None:
            who = _who(scene, said, earlier[-_RECENT:])
            pronoun = _pronoun(text_of(doc)[slice(*said.source_span)])
            if pronoun in ("he", "she") and who.person and who.sure >= _SURELY:
                genders.setdefault(who.speaker, pronoun)  # who was "he" once is not "she" further down
            if who.certainty != "unknown":
                earlier.append((said.source_span[0], max(end for _, end in said.spans), who))
        out.append(who)
    return _with_described_roles(doc, utterances, out)


def _pronoun(printed: str) -> str:
    found = _PRONOUN.fullmatch(printed) or _HIS_OPINION.match(printed)
    return _PRONOUNS[found["word"].lower()] if found else ""


def _with_described_roles(doc: Doc, utterances: Sequence[Utterance], found: list[Who]) -> list[Who]:
    """Give persons without a printed role the words of a description that surely means them."""
    roles: dict[str, Span] = {}
    for said, who in zip(utterances, found, strict=True):
        sure = who.certainty == "fitting" or (who.certainty == "guessed" and who.likely >= _ROLE)
        head, span = said.source, said.source_span
        if not sure or who.anonymous or who.role or head is None or span is None or not is_office(head.text):
            continue
        words = without_determiner(text_of(doc), span)
        if head.lower_ not in GENERIC and head.text not in who.speaker:
            roles.setdefault(who.speaker, words)
    return [
        replace(who, role=" ".join(text_of(doc)[slice(*span)].split()), role_span=span)
        if who.person and not who.role and not who.anonymous and (span := roles.get(who.speaker))
        else who
        for who in found
    ]


def _who(scene: Scene, said: Utterance, earlier: Earlier) -> Who:
    doc, people, head, span = scene.doc, scene.people, said.source, said.source_span
    assert head is not None
    assert span is not None
    word = _pronoun(text_of(doc)[slice(*span)])
    if word:
        return behind_pronoun(scene, said, word, earlier)
    several = _several(scene, head, span)
    if several is not None:
        return several
    ent = people.entities.get(head.i)
    name = clean_name(ent.text) if ent is not None else head.text
    known = people.called(name.split()[-1]) if name else frozenset()
    role = printed_role(ent if ent is not None else doc[head.i : head.i + 1])
    if len(known) == 1 and head.tag_ == "NNP":
        return named(doc, people, next(iter(known)), role)
    if ent is not None and people.is_person(ent):
        return named(doc, people, people.full_name(name), role)
    if (
        role
        and head.tag_ == "NNP"
        and head.text[0].isupper()
        and words_in(text_of(doc), role) & (OFFICES | PERSON_NOUNS)
        and not (is_office(name.split()[-1]) or name.split()[-1].lower() in BODIES or name.isupper())
    ):
        return named(doc, people, people.full_name(name), role)
    if _is_about(head):
        return unnamed(scene, said, earlier)
    found = _named_first(doc, span, people) or _in_apposition(doc, head, span, people)
    found = found or _titled(doc, span, people) or _ends_with_name(doc, span, people)
    return found or unnamed(scene, said, earlier)


def _is_about(head: Token) -> bool:
    """Whether a name behind the head is somebody else's: "the administration of Example", "allies like Example"."""
    follows = head.i + 1 < len(head.doc) and head.nbor().tag_ in ("IN", "VBG")
    return follows and (head.tag_ == "NNS" or head.lower_ in BODIES | DOCUMENTS)


def _several(scene: Scene, head: Token, span: Span) -> Who | None:
    """Read "Anna Example and President Bob Sample": both are named; "Example and his circle" stays as printed."""
    doc, people = scene.doc, scene.people
    words = words_of(doc, span)
    ents = list(dict.fromkeys(people.entities[x.i] for x in words if x.i in people.entities))
    ents = [ent for ent in ents if people.is_person(ent)]
    names = list(dict.fromkeys(people.full_name(clean_name(ent.text)) for ent in ents))
    if len(names) == len(ents) > 1 and not _is_governed(ents[0]):
        gaps = [doc[one.end : other.start] for one, other in pairwise(ents)]
        if all(_only_titles(gap) for gap in gaps) and any(x.lower_ in _AND for x in gaps[-1]):
            return Who(f"{', '.join(names[:-1])} and {names[-1]}", certainty="joint")
    others = [x for x in head.conjuncts if head.i < x.i and x.idx < span[1] and x.tag_ in ("NN", "NNS")]
    if (
        len(ents) == 1
        and head.i in range(ents[0].start, ents[0].end)
        and others
        and not is_office(others[0].text)
    ):
        return Who(" ".join(text_of(doc)[slice(*span)].split()), certainty="joint")
    return None


def _is_governed(ent: Words) -> bool:
    """Whether a name hangs on something before it: "the spokesman for Anna Example"."""
    first = ent.start
    while first > ent.sent.start and ent.doc[first - 1].tag_ in ("NN", "NNP", "JJ"):
        first -= 1
    return ent.doc[first - 1].tag_ in ("IN", "TO") if first > ent.sent.start else False


def _only_titles(gap: Words) -> bool:
    """Whether between two names nothing stands but "and", commas and titles."""
    return len(gap) <= _LONGEST_GAP and not any(
        x.tag_.startswith(("VB", "W", "PRP")) or x.tag_ in ("POS", "MD", ":") for x in gap
    )


def _named_first(doc: Doc, span: Span, people: People) -> Who | None:
    """Read "Anna Example, the minister" and "Example – chief adviser to the president"."""
    found = _NAME_THEN_ROLE.match(text_of(doc), *span)
    if found is None or not words_in(text_of(doc), found.span("role")) & (OFFICES | PERSON_NOUNS):
        return None
    name = clean_name(found["name"])
    if name.split()[-1].lower() in OFFICES | PERSON_NOUNS | BODIES:
        return None
    return named(doc, people, people.full_name(name), without_determiner(text_of(doc), found.span("role")))


def _titled(doc: Doc, span: Span, people: People) -> Who | None:
    """Read "NATO Secretary General Anna Example" without the recogniser, which may take all of it for a body."""
    words = list(re.finditer(r"\S+", text_of(doc)[slice(*span)]))
    first = len(words)
    while first and _CAPITALISED.fullmatch(words[first - 1].group().strip(",")):
        first -= 1
        word = words[first].group().strip(",").lower()
        if word in OFFICES | PERSON_NOUNS | HONORIFICS:
            first += 1
            break
    title = words[first - 1].group().strip(",").lower() if first else ""
    name = " ".join(word.group() for word in words[first:])
    if title not in OFFICES | PERSON_NOUNS | HONORIFICS or not 1 < len(words) - first <= _LONGEST_NAME:
        return None
    role = without_determiner(text_of(doc), (span[0], span[0] + words[first - 1].end()))
    return named(doc, people, people.full_name(clean_name(name)), None if title in HONORIFICS else role)


def _in_apposition(doc: Doc, head: Token, span: Span, people: People) -> Who | None:
    """Find the name in "the minister, Anna Example" and "founder and head Anna Example"."""
    beside = next(
        (
            child
            for child in head.rights
            if child.dep_ == "appos" and child.tag_ == "NNP" and child.idx < span[1]
        ),
        None,
    )
    ent = (
        people.entities.get(beside.i, doc[beside.left_edge.i : beside.i + 1]) if beside is not None else None
    )
    if ent is not None and (people.is_person(ent) or head.lower_ in OFFICES | PERSON_NOUNS):
        return named(doc, people, people.full_name(clean_name(ent.text)), printed_role(ent))
    last = doc.char_span(span[1] - 1, span[1], alignment_mode="expand")
    found = people.entities.get(last.start) if last is not None else None
    before = doc[found.start - 1] if found is not None and found.start > head.i else None
    follows = before is not None and (
        before.tag_ in ("NN", "NNP") or (before.text == "," and is_office(head.text))
    )
    if found is not None and follows and people.is_person(found):
        return named(doc, people, people.full_name(clean_name(found.text)), None)
    return None


def _ends_with_name(doc: Doc, span: Span, people: People) -> Who | None:
    """Read "the leader of the party Anna Example", where the parser joins neither name nor title."""
    words = text_of(doc)[slice(*span)].split()
    known = people.called(clean_name(words[-1])) if len(words) > 1 else frozenset()
    name = next(iter(known), "")
    if len(known) != 1 or not words[-1][0].isupper() or name.split()[-1] != clean_name(words[-1]):
        return None
    before = " ".join(words[: -len(name.split())])
    if before.rpartition(" ")[2].lower() in _JOINS:
        return None  # "the spokesman for Anna Example"
    office = bool(before) and " ".join(words).endswith(name) and any(is_office(x) for x in before.split())
    return named(doc, people, name, None) if office else None
