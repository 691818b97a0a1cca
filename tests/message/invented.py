"""Invented stories and statements for the tests of what people see, and the loader of ``data/*.toml``."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.message.material import DigestMaterial, Ground, Group, StoryMaterial
from bot.model import Article, ArticleState, Piece, Statement, StoredStatement, Story

DATA = Path(__file__).parent / "data"
NOW = datetime(2031, 3, 2, 6, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Kyiv")


def pieces(*texts: str) -> tuple[Piece, ...]:
    """Each text that stands in “…” is a quoted piece."""
    return tuple(
        Piece(text[1:-1], quoted=True) if text.startswith("“") else Piece(text, quoted=False)
        for text in texts
    )


def statement(*texts: str, speaker: str = "Anna Example", cue: str = "said", **values: Any) -> Statement:
    """A statement of these words; its cue stands before them unless ``cue_after``."""
    said = pieces(*texts)
    quoted = [piece.quoted for piece in said]
    cue_after = values.pop("cue_after", False)
    return Statement(
        source=((0, 5),),
        cue=((200, 204) if cue_after else (6, 10),),
        content=((11, 100),),
        sentence=(0, 101),
        pieces=said,
        kind=values.pop("kind", "direct" if all(quoted) else "mixed" if any(quoted) else "indirect"),
        source_text=values.pop("source_text", speaker),
        cue_text=cue,
        sentence_text="",
        speaker=speaker,
        **values,
    )


def stored(
    said: Statement,
    *,
    serial: int = 1,
    article_id: int = 1,
    outlet: str = "Example Wire",
    at: datetime = NOW - timedelta(hours=2),
    title: str = "Envoys leave without a text",
    story_id: int | None = 1,
    url: str = "",
    published_at: datetime | None = None,
) -> StoredStatement:
    """A statement with an address."""
    return StoredStatement(
        id=f"{serial:032x}",
        serial=serial,
        article_id=article_id,
        version=1,
        stored_at=at,
        outlet=outlet,
        url=url or f"https://{outlet.casefold().replace(' ', '-')}.example/{article_id}",
        title=title,
        story_id=story_id,
        first_seen_at=at,
        published_at=published_at,
        statement=said,
    )


def article(article_id: int = 1, *, outlet: str = "Example Wire", **values: Any) -> Article:
    """An article that was read."""
    return Article(
        id=article_id,
        url=values.pop("url", f"https://{outlet.casefold().replace(' ', '-')}.example/{article_id}"),
        outlet=outlet,
        title=values.pop("title", "Envoys leave without a text"),
        state=ArticleState(values.pop("state", "read")),
        first_seen_at=values.pop("at", NOW - timedelta(hours=2)),
        **values,
    )


def story_of(story_id: int, articles: tuple[Article, ...], *, headline: str = "", origins: int = 1) -> Story:
    """A story of these articles."""
    return Story(
        id=story_id,
        headline=headline or articles[0].title,
        first_seen_at=articles[0].first_seen_at,
        last_seen_at=articles[-1].first_seen_at,
        first_outlet=articles[0].outlet,
        articles=articles,
        outlets=tuple(dict.fromkeys(one.outlet for one in articles)),
        origins=origins,
    )


def ground(**values: Any) -> Ground:
    """A quiet morning in Kyiv."""
    return Ground(since=NOW - timedelta(hours=12), until=NOW, now=NOW, zone=ZONE, **values)


def material(*groups: Group, **values: Any) -> DigestMaterial:
    """One story with these groups, each statement in an article of its own id."""
    members = {one.article_id: one for group in groups for one in group}
    articles = tuple(
        article(number, outlet=one.outlet, title=one.title, url=one.url) for number, one in members.items()
    ) or (article(),)
    return DigestMaterial(
        "Peace talks", ground(**values), (StoryMaterial(story_of(1, articles), articles, groups),)
    )


def load(name: str) -> DigestMaterial:
    """Read a digest's material from ``data/<name>.toml``."""
    table = tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))
    counter = iter(range(1, 1000))
    stories = tuple(_story(number, entry, counter) for number, entry in enumerate(table["story"], 1))
    return DigestMaterial(table["topic"], ground(**table["ground"]), stories)


def _story(number: int, entry: dict[str, Any], counter: Any) -> StoryMaterial:
    articles, groups = [], {}
    for one in entry["article"]:
        said = one.pop("said", [])
        hours, minutes = map(int, one.pop("at").split(":"))
        seen = NOW.replace(hour=hours, minute=minutes) - (
            timedelta(days=1) if hours > NOW.hour else timedelta()
        )
        here = article(next(counter), at=seen, **one)
        articles.append(here)
        for words in said:
            serial = next(counter)
            same = words.pop("same", serial)
            groups.setdefault(same, []).append(
                stored(
                    statement(*words.pop("words"), **words),
                    serial=serial,
                    article_id=here.id,
                    outlet=here.outlet,
                    at=seen,
                    title=here.title,
                    url=here.url,
                    story_id=number,
                )
            )
    story = story_of(number, tuple(articles), headline=entry["headline"], origins=entry["origins"])
    return StoryMaterial(story, story.articles, tuple(tuple(group) for group in groups.values()))
