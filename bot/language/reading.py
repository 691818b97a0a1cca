"""The front door: one text in, who said what in it out."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from bot.language import (
    carrying,
    headlines,
    linking,
    people,
    pipelines,
    provenance,
    quotes,
    slavic,
    speakers,
    status,
    tagger,
)
from bot.language.languages import identify
from bot.language.spans import words_of
from bot.model import Reading, Span, Spans, Statement

if TYPE_CHECKING:
    from spacy.tokens import Doc

VERSION = "tagger-1"
_NAME_LABELS = frozenset(("PERSON", "ORG", "GPE", "NORP", "LOC", "FAC", "EVENT"))
_MOST_NAMES = 40
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
"""Lone surrogates cannot be encoded, so they can be neither parsed nor stored."""
_LONGEST_NAME = 60
_WEIGHTS = (-0.72, 0.2, 0.49, 0.62)
"""Logistic regression of "content and source are right" on 98 annotated articles that the tagger had not seen:
constant, logit that something was said, logit of the tagger's certainty, all in quotation marks."""
_RIGHT_SPEAKER: dict[speakers.Certainty, float] = {
    "named": 0.99,
    "fitting": 0.97,
    "inferred": 0.91,
    "guessed": 0.66,
    "described": 0.95,
    "vague": 0.7,
    "unknown": 0.3,
}
"""Share of speakers who are right, or as printed, by how they were found, on 156 annotated war articles."""
_UNCUED = 0.2
_HEADED = 0.75
"""Shares of right ones among quotations without a cue and headlines with a colon."""


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
    uttered.sort(key=lambda said: said.content[0])
    # Linking may leave nothing of a content ("citing two officials"): then nobody said anything.
    relayed = [(said, by) for said, by in provenance.relay(uttered, part) if said.content]
    resolved = speakers.resolve(doc, [said for said, _ in relayed], known)
    made = (
        _statement(doc, said, who, relay, quoted, headline=said.content[0][0] < body_at)
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
    doc: Doc, said: linking.Utterance, who: speakers.Who, relay: str | None, quoted: Spans, *, headline: bool
) -> tuple[Statement, provenance.Way]:
    text = pipelines.text_of(doc)
    content = tuple(said.content)
    source: Spans = (said.source_span,) if said.source_span else ()
    parts = quotes.pieces(text, content, quoted, (*source, *said.cue))
    kind = quotes.kind_of(parts)
    sentence = _sentence(doc, (*source, *said.cue, *content))
    way = provenance.way_here(said, text, sentence)
    verdict, status_span = status.status_of(doc, said, sentence, quoted)
    statement = Statement(
        source=source,
        cue=said.cue,
        content=content,
        sentence=sentence,
        pieces=parts,
        kind=kind,
        source_text=_words(text, source),
        cue_text=_words(text, said.cue),
        sentence_text=_words(text, (sentence,)),
        speaker=who.speaker,
        role=who.role,
        role_span=who.role_span,
        act=said.act,
        anonymous=who.anonymous,
        via=way.via,
        audience=way.audience,
        relay=relay,
        status=verdict,
        status_text=_words(text, (status_span,)) if status_span else None,
        status_span=status_span,
        headline=headline,
        confidence=_confidence(said, who, kind),
    )
    return statement, way


def _confidence(said: linking.Utterance, who: speakers.Who, kind: str) -> float:
    """Return the probability that content, source and speaker are right, as measured on annotated articles."""
    if said.headed:
        return _HEADED
    if not said.cue:
        return _UNCUED
    base, spoken, sure, direct = _WEIGHTS
    evidence = base + spoken * _logit(said.spoken) + sure * _logit(said.sure) + direct * (kind == "direct")
    return round(_RIGHT_SPEAKER[who.certainty] / (1 + math.exp(-evidence)), 2)


def _logit(probability: float) -> float:
    return math.log(max(probability, 1e-3) / max(1 - probability, 1e-3))


def _sentence(doc: Doc, found: Spans) -> Span:
    """Return the sentences that hold these spans, from the first one's start to the last one's end."""
    start = words_of(doc, min(found)).sent.start_char
    end = words_of(doc, max(found, key=lambda span: span[1])).sent.end_char
    return quotes.trim(pipelines.text_of(doc), (start, end))


def _words(text: str, found: Spans) -> str:
    return " ".join(" ".join(text[start:end].split()) for start, end in found)


def _names(doc: Doc, known: people.People) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for ent in doc.ents:
        name = people.clean_name(ent.text)
        if ent.label_ in _NAME_LABELS and name[:1].isalnum() and len(name) <= _LONGEST_NAME:
            counts[known.full_name(name) if ent.label_ == "PERSON" else name] += 1
    return tuple(name for name, _ in counts.most_common(_MOST_NAMES))
