"""The persons an article names: full names, printed roles, pronouns used for them.

What we know beforehand only says which of the persons named here "the Russian president" is; names, roles and
words shown are the article's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.knowledge.files import load
from bot.language.names import (
    entities_of,
    fullest,
    is_longer,
    known_person,
    looks_like_person,
    plain,
    spellings,
    without_place,
)
from bot.language.pipelines import text_of
from bot.language.quotes import quotation_at
from bot.language.roles import (
    FEMALE,
    HONORIFICS,
    MALE,
    MEN,
    OFFICES,
    WOMEN,
    fit,
    is_former,
    is_office,
    printed_role,
    without_determiner,
    words_in,
)
from bot.model import Span, Spans

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.tokens import Span as Words

_HE = frozenset(("he", "his", "him"))
_SHE = frozenset(("she", "her", "hers"))
_LONGEST_NAME = 5
"""Words; longer ones are something else."""
_LONGEST_DESCRIPTION = 7
"""Tokens before its noun, and behind it."""
_BY_OFFICE = 1.8
"""``fit`` from which office and country agree."""
_SURE_VOTES = 3
"""How many more votes one gender must have: a title counts ten, a first name six, a pronoun one."""
_SHOUTED = 4
"""Letters of a single word in capitals that is no name."""
_NO_NAME = re.compile(r"\d|https?:|[/@]")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a person is named."""

    at: int
    end: int
    name: str
    subject: bool
    """Of a clause, or in apposition to one."""
    owner: bool
    """Followed by "'s"."""
    quoted: bool


@dataclass(frozen=True, slots=True)
class People:
    """The persons an article names, looked up by what is printed."""

    by_part: Mapping[str, frozenset[str]]
    """Lower-case surname or first name → the full names that carry it."""
    roles: Mapping[str, tuple[Span, ...]]
    """Full name → its printed roles, in the order of the text."""
    genders: Mapping[str, str]
    """Full name → "he" or "she", where the article shows it."""
    mentions: tuple[tuple[int, str], ...]
    """(offset, full name) of each person who is the subject of a clause outside quotations, in order."""
    entities: Mapping[int, Words]
    """Token number → the named entity it belongs to."""
    persons: frozenset[str]
    """Printed names that are a person's more often than a place's or body's."""
    offices: Mapping[str, tuple[str, ...]]
    """Full name → offices that we know the person to have held, with the country."""
    spelled: Mapping[str, str]
    """Full name → the spelling that the article uses most, of those that mean the same person."""
    named: tuple[Mention, ...] = ()
    """Each place where a person is named, in order."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Full name → "he" or "she", where a pronoun in its sentence may mean the person."""

    def full_name(self, name: str) -> str:
        """Return the one full name that a surname or first name stands for, else the name itself."""
        found = self.called(name)
        full = next(iter(found)) if len(found) == 1 else name
        return self.spelled.get(full, full)

    def called(self, name: str) -> frozenset[str]:
        """Return the full names that a surname or first name may stand for, transliterated one way or the other."""
        found = self.by_part.get(name.lower()) or self.by_part.get(plain(name), frozenset())
        return frozenset(self.spelled.get(name, name) for name in found)

    def fitting(self, text: str, description: str) -> dict[str, float]:
        """Return for each person with a role how well it answers a description (see ``roles.fit``).

        What we know counts less than what is printed, and not at all for somebody whom the article calls former.
        """
        found = {}
        for name in self.roles.keys() | self.offices.keys():
            printed = [text[slice(*span)] for span in self.roles.get(name, ())]
            how = max((fit(description, role) for role in printed), default=0.0)
            if not any(is_former(frozenset(role.lower().split())) for role in printed):
                known = max((fit(description, role) for role in self.offices.get(name, ())), default=0.0)
                how = max(how, known - 0.2 if printed else known - 0.1)
            found[name] = how
        return found

    def role(self, text: str, name: str) -> Span | None:
        """Return the role that an article gives a person: the first, but never "president" for a former one."""
        spans = self.roles.get(name, ())
        first = next(iter(spans), None)
        if first is None or is_former(words_in(text, first)):
            return first
        mine = words_in(text, first)
        former = (span for span in spans if is_former(words_in(text, span)))
        return next((span for span in former if mine <= words_in(text, span)), first)

    def is_person(self, ent: Words) -> bool:
        """Whether an entity is a person, by the whole article's evidence."""
        return clean_name(ent.text) in self.persons


