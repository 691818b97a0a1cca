"""Results of questions → Messages: dated statements, one story, search hits, sources. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.knowledge.words import Words
from bot.message.blocks import Action, Actions, Block, Link, Links, Message, Quotation, Text, Title, Tone
from bot.message.digest import quotations, story_title, unsearched
from bot.message.material import Ground, Group, StoryMaterial
from bot.message.quoting import article_line, quotation
from bot.message.ranking import by_rank
from bot.message.wording import plain
from bot.model import Article, ArticleState, StoredStatement

_ARTICLE_LINES = 10
"""Articles of a story that are listed; the rest is counted."""


def said(
    speaker: str,
    groups: Sequence[Group],
    *,
    ground: Ground,
    words: Words,
    narrowed: Sequence[str] = (),
    skip: int = 0,
    limit: int = 12,
) -> Message:
    """Return one page of a speaker's statements, the newest first: on a phone the top is what is read.

    ``groups`` are all that were found; each is dated by its article and carries the role printed there.
    ``narrowed`` says in words what else the question asked for.
    """
    period = words.period(ground.since, ground.until, zone=ground.zone, now=ground.now)
    ordered = sorted(groups, key=dated, reverse=True)
    page = ordered[skip : skip + limit]
    if not page:
        return _nothing_said(speaker, ground, words, narrowed, period, more=bool(skip))
    articles = {stored.article_id for group in groups for stored in group}
    counts = words("said.counts", statements=len(groups), articles=len(articles), period=period)
    blocks: list[Block] = [Title(speaker, aside=counts)]
    if narrowed:
        blocks.append(Text(words("said.narrowed", by=", ".join(narrowed)), tone="muted"))
    # Of an outlet that shows headlines only, each article is one line, however many statements it holds.
    blocks += dict.fromkeys(_dated(group, speaker, ground, words) for group in page)
    blocks.append(_next_steps(len(ordered) - skip - len(page), "action.more_statements", words))
    return Message(tuple(blocks))


def dated(group: Group) -> tuple[datetime, int]:
    """When a statement reached the public, as far as we know, to sort by.

    Its article's own date, unless that lies in the future of our first sight of it: such dates are mistakes.
    """
    return min((_date(stored), stored.serial) for stored in group)


def _date(stored: StoredStatement) -> datetime:
    return min(stored.published_at or stored.first_seen_at, stored.first_seen_at)


def _dated(group: Group, speaker: str, ground: Ground, words: Words) -> Block:
    when = words.moment(dated(group)[0], ground.zone, ground.now)
    full = quotation(group, ground=ground, words=words, when=when)
    if full is None:
        return article_line(_article(group[0]), ground=ground, words=words, when=when)
    if full.speaker.casefold() != speaker.casefold():
        return full
    return replace(full, speaker="")


def _article(stored: StoredStatement) -> Article:
    """The article a statement stands in, as far as a line about it needs it."""
    return Article(
        id=stored.article_id,
        url=stored.url,
        outlet=stored.outlet,
        title=stored.title,
        state=ArticleState.READ,
        first_seen_at=stored.first_seen_at,
    )


def _nothing_said(
    speaker: str, ground: Ground, words: Words, narrowed: Sequence[str], period: str, *, more: bool
) -> Message:
    if more:
        return Message((Text(words("said.no_more", speaker=speaker, period=period)),))
    by = f"{speaker} ({', '.join(narrowed)})" if narrowed else speaker
    line = words("said.nothing", speaker=by, period=period, articles=ground.articles, outlets=ground.outlets)
    return Message((Text(line + unsearched(ground, words)),))


def story(
    material: StoryMaterial, *, ground: Ground, words: Words, skip: int = 0, limit: int = 12
) -> Message:
    """Return one story: its headline, who said what in it, and every article with its outlet and time."""
    ranked = by_rank(material.groups, ground)
    page = ranked[skip : skip + limit]
    blocks: list[Block] = [story_title(material, ground, words, level=1)]
    if skip and not page:
        return Message((blocks[0], Text(words("story.no_more"))))
    if not material.groups:
        blocks.append(Text(words("story.none_said"), tone="muted"))
    blocks += quotations(page, ground, words)
    left = len(ranked) - skip - len(page)
    if not skip:
        blocks.append(Title(words("story.articles"), level=2))
        blocks += _articles(material.story.articles, ground, words)
    blocks.append(_next_steps(left, "action.more_statements", words))
    return Message(tuple(blocks))


def _articles(articles: Sequence[Article], ground: Ground, words: Words) -> list[Block]:
    shown: list[Block] = [
        article_line(
            article,
            ground=ground,
            words=words,
            when=words.moment(article.first_seen_at, ground.zone, ground.now),
        )
        for article in articles[:_ARTICLE_LINES]
    ]
    rest = len(articles) - len(shown)
    return [*shown, Text(f"…{words('action.more_articles', n=rest)}", tone="muted")] if rest else shown


def search(
    text: str,
    groups: Sequence[Group],
    articles: Sequence[Article],
    *,
    total: int,
    ground: Ground,
    words: Words,
    skip: int = 0,
    limit: int = 12,
) -> Message:
    """Return one page of hits: statements first, best first, then articles that matched without one."""
    period = words.period(ground.since, ground.until, zone=ground.zone, now=ground.now)
    quoted = {stored.article_id for group in groups for stored in group}
    others = [article for article in articles if article.id not in quoted]
    hits: list[Group | Article] = [*groups, *others]
    page = hits[skip : skip + limit]
    if not page:
        return _nothing_found(text, ground, words, period, more=bool(skip))
    counts = words("search.counts", articles=total, period=period)
    blocks: list[Block] = [Title(words("search.title", text=plain(text)), aside=counts)]
    blocks += [_hit(hit, ground, words) for hit in page]
    blocks.append(_next_steps(len(hits) - skip - len(page), "action.more_hits", words))
    return Message(tuple(blocks))


def _hit(hit: Group | Article, ground: Ground, words: Words) -> Block:
    if isinstance(hit, Article):
        when = words.moment(hit.first_seen_at, ground.zone, ground.now)
        return article_line(hit, ground=ground, words=words, when=when)
    when = words.moment(dated(hit)[0], ground.zone, ground.now)
    full = quotation(hit, ground=ground, words=words, when=when)
    return full or article_line(_article(hit[0]), ground=ground, words=words, when=when)


def _nothing_found(text: str, ground: Ground, words: Words, period: str, *, more: bool) -> Message:
    if more:
        return Message((Text(words("search.no_more", text=plain(text), period=period)),))
    line = words(
        "search.nothing", text=plain(text), period=period, articles=ground.articles, outlets=ground.outlets
    )
    return Message((Text(line + unsearched(ground, words)),))


def _next_steps(left: int, more_key: str, words: Words) -> Actions:
    more = [Action(words(more_key, n=left), "more")] if left > 0 else []
    return Actions((*more, Action(words("action.links"), "links")))


# ── About an answer ──────────────────────────────────────────────────────────────────────────────────────


def links(answer: Message, words: Words) -> Message:
    """Return the sources of an answer: each article it named, once, with outlet, headline and address."""
    outlets: dict[str, str] = {}
    headlines: dict[str, str] = {}
    for block in answer.blocks:
        if isinstance(block, Title) and block.url:
            headlines.setdefault(block.url, block.text)
            outlets.setdefault(block.url, "")
        elif isinstance(block, Quotation):
            for link in block.links:
                outlets[link.url] = outlets.get(link.url) or link.label
    found = tuple(
        Link(" · ".join(part for part in (outlet, headlines.get(url, "")) if part), url)
        for url, outlet in outlets.items()
        if url
    )
    if not found:
        return Message((Text(words("links.none")),))
    return Message((Title(words("links.title")), Links(found)))


def problem(
    cause: str, next_steps: Sequence[str] = (), suggestions: Sequence[str] = (), *, words: Words
) -> Message:
    """Return what went wrong, what was perhaps meant, and what to do next, in as many sentences."""
    line = plain(cause)
    more: list[Block] = [Text(plain(step), tone="muted") for step in next_steps]
    if suggestions:
        line += f" {did_you_mean(suggestions, words)}"
        names = [plain(name) for name in suggestions]
        more.append(Actions(tuple(Action(name, name) for name in names), meant=True))
    tone: Tone = "warning"
    return Message((Text(line, tone=tone), *more))


def did_you_mean(names: Sequence[str], words: Words) -> str:
    """Return "Did you mean talks or strikes?"."""
    *first, last = [plain(name) for name in names]
    offered = words("error.or", first=", ".join(first), last=last) if first else last
    return words("error.did_you_mean", names=offered)
