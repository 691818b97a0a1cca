"""How a statement reached the article and what the article says about it: via, audience, relay, status.

Every answer is made of words that stand in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.language.linking import Utterance
from bot.language.pipelines import text_of
from bot.language.quotes import WORD, quotation_at, trim
from bot.language.spans import is_word, noun_phrase, span_of, tidy
from bot.model import Span, Spans, Status

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_OUTLET = re.compile(
    r"\b(?:AFP|AP|Al Jazeera|ABC|Associated Press|Axios|BBC|Bild|Bloomberg|CBS|CNBC|CNN|Channel|Chronicle|Economist|"
    r"Euronews|Express|FT|Financial Times|Fox|Gazette|Guardian|Herald|Independent|Interfax|Journal|Kommersant|"
    r"Le Figaro|Le Monde|MSNBC|Magazine|Mail|Meduza|Mirror|NBC|NPR|News|Newsweek|Post|Press|Politico|Pravda|RBC|RIA|"
    r"Radio|Reuters|Rossiya|Sky|Spiegel|Sun|Suspilne|TASS|TV|Tass|Telegraph|Times|Tribune|Ukrinform|WSJ|Wire|"
    r"agency|broadcaster|channel|magazine|media|network|newspaper|outlet|paper|podcast|programme|radio|"
    r"station|television|website)\b"
)
_NO_OUTLET = re.compile(
    r"\b(?:Assembly|Committee|Commission|Congress|Council|Court|Duma|EU|House|Kremlin|Ministry|NATO|Nato|Parliament|"
    r"Pentagon|Rada|Senate|State|UN|U\.N\.|White|parliament|police|press conference)\b"
)
_PLATFORM = re.compile(
    r"\b(?:Facebook|Instagram|Telegram|TikTok|Truth Social|Twitter|VK|WhatsApp|X|YouTube)\b"
)
_ADDRESSED = ("ask", "assur", "inform", "notif", "tell", "told", "urg", "warn")
_NAME = r"(?:[Tt]he )?[“\"]?[A-Z][\w.’'-]*(?: (?:[A-Z][\w.’'-]*|news|agency|of|de))*"
_PASSED_ON = re.compile(
    rf"(?:^|[,;:—–”\")]) ?(?:as )?(?P<teller>{_NAME})(?: news agency| newspaper)? (?:has )?"
    r"(?:reported|reports|writes|wrote|learned)\b"
    rf"|\b(?:cited|quoted|reported|published|seen|obtained|released) by (?P<agent>{_NAME})"
    rf"|\b(?:according to|as told to) (?P<reporter>{_NAME})"
)
_TOLD = re.compile(
    rf"\b(?:told|interview(?:ed)? (?:with|to|on|for|by)|(?:speaking|talking|spoke|talked) (?:to|with)) "
    rf"(?P<whom>{_NAME}|(?:[a-z]+ )?(?:reporters|journalists|lawmakers|parliament|delegates))"
)
_POSTED = re.compile(
    r"\b(?:on|via|in a (?:\w+ )?(?:post|message|statement) on|to) (?:(?:his|her|its|their|the) )?(?:\w+ )?"
    r"(?P<place>(?:Facebook|Instagram|Telegram|TikTok|Truth Social|Twitter|X|YouTube)"
    r"(?: (?:channel|account|page))?)\b"
)
_INNER = frozenset(("said", "says", "told", "announced", "confirmed", "denied", "claimed", "warned"))
_SENTENCE_OR_SO = 200
"""Characters around a statement in which its sentence names who passes it on."""
_NEIGHBOURS = 6
"""Nested attributions stand close together; comparing all with all would take too long on odd texts."""
_PRONOUN = re.compile(r"^(?:he|she|it|they|his|her|its)\b", re.IGNORECASE)

_NOUN = r"(?:claim|accusation|allegation|assertion|report|charge|involvement|responsibility)s?\b"
_WHOSE = r"(?:(?:the|this|that|these|those|any|all|such|its|his|her|their)\s)?(?:\w+\s)?"
_CLAIM = rf"(?:(?:it|this|that|them)(?=[.,;!?]|$)|{_WHOSE}{_NOUN})"
_CANNOT = r"(?:(?:could|can|has|have|had|was|were|is|are)\s?(?:not|n['’]t)|cannot|unable to|yet to|no way to)"
_PATTERNS: tuple[tuple[Status, str], ...] = (
    ("unverified", rf"{_CANNOT}\s(?:\w+\s){{0,3}}?(?:verif(?:y|ied)|confirm(?:ed)?|corroborated?)\b"),
    ("unverified", r"\b(?:unverified|unconfirmed)\b|\bimpossible to (?:\w+ )?verify\b"),
    ("retracted", r"\b(?:retracted|withdrew|took back)\s(?:\w+\s)?(?:claim|remark|comment|statement)s?\b"),
    ("denied", rf"\b(?:denie[sd]|denying|rejected|dismissed)\s{_CLAIM}"),
    ("disputed", rf"\b(?:disputed|disputes|contradicted|contradicts|challenged)\s{_CLAIM}"),
    ("confirmed", rf"(?<!not )(?<!nor )(?<!neither )\bconfirmed\s{_CLAIM}"),
)
_STATUS = tuple((status, re.compile(pattern, re.IGNORECASE)) for status, pattern in _PATTERNS)


def is_outlet(words: str) -> bool:
    """Whether a phrase looks like a medium: by its words, for want of a list of all outlets."""
    return bool(_OUTLET.search(words)) and not _NO_OUTLET.search(words)


def way_here(said: Utterance) -> tuple[str | None, str | None]:
    """Return (via, audience) as printed, from the objects and adverbials of the reporting verb."""
    via = audience = None
    if said.verb is None:
        return None, None
    for child in said.verb.children:
        if (
            child.dep_ in ("dobj", "dative", "nsubjpass")
            and child.tag_.startswith("NN")
            and _addressed(said.verb)
        ):
            phrase = _phrase(child)
            body = _is_organisation(child, phrase) and not _NO_OUTLET.search(phrase)
            via, audience = (phrase, audience) if body or is_outlet(phrase) else (via, phrase)
        elif child.dep_ in ("prep", "dative") and child.lower_ in ("to", "in", "on", "via", "during"):
            via, audience = _adverbial(child, via, audience)
    return via, audience


def printed_way(said: Utterance, text: str, sentence: Span) -> tuple[str | None, str | None]:
    """Return (via, audience) by the sentence's words, where the parse does not show them."""
    for found in _TOLD.finditer(text, *sentence):
        name = found["whom"]
        if not _touches(found.span(), said.content):
            return (name, None) if is_outlet(name) else (None, name)
    for found in _POSTED.finditer(text, *sentence):
        if not _touches(found.span(), said.content):
            return found["place"], None
    return None, None


