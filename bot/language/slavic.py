"""Who said what in a Ukrainian or Russian article: an experiment, off unless the operator asks for it.

No parser exists for these texts here. The tagger's spans are trusted as they are; sentences, speakers, ways and
statuses come from rules over the words. Its tagger has learnt from English articles and from invented Ukrainian and
Russian ones, and every figure about it, the confidence too, was measured on invented text.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from bot.language import quotes, slavic_ways, tagger
from bot.language.confidence import logit
from bot.language.contents import by_paragraph, in_sentence, touch, whole_quotations, without
from bot.language.provenance import Way
from bot.language.slavic_names import WORD
from bot.language.slavic_speakers import Certainty, Speakers, Who
from bot.language.spans import tidy
from bot.language.statements import Found, statement
from bot.language.tagger import Link
from bot.model import Act, Span, Spans, Statement

LANGUAGES = ("uk", "ru")
_SAID = 0.5
"""Least probability of the act at which a cue counts as saying."""
_WEIGHTS = (-4.44, 0.63, 0.94)
"""Logistic regression of "content and source are right" on 96 invented articles that the tagger had not seen:
constant, logit that something was said, logit of the tagger's certainty. On real articles it promises too much."""
_RIGHT_SPEAKER: dict[Certainty, float] = {
    "named": 0.97,
    "inferred": 0.9,
    "guessed": 0.8,
    "described": 0.9,
    "unknown": 0.6,
}
"""Estimated by reading some 500 statements of invented articles; nobody has annotated speakers there."""
_UNCUED = 0.2
_NEIGHBOURS = 6
"""Nested attributions stand close together; comparing all with all would take too long on odd texts."""
_LONGEST_HEAD = 9
"""Words before the colon of a headline "Міністр: …"."""
_SHORT_WORDS = (
    "р|рр|ст|м|с|вул|ул|просп|тис|тыс|млн|млрд|ім|им|г|гг|т|п|д|див|см|напр|ред|прим|обл|грн|руб|дол|долл"
)
_ABBREVIATION = re.compile(rf"(?:\b(?:{_SHORT_WORDS})|\b[A-ZА-ЯЁІЇЄҐ])\.$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…]+[»”“\"')]*(?=\s+[–—-]?\s*[«„“\"(]?[A-ZА-ЯЁІЇЄҐ0-9])|\n\s*")
_THAT = re.compile(r"\W*(?:що|что)\b[\s,:]*(?=\S)", re.IGNORECASE)
_DECLINED = re.compile(
    r"\b(?:відмови|отказа)\w+ (?:від |от )?(?:коментува|коментар|комментир|комментар|відповіда|отвеча|назва|уточн)\w*"
    r"|\b(?:не) (?:ста[влои]\w* )?(?:прокоменту|коменту|прокомменти|комменти|уточн|пояснив|пояснил|назва|розкри"
    r"|раскры|сказав\b|сказал|відпові|ответил|повідоми|сообщил)\w*"
    r"|без коментарів|без комментариев",
    re.IGNORECASE,
)
_UNREAL = re.compile(r"\s(?:б|би|бы)\b")
_PREPOSITION = re.compile(
    r"\s(?:у|в|во|з|із|зі|с|со|на|до|від|от|за|про|о|об|по|для|при|під|под|к|из|без|и|і|й|та)$"
)
_HEAD = re.compile(r"(?P<source>[^:.!?\n]+):\s*[«„“\"–—-]?\s*")
_DIRECT_SPEECH = re.compile(r"(?P<cue>пряма мова|прямая речь|цитата|слова)\s+(?=\w)", re.IGNORECASE)
_NO_HEAD = re.compile(
    r"(?:джерело|источник|деталі|детали|довідка|справка|нагадаємо|напомним|оновлено|обновлено|фото|відео|видео"
    r"|передісторія|предыстория|що передувало|дослівно|дословно|пряма мова$|прямая речь$|цитата$|читайте)\b",
    re.IGNORECASE,
)
"""Words before a colon that name a part of the article."""
_TOLD = re.compile(r"(?<=\w)\s(?:журналіст|журналист|репортер|кореспондент|корреспондент)(?:ам|у|ові)$")
_MARK = re.compile(r"[,.;:!?…()«»„“”\"\n]|$")
_CUE_IN_FRONT = re.compile(r"\b(?:якби|если бы|якщо|если)\s[^,.]{0,60}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Page:
    """A text and what its marks say."""

    text: str
    body_at: int
    quoted: Spans
    ends: list[int]
    """Offsets behind its sentences."""


@dataclass(slots=True)
class _Said:
    """Spans that belong together."""

    source: Span | None
    cue: Spans
    content: list[Span]
    act: Act = "said"
    spoken: float = 1.0
    sure: float = 0.5
    relay: str | None = None
    """The medium that passes it on, where the tagger took that for a statement around it."""

    @property
    def taken(self) -> Spans:
        return (*((self.source,) if self.source else ()), *self.cue, *self.content)


def read(text: str, language: str, *, body_at: int = 0) -> tuple[Statement, ...]:
    """Find who said what in a Ukrainian ("uk") or Russian ("ru") text; ``text[:body_at]`` is its headline.

    Raise ``pipelines.ModelMissing`` where the model's files are not as shipped.
    """
    quoted = quotes.quoted_spans(text)
    page = _Page(text, body_at, quoted, _sentence_ends(text, quoted))
    links = tagger.load(tagger.UKRAINIAN_RUSSIAN).tag(text)
    found = sorted(_utterances(page, links), key=lambda said: min(said.taken))
    speakers = Speakers(text, quoted, language)
    made = []
    for said in _without_tellers(found, text):
        who = speakers.who(said.source, said.cue[0] if said.cue else said.source) if said.source else Who()
        made.append(_statement(page, said, who))
    return tuple(sorted((x for x in made if x.pieces), key=lambda statement: statement.content[0]))


def reader_version(language: str) -> str:
    """Return what is kept with each statement as its reader's name."""
    return f"experimental-{language}/{tagger.model_version(tagger.UKRAINIAN_RUSSIAN)}"


# ── Spans ────────────────────────────────────────────────────────────────────────────────────────────────


def _utterances(page: _Page, links: tuple[Link, ...]) -> list[_Said]:
    found: list[_Said] = []
    for link in links:
        said = _uncued(page, link, found) if link.cue is None else _cued(page, link)
        found += [said] if said is not None and said.content else []
    return found


def _cued(page: _Page, link: Link) -> _Said:
    assert link.cue is not None
    text, quoted = page.text, page.quoted
    cue = _words(text, link.cue.span)
    source = _trimmed(text, _words(text, link.source.span)) if link.source else None
    if source is not None and (touch(source, (cue,)) or not WORD.search(text, *source)):
        source = None
    source = _with_marked_name(text, source, cue, quoted) if source else None
    taken = [cue, *((source,) if source else ())]
    spans = [_words(text, part.span) for part in link.contents]
    spans = by_paragraph(text, spans, cue, quoted, page.body_at)
    spans = without(text, whole_quotations(text, spans, quoted, taken), taken)
    content = [_behind_that(text, _not_dangling(text, tidy(text, span), taken)) for span in spans]
    content = in_sentence(text, cue, [span for span in content if WORD.search(text, *span)], quoted)
    factors = [link.cue.sure, link.source_sure, link.content_sure, min(part.sure for part in link.contents)]
    factors += [link.source.sure] if link.source else []
    sure = math.prod(factors) ** (1 / len(factors))
    return _Said(source, (cue,), content, _act(text, cue, link.said), link.said, sure)


def _words(text: str, span: Span) -> Span:
    """Widen a span that starts or ends inside a word: the tagger reads pieces of words."""
    start, end = span
    line = text.rfind("\n", 0, start) + 1
    for word in WORD.finditer(text, max(line, start - 60), min(len(text), end + 60)):
        if word.start() < start < word.end():
            start = word.start()
        if word.start() < end < word.end():
            end = word.end()
    return start, end


def _with_marked_name(text: str, source: Span, cue: Span, quoted: Spans) -> Span:
    """Take in the name that ends a source: "аналітики проєкту «Мапа»"."""
    behind = text[source[1] : cue[0]].strip()
    name = quotes.following(quoted, source[1] - 1)
    if name is None or not behind or (name[0] - 1, name[1] + 1) != quotes.with_marks(text, name):
        return source
    return (source[0], name[1] + 1) if behind == text[name[0] - 1 : name[1] + 1] else source


def _not_dangling(text: str, span: Span, taken: list[Span]) -> Span:
    """Let a content that breaks off behind a preposition go on to the next mark or span."""
    if not _PREPOSITION.search(text, max(span[0], span[1] - 8), span[1]):
        return span
    stop = _MARK.search(text, span[1])
    limits = [start for start, _ in taken if start >= span[1]]
    return quotes.trim(text, (span[0], min([stop.start() if stop else len(text), *limits])))


def _trimmed(text: str, span: Span) -> Span:
    """Cut loose marks off a source, and the listeners behind it ("мер журналістам")."""
    start, end = quotes.trim(text, span, ",;:–—- ")
    told = _TOLD.search(text, start, end)
    end = told.start() if told else end
    line = text.rfind("\n", start, end)
    return (line + 1, end) if line >= 0 else (start, end)


def _behind_that(text: str, span: Span) -> Span:
    found = _THAT.match(text, *span)
    return (found.end(), span[1]) if found and found.end() < span[1] else span


def _act(text: str, cue: Span, said: float) -> Act:
    if _DECLINED.search(text, max(0, cue[0] - 4), min(len(text), cue[1] + 30)):
        return "declined"
    unreal = _UNREAL.match(text, cue[1]) or _CUE_IN_FRONT.search(text[max(0, cue[0] - 70) : cue[0]])
    return "said" if said >= _SAID and not unreal else "thought"


def _uncued(page: _Page, link: Link, found: list[_Said]) -> _Said | None:
    """Read a line "Міністр оборони: …", and let a quotation go on behind the sentence that introduces it."""
    text = page.text
    content = tidy(text, _words(text, link.contents[0].span))
    whole = whole_quotations(text, [content], page.quoted, [])
    line = text.rfind("\n", 0, content[0]) + 1
    head = _HEAD.fullmatch(text, line, content[0])
    if head and 0 < len(WORD.findall(head["source"])) <= _LONGEST_HEAD and not _NO_HEAD.match(head["source"]):
        words = _DIRECT_SPEECH.match(text, *head.span("source"))
        cue: Spans = (words.span("cue"),) if words else ()
        return _Said(_trimmed(text, (words.end() if words else line, head.end("source"))), cue, whole)
    last = found[-1] if found else None
    if last is None or not quotes.overlapping(page.quoted, whole[0]):
        return None
    if not WORD.search(text, max(end for _, end in last.taken), whole[0][0]):
        last.content += whole
    return None


def _without_tellers(found: list[_Said], text: str) -> list[_Said]:
    """Leave out "the agency reports" around what somebody else said: it is that one's statement, passed on."""
    kept = []
    for number, outer in enumerate(found):
        near = found[max(0, number - _NEIGHBOURS) : number + _NEIGHBOURS + 1]
        inside = [x for x in near if x is not outer and x.cue and touch(x.cue[0], outer.content)]
        medium = text[slice(*outer.source)] if outer.source is not None else ""
        if inside and slavic_ways.is_outlet(medium):
            for inner in inside:
                inner.relay = " ".join(medium.split())
        else:
            kept.append(outer)
    return kept


# ── Sentences ────────────────────────────────────────────────────────────────────────────────────────────


def _sentence_ends(text: str, quoted: Spans) -> list[int]:
    """Offsets behind each sentence of a text; lines end sentences, quotations are never cut."""
    ends = []
    for found in _SENTENCE_END.finditer(text):
        inside = quotes.quotation_at(quoted, found.start())
        cut = inside is not None and found.end() < inside[1]
        short = _ABBREVIATION.search(text[max(0, found.start() - 12) : found.start() + 1])
        if "\n" in found.group() or not (cut or short):
            ends.append(found.end())
    return [*ends, len(text)]


def _sentence(text: str, found: Spans, ends: list[int]) -> Span:
    first, last = min(found)[0], max(end for _, end in found)
    number = bisect_right(ends, first)
    start = ends[number - 1] if number else 0
    return quotes.trim(text, (start, ends[min(bisect_right(ends, last - 1), len(ends) - 1)]))


# ── Statements ───────────────────────────────────────────────────────────────────────────────────────────


def _statement(page: _Page, said: _Said, who: Who) -> Statement:
    text, ends = page.text, page.ends
    sentence = _sentence(text, said.taken, ends)
    source: Spans = (said.source,) if said.source else ()
    way = Way(*slavic_ways.way_here(text, sentence, said.cue, source, said.taken))
    behind = bisect_right(ends, sentence[1])
    following = quotes.trim(text, (sentence[1], ends[min(behind, len(ends) - 1)]))
    verdict = slavic_ways.status_of(text, (sentence, following), source, said.taken, page.quoted)
    relay = said.relay or slavic_ways.relay_of(text, sentence, said.source, said.taken)
    found = Found(said.source, said.cue, tuple(sorted(said.content)), sentence, said.act)
    made = statement(
        text, found, page.quoted, body_at=page.body_at, who=who, way=way, relay=relay, verdict=verdict
    )
    return replace(made, confidence=_confidence(said, who))


def _confidence(said: _Said, who: Who) -> float:
    """Return the probability that content, source and speaker are right, as measured on invented articles."""
    if not said.cue:
        return _UNCUED
    base, spoken, sure = _WEIGHTS
    evidence = base + spoken * logit(said.spoken) + sure * logit(said.sure)
    return round(_RIGHT_SPEAKER[who.certainty] / (1 + math.exp(-evidence)), 2)
