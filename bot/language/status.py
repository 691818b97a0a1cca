"""What an article says about a statement: unverified, denied, disputed, confirmed, retracted, in its own words.

Only the statement's sentence and the next one count, and the words must be about this statement: a claim is named
("the claim", "the figures"), or words are shared with it. In a sentence of several statements they are about the
nearest. A status that is wrong costs more than one that is missing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.language.linking import Utterance
from bot.language.pipelines import text_of
from bot.language.quotes import WORD, quotation_at, trim
from bot.language.roles import COMMON
from bot.model import Span, Spans, Status

if TYPE_CHECKING:
    from spacy.tokens import Doc

# ── Words of the phrases ─────────────────────────────────────────────────────────────────────────────────

_NOUN = (
    r"(?:claim|accusation|allegation|assertion|argument|report|charge|figure|number|account|toll|statement|"
    r"suggestion|detail|information|story|footage|video|pretext)s?\b"
)
_WHOSE = (
    r"(?:(?:the|this|that|these|those|any|all|both|either|neither|such|its|his|her|their|[A-Z]\w+['’]s?)\s)"
    r"(?:[\w-]+\s){0,2}?"
)
_CLAIM = rf"(?:(?:it|this|that|them)(?=[.,;!?]|$| on| in| as)|{_WHOSE}{_NOUN})"
_CANNOT = (
    r"(?:(?:could|can|has|have|had|was|were|is|are|did|do)\s?(?:not|n['’]t)|cannot|unable to|yet to|no way to|"
    r"neither (?:\w+ )?claims? could)"
)
_CHECK = r"(?:\w+\s){0,3}?(?:verif(?:y|ied)|confirm(?:ed)?|corroborated?|substantiated?|authenticated?)\b"
_REPEATEDLY = r"(?:(?:has|have|had|was|were|is|are)\s)?(?:(?:\w+ly|also|since|later|long|again|been)\s){0,2}"
_DENIED = r"(?:denie[sd]|denying|den(?:y(?=\s))|reject(?:ed|s|ing)?|dismiss(?:ed|es|ing)?|refut(?:ed|es|ing))"
_UNTRUE = (
    r"(?:\w+ly )?[“\"‘']?(?:\w+ly )?(?:false|untrue|baseless|unfounded|groundless|bogus|fabricat\w+|fake|"
    r"misleading|inaccurate|incorrect|disproven|debunked|discredited|lies?\b|a lie\b|nonsense|propaganda|"
    r"disinformation|absurd)"
)
_NO_PROOF = (
    r"\b(?:did not|didn['’]t|has not|have not|hasn['’]t|had not) (?:\w+ly )?(?:provide|offer|give|present|cite|share|"
    r"produce|provided|offered|given|presented|shared|produced)\b(?:\s\w+){0,3}?\s(?:evidence|proof)\b"
    r"(?: of (?:this|that|the|his|her|its|their) claims?)?"
)
_WITHOUT = (
    r"\bwithout (?:(?:\w+ly )?(?:providing|offering|giving|citing|presenting|showing|sharing|any|further)\b"
    r"(?:\s\w+){0,4}?\s?)?(?:evidence|proof)\b"
)
_FALSELY = r"(?:falsely|wrongly|erroneously|misleadingly|inaccurately|baselessly)"


@dataclass(frozen=True, slots=True)
class _Rule:
    status: Status
    pattern: re.Pattern[str]
    names: bool = False
    """The words name the claim themselves, so that no word must be shared with it."""
    before: bool = False
    """Only in front of the cue or at it: "falsely claimed"."""
    behind: bool = False
    """Only behind the statement's words."""
    judges: bool = False
    """The article's own adjective, which may stand in the cue: "repeated baseless claims"."""


def _rule(status: Status, *patterns: str, **where: bool) -> _Rule:
    return _Rule(status, re.compile("|".join(patterns), re.IGNORECASE), **where)


