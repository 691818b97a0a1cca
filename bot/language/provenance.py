"""How a statement reached the article: via, audience, relay.

Every answer is made of words that stand in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.knowledge.files import load
from bot.language.contents import without
from bot.language.linking import Utterance, behind_that
from bot.language.pipelines import text_of
from bot.language.quotes import WORD, quotation_at
from bot.language.roles import LISTENERS, is_office
from bot.language.spans import is_word, noun_phrase, span_of, tidy
from bot.model import Span, Spans

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_OUTLET = re.compile(
    r"\b(?:AFP|AP|Al Jazeera|ABC|Associated Press|Axios|BBC|BelTA|Bild|Bloomberg|CBS|CNBC|CNN|Channel|Chronicle|"
    r"Deutsche Welle|Economist|Euractiv|Euronews|Express|FT|Financial Times|Fox|Gazette|Guardian|Herald|"
    r"Independent|Interfax|Journal|Kommersant|Le Figaro|Le Monde|MSNBC|Magazine|Mail|Meduza|Mirror|NBC|NPR|N1|News|"
    r"Newsweek|PAP|Polsat|Post|Press|Politico|Pravda|RBC|RIA|Radio|Reuters|Rossiya|Sky|Spiegel|Sun|Suspilne|TASS|"
    r"TV\w*|Tagesspiegel|Tass|Telegraph|Times|Tribune|Ukrinform|WSJ|Wire|[Aa]gency|broadcaster|channel|daily|magazine|"
    r"media|network|newspaper|outlet|paper|podcast|programme|radio|station|television|website)\b"
)
_NO_OUTLET = re.compile(
    r"\b(?:Assembly|Committee|Commission|Congress|Council|Court|Duma|EU|House|Kremlin|Ministry|NATO|Nato|Parliament|"
    r"Pentagon|Rada|Senate|"
    r"State(?! (?:news|TV|television|media|radio|broadcaster))|UN|U\.N\.|White|parliament|police|press conference)\b"
)
_PLATFORM = re.compile(
    r"\b(?:Facebook|Instagram|Telegram|TikTok|Truth Social|Twitter|VK|WhatsApp|X|YouTube)\b"
)
_SPOKEN = (
    "sa",
    "spoke",
    "speak",
    "talk",
    "announc",
    "declar",
    "explain",
    "repeat",
    "complain",
    "wr",
    "admit",
)
"""How verbs begin that say something "to" somebody."""
_NOBODY = frozenset(("something", "anything", "nothing", "it", "that", "this", "everything", "what"))
_ADDRESSED = ("ask", "assur", "inform", "notif", "tell", "told", "urg", "warn")
_NAME = (
    r"(?:[Tt]he )?[“\"]?(?!(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b(?! [A-Z]))[A-Z][\w.’'-]*"
    r"(?: (?:[A-Z][\w.’'-]*|news|agency|media|television|radio|newspaper|daily|magazine|of|de))*"
)
_PASSED_ON = re.compile(
    rf"(?:^|[,;:—–”\")-]) ?(?:as )?(?P<teller>(?:an )?{_NAME}(?: correspondent)?)(?: news agency| newspaper)? "
    r"(?:has |have )?(?:earlier )?(?P<told>reported|reports|informs|learned|writes from|writes|wrote)\b(?! that\b)"
    r"|, which (?P<quoter>[A-Z][\w.’'-]*(?: [A-Z][\w.’'-]*)*) (?:quotes|cites|quoted|cited)\b"
    r"|\b(?P<how>cited|quoted|carried|reported|published|broadcast|seen|obtained|released) (?:\w+ \w+ )?by "
    rf"(?P<agent>{_NAME}|the portal of the [“\"]\w+[”\"])"
    rf"|\b(?:according to|as told to) (?P<reporter>{_NAME})"
)
_SURELY = frozenset(("reports", "informs", "learned", "writes from", "cited", "quoted", "carried"))
"""Verbs by which somebody passes on another's words, outlet or not."""
_DATELINE = 300
"""Characters in which a dateline names the agency that the article itself is from."""
_WHOLE = re.compile(
    rf"\b(?:[Tt]h(?:is|at)(?:['’]s|\s(?:was|is|has been)) (?:\w+ ){{0,2}}?(?:by|according to) (?P<source>{_NAME})"
    rf"|[Aa]ccording to (?P<agency>{_NAME}), (?:this|the \w+ said this|\w+ said this))"
)
"""A sentence that says where all around it comes from."""
_PRESS = (
    r"(?:the )?(?:[a-z]+ )?(?:reporters|journalists|lawmakers|parliament|delegates|media|press|deputies)\b"
)
_TOLD = re.compile(
    r"\b(?:told|tells|telling|(?:[Ss]peaking|[Tt]alking|[Cc]onversing|spoke|talked|conversation|comments?|remarks?) "
    r"(?:to|with)|(?P<interview>interview(?:ed)? (?:\w+ ){0,3}?(?:with|to|on|for|by|in|at))|"
    r"(?P<loose>(?:[Ss]peaking|spoke|comments?|wrote|writing|said|says|added|asked|appear(?:ed|ance|ing)|"
    r"(?:op-ed|article|column|essay|piece|questionnaire|seen|reviewed|obtained|published)) "
    r"(?:(?:on|in|for|by|to)|published (?:by|in)))) "
    rf"(?P<whom>{_PRESS}|{_NAME})"
)
_OCCASION = re.compile(
    r"\b(?:at|during|in(?! the event)|to|told|addressing) (?P<what>(?!\w+ to )"
    r"(?:(?:an?|the|his|her|their|this|[A-Z]\w*(?:['’]s)?) )(?:[\w'’-]+ ){0,5}?"
    r"(?:[Bb]riefing|[Cc]onference|[Ff]orum|[Ss]ummit|[Rr]ally|[Hh]earing|[Ss]ession|[Bb]reakfast|media scrum|"
    r"(?:(?<=at an )|(?<=at the ))event|meeting with(?= (?:the )?(?:inhabitants|"
    r"residents|reporters|journalists|people|clergy|voters|supporters)))\b"
    r"(?:(?: on| of| for| in) (?:the )?[A-Z][\w-]*(?: (?:[A-Z][\w-]*|and|of))*|(?<=with) (?:the )?(?:inhabitants|"
    r"residents|reporters|journalists|people|clergy|voters|supporters)(?: of [A-Z]\w+)?|"
    r" \"[^\"]{3,60}\")?)"
)
_ADDRESS = re.compile(
    r"\b(?:(?:[Aa]ddress|speech|message|testimony) (?:to|before)|addressed|addressing|"
    r"appeared (?:\w+ \w+ )?before|speaking before|spoke before|in front of) "
    r"(?P<crowd>(?:(?:the|his|her|their|all|an?) )?(?:(?:[a-z]+ ){0,2}of (?:the |a )?)?[A-Za-z][\w-]*"
    r"(?: (?:[A-Z][\w-]*|and|of|the|on|people|nation|public|press|media|clergy|parliament|world|"
    r"(?:[a-z]+ )?committee|[a-z]+s)\b){0,6})"
)
_SPEECH = re.compile(r"\b(?:[Ss]peaking|[Ss]poke|[Aa]ddress\w*|said|says|told|speech|remarks|asked)\b")
_NO_OCCASION = re.compile(
    r"\b(?:next|upcoming|planned|future|follow-up|first|previous|last|joint session of the)\b"
)
_POSTED = re.compile(
    r"\b(?:[Oo]n|via|[Ii]n|to) (?:(?:his|her|its|their|the|an?) )?(?:\w+ ){0,2}?"
    r"(?P<place>(?:Facebook|Instagram|Telegram|TikTok|Truth Social|Twitter|X(?! Jinping)|YouTube)"
    r"(?: (?:channel|account|page|post))?|tweet|social media(?: post)?|video (?:address|message)|website|"
    r"audio message|[Pp]latform X|(?:messaging app )Telegram)\b(?!['’]s)"
)
_TITLE = re.compile(r"\s(?:Dr|Prof|Mr|Mrs|Ms)$")
"""The next sentence's first word, where no space parts the sentences."""
_INNER = frozenset(("said", "says", "told", "announced", "confirmed", "denied", "claimed", "warned"))
_SENTENCE_OR_SO = 200
"""Characters around a statement in which its sentence names who passes it on."""
_NEIGHBOURS = 6
"""Nested attributions stand close together; comparing all with all would take too long on odd texts."""
_PRONOUN = re.compile(r"^(?:he|she|it|they|his|her|its)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Way:
    """How a statement reached the article, and to whom it was made, as printed."""

    via: str | None = None
    audience: str | None = None
    lasts: bool = False
    """It holds for what the same speaker says further on: an interview, a briefing."""


def is_outlet(words: str) -> bool:
    """Whether a phrase looks like a medium: by its words, or because we know the outlet."""
    if _NO_OUTLET.search(words) or words.lower() in ("the media", "media"):
        return False
    return bool(_OUTLET.search(words)) or bool(load().outlet(re.sub(r"^[Tt]he ", "", words)).domain)


def _by_parse(said: Utterance) -> Way:
    via = audience = None
    assert said.verb is not None
    tells = said.verb.lower_.startswith("t")
    for child in said.verb.children:
        noun = child.tag_.startswith(("NN", "PRP")) and child.lower_ not in _NOBODY
        if child.dep_ in ("dobj", "dative", "nsubjpass") and noun and _addressed(said.verb):
            phrase = _phrase(child)
            if said.source_span and said.source_span[0] <= child.idx < said.source_span[1]:
                continue
            outlet = _outlet_in(phrase) or (phrase if _may_be_outlet(child, phrase) else None)
            if outlet or _listens(child):
                via, audience = (outlet, audience) if outlet else (via, phrase)
        elif child.dep_ in ("prep", "dative") and child.lower_ in ("to", "in", "on", "via", "during"):
            via, audience = _adverbial(child, via, audience)
    return Way(via, audience, lasts=via is not None or (tells and _hears(audience or "")))


def way_here(said: Utterance, text: str, sentence: Span) -> Way:
    """Return how and to whom a statement was made, by the verb's objects and adverbials, else by its sentence."""
    way = _by_parse(said) if said.verb is not None else Way()
    printed = printed_way(text, sentence, said.content)
    if way.via is None and way.audience is None:
        return printed
    if way.audience is not None and printed.via is not None and not is_outlet(way.audience):
        return replace(way, via=way.via or printed.via, lasts=True)
    return way


def printed_way(text: str, sentence: Span, content: Sequence[Span]) -> Way:
    """Return how and to whom, by a sentence's words outside what was said."""
    for pattern in (_TOLD, _POSTED, _ADDRESS, _OCCASION):
        for found in pattern.finditer(text, *sentence):
            way = Way() if _touches(found.span(), content) else _way_in(found)
            if way != Way():
                return way
    return Way()


def _way_in(found: re.Match[str]) -> Way:
    """Return what one of the patterns above says."""
    parts = found.groupdict()
    if "place" in parts:
        return Way(via=parts["place"])
    occasion = parts.get("what") or parts.get("crowd")
    if occasion:
        heard = parts.get("what") or _hears(occasion)
        if " to " in occasion or " for " in occasion:  # "in Sampletown for a meeting with"
            return Way()
        return Way() if not heard or _NO_OCCASION.search(occasion) else Way(audience=occasion, lasts=True)
    words = parts["whom"].removesuffix("’s").removesuffix("'s")
    words = _TITLE.sub("", re.split(r"\.(?=\s|[A-Z][a-z])", words)[0]).rstrip(".")
    name = None if re.fullmatch(_PRESS, words) else _outlet_in(words)
    if name:
        return Way(via=name, lasts=True)
    closed = parts["loose"] or parts["interview"]
    return Way() if closed else Way(audience=words, lasts=_hears(words))


def _hears(words: str) -> bool:
    """Whether a phrase names a gathering or a group that one speaks to."""
    return any(word.lower() in LISTENERS for word in WORD.findall(words))


def ways_between(doc: Doc, mentions: Sequence[tuple[int, str]], quoted: Spans) -> list[tuple[int, str, Way]]:
    """Return (offset, who, how) of the sentences that say that somebody spoke to an outlet or at an occasion."""
    text, out = text_of(doc), []
    for pattern in (_TOLD, _ADDRESS, _OCCASION):
        for found in pattern.finditer(text):
            if quotation_at(quoted, found.start()):
                continue
            token = doc.char_span(*found.span(), alignment_mode="expand")
            if token is None:
                continue
            start, end = token[0].sent.start_char, token[0].sent.end_char
            named = {name for at, name in mentions if start <= at < end}
            way = _way_in(found)
            if pattern is _OCCASION and not _SPEECH.search(text, start, end):
                continue
            open_to_all = way.via or _PRONOUN.match(text[start:end].lstrip())
            someone = len(named) == 1 or (not named and open_to_all)
            if way.lasts and someone:  # else whose interview it is would be open
                out.append((found.start(), next(iter(named), ""), way))
    return out


def _outlet_in(words: str) -> str | None:
    """Return the outlet in "CNN's Anna Example" and "the Example Times"; None where there is none."""
    owner = re.match(r"((?:[Tt]he )?[\w .-]+?)['’]s\b", words)
    if owner and is_outlet(owner[1]):
        return owner[1]
    if not is_outlet(words) or words.rsplit(maxsplit=1)[-1].lower() in LISTENERS - {"press", "media"}:
        return None
    name = re.match(_NAME, words)  # "the Example Times of their fears"
    cut = re.sub(r" (?:of|de)$", "", name.group()) if name else ""
    return cut if is_outlet(cut) else words


def relay(utterances: list[Utterance], text: str) -> list[tuple[Utterance, str | None]]:
    """Return the utterances with their relay; one that only passes on another's is left out.

    "X said, the Times reported" is X's, relayed by the Times; "the Times reported, citing officials" is the
    officials', relayed by the Times.
    """
    relayed: dict[int, str] = {}
    passed_on: set[int] = set()
    for number, outer in enumerate(utterances):
        if not outer.source_span:
            continue
        name = " ".join(text[slice(*outer.source_span)].split())
        for inner in utterances[max(0, number - _NEIGHBOURS) : number + _NEIGHBOURS + 1]:
            relays, only = _passes_on(outer, inner, name)
            if relays and outer.verb is None and inner.verb is not None:  # "X said …, according to Y"
                at = outer.cue[0][0]
                inner.content = [tidy(text, (a, at)) if a < at < b else (a, b) for a, b in inner.content]
            if relays:
                relayed[id(inner)] = name
            if only:
                passed_on.add(id(outer))
    kept = [said for said in utterances if id(said) not in passed_on]
    for said in kept:
        outlet = _told_inside(said, text)
        if outlet:
            relayed[id(said)] = outlet
    found = [
        (said, relayed.get(id(said)) or said.relay or _cited(said, text) or _passed_on(said, text))
        for said in kept
    ]
    for said, _ in found:
        _cut_source(said, text)
    return found


def _cut_source(said: Utterance, text: str) -> None:
    """Cut who is cited off what is said: "reported, citing two officials, that …"."""
    if said.source_span is not None:
        rest = without(text, said.content, [said.source_span])
        kept = [tidy(text, behind_that(text, tidy(text, span))) for span in rest]
        said.content = [span for span in kept if WORD.search(text, *span)]


def relay_of_all(text: str) -> str | None:
    """Return whom an article as a whole passes on: "This was reported by the Example Times"."""
    found = list(_WHOLE.finditer(text))
    name = next((x["source"] for x in found if x["source"]), found[0]["agency"] if found else "")
    return name if name and is_outlet(name) else None


def _addressed(verb: Token) -> bool:
    return verb.lower_.startswith(_ADDRESSED)


def _may_be_outlet(head: Token, phrase: str) -> bool:
    """Whether the phrase is an organisation's name and nothing more; single words are too often persons."""
    if _NO_OUTLET.search(phrase) or not (" " in phrase.removeprefix("the ") or phrase.isupper()):
        return False
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
            if not preposition.head.lower_.startswith(_SPOKEN) or not _listens(child):
                continue
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


def _listens(head: Token) -> bool:
    """Whether one can speak to this: a person, a body, an audience."""
    person = is_office(head.lower_) or is_office(head.lower_.removesuffix("s"))
    return head.ent_type_ in ("PERSON", "ORG", "NORP", "GPE") or head.lower_ in LISTENERS or person


def _passes_on(outer: Utterance, inner: Utterance, name: str) -> tuple[bool, bool]:
    """Return whether the outer one's speaker relays the inner statement, and whether it says nothing else."""
    if inner is outer or not outer.source_span:
        return False, False
    if is_outlet(name) and _only_names(outer, inner):  # "X said …, the Times reported"
        return True, True
    if not _overlap(outer, inner) or _PRONOUN.match(name):
        return False, False
    if outer.verb is None and inner.verb is not None:
        return True, True
    nested = _holds(outer, inner) and outer.source_span != inner.source_span
    return nested, nested and (is_outlet(name) or _mostly(outer, inner))


def _only_names(outer: Utterance, inner: Utterance) -> bool:
    """Whether all that the outer one says is the inner one's name."""
    source = inner.source_span
    return source is not None and all(source[0] <= a and b <= source[1] for a, b in outer.content)


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
    if said.source is None or said.source_span is None or not is_outlet(text[slice(*said.source_span)]):
        return None
    for word in said.verb.subtree if said.verb is not None else said.source.sent:
        source = next((x for x in word.children if x.dep_ == "dobj" and is_word(x)), None)
        if word.lower_ in ("citing", "quoting") and source is not None:
            outlet = " ".join(text[slice(*said.source_span)].split())
            said.source, said.source_span = source, noun_phrase(source)
            said.cue += () if span_of(word) in said.cue else (span_of(word),)
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
        rest = WORD.search(text, behind, end)
        if source[0] == start and (rest or said.content[1:]):
            outlet = " ".join(text[slice(*said.source_span)].split())
            that = re.compile(r"\s*that\b").match(text, behind)
            said.source, said.source_span, said.cue, said.verb = subject, source, (span_of(verb),), verb
            said.content[:1] = [tidy(text, (that.end() if that else behind, end))] if rest else []
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
        name = (found["teller"] or found["agent"] or found["reporter"] or found["quoter"]).rstrip(".")
        at = max(found.start(group) for group in ("teller", "agent", "reporter", "quoter"))
        quoted = name.lstrip("Tthe ").startswith(("“", '"'))
        if re.search(rf"\({re.escape(name)}\)", text[:_DATELINE]):
            continue  # the article's own agency: "KYIV, 1 May (Example Agency) –"
        surely = found["quoter"] or found["told"] in _SURELY or found["how"] in _SURELY
        if (is_outlet(name) or quoted or surely) and not _touches(
            (at, at + len(name)), [*said.content, said.source_span]
        ):
            return re.sub(r"[“”\"]|^an | correspondent$", "", name)
    return None


def _behind(text: str, span: Span, start: int, end: int) -> Span:
    """Take "citing two officials, that" off the head of a content."""
    if not span[0] <= start < end < span[1]:
        return span
    that = re.compile(r"\W*that\b").match(text, end)
    return tidy(text, (that.end() if that else end, span[1]))


def _touches(span: Span, taken: Sequence[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in taken)
