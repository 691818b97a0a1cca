"""The front door: one text in, who said what in it out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.language import (
    carrying,
    confidence,
    headlines,
    linking,
    people,
    pipelines,
    provenance,
    quotes,
    reported,
    slavic,
    speakers,
    status,
    tagger,
)
from bot.language.languages import identify
from bot.language.spans import words_of
from bot.language.statements import Found, statement
from bot.language.who import Who
from bot.model import Reading, Span, Spans, Statement

if TYPE_CHECKING:
    from spacy.tokens import Doc

VERSION = "tagger-1"
_NAME_LABELS = frozenset(("PERSON", "ORG", "GPE", "NORP", "LOC", "FAC", "EVENT"))
_MOST_NAMES = 40
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
"""Lone surrogates cannot be encoded, so they can be neither parsed nor stored."""
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class _Marks:
    """What holds for a whole text."""

    quoted: Spans
    body_at: int
    rivals: status.Rivals


def read(
    text: str,
    *,
    body_at: int = 0,
    language: str = "",
    model: str = "auto",
    max_chars: int = 100_000,
    experimental: Collection[str] = (),
) -> Reading:
    """Find who said what in a text; ``text[:body_at]`` is its headline.

    ``language`` is a hint ("en-US"), ``model`` a spaCy pipeline. At most ``max_chars`` characters are read.
    ``experimental`` names languages beside English that are tried all the same ("uk", "ru").
    A language without a reader gives a Reading without statements that says so; the one error is
    ``pipelines.ModelMissing``.
    """
    part = _HALF_CHARACTERS.sub("\ufffd", text[:max_chars])
    found = identify(part[body_at:] if len(part) > body_at + _LONGEST_NAME else part, language)
    if found in experimental and found in slavic.LANGUAGES:
        tried = slavic.read(part, found, body_at=body_at)
        reader = f"{VERSION}/{slavic.reader_version(found)}"
        return Reading(tried, found, capitalised_names(part), len(part), reader)
    if found != "en":
        reason = f"no reader for {found or 'unknown'}"
        return Reading((), found, capitalised_names(part), len(part), VERSION, reason)
    nlp = pipelines.load(model)
    doc = pipelines.parse(nlp, part)
    quoted = quotes.quoted_spans(part)
    known = people.people_of(doc, quoted)
    links = tagger.load().tag(part)
    uttered = linking.utterances_of(doc, links, quoted, body_at)
    uttered += headlines.headlines_of(doc, uttered, known)
    unfolded = reported.unfold(doc, [said for said in uttered if said.content])
    uttered = [said for said in unfolded if not linking.is_scrap(doc, said, quoted)]
    # Linking may leave nothing of a content ("citing two officials"): then nobody said anything.
    relayed = [(said, by) for said, by in provenance.relay(uttered, part) if said.content]
    resolved = speakers.resolve(doc, [said for said, _ in relayed], known)
    spoken = ((said, who.speaker) for (said, _), who in zip(relayed, resolved, strict=True))
    rivals = status.rivals_of(spoken)
    made = (
        _statement(doc, said, who, relay, _Marks(quoted, body_at, rivals))
        for (said, relay), who in zip(relayed, resolved, strict=True)
    )
    between = provenance.ways_between(doc, known.mentions, quoted)
    found_here = carrying.carried(((x, way) for x, way in made if x.pieces), between)
    kept = carrying.relayed(found_here, provenance.relay_of_all(part))
    reader = f"{VERSION}/{nlp.lang}_{nlp.meta['name']}-{nlp.meta['version']}"
    return Reading(kept, found, _names(doc, known), len(part), reader)


def capitalised_names(text: str) -> tuple[str, ...]:
    """Return runs of capitalised words inside sentences: a rough stand-in where there is no parser."""
    counts: Counter[str] = Counter()
    for start, end in quotes.paragraphs(text):
        run: list[str] = []
        behind, first = start, True
        for found in quotes.WORD.finditer(text, start, end):
            word, gap = found.group(), text[behind : found.start()].strip()
            first = first or any(mark in gap for mark in ".!?:…")
            if run and (not word[0].isupper() or gap):
                counts[" ".join(run)] += 1
                run = []
            if word[0].isupper() and not first:
                run.append(word)
            behind, first = found.end(), False
        if run:
            counts[" ".join(run)] += 1
    return tuple(name for name, _ in counts.most_common(_MOST_NAMES) if len(name) <= _LONGEST_NAME)


def _statement(
    doc: Doc, said: linking.Utterance, who: Who, relay: str | None, marks: _Marks
) -> tuple[Statement, provenance.Way]:
    text = pipelines.text_of(doc)
    source: Spans = (said.source_span,) if said.source_span else ()
    sentence = _sentence(doc, (*source, *said.cue, *said.content))
    way = provenance.way_here(said, text, sentence)
    verdict = status.status_of(doc, said, sentence, marks.quoted, marks.rivals)
    printed = said.source_span
    if printed is not None and who.anonymous:
        printed = reported.with_reason(text, printed, said)
    found = Found(printed, said.cue, tuple(said.content), sentence, said.act)
    made = statement(
        text, found, marks.quoted, body_at=marks.body_at, who=who, way=way, relay=relay, verdict=verdict
    )
    return replace(made, confidence=confidence.of_statement(text, said, who)), way


def _sentence(doc: Doc, found: Spans) -> Span:
    """Return the sentences that hold these spans, from the first one's start to the last one's end."""
    start = words_of(doc, min(found)).sent.start_char
    end = words_of(doc, max(found, key=lambda span: span[1])).sent.end_char
    return quotes.trim(pipelines.text_of(doc), (start, end))


def _names(doc: Doc, known: people.People) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for ent in doc.ents:
        name = people.clean_name(ent.text)
        if ent.label_ in _NAME_LABELS and name[:1].isalnum() and len(name) <= _LONGEST_NAME:
            counts[known.full_name(name) if ent.label_ == "PERSON" else name] += 1
    return tuple(name for name, _ in counts.most_common(_MOST_NAMES))