def relay(utterances: list[Utterance], text: str) -> list[tuple[Utterance, str | None]]:
    """Return the utterances with their relay; one that only passes on another's is left out.

    "X said, the Times reported" is X's, relayed by the Times; "the Times reported, citing officials" is the
    officials', relayed by the Times.
    """
    relayed: dict[int, str] = {}
    passed_on: set[int] = set()
    for number, outer in enumerate(utterances):
        for inner in utterances[max(0, number - _NEIGHBOURS) : number + _NEIGHBOURS + 1]:
            if inner is outer or not outer.source_span or not _overlap(outer, inner):
                continue
            name = " ".join(text[slice(*outer.source_span)].split())
            if _PRONOUN.match(name):
                continue
            if outer.verb is None and inner.verb is not None:  # "X said …, according to Y"
                at = outer.cue[0][0]
                inner.content = [tidy(text, (a, at)) if a < at < b else (a, b) for a, b in inner.content]
                relayed[id(inner)] = name
                passed_on.add(id(outer))
            elif _holds(outer, inner) and outer.source_span != inner.source_span:
                relayed[id(inner)] = name
                if is_outlet(name) or _mostly(outer, inner):
                    passed_on.add(id(outer))
    kept = [said for said in utterances if id(said) not in passed_on]
    for said in kept:
        outlet = _told_inside(said, text)
        if outlet:
            relayed[id(said)] = outlet
    return [(said, relayed.get(id(said)) or _cited(said, text) or _passed_on(said, text)) for said in kept]


def status_of(doc: Doc, said: Utterance, sentence: Span, quoted: Spans) -> tuple[Status, Span | None]:
    """Return what the statement's sentence or the next one says about it, with the words that say so."""
    text = text_of(doc)
    taken = (*said.cue, *said.content, *((said.source_span,) if said.source_span else ()))
    following = _next_sentence(doc, sentence[1])
    speaker = text[slice(*said.source_span)].split()[-1] if said.source_span else "\0"
    words = text[slice(*following)]
    of_the_speaker = bool(_PRONOUN.match(words)) or words.startswith((speaker, f"The {speaker}"))
    for status, pattern in _STATUS:
        own = next((x for x in pattern.finditer(text, *sentence) if not _touches(x.span(), taken)), None)
        if own:
            return status, own.span()
        found = pattern.search(text, *following)
        other = status in ("unverified", "retracted") or not of_the_speaker
        if found and other and not quotation_at(quoted, found.start()):
            return status, found.span()
    return "none", None


def _addressed(verb: Token) -> bool:
    return verb.lower_.startswith(_ADDRESSED)


def _is_organisation(head: Token, phrase: str) -> bool:
    """Whether the phrase is an organisation's name and nothing more ("Chancellor Example" is often mistaken)."""
    name = phrase.removeprefix("the ")
    labels = {ent.label_ for ent in head.doc.ents if ent.text.removeprefix("the ") == name}
    return labels == {"ORG"}


def _phrase(head: Token) -> str:
    return " ".join(text_of(head.doc)[slice(*noun_phrase(head))].split())


