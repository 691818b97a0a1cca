"""Attributions around an attribution: who is quoted in "Reuters quoted her as saying", and by whom.

The tagger takes the outlet for the speaker, or the quoted person's name for a part of what was said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.language.contents import touch, without
from bot.language.linking import Utterance
from bot.language.pipelines import text_of
from bot.language.quotes import WORD, trim
from bot.language.spans import is_word, noun_phrase, tidy, words_of
from bot.model import Span

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_QUOTES = re.compile(r"(?:has |have |had )?(?:quot|cit)(?:ed|es|ing|e)\b", re.IGNORECASE)
_AS_SAYING = re.compile(
    r"\s+(?P<as>as\s+(?:saying|stating|telling|warning|adding|having said))\b[\s,]*(?:that\b)?"
)
_LONGEST_NAME = 14
"""Words between "quoted" and "as saying"."""
_PASSIVE = re.compile(r"\b(?:quoted|cited)\b", re.IGNORECASE)
_BY = re.compile(
    r"\s*by (?P<by>(?:the |[A-Z][\w.’'-]*)(?: ?(?:[A-Z][\w.’'-]*|news|agency|media|television))*)"
)
_CARRIED = re.compile(
    r",?\s(?:in|as)\s(?:[a-z]+\s){0,3}?(?:carried|cited|published|quoted|broadcast|aired|reported|released)"
    r"\s(?:by|on|in)\s(?P<by>(?:the )?[A-Z][\w.’'-]*(?: (?:[A-Z][\w.’'-]*|news|agency|media|television))*)\W*$"
)
_LOOSE_RELATIVE = re.compile(
    r",?\s+(?:who|whom|whose|which|that|where)(?P<more>(?:\s\w+){1,5})?$", re.IGNORECASE
)
_BREAKS_OFF = re.compile(r"\s+(?:by|on|at|with|in|for|of|to|from|the|a|an)$")
_CLAUSE = re.compile(r"[^.,;:\n“”\"]{0,80}")
_FEW_WORDS = re.compile(r"\s\w+(?:\s\w+){0,2}\s")
_SILENT = re.compile(
    r"\b(?:(?:did|has|have|does|do) not (?:immediately )?(?:yet )?(?P<not>respond(?:ed)?|repl(?:y|ied))"
    r"|(?P<decline>declined|refused))\b(?P<rest> to (?:(?:an?|any|several|repeated|multiple|[\w’']+) ){0,3}?"
    r"(?:requests? for (?:\w+ )?comment|comment\b|questions?\b|emailed questions?)[^.;,\n]{0,60})"
)
_REASON = re.compile(
    r"[,\s]+(?:who\b|speaking\b|on (?:the )?condition\b|requesting\b|asking\b|citing\b)[^.;\n“\"]*?"
    r"(?:anonym|not (?:to )?be(?:ing)? (?:named|identified)|not authori[sz]ed|unauthori[sz]ed|"
    r"want\w* to be (?:named|identified)|"
    r"withh[eo]ld)[^.;\n“\"]*",
    re.IGNORECASE,
)
"""Why somebody has no name: "who asked not to be named because …"."""
_LONGEST_REASON = 200


def unfold(doc: Doc, utterances: list[Utterance]) -> list[Utterance]:
    """Return the utterances with the quoted person for a source and the one who quotes for a relay.

    What an article says about silence ("did not respond to a request for comment") is added as declined.
    """
    text = text_of(doc)
    for said in utterances:
        if said.source_span is not None:
            said.source_span = _unbroken(text, said.source_span, said)
        if not (_quoted_by(doc, said) or _was_quoted(doc, said)):
            _carried(text, said)
    heard = [said for said in utterances if not (said.act == "declined" and _is_silence(text, said))]
    return sorted([*heard, *_silences(doc, heard)], key=lambda said: said.content[0])


def _unbroken(text: str, source: Span, said: Utterance) -> Span:
    """Take a source that breaks off ("residents reached by") on to its cue, or back to its last whole phrase."""
    behind = min((start for start, _ in (*said.cue, *said.content) if start >= source[1]), default=source[1])
    gap = _CLAUSE.match(text, source[1], behind if behind > source[1] else len(text))
    rest = gap.group() if gap else ""
    loose = _LOOSE_RELATIVE.search(text, *source)
    if loose and (rest.strip() or not loose["more"]):
        return (source[0], loose.start())
    breaks = _BREAKS_OFF.search(text, *source)
    if breaks is None:
        return source
    goes_on = bool(_FEW_WORDS.fullmatch(rest)) and behind in {start for start, _ in said.cue}
    return trim(text, (source[0], behind)) if goes_on else (source[0], breaks.start())


def with_reason(text: str, source: Span, said: Utterance) -> Span:
    """Return a nameless source with the printed reason for having no name, where it follows."""
    found = _REASON.match(text, source[1], source[1] + _LONGEST_REASON)
    if found is None:
        return source
    taken = [start for start, _ in (*said.cue, *said.content) if start >= source[1]]
    end = min([found.end(), *taken])
    return (source[0], trim(text, (source[0], end), " ,;–—-")[1]) if end > found.start() + 1 else source


def _quoted_by(doc: Doc, said: Utterance) -> bool:
    """Read "Reuters quoted Anna Example as saying it rained": hers, relayed by Reuters."""
    text = text_of(doc)
    cue = next((cue for cue in said.cue if _QUOTES.match(text, *cue)), None)
    if cue is None or said.source_span is None:
        return False
    found = _AS_SAYING.search(text, cue[1], words_of(doc, cue).sent.end_char)
    name = trim(text, (cue[1], found.start())) if found else (0, 0)
    if found is None or not 0 < len(WORD.findall(text, *name)) <= _LONGEST_NAME:
        return False
    kept = without(text, said.content, [(cue[1], found.end())])
    kept = [tidy(text, span) for span in kept]
    if not kept:
        return False
    said.relay = " ".join(text[slice(*said.source_span)].split())
    said.source, said.source_span, said.content = words_of(doc, name).root, name, kept
    said.cue = (*said.cue, found.span("as"))
    return True


def _was_quoted(doc: Doc, said: Utterance) -> bool:
    """Read "Anna Example was quoted as saying by Reuters": the one who was quoted speaks."""
    text = text_of(doc)
    verb = next((x for cue in said.cue for x in words_of(doc, cue) if _PASSIVE.match(x.text)), None)
    subject = _child(verb, "nsubjpass") if verb is not None else None
    if verb is None or subject is None or not is_word(subject):
        return False
    by = _BY.match(text, said.cue[-1][1])
    agent = _child(verb, "agent")
    quoter = _child(agent, "pobj") if agent is not None else None
    named = by.span("by") if by else noun_phrase(quoter) if quoter is not None else None
    source = noun_phrase(subject)
    taken = [source, *said.cue, *((named,) if named else ()), *((by.span(),) if by else ())]
    kept = [tidy(text, span) for span in without(text, said.content, taken)]
    if not kept and text[: source[0]].rstrip().endswith(","):  # "The road was closed, X was quoted as saying"
        before = tidy(text, (subject.sent.start_char, source[0]))
        kept = [before] if WORD.search(text, *before) else []
    if not kept or touch(source, said.cue):
        return False
    said.source, said.source_span, said.content = subject, source, kept
    said.relay = " ".join(text[slice(*named)].split()).rstrip(".") if named else None
    return True


def _carried(text: str, said: Utterance) -> None:
    """Cut "in comments carried by the Example Agency" off the end of what was said."""
    start, end = said.content[-1]
    found = _CARRIED.search(text, start, end)
    if found and WORD.search(text, start, found.start()):
        said.content[-1] = (start, found.start())
        said.relay = said.relay or found["by"]


def _child(token: Token, label: str) -> Token | None:
    return next((child for child in token.children if child.dep_ == label), None)


def _is_silence(text: str, said: Utterance) -> bool:
    """Whether it is one of the sentences that the rule below divides better."""
    return bool(said.cue) and _SILENT.match(text, said.cue[0][0]) is not None


def _silences(doc: Doc, utterances: list[Utterance]) -> list[Utterance]:
    """Return who did not answer, where the tagger found nothing."""
    text, out = text_of(doc), []
    taken = bytearray(len(text))
    for start, end in (span for said in utterances for span in said.spans):
        taken[start:end] = b"x" * (end - start)
    for found in _SILENT.finditer(text):
        word = found.span("not") if found["not"] else found.span("decline")
        if any(taken[slice(*found.span())]):
            continue
        verb = words_of(doc, word)[0]
        subject = next((x for x in verb.children if x.dep_ == "nsubj"), None)
        if subject is not None and is_word(subject) and subject.idx < found.start():
            cue = (found.start(), found.start("rest"))
            rest = tidy(text, found.span("rest"))
            out.append(Utterance(subject, noun_phrase(subject), (cue,), [rest], verb, "declined"))
    return out
