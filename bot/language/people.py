"""The persons an article names: full names, printed roles, pronouns used for them.

Nothing is known here beyond the article.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from bot.language.pipelines import text_of
from bot.language.quotes import PARAGRAPH_BREAK, quotation_at, trim
from bot.model import Span, Spans

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.tokens import Span as Words

_TABLE = tomllib.loads(files("bot.language").joinpath("sources.toml").read_text(encoding="utf-8"))
HONORIFICS, MALE, FEMALE, PERSON_NOUNS, OFFICES, BODIES, VAGUE = (
    frozenset(_TABLE[name].split())
    for name in ("honorifics", "male", "female", "persons", "offices", "bodies", "vague")
)
"""The word lists of ``sources.toml``."""
_HE = frozenset(("he", "his", "him"))
_SHE = frozenset(("she", "her", "hers"))
_NO_ROLE = frozenset(("said", "says", "he", "she", "i"))
_TITLE_DEPENDENCIES = frozenset(
    ("compound", "amod", "nmod", "poss", "case", "punct", "nummod", "det", "advmod", "hmod", "hyph")
)
_LONGEST_ROLE = 14
_LONGEST_NAME = 5
"""Words; longer ones are something else."""
_NAME_WITH_PLACE = 3


@dataclass(frozen=True, slots=True)
class People:
    """The persons an article names, looked up by what is printed."""

    by_part: Mapping[str, frozenset[str]]
    """Lower-case surname or first name → the full names that carry it."""
    roles: Mapping[str, Span]
    """Full name → its first printed role."""
    genders: Mapping[str, str]
    """Full name → "he" or "she", where the article shows it."""
    mentions: tuple[tuple[int, str], ...]
    """(offset, full name) of each person who is the subject of a clause outside quotations, in order."""
    entities: Mapping[int, Words]
    """Token number → the named entity it belongs to."""
    persons: frozenset[str]
    """Printed names that are a person's more often than a place's or body's."""

    def full_name(self, name: str) -> str:
        """Return the one full name that a surname or first name stands for, else the name itself."""
        found = self.by_part.get(name.lower(), frozenset())
        return next(iter(found)) if len(found) == 1 else name

    def is_person(self, ent: Words) -> bool:
        """Whether an entity is a person, by the whole article's evidence."""
        return ent.label_ == "PERSON" and clean_name(ent.text) in self.persons


def clean_name(text: str) -> str:
    """Return a name without possessive ending, honorifics, quotation marks and odd white space."""
    words = re.sub(r"['’]s?$", "", text.strip(" \n\t\"“”‘’'«».,;:-–—")).split()
    while len(words) > 1 and words[0].lower() in HONORIFICS:
        del words[0]
    return " ".join(words)


def people_of(doc: Doc, quoted: Spans) -> People:
    """Collect the persons whom the article names."""
    ents = list(doc.ents)
    places = {ent.text for ent in ents if ent.label_ in ("GPE", "NORP")}
    persons = _persons(ents)
    names = [(ent, _without_place(clean_name(ent.text), places)) for ent in ents if ent.label_ == "PERSON"]
    names = [(ent, name) for ent, name in names if clean_name(ent.text) in persons]
    parts: dict[str, set[str]] = {}
    for name in {name for _, name in names if " " in name}:
        for part in (name.split()[0], name.split()[-1]):
            parts.setdefault(part.lower(), set()).add(name)
    entities = {number: ent for ent in ents for number in range(ent.start, ent.end)}
    by_part = {part: frozenset(found) for part, found in parts.items()}
    people = People(by_part, {}, {}, (), entities, persons)
    full = [(ent, people.full_name(name)) for ent, name in names]
    roles = {name: role for ent, name in reversed(full) if (role := printed_role(ent)) is not None}
    subjects = (
        (ent.start_char, name)
        for ent, name in full
        if ent.root.dep_ in ("nsubj", "nsubjpass") and not quotation_at(quoted, ent.start_char)
    )
    return People(by_part, roles, _genders(full, entities, quoted), tuple(subjects), entities, persons)