def _adverbial(preposition: Token, via: str | None, audience: str | None) -> tuple[str | None, str | None]:
    for child in preposition.children:
        if child.dep_ != "pobj" or not is_word(child):
            continue
        phrase = _phrase(child)
        if preposition.lower_ == "to":
            return (phrase, audience) if is_outlet(phrase) else (via, audience or phrase)
        if child.lower_ == "interview":
            partner = next(
                (x for y in child.children if y.lower_ in ("with", "to") for x in y.children), None
            )
            return (_phrase(partner) if partner is not None else via), audience
        platform = _PLATFORM.search(phrase)
        if platform and len(phrase) < 60:  # noqa: PLR2004 - a longer phrase is a misparse
            return phrase if "channel" in phrase or "account" in phrase else platform.group(), audience
    return via, audience


def _mostly(outer: Utterance, inner: Utterance) -> bool:
    """Whether most of what the outer one says is the inner one's words."""
    shared = sum(max(0, min(b, d) - max(a, c)) for a, b in outer.content for c, d in inner.content)
    return 2 * shared > sum(b - a for a, b in outer.content)


def _overlap(outer: Utterance, inner: Utterance) -> bool:
    return bool(outer.cue and inner.cue) and (_holds(outer, inner) or _holds(inner, outer))


def _holds(outer: Utterance, inner: Utterance) -> bool:
    start, end = inner.cue[0]
    return any(a <= start and end <= b for a, b in outer.content)


def _cited(said: Utterance, text: str) -> str | None:
    """Make the cited one the source where an outlet reports "citing" somebody; return the outlet."""
    if said.verb is None or said.source_span is None or not is_outlet(text[slice(*said.source_span)]):
        return None
    for word in said.verb.subtree:
        source = next((x for x in word.children if x.dep_ == "dobj" and is_word(x)), None)
        if word.lower_ in ("citing", "quoting") and source is not None:
            outlet = " ".join(text[slice(*said.source_span)].split())
            said.source, said.source_span = source, noun_phrase(source)
            said.cue += (span_of(word),)
            cited = said.source_span
            content = [_behind(text, span, word.idx, cited[1]) for span in said.content]
            said.content = [span for span in content if not cited[0] <= span[0] < span[1] <= cited[1]]
            return outlet
    return None


def _told_inside(said: Utterance, text: str) -> str | None:
    """Make the inner speaker the source of "officials said the talks had failed, according to Reuters"."""
    if said.source is None or said.source_span is None or not is_outlet(text[slice(*said.source_span)]):
        return None
    start, end = said.content[0]
    words = said.source.doc.char_span(start, end, alignment_mode="contract")
    for verb in words or ():
        subject = next((x for x in verb.children if x.dep_ == "nsubj" and start <= x.idx < verb.idx), None)
        if verb.lower_ not in _INNER or subject is None or not is_word(subject):
            continue
        source, behind = noun_phrase(subject), verb.idx + len(verb)
        if source[0] == start and WORD.search(text, behind, end):
            outlet = " ".join(text[slice(*said.source_span)].split())
            that = re.compile(r"\s*that\b").match(text, behind)
            said.source, said.source_span, said.cue, said.verb = subject, source, (span_of(verb),), verb
            said.content[0] = tidy(text, (that.end() if that else behind, end))
            return outlet
    return None


def _passed_on(said: Utterance, text: str) -> str | None:
    """Return the outlet in ", the Times reported" or "cited by Reuters" beside somebody else's statement."""
    spans = said.spans
    if said.source_span is None or is_outlet(text[slice(*said.source_span)]):
        return None
    first, last = min(a for a, _ in spans), max(b for _, b in spans)
    first = max(0, *(text.rfind(x, 0, first) + len(x) for x in ("\n", ". ", ".” ", '." ')))
    end = re.compile(r"[.!?](?=[\s”\"]|$)|\n").search(text, last)
    stop = min(end.start() if end else len(text), last + _SENTENCE_OR_SO)
    for found in _PASSED_ON.finditer(text, first, stop):
        name = next(x for x in found.groups() if x)
        at = found.start(found.lastgroup or 0)
        if is_outlet(name) and not _touches((at, at + len(name)), [*said.content, said.source_span]):
            return re.sub(r"[“\"]", "", name)
    return None


def _behind(text: str, span: Span, start: int, end: int) -> Span:
    """Take "citing two officials, that" off the head of a content."""
    if not span[0] <= start < end < span[1]:
        return span
    that = re.compile(r"\W*that\b").match(text, end)
    return tidy(text, (that.end() if that else end, span[1]))


def _touches(span: Span, taken: Sequence[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in taken)


def _next_sentence(doc: Doc, end: int) -> Span:
    rest = text_of(doc)[end:]
    start = end + len(rest) - len(rest.lstrip(" \n\t.”\"’'»)"))
    token = doc.char_span(start, start + 1, alignment_mode="expand") if start < len(text_of(doc)) else None
    return trim(text_of(doc), (start, token.sent.end_char)) if token is not None else (end, end)
