"""Where the source, the cue and the content of an utterance stand, read off spaCy's parse and the marks.

A first version, untuned: one verb of the cue table (or "according to") at a time; ``linking`` joins them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.language.cues import cue_words
from bot.language.pipelines import text_of
from bot.language.quotes import WORD, following, overlapping, preceding, quotation_at, trim, with_marks
from bot.model import Span, Spans

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token
    from spacy.tokens import Span as Words

_UNREAL = frozenset(
    ("would", "could", "should", "might", "may", "must", "will", "shall", "can", "to", "wo", "ca")
)
_WENT_ON = frozenset(("went", "goes", "continued", "continues", "came"))
_FIRST_PERSON = ("me", "us", "you")
_FINITE = ("MD", "VBD", "VBZ", "VBP")
_EDGE = ",;:–—- "
_MARKS = '"“”«»„'
_INTRODUCES = re.compile(r"(?:^|[,:—–-]|\bthat)\s*$")
_EMPTY = re.compile(r"\W*(?:this|that(?:['’]s)?|it|so|them|him|her|what|as much|those)\W*", re.IGNORECASE)
_DATELINE = re.compile(r"[A-Z][A-Z][A-Z .,]*(?:, \d{1,2} \w+)?(?: \([^)]{2,30}\))?\s*[—–-]\s+")
_DANGLING = re.compile(r"[\s,]+(?:and|but|or)$")
_AND_THEN = re.compile(r",? ?(?:and|but|or|that)\b[^.!?:\n]{0,50}$")
_LONGEST_GAP = 250
_LONGEST_BEFORE, _LONGEST_BEHIND = 20, 40
"""Tokens of a noun phrase before and behind its head; longer ones are misparsed."""

FREE_BEFORE = re.compile(r"(?:^|[.!?:…][\"”’»)]*)\s*$")
"""What stands before a quotation that is a sentence of its own."""


def words_of(doc: Doc, span: Span) -> Words:
    """Return the tokens that a span of characters touches."""
    words = doc.char_span(*span, alignment_mode="expand")
    assert words is not None, f"{span} lies outside the text"
    return words


def span_of(token: Token) -> Span:
    """Return a token's characters."""
    return token.idx, token.idx + len(token)


def is_word(token: Token) -> bool:
    """Whether a token has a letter or digit: in odd texts the parser takes marks for nouns."""
    return any(character.isalnum() for character in token.text)


def own_subject(verb: Token) -> Token | None:
    """Return the subject nearest to the verb: a misparsed quotation may lend it a second one."""
    subjects = [child for child in verb.children if child.dep_ == "nsubj"]
    return min(subjects, key=lambda child: abs(child.i - verb.i), default=None)


def subject_of(verb: Token) -> Token | None:
    """Return the head of the phrase that names who says it, through conjunctions, participles and relatives."""
    own = own_subject(verb)
    if own is not None:
        return verb.head if own.tag_ in ("WP", "WDT") and verb.dep_ == "relcl" else own
    if any(child.dep_ in ("nsubjpass", "auxpass") for child in verb.children):
        return next((x for child in verb.children if child.dep_ == "agent" for x in child.children), None)
    head = verb.head.head if verb.dep_ in ("pcomp", "prep") else verb.head
    if head.lower_ in ("quoted", "cited"):
        return next((child for child in head.children if child.dep_ in ("nsubjpass", "nsubj")), None)
    linked = verb.dep_ == "conj" or verb.tag_ == "VBG" or (verb.dep_ == "xcomp" and head.lower_ in _WENT_ON)
    return subject_of(head) if linked and head.i < verb.i and head.tag_.startswith("VB") else None


def noun_phrase(head: Token, quoted: Spans = ()) -> Span:
    """Return a source's words: the whole noun phrase with title and apposition, without relative clauses."""
    doc, last = head.doc, head.i
    for child in head.rights:
        timing = child.dep_ == "prep" and any(x.ent_type_ in ("DATE", "TIME") for x in child.children)
        clause = child.dep_ in ("relcl", "ccomp", "parataxis", "advcl")
        if timing or clause or quotation_at(quoted, child.idx):
            break
        last = child.right_edge.i if child.right_edge.i - head.i < _LONGEST_BEHIND else last
    first = head.left_edge if head.i - head.left_edge.i < _LONGEST_BEFORE else head
    start = head.idx if overlapping(quoted, (first.idx, head.idx)) else first.idx
    return trim(text_of(doc), (start, span_of(doc[last])[1]), _EDGE + _MARKS)


