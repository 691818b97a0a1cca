"""Links → utterances: whole sources, tidy contents, split and many-paragraph quotations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.language.confidence import Signs, signs_of
from bot.language.contents import by_paragraph, in_sentence, touch, whole_quotations, whole_words, without
from bot.language.pipelines import text_of
from bot.language.quotes import PARAGRAPH_BREAK, WORD, overlapping, trim, with_marks
from bot.language.spans import FREE_BEFORE, is_word, noun_phrase, own_subject, subject_of, tidy, words_of
from bot.language.tagger import Link
from bot.model import Act, Span, Spans

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_SHORTEST_ALONE = 5
"""Words of a quotation that is worth showing without a source."""
_PLANS = frozenset(("plan", "plans", "schedule", "the plan", "the schedule"))
_SHORTEST = 3
"""Words that say something even without source and quotation marks."""
_SAID = 0.5
"""Least probability of the act at which a cue counts as saying."""
_CUE_EDGE = ",:;"
"""What is no part of a cue at its edges ("wrote on social media:")."""
_LONGEST_SOURCE = 25
"""Tokens of a source that was widened by the parse; longer ones are misparsed."""
_LONGEST_SHOUTED = 5
"""Words of a source in a headline in capitals."""
_NEAR = 3
"""Utterances back in which the subject of a participle is looked for."""
_PART_OF_NAME = frozenset(("compound", "nmod", "amod", "poss", "nummod", "det"))
_DECLINED = re.compile(
    r"\b(?:declin|refus)\w*\s(?:to\s)?(?:be\s)?"
    r"(?:comment|say|answer|discuss|name|confirm|identif|disclos|elaborat)"
    r"|\b(?:not|n['’]t|unable to|yet to)\s(?:\w+\s){0,2}"
    r"(?:comment|respond|verif|confirm|repl|answer|corroborat|specif|elaborat)"
    r"|\bno\s(?:\w+\s)?comment",
    re.IGNORECASE,
)
_NEEDS_SOURCE = re.compile(r"according|per\b", re.IGNORECASE)
_AUTHORED = re.compile(r"\b(?:wrote|written|writes|published|directed|sang|authored)\b", re.IGNORECASE)
_LONGEST_TITLE, _LONGEST_BEHIND_TITLE = 8, 3
"""Words: of a title, and of "in 2019" behind it."""
_EMPTY = frozenset(
    (
        "this",
        "that",
        "which",
        "who",
        "it",
        "what",
        "so",
        "these",
        "those",
        "them",
        "him",
        "her",
        "us",
        "me",
        "the",
        "something",
        "nothing",
    )
)
"""Words that alone are no content: "announced this"."""
_UNREAL = frozenset(("would", "could", "should", "might", "may", "must", "shall", "wo", "ca", "'d"))
"""Auxiliaries of speech that did not happen."""
_THAT = re.compile(r"\W*that\b[\s,]*(?=\S)", re.IGNORECASE)


_UNKNOWN = Signs()


@dataclass(slots=True)
class Utterance:
    """Spans that belong together, before anyone asks who the speaker is."""

    source: Token | None
    """Head of the source's noun phrase."""
    source_span: Span | None
    cue: Spans
    content: list[Span]
    verb: Token | None = None
    """None for "according to" and for quotations without a cue."""
    act: Act = "said"
    signs: Signs = _UNKNOWN
    """What the tagger was sure of."""
    headed: bool = False
    """A headline with a colon in place of a cue."""
    relay: str | None = None
    """Who quotes it, as printed."""

    @property
    def spans(self) -> Spans:
        """All its spans."""
        return (*self.content, *self.cue, *((self.source_span,) if self.source_span else ()))

    @property
    def end(self) -> int:
        """Offset behind its sentence."""
        last = max(end for _, end in self.spans)
        return max(last, self.verb.sent.end_char) if self.verb is not None else last


def utterances_of(doc: Doc, links: Iterable[Link], quoted: Spans, body_at: int = 0) -> list[Utterance]:
    """Return the utterances of a parsed text in order; none runs from the headline into the body."""
    found: list[Utterance] = []
    for link in links:
        said = _utterance(doc, link, quoted, body_at) if link.cue is not None else None
        if said is None or not said.content or _joins(found, said):
            continue
        if not _is_by_plan(doc, said):
            found.append(said)
    claimed = {quote for said in found for span in said.content for quote in overlapping(quoted, span)}
    found += _uncued(doc, found, [quote for quote in quoted if quote not in claimed], body_at)
    return sorted(found, key=lambda said: said.content[0])


