"""What publishers do to their entries: nothing old is told again, and nothing new is lost.

Each test's docstring states the fault and what is expected.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import pipeline, polling
from bot.model import ArticleState, Piece, Reading, Statement
from bot.settings import Fetching, Settings
from bot.store.sql_store import SqlStore
from tests.fakes import ManualClock
from tests.faults.delivering import subscribe
from tests.identity.scripted import URL, Scripted, stories_of, tools_on
from tests.identity.scripts import SCRIPTS, START, WINDOW, document, story

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Polled:
    """One feed whose documents a test writes."""

    def __init__(self, store):
        self.clock, self.server, self.store, self.polls = ManualClock(START), Scripted(), store, 0
        self.tools = tools_on(store, self.server, self.clock)

    async def shows(self, items):
        """Let an hour pass and poll the feed as it stands then."""
        await self.clock.advance(HOUR.total_seconds() if self.polls else 0)
        self.server.body = document(items, self.polls)
        self.polls += 1
        feed = await self.store.add_feed(URL, "Example Wire", now=START)
        assert await polling.poll_feed(feed, self.tools) != "failed"

    async def articles(self):
        """How often each story became an article that is to be read."""
        return await stories_of(self.store, self.clock.now())

    async def owed(self):
        """The titles of the articles that channels are to hear of."""
        waiting = await self.store.articles_to_read(self.clock.now(), 10_000)
        return [one.article.title for one in waiting if one.article.owed]


@pytest.fixture
async def feed():
    async with SqlStore.open(":memory:") as store:
        yield Polled(store)


WINDOW_OF_STORIES = [story(number, START - timedelta(hours=WINDOW - number)) for number in range(WINDOW)]


@pytest.mark.parametrize(
    "change",
    [
        lambda item: replace(item, guid=f"second-cms:{item.story}"),
        lambda item: replace(item, guid=f"cms:{item.story}", link=f"https://new.example/{item.story}"),
        lambda item: replace(
            item, guid=f"cms:{item.story}", link=f"https://new.example/{item.story}", at=START
        ),
        lambda item: replace(item, guid="", at=None),
        lambda item: replace(item, guid=f"cms:{item.story}", title=f"{item.title}, updated"),
    ],
    ids=[
        "guids",
        "guids and addresses",
        "guids, addresses and dates",
        "no guids, no dates",
        "guids and titles",
    ],
)
async def test_f20_new_guids_for_all_tell_nothing_again(feed, change):
    """All guids of a feed change, with addresses, dates or titles beside them: 0 old items are posted."""
    await feed.shows(WINDOW_OF_STORIES)
    before = await feed.articles()
    await feed.shows([change(item) for item in WINDOW_OF_STORIES])
    assert await feed.articles() == before
    assert await feed.owed() == []


async def test_f20_the_archive_under_new_guids_is_held_and_can_be_released(feed):
    """All guids change and sixty unknown old entries come with them: held, visible, releasable, 0 posted."""
    await feed.shows(WINDOW_OF_STORIES)
    archive = [story(1_000 + number, START - (900 + number) * DAY) for number in range(60)]
    await feed.shows([replace(item, guid=f"cms:{item.story}") for item in WINDOW_OF_STORIES] + archive)
    assert await feed.owed() == []
    assert sum((await feed.articles()).values()) == WINDOW
    assert await feed.store.held_entries() == {1: 60}
    assert await feed.store.release_held(1) == 60
    assert set((await feed.articles()).values()) == {1}
    assert len(await feed.articles()) == WINDOW + 60


@pytest.mark.parametrize("guid_is_address", [False, True])
async def test_f21_an_entry_edited_every_hour_is_one_article(feed, guid_is_address):
    """Title, slug and date of one item are edited hourly for a day: 1 post.

    Where the guid is the address, slug and title take turns: if both changed at once, no name would be left.
    """
    await feed.shows(WINDOW_OF_STORIES)
    fresh = story(WINDOW, START + HOUR)
    for hour in range(1, 25):
        title, slug = (hour // 2, (hour + 1) // 2) if guid_is_address else (hour, hour)
        link = f"{fresh.link}-v{slug}"
        item = replace(
            fresh, title=f"{fresh.title}, update {title}", link=link, at=fresh.at + (hour - 1) * HOUR
        )
        if guid_is_address:
            item = replace(item, guid=link, permalink=True)
        await feed.shows([item, *WINDOW_OF_STORIES[::-1]])
        assert len(await feed.owed()) == 1
    assert set((await feed.articles()).values()) == {1}
    assert (await feed.store.totals()).articles[ArticleState.TO_READ] == WINDOW + 1


@pytest.mark.parametrize(
    "name",
    [
        "a server one poll behind",
        "a server one poll behind with other guids",
        "two guid schemes in turn",
        "any order",
        "dropped and brought back",
        "dropped, shuffled, tracked",
        "pages in turn",
    ],
)
async def test_f22_two_versions_any_order_and_gaps_change_nothing(feed, name):
    """The feed alternates two versions, reorders, drops and returns items: 0 duplicates, 0 lost."""
    (script,) = (script for script in SCRIPTS if script.name == name)
    everything = set()
    for _, items, _ in script.documents():
        await feed.shows(items)
        everything |= {item.story for item in items}
    found = await feed.articles()
    assert set(found) == everything
    assert set(found.values()) == {1}


class OneStatementEach:
    """A reader that finds in every text what its envoys said."""

    async def read(self, text, *, body_at=0, language=""):
        start = text.index("spoke of the ceasefire")
        span = (start, start + len("spoke of the ceasefire"))
        said = Statement(
            source=((0, 1),), cue=((1, 2),), content=(span,), sentence=span, kind="indirect", source_text="envoys",
            cue_text="spoke", pieces=(Piece(text[body_at:][-60:], quoted=False),), sentence_text=text[body_at:],
            speaker="Anna Example",
        )  # fmt: skip
        return Reading((said,), "en", names=("Ukraine", "Russia"), read_chars=len(text))


async def test_f28_five_hundred_new_entries_at_once_are_one_bounded_digest(feed):
    """A feed publishes 500 new items at once: none lost, none twice, one digest within the channel's limits."""
    feed.tools = replace(
        feed.tools, settings=Settings(fetching=Fetching(pages=False)), reader=OneStatementEach()
    )
    await feed.shows(WINDOW_OF_STORIES)
    subscription = await subscribe(feed.store, "fake:a", topic="war", next_at=START + 2 * HOUR)
    news = [story(WINDOW + number, START + HOUR) for number in range(500)]
    await feed.shows(news + WINDOW_OF_STORIES)
    assert len(await feed.owed()) == 500
    assert await feed.store.held_entries() == {}
    while waiting := await feed.store.articles_to_read(feed.clock.now(), 600):
        for one in waiting:
            assert await pipeline.read_article(one, feed.tools) == "read"
    statements = (await feed.store.totals()).statements
    assert statements == 500 + WINDOW
    assert 1 <= await pipeline.compose_digest(subscription, feed.tools) <= 4
    (after,) = await feed.store.subscriptions()
    assert after.cursor == await feed.store.last_serial()
    assert await pipeline.compose_digest(after, feed.tools) == 0, "a second one would repeat the first"
