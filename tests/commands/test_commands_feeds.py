"""Feeds by the address of a site, silent feeds, and what the flood brake holds back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Trouble
from bot.ports import Fetched, Poll
from tests.store.invented import NOW, entry, polled

SITE = "https://wire.example"
FEED = f"{SITE}/rss.xml"
RSS = (
    b"<rss version='2.0'><channel><title>Example Wire</title><item><title>One</title></item></channel></rss>"
)
DAY = timedelta(days=1)


def page(*links):
    made = "".join(f'<link rel="alternate" type="application/rss+xml" href="{href}">' for href in links)
    return (
        f"<!DOCTYPE html><html><head><title>Wire</title>{made}</head><body><p>News</p></body></html>".encode()
    )


async def urls(room):
    return [feed.url for feed in await room.desk.store.feeds()]


async def test_a_site_that_names_one_feed_is_added_by_that_feed(room):
    room.fetcher.pages |= {SITE: page("/rss.xml"), FEED: RSS}
    answer = await room.ask("feeds add wire.example")
    assert "Feed 1 added: Example Wire" in answer
    assert f"names this feed: {FEED}" in " ".join(answer.split())
    assert await urls(room) == [FEED]


async def test_a_site_whose_feed_is_known_says_so(room):
    room.fetcher.pages |= {SITE: page("/rss.xml"), FEED: RSS}
    await room.ask(f"feeds add {FEED}")
    assert "known already: 1" in await room.ask("feeds add wire.example")
    assert await urls(room) == [FEED]


async def test_a_site_that_names_several_feeds_has_them_listed_and_adds_none(room):
    room.fetcher.pages[SITE] = page("/world.xml", "/sport.xml")
    answer = await room.ask("feeds add wire.example")
    assert "names 2 feeds" in answer
    assert f"{SITE}/world.xml" in answer
    assert f"{SITE}/sport.xml" in answer
    assert await urls(room) == []


async def test_a_site_that_names_none_is_refused_with_the_next_step(room):
    room.fetcher.pages[SITE] = page()
    answer = " ".join((await room.ask("feeds add wire.example")).split())
    assert "names no feed" in answer
    assert "look for its RSS link" in answer
    assert room.fetcher.asked == [SITE], "no address is guessed"


async def test_a_feed_that_a_site_names_and_nobody_serves_is_refused(room):
    room.fetcher.pages |= {SITE: page("/rss.xml"), FEED: Fetched("failed", FEED, 404, cause="nothing there")}
    assert f"{FEED} could not be fetched: nothing there" in " ".join(
        (await room.ask("feeds add wire.example")).split()
    )


async def test_a_site_is_tested_like_its_feed(room):
    room.fetcher.pages |= {SITE: page("/rss.xml"), FEED: RSS}
    answer = " ".join((await room.ask("feeds test wire.example")).split())
    assert "It works: Example Wire" in answer
    assert f"To read it from now on: feeds add {FEED}" in answer
    assert await urls(room) == []


@pytest.mark.parametrize("question", ["feeds list", "feeds status", "feeds status 1"])
async def test_a_feed_that_has_long_had_nothing_new_is_named_with_the_next_step(room, question):
    store = room.desk.store
    dated = [replace(one, data=replace(one.data, published_at=NOW - n * DAY)) for n, one in enumerate(
        entry(name) for name in "abcdef"
    )]  # fmt: skip
    feed = await polled(store, *dated)
    old = NOW - 40 * DAY
    await store.save_poll(
        Poll(replace(feed, first_fetched_at=old, last_success_at=NOW, last_new_at=old), at=NOW)
    )
    assert "nothing new" not in await room.ask(question)
    await room.clock.advance(20 * DAY.total_seconds())
    answer = " ".join((await room.ask(question)).split())
    assert "nothing new for 20 days" in answer.replace("| ", "")
    assert "it may have moved" in answer


async def test_held_entries_are_shown_and_released(room):
    store = room.desk.store
    await polled(store, *(replace(entry(name), held=True) for name in "abc"))
    listed = " ".join((await room.ask("feeds list")).split())
    assert "3 entries held back" in listed
    assert "feeds release 1" in listed
    assert "3 entries held back" in " ".join((await room.ask("feeds status")).split())
    assert "3 articles set free" in await room.ask("feeds release 1")
    assert len(await store.articles_to_read(NOW, 10)) == 3
    assert "held back" not in await room.ask("feeds list")
    assert "Nothing of feed 1" in await room.ask("feeds release 1")


async def test_a_feed_in_trouble_keeps_its_own_words(room):
    store = room.desk.store
    feed = await polled(store, entry("a"))
    trouble = Trouble("this is a web page (HTML), not a feed", NOW, "look for the site's RSS link")
    old = NOW - 40 * DAY
    await store.save_feed(replace(feed, first_fetched_at=old, last_new_at=old, failures=2, trouble=trouble))
    listed = " ".join((await room.ask("feeds list")).split())
    assert "this is a web page (HTML)" in listed
    assert "nothing new" not in listed