def _utterance(doc: Doc, link: Link, quoted: Spans, body_at: int) -> Utterance:
    assert link.cue is not None
    text = text_of(doc)
    marked = whole_words(text, link.cue.span)
    trimmed = trim(text, marked, _CUE_EDGE)
    cue = trimmed if trimmed[0] < trimmed[1] else marked  # a colon alone may be the cue
    head, source = _source(doc, link, quoted) if link.source else _according_to(doc, cue)
    found = [whole_words(text, part.span) for part in link.contents]
    spans = by_paragraph(text, found, cue, quoted, body_at)
    taken = [cue, *((source, *_appositions(head)) if source else ())]
    spans = without(text, whole_quotations(text, spans, quoted, taken), taken)
    content = [tidy(text, behind_that(text, span)) for span in spans]
    content = [span for span in content if WORD.search(text, *span)]
    words = words_of(doc, cue)
    content = in_sentence(text, cue, content, quoted)
    if _is_title(text, cue, content, quoted):
        content = []
    if all(word.lower() in _EMPTY for span in content for word in WORD.findall(text, *span)):
        content = []
    verb = next((x for x in reversed(words) if x.tag_.startswith("VB") and x.lower_ != "according"), None)
    return Utterance(head, source, (cue,), content, verb, _act(text, link, verb), signs_of(link))


def _joins(found: list[Utterance], said: Utterance) -> bool:
    """Settle a cue without a source of its own: "…, he said, adding that …" goes on with the same statement.

    Returns whether it became part of the utterance before it; else it gets its subject from the parse, where
    there is one.
    """
    if said.verb is None or (
        said.source is not None and said.verb.tag_ != "VBG" and said.verb.dep_ != "conj"
    ):
        return False
    before = next((x for x in reversed(found[-_NEAR:]) if x.verb is not None and x.act == said.act), None)
    same_sentence = before is not None and before.verb is not None and before.verb.sent == said.verb.sent
    same_source = said.source_span is None or (before is not None and said.source_span == before.source_span)
    shares = (
        before is not None
        and said.act == "said"
        and own_subject(said.verb) is None
        and _first_of(said.verb) == before.verb
    )
    goes_on = same_sentence and same_source and (said.verb.tag_ == "VBG" or shares)
    if before is not None and goes_on and before.content < said.content:
        before.content += said.content
        before.cue += said.cue
        return True
    if said.source is not None:
        return False
    passive = said.verb.lower_ in ("quoted", "cited")
    subjects = [child for child in said.verb.children if passive and child.dep_ == "nsubjpass"]
    subject = subjects[0] if subjects else subject_of(said.verb)
    if subject is not None and is_word(subject):
        span = noun_phrase(subject)
        if not touch(span, (*said.cue, *said.content)):
            said.source, said.source_span = subject, span
    if said.source is None:
        said.source_span = _shouted(text_of(said.verb.doc), said)
        said.source = words_of(said.verb.doc, said.source_span).root if said.source_span else None
    if said.source is None and before is not None and same_sentence:
        said.source, said.source_span = before.source, before.source_span
    return False


def _first_of(verb: Token) -> Token | None:
    """Return the verb that a chain of verbs with one subject begins with: "acknowledged …, insisted … and added"."""
    first = verb
    while first.dep_ == "conj" and first.head.i < first.i and own_subject(first) is None:
        first = first.head
    return first if first is not verb else None


def _shouted(text: str, said: Utterance) -> Span | None:
    """Return the words before the cue of a line in capitals, which the parser cannot read: "A SENATOR WARNS"."""
    at = said.cue[0][0]
    start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    if not line.isupper():
        return None
    begin = max(start, text.rfind(", ", start, at) + 1, text.rfind(": ", start, at) + 1)
    span = tidy(text, (begin, at))
    fits = 0 < len(WORD.findall(text, *span)) <= _LONGEST_SHOUTED and not touch(span, said.content)
    return span if fits else None


def _appositions(head: Token | None) -> list[Span]:
    """Return what explains a source and is no content: "according to Anna Example, a lawmaker, …"."""
    found = [x for x in (head.children if head is not None else ()) if x.dep_ == "appos" and x.i > x.head.i]
    return [noun_phrase(x) for x in found]


def _is_by_plan(doc: Doc, said: Utterance) -> bool:
    """Whether the cue is "according to" and names nobody: "according to plan"."""
    text = text_of(doc)
    if not _NEEDS_SOURCE.match(text, said.cue[0][0]):
        return False
    return said.source_span is None or text[slice(*said.source_span)].lower() in _PLANS


def is_scrap(doc: Doc, said: Utterance, quoted: Spans) -> bool:
    """Whether one or two words without quotation marks are all that nobody said."""
    text = text_of(doc)
    words = [word for span in said.content for word in WORD.findall(text, *span)]
    marked = any(overlapping(quoted, span) for span in said.content)
    return said.source_span is None and len(words) < _SHORTEST and not marked


