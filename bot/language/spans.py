"""Spans of characters and the parse: tokens of a span, a source's whole noun phrase, tidy edges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.language.pipelines import text_of
from bot.language.quotes import overlapping, quotation_at, trim
from bot.model import Span, Spans

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token
    from spacy.tokens import Span as Words

_BELONGS = frozenset(("of", "for", "at", "from", "to"))
"""Prepositions that belong to a source: "head of", "minister for", "ambassador to"."""
_WENT_ON = frozenset(("went", "goes", "continued", "continues", "came"))
_EDGE = ",;:–—- "
_MARKS = '"“”«»„'
_DATELINE = re.compile(
    r"[A-Z][A-Z][A-Z .,]*(?:, \d{1,2} \w+)?(?: \([^)]{2,30}\))?\s*(?:[—–-]\s+|$)"
    r"|[A-Z][a-z]{2,8}\.? \d{1,2} \([A-Z][^)]{1,30}\)\s*(?:[—–-]\s*|$)"
)
_DANGLING = re.compile(r"[\s,]+(?:and|but|or)$")
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


def noun_phrase(head: Token, quoted: Spans = ()) -> Span:
    """Return a source's words: the whole noun phrase with title and apposition, without relative clauses."""
    doc, last = head.doc, head.i
    for child in head.rights:
        loose = child.dep_ == "prep" and child.lower_ not in _BELONGS
        clause = child.dep_ in ("relcl", "acl", "ccomp", "parataxis", "advcl", "npadvmod", "advmod")
        timing = any(x.ent_type_ in ("DATE", "TIME") for x in child.subtree) and child.dep_ != "appos"
        if loose or timing or clause or quotation_at(quoted, child.idx):
            break
        last = child.right_edge.i if child.right_edge.i - head.i < _LONGEST_BEHIND else last
    first = head.left_edge if head.i - head.left_edge.i < _LONGEST_BEFORE else head
    start = head.idx if overlapping(quoted, (first.idx, head.idx)) else first.idx
    return trim(text_of(doc), (start, span_of(doc[last])[1]), _EDGE + _MARKS)


def tidy(text: str, span: Span) -> Span:
    """Cut the dateline, a dangling "and" and loose punctuation off a content."""
    dateline = _DATELINE.match(text, *span)
    start, end = trim(text, (dateline.end() if dateline else span[0], span[1]), _EDGE)
    dangling = _DANGLING.search(text, max(start, end - 9), end)
    return start, dangling.start() if dangling else end


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