_OWN = (
    _rule("unverified", _WITHOUT),
    _rule("unverified", _NO_PROOF),
    _rule(
        "unverified",
        rf"\b(?:which|though|although|but|and|claims?|figures?|reports?)\b[^.;]{{0,50}}?\b{_CANNOT}\s{_CHECK}",
    ),
    _rule(
        "unverified",
        r"\b(?:unverified|unconfirmed|unsubstantiated|unproven)\b|\bimpossible to (?:\w+ )?verify\b",
        r"\bno (?:immediate |independent |official )confirmation\b",
    ),
    _rule(
        "denied",
        rf"\b(?:something|which|claims?|accusations?|allegations?|charges?|reports?|assertions?|suggestions?)\b,?"
        rf"(?:(?<!which)\s|\s(?!has\b|have\b|had\b|denie|reject|dismiss))"
        rf"(?:(?!says?\b|said\b)[\w'’-]+\s){{0,6}}?{_REPEATEDLY}(?:denie[sd]|rejects|rejected|dismissed|dismisses|denying|refuted)\b",
    ),
    _rule(
        "denied",
        r"\bsomething (?:[\w'’-]+\s){1,4}?(?:called|branded)(?:\s\w+){0,2}?\s[“\"][^”\"]{3,40}",
        rf"\b(?:but|while|although|though|whereas|and)\s(?:(?!and\b|but\b|then\b|later\b|he\b|she\b|it\b|they\b)"
        rf"[\w'’.-]+\s){{1,5}}?{_REPEATEDLY}{_DENIED}\s{_CLAIM}",
        behind=True,
    ),
    _rule(
        "disputed",
        r"\bfalse(?:ly)? (?:claim\w*|said|says|accus\w*|alleg\w*|sought|assert\w*|suggest\w*|call\w*|threat|"
        r"describ\w*|portray\w*|present\w*|stat\w+)\b",
        rf"\b{_FALSELY} (?:claim\w*|said|says|accus\w*|alleg\w*|assert\w*|suggest\w*|call\w*|describ\w*|stat\w+|"
        r"report\w*|announc\w*)\b",
        rf"\b(?:has|have) {_FALSELY} \w+|\b{_FALSELY}\b",
        before=True,
    ),
    _rule(
        "disputed",
        r"\ba (?:[\w-]+ ){0,2}?(?:claim|threat|charge|narrative|accusation|allegation|assertion|pretext)\b"
        rf"[^.;]{{0,60}}?\b{_FALSELY}\b(?: \w+)?",
        r"\ba (?:demonstrably |blatantly )?(?:false|bogus|baseless|misleading) (?:claim|threat|charge|narrative|"
        r"accusation|allegation|assertion|statement)\b",
        r"\b(?:is|was|are|were) (?:\w+ly )?[“\"‘']?(?:false|untrue|baseless|unfounded)\b[”\"’']?",
        behind=True,
    ),
    _rule(
        "disputed",
        r"\b(?:disproven|debunked|discredited|baseless|unfounded|bogus|false(?! flag))\s(?:\w+\s)?(?:claim|"
        r"allegation|rumou?r|accusation|assertion|narrative|report|argument|pretext|conspiracy theor)\w*",
        judges=True,
    ),
    _rule(
        "disputed",
        rf"\bcast(?:s|ing)? doubt on\s{_WHOSE}{_NOUN}",
        r"\bdespite (?:\w+ ){0,3}evidence\b(?: to the contrary\b)?",
    ),
    _rule(
        "disputed",
        r"\b(?:claim|assertion|allegation|argument)s?,? (?:that )?(?:\w+ ){0,5}?"
        r"(?:disputed|disputes|contradicted|refuted|challenged|undermined|belied)\b",
    ),
    _rule(
        "confirmed",
        r"(?:\bwhich|\bsomething|[,–—-]|\ba claim)(?: that)?(?: was| were| has been| have been)?"
        r"(?: \w+){0,2}? ?(?<!not )(?<!n['’]t )\bconfirmed by\b",
        behind=True,
    ),
)
_NEXT = (
    _rule(
        "unverified",
        rf"{_CANNOT}\s(?!be\b|been\b|\w+ly be\b){_CHECK}(?=[.,;]|$)",
        rf"{_CANNOT}\s{_CHECK}(?=\s{_CLAIM})",
        names=True,
    ),
    _rule("unverified", rf"{_CANNOT}\s{_CHECK}"),
    _rule("unverified", _NO_PROOF),
    _rule("unverified", r"\bimpossible to (?:\w+ )?verify\b|\bnot (?:\w+ )?possible to (?:\w+ )?verify\b"),
    _rule(
        "unverified",
        r"^there (?:was|has been|is|were) no (?:immediate|independent|official|further) (?:\w+ )?confirmation\b"
        r"(?!\s(?:of|that)\s(?!the (?:claim|report)|th[ei]s?\b|his|her|its|their))",
        names=True,
    ),
    _rule(
        "retracted",
        r"\b(?:retracted|withdrew|took back|walked back|backtracked on|rowed back on)\s(?:\w+\s)?"
        r"(?:claim|remark|comment|statement|word)s?\b",
        r"\b(?:deleted|removed)\s(?:the|his|her|its|their) (?:post|tweet|message)\b",
        names=True,
    ),
    _rule(
        "disputed",
        rf"\b(?:{_DENIED}|called|branded|described)\s{_CLAIM} as (?:\w+ ){{0,2}}?(?:baseless|unfounded|false)\b",
        rf"\b(?:disputed|disputes|contradicted|contradicts|challenged|questioned|cast doubt on|doubted|debunked|"
        rf"disproved)\s{_CLAIM}",
        rf"{_NOUN}[^.]{{0,30}}\b(?:false|untrue|baseless|unfounded|contradicted by|at odds with)\b",
        r"\bno (?:\w+ ){0,2}?evidence (?:for|of|to support) (?:this|that|the|his|her|its|such|any)"
        rf"(?: (?:{_NOUN}))",
    ),
    _rule(
        "denied",
        rf"\b{_DENIED}\s{_CLAIM}",
        rf"{_NOUN}\s(?:was|were|has been|have been)\s(?:\w+ly )?(?:denied|rejected|dismissed)\b",
        rf"\b(?:called|branded|described|labelled|slammed)\s(?:it|this|{_WHOSE}{_NOUN}) (?:as )?{_UNTRUE}",
    ),
    _rule(
        "disputed",
        r"\b(?:there (?:is|was|has been|were)|seen|found) (?:still )?no evidence(?=[.]|$)",
        names=True,
    ),
    _rule(
        "disputed",
        r"^(?:however|but|yet|in fact|in reality)\b[^.]{0,60}\b(?:no (?:\w+ )?(?:evidence|sign)|(?:there (?:is|are|"
        r"was|were)) (?:\w+ ){0,2}(?:evidence|reports))\b(?: (?:of|that|to support)\b)?",
    ),
    _rule(
        "confirmed",
        rf"(?<!not )(?<!nor )(?<!neither )\bconfirmed\s(?!that[ ,]\w){_CLAIM}",
        rf"^(?:the|this|that|these|his|her|their)?\s?(?:\w+ ){{0,2}}?{_NOUN}[^.;]{{0,45}}?"
        r"(?:was|were|has been|have been) (?:\w+ ){0,2}?(?<!not )confirmed by\b",
    ),
)
_PRONOUN = re.compile(r"^(?:he|she|it|they|his|her|its)\b", re.IGNORECASE)
_NAMES_CLAIM = re.compile(
    rf"\b{_NOUN}|^(?:this|that|it|these)\b|\b(?:verify|confirm|corroborate)\s(?:it|this|that|them)\b",
    re.IGNORECASE,
)
"""The next sentence says that it is about a claim, whichever; else words must be shared."""
_BUT = re.compile(r"(?:however|but|yet|in fact|in reality)\b", re.IGNORECASE)
"""How a sentence begins that contradicts the one before it: then one word shared is enough."""
_FABLE = re.compile(
    r"\b(?:fake news|fakes?|disinformation|hoax(?:es)?|conspiracy theor\w+|false narratives?)\b"
)
"""A source that the article calls no source."""
_ASIDE = re.compile(r"(?:[,–—(-]|\b(?:but|though|although)(?: \w+){0,2})\s*(?:\w+ly )?$")
"""The article's own words at the end of a content are set off: "…, without providing evidence"."""
_OWNER = re.compile(
    rf"([A-Z]\w+)['’]s?\s(?:\w+\s){{0,2}}?(?:{_NOUN})|(?:{_NOUN}) (?:of|by|from) (?:the )?([A-Z]\w+)"
)
_IS_CLAIM = re.compile(_NOUN, re.IGNORECASE)
_LED = re.compile(r"[\s,–—(-]*(?:\b(?:but|though|although)(?: \w+){0,2}\s*)?$")
_ARTICLE = re.compile(r"(?:(?:the|an?|his|her|its|their|this|that)\s)?", re.IGNORECASE)
_LINK = re.compile(r"[^.,;:\n]{0,25}")
_APPOSITION = re.compile(
    r"a (?:[\w-]+ ){0,3}?(?:claim|threat|charge|narrative|accusation|allegation|assertion)\b", re.IGNORECASE
)
_THAT = re.compile(r"[\s,]*that\b\s*", re.IGNORECASE)
_DENIERS: tuple[frozenset[str], ...] = (
    frozenset(("russia", "russian", "russians", "moscow", "kremlin", "putin")),
    frozenset(("ukraine", "ukrainian", "ukrainians", "kyiv", "kiev", "zelensky", "zelenskyy", "zelenskiy")),
    frozenset(("belarus", "belarusian", "minsk", "lukashenko")),
    frozenset(("iran", "iranian", "tehran")),
    frozenset(("china", "chinese", "beijing")),
)
"""Names under which one party is accused and denies."""
_PLAIN_DENIAL = re.compile(
    rf"\b{_REPEATEDLY}denie[sd] (?:any |all )?(?:responsibility|involvement|wrongdoing|being (?:behind|involved)|"
    r"doing so|having done so|playing (?:a|any) (?:part|role)|carrying out)\b",
    re.IGNORECASE,
)
_STEM, _SHARED = 5, 2
"""Letters that make two words alike; words that two sentences about one thing share."""