def is_real(verb: Token, quoted: Spans) -> bool:
    """Whether the verb reports speech that happened: no negation, wish, order or condition."""
    gerund = verb.tag_ == "VBG" and verb.dep_ in ("xcomp", "pcomp", "csubj")
    if quotation_at(quoted, verb.idx) or (gerund and verb.head.lower_ not in ("as", "by")):
        return False
    if verb.tag_ == "VBN" and not any(child.dep_ in ("aux", "auxpass") for child in verb.children):
        return verb.dep_ == "conj"
    for child in verb.children:
        word = child.lower_
        if child.dep_ == "neg" or (child.dep_ == "mark" and word in ("if", "whether", "unless")):
            return False
        if child.dep_ == "aux" and (word in _UNREAL or word[1:] in ("d", "ll")):
            return word == "to" and verb.head.lower_ in _WENT_ON
    return True


def quote_before(verb: Token, quoted: Spans) -> Span | None:
    """Return the quotation that ends right before the reporting clause, if it belongs to it."""
    text, start = text_of(verb.doc), _clause_start(verb)
    quote = preceding(quoted, start)
    if quote is None or cue_words()[verb.lower_].thought:
        return None
    gap, last = text[with_marks(text, quote)[1] : start], text[quote[1] - 1]
    if WORD.search(gap) or "\n\n" in gap or not (last in ",.!?…—-" or set(gap) & set(",–—-")):
        return None
    return None if last not in ",—-" and "," not in gap and _right_clause(verb) else quote


def content_of(verb: Token, before: Span | None, quoted: Spans, claimed: set[Span]) -> list[Span]:
    """Return what the verb reports: the quotation before it, the clause or quotation behind it.

    ``claimed`` holds quotations that belong to other verbs, and grows by the one taken here.
    """
    doc, text, word, start = verb.doc, text_of(verb.doc), cue_words()[verb.lower_], _clause_start(verb)
    spans: list[Span] = []
    if before:
        opening, closing = with_marks(text, before)
        sentence = words_of(doc, before).sent.start_char
        whole = FREE_BEFORE.search(text, max(0, opening - 9), opening) or sentence >= opening
        spans.append((opening if whole else sentence, closing))
    right = _right_clause(verb)
    if (
        right
        and not before
        and all(text[:at].rstrip().endswith(",") for at in (start, right[0].left_edge.idx))
    ):
        right = []  # "The plan failed, X said, the agency has learned."
        spans.append((verb.sent.start_char, start))
    if right and (not before or right[0].dep_ == "ccomp"):
        spans.append((_clause_words(right[0], verb), _reach(text, span_of(right[-1].right_edge)[1], quoted)))
    after = following(quoted, verb.idx)
    if after and after not in claimed and not word.thought and _belongs_after(verb, after):
        spans.append(with_marks(text, after))
        claimed.add(after)
    if not spans and word.clause:
        spans = _around(verb, start)
    spans = [tidy(text, span) for span in spans]
    spans = [span for span in spans if WORD.search(text, *span) and not _EMPTY.fullmatch(text, *span)]
    whole_clause = word.clause and not before and not (right and right[0].dep_ != "ccomp")
    return [] if spans and whole_clause and _is_fragment(doc, spans, quoted) else spans


def according(token: Token, quoted: Spans) -> tuple[Token, Span, Span, list[Span]] | None:
    """Return source, its span, cue and content of an "according to", or None where there is no content."""
    text = text_of(token.doc)
    source = next((x for child in token.children if child.lower_ == "to" for x in child.children), None)
    if source is None or source.lower_ == "plan" or not is_word(source):
        return None
    phrase = noun_phrase(source, quoted)
    clause = token.head
    while not clause.tag_.startswith("VB") and clause.head.i != clause.i:
        clause = clause.head
    around = ((clause.left_edge.idx, token.idx), (phrase[1], span_of(clause.right_edge)[1]))
    content = [tidy(text, trim(text, span, _EDGE + ".")) for span in around if span[0] < span[1]]
    content = [span for span in content if WORD.search(text, *span) and not _EMPTY.fullmatch(text, *span)]
    return (source, phrase, (token.idx, token.idx + len("according to")), content) if content else None


