"""What an article says about a statement: unverified, denied, disputed, confirmed, retracted, in its own words.

Only the statement's sentence and the next one count, and the words must be about this statement: a claim is named
("the claim", "the figures"), or words are shared with it. A status that is wrong costs more than one that is missing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.language.linking import Utterance
from bot.language.pipelines import text_of
from bot.language.quotes import WORD, quotation_at, trim
from bot.language.roles import COMMON
from bot.model import Span, Spans, Status

if TYPE_CHECKING:
    from spacy.tokens import Doc

_PRONOUN = re.compile(r"^(?:he|she|it|they|his|her|its)\b", re.IGNORECASE)
_NOUN = (
    r"(?:claim|accusation|allegation|assertion|report|charge|figure|number|account|toll|statement|suggestion|detail|"
    r"information)s?\b"
)
_WHOSE = (
    r"(?:(?:the|this|that|these|those|any|all|either|such|its|his|her|their|[A-Z]\w+['’]s?)\s)(?:\w+\s){0,2}?"
)
_CLAIM = rf"(?:(?:it|this|that|them)(?=[.,;!?]|$| on| in)|{_WHOSE}{_NOUN})"
_CANNOT = r"(?:(?:could|can|has|have|had|was|were|is|are|did|do)\s?(?:not|n['’]t)|cannot|unable to|yet to|no way to)"
_CHECK = r"(?:\w+\s){0,3}?(?:verif(?:y|ied)|confirm(?:ed)?|corroborated?)\b"
_REPEATEDLY = r"(?:(?:has|have|had|was|were|is|are)\s)?(?:(?:\w+ly|also|since|long|again|been)\s){0,2}"
_OWN: tuple[tuple[Status, str], ...] = (
    (
        "unverified",
        (
            r"\bwithout (?:\w+ly )?(?:providing|offering|giving|citing|presenting|any|further|showing)\b"
            r"(?:\s\w+){0,4}?\s?(?:evidence|proof)\b"
        ),
    ),
    (
        "unverified",
        (
            r"\b(?:did not|didn['’]t|has not|have not) (?:\w+ly )?(?:provide|offer|give|present|cite|provided|"
            r"offered)\b(?:\s\w+){0,3}?\s(?:evidence|proof)\b"
        ),
    ),
    (
        "unverified",
        rf"\b(?:which|though|although|but|and|claims?|figures?)\b[^.;]{{0,50}}?\b{_CANNOT}\s{_CHECK}",
    ),
    ("unverified", r"\b(?:unverified|unconfirmed)\b|\bimpossible to (?:\w+ )?verify\b"),
    (
        "denied",
        (
            rf"\b(?:something|which|claims?|accusations?|allegations?|charges?|reports?|assertions?)\b,?"
            rf"(?:(?<!which)\s|\s(?!has\b|have\b|had\b|denie|reject|dismiss))"
            rf"(?:(?!says?\b|said\b)[\w'’-]+\s){{0,6}}?{_REPEATEDLY}(?:denie[sd]|rejects|rejected|dismissed|dismisses|denying)\b"
        ),
    ),
    ("denied", r"\bsomething (?:[\w'’-]+\s){1,4}?(?:called|branded)(?:\s\w+){0,2}?\s[“\"][^”\"]{3,40}"),
    (
        "disputed",
        (
            r"\bfalse(?:ly)? (?:claim\w*|said|says|accus\w*|alleg\w*|sought|assert\w*|suggest\w*|call\w*|threat|"
            r"describ\w*|portray\w*|present\w*|stat\w+)\b"
        ),
    ),
    ("disputed", r"\b(?:disproven|debunked|discredited|baseless|unfounded|unsubstantiated|bogus)\b"),
    ("disputed", r"\b(?:has|have) falsely\b|\bfalsely\b"),
    ("disputed", r"\bcast(?:s|ing)? doubt on\b|\bdespite (?:\w+ ){0,2}evidence\b"),
    (
        "disputed",
        (
            r"\b(?:claim|assertion|allegation|argument)s?,? (?:that )?(?:\w+ ){0,5}?"
            r"(?:disputed|disputes|contradicted|refuted|challenged)\b"
        ),
    ),
)
_NEXT: tuple[tuple[Status, str], ...] = (
    ("unverified", rf"{_CANNOT}\s{_CHECK}"),
    (
        "unverified",
        (
            r"\b(?:did not|didn['’]t|has not|have not) (?:\w+ly )?(?:provide|offer|give|present|cite|provided|"
            r"offered)\b(?:\s\w+){0,3}?\s(?:evidence|proof)\b"
        ),
    ),
    ("unverified", r"\bimpossible to (?:\w+ )?verify\b|\bnot (?:\w+ )?possible to (?:\w+ )?verify\b"),
    ("retracted", r"\b(?:retracted|withdrew|took back)\s(?:\w+\s)?(?:claim|remark|comment|statement)s?\b"),
    ("denied", rf"\b(?:denie[sd]|denying|rejected|rejects|dismissed|dismisses|refuted)\s{_CLAIM}"),
    ("denied", rf"{_NOUN}\s(?:was|were|has been|have been)\s(?:\w+ly )?(?:denied|rejected|dismissed)\b"),
    (
        "disputed",
        rf"\b(?:disputed|disputes|contradicted|contradicts|challenged|questioned|cast doubt on|doubted)\s{_CLAIM}",
    ),
    (
        "disputed",
        (
            r"\b(?:claim|assertion|allegation)s?\b[^.]{0,30}\b(?:false|untrue|baseless|unfounded)\b|"
            r"\bthere (?:is|was|has been) no evidence (?:for|of|to support) (?:this|that|the|his|her|such)\b"
        ),
    ),
    ("confirmed", rf"(?<!not )(?<!nor )(?<!neither )\bconfirmed\s{_CLAIM}"),
)
_OWN_PATTERNS = tuple((status, re.compile(pattern, re.IGNORECASE)) for status, pattern in _OWN)
_NEXT_PATTERNS = tuple((status, re.compile(pattern, re.IGNORECASE)) for status, pattern in _NEXT)
_NAMES_CLAIM = re.compile(
    rf"\b{_NOUN}|^(?:this|that|it|these)\b|\b(?:verify|confirm|corroborate)\s(?:it|this|that|them)\b",
    re.IGNORECASE,
)
"""The next sentence says that it is about a claim, whichever; else words must be shared."""
_STEM, _SHARED = 5, 2
"""Letters that make two words alike; words that two sentences about one thing share."""


def status_of(doc: Doc, said: Utterance, sentence: Span, quoted: Spans) -> tuple[Status, Span | None]:
    """Return what the statement's sentence or the next one says about it, with the words that say so."""
    text = text_of(doc)
    cue = said.cue[-1][1] if said.cue else sentence[0]
    for status, pattern in _OWN_PATTERNS:
        for found in pattern.finditer(text, *sentence):
            inside = any(start <= found.start() < end for start, end in said.content)
            falsely = found.group().lower().startswith(("fals", "has fals", "have fals"))
            at_start = any(
                start == found.start() for start, _ in said.content
            )  # "claimed without evidence that"
            own = any(
                start < found.end() and found.start() < end for start, end in said.cue
            )  # the denier's own words
            if (inside and not at_start) or quotation_at(quoted, found.start()):
                continue
            if found.start() > cue if falsely else own and status != "unverified":
                continue
            return status, found.span()
    following = _next_sentence(doc, sentence[1])
    words = text[slice(*following)]
    speaker = text[slice(*said.source_span)].split()[-1] if said.source_span else "\0"
    of_the_speaker = bool(_PRONOUN.match(words)) or words.startswith((speaker, f"The {speaker}"))
    if not _NAMES_CLAIM.search(words) and len(_stems(words) & _said_stems(text, said)) < _SHARED:
        return "none", None
    for status, pattern in _NEXT_PATTERNS:
        there = pattern.search(text, *following)
        other = status in ("unverified", "retracted") or not of_the_speaker
        if there is None or not other or quotation_at(quoted, there.start()):
            continue
        owner = re.search(r"([A-Z]\w+)['’]s?\s", there.group())
        if owner is None or (said.source_span and owner[1] in text[slice(*said.source_span)]):
            return status, there.span()
    return "none", None


def _stems(words: str) -> frozenset[str]:
    """Return the beginnings of the words that carry meaning."""
    found = (word.lower() for word in WORD.findall(words))
    return frozenset(word[:_STEM] for word in found if len(word) >= _STEM - 1 and word not in COMMON)


def _said_stems(text: str, said: Utterance) -> frozenset[str]:
    return frozenset(stem for start, end in said.content for stem in _stems(text[start:end]))


def _next_sentence(doc: Doc, end: int) -> Span:
    rest = text_of(doc)[end:]
    start = end + len(rest) - len(rest.lstrip(" \n\t.”\"’'»)"))
    token = doc.char_span(start, start + 1, alignment_mode="expand") if start < len(text_of(doc)) else None
    return trim(text_of(doc), (start, token.sent.end_char)) if token is not None else (end, end)