def words_in(text: str, span: Span) -> frozenset[str]:
    """Return the lower-case words of a span."""
    return frozenset(re.findall(r"[\w-]+", text[slice(*span)].lower()))


def printed_role(ent: Words) -> Span | None:
    """Return the span of the title before a name ("Foreign Minister"), else of the apposition beside it."""
    text = text_of(ent.doc)
    span = _title_before(ent) or _apposition(ent)
    return None if span is None or words_in(text, span) & _NO_ROLE else without_determiner(text, span)


def without_determiner(text: str, span: Span) -> Span:
    """Drop a leading article and keep to one paragraph."""
    start, end = trim(text, span, ',;:–—- “”„«»"')
    first = re.compile(r"\w+").match(text, start)
    if first and first.group().lower() in ("the", "a", "an") and first.end() < end:
        start = trim(text, (first.end(), end))[0]
    found = PARAGRAPH_BREAK.search(text, start, end)
    return start, found.start() if found else end


def _persons(ents: list[Words]) -> frozenset[str]:
    """Names that are persons: the recogniser takes a place for a person once in a while, so labels vote."""
    persons = Counter(clean_name(ent.text) for ent in ents if ent.label_ == "PERSON")
    others = Counter(clean_name(ent.text) for ent in ents if ent.label_ in ("GPE", "NORP", "ORG", "LOC"))
    return frozenset(
        name
        for name, votes in persons.items()
        if votes > others[name]
        and name[:1].isupper()
        and len(name.split()) <= _LONGEST_NAME
        and not re.search(r"\d", name)
    )


def _without_place(name: str, places: set[str]) -> str:
    """Mend "Russia Anna Example", from "ambassador to Russia Anna Example"."""
    first, _, rest = name.partition(" ")
    return rest if len(name.split()) >= _NAME_WITH_PLACE and first in places else name


def _genders(full: list[tuple[Words, str]], entities: Mapping[int, Words], quoted: Spans) -> dict[str, str]:
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
    return {
        name: max(count, key=lambda x: count[x])
        for name, count in votes.items()
        if count["he"] != count["she"]
    }


def _title_before(ent: Words) -> Span | None:
    doc, first = ent.doc, ent.start
    leftmost = ent.root.left_edge.i
    while first > leftmost and doc[first - 1].dep_ in _TITLE_DEPENDENCIES and not doc[first - 1].is_space:
        first -= 1
    title = doc[first : ent.start]
    while len(title) and title[-1].lower_ in HONORIFICS:
        title = title[:-1]
    if not len(title) or not title[-1].tag_.startswith("NN") or re.search(r"\s-\s|\d|\n", title.text):
        return None
    office = title[-1].lower_.strip(".") in OFFICES | PERSON_NOUNS or title[-1].text.islower()
    return (title.start_char, title.end_char) if office else None


def _apposition(ent: Words) -> Span | None:
    doc, head = ent.doc, ent.root.head
    office = head.lower_ in OFFICES | PERSON_NOUNS and head.tag_ in ("NN", "NNP")
    if ent.root.dep_ == "appos" and office and 0 < ent.start - head.left_edge.i <= _LONGEST_ROLE:
        return head.left_edge.idx, ent.start_char
    for child in ent.root.rights:
        noun = child.dep_ == "appos" and child.tag_.startswith("NN") and child.ent_type_ != "PERSON"
        if noun and child.i > ent.end and doc[ent.end].text == ",":
            clause = next((x for x in child.rights if x.dep_ in ("relcl", "acl")), None)
            last = doc[clause.left_edge.i - 1] if clause is not None else child.right_edge
            if last.i - child.left_edge.i < _LONGEST_ROLE:
                return child.left_edge.idx, last.idx + len(last)
    return None
