"""Stories → a digest: who said what, all sides heard, cut to what a phone shows. Pure.

Nothing is worded here but the frame: headlines, names, roles, cues and words are the articles' own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from bot.knowledge.words import Words
from bot.message.blocks import Action, Actions, Block, Divider, Message, Quotation, Text, Title
from bot.message.material import CONFIDENCE_FLOOR, DigestMaterial, Ground, Group, StoryMaterial
from bot.message.paging import parts
from bot.message.quoting import article_line, clip, leader, names_by_article, quotation
from bot.message.ranking import by_rank, by_speaker, deal, origins, ranked_stories
from bot.message.wording import plain
from bot.model import Article

__all__ = ["DigestMaterial", "Ground", "Group", "StoryMaterial", "choose", "compose", "parts"]

Style = Literal["who-said-what", "brief"]

_BRIEF = 2
"""Statements of each story in the brief style."""
_ARTICLE_LINES = 3
"""Articles of one story that are listed by headline only."""
_LONGEST_HEADLINE = 300


def choose(
    material: DigestMaterial,
    *,
    earlier: Sequence[int] = (),
    limit_stories: int = 5,
    floor: float = CONFIDENCE_FLOOR,
) -> tuple[StoryMaterial, ...]:
    """Return the stories of the next page, most important first: ``earlier`` holds the ids shown before."""
    ranked = ranked_stories(material.stories, floor)
    return tuple(story for story in ranked if story.story.id not in earlier)[:limit_stories]


def compose(
    material: DigestMaterial,
    *,
    style: Style,
    words: Words,
    earlier: Sequence[int] = (),
    limit_stories: int = 5,
    limit_statements: int = 12,
    floor: float = CONFIDENCE_FLOOR,
) -> Message:
    """Return the digest, or one honest line when there is nothing (more) to show.

    Stories are numbered on from ``earlier``, the ids of those on earlier pages, so that "story 7" stays what a
    reader saw. At most ``limit_stories`` stories and ``limit_statements`` statements are shown.
    """
    ground = material.ground
    every = ranked_stories(material.stories, floor)
    page = choose(material, earlier=earlier, limit_stories=limit_stories, floor=floor)
    if not page:
        return nothing(material, words, more=bool(earlier))
    quotable = [[group for group in story.groups if leader(group, ground)] for story in page]
    wanted = [min(_BRIEF, len(groups)) if style == "brief" else len(groups) for groups in quotable]
    shares = deal(wanted, limit_statements)
    blocks: list[Block] = [_opening(material, every, words, continued=bool(earlier))]
    for number, (story, groups, share) in enumerate(
        zip(page, quotable, shares, strict=True), len(earlier) + 1
    ):
        chosen = by_rank(groups, ground)[:share]
        blocks += _story(story, chosen, number, ground, words)
        blocks += _hidden(len(groups) - len(chosen), number, words)
    blocks += [Divider(), Text(balance(every, ground, words), tone="muted")]
    left = len(every) - len(page) - sum(story.story.id in earlier for story in every)
    blocks.append(_next_steps(left, words))
    return Message(tuple(blocks))


def _next_steps(left: int, words: Words) -> Actions:
    more = words("action.more_stories", n=left)
    return Actions((*([Action(more, "more")] if left > 0 else []), Action(words("action.links"), "links")))


def _hidden(count: int, number: int, words: Words) -> list[Block]:
    """How many statements of a story are not shown, and how to see them."""
    if count <= 0:
        return []
    return [Actions((Action(words("action.more_statements", n=count), f"story {number}"),))]


def nothing(material: DigestMaterial, words: Words, *, more: bool = False) -> Message:
    """Return the one line that says there is nothing: what was searched, what was not, which feeds were down."""
    ground = material.ground
    period = words.period(ground.since, ground.until, zone=ground.zone, now=ground.now)
    if more:
        return Message((Text(words("digest.no_more", topic=material.topic, period=period)),))
    line = words(
        "digest.nothing",
        topic=material.topic,
        period=period,
        articles=ground.articles,
        outlets=ground.outlets,
    )
    return Message((Text(f"{line}{unsearched(ground, words)}"),))


def unsearched(ground: Ground, words: Words) -> str:
    """Return what an empty answer must add, as sentences with a space before each: unread articles, feeds down."""
    gaps = [gap[0].upper() + gap[1:] for gap in _gaps(ground, words)]
    return "".join(f" {gap}." for gap in gaps)


def _gaps(ground: Ground, words: Words) -> list[str]:
    gaps = []
    if ground.failing:
        names = words.several([plain(name) for name in ground.failing])
        gaps.append(words("balance.failing", feeds=len(ground.failing), names=names))
    if ground.to_read:
        gaps.append(words("balance.to_read", articles=ground.to_read))
    if ground.unreadable:
        gaps.append(words("balance.unreadable", articles=ground.unreadable))
    return gaps


def _opening(
    material: DigestMaterial, stories: Sequence[StoryMaterial], words: Words, *, continued: bool
) -> Title:
    ground = material.ground
    articles = [article for story in stories for article in story.articles]
    counts = words(
        "digest.counts",
        articles=len(articles),
        outlets=len({article.outlet for article in articles}),
        stories=len(stories),
        statements=sum(len(story.groups) for story in stories),
    )
    period = words.period(ground.since, ground.until, zone=ground.zone, now=ground.now)
    aside = [period, words("digest.continued")] if continued else [period, counts]
    return Title(plain(material.topic), aside=" · ".join(aside))


# ── One story ────────────────────────────────────────────────────────────────────────────────────────────


def _story(
    material: StoryMaterial, chosen: Sequence[Group], number: int, ground: Ground, words: Words
) -> list[Block]:
    blocks: list[Block] = [story_title(material, ground, words, number=number)]
    blocks += quotations(chosen, ground, words)
    blocks += _withheld(material, ground, words) if chosen else _silent(material, ground, words)
    return blocks


def story_title(
    material: StoryMaterial, ground: Ground, words: Words, *, number: int = 0, level: Literal[1, 2] = 2
) -> Title:
    """Return a story's headline with its outlets, origins and who had it first.

    The headline is one that its outlet lets us show; where none does, the outlet's name stands for it.
    """
    story = material.story
    articles = story.articles or material.articles
    open_titles = [
        article.title for article in articles if ground.policy(article.outlet) != "link" and article.title
    ]
    if not articles or story.headline in open_titles:
        headline = story.headline
    else:
        headline = open_titles[0] if open_titles else words("story.untitled", outlet=articles[0].outlet)
    source = next(
        (article for article in articles if article.title == headline), articles[0] if articles else None
    )
    first, at = story.first_outlet, words.moment(story.first_seen_at, ground.zone, ground.now)
    if len(story.outlets) > 1:
        aside = words(
            "story.aside", outlets=len(story.outlets), origins=origins(story), first=plain(first), at=at
        )
    else:
        aside = words("story.aside_one", first=plain(first), at=at)
    return Title(
        clip(plain(headline), _LONGEST_HEADLINE),
        level=level,
        aside=aside,
        number=number,
        url=source.url if source else "",
    )


def quotations(groups: Sequence[Group], ground: Ground, words: Words) -> list[Quotation]:
    """Return the groups as quotations, gathered by speaker; a speaker is named once, and again with a new role.

    The role is the one printed in the article that is shown, so it never reaches over to another article's
    words.
    """
    shown: list[Quotation] = []
    for of_speaker in by_speaker(groups, ground):
        named: Quotation | None = None
        for group in of_speaker:
            full = quotation(group, ground=ground, words=words)
            if full is None:
                continue
            same = named is not None and (full.speaker, full.role, full.note) == (
                named.speaker,
                named.role,
                named.note,
            )
            shown.append(replace(full, speaker="", role="", note="") if same else full)
            named = full
    return shown


def _withheld(material: StoryMaterial, ground: Ground, words: Words) -> list[Block]:
    """Lines for the articles whose statements their outlet does not let us show."""
    names = names_by_article(material.groups)
    held = [article for article in material.articles if ground.policy(article.outlet) != "excerpt"]
    return [
        article_line(article, ground=ground, words=words, names=names.get(article.id, ()))
        for article in held[:_ARTICLE_LINES]
    ]


def _silent(material: StoryMaterial, ground: Ground, words: Words) -> list[Block]:
    """A story without a statement to show: its articles by headline, and why there is no more to them."""
    articles = material.articles or material.story.articles
    names = names_by_article(material.groups)
    if all(article.title == material.story.headline for article in articles) and not names:
        return [Text(_no_statements_here(articles[0], words), tone="muted")]
    if all(ground.policy(article.outlet) == "link" for article in articles):
        return [Text(words("story.link_only"), tone="muted")]
    lines = [
        article_line(article, ground=ground, words=words, names=names.get(article.id, ()), silent=True)
        for article in articles[:_ARTICLE_LINES]
    ]
    note = [] if names else [Text(words("story.no_statements"), tone="muted")]
    rest = len(articles) - len(lines)
    more = [Text(f"…{words('action.more_articles', n=rest)}", tone="muted")] if rest else []
    return [*note, *lines, *more]


def _no_statements_here(article: Article, words: Words) -> str:
    tongue = words.tongue(article.language)
    if tongue:
        return words("story.no_statements_in", language=tongue)
    return words("story.no_statements_here")


# ── The balance line ─────────────────────────────────────────────────────────────────────────────────────


def balance(stories: Sequence[StoryMaterial], ground: Ground, words: Words) -> str:
    """Return how the statements are spread and what was not heard, over all stories of the period."""
    groups = [group for story in stories for group in story.groups]
    parts_of_line = [_sides(groups, ground, words)] if groups else []
    parts_of_line.append(_searched(stories, ground, words))
    parts_of_line += _gaps(ground, words)
    silent = _without_statements(stories)
    if silent:
        parts_of_line.append(_silence(silent, words))
    if not ground.failing:
        parts_of_line.append(words("balance.all_feeds_well"))
    return " · ".join(parts_of_line)


def _sides(groups: Sequence[Group], ground: Ground, words: Words) -> str:
    """Count named speakers' statements by side; those without a source to name have a share of their own."""
    heard = [group[0].statement for group in groups]
    named = [said for said in heard if said.speaker and not said.anonymous]
    sides = Counter(ground.sides.get(said.speaker) or "unknown" for said in named)
    ordered = sorted(sides.items(), key=lambda side: (side[0] == "unknown", -side[1], side[0]))
    counted = [f"{words.name('side', side)} {words.number(number)}" for side, number in ordered]
    share = (len(groups) - len(named)) / len(groups)
    anonymous = words("balance.anonymous", share=words.percent(share))
    return words("balance.sides", sides=", ".join([*counted, anonymous]))


def _searched(stories: Sequence[StoryMaterial], ground: Ground, words: Words) -> str:
    articles = {article.id: article.outlet for story in stories for article in story.articles}
    period = words.period(ground.since, ground.until, zone=ground.zone, now=ground.now)
    return words(
        "balance.searched",
        articles=max(ground.articles, len(articles)),
        outlets=max(ground.outlets, len(set(articles.values()))),
        period=period,
    )


def _silence(silent: Sequence[Article], words: Words) -> str:
    tongues = Counter(words.tongue(article.language) for article in silent)
    named = [tongue for tongue, _ in tongues.most_common() if tongue]
    line = words("balance.silent", articles=len(silent))
    return f"{line} ({words.several(named)})" if named else line


def _without_statements(stories: Sequence[StoryMaterial]) -> list[Article]:
    """Articles that were read and gave no statement: often in a language that is not read for statements yet."""
    speaking = {stored.article_id for story in stories for group in story.groups for stored in group}
    return [article for story in stories for article in story.articles if article.id not in speaking]