def _act(text: str, link: Link, verb: Token | None) -> Act:
    assert link.cue is not None
    start, end = link.cue.span
    if _DECLINED.search(text, max(0, start - 20), end + 20) or (verb is not None and _is_negated(verb)):
        return "declined"
    unreal = verb is not None and any(x.dep_ == "aux" and x.lower_ in _UNREAL for x in verb.children)
    if not WORD.search(text, start, end):
        return "said"  # a speaker's name and a colon
    return "said" if link.said >= _SAID and not unreal else "thought"


def _is_negated(verb: Token) -> bool:
    """Whether nothing was said: "did not say who", "nobody said", "if he says"."""
    return any(
        child.dep_ == "neg"
        or (child.dep_ == "mark" and child.lower_ in ("if", "whether", "unless"))
        or (child.dep_ == "nsubj" and child.lower_ in ("nobody", "none"))
        for child in verb.children
    )


def _source(doc: Doc, link: Link, quoted: Spans) -> tuple[Token | None, Span | None]:
    """Return the head and the whole noun phrase of a source: "U.S. Vice President N N", not "U.S."."""
    assert link.source is not None
    assert link.cue is not None
    text = text_of(doc)
    whole = whole_words(text, link.source.span)
    start, end = tidy(text, whole)
    if start == end:
        start, end = whole  # "TASS" looks like a dateline
    gap = PARAGRAPH_BREAK.search(text, start, end)
    if gap:  # a headline's last words and the body's first: the cue's paragraph has the source
        start, end = (start, gap.start()) if link.cue.span[0] <= gap.start() else (gap.end(), end)
    if not WORD.search(text, start, end):
        return None, None
    words = words_of(doc, (start, end))
    head = words.root
    while (
        head.dep_ in _PART_OF_NAME
        and head.head.i != head.i
        and head.head.i - head.i < _LONGEST_SOURCE
        and not touch((head.head.idx, head.head.idx + 1), _taken(link))
        and head.head.i > head.i
    ):
        head = head.head
    if head.lower_ in ("who", "which", "that"):
        verb = next((x for x in head.ancestors if x.dep_ == "relcl"), None)
        if verb is not None and verb.head.i < head.i:
            phrase = noun_phrase(verb.head, quoted)
            return verb.head, (phrase[0], min(phrase[1], start)) if phrase[0] < start else (start, end)
    if not is_word(head):
        return words.root, (start, end)
    whole = noun_phrase(head, quoted)
    wider = (min(start, whole[0]), max(end, whole[1]))
    others = [part.span for part in link.contents if not wider[0] <= part.span[0] < part.span[1] <= wider[1]]
    free = others and not touch(wider, (link.cue.span, *others)) and not PARAGRAPH_BREAK.search(text, *wider)
    if free and len(words_of(doc, wider)) <= _LONGEST_SOURCE:
        return head, wider
    return head, (start, end)


def _according_to(doc: Doc, cue: Span) -> tuple[Token | None, Span | None]:
    """Return the named one behind an "according to" for which the tagger found no source."""
    words = words_of(doc, cue)
    if words[-1].lower_ != "to" or not _NEEDS_SOURCE.match(text_of(doc), cue[0]):
        return None, None
    objects = (x for word in words for x in word.children if x.dep_ == "pobj" and x.i > words[-1].i)
    head = next((x for x in objects if x.tag_.startswith("NNP")), None)
    return (head, noun_phrase(head)) if head is not None else (None, None)


def _taken(link: Link) -> Spans:
    assert link.cue is not None
    return (link.cue.span, *(part.span for part in link.contents))


def _is_title(text: str, cue: Span, content: list[Span], quoted: Spans) -> bool:
    """Whether the content is but a title: wrote "The Long Road"."""
    if len(content) != 1 or not _AUTHORED.search(text, *cue) or not overlapping(quoted, content[0]):
        return False
    title = overlapping(quoted, content[0])[0]
    if len(WORD.findall(text, title[1], content[0][1])) > _LONGEST_BEHIND_TITLE:
        return False
    words = WORD.findall(text, *title)
    capitals = [word for word in words if word[0].isupper()]
    return 1 < len(words) <= _LONGEST_TITLE and words[-1][0].isupper() and 2 * len(capitals) > len(words)


def behind_that(text: str, span: Span) -> Span:
    """Cut the introducing "that" off a content."""
    found = _THAT.match(text, *span)
    return (found.end(), span[1]) if found and found.end() < span[1] else span


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
        if leader and leader.act == "said" and _follows(text, leader, (opening, closing)):
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
