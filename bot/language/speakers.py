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
from bot.language.people import People, clean_name
from bot.language.pipelines import text_of
from bot.language.provenance import is_outlet
from bot.language.quotes import quotation_at
from bot.language.roles import (
    BODIES,
    COLLECTIVES,
    DOCUMENTS,
    GENERIC,
    HONORIFICS,
    OFFICES,
    OUTLETS,
    PERSON_NOUNS,
    VAGUE,
    is_office,
    is_place,
    printed_role,
    without_determiner,
    words_in,
)
from bot.model import Span

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_PRONOUNS = {"he": "he", "him": "he", "his": "he", "she": "she", "her": "she", "it": "it"}
_PRONOUNS |= dict.fromkeys(("they", "them", "their"), "they")
_DEFINITE = re.compile(r"(?:the|his|her|its|their|this|that)\s|\S+(?:\s\S+){0,4}['’]s?\s", re.IGNORECASE)
_INDEFINITE = re.compile(r"(?:an?|one|another|some)\s", re.IGNORECASE)
_FARTHEST = 800
"""Characters that a pronoun may lie behind the name it stands for."""
_FARTHEST_SOURCE = 3_000
"""The same for a name that was a source before."""
_HIS_OPINION = re.compile(
    r"(his|her|their)\s(?:own\s)?(?:opinions?|views?|words?|assessment|statement)\b", re.IGNORECASE
)
_CAPITALISED = re.compile(r"[^\W\d_a-z][\w.’'-]*")
_RECENT = 30
_RELATIVES = frozenset(("which", "who", "that", "it", "they"))
_LONGEST_NAME = 4
_NAME_THEN_ROLE = re.compile(
    r"(?P<name>[^\W\d_a-z][\w.’'-]*(?: [^\W\d_a-z][\w.’'-]*){0,3})(?:,| [–—-]) (?P<role>[^,;\n]{3,90})"
)
_BY_OFFICE = 1.8
"""``roles.fit`` from which office and country agree."""
_NEAR = 400
"""Characters that "he" may lie behind a name that is nobody's subject, where there is no other."""
_AHEAD = 700
"""Characters within which a name follows the description that opens an article."""

Certainty = Literal["named", "fitting", "inferred", "guessed", "described", "vague", "unknown"]
"""``fitting``: a description that one printed role answers; ``inferred``: "he", and nobody else is near;
``guessed``: the likeliest of several; ``described``: no name in the article; ``vague``: no word that usually
speaks."""


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
    utterances = list(utterances)
    told = tuple(sorted(span for said in utterances for span in said.content))
    subjects = tuple((at, name) for at, name in people.mentions if not quotation_at(told, at))
    others = tuple((at, name) for at, name in people.others if not quotation_at(told, at))
    people = replace(people, genders=genders, mentions=subjects, others=others)
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
    printed = text_of(doc)[slice(*span)]
    opinion = _HIS_OPINION.match(printed)
    if _pronoun(head) or opinion:
        word = _pronoun(head) or (_PRONOUNS[opinion.group(1).lower()] if opinion else "")
        return _behind_pronoun(head, word, people, earlier)
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
        and not is_office(name.split()[-1])
    ):
        return _person(doc, people, people.full_name(name), role)
    found = _named_first(doc, span, people) or _in_apposition(doc, head, span, people)
    found = found or _titled(doc, span, people) or _ends_with_name(doc, span, people)
    return found or _unnamed(doc, head, span, people, earlier)


def _person(doc: Doc, people: People, name: str, role: Span | None) -> Who:
    span = role or people.role(text_of(doc), name)
    words = " ".join(text_of(doc)[slice(*span)].split()) if span else None
    return Who(name, words, span, certainty="named", person=True)


def _named_first(doc: Doc, span: Span, people: People) -> Who | None:
    """Read "Anna Example, the minister" and "Example – chief adviser to the president"."""
    found = _NAME_THEN_ROLE.match(text_of(doc), *span)
    if found is None or not words_in(text_of(doc), found.span("role")) & (OFFICES | PERSON_NOUNS):
        return None
    name = clean_name(found["name"])
    if name.split()[-1].lower() in OFFICES | PERSON_NOUNS | BODIES:
        return None
    return _person(doc, people, people.full_name(name), without_determiner(text_of(doc), found.span("role")))


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
    return _person(doc, people, people.full_name(clean_name(name)), None if title in HONORIFICS else role)


