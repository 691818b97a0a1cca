"""Answers a stored Query: for commands, follow-ups and scheduled digests alike, through the ports only.

A query comes back with its answer as it is to be stored: with absolute times and the ids of the stories shown,
so that asked again it is the same page, and ``next_page`` of it goes on where the reader stopped.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.knowledge import Knowledge
from bot.knowledge.words import Words
from bot.message import answers, digest
from bot.message.blocks import Message
from bot.message.material import DigestMaterial, Ground, StoryMaterial
from bot.message.ranking import EVERYTHING, origins, worth_showing
from bot.model import Article, FollowUp, Policy, Query, StoredStatement, Story, Subscription
from bot.ports import Store, Wanted
from bot.settings import Settings
from bot.stories.claims import merge

KEPT = timedelta(days=7)
"""So long an answer can be followed up."""
EVERYBODY = ""
"""The actor of a delivered digest: whoever reads the channel may follow it up."""

_MOST_STATEMENTS = 20_000
_MOST_STORIES = 500
_MOST_HITS = 200
_STRICTNESS: tuple[Policy, ...] = ("excerpt", "headline", "link")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is shown, the query to store for follow-ups, and how many stories, statements or hits it shows."""

    message: Message
    query: Query
    found: int


def follow_up(query: Query, channel_id: str, actor_id: str, now: datetime) -> FollowUp:
    """What is remembered of an answer: its query alone, for a week, for one person or for ``EVERYBODY``."""
    return FollowUp(uuid.uuid4().hex, channel_id, actor_id, query, created_at=now, expires_at=now + KEPT)


def addressed(message: Message, followup: FollowUp) -> Message:
    """Return a message that knows which stored query its actions go on from, and how to ask it anew."""
    return replace(message, followup=followup.id, anew=line(followup.query))


def line(query: Query) -> str:
    """Return a question as somebody would type it again: without its period, which has passed by then."""
    match query.verb:
        case "digest":
            return f"digest {query.topic}"
        case "said":
            return f"said {query.speaker}" + (f" about {query.about}" if query.about else "")
        case "story":
            return "digest" if query.story.isdecimal() else f"story {query.story}"
        case "search":
            return f"search {query.text}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question with all that answers it."""

    query: Query
    store: Store
    knowledge: Knowledge
    words: Words
    settings: Settings
    now: datetime
    zone: ZoneInfo


async def answer(
    query: Query,
    *,
    store: Store,
    knowledge: Knowledge,
    words: Words,
    settings: Settings,
    now: datetime,
    zone: ZoneInfo,
) -> Answer:
    """Answer a question; an unknown topic, speaker or story is answered with what may have been meant.

    ``found`` is 0 when there was nothing to show.
    """
    asked = _Asked(query, store, knowledge, words, settings, now, zone)
    match query.verb:
        case "digest":
            return await _digest(asked)
        case "said":
            return await _said(asked)
        case "story":
            return await _story(asked)
        case "search":
            return await _search(asked)


async def sources(
    query: Query,
    *,
    store: Store,
    knowledge: Knowledge,
    words: Words,
    settings: Settings,
    now: datetime,
    zone: ZoneInfo,
) -> Answer:
    """Answer ``links``: the addresses behind the answer that this stored query gave."""
    again = await answer(
        query, store=store, knowledge=knowledge, words=words, settings=settings, now=now, zone=zone
    )
    return Answer(answers.links(again.message, words), query, again.found)


def next_page(query: Query, settings: Settings) -> Query:
    """Return the query for ``more``: what follows the page that this stored query showed."""
    if query.verb == "digest":
        return replace(query, skip=len(query.shown_stories))
    return replace(query, skip=query.skip + settings.digests.statements)


# ── Digests ──────────────────────────────────────────────────────────────────────────────────────────────


