"""Names as printed: where a person's starts and ends, and which spellings mean one person."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from bot.knowledge.files import load
from bot.language.roles import BODIES, HONORIFICS, MEN, OFFICES, WOMEN, is_office
from bot.model import Speaker

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token
    from spacy.tokens import Span as Words

_FIRST_NAMES, _TITLES = MEN | WOMEN, OFFICES | HONORIFICS
_PARTICLES = frozenset(("von", "van", "der", "de", "da", "del", "di", "la", "le", "al", "el", "bin", "ibn"))
_NAME_WORDS = 2
"""A first name and a surname."""
_NAME_WITH_PLACE = 3
_LONGEST_NAME = 4
"""Words of what may be a person though the recogniser takes it for a body."""
_LONG_ENOUGH = 4
"""Letters of a surname that alone tells whom we know."""
_ALIKE = 82
"""rapidfuzz ratio of two spellings of one full name ("Jill" and "Joe" with one surname have less)."""
_ALIKE_PART = 80
"""The same for each of first name and surname, without what transliterations differ in."""
_OFFICE_BEFORE = 4
"""Tokens before a body in which an office makes the last words a name."""
_CUTS = frozenset(("/", "-", "–", "—", "?", "(", "|"))
_LETTERS = (
    ("ł", "l"), ("sch", "sh"), ("sz", "sh"), ("cz", "ch"), ("w", "v"), ("j", "y"), ("yy", "y"), ("iy", "y"),
    ("ii", "y"), ("i", "y"), ("kh", "h"), ("ts", "c"), ("ck", "k"), ("x", "ks"),
)  # fmt: skip
"""What is one letter in another transliteration."""


def entities_of(doc: Doc) -> list[Words]:
    """Return the recogniser's entities in order, with persons whom it cut short or took for a part of a body."""
    alone = _standing_alone(doc)
    out = [_mended(ent, alone) for ent in doc.ents]
    taken = {number for ent in out for number in range(ent.start, ent.end)}
    for token in doc[: max(0, len(doc) - 1)]:
        free = token.lower_ in _FIRST_NAMES and not {token.i, token.i + 1} & taken
        if free and _is_name(token, token.nbor()):
            out.append(_person(doc, token.i, token.i + 2))
    return sorted(out, key=lambda ent: ent.start)


def _person(doc: Doc, start: int, end: int) -> Words:
    words = doc.char_span(doc[start].idx, doc[end - 1].idx + len(doc[end - 1]), "PERSON")
    assert words is not None, "tokens have characters"
    return words


def _mended(ent: Words, alone: Collection[str]) -> Words:
    """Return the whole name of a person, or the person at the end of "the Ministry of Examples Anna Example"."""
    doc, start, end = ent.doc, ent.start, ent.end
    if ent.label_ == "PERSON":
        while end < len(doc) and _goes_on(doc, start, end):
            end += 1
        while end - start > _NAME_WORDS and doc[start].lower_.rstrip(".") in _TITLES:
            start += 1  # a title belongs to the role, but "Pope Francis" is how he is called
        end = next((i for i in range(start + 1, end) if doc[i].text in _CUTS), end)
    else:
        last = end - 1 if doc[end - 1].text in ("'s", "’s") else end
        long = last - start > _NAME_WORDS
        if long and (_is_name(doc[last - 2], doc[last - 1]) or _is_heads_name(doc, start, last, alone)):
            start = last - 2
    return ent if (start, end) == (ent.start, ent.end) else _person(doc, start, end)


def _goes_on(doc: Doc, start: int, end: int) -> bool:
    """Whether a person's name has another word: "von der Leyen", "Sergei" and "Example" taken apart."""
    following = doc[end]
    if following.text in _PARTICLES:
        return end + 1 < len(doc) and (doc[end + 1].is_title or doc[end + 1].text in _PARTICLES)
    behind = doc[end - 1].text in _PARTICLES and following.is_title
    return behind or (end - start == 1 and _is_name(doc[start], following))


def _standing_alone(doc: Doc) -> frozenset[str]:
    """Return the capitalised words that stand alone somewhere, as surnames do: "Example said"."""
    found, before = set(), None
    for token in doc:
        title = token.is_title
        if title and before is not None and not before.is_title and before.tag_ not in ("DT", "IN"):
            found.add(token.text)
        before = token
    return frozenset(found)