def clean_name(text: str) -> str:
    """Return a name without possessive ending, honorifics, quotation marks and odd white space."""
    words = re.sub(r"['’]s?$", "", text.strip(" \n\t\"“”‘’'«».,;:-–—")).split()
    while words[1:] and words[0].lower() in HONORIFICS:
        del words[0]
    while words[2:] and words[0].lower() in OFFICES:  # "Pope Francis" stays: it is how he is called
        del words[0]
    return " ".join(words)


def people_of(doc: Doc, quoted: Spans) -> People:
    """Collect the persons whom the article names."""
    ents = entities_of(doc)
    places = {ent.text for ent in ents if ent.label_ in ("GPE", "NORP")}
    persons = _persons(ents)
    names = [(ent, without_place(clean_name(ent.text), places)) for ent in ents]
    names = [(ent, name) for ent, name in names if clean_name(ent.text) in persons]
    parts: dict[str, set[str]] = {}
    for name in {name for _, name in names if " " in name}:
        for part in (name.split()[0], name.split()[-1]):
            parts.setdefault(part.lower(), set()).add(name)
    for name in {name for _, name in names if " " in name}:
        parts.setdefault(name.lower(), set()).update(
            x for x in parts[name.split()[-1].lower()] if is_longer(x, name)
        )
    for name in {name for _, name in names if " " in name}:
        parts.setdefault(plain(name.split()[-1]), set()).add(name)
    entities = {number: ent for ent in ents for number in range(ent.start, ent.end)}
    by_part = {part: fullest(found) for part, found in parts.items() if found}
    counts = Counter(name for _, name in names)
    for surname, often in Counter(ent.text for ent in ents if len(ent) == 1).items():
        for name in by_part.get(plain(surname), ()):
            first, _, last = name.rpartition(" ")
            if last != surname and (other := f"{first} {surname}") in text_of(doc):
                counts[other] += 1  # the recogniser passed over this spelling
                counts[surname] = often
    spelled = spellings(Counter({name: count + counts[name.split()[-1]] for name, count in counts.items()}))
    people = People(by_part, {}, {}, (), entities, persons, {}, spelled)
    full = [(ent, people.full_name(name)) for ent, name in names]
    roles: dict[str, tuple[Span, ...]] = {}
    for ent, name in full:
        role = printed_role(ent)
        if role is not None:
            roles[name] = (*roles.get(name, ()), role)
    named = tuple(sorted(_mentions(doc, full, people, quoted), key=lambda mention: mention.at))
    subjects = ((x.at, x.name) for x in named if x.subject and not x.quoted)
    offices = {name: found for name in {name for _, name in full} if (found := _offices(name))}
    votes = _genders(full, entities, quoted)
    genders, hints = _elected(votes, _SURE_VOTES), _elected(votes, 1)
    people = People(
        by_part, roles, genders, tuple(subjects), entities, persons, offices, spelled, named, hints
    )
    return replace(people, roles=roles | _described_roles(doc, people, quoted))


def _mentions(doc: Doc, full: list[tuple[Words, str]], people: People, quoted: Spans) -> Iterator[Mention]:
    """Yield where persons are named, also by surnames that the recogniser passed over."""
    seen = {number for number, ent in people.entities.items() if len(ent) > 1}
    for ent, name in full:
        seen.update(range(ent.start, ent.end))
        yield _mention(ent, name, quoted)
    alone = {part: next(iter(found)) for part, found in people.by_part.items() if len(found) == 1}
    surnames = {part: name for part, name in alone.items() if name.lower().endswith(f" {part}")}
    for token in doc:
        name = surnames.get(token.lower_, "")
        if name and token.i not in seen and token.tag_ == "NNP" and not token.is_lower:
            yield _mention(doc[token.i : token.i + 1], people.full_name(name), quoted)


def _mention(words: Words, name: str, quoted: Spans) -> Mention:
    doc, end = words.doc, words.end
    owner = (end < len(doc) and doc[end].tag_ == "POS") or words[-1].tag_ == "POS"
    inside = quotation_at(quoted, words.start_char) is not None
    return Mention(words.start_char, words.end_char, name, _is_subject(words), owner, inside)


def _is_subject(ent: Words) -> bool:
    """Whether a name is a clause's subject, or stands in apposition to it ("the president, Anna Example,")."""
    head = ent.root
    while head.dep_ in ("appos", "compound", "nmod") and head.head.i != head.i:
        head = head.head
    return head.dep_ in ("nsubj", "nsubjpass")


