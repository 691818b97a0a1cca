"""Invented feeds, entries, statements and readings for the store's tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from bot.model import (
    ArticleSketch,
    EntryData,
    EntryKeys,
    Feed,
    NewEntry,
    Piece,
    Placement,
    Reading,
    Statement,
    StorySketch,
)
from bot.ports import Poll, ReadArticle
from bot.store.sql_store import SqlStore

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = "https://example.org/feed.xml"


def key(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def entry(name: str, *, link: str | None = None, edited: bool = False, owed: bool = True, on_topic: bool = True,
          summary: str = "Invented summary.", text: str = "", title: str = "", outlet: str = "",
          language: str = "en") -> NewEntry:  # fmt: skip
    """An entry whose guid is ``name``; its link, unless given, is its own. An empty link has no link key."""
    link = f"https://example.org/{name}" if link is None else link
    title = title or f"Title of {name}"
    data = EntryData(name, link, title, summary, text, outlet=outlet, language=language)
    keys = EntryKeys(key(name), key("link " + link) if link else None, key(title + summary + text))
    return NewEntry(data, keys, 0, edited=edited, owed=owed, on_topic=on_topic)


async def polled(store: SqlStore, *entries: NewEntry, url: str = URL, title: str = "Example Times",
                 at: datetime = NOW) -> Feed:  # fmt: skip
    """Add the feed if need be and save a poll that brought these entries."""
    feed = await store.add_feed(url, title, now=at)
    await store.save_poll(Poll(feed, entries, at=at))
    return feed


def said(words: str, speaker: str = "Anna Example", **changes) -> Statement:
    sentence = f"“{words},” {speaker} said."
    statement = Statement(
        source=((len(words) + 4, len(words) + 4 + len(speaker)),),
        cue=((len(sentence) - 5, len(sentence) - 1),),
        content=((1, 1 + len(words)),),
        sentence=(0, len(sentence)),
        pieces=(Piece(words, quoted=True),),
        kind="direct",
        source_text=speaker,
        cue_text="said",
        sentence_text=sentence,
        speaker=speaker,
    )
    return replace(statement, **changes)


def sketch(bands: tuple[int, ...] = (), minhash: bytes = b"minhash") -> ArticleSketch:
    return ArticleSketch(b"vector", ("Anna Example", "Sampleville"), ("12",), minhash, bands)


def opening(last_at: datetime = NOW, articles: int = 1, story_id: int = 0) -> StorySketch:
    return StorySketch(story_id, b"centroid", ("Anna Example",), ("12",), articles, last_at)


def new_story(**changes) -> Placement:
    return replace(Placement(None, opening(), why="nothing like it"), **changes)


def reading(article_id: int, *statements: Statement, text: str = "", topics=(("war", 3.0), ("talks", 2.0)),
            at: datetime = NOW, placement: Placement | None = None, **changes) -> ReadArticle:  # fmt: skip
    title = changes.pop("title", "Envoys meet in Sampleville")
    text = text or f"{title}\n\n" + "\n".join(statement.sentence_text for statement in statements)
    read = ReadArticle(
        article_id=article_id,
        title=title,
        text=text,
        body_at=len(title) + 2,
        text_source="page",
        language="en",
        author="",
        published_at=None,
        reading=Reading(statements, "en", reader="invented 1", read_chars=len(text)),
        sketch=sketch(),
        placement=placement or new_story(),
        topics=topics,
        at=at,
    )
    return replace(read, **changes)


async def read_one(store: SqlStore, name: str, *statements: Statement, at: datetime = NOW,
                   outlet: str = "Example Times", owed: bool = True, language: str = "en",
                   **changes) -> int:  # fmt: skip
    """Poll an entry of an outlet and read its article; return the article's id."""
    url = f"https://example.org/{outlet.casefold().replace(' ', '-')}.xml"
    before = {one.article.id for one in await store.articles_to_read(at, 100)}
    await polled(store, entry(name, outlet=outlet, owed=owed), url=url, title=outlet, at=at)
    (article_id,) = {one.article.id for one in await store.articles_to_read(at, 100)} - before
    await store.save_reading(reading(article_id, *statements, at=at, language=language, **changes))
    return article_id