Rivals = Sequence[tuple[Span, str, Spans]]
"""(cue, speaker, content) of all that was said in a text, in order."""


def rivals_of(utterances: Iterable[tuple[Utterance, str]]) -> Rivals:
    """Return where each speaker's cues stand: in one sentence, a status is the nearest one's."""
    return sorted(
        (cue, who, tuple(said.content)) for said, who in utterances for cue in said.cue if said.act == "said"
    )


def status_of(
    doc: Doc, said: Utterance, sentence: Span, quoted: Spans, rivals: Rivals
) -> tuple[Status, Span | None]:
    """Return what the statement's sentence or the next one says about it, with the words that say so.

    The article's own words at the edge of a content ("…, without providing evidence") are cut off ``said.content``:
    nobody but the article said them.
    """
    status, span = _in_sentence(text_of(doc), said, sentence, quoted, rivals)
    if span is not None:
        said.content = _without_aside(text_of(doc), said.content, span)
        return status, span
    return _in_next(doc, said, sentence, quoted, rivals)


def _in_sentence(
    text: str, said: Utterance, sentence: Span, quoted: Spans, rivals: Rivals
) -> tuple[Status, Span | None]:
    fable = _FABLE.search(text, *said.source_span) if said.source_span else None
    if fable and said.act == "said":
        return "disputed", fable.span()
    last = max(end for _, end in said.content)
    for rule in _OWN:
        for found in rule.pattern.finditer(text, *sentence):
            start, end = found.span()
            if rule.before and not _leads_to(text, found.span(), said.cue):
                continue
            if rule.behind and start < last - 1 and not _at_end(text, said.content, found.span()):
                continue
            # "X denied the claim" is X's own words; "cast doubt on Y's claim" is not Y's.
            own = any(a < end and start < b and not _IS_CLAIM.fullmatch(text, a, b) for a, b in said.cue)
            if own and rule.status != "unverified" and not (rule.before or rule.judges):
                continue
            if _is_said(text, said.content, found.span()) or quotation_at(quoted, start):
                continue
            if _is_by(text, said, found.span()) or not _is_nearest(said, found.span(), sentence, rivals):
                continue
            return rule.status, trim(text, (start, end), " ,–—-")
    return "none", None


