"""The way of an article, from a poll to an owed digest, on a real store with fakes at the other doors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import knowledge, pipeline, polling
from bot.knowledge.words import Words
from bot.model import (
    ArticleState,
    Channel,
    EntryData,
    FeedData,
    PageText,
    Piece,
    Reading,
    Schedule,
    Statement,
    Subscription,
    Validators,
)
from bot.ports import Fetched, Wanted, WorkerLost
from bot.queries import EVERYBODY
from bot.settings import Settings
from bot.store.sql_store import SqlStore
from tests.fakes import ManualClock

URL = "https://wire.example/feed"
PAGE = "https://wire.example/talks"
TITLE = "Ukraine and Russia end ceasefire talks in Geneva without a text"
SUMMARY = "Russian and Ukrainian envoys left the ceasefire talks on Monday, Anna Example said."
BODY = (
    "Ukraine and Russia ended ceasefire talks on Monday without a text. “We will meet again,” Anna Example, "
    "Ukraine's deputy foreign minister, told reporters after the negotiations.\n\n"
    "The Russian delegation left by the side door, and nobody in Kyiv expected another round before winter."
)


class World:
    """The fakes at the network's and the workers' doors: what they answer next stands in plain fields."""

    def __init__(self) -> None:
        self.feed = Fetched("ok", URL, 200, b"first", "application/rss+xml", Validators(b'"1"'))
        self.page = Fetched("ok", PAGE, 200, b"<html>", "text/html")
        self.entries = (entry(),)
        self.text: PageText | Exception = PageText(TITLE, BODY, "en")
        self.lost_readings = 0
        self.reader_fault: Exception | None = None
        self.fetched: list[tuple[str, Validators | None]] = []
        self.parsed = 0

    async def fetch(self, url, *, validators=None, page=False):
        self.fetched.append((url, validators))
        return self.page if page else self.feed

    async def parse_feed(self, body, *, url, content_type):
        self.parsed += 1
        if body == b"<html>":
            raise ValueError("this is a web page (HTML), not a feed; look for the site's RSS link")
        return FeedData("rss20", "Example Wire", "en", self.entries)

    async def read_page(self, body, *, url, content_type):
        if isinstance(self.text, Exception):
            raise self.text
        return self.text

    async def read(self, text, *, body_at=0, language=""):
        if self.lost_readings:
            self.lost_readings -= 1
            raise WorkerLost("the reading took longer than 60 s and was stopped")
        if self.reader_fault:
            raise self.reader_fault
        start = text.find("We will meet again")
        if start < 0:
            return Reading((), "en", names=("Ukraine", "Russia"), read_chars=len(text))
        span = (start, start + len("We will meet again"))
        found = Statement(
            source=((0, 1),),
            cue=((1, 2),),
            content=(span,),
            sentence=span,
            pieces=(Piece("We will meet again", quoted=True),),
            kind="direct",
            source_text="Anna Example",
            cue_text="told",
            sentence_text="",
            speaker="Anna Example",
        )
        return Reading((found,), "en", names=("Ukraine", "Russia", "Geneva"), read_chars=len(text))


def entry(**values):
    given = {
        "guid": "talks-1",
        "link": PAGE,
        "title": TITLE,
        "summary": SUMMARY,
        "text": "",
        "language": "en",
    }
    return EntryData(**given | values)


@pytest.fixture
async def tools():
    world = World()
    async with SqlStore.open(":memory:") as store:
        yield pipeline.Tools(
            store=store,
            fetcher=world,
            parser=world,
            pages=world,
            reader=world,
            knowledge=knowledge.load(),
            words=Words("en"),
            settings=Settings(),
            clock=ManualClock(datetime(2030, 1, 1, 12, tzinfo=UTC)),
        )


async def poll(tools, **changes):
    """Poll the one feed at once, after changing what the world answers."""
    for name, value in changes.items():
        setattr(tools.fetcher, name, value)
    feed = await tools.store.add_feed(URL, "Example Wire", now=tools.clock.now())
    (feed,) = await tools.store.feeds()
    return await polling.poll_feed(feed, tools)


async def read_all(tools):
    waiting = await tools.store.articles_to_read(tools.clock.now(), 10)
    return [await pipeline.read_article(one, tools) for one in waiting]


async def the_article(tools):
    return await tools.store.article(1)


async def test_a_poll_saves_entries_and_validators_and_the_next_one_asks_with_them(tools):
    assert await poll(tools) == "new"
    assert await poll(tools, feed=Fetched("unchanged", URL, 304)) == "unchanged"
    assert [validators for _, validators in tools.fetcher.fetched] == [Validators(), Validators(b'"1"')]
    assert (await tools.store.totals()).entries == 1


async def test_the_same_bytes_again_are_not_parsed_again(tools):
    await poll(tools)
    assert await poll(tools) == "unchanged"
    assert tools.fetcher.parsed == 1


async def test_entries_of_the_first_fetch_are_owed_to_nobody_and_later_ones_are(tools):
    await poll(tools)
    later = entry(guid="talks-2", link=PAGE + "-2", title="Ukraine says ceasefire talks with Russia resume")
    await poll(tools, feed=replace(tools.fetcher.feed, body=b"second"), entries=(later, entry()))
    assert [(await tools.store.article(number)).owed for number in (1, 2)] == [False, True]


async def test_an_address_that_answers_html_is_recorded_with_cause_and_next_step(tools):
    html = replace(tools.fetcher.feed, body=b"<html>")
    assert await poll(tools, feed=html) == "failed"
    (feed,) = await tools.store.feeds()
    assert feed.trouble.cause == "this is a web page (HTML), not a feed"
    assert feed.trouble.next_step == "look for the site's RSS link"
    assert feed.validators == Validators()
    assert feed.next_at > tools.clock.now()


async def test_an_article_about_something_else_is_stored_and_its_page_never_fetched(tools):
    cooking = entry(title="Ten soups for a cold evening", summary="Our cook's favourites.")
    await poll(tools, entries=(cooking,))
    assert await read_all(tools) == []
    assert (await the_article(tools)).state is ArticleState.OFF_TOPIC
    assert [url for url, _ in tools.fetcher.fetched] == [URL]


async def test_an_article_is_read_from_its_page_and_placed_in_a_story(tools):
    await poll(tools)
    assert await read_all(tools) == ["read"]
    article = await the_article(tools)
    assert (article.state, article.text_source) == (ArticleState.READ, "page")
    assert article.story_id is not None
    (stored,) = await tools.store.statements(Wanted(topic="talks"))
    text = await tools.store.text_version(stored.article_id, stored.version)
    ((start, end),) = stored.statement.content
    assert text.text[start:end] == "We will meet again"
    assert text.text[: text.body_at] == f"{TITLE}\n\n"


async def test_an_entrys_own_full_text_is_read_without_fetching_the_page(tools):
    await poll(tools, entries=(entry(text=BODY),))
    assert await read_all(tools) == ["read"]
    assert (await the_article(tools)).text_source == "entry"
    assert [url for url, _ in tools.fetcher.fetched] == [URL]


async def test_a_page_that_is_gone_leaves_title_and_summary_with_the_cause(tools):
    gone = Fetched("failed", PAGE, 404, cause="there is nothing at this address (404)", next_step="none")
    await poll(tools, page=gone)
    assert await read_all(tools) == ["read"]
    article = await the_article(tools)
    assert article.text_source == "summary"
    assert article.trouble.cause == "there is nothing at this address (404)"


async def test_a_page_that_cannot_be_had_now_is_asked_for_once_more_before_the_summary_is_read(tools):
    down = Fetched("failed", PAGE, 503, cause="the server is busy (503)", next_step="it is tried again")
    await poll(tools, page=down)
    assert await read_all(tools) == ["later"]
    assert await read_all(tools) == []
    await tools.clock.advance(pipeline.RETRY_AFTER.total_seconds() + 1)
    assert await read_all(tools) == ["read"]
    assert (await the_article(tools)).text_source == "summary"


async def test_a_page_without_an_article_leaves_title_and_summary(tools):
    await poll(tools, text=ValueError("the page asks for consent; open it in a browser"))
    assert await read_all(tools) == ["read"]
    article = await the_article(tools)
    assert (article.text_source, article.trouble.cause) == ("summary", "the page asks for consent")


async def test_a_lost_worker_gets_the_article_once_more_then_it_is_unreadable(tools):
    await poll(tools, lost_readings=2)
    assert await read_all(tools) == ["later"]
    await tools.clock.advance(pipeline.RETRY_AFTER.total_seconds() + 1)
    assert await read_all(tools) == ["unreadable"]
    article = await the_article(tools)
    assert article.state is ArticleState.UNREADABLE
    assert "60 s" in article.trouble.cause
    await tools.clock.advance(86_400)
    assert await read_all(tools) == []


async def test_a_text_that_the_reader_fails_on_costs_that_article_only(tools):
    await poll(tools, reader_fault=IndexError("list index out of range"))
    assert await read_all(tools) == ["later"]
    await tools.clock.advance(pipeline.RETRY_AFTER.total_seconds() + 1)
    assert await read_all(tools) == ["unreadable"]
    assert "IndexError" in (await the_article(tools)).trouble.cause


async def test_without_a_language_model_articles_wait(tools):
    await poll(tools, reader_fault=RuntimeError("no spaCy pipeline could be loaded"))
    with pytest.raises(RuntimeError):
        await read_all(tools)
    assert (await the_article(tools)).state is ArticleState.TO_READ


async def test_an_edited_entry_is_read_again_and_its_old_statements_stay_one(tools):
    await poll(tools, entries=(entry(text=BODY),))
    await read_all(tools)
    edited = BODY + "\n\nOfficials in Moscow later confirmed that the Russian delegation had gone home."
    await poll(tools, feed=replace(tools.fetcher.feed, body=b"second"), entries=(entry(text=edited),))
    assert await read_all(tools) == ["read"]
    assert (await the_article(tools)).version == 2
    (stored,) = await tools.store.statements(Wanted(topic="war"))
    assert stored.serial == 1
    assert (await tools.store.totals()).entries == 1


async def test_a_wire_copy_joins_the_story_of_its_original_and_is_no_origin(tools):
    copy = entry(guid="copy", link="https://post.example/a", title="No text in Geneva, envoys say", text=BODY)
    await poll(tools, entries=(entry(text=BODY), copy))
    await read_all(tools)
    first, second = [await tools.store.article(number) for number in (1, 2)]
    assert first.story_id == second.story_id
    (story,) = await tools.store.stories([first.story_id])
    assert story.origins == 1


async def test_a_due_digest_is_owed_once_and_whoever_reads_it_may_follow_it_up(tools):
    now = tools.clock.now()
    await tools.store.save_channel(Channel("fake:one", "fake", "one"))
    subscription = await tools.store.add_subscription(
        Subscription(
            id=0,
            channel_id="fake:one",
            owner_id="fake:someone",
            topic="war",
            schedule=Schedule("UTC", every_hours=1),
            style="who-said-what",
            next_at=now + timedelta(hours=1),
            cursor=0,
            created_at=now,
        )
    )
    await poll(tools, entries=())
    await poll(tools, feed=replace(tools.fetcher.feed, body=b"second"), entries=(entry(text=BODY),))
    await read_all(tools)
    await tools.clock.advance(5 * 3600)
    assert await pipeline.compose_digest(subscription, tools) == 1
    assert await pipeline.compose_digest(subscription, tools) == 0
    (delivery,) = await tools.store.deliveries()
    assert "We will meet again" in delivery.body
    assert await tools.store.due_subscriptions(tools.clock.now()) == []
    posted = await tools.store.followup("fake:one", EVERYBODY, now=tools.clock.now())
    assert len(posted.query.shown_stories) == 1