def _offices(name: str) -> tuple[str, ...]:
    """Return the offices that we know a person to have held, with the side where it is a country."""
    known = known_person(name)
    if known is None:
        return ()
    side = known.side if known.side in ("ukraine", "russia", "us") else ""
    return tuple(f"{side} {role}".strip() for role, _, _ in known.roles)


def _described_roles(doc: Doc, people: People, quoted: Spans) -> dict[str, tuple[Span, ...]]:
    """Return "Russian leader" for a person beside whose name no role is printed, but who alone can be meant."""
    text = text_of(doc)
    found: dict[str, tuple[Span, ...]] = {}
    for token in doc:
        if token.tag_ not in ("NN", "NNP") or not is_office(token.text) or token.ent_type_ == "PERSON":
            continue
        first = token.left_edge
        if first.i == token.i or token.i - first.i > _LONGEST_DESCRIPTION or quotation_at(quoted, token.idx):
            continue
        if first.lower_ not in ("the", "its") and first.tag_ not in ("NNP", "JJ"):
            continue
        last = max([token.i, *(x.right_edge.i for x in token.rights if x.lower_ == "of")])
        span = without_determiner(text, (first.idx, doc[last].idx + len(doc[last])))
        follows = doc[last + 1] if last + 1 < len(doc) else None
        if last - token.i > _LONGEST_DESCRIPTION or (follows is not None and follows.ent_type_ == "PERSON"):
            continue
        how = people.fitting(text, text[slice(*span)])
        best = [name for name, score in how.items() if score == max(how.values()) >= _BY_OFFICE]
        if len(best) == 1 and best[0] not in people.roles:
            found.setdefault(best[0], (span,))
    return found


def _persons(ents: list[Words]) -> frozenset[str]:
    """Names that are persons: the recogniser takes a place for a person once in a while, so labels vote."""
    persons = Counter(clean_name(ent.text) for ent in ents if ent.label_ == "PERSON")
    others = Counter(clean_name(ent.text) for ent in ents if ent.label_ in ("GPE", "NORP", "ORG", "LOC"))
    known = {name.split()[-1].lower() for name in persons if not name.isupper()}
    surnames = {name.split()[-1] for name, votes in persons.items() if votes > others[name]}
    full = (name for name in others if " " in name and looks_like_person(name, surnames))
    persons.update({name: others[name] + 1 for name in full})
    return frozenset(
        name
        for name, votes in persons.items()
        if votes > others[name]
        and name[:1].isupper()
        and len(name.split()) <= _LONGEST_NAME
        and not _NO_NAME.search(name)
        and not (is_office(name.split()[-1]) and (" " not in name or name.split()[-1].islower()))
        and not (name.isupper() and " " not in name and len(name) >= _SHOUTED and name.lower() not in known)
        and not ((held := load().speaker(name)) is not None and held.body)
    )


def _genders(
    full: list[tuple[Words, str]], entities: Mapping[int, Words], quoted: Spans
) -> dict[str, Counter[str]]:
    votes: dict[str, Counter[str]] = {}
    for ent, name in full:
        doc, role = ent.doc, printed_role(ent)
        words = {doc[ent.start - 1].lower_} if ent.start else set()
        words |= words_in(text_of(doc), role) if role else frozenset()
        count = votes.setdefault(name, Counter())
        count["he"] += 10 * bool(words & MALE)
        count["she"] += 10 * bool(words & FEMALE)
        sentence = ent.sent
        if any(
            x.label_ == "PERSON" and x.start != ent.start
            for i in range(sentence.start, sentence.end)
            if (x := entities.get(i)) is not None
        ):
            continue  # somebody else is named: whom "he" means is open
        after = {x.lower_ for x in doc[ent.end : sentence.end] if not quotation_at(quoted, x.idx)}
        if bool(after & _HE) != bool(after & _SHE):
            count["he" if after & _HE else "she"] += 1
    for name, count in votes.items():
        first = name.split()[0].lower() if " " in name else ""
        count["he"] += 6 * (first in MEN)
        count["she"] += 6 * (first in WOMEN)
    return votes


def _elected(votes: Mapping[str, Counter[str]], least: int) -> dict[str, str]:
    return {
        name: max(count, key=lambda x: count[x])
        for name, count in votes.items()
        if abs(count["he"] - count["she"]) >= least
    }
