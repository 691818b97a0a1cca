"""What the store keeps to tell entries apart: aliases, collisions, and what the flood brake holds back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.intake.seen import SHARED, Seen, SeenEntry
from bot.model import ArticleState
from bot.ports import Poll
from bot.store.sql_store import SqlStore
from tests.store.invented import HOUR, NOW, URL, entry, key, polled

DAY = timedelta(days=1)


@pytest.fixture
async def store():
    async with SqlStore.open(":memory:") as opened:
        yield opened


def dated(name, at, **changes):
    made = entry(name)
    return replace(made, data=replace(made.data, published_at=at), **changes)


async def test_an_alias_leads_to_its_entry_and_stays(store):
    feed = await polled(store, entry("a"))
    await store.save_poll(Poll(feed, aliases=((b"link of a", key("a")), (b"title of a", key("a"))), at=NOW))
    a = SeenEntry(key("a"), entry("a").keys.content_hash, NOW)
    assert await store.seen(feed.id, [], [b"link of a", b"unknown"]) == Seen({}, {b"link of a": a})
    assert await store.seen(feed.id + 1, [], [b"link of a"]) == Seen({}, {})


async def test_a_key_is_an_alias_too(store):
    """An entry without a guid has its link for a key; with a guid it is found by it."""
    feed = await polled(store, entry("a"))
    assert list((await store.seen(feed.id, [], [key("a")])).by_alias) == [key("a")]


async def test_an_alias_goes_over_to_another_entry_but_a_shared_one_is_nobodys_for_good(store):
    feed = await polled(store, entry("a"), entry("b"))
    for owner in (key("a"), key("b")):
        await store.save_poll(Poll(feed, aliases=((b"alias", owner),), at=NOW))
    assert (await store.seen(feed.id, [], [b"alias"])).by_alias[b"alias"].key == key("b")
    for owner in (SHARED, key("a")):
        await store.save_poll(Poll(feed, aliases=((b"alias", owner),), at=NOW))
    assert (await store.seen(feed.id, [], [b"alias"])).by_alias == {b"alias": None}


async def test_kinds_of_aliases_that_collided_add_up_and_stay(store):
    feed = await polled(store, entry("a"))
    for kinds in (("link",), ("title", "link"), ()):
        await store.save_poll(Poll(feed, collided=frozenset(kinds), at=NOW))
    assert (await store.seen(feed.id, [])).kinds_off == {"link", "title"}


async def test_the_newest_date_only_rises_and_never_lies_ahead(store):
    feed = await polled(store, dated("a", NOW - DAY))
    assert (await store.seen(feed.id, [])).newest_at == NOW - DAY
    await store.save_poll(Poll(feed, (dated("b", NOW + 400 * DAY), dated("c", NOW - 9 * DAY)), at=NOW))
    seen = await store.seen(feed.id, [key("b"), key("c")])
    assert seen.newest_at == seen.by_key[key("b")].dated_at == NOW
    await store.save_poll(Poll(feed, (dated("d", NOW - 9 * DAY), entry("e")), at=NOW + HOUR))
    assert (await store.seen(feed.id, [])).newest_at == NOW


async def test_a_renamed_entry_is_known_under_both_keys_and_has_one_article(store):
    feed = await polled(store, entry("a"))
    renamed = replace(entry("b", summary="Edited."), renamed=key("a"), edited=True)
    for _ in range(2):
        assert await store.save_poll(Poll(feed, (renamed,), at=NOW + HOUR)) == 0
    assert set((await store.seen(feed.id, [key("a"), key("b")])).by_key) == {key("a"), key("b")}
    (waiting,) = await store.articles_to_read(NOW + HOUR, 10)
    assert (waiting.summary, waiting.article.first_seen_at) == ("Edited.", NOW)


async def test_an_edited_entry_is_read_at_the_address_it_has_now(store):
    feed = await polled(store, entry("a"), entry("b"))
    moved = replace(entry("a", summary="Edited.", link="https://example.org/new-slug"), edited=True)
    bare = replace(entry("b", summary="Edited.", link=""), edited=True)
    await store.save_poll(Poll(feed, (moved, bare), at=NOW + HOUR))
    addresses = [one.article.url for one in await store.articles_to_read(NOW + HOUR, 10)]
    assert addresses == ["https://example.org/new-slug", "https://example.org/b"]


async def test_a_guid_used_again_brings_a_second_article_and_keeps_the_first(store):
    feed = await polled(store, entry("a"))
    again = replace(entry("a", title="Another story", link="https://example.org/x"), edited=True, reused=True)
    for _ in range(2):
        await store.save_poll(Poll(feed, (again,), at=NOW + DAY))
    titles = [one.article.title for one in await store.articles_to_read(NOW + DAY, 10)]
    assert titles == ["Title of a", "Another story"]
    assert (await store.totals()).entries == 1


async def test_held_entries_are_counted_not_read_and_come_when_they_are_released(store):
    held = [replace(entry(name), held=True) for name in ("a", "b")]
    feed = await polled(store, *held, entry("c"))
    assert await store.held_entries() == {feed.id: 2}
    assert [one.article.title for one in await store.articles_to_read(NOW, 10)] == ["Title of c"]
    assert (await store.totals()).articles[ArticleState.HELD] == 2
    assert [await store.release_held(feed.id) for _ in range(2)] == [2, 0]
    assert await store.held_entries() == {}
    released = await store.articles_to_read(NOW, 10)
    assert [
        (one.article.title, one.article.owed) for one in released if one.article.title != "Title of c"
    ] == [
        ("Title of a", True),
        ("Title of b", True),
    ]


async def test_another_feed_that_brings_a_held_article_as_news_sets_it_free(store):
    feed = await polled(store, replace(entry("a"), held=True))
    await polled(store, entry("other guid", link="https://example.org/a"), url=URL + "2")
    assert len(await store.articles_to_read(NOW, 10)) == 1
    assert await store.held_entries() == {}
    assert await store.release_held(feed.id) == 0
