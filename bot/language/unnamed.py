"""Sources without a name: "he", "the politician", "the ministry", "two officials".

Where the article does not say who is meant, the source stays as printed: no name is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.language import antecedents
from bot.language.antecedents import NOBODY, Description, Features, Scene, Spoke
from bot.language.linking import Utterance
from bot.language.pipelines import text_of
from bot.language.provenance import is_outlet
from bot.language.roles import (
    BODIES,
    COLLECTIVES,
    DOCUMENTS,
    GENERIC,
    OFFICES,
    OUTLETS,
    PERSON_NOUNS,
    VAGUE,
    is_office,
    is_place,
    without_determiner,
)
from bot.language.who import Certainty, Earlier, Who, named

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_DEFINITE = re.compile(r"(?:the|his|her|its|their|this|that)\s|\S+(?:\s\S+){0,4}['’]s?\s", re.IGNORECASE)
_INDEFINITE = re.compile(r"(?:an?|one|another|some)\s", re.IGNORECASE)
_ONE_OF = re.compile(r"one of\s", re.IGNORECASE)
_BARE_PLURAL = re.compile(r"(?:the|both|all)(?:\s[a-z]+){1,2}", re.IGNORECASE)
"""Who "the two men" are has been said before."""
_FARTHEST = 800
"""Characters that "it" may lie behind the body it stands for."""
_LIKELY = 0.5
"""Least probability at which a person is named instead of the printed words."""
_SEVERAL = re.compile(r"s\b|people")
_RELATIVES = frozenset(("which", "who", "that", "it", "they"))
_BY_OFFICE = 1.8
"""``roles.fit`` from which office and country agree."""
_MOST_WORDS = 2
"""Of a name that the recogniser may have missed."""


def behind_pronoun(scene: Scene, said: Utterance, word: str, earlier: Earlier) -> Who:
    """Return the person who is likeliest meant by "he" or "she", the body by "it", else the pronoun itself."""
    head = said.source
    assert head is not None
    unknown = Who(head.text.strip('"“'))
    if word not in ("he", "she"):
        return _body_behind(head, word, earlier) or unknown
    spoke = _spoke(earlier)
    found = antecedents.candidates(scene, head, word, tuple(said.content), spoke)
    found[NOBODY] = antecedents.nobody(spoke, found)
    return _likeliest(scene, "pronoun", head, found, earlier) or unknown


def _likeliest(
    scene: Scene, kind: str, head: Token, found: Mapping[str, Features], earlier: Earlier
) -> Who | None:
    name, likely = scene.ranker.choose(kind, head.idx, found)
    if name == NOBODY or likely < _LIKELY:
        return None
    before = next((who for _, _, who in reversed(earlier) if who.speaker == name), None)
    unnamed = before is not None and (before.anonymous or before.certainty != "named")
    known = before if before is not None and unnamed else named(scene.doc, scene.people, name, None)
    return replace(known, certainty="guessed", likely=round(likely, 3), person=True)


def _body_behind(head: Token, word: str, earlier: Earlier) -> Who | None:
    near = head.idx - _FARTHEST
    others = [
        who
        for at, end, who in earlier
        if at < head.idx and end >= near and not who.person and who.speaker.lower() not in VAGUE | _RELATIVES
    ]
    others = [who for who in others if word == "they" or " and " not in who.speaker]
    if not others or bool(_SEVERAL.search(others[-1].speaker)) != (word == "they"):
        return None
    return replace(others[-1], certainty="guessed")


def _spoke(earlier: Earlier) -> list[Spoke]:
    return [
        Spoke(at, end, who.speaker, who.person, who.anonymous, _may_be_person(who))
        for at, end, who in earlier
    ]


def _may_be_person(who: Who) -> bool:
    """Whether what spoke under a name of one or two words is no place or body that we know."""
    words = who.speaker.split()
    return (
        len(words) <= _MOST_WORDS
        and all(word[0].isupper() and word[1:].islower() for word in words)
        and not is_place(who.speaker)
        and not {word.lower() for word in words} & (BODIES | OUTLETS | DOCUMENTS | COLLECTIVES)
        and not is_outlet(who.speaker)
    )


def unnamed(scene: Scene, said: Utterance, earlier: Earlier) -> Who:
    """Say who is meant by a noun: a person or body of the article, somebody unnamed, or what is printed."""
    doc, head, span = scene.doc, said.source, said.source_span
    assert head is not None
    assert span is not None
    printed = " ".join(text_of(doc)[slice(*span)].split())
    noun = next((x for x in _singulars(head.lower_) if is_office(x) or x in BODIES | DOCUMENTS), head.lower_)
    core = without_determiner(text_of(doc), (head.left_edge.idx, head.idx + len(head)))
    definite, single = bool(_DEFINITE.match(printed)), head.tag_ in ("NN", "NNP")
    if single and (is_office(noun) or noun in GENERIC):
        known = _described(scene, noun, said, earlier)
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
    alone = single and head.left_edge.tag_ == "NNP"  # "Kremlin spokesman"
    person = noun in PERSON_NOUNS - OFFICES or (noun in OFFICES and not (definite or alone))
    if several or crowd or noun in VAGUE or person:
        return _anonymous(printed, noun, earlier, one=single, again=(definite or alone) and single)
    certainty = _certainty(head, noun, printed, definite=definite, single=single)
    if noun not in OFFICES | BODIES and not head.ent_type_ and not head.tag_.startswith("NNP"):
        return Who(printed, certainty=certainty)
    title = text_of(doc)[core[0]].isupper()
    printed = re.sub(r"^(?:The|the)\s", "", printed) if title else printed
    return Who(printed, certainty=certainty, person=single and noun in OFFICES)


def _certainty(head: Token, noun: str, printed: str, *, definite: bool, single: bool) -> Certainty:
    """Say how sure the printed words are a speaker's name: "the bank" and "a report" have one elsewhere."""
    name = head.tag_.startswith("NNP")
    inner = re.search(r"[A-Z]", re.sub(r"^\S+\s", "", printed)) is not None or (name and not definite)
    if (single and is_office(noun)) or (not inner and (definite or _INDEFINITE.match(printed))):
        return "open"
    return "described" if noun in BODIES or name or head.ent_type_ else "vague"