def _in_apposition(doc: Doc, head: Token, span: Span, people: People) -> Who | None:
    """Find the name in "the minister, Anna Example" and "founder and head Anna Example"."""
    named = next((child for child in head.rights if child.dep_ == "appos" and child.tag_ == "NNP"), None)
    ent = people.entities.get(named.i, doc[named.left_edge.i : named.i + 1]) if named is not None else None
    if ent is not None and (people.is_person(ent) or head.lower_ in OFFICES | PERSON_NOUNS):
        return _person(doc, people, people.full_name(clean_name(ent.text)), printed_role(ent))
    last = doc.char_span(span[1] - 1, span[1], alignment_mode="expand")
    found = people.entities.get(last.start) if last is not None else None
    before = doc[found.start - 1] if found is not None and found.start > head.i else None
    follows = before is not None and (
        before.tag_ in ("NN", "NNP") or (before.text == "," and is_office(head.text))
    )
    if found is not None and follows and people.is_person(found):
        return _person(doc, people, people.full_name(clean_name(found.text)), None)
    return None


def _ends_with_name(doc: Doc, span: Span, people: People) -> Who | None:
    """Read "the leader of the party Anna Example", where the parser joins neither name nor title."""
    words = text_of(doc)[slice(*span)].split()
    known = people.by_part.get(clean_name(words[-1]).lower(), frozenset()) if len(words) > 1 else frozenset()
    name = next(iter(known), "")
    if len(known) != 1 or not words[-1][0].isupper() or name.split()[-1] != clean_name(words[-1]):
        return None
    before = " ".join(words[: -len(name.split())])
    office = bool(before) and " ".join(words).endswith(name) and any(is_office(x) for x in before.split())
    return _person(doc, people, name, None) if office else None


def _unnamed(doc: Doc, head: Token, span: Span, people: People, earlier: Earlier) -> Who:
    printed = " ".join(text_of(doc)[slice(*span)].split())
    noun = next((x for x in _singulars(head.lower_) if is_office(x) or x in BODIES | DOCUMENTS), head.lower_)
    core = without_determiner(text_of(doc), (head.left_edge.idx, head.idx + len(head)))
    definite, single = bool(_DEFINITE.match(printed)), head.tag_ in ("NN", "NNP")
    if single and is_office(noun):
        known = _described(doc, noun, span, people, earlier)
        if known is not None:
            return known
    if single and definite and noun in BODIES | DOCUMENTS:
        known = _body(noun, printed, earlier)
        if known is not None:
            return known
    several = printed.split(maxsplit=1)[0].lower() in VAGUE and not single
    crowd = (head.tag_ == "NNS" and not definite and noun not in COLLECTIVES | DOCUMENTS) or _is_press(
        doc, head
    )
    definite = definite or (single and head.left_edge.tag_ == "NNP")  # "Kremlin spokesman"
    if (
        several
        or crowd
        or noun in VAGUE
        or noun in PERSON_NOUNS - OFFICES
        or (noun in OFFICES and not definite)
    ):
        return _anonymous(printed, noun, earlier, one=single, again=definite and single)
    if noun not in OFFICES | BODIES and not head.ent_type_ and not head.tag_.startswith("NNP"):
        return Who(printed, certainty="vague")
    named = text_of(doc)[core[0]].isupper()
    printed = re.sub(r"^(?:The|the)\s", "", printed) if named else printed
    return Who(printed, certainty="described", person=single and noun in OFFICES)


def _described(doc: Doc, noun: str, span: Span, people: People, earlier: Earlier) -> Who | None:
    """Say whom "the Belarusian leader" or "Lithuania's minister" means, when the article shows one person."""
    text = text_of(doc)
    printed = text[slice(*span)]
    best = people.fitting(text, printed)
    top = max(best.values(), default=0.0)
    fitting = {name for name, how in best.items() if how == top}
    if _INDEFINITE.match(printed):
        return None
    if top >= _BY_OFFICE and len(fitting) == 1:
        return replace(_person(doc, people, fitting.pop(), None), certainty="fitting")
    spoke = [who for _, _, who in reversed(earlier) if who.person]
    if spoke and spoke[0].anonymous:
        return None
    specific = bool(re.search(r"\b[A-Z]", re.sub(r"^(?:The|His|Her)\s", "", printed)))
    definite = _DEFINITE.match(printed) and not printed.isupper()
    for who in spoke if definite else ():
        how = best.get(who.speaker, 0.0 if specific else 1.0)
        enough = 1.0 if not specific else 1.5 if who is spoke[0] else _BY_OFFICE
        if how >= enough and (how >= top or noun in GENERIC):
            return replace(_person(doc, people, who.speaker, None), certainty="guessed")
    ahead = _named_next(span, people) if definite else ""
    if ahead and best.get(ahead, 1.0):
        return replace(_person(doc, people, ahead, None), certainty="guessed")
    return None


