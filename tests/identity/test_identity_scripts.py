"""Scripted feeds through the real poll and a real store: every article once, none lost, none twice."""

from __future__ import annotations

import pytest

from bot import polling
from bot.store.sql_store import SqlStore
from tests.fakes import ManualClock
from tests.identity.scripted import URL, Scripted, stories_of, tools_on
from tests.identity.scripts import POLLS, SCRIPTS, START


def test_there_are_forty_scripts_and_more():
    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS) >= 40
    assert POLLS == 20


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
async def test_every_article_is_there_once(script):
    fetcher, clock = Scripted(), ManualClock(START)
    shown = set()
    async with SqlStore.open(":memory:") as store:
        tools = tools_on(store, fetcher, clock)
        await store.add_feed(URL, "Example Wire", now=START)
        for now, items, fetcher.body in script.documents():
            await clock.advance((now - clock.now()).total_seconds())
            (feed,) = await store.feeds()
            assert await polling.poll_feed(feed, tools) != "failed"
            shown |= {item.story for item in items}
            await store.release_held(feed.id)
            found = await stories_of(store, now)
            assert {story for story, times in found.items() if times > 1} == set(), "twice"
            assert shown - set(found) == set(), "lost"
