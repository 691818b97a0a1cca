"""The role printed beside a name, and whether a description ("the Russian leader") fits a printed role.

Roles are read off the words, not the parse: a title ends at the name, an apposition starts behind its comma.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from bot.language.pipelines import text_of
from bot.language.quotes import PARAGRAPH_BREAK, trim
from bot.model import Span

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token
    from spacy.tokens import Span as Words

_TABLE = tomllib.loads(files("bot.language").joinpath("sources.toml").read_text(encoding="utf-8"))
_LISTS = {name: frozenset(words.split()) for name, words in _TABLE.items() if isinstance(words, str)}
HONORIFICS, MALE, FEMALE, MEN, WOMEN = (
    _LISTS[name] for name in ("honorifics", "male", "female", "men", "women")
)
PERSON_NOUNS, OFFICES, BODIES, VAGUE = (_LISTS[name] for name in ("persons", "offices", "bodies", "vague"))
DOCUMENTS, GENERIC, OUTLETS, COLLECTIVES = (
    _LISTS[name] for name in ("documents", "generic", "outlets", "collectives")
)
LISTENERS, COMMON, RELATIVES = (_LISTS[name] for name in ("listeners", "common", "relatives"))
"""The word lists of ``sources.toml``."""
_PLACES: dict[str, str] = _TABLE["places"] | {place: place for place in _TABLE["places"].values()}
"""A country's adjective, capital or name → the country."""
_COUNTRIES = frozenset(_PLACES.values())
_SAME: dict[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _TABLE["same"].items()}
"""A noun of description → offices it may stand for."""
_HEADED = {
    "diplomacy": "foreign minister",
    "foreign ministry": "foreign minister",
    "state": "president",
    "government": "premier",
}
"""Head of what → office."""
_FORMER = frozenset(("former", "ex", "late", "ousted", "then", "one-time", "retired"))
_LINKS = frozenset(("of", "for", "to", "at", "in", "on"))
_TITLE_TAGS = frozenset(("NN", "NNS", "NNP", "NNPS", "JJ", "POS", "HYPH", "AFX", "JJS", "CD"))
_FINITE = frozenset(("VBD", "VBZ", "VBP", "MD", "WP", "WDT", "WRB", "WP$"))
_CLOSES = frozenset((",", ";", ":", ".", ")", "(", "–", "—", "“", "”", '"', "-", "?", "!", "»", "«"))
_LONGEST_ROLE = 24
"""Tokens."""
_NO_ROLE = frozenset(("said", "says", "he", "she", "i"))
_SMALL = frozenset(
    ("the", "a", "an", "of", "for", "and", "to", "at", "in", "on", "his", "her", "their", "its", "s")
)


def words_in(text: str, span: Span) -> frozenset[str]:
    """Return the lower-case words of a span."""
    return frozenset(re.findall(r"[\w-]+", text[slice(*span)].lower()))


def without_determiner(text: str, span: Span) -> Span:
    """Drop a leading article or "his" and keep to one paragraph."""
    start, end = trim(text, span, ',;:–—- “”„«»"')
    first = re.compile(r"\w+").match(text, start)
    if (
        first
        and first.group().lower() in ("the", "a", "an", "his", "her", "their", "its")
        and first.end() < end
    ):
        start = trim(text, (first.end(), end))[0]
    found = PARAGRAPH_BREAK.search(text, start, end)
    return start, found.start() if found else end


def printed_role(ent: Words) -> Span | None:
    """Return the span of the title before a name ("Foreign Minister"), else of the apposition beside it."""
    text = text_of(ent.doc)
    span = _title_before(ent) or _behind(ent) or _before(ent) or _predicate(ent)
    return None if span is None or words_in(text, span) & _NO_ROLE else without_determiner(text, span)


def is_office(word: str) -> bool:
    """Whether a noun names an office or what somebody does."""
    plain = word.lower().rstrip(".")
    return any(x in OFFICES or x in PERSON_NOUNS for x in (plain, plain.rsplit("-", 1)[-1]))


def is_place(name: str) -> bool:
    """Whether a name is a country or stands for one ("Moscow")."""
    return any(part in _PLACES for part in re.split(r",\s|\sand\s", name.lower().removeprefix("the ")))


def is_former(words: frozenset[str]) -> bool:
    """Whether the words say that somebody held the office once."""
    return bool(words & _FORMER) or any(word.startswith("ex-") for word in words)