def _is_said(text: str, content: Sequence[Span], found: Span) -> bool:
    """Whether the words are part of what was said; not at its edge: "claimed without evidence that …"."""
    start = found[0]
    inside = any(a <= start < b for a, b in content)
    return (
        inside
        and not any(_at_start(text, a, start) for a, _ in content)
        and not _at_end(text, content, found)
    )


def _at_start(text: str, start: int, at: int) -> bool:
    """Whether a content begins with the words: "the baseless claim that …"."""
    return bool(_ARTICLE.fullmatch(text, start, max(start, at)))


def _at_end(text: str, content: Sequence[Span], found: Span) -> bool:
    """Whether the words end a content, set off from it; an apposition ("a claim that …") may go on."""
    start, end = found
    if not (_ASIDE.search(text[max(0, start - 16) : start]) or text[start] in ",–—"):
        return False
    goes_on = bool(_APPOSITION.match(text, start))
    return any(a < start < b and (goes_on or not WORD.search(text, end, b)) for a, b in content)


def _leads_to(text: str, found: Span, cue: Spans) -> bool:
    """Whether the words hold a cue or stand right before one: "falsely claimed", "has falsely sought to present"."""
    return any(
        (a < found[1] and found[0] < b) or (found[1] <= a and _LINK.fullmatch(text, found[1], a))
        for a, b in cue
    )


