"""Who a source is within its Ukrainian or Russian article: full names, pronouns, roles, and who is not named.

Where the article does not say who is meant, the source stays as printed: no name is better than a wrong one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from bot.language import slavic_names as names
from bot.language.quotes import quotation_at, trim
from bot.language.slavic_names import BODIES, OFFICES, PERSONS, PLACES, WORD
from bot.model import Span, Spans

Certainty = Literal["named", "inferred", "guessed", "described", "unknown"]
"""``inferred``: from a pronoun or description; ``guessed``: the only person so far; ``described``: not named."""

_GENITIVE = re.compile(
    r"(?:за|по|на|зі?|із|со?|згідно|согласно|слов\w*|думк\w+|мнени\w+|верс\w+|посила\w+|ссыл\w+)\b",
    re.IGNORECASE,
)
"""Cues after which a source stands in the genitive: "за словами", "по мнению", "со ссылкой на"."""
_FARTHEST = 1_200
"""Characters that a pronoun may lie behind the source it stands for."""
_NO_FIRST_NAME = re.compile(r"(?:ого|его|ому|ої|ый|ська|ская|[A-Za-z]+)$")
_LED_BY = re.compile(r"керівництвом|руководством|чолі|главе|імені|имени", re.IGNORECASE)
_LONGEST_MENTION, _SHORTEST_ROLE = 9, 3
_HIDDEN = re.compile(
    r"на (?:умовах анонімності|условиях анонимности)|не назв\w+|пожела\w+ остаться неназванн\w+"
)
_EDGE = " ,;:–—-"
_ADJECTIVE = re.compile(
    r"^(?!глав|голов).*(?:(?:[сз]ьк|ск)(?:ий|ого|ому|им|ом|а|ая|ої|ой|ій|у|ую|ою|е|ое)"
    r"|[нв](?:ий|ый|ого|ому|им|ым|ом|а|ая|ої|ой|ій|у|ую|е|ое|і))$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Who:
    """A resolved source."""

    speaker: str = ""
    role: str | None = None
    role_span: Span | None = None
    anonymous: bool = False
    certainty: Certainty = "unknown"
    person: bool = False
    """One person, whom "він" or "она" may mean."""
    gender: str = ""
    at: int = 0
    """Offset of the source."""


class Speakers:
    """The persons of one article, in the order in which it brings them up."""

    def __init__(self, text: str, quoted: Spans, language: str) -> None:
        self._text, self._quoted, self._language = text, quoted, language
        self._known: dict[str, Who] = {}
        self._spoke: list[Who] = []
        self._mentions()

    def who(self, source: Span, cue: Span) -> Who:
        """Say who a source is; sources must come in the order of the text."""
        printed = " ".join(self._text[slice(*source)].split())
        verb = self._text[slice(*cue)]
        found = replace(self._resolve(source, printed, verb), at=source[0])
        self._spoke.append(found)
        return found

    def _resolve(self, source: Span, printed: str, verb: str) -> Who:
        words = [word.casefold() for word in WORD.findall(printed)]
        pronoun = "he" if words[0] in names.HE else "she" if words[0] in names.SHE else ""
        nominative = words[0] in ("він", "вона", "он", "она")
        if pronoun and (len(words) == 1 or (nominative and not names.is_name(WORD.findall(printed)[-1]))):
            return self._behind_pronoun(pronoun, printed, source[0])
        genitive = bool(_GENITIVE.match(verb))
        name, role = self._name_in(source, genitive=genitive)
        if name is not None:
            return self._person(name, role, verb, genitive=genitive)
        return self._unnamed(source, printed, verb)

    # ── Names ────────────────────────────────────────────────────────────────────────────────────────────

    def _mentions(self) -> None:
        """Collect "міністр оборони Іван Прикладенко" wherever it stands outside quotations."""
        for line in re.finditer(r"[^\n.!?;:]+", self._text):
            words = list(WORD.finditer(self._text, *line.span()))
            for number, word in enumerate(words):
                noun = names.among(word.group(), (*OFFICES, *PERSONS)) and not _ADJECTIVE.search(word.group())
                if not noun or quotation_at(self._quoted, word.start()):
                    continue
                phrase = (word.start(), words[min(number + _LONGEST_MENTION, len(words) - 1)].end())
                comma = self._text.find(",", *phrase)
                phrase = (phrase[0], comma) if comma > 0 else phrase
                name = self._first_pair(phrase)
                role = self._text[word.start() : name[0]] if name is not None else ""
                if name is not None and not any(_LED_BY.match(x) for x in WORD.findall(role)):
                    made = self._made(name, (word.start(), name[0]), "", genitive=False)
                    self._known.setdefault(made.speaker, made)

    def _first_pair(self, phrase: Span) -> Span | None:
        """Return the first two capitalised words in a row that follow a word in small letters."""
        run: list[re.Match[str]] = []
        for word in WORD.finditer(self._text, *phrase):
            joined = run and self._text[run[-1].end() : word.start()] == " "
            if names.is_name(word.group()) and not names.among(
                word.group(), (*PLACES, *BODIES, *OFFICES, *PERSONS)
            ):
                run = [*run, word] if joined else [word]
            elif len(run) > 1:
                break
            else:
                run = []
        return (run[-2].start(), run[-1].end()) if len(run) == 2 else None  # noqa: PLR2004 - name and surname

    def _name_in(self, source: Span, *, genitive: bool) -> tuple[Span | None, Span | None]:
        """Return the name in a source and the role beside it; no name for bodies and offices alone."""
        words = [x for x in WORD.finditer(self._text, *source) if not self._in_marks(x.start(), source)]
        runs: list[list[re.Match[str]]] = []
        for before, word in zip([None, *words], words, strict=False):
            if not names.is_name(word.group()) or (
                word.start() == source[0] and names.among(word.group(), (*OFFICES, *PERSONS, *BODIES))
            ):
                continue
            if runs and runs[-1][-1] is before and self._text[before.end() : word.start()] == " ":
                runs[-1].append(word)
            else:
                runs.append([word])
        for run in reversed(runs):
            name = self._name_of(run, source, genitive=genitive)
            if name is not None:
                return name, self._role(source, name)
        return None, None

    def _in_marks(self, at: int, source: Span) -> bool:
        """Whether a word stands in quotation marks of the source's own: an outlet's or a unit's name."""
        quotation = quotation_at(self._quoted, at)
        return quotation is not None and source[0] < quotation[0]

    def _name_of(self, run: list[re.Match[str]], source: Span, *, genitive: bool) -> Span | None:
        plain = [word.group() for word in run]
        if names.among(plain[-1], PLACES) and not self._full(plain[-1]):
            return None
        before = [x.group() for x in WORD.finditer(self._text, source[0], run[0].start())]
        if len(run) > 1 and before and before[-1].casefold() in names.PREPOSITIONS:
            return self._name_of(run[1:], source, genitive=genitive)  # "з Ріпок Олена"
        if before and (names.among(before[-1], names.OUTLET_NOUNS) or _LED_BY.match(before[-1])):
            return None
        ends = run[-1].end() == source[1] or self._text[run[-1].end() : source[1]].lstrip()[:1] in (",", "(")
        leads = bool(before) and bool(names.among(before[-1], (*OFFICES, *PERSONS)))
        first_name = (
            len(run) > 1 and not names.among(plain[-2], PLACES) and not _NO_FIRST_NAME.search(plain[-2])
        )
        if first_name and (ends or not before):
            first = -3 if len(run) > 2 and names.is_patronymic(plain[-2]) else -2  # noqa: PLR2004 - three words
            spoken = bool(before) or run[0].start() > source[0] or len(run) <= -first
            return (run[first].start(), run[-1].end()) if spoken else None
        if self._full(plain[-1]) or (not before and run[-1].end() == source[1] and self._known_by(plain[-1])):
            return run[-1].span()
        if not ends:
            return None
        noun = " ".join(before)
        fits = self._could_be_surname(plain[-1], noun, genitive=genitive)
        follows = self._text[run[-1].end() : run[-1].end() + 1] == "," and not before
        return run[-1].span() if (leads and fits) or (follows and run[-1].end() < source[1]) else None

    def _could_be_surname(self, word: str, noun: str, *, genitive: bool) -> bool:
        """Whether a single capitalised word behind an office may be its holder, not its place: by the ending."""
        low = word.casefold()
        if names.among(word, (*BODIES, *names.OUTLETS)):
            return False
        if genitive:
            return bool(re.search(r"(?:[сц]ького|[сц]кого|енка|[оеєё]ва|[іиї]на|[уюая]ка|ича)$", low))
        woman = names.gender_of("", noun) == "she"
        if low.endswith(("ого", "его", "ому")):
            return False
        return low[-1] in "аяьо" if woman else low[-1] not in "аяыиіїеєю"

    def _full(self, word: str) -> Who | None:
        """Return the one person of the article who bears this surname or first name."""
        wanted = names.stem(word)
        found = {
            who.speaker: who
            for who in (*self._known.values(), *self._spoke)
            if who.person and " " in who.speaker and wanted in {names.stem(x) for x in who.speaker.split()}
        }
        people = list(found.values())
        return people[0] if people and all(names.same(x.speaker, people[0].speaker) for x in people) else None

    def _known_by(self, word: str) -> bool:
        return any(names.stem(word) == names.stem(x) for speaker in self._known for x in speaker.split())

    def _role(self, source: Span, name: Span) -> Span | None:
        before = trim(self._text, (source[0], name[0]), _EDGE)
        behind = trim(self._text, (name[1], source[1]), _EDGE)
        for start, end in (before, behind):
            words = WORD.findall(self._text, start, end)
            if any(len(x) > _SHORTEST_ROLE and x.casefold() not in names.HE | names.SHE for x in words):
                return start, end
        return None

    def _person(self, name: Span, role: Span | None, verb: str, *, genitive: bool) -> Who:
        word = self._text[slice(*name)].split()[-1]
        known = self._full(word)
        made = self._made(name, role, verb, genitive=genitive)
        if known is None or (" " in made.speaker and not names.same(known.speaker, made.speaker)):
            return made
        printed = " ".join(self._text[slice(*name)].split())
        best = known if " " not in made.speaker or (genitive and known.speaker != printed) else made
        gender = made.gender or known.gender
        own_role = made.role is not None
        return replace(
            best,
            gender=gender,
            role=made.role if own_role else known.role,
            role_span=made.role_span if own_role else known.role_span,
        )

    def _made(self, name: Span, role: Span | None, verb: str, *, genitive: bool) -> Who:
        printed = " ".join(self._text[slice(*name)].split())
        span = trim(self._text, role, _EDGE) if role else None
        words = " ".join(self._text[slice(*span)].split()) if span and span[0] < span[1] else None
        speaker = self._nominative(printed, words or "", genitive=genitive)
        gender = names.gender_of("" if genitive else verb, words or "", speaker)
        return Who(speaker, words, span if words else None, certainty="named", person=True, gender=gender)

    def _nominative(self, printed: str, role: str, *, genitive: bool) -> str:
        """Return a name as it is in the nominative: as the text itself has it, else by the tables."""
        plain = names.nominative(printed, self._language, role)
        if plain != printed and (genitive or names.in_genitive(role) or _stands(plain, self._text)):
            return plain
        return printed

    # ── Sources without a name ───────────────────────────────────────────────────────────────────────────

    def _behind_pronoun(self, pronoun: str, printed: str, at: int) -> Who:
        for who in reversed(self._spoke):
            if at - who.at > _FARTHEST:
                break
            if who.person and who.gender in ("", pronoun):
                return replace(who, certainty="inferred", gender=pronoun)
        return Who(printed)

    def _unnamed(self, source: Span, printed: str, verb: str) -> Who:
        words = WORD.findall(printed)
        kinds = [
            (kind, names.among(word, stems), word)
            for word in words
            for kind, stems in (("body", BODIES), ("office", OFFICES), ("person", PERSONS))
            if names.among(word, stems)
        ]
        before = dict(zip(words[1:], words, strict=False))
        loose = [x for x in kinds if before.get(x[2], "").casefold() not in names.PREPOSITIONS]
        kinds = loose or kinds
        # The first word that tells anything is the head, an adjective before a body aside.
        heads = [x for x in kinds if not (_ADJECTIVE.search(x[2]) and kinds[-1][0] == "body")] or kinds
        kinds = [x for x in heads if x[2] == heads[0][2]]
        kind, noun, _ = max(kinds, key=lambda x: len(x[1]), default=("", "", ""))
        hidden = bool(_HIDDEN.search(self._text, source[0], source[1] + 60))
        several = names.is_plural(verb)
        if (
            kind in ("office", "person")
            and not several
            and not hidden
            and words[0].casefold() not in names.VAGUE
        ):
            known = self._described(noun, words, verb)
            if known is not None:
                return known
        gender = names.gender_of(verb, printed)
        if hidden or words[0].casefold() in names.VAGUE or kind == "person":
            vague = words[0].casefold() in names.VAGUE
            one = not several and (words[0].casefold().startswith("од") if vague else kind == "person")
            return Who(printed, anonymous=True, certainty="described", person=one, gender=gender)
        if kind == "office" and not several:
            return Who(printed, certainty="described", person=True, gender=gender)
        named = bool(kind) or words[0].isupper() or quotation_at(self._quoted, source[0] + 1) is not None
        return Who(self._as_elsewhere(printed), certainty="described" if named else "unknown")

    def _described(self, noun: str, words: list[str], verb: str) -> Who | None:
        """Say whom "речник" or "міністерка" means, where the article names one person who can be meant."""
        places = [word for word in words[1:] if word[0].isupper()]
        gender = names.gender_of(verb, " ".join(words))
        fitting: dict[str, Who] = {}
        for who in (*self._known.values(), *self._spoke):
            role = WORD.findall(who.role or "")
            named = who.person and not who.anonymous and who.certainty in ("named", "inferred") and role
            if not named or not any(names.among(x, (noun,)) for x in role):
                continue
            if all(any(names.stem(place) == names.stem(x) for x in role) for place in places):
                fitting[names.stem(who.speaker.split()[-1])] = who
        if len(fitting) == 1 and len(words) <= 2 + len(places):
            return replace(next(iter(fitting.values())), certainty="inferred")
        spoke = {
            who.speaker: who for who in self._spoke if who.person and not who.anonymous and " " in who.speaker
        }
        only = next(iter(spoke.values())) if len(spoke) == 1 else None
        if (
            only
            and not fitting
            and len(words) == 1
            and noun.startswith(names.NEUTRAL)
            and only.gender in ("", gender)
        ):
            return replace(only, certainty="guessed")
        return None

    def _as_elsewhere(self, printed: str) -> str:
        """Return the same body as an earlier source printed it: "Генштаб", where this one is "в Генштабі"."""
        bare = printed[1:-1] if printed[0] in '«„“"' and printed[-1] in '»”“"' else printed
        known = (who.speaker for who in self._spoke if names.same(who.speaker, bare))
        return next(known, names.body(bare, self._language))


def _stands(name: str, text: str) -> bool:
    """Whether a name stands in a text as whole words."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