def _title_before(ent: Words) -> Span | None:
    doc, first = ent.doc, ent.start
    while first > ent.sent.start and doc[first - 1].lower_ in HONORIFICS - OFFICES:
        first -= 1
    short = doc[max(0, first - 3) : first]
    if [x.text for x in short][::2] == ["(", ")"] and short[
        1
    ].text.isupper():  # "Director of the Office (ABC)"
        first = short.start
    last = first
    while first > ent.sent.start and last - first < _LONGEST_ROLE and _in_title(doc[first - 1], doc, last):
        first -= 1
    # "head of the office" may start at any of its parts: the last one whose own noun is an office
    starts = [
        i for i in range(last - 1, first - 1, -1) if i == first or doc[i - 1].lower_ in (*_LINKS, "and")
    ]
    found = None
    for start in starts:
        head = _head(doc, start, last)
        if head is None:
            continue
        if is_office(head.text):
            found = start
            if doc[start].lower_ != "the":
                break
    if found is None:
        return _common_title(doc, first, last, ent)
    while found < last and doc[found].lower_ in (*_LINKS, "and", "the", "a", "an"):
        found += 1
    return (doc[found].idx, doc[last - 1].idx + len(doc[last - 1])) if found < last else None


def _in_title(token: Token, doc: Doc, last: int) -> bool:
    """Whether a token may belong to the title that goes on behind it."""
    following = doc[token.i + 1]
    if token.is_space or token.text in _CLOSES - {"-"}:
        return False
    if token.text == "-":
        return not token.whitespace_ and not doc[token.i - 1].whitespace_
    if token.lower_ in (*_LINKS, "and", "&"):
        before = doc[token.i - 1] if token.i else token
        return token.i + 1 < last and before.tag_.startswith("NN") and before.sent == token.sent
    if token.lower_ in ("the", "a", "an", "his", "her", "their", "its", "then", "acting", "now"):
        return following.i < last
    if token.ent_type_ == "PERSON" and following.tag_ != "POS" and not is_office(token.text):
        return False
    return token.tag_ in _TITLE_TAGS or token.lower_ in ("former", "retired", "elected")


def _head(doc: Doc, start: int, last: int) -> Token | None:
    """Return the noun before the first preposition: what somebody with this title is."""
    head = None
    for token in doc[start:last]:
        if token.lower_ in _LINKS and head is not None:
            break
        if token.tag_.startswith("NN"):
            head = token
    return head


def _common_title(doc: Doc, first: int, last: int, ent: Words) -> Span | None:
    """Read "singer" in "Russian singer Anna Example": a noun in lower case that the parse joins to the name."""
    if first == last or doc[last - 1].tag_ != "NN" or not doc[last - 1].text.islower():
        return None
    joined = doc[last - 1].head.i in range(ent.start, ent.end) and doc[last - 1].dep_ != "poss"
    if not joined or doc[last - 1].lower_ in RELATIVES:
        return None
    start = last - 1
    while start > first and doc[start - 1].tag_ in ("JJ", "NN", "NNP", "HYPH", "POS"):
        start -= 1
    return doc[start].idx, doc[last - 1].idx + len(doc[last - 1])


def _behind(ent: Words) -> Span | None:
    """Read the role in "Anna Example, the deputy minister of defence, said"."""
    doc, at = ent.doc, ent.end
    while (
        at + 2 < len(doc) and doc[at].text == "," and doc[at + 1].like_num and doc[at + 2].text in (",", "-")
    ):
        at += 2  # her age
    if at + 1 >= len(doc) or doc[at].text not in (",", "(", "–", "—") or doc[at + 1].is_space:
        return None
    last = at + 1
    while last < len(doc) and last - at <= _LONGEST_ROLE and doc[last].text not in _CLOSES - {"-"}:
        token = doc[last]
        if token.is_space or token.tag_ in _FINITE or (token.tag_ in ("VBG", "VBN") and token.dep_ == "acl"):
            break
        last += 1
    stop = doc[last] if last < len(doc) else None
    if stop is not None and (stop.tag_ in _FINITE - {"WP", "WDT"} or last - at > _LONGEST_ROLE):
        return None  # what looked like an apposition is the next clause's subject
    head = _head(doc, at + 1, last)
    if head is None or not is_office(head.text) or head.tag_ in ("NNS", "NNPS") or head.ent_type_ == "PERSON":
        return None
    named = [x.i for x in doc[at + 1 : last] if x.ent_type_ == "PERSON"]
    if named and (doc[named[0] - 1].i == head.i or "and" in {x.lower_ for x in doc[at + 1 : named[0]]}):
        return None  # somebody else: ", President Bob Sample and"
    return doc[at + 1].idx, doc[last - 1].idx + len(doc[last - 1])