def _is_by(text: str, said: Utterance, found: Span) -> bool:
    """Whether the speaker is the one who denies: then it is about something else."""
    if said.source_span is None:
        return False
    names = {word for word in WORD.findall(text, *said.source_span) if word[0].isupper()}
    return any(word.removesuffix("’s").removesuffix("'s") in names for word in WORD.findall(text, *found))


def _is_nearest(said: Utterance, found: Span, sentence: Span, rivals: Rivals) -> bool:
    """Whether no other speaker's cue in the sentence stands nearer to the words; a cue in them is the disputer's."""
    first, last = (bisect_left(rivals, (edge, edge), key=lambda rival: rival[0]) for edge in sentence)
    own = min((abs(a - found[0]) for a, _ in said.cue), default=0)
    me = {who for cue, who, _ in rivals[first:last] if cue in said.cue}
    others = [cue for cue, who, _ in rivals[first:last] if who not in me]
    return all(abs(start - found[0]) >= own for start, end in others if end <= found[0] or found[1] <= start)


def _without_aside(text: str, content: list[Span], found: Span) -> list[Span]:
    """Cut the article's words off the edge of a content, where words are left."""
    kept = []
    for start, end in content:
        if start <= found[0] and _at_start(text, start, found[0]):
            that = _THAT.match(text, found[1])
            cut = trim(text, (min(end, that.end() if that else found[1]), end), ",–—- ")
        elif _at_end(text, [(start, end)], found):
            cut = (start, start + len(_LED.sub("", text[start : found[0]])))
        else:
            cut = (start, end)
        kept.append(cut if WORD.search(text, *cut) else (start, end))
    return kept


def _is_of_another(start: int, sentence: Span, rivals: Rivals) -> bool:
    """Whether words of a sentence are about a statement made in that very sentence: "X said it rained, which …"."""
    first, last = (bisect_left(rivals, (edge, edge), key=lambda rival: rival[0]) for edge in sentence)
    before = [content for cue, _, content in rivals[first:last] if cue[1] <= start]
    return any(max(b for _, b in content) <= start for content in before)


def _in_next(
    doc: Doc, said: Utterance, sentence: Span, quoted: Spans, rivals: Rivals
) -> tuple[Status, Span | None]:
    text = text_of(doc)
    following = _next_sentence(doc, sentence[1])
    words = text[slice(*following)]
    speaker = text[slice(*said.source_span)].split()[-1] if said.source_span else "\0"
    of_the_speaker = bool(_PRONOUN.match(words)) or words.startswith((speaker, f"The {speaker}"))
    shared = len(_stems(words) & _said_stems(text, said))
    about = bool(_NAMES_CLAIM.search(words)) or shared >= (1 if _BUT.match(words) else _SHARED)
    for rule in _NEXT:
        there = rule.pattern.search(words) if about or rule.names else None
        other = rule.status in ("unverified", "retracted") or not of_the_speaker
        if there is None or not other or quotation_at(quoted, following[0] + there.start()):
            continue
        if _is_of_another(following[0] + there.start(), following, rivals):
            continue
        owner = _OWNER.search(words, there.start())
        if owner is None or (
            said.source_span and owner[owner.lastindex or 0] in text[slice(*said.source_span)]
        ):
            return rule.status, (following[0] + there.start(), following[0] + there.end())
    denial = _PLAIN_DENIAL.search(words)
    if denial and not of_the_speaker and not quotation_at(quoted, following[0] + denial.start()):
        deniers = _parties(words[: denial.start()])
        accused = {party for start, end in said.content for party in _parties(text[start:end])}
        if deniers & accused - _parties(text[slice(*said.source_span)] if said.source_span else ""):
            return "denied", (following[0] + denial.start(), following[0] + denial.end())
    return "none", None


def _parties(words: str) -> set[frozenset[str]]:
    """Return the parties named in some words."""
    found = {word.lower().removesuffix("’s").removesuffix("'s") for word in WORD.findall(words)}
    return {party for party in _DENIERS if found & party}


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