async def scheduled(
    subscription: Subscription,
    *,
    store: Store,
    knowledge: Knowledge,
    words: Words,
    settings: Settings,
    now: datetime,
) -> tuple[Answer | None, int]:
    """Return a due subscription's digest, with its query for follow-ups, and the new cursor.

    It covers the statements stored since its last digest, so that what was read late is not lost, of articles
    that are owed. None when nothing was said, unless the settings want empty digests posted.
    """
    cursor = max(subscription.cursor, await store.last_serial())
    query = Query(
        "digest",
        topic=subscription.topic,
        since=subscription.last_digest_at or subscription.created_at,
        until=now,
        style=subscription.style,
        after_serial=subscription.cursor,
        upto_serial=cursor,
        owed_only=True,
        min_origins=subscription.min_origins,
    )
    zone = ZoneInfo(subscription.schedule.zone)
    asked = _Asked(query, store, knowledge, words, settings, now, zone)
    material = await _material(asked)
    speaks = any(worth_showing(story.groups) for story in material.stories)
    if not speaks and not settings.digests.post_empty:
        return None, cursor
    if not speaks:
        return Answer(digest.nothing(material, words), query, 0), cursor
    chosen = digest.choose(material, limit_stories=settings.digests.stories)
    query = replace(query, shown_stories=tuple(story.story.id for story in chosen))
    return Answer(_compose(asked, material), query, len(chosen)), cursor


async def _digest(asked: _Asked) -> Answer:
    query, settings = asked.query, asked.settings
    topic = asked.knowledge.topic(query.topic)
    if topic is None:
        return _unknown_topic(asked)
    until = query.until or asked.now
    since = query.since or until - timedelta(hours=settings.digests.period_hours)
    query = replace(query, topic=topic.name, since=since, until=until)
    asked = replace(asked, query=query)
    material = await _material(asked)
    earlier, page = query.shown_stories[: query.skip], query.shown_stories[query.skip :]
    if page:
        # The same page again: exactly these stories, whatever has moved up since.
        again = (story for story in material.stories if story.story.id in (*earlier, *page))
        material = replace(material, stories=tuple(again))
    chosen = digest.choose(material, earlier=earlier, limit_stories=settings.digests.stories)
    shown = (*earlier, *(story.story.id for story in chosen))
    return Answer(_compose(asked, material), replace(query, shown_stories=shown), len(chosen))


def _compose(asked: _Asked, material: DigestMaterial) -> Message:
    return digest.compose(
        material,
        style=asked.query.style,
        words=asked.words,
        earlier=asked.query.shown_stories[: asked.query.skip],
        limit_stories=asked.settings.digests.stories,
        limit_statements=asked.settings.digests.statements,
    )


async def _material(asked: _Asked) -> DigestMaterial:
    """Everything a digest may show: the statements wanted, their stories, and stories that say nothing."""
    query, store = asked.query, asked.store
    statements = await store.statements(
        Wanted(
            topic=query.topic,
            about=query.about,
            outlet=query.outlet,
            kind=query.kind,
            since=None if query.after_serial is not None else query.since,
            until=None if query.after_serial is not None else query.until,
            after_serial=query.after_serial,
            upto_serial=query.upto_serial,
            owed_only=query.owed_only,
            limit=_MOST_STATEMENTS,
        )
    )
    said_in: defaultdict[int, list[StoredStatement]] = defaultdict(list)
    for stored in statements:
        if stored.story_id is not None:
            said_in[stored.story_id].append(stored)
    stories = {story.id: story for story in await store.stories(list(said_in))}
    if not (query.about or query.outlet or query.kind):
        silent = await store.stories_between(
            topic=query.topic, since=query.since, until=query.until, limit=_MOST_STORIES
        )
        stories = {story.id: story for story in silent} | stories
    materials = (_story_material(story, said_in[story.id], asked) for story in stories.values())
    kept = tuple(one for one in materials if one.articles and origins(one.story) >= query.min_origins)
    topic = asked.knowledge.topic(query.topic)
    return DigestMaterial(
        topic=topic.title if topic else query.topic,
        ground=await _ground(asked, statements, [article for one in kept for article in one.articles]),
        stories=kept,
    )


def _story_material(story: Story, statements: Sequence[StoredStatement], asked: _Asked) -> StoryMaterial:
    query = asked.query
    speaking = {stored.article_id for stored in statements}
    articles = tuple(
        article
        for article in story.articles
        if article.id in speaking or (_within(article, query) and (article.owed or not query.owed_only))
    )
    told = replace(story, headline=_headline(story, articles, statements, asked.knowledge))
    return StoryMaterial(told, articles, tuple(merge(statements)))


