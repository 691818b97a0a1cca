"""A group of stored statements → one Quotation, or only a headline where the outlet wants no more. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from bot.knowledge.words import Words
from bot.message.blocks import Link, Quotation, Title
from bot.message.material import Ground, Group, is_sure
from bot.message.readable import in_full, uttered
from bot.message.wording import leads, plain, shorten
from bot.model import Article, ArticleState, Statement, StoredStatement

_LEAD = 700
"""Characters from an article's beginning in which everything is about its subject."""
_STEM = 5
_WORD = re.compile(r"[^\W\d_]{4,}")
_SMALL = frozenset(
    (
        *(
            "about",
            "after",
            "against",
            "amid",
            "been",
            "before",
            "from",
            "have",
            "into",
            "more",
            "near",
            "over",
        ),
        *("said", "says", "than", "that", "their", "this", "what", "when", "where", "will", "with"),
        *("після", "через", "перед", "проти", "сказав", "заявив", "после", "против", "сказал", "заявил"),
    )
)
"""Words of headlines that tell nothing of their subject."""
_LONGEST_NAME = 120
_LONGEST_ROLE = 200
_LONGEST_HEADLINE = 300

_TAKES_PERSON = re.compile(r"\b(?:told|tell|inform|assur|remind|warn|brief|urg|ask)\w*$", re.IGNORECASE)
"""Cues that are followed by a person without "to": "told reporters"."""
_OCCASION = re.compile(
    r"\b(?:conference|briefing|forum|summit|rally|hearing|session|event|meeting|breakfast|scrum)\b"
    r"(?! (?:participants|attendees|delegates))",
    re.IGNORECASE,
)
_PREPOSITIONS = frozenset(("to", "at", "before", "in", "during", "on", "with", "for", "via", "through"))

_PRONOUN = re.compile(
    r"he|she|it|they|we|i|you|who|him|her|them|one|someone|він|вона|воно|вони|ми|он|она|они|мы", re.IGNORECASE
)
_KINDS = ("direct", "mixed", "indirect")

StatementRank = tuple[bool, bool, bool, int, bool, float, datetime, int]


def statement_rank(group: Group) -> StatementRank:
    """Sort key, best first: surely read, named, to the point, in quotation marks, in the body, sure, early."""
    best = min(group, key=_rank)
    return _rank(best)


def _rank(stored: StoredStatement) -> StatementRank:
    said = stored.statement
    place = said.content[0][0] if said.content else 0
    kind = _KINDS.index(said.kind)
    unsure, unnamed, aside = not is_sure(said), not is_named(said), not fits(stored)
    return unsure, unnamed, aside, kind, said.headline, -said.confidence, stored.first_seen_at, place


def fits(stored: StoredStatement) -> bool:
    """Whether a statement is about what its article is about, as its headline says.

    What stands near the top is. Further down articles turn to other things, and what is said there counts only
    when it shares a word with the headline: a story about a fire is not told by "sign it this afternoon".
    """
    said = stored.statement
    if said.headline or not said.content or said.content[0][0] < _LEAD:
        return True
    about = _stems(stored.title)
    return not about or any(about & _stems(piece.text) for piece in said.pieces)


@lru_cache(maxsize=4096)
def _stems(words: str) -> frozenset[str]:
    """The beginnings of a line's longer words: "depot" and "depots" are one."""
    found = (word.casefold() for word in _WORD.findall(words))
    return frozenset(word[:_STEM] for word in found if word not in _SMALL)


def is_named(said: Statement) -> bool:
    """Whether a source has a name or a description of its own: not anonymous, not just "he"."""
    return bool(said.speaker) and not said.anonymous and not _PRONOUN.fullmatch(said.speaker)


def leader(group: Group, ground: Ground) -> StoredStatement | None:
    """The statement whose words are shown: the best one that its outlet lets us show; None when there is none."""
    allowed = [stored for stored in group if ground.policy(stored.outlet) == "excerpt"]
    return min(allowed, key=_rank) if allowed else None


def speaker_key(group: Group, ground: Ground) -> tuple[str, ...]:
    """What tells speakers apart: a name; for somebody without one the words and the article as well.

    "The ministry" of two articles may be two ministries, and two officials are hardly ever one.
    """
    best = min(group, key=_rank)
    said = best.statement
    name = ground.people.get(said.speaker, said.speaker)
    if is_named(said) and name[0].isupper() and not name.casefold().startswith("the "):
        return (name.casefold(),)
    return (name.casefold(), str(best.article_id), *(() if name else (best.id,)))


def quotation(group: Group, *, ground: Ground, words: Words, when: str = "") -> Quotation | None:
    """Return the group as one Quotation with its speaker and all its links; None where no outlet allows it."""
    lead = leader(group, ground)
    if lead is None:
        return None
    said = lead.statement
    printed = plain(said.cue_text)
    to = _to(lead, printed, words)
    reads_on = _reads_on(lead, printed) and not to
    cues, whole = in_full(said, reads_on=reads_on)
    pieces, cut = shorten(whole)
    cue = "" if cues.casefold() in _PREPOSITIONS else plain(cues)
    return Quotation(
        pieces=pieces,
        speaker=_speaker(lead, words),
        role=_role(lead),
        note=_note(said, words),
        cue=cue,
        to=to if reads_on else " ".join(part for part in (to, uttered(said)) if part),
        when=when,
        status=_status(lead, group, ground),
        links=_links(lead, group),
        cut=cut,
        cue_first=reads_on and bool(cue and pieces),
        unsure=not is_sure(said),
    )