def tidy(text: str, span: Span) -> Span:
    """Cut the dateline, a dangling "and" and loose punctuation off a content."""
    dateline = _DATELINE.match(text, *span)
    start, end = trim(text, (dateline.end() if dateline else span[0], span[1]), _EDGE)
    dangling = _DANGLING.search(text, max(start, end - 9), end)
    return start, dangling.start() if dangling else end


def _clause_start(verb: Token) -> int:
    """Offset of the reporting clause: its subject or its verb, whichever comes first."""
    own = own_subject(verb)
    starts = [child.left_edge.idx for child in verb.children if child.dep_ in ("aux", "nsubjpass")]
    starts += [own.left_edge.idx] if own is not None else []
    return min([verb.idx, *(start for start in starts if "\n\n" not in text_of(verb.doc)[start : verb.idx])])


def _right_clause(verb: Token) -> list[Token]:
    word = cue_words()[verb.lower_]
    clauses = [x for x in verb.rights if word.clause and x.dep_ == "ccomp"]
    if any(x.dep_ in ("dobj", "dative") and x.lower_ in _FIRST_PERSON for x in verb.children):
        return []  # without marks, "told me that" is mostly somebody's own tale
    taken = [x for x in verb.rights if {x.dep_, x.lower_} & word.takes]
    return clauses or [x for x in verb.rights if taken and (x in taken or x.dep_ in ("dobj", "dative"))]


def _clause_words(clause: Token, verb: Token) -> int:
    """Offset of a clause's first word, behind the introducing "that"."""
    first = clause.left_edge
    if first.tag_ in (",", ":") and first.i < clause.i and first.nbor().lower_ == "that":
        first = first.nbor()
    if first.dep_ == "mark" and first.lower_ == "that":
        first = first.nbor()
    return max(first.idx, span_of(verb)[1])


def _reach(text: str, end: int, quoted: Spans) -> int:
    """Stretch a clause to a quotation that the parse cut off: "the mood was bad and “nobody” came"."""
    quote = following(quoted, end)
    return quote[1] if quote and _AND_THEN.match(text, end, with_marks(text, quote)[0]) else end


def _belongs_after(verb: Token, quote: Span) -> bool:
    doc, text = verb.doc, text_of(verb.doc)
    gap = text[span_of(verb)[1] : with_marks(text, quote)[0]]
    if len(gap) > _LONGEST_GAP or "\n\n" in gap or re.search(r"[a-z]\.\s", gap):
        return False
    own = own_subject(verb)
    inside_subject = own is not None and own.left_edge.idx < quote[0] < span_of(own.right_edge)[1]
    between = [x for x in doc[verb.i + 1 : verb.i + 60] if x.idx < quote[0] and x.tag_.startswith("VB")]
    words = WORD.findall(text, *quote)
    title = not gap.strip() and len(words) > 1 and words[0][0].isupper() and words[-1][0].isupper()
    if title or inside_subject or any(x.lower_ in cue_words() for x in between):
        return False  # a title: he wrote "The Long Road"
    announced = cue_words()[verb.lower_].clause or bool(set(gap) & {",", ":"})  # he began “an operation”
    return announced and bool(_INTRODUCES.search(gap))


def _around(verb: Token, start: int) -> list[Span]:
    """Return the content of a trailing or inserted clause, as in "The plan, he said, is thin"."""
    left = [child for child in verb.lefts if child.dep_ == "ccomp"]
    if left:
        return [(max(left[0].left_edge.idx, verb.sent.start_char), start)]
    inserted = (
        verb.dep_ in ("parataxis", "ccomp", "advcl") and verb.head.i != verb.i and verb.lower_ != "saying"
    )
    if not inserted or not text_of(verb.doc)[:start].rstrip().endswith((",", "—", "–")):
        return []
    spans = [(verb.head.left_edge.idx, start)] if verb.head.left_edge.idx < start else []
    tail = verb.doc[verb.right_edge.i + 1 : verb.head.right_edge.i + 1]
    if len(tail) and not any(x.lower_ in cue_words() and x.tag_.startswith("VB") for x in tail):
        spans.append((tail.start_char, tail.end_char))
    return spans


def _is_fragment(doc: Doc, content: list[Span], quoted: Spans) -> bool:
    """Whether unquoted content is no clause of its own: without a verb, or starting with one."""
    if any(overlapping(quoted, span) for span in content):
        return False
    tags = [word.tag_ for span in content for word in words_of(doc, span)]
    return tags[0] in _FINITE or not any(tag in (*_FINITE, "VB", "VBN") for tag in tags)