def _is_heads_name(doc: Doc, start: int, end: int, alone: Collection[str]) -> bool:
    """Whether the last two words of "head of the Office of Examples Anna Example" name that head."""
    if doc[end - 1].text not in alone:
        return False
    office = any(is_office(token.text) for token in doc[max(0, start - _OFFICE_BEFORE) : start])
    return office and all(
        token.is_title and token.tag_ in ("NNP", "NNPS") and token.lower_ not in BODIES
        for token in doc[end - 2 : end]
    )


def _is_name(first: Token, last: Token) -> bool:
    """Whether two words are a common first name and a surname."""
    return (
        first.lower_ in _FIRST_NAMES
        and first.text[0].isupper()
        and last.tag_ in ("NNP", "NNPS")
        and last.text[0].isupper()
        and last.is_alpha
        and not (last.lower_ in BODIES or is_office(last.text))
    )


def plain(name: str) -> str:
    """Return a name without what transliterations differ in: Ławrow and Lavrov are lavrov."""
    found = "".join(x for x in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(x))
    for one, other in _LETTERS:
        found = found.replace(one, other)
    return found


def spellings(counts: Counter[str]) -> dict[str, str]:
    """Return for each full name the most frequent one of the same person: an article may spell a name two ways."""
    groups: dict[str, list[str]] = {}
    for name, _ in counts.most_common():
        if " " not in name:
            continue
        known = known_person(name)
        key = known.name if known is not None else name
        group = next((other for other in groups if _alike(other, key)), key)
        groups.setdefault(group, []).append(name)
    return {name: names[0] for names in groups.values() for name in names}


def _alike(one: str, other: str) -> bool:
    """Whether two full names are one person's: never a man's and a woman's."""
    (first, _, surname), (first2, _, surname2) = plain(one).rpartition(" "), plain(other).rpartition(" ")
    wife = surname != surname2 and surname.removesuffix("a") == surname2.removesuffix("a")
    if surname[:1] != surname2[:1] or wife:
        return False
    genders = {gender for name in (one, other) if (gender := _gender(name))}
    return len(genders) < _NAME_WORDS and all(
        fuzz.ratio(*pair) >= _ALIKE_PART for pair in ((first, first2), (surname, surname2))
    )


def _gender(name: str) -> str:
    first = name.split(maxsplit=1)[0].lower()
    return "he" if first in MEN else "she" if first in WOMEN else ""


def known_person(name: str) -> Speaker | None:
    """Return whom we know by a name, also where the first name is spelled in a way that we do not know."""
    first, _, surname = name.rpartition(" ")
    if not first and len(name) < _LONG_ENOUGH:
        return None
    known = load().speaker(name) or (load().speaker(surname) if first else None)
    alike = known is not None and (not first or fuzz.ratio(known.name, name) >= _ALIKE)
    return known if known is not None and not known.body and alike else None


def looks_like_person(name: str, surnames: Collection[str]) -> bool:
    """Whether what the recogniser takes for a body is a first name and a surname."""
    words = name.split()
    capitals = all(word[0].isupper() or word in _PARTICLES for word in words)
    usual = len(words) == _NAME_WORDS or words[-1] in surnames
    return capitals and len(words) <= _LONGEST_NAME and words[0].lower() in _FIRST_NAMES and usual


def without_place(name: str, places: Collection[str]) -> str:
    """Mend "Russia Anna Example", from "ambassador to Russia Anna Example"."""
    first, _, rest = name.partition(" ")
    return rest if len(name.split()) >= _NAME_WITH_PLACE and first in places else name


def fullest(names: Collection[str]) -> frozenset[str]:
    """Leave out names that are a shorter form of another one here."""
    return frozenset(x for x in names if not any(is_longer(y, x) for y in names if y != x))


def is_longer(name: str, other: str) -> bool:
    """Whether a name is another one with more words in front, or the same in better letters."""
    if name.lower() == other.lower():
        return other.isupper() and not name.isupper()
    return name.lower().endswith(f" {other.lower()}")