def _note(said: Statement, words: Words) -> str:
    """What we add to a source in our own words: that it has no name, that the reader may have got it wrong."""
    notes = [words("statement.anonymous")] if said.anonymous else []
    notes += [] if is_sure(said) else [words("statement.unsure")]
    return ", ".join(notes)


def _speaker(stored: StoredStatement, words: Words) -> str:
    said = stored.statement
    name = plain(said.source_text or said.speaker) if said.anonymous else plain(said.speaker)
    if not name:
        return words("statement.nobody")
    return clip(name, _LONGEST_NAME)


def _role(stored: StoredStatement) -> str:
    """The role as this article prints it; left out where the name already says it."""
    role = plain(stored.statement.role or "")
    return "" if role.casefold() in stored.statement.speaker.casefold() else clip(role, _LONGEST_ROLE)


def _to(stored: StoredStatement, cue: str, words: Words) -> str:
    told = takes_person(cue)
    audience = clip(plain(stored.statement.audience or ""), _LONGEST_NAME)
    if not audience:
        via = clip(plain(stored.statement.via or ""), _LONGEST_NAME)
        return via if told else ""
    if told or audience.casefold().partition(" ")[0] in _PREPOSITIONS:
        return audience
    return words("statement.at" if _OCCASION.search(audience) else "statement.to", audience=audience)


def takes_person(cue: str) -> bool:
    """Whether a cue is followed by a person without "to": "told reporters"."""
    return bool(_TAKES_PERSON.search(cue))


def _reads_on(stored: StoredStatement, cue: str) -> bool:
    """Whether the cue stands before words that are no whole quotation and can be read together with them."""
    said = stored.statement
    if said.kind == "direct" or not cue or not said.cue or not said.content or leads(cue):
        return False
    return said.cue[0][1] <= said.content[0][0]


def _status(lead: StoredStatement, group: Group, ground: Ground) -> str:
    """The status words as printed: of the article shown, else of another that carries it, with its name."""
    if lead.statement.status_text:
        return plain(lead.statement.status_text)
    for stored in group:
        if stored.statement.status_text and ground.policy(stored.outlet) == "excerpt":
            return f"{plain(stored.statement.status_text)} ({plain(stored.outlet)})"
    return ""


def _links(lead: StoredStatement, group: Group) -> tuple[Link, ...]:
    """One link for each way the words came to us; the article shown first, then by time."""
    chains: dict[str, Link] = {}
    for stored in (lead, *sorted(group, key=lambda stored: stored.first_seen_at)):
        chains.setdefault(chain(stored).casefold(), Link(chain(stored), stored.url))
    return tuple(chains.values())


def chain(stored: StoredStatement) -> str:
    """The way a statement came to us: "Sample Post ← Example Times"; the outlet alone when it was there itself."""
    outlet = clip(plain(stored.outlet), _LONGEST_NAME)
    origin = clip(plain(stored.statement.relay or stored.statement.via or ""), _LONGEST_NAME)
    origin = origin.rstrip(".,;: ")
    bare = origin[4:] if origin.casefold().startswith("the ") else origin
    return outlet if not bare or _same_outlet(bare, outlet) else f"{outlet} ← {bare}"


def _same_outlet(first: str, second: str) -> bool:
    return first.casefold().removeprefix("the ") == second.casefold().removeprefix("the ")


# ── Articles whose words are not shown ───────────────────────────────────────────────────────────────────


def article_line(
    article: Article,
    *,
    ground: Ground,
    words: Words,
    names: Iterable[str] = (),
    when: str = "",
    silent: bool = False,
) -> Title:
    """Return one article as a linked line, as far as its outlet's policy goes.

    ``excerpt`` and ``headline`` show the headline and the speakers' names, ``link`` the link alone. ``silent``
    adds the language of an article without statements: often that is why there are none.
    """
    outlet = clip(plain(article.outlet), _LONGEST_NAME)
    headline = clip(plain(article.title), _LONGEST_HEADLINE)
    if ground.policy(article.outlet) == "link" or not headline:
        return Title(words("story.untitled", outlet=outlet), level=3, aside=when, url=article.url)
    aside = [when, outlet]
    if article.state is ArticleState.TO_READ:
        aside.append(words("story.to_read"))
    if article.state is ArticleState.UNREADABLE:
        aside.append(words("story.unreadable"))
    known = sorted({plain(name) for name in names if name})
    if silent and article.language:
        aside.append(words.tongue(article.language))
    if known:
        aside.append(words("story.names", names=words.several(known)))
    return Title(headline, level=3, aside=" · ".join(part for part in aside if part), url=article.url)


def names_by_article(groups: Sequence[Group]) -> dict[int, set[str]]:
    """The named speakers of each article."""
    names: dict[int, set[str]] = {}
    for group in groups:
        for stored in group:
            if is_named(stored.statement):
                names.setdefault(stored.article_id, set()).add(stored.statement.speaker)
    return names


def clip(text: str, longest: int) -> str:
    """Return a name or headline, ended by ``…`` at a word's end when it is longer than a person would print."""
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    return f"{head.rpartition(' ')[0] or head}…"
