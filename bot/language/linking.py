"""Spans → utterances: which cue whose words belong to, split, nested and many-sentence quotations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.language.cues import cue_words
from bot.language.pipelines import text_of
from bot.language.quotes import WORD, continues, overlapping, quotation_at, with_marks
from bot.language.spans import (
    FREE_BEFORE,
    according,
    content_of,
    is_real,
    is_word,
    noun_phrase,
    quote_before,
    span_of,
    subject_of,
    words_of,
)
from bot.model import Span, Spans

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_NO_SOURCE = frozenset(("there", "what", "this", "that"))
_SHORTEST_ALONE = 5
"""Words of a quotation that is worth showing without a source."""


@dataclass(slots=True)
class Utterance:
    """Spans that belong together, before anyone asks who the speaker is."""

    source: Token | None
    source_span: Span | None
    cue: Spans
    content: list[Span]
    verb: Token | None = None
    """None for "according to" and for quotations without a cue."""
    thought: bool = False

    @property
    def spans(self) -> Spans:
        """All its spans."""
        return (*self.content, *self.cue, *((self.source_span,) if self.source_span else ()))

    @property
    def end(self) -> int:
        """Offset behind its sentence."""
        last = max(end for _, end in self.spans)
        return max(last, self.verb.sent.end_char) if self.verb is not None else last


def utterances_of(doc: Doc, quoted: Spans, body_at: int = 0) -> list[Utterance]:
    """Return the utterances of a parsed text in order; none runs from the headline into the body."""
    found = [*_by_verb(doc, quoted), *_by_according(doc, quoted)]
    for said in found:
        said.content = _whole_quotations(text_of(doc), said.content, quoted)
    claimed = {quote for said in found for span in said.content for quote in overlapping(quoted, span)}
    found += _uncued(doc, found, [quote for quote in quoted if quote not in claimed], body_at)
    return sorted((said for said in found if said.content), key=lambda said: said.content[0])


def _by_verb(doc: Doc, quoted: Spans) -> Iterable[Utterance]:
    words = cue_words()
    verbs = [x for x in doc if x.tag_.startswith("VB") and x.lower_ in words and is_real(x, quoted)]
    before = {verb.i: quote for verb in verbs if (quote := quote_before(verb, quoted))}
    claimed = set(before.values())
    found: dict[int, Utterance] = {}
    for verb in verbs:
        source = subject_of(verb)
        content = content_of(verb, before.get(verb.i), quoted, claimed)
        if not content or (source is not None and _nobody(source)):
            continue
        leader = next((found[x.i] for x in verb.ancestors if x.i in found), None)
        if leader and not any(child.dep_ in ("nsubj", "nsubjpass") for child in verb.children):
            if verb.tag_ == "VBG":
                leader.content = [
                    (a, verb.idx if a < verb.idx < b else b) for a, b in leader.content
                ] + content
                leader.cue += (span_of(verb),)
                continue
            if any(a < verb.idx < b for a, b in leader.content):
                continue  # "X said Y failed and urged Z": who urged is not sure, the words are X's anyway
        if source is not None and (source.lower_ in _NO_SOURCE or not is_word(source)):
            source = None
        if source is not None or any(overlapping(quoted, span) for span in content):
            span = noun_phrase(source, quoted) if source is not None else None
            thought = words[verb.lower_].thought
            found[verb.i] = Utterance(source, span, (span_of(verb),), content, verb, thought)
    return found.values()


def _nobody(source: Token) -> bool:
    """Whether the subject is the writer, the reader or no one."""
    none = any(child.lower_ in ("no", "neither") for child in source.children)
    return none or source.lower_ in ("i", "we", "you", "nobody", "none")


def _by_according(doc: Doc, quoted: Spans) -> Iterable[Utterance]:
    for token in doc:
        if token.lower_ == "according" and not quotation_at(quoted, token.idx):
            parts = according(token, quoted)
            if parts:
                source, span, cue, content = parts
                yield Utterance(source, span, (cue,), content)


def _whole_quotations(text: str, content: list[Span], quoted: Spans) -> list[Span]:
    """Let no quotation be cut, follow one that is reopened in other paragraphs, and join what overlaps."""
    spans = list(content)
    for span in content:
        for quote in overlapping(quoted, span):
            spans.append(with_marks(text, quote))
            number = quoted.index(quote)
            while number and continues(text, quoted[number - 1]):
                number -= 1
                spans.append(with_marks(text, quoted[number]))
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _uncued(doc: Doc, found: list[Utterance], free: list[Span], body_at: int) -> list[Utterance]:
    """Give whole quoted sentences without a cue to the utterance they continue; return the others."""
    text, alone = text_of(doc), []
    waiting = sorted(found, key=lambda said: -said.end)
    leader: Utterance | None = None
    for quote in free:
        opening, closing = with_marks(text, quote)
        while waiting and max(end for _, end in waiting[-1].spans) <= opening:
            candidate = waiting.pop()
            leader = candidate if leader is None or candidate.end >= leader.end else leader
        if not FREE_BEFORE.search(text, max(0, opening - 9), opening) or text[quote[1] - 1] not in ".!?…":
            continue
        if leader and leader.content[0][0] < body_at <= opening:
            leader = None
        if leader and not leader.thought and _follows(text, leader, (opening, closing)):
            leader.content.append((opening, closing))
        elif len(WORD.findall(text, *quote)) >= _SHORTEST_ALONE:
            source = _before_colon(doc, opening)
            span = noun_phrase(source) if source is not None else None
            leader = Utterance(source, span, (), [(opening, closing)])
            alone.append(leader)
    return alone


def _follows(text: str, leader: Utterance, quotation: Span) -> bool:
    """Whether nothing but white space lies between: in its paragraph, or as the whole next paragraph."""
    gap = text[min(leader.end, quotation[0]) : quotation[0]]
    if WORD.search(gap) or gap.count("\n\n") > 1:
        return False
    paragraph_end = text.find("\n\n", quotation[1])
    rest = text[quotation[1] : paragraph_end if paragraph_end >= 0 else len(text)]
    return "\n\n" not in gap or not WORD.search(rest)


def _before_colon(doc: Doc, opening: int) -> Token | None:
    """Return the named subject of a sentence that introduces a quotation: "X was blunt: “…”"."""
    before = text_of(doc)[:opening].rstrip()
    if not before.endswith(":"):
        return None
    sentence = words_of(doc, (len(before) - 1, len(before))).sent
    return next((x for x in sentence if x.dep_ == "nsubj" and x.tag_ == "NNP" and x.idx < opening), None)