def _described(scene: Scene, noun: str, said: Utterance, earlier: Earlier) -> Who | None:
    """Say whom "the Belarusian leader" or "Lithuania's minister" means, when the article shows one person."""
    doc, people, head, span = scene.doc, scene.people, said.source, said.source_span
    assert head is not None
    assert span is not None
    text = text_of(doc)
    printed = text[slice(*span)]
    if _INDEFINITE.match(printed):
        return None
    best = people.fitting(text, printed)
    top = max(best.values(), default=0.0)
    fitting = {name for name, how in best.items() if how == top}
    if top >= _BY_OFFICE and len(fitting) == 1:
        return replace(named(doc, people, fitting.pop(), None), certainty="fitting")
    if printed.isupper():
        return None
    spoke = _spoke(earlier)
    description = Description(head, printed, noun, tuple(said.content))
    found = antecedents.described(scene, description, spoke)
    found[NOBODY] = antecedents.nobody(spoke, found)
    return _likeliest(scene, "description", head, found, earlier)


def _body(noun: str, printed: str, earlier: Earlier) -> Who | None:
    """Say which body "the ministry" or "the report" means: the last one that spoke and may be called so."""
    if not re.fullmatch(r"(?:the|this|that)\s\w+", printed, re.IGNORECASE):  # not "the defence ministry"
        return None
    bodies = [who for _, _, who in reversed(earlier) if not who.person and not who.anonymous]
    spoke = [who for who in bodies if who.speaker[:1].isupper()]
    called = [who for who in spoke if noun in who.speaker.lower()]
    if called:
        return replace(called[0], certainty="open" if called[0].certainty == "open" else "inferred")
    paper = noun in OUTLETS
    fitting = [who for who in spoke if is_outlet(who.speaker) == paper and not is_place(who.speaker)]
    return replace(fitting[0], certainty="guessed") if fitting else None


def _anonymous(printed: str, noun: str, earlier: Earlier, *, one: bool, again: bool) -> Who:
    """Return an unnamed person or group; "the official" is the unnamed one above, if there is one."""
    if not again:
        # "A representative of Exampleland" may be named further down, "officials" are not.
        presented = one and re.search(r"\s[A-Z]", printed) is not None
        elsewhere = _ONE_OF.match(printed) or _BARE_PLURAL.fullmatch(printed)
        certainty: Certainty = "open" if elsewhere else "vague" if presented else "described"
        return Who(printed, anonymous=True, certainty=certainty, person=one)
    pattern = re.compile(rf"\b{re.escape(noun)}\b", re.IGNORECASE)
    same = next(
        (who for _, _, who in reversed(earlier) if who.anonymous and pattern.search(who.speaker)), None
    )
    if same is not None:
        return replace(same, certainty="inferred")
    unnamed = noun in ("official", "source", "diplomat", "insider")
    return Who(printed, certainty="vague" if unnamed else "open", anonymous=unnamed, person=one and unnamed)


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
