"""How much of what is due is taken up, and how much of it is in the works at the same time."""

import asyncio
from dataclasses import replace

from bot import polling
from bot.app import App
from bot.intake.fetched import Fetched
from bot.intake.seen import Seen
from bot.model import Feed, FeedData
from bot.runtime.crew import Crew
from bot.settings import Service, Settings
from tests.fakes import ManualClock
from tests.store.invented import NOW

SETTINGS = Settings(service=Service(enabled=False))


class Counting:
    """A store that counts how often it is asked what is due."""

    def __init__(self, store):
        self._store = store
        self.looks = []

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def due_feeds(self, now, limit):
        self.looks.append(limit)
        return await self._store.due_feeds(now, limit)


class SlowServers:
    """Answer nothing until they are told to."""

    def __init__(self):
        self.answer = asyncio.Event()

    async def fetch(self, url, *, validators=None, page=False):
        del validators, page
        await self.answer.wait()
        return Fetched("unchanged", url, 304)


async def test_due_feeds_are_looked_up_again_only_when_few_of_the_last_ones_wait():
    async with App.build(SETTINGS, clock=ManualClock(NOW), database=":memory:") as built:
        store, servers = Counting(built.tools.store), SlowServers()
        await asyncio.gather(*(store.add_feed(f"http://a.example/{n}", "", now=NOW) for n in range(700)))
        crew = Crew("poll", 100)
        app = replace(built, polls=crew, tools=replace(built.tools, store=store, fetcher=servers))
        assert await app.start_polls() == 500
        while crew.waiting > 400:  # noqa: ASYNC110 - beginning sets no event
            await asyncio.sleep(0)
        assert await app.start_polls() == 0
        assert store.looks == [500]
        servers.answer.set()
        await crew.join()
        assert await app.start_polls() == 200
        await crew.join()
        assert store.looks == [500, 500]
        assert await store.due_feeds(NOW, 1) == []


class Documents:
    """Servers with news, a parser, and a database: what is between the last two is counted."""

    def __init__(self):
        self.inside = self.most = 0
        self.saved = []
        self.unchanged = asyncio.Event()

    async def fetch(self, url, *, validators=None, page=False):
        del validators, page
        if url.endswith("same"):
            return Fetched("unchanged", url, 304)
        return Fetched("ok", url, 200, url.encode())

    async def parse_feed(self, body, *, url, content_type):
        del body, url, content_type
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.unchanged.wait()
        return FeedData(title="Example Wire", version="rss20", language="en", entries=())

    async def seen(self, feed_id, keys, aliases=()):
        del feed_id, keys, aliases
        return Seen({}, {})

    async def save_poll(self, poll):
        self.saved.append(poll.feed.id)
        if poll.feed.url.endswith("same"):
            self.unchanged.set()
        else:
            self.inside -= 1
        return 0


async def test_few_documents_are_between_parsing_and_saving_and_unchanged_feeds_pass_them():
    everything = Documents()
    async with App.build(SETTINGS, clock=ManualClock(NOW), database=":memory:") as built:
        watch = polling.Watch(taken_in=2)
        tools = replace(built.tools, store=everything, fetcher=everything, parser=everything, watch=watch)
        names = [*(f"new{n}" for n in range(9)), "same"]
        feeds = [Feed(n, f"http://a.example/{name}", "", NOW, NOW) for n, name in enumerate(names)]
        await asyncio.gather(*(polling.poll_feed(feed, tools) for feed in feeds))
    assert everything.most == 2
    assert everything.saved[0] == 9
    assert sorted(everything.saved) == list(range(10))
