"""A group of stored statements → one Quotation, or only a headline where the outlet wants no more. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.knowledge.words import Words
from bot.message.blocks import Link, Quotation, Title
from bot.message.material import Ground, Group
from bot.message.wording import leads, plain, shorten
from bot.model import Article, ArticleState, Statement, StoredStatement

_LONGEST_NAME = 120
_LONGEST_ROLE = 200
_LONGEST_HEADLINE = 300

_TAKES_PERSON = re.compile(r"\b(?:told|tell|inform|assur|remind|warn|brief|urg|ask)\w*$", re.IGNORECASE)
"""Cues that are followed by a person without "to": "told reporters"."""
_PREPOSITIONS = frozenset(("to", "at", "before", "in", "during", "on", "with", "for", "via", "through"))

_PRONOUN = re.compile(
    r"he|she|it|they|we|i|you|who|him|her|them|one|someone|він|вона|воно|вони|ми|он|она|они|мы", re.IGNORECASE
)
_KINDS = ("direct", "mixed", "indirect")

StatementRank = tuple[bool, int, bool, float, datetime, int]


def statement_rank(group: Group) -> StatementRank:
    """Sort key, best first: named, in quotation marks, in the body, sure, early, near its article's top."""
    best = min(group, key=_rank)
    return _rank(best)


def _rank(stored: StoredStatement) -> StatementRank:
    said = stored.statement
    place = said.content[0][0] if said.content else 0
    kind = _KINDS.index(said.kind)
    return not is_named(said), kind, said.headline, -said.confidence, stored.first_seen_at, place


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
    pieces, cut = shorten(said.pieces)
    cue = plain(said.cue_text)
    to = _to(lead, cue, words)
    return Quotation(
        pieces=pieces,
        speaker=_speaker(lead, words),
        role=_role(lead),
        note=words("statement.anonymous") if said.anonymous else "",
        cue=cue,
        to=to,
        when=when,
        status=_status(lead, group, ground),
        links=_links(lead, group),
        cut=cut,
        cue_first=_reads_on(lead, cue) and not to and bool(pieces),
    )


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
    takes_person = bool(_TAKES_PERSON.search(cue))
    audience = clip(plain(stored.statement.audience or ""), _LONGEST_NAME)
    if not audience:
        via = clip(plain(stored.statement.via or ""), _LONGEST_NAME)
        return via if takes_person else ""
    if takes_person or audience.casefold().partition(" ")[0] in _PREPOSITIONS:
        return audience
    return words("statement.to", audience=audience)


def _reads_on(stored: StoredStatement, cue: str) -> bool:
    """Whether the cue stands before words that are no whole quotation and can be read together with them."""
    said = stored.statement
    if said.kind == "direct" or not cue or not said.cue or not said.content or leads(cue):
        return False
    return said.cue[-1][1] <= said.content[0][0]


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