def _headline(
    story: Story, articles: Sequence[Article], statements: Sequence[StoredStatement], knowledge: Knowledge
) -> str:
    """The story's own headline while its article is of this period, else that of the most quoted one.

    A story that has gone on for days is not shown under the news it began with.
    """
    if not articles or any(article.title == story.headline for article in articles):
        return story.headline
    quoted = Counter(stored.article_id for stored in statements)

    def weight(article: Article) -> tuple[bool, bool, int, datetime]:
        shown_whole = knowledge.outlet(article.outlet).policy == "excerpt"
        return shown_whole, _is_english(article), quoted[article.id], article.first_seen_at

    return max(articles, key=weight).title


def _is_english(article: Article) -> bool:
    """Whether its headline can stand for a story that outlets of several languages tell."""
    return article.language.casefold().startswith("en")


def _within(article: Article, query: Query) -> bool:
    after = query.since is None or article.first_seen_at >= query.since
    return after and (query.until is None or article.first_seen_at < query.until)


def _unknown_topic(asked: _Asked) -> Answer:
    words, given = asked.words, asked.query.topic
    near = asked.knowledge.suggest_topic(given)
    cause = words("error.unknown_topic", given=given)
    message = answers.problem(cause, [words("error.topics_next")], near, words=words)
    return Answer(message, asked.query, 0)


# ── Statements of one speaker ────────────────────────────────────────────────────────────────────────────


async def _said(asked: _Asked) -> Answer:
    query, words = asked.query, asked.words
    names = await _stored_names(asked)
    if not names:
        return await _unknown_speaker(asked)
    query = replace(query, until=query.until or asked.now)
    statements = await asked.store.statements(
        Wanted(
            speakers=names,
            about=query.about,
            outlet=query.outlet,
            kind=query.kind,
            since=query.since,
            until=query.until,
            limit=_MOST_STATEMENTS,
        )
    )
    groups = worth_showing(merge(statements), EVERYTHING)
    ground = await _ground(replace(asked, query=replace(query, topic="")), statements, ())
    limit = asked.settings.digests.statements
    message = answers.said(
        names[0],
        groups,
        ground=ground,
        words=words,
        narrowed=_narrowed(query, words),
        skip=query.skip,
        limit=limit,
    )
    return Answer(message, query, len(groups[query.skip : query.skip + limit]))


async def _stored_names(asked: _Asked) -> tuple[str, ...]:
    """The stored names of the speaker who is asked for, most quoted first; empty when nobody fits.

    The knowledge file knows spellings and offices; for everybody else all words given must be words of the
    name, so that a surname finds its bearers, and each quotation says whose it is.
    """
    stored = [name for name, _ in await asked.store.speakers()]
    known = set(asked.knowledge.same_speaker_names(asked.query.speaker, stored))
    if not known:
        given = _name_words(asked.query.speaker)
        known = {name for name in stored if given and given <= _name_words(name)}
    return tuple(name for name in stored if name in known)


def _name_words(name: str) -> frozenset[str]:
    """A name's words without case, accents and punctuation: "Šimečka" is found as "simecka"."""
    bare = unicodedata.normalize("NFKD", name).casefold()
    return frozenset(
        re.findall(r"\w+", "".join(letter for letter in bare if not unicodedata.combining(letter)))
    )


async def _unknown_speaker(asked: _Asked) -> Answer:
    stored = [name for name, _ in await asked.store.speakers()]
    near = asked.knowledge.suggest_speaker(asked.query.speaker, stored)
    words = asked.words
    cause = words("error.unknown_speaker", given=asked.query.speaker)
    next_steps = [] if near else [words("error.speakers_next")]
    return Answer(answers.problem(cause, next_steps, near, words=words), asked.query, 0)


def _narrowed(query: Query, words: Words) -> list[str]:
    """What else a question about a speaker asked for, in words."""
    asked = [words("said.about", text=query.about)] if query.about else []
    if query.outlet:
        asked.append(words("said.outlet", name=query.outlet))
    if query.kind:
        asked.append(words.name("kind", query.kind))
    return asked


# ── One story ────────────────────────────────────────────────────────────────────────────────────────────