def _named_next(span: Span, people: People) -> str:
    """Return who is named for the first time soon after a description that opens an article."""
    at = bisect_left(people.mentions, (span[1], ""))
    known = {name for _, name in people.mentions[:at]}
    return next(
        (x for start, x in people.mentions[at : at + 1] if x not in known and start - span[1] < _AHEAD), ""
    )


def _body(noun: str, printed: str, earlier: Earlier) -> Who | None:
    """Say which body "the ministry" or "the report" means: the last one that spoke and may be called so."""
    if not re.fullmatch(r"(?:the|this|that)\s\w+", printed, re.IGNORECASE):  # not "the defence ministry"
        return None
    bodies = [who for _, _, who in reversed(earlier) if not who.person and not who.anonymous]
    spoke = [who for who in bodies if who.speaker[:1].isupper()]
    called = [who for who in spoke if noun in who.speaker.lower()]
    if called:
        return replace(called[0], certainty="inferred")
    paper = noun in OUTLETS
    fitting = [who for who in spoke if is_outlet(who.speaker) == paper and not is_place(who.speaker)]
    return replace(fitting[0], certainty="guessed") if fitting else None


def _anonymous(printed: str, noun: str, earlier: Earlier, *, one: bool, again: bool) -> Who:
    """Return an unnamed person or group; "the official" is the unnamed one above, if there is one."""
    if not again:
        return Who(printed, anonymous=True, certainty="described", person=one)
    pattern = re.compile(rf"\b{re.escape(noun)}\b", re.IGNORECASE)
    same = next(
        (who for _, _, who in reversed(earlier) if who.anonymous and pattern.search(who.speaker)), None
    )
    if same is not None:
        return replace(same, certainty="inferred")
    unnamed = noun in ("official", "source", "diplomat", "insider")
    return Who(printed, certainty="vague", anonymous=unnamed, person=one and unnamed)


def _is_press(doc: Doc, head: Token) -> bool:
    """Whether "Ukrainian media" stands for outlets that are not named ("state media" is a body)."""
    return (
        head.lower_ == "media"
        and head.i > 0
        and doc[head.i - 1].tag_ in ("JJ", "NNP")
        and head.left_edge.i < head.i
    )


def _singulars(noun: str) -> tuple[str, ...]:
    return noun, noun.removesuffix("s"), noun.removesuffix("es"), re.sub("ies$", "y", noun)


def _behind_pronoun(head: Token, word: str, people: People, earlier: Earlier) -> Who:
    """Return the nearest fitting person (or body) before a pronoun, else the pronoun itself."""
    unknown, near = Who(head.text.strip('"“')), head.idx - _FARTHEST
    # Whose words are still going on is nearest of all.
    recent = [(min(end, head.idx), who) for at, end, who in earlier if at < head.idx and end >= near]
    if word not in ("he", "she"):
        others = [
            who for _, who in recent if not who.person and who.speaker.lower() not in VAGUE | _RELATIVES
        ]
        others = [who for who in others if word == "they" or " and " not in who.speaker]
        plural = bool(others) and re.search(r"s\b|people", others[-1].speaker) is not None
        return replace(others[-1], certainty="guessed") if others and plural == (word == "they") else unknown
    first, last = (bisect_left(people.mentions, (at, "")) for at in (near, head.idx))
    subjects = [(at, Who(name, person=True)) for at, name in people.mentions[first:last]]
    for _, who in sorted(subjects + recent, key=lambda pair: -pair[0]):
        if who.person and people.genders.get(who.speaker, word) == word:
            known = who if who.anonymous else _person(head.doc, people, who.speaker, None)
            rival = bool(recent) and recent[-1][1].speaker != who.speaker and head.idx - recent[-1][0] < _NEAR
            return replace(known, certainty="guessed" if rival else "inferred")
    for at, _, who in reversed(earlier):
        fits = who.person and people.genders.get(who.speaker, word) == word
        if head.idx - _FARTHEST_SOURCE <= at < head.idx and fits:
            return replace(who, certainty="inferred")
    last = bisect_left(people.others, (head.idx, ""))
    beside = (name for at, name in reversed(people.others[:last]) if head.idx - at < _NEAR)
    name = next((name for name in beside if people.genders.get(name, word) == word), "")
    return replace(_person(head.doc, people, name, None), certainty="guessed") if name else unknown
