"""Names in Ukrainian and Russian: whose they are in whatever case, and how they read in the nominative.

There is no parser for these texts. Words are compared by stems, and where a name stands in the genitive
("за словами Івана Прикладенка") tables of endings lead back to the nominative.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

TABLE = tomllib.loads(files("bot.language").joinpath("slavic.toml").read_text(encoding="utf-8"))
HE, SHE, VAGUE, MEN, OUTLET_NAMES, PREPOSITIONS = (
    frozenset(TABLE[name].split()) for name in ("he", "she", "vague", "men", "outlet_names", "prepositions")
)
PERSONS, OFFICES, BODIES, PLACES, OUTLETS, OUTLET_NOUNS, NEUTRAL = (
    tuple(TABLE[name].replace("’", "'").split())
    for name in ("persons", "offices", "bodies", "places", "outlets", "outlet_nouns", "neutral")
)
WORD = re.compile(r"[\w\u0301]+(?:[-'’ʼ`.][\w\u0301]+)*")
"""A word; apostrophes belong to it, and so does the mark of stress."""

_ADJECTIVE = re.compile(r"((?:с|з|ц)ьк|[сц]к)(?:ий|ого|ому|им|ім|ом|а|ая|ої|ой|ій|у|ую|ою)$")
_ENDING = re.compile(
    r"(?:ові|еві|єві|ого|ому|его|ему|ими|ыми|ами|ями|ою|ею|єю|ої|ій|ий|ый|ой|ей|им|ым|ім|ом|ем|єм|ую|ая|яя"
    r"|[аяуюиіїыеєоьй])$"
)
_SHORTEST_STEM, _LONG = 3, 5
_PATRONYMIC = re.compile(r"(?:ович|евич|йович|івн|ївн|овн|евн|инич)\w{0,3}$")
_PAST = re.compile(r"(?P<he>(?:[аяиіуює]в|л)(?:ся)?)$|(?P<she>ла(?:ся|сь)?)$")
_PLURAL = re.compile(r"(?:ли(?:ся|сь)?|[уюая]ть(?:ся)?|[уюая]т(?:ся)?)$")
_OBLIQUE = re.compile(r"(?:[рнтклдв]а|я|ю|у|ом|ем|єм|ові|еві|и|ы|і|ої|ой|ою|ого)$")
_NOMINATIVE = re.compile(
    r"(?:голова|глава|староста|суддя|судья|\w+(?:[чцш]ка|нка|иця|ица|ця|иня|рка|тка|лка))$", re.IGNORECASE
)
_WOMAN = re.compile(
    r"(?:ниц|чиц|иц|иня|ині|иню|ькиня|есс|ша|ш[ії]|истк|анк|ярк|орк|ерк|янк|тк|лк|чк|шк)\w{0,2}$"
)


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Return what the cases of a word share; too short a word stays whole."""
    plain = word.casefold().replace("\u0301", "").replace("’", "'").replace("ʼ", "'").replace("ё", "е")
    short = _ADJECTIVE.sub(r"\1", plain)
    if short == plain:
        short = _ENDING.sub("", plain)
    return short if len(short) >= _SHORTEST_STEM else plain


def same(one: str, other: str) -> bool:
    """Whether two phrases are the same words in whatever case."""
    return [stem(x) for x in WORD.findall(one)] == [stem(x) for x in WORD.findall(other)]


@lru_cache(maxsize=16_384)
def among(word: str, stems: tuple[str, ...]) -> str:
    """Return the longest of the stems that a word begins with, else nothing.

    Short stems are no beginnings of longer words: "влад" is in "влади", not in "Владимир".
    """
    low = word.casefold().replace("ʼ", "'").replace("’", "'")
    longest = len(stem(word)) + 1
    fitting = (x for x in stems if low.startswith(x) and (len(x) >= _LONG or len(x) >= longest - 2))
    return max(fitting, key=len, default="")


def is_name(word: str) -> bool:
    """Whether a word is written as a name: a capital, then small letters; "МЗС" and "ОВА" are not."""
    return word[0].isupper() and not (len(word) > 1 and word.isupper()) and any(x.islower() for x in word)


def is_patronymic(word: str) -> bool:
    """Whether a word is a father's name ("Іванович", "Ивановны")."""
    return bool(_PATRONYMIC.search(word.casefold()))


def is_plural(verb: str) -> bool:
    """Whether several speak: "повідомили", "говорят"."""
    return bool(_PLURAL.search(verb.casefold()))


def gender_of(verb: str, role: str = "", name: str = "") -> str:
    """Return "he" or "she" as the verb, the role's noun or the first name tells, else an empty string."""
    past = _PAST.search(verb.casefold())
    if past is not None and not is_plural(verb):
        return "she" if past["she"] else "he"
    words = WORD.findall(role)
    if any(_WOMAN.search(word.casefold()) and among(word, (*PERSONS, *OFFICES)) for word in words):
        return "she"
    first = name.split(maxsplit=1)[0].casefold() if name else ""
    if not first or " " not in name:
        return ""
    return "she" if first[-1] in "аяь" and first not in MEN and first not in ("ігорь", "игорь") else "he"


def nominative(name: str, language: str, role: str = "") -> str:
    """Return a person's name that stands in the genitive as it is in the nominative.

    Whether it is a man's or a woman's shows in the role, else in the first name; endings that no table knows
    (names that never change) stay.
    """
    words = name.split()
    first = words[0].casefold()
    known = TABLE["genitive"][language]
    woman = any(_WOMAN.search(x.casefold()) and among(x, (*PERSONS, *OFFICES)) for x in WORD.findall(role))
    if not woman:
        woman = first[-1] in "иіїы" and first not in known
    tables = TABLE["endings"][language]
    gender = "she" if woman else "he"
    out = []
    for number, word in enumerate(words):
        place = "first" if number == 0 and (len(words) > 1 or woman) else "last"
        out.append(known.get(word.casefold()) or _with_ending(word, tables[f"{gender}_{place}"]))
    return " ".join(out)


def body(printed: str, language: str) -> str:
    """Return a body's name with its first word in the nominative where a list has it: "Кремль" for "Кремле"."""
    first, _, rest = printed.partition(" ")
    known = TABLE["bodies_nominative"][language].split()
    plain = next((x for x in known if stem(first) == stem(x) and not first.isupper()), "")
    head = plain.capitalize() if first[0].isupper() else plain
    return " ".join(word for word in (head, rest) if word) if plain else printed


def in_genitive(role: str) -> bool:
    """Whether a role's first noun stands in another case than the nominative: "міністра", "голови"."""
    for word in WORD.findall(role):
        if among(word, (*OFFICES, *PERSONS)):
            return bool(_OBLIQUE.search(word.casefold())) and not _NOMINATIVE.match(word)
    return False


def _with_ending(word: str, endings: list[list[str]]) -> str:
    for genitive, plain in endings:
        if word.endswith(genitive) and len(word) - len(genitive) >= _SHORTEST_STEM - 1:
            return word.removesuffix(genitive) + plain
    return word