async def _story(asked: _Asked) -> Answer:
    query, words = asked.query, asked.words
    story_id, cause = await _story_id(asked)
    found = await asked.store.stories([story_id]) if story_id is not None else []
    if not found:
        return Answer(answers.problem(cause, [words("story.unknown_next")], words=words), query, 0)
    story = found[0]
    statements = await asked.store.statements(Wanted(story_ids=(story.id,), limit=_MOST_STATEMENTS))
    groups = worth_showing(merge(statements), EVERYTHING)
    ground = await _ground(asked, statements, story.articles)
    limit = asked.settings.digests.statements
    material = StoryMaterial(story, story.articles, groups)
    message = answers.story(material, ground=ground, words=words, skip=query.skip, limit=limit)
    return Answer(message, query, len(groups[query.skip : query.skip + limit]) if query.skip else 1)


async def _story_id(asked: _Asked) -> tuple[int | None, str]:
    """The story that a number of the last answer or an article's address names, or None and why not."""
    given, shown, words = asked.query.story.strip(), asked.query.shown_stories, asked.words
    if given.isdecimal():
        place = int(given) - 1
        known = 0 <= place < len(shown)
        return (shown[place] if known else None), words("story.unknown", given=given)
    article = await asked.store.article_by_url(given)
    if article is None:
        return None, words("story.unknown_url", given=given)
    return article.story_id, words("story.off_topic", given=given)


# ── Full text ────────────────────────────────────────────────────────────────────────────────────────────


async def _search(asked: _Asked) -> Answer:
    query = replace(asked.query, until=asked.query.until or asked.now)
    hits = await asked.store.search(query.text, since=query.since, until=query.until, limit=_MOST_HITS)
    groups = worth_showing(merge(hits.statements), EVERYTHING)
    ground = await _ground(replace(asked, query=replace(query, topic="")), hits.statements, hits.articles)
    limit = asked.settings.digests.statements
    message = answers.search(
        query.text,
        groups,
        hits.articles,
        total=hits.total,
        ground=ground,
        words=asked.words,
        skip=query.skip,
        limit=limit,
    )
    return Answer(message, query, max(0, min(limit, hits.total - query.skip)))


# ── What all answers stand on ────────────────────────────────────────────────────────────────────────────


async def _ground(
    asked: _Asked, statements: Iterable[StoredStatement], articles: Iterable[Article]
) -> Ground:
    """What was searched, which feeds were down, whose words may be shown, and who stands on which side."""
    query, knowledge = asked.query, asked.knowledge
    statements = list(statements)
    searched = await asked.store.searched(topic=query.topic, since=query.since, until=query.until)
    failing = await asked.store.failing_feeds()
    outlets = {(stored.outlet, stored.url) for stored in statements}
    outlets |= {(article.outlet, article.url) for article in articles}
    speakers = {stored.statement.speaker for stored in statements if not stored.statement.anonymous}
    return Ground(
        since=query.since,
        until=query.until,
        now=asked.now,
        zone=asked.zone,
        articles=searched.articles,
        outlets=searched.outlets,
        to_read=searched.unread,
        unreadable=searched.unreadable,
        failing=tuple(failing),
        policies=_policies(outlets, knowledge),
        sides={speaker: knowledge.side_of(speaker) for speaker in speakers if speaker},
        people=_people(speakers, knowledge),
    )


def _people(speakers: Iterable[str], knowledge: Knowledge) -> dict[str, str]:
    """The knowledge file's name for each stored spelling that differs from it."""
    known = ((name, knowledge.speaker(name)) for name in speakers)
    return {name: speaker.name for name, speaker in known if speaker and speaker.name != name}


def _policies(outlets: Iterable[tuple[str, str]], knowledge: Knowledge) -> dict[str, Policy]:
    """The strictest policy known for each outlet, by its name and by the address of its articles."""
    found: dict[str, Policy] = {}
    for name, url in outlets:
        for known in (knowledge.outlet(name), knowledge.outlet(url)):
            found[name] = max(found.get(name, "excerpt"), known.policy, key=_STRICTNESS.index)
    return {name: policy for name, policy in found.items() if policy != "excerpt"}