def _before(ent: Words) -> Span | None:
    """Read the role in "the deputy minister, Anna Example, said"."""
    doc, comma = ent.doc, ent.start - 1
    if comma < 1 or doc[comma].text != ",":
        return None
    first = comma
    while first > ent.sent.start and comma - first < _LONGEST_ROLE and _in_title(doc[first - 1], doc, comma):
        first -= 1
        if doc[first].lower_ in ("the", "his", "her", "its", "their") and doc[first - 1].lower_ not in _LINKS:
            break
    head = _head(doc, first, comma)
    opens = first == ent.sent.start or doc[first - 1].text in _CLOSES
    definite = doc[first].lower_ in ("the", "his", "her", "its", "their") or any(
        x.tag_ == "POS" for x in doc[first:comma]
    )
    definite = definite or (opens and doc[first].is_title and doc[first].tag_ in ("JJ", "NNP"))
    object_ = first > 0 and doc[first - 1].tag_.startswith("VB")  # "won her first major, Example said"
    if head is None or not definite or object_ or not is_office(head.text) or head.tag_ in ("NNS", "NNPS"):
        return None
    return doc[first].idx, doc[comma - 1].idx + len(doc[comma - 1])


def _predicate(ent: Words) -> Span | None:
    """Read the role in "Anna Example, who is the deputy minister of defence, said"."""
    doc, at = ent.doc, ent.end
    at += at < len(doc) and doc[at].text == ","
    if at + 2 >= len(doc) or doc[at].lower_ != "who" or doc[at + 1].lower_ != "is":
        return None
    last = at + 2
    while last < len(doc) and last - at <= _LONGEST_ROLE and doc[last].text not in _CLOSES - {"-"}:
        if doc[last].is_space or doc[last].tag_ in _FINITE or doc[last].tag_ in ("VBG", "VBN", "RB"):
            break
        last += 1
    head = _head(doc, at + 2, last)
    if head is None or not is_office(head.text) or head.tag_ in ("NNS", "NNPS"):
        return None
    return doc[at + 2].idx, doc[last - 1].idx + len(doc[last - 1])


def fit(description: str, role: str) -> float:
    """Say how well a role answers a description: 0 not at all, 1 it may, 2 by office and place, 3 word for word."""
    wanted, offered = _content(description), _content(role)
    if is_former(wanted) and not is_former(offered):
        return 0.0
    if is_former(offered) and not is_former(wanted):
        return 1.0 if wanted & _offices_of(offered) and not _clash(wanted, offered) else 0.0
    if not wanted or not offered or _clash(wanted, offered):
        return 0.0
    if wanted <= offered:
        return 3.0
    nouns = {word for word in wanted if is_office(word) or word in _SAME}
    meant = {other for word in nouns for other in (word, *_SAME.get(word, ()))}
    if not meant & _offices_of(offered):
        return 0.0
    places, home = _lands(wanted), _lands(offered)
    return 2.0 if places and places <= home else 1.5 if not places or not home else 0.0


@lru_cache(maxsize=4096)
def _content(words: str) -> frozenset[str]:
    """Return the words that count, places as countries, spellings of one office as one."""
    plain = re.sub(r"['’]s?\b", " ", words.lower()).replace("u.s.", "us").replace("u.k.", "uk")
    for long, short in (
        ("prime minister", "premier"),
        ("secretary of state", "foreign minister"),
        ("ministry of foreign affairs", "foreign ministry"),
        ("minister of foreign affairs", "foreign minister"),
        ("minister for foreign affairs", "foreign minister"),
        ("secretary of defense", "defence minister"),
        ("united states", "us"),
        ("united kingdom", "uk"),
        ("great britain", "uk"),
        ("defense", "defence"),
        ("spokesperson", "spokesman"),
        ("spokeswoman", "spokesman"),
    ):
        plain = plain.replace(long, short)
    plain = re.sub(
        r"\b(head|chief) of (?:the )?(\w+ )?(diplomacy|state|government|foreign ministry)\b", _as_head, plain
    )
    found = {_PLACES.get(word, word) for word in re.findall(r"\w[\w-]*", plain)}
    return frozenset(found - _SMALL)


def _as_head(found: re.Match[str]) -> str:
    return f"{found[2] or ''}{_HEADED[found[3]]}"


def _lands(words: frozenset[str]) -> frozenset[str]:
    return words & _COUNTRIES


def _clash(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether both name countries, and not the same."""
    return bool(_lands(one) and _lands(other) and not _lands(one) & _lands(other))


def _offices_of(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if is_office(word))
