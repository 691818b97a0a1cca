from dataclasses import replace

import pytest

from bot.intake.seen import Seen, SeenEntry
from bot.model import ArticleState, Feed, Move, Pace, Trouble, Validators, Wishes
from bot.ports import Poll, Wanted
from bot.store.sql_store import SqlStore, StoreError
from tests.store.invented import HOUR, NOW, URL, entry, key, polled, read_one, reading, said


async def waiting(store: SqlStore) -> list[str]:
    return [one.article.title for one in await store.articles_to_read(NOW + 99 * HOUR, 100)]


async def test_a_new_feed_is_due_at_once_and_a_known_address_gives_it_back_as_it_is(store: SqlStore):
    feed = await store.add_feed(URL, "Example Times", now=NOW)
    assert feed == Feed(id=feed.id, url=URL, title="Example Times", added_at=NOW, next_at=NOW)
    assert await store.due_feeds(NOW, 10) == [feed]
    assert await store.add_feed(URL, "Another name", now=NOW + HOUR) == feed
    assert await store.feeds() == [feed]


async def test_due_feeds_come_longest_overdue_first_without_paused_and_later_ones(store: SqlStore):
    early, late, paused, later = [
        await store.add_feed(f"{URL}{n}", f"Outlet {n}", now=at)
        for n, at in enumerate([NOW - HOUR, NOW - 2 * HOUR, NOW - 3 * HOUR, NOW + HOUR])
    ]
    await store.save_feed(replace(paused, paused=True))
    assert [feed.id for feed in await store.due_feeds(NOW, 10)] == [late.id, early.id]
    assert [feed.id for feed in await store.due_feeds(NOW, 1)] == [late.id]
    assert await store.next_due_at() == NOW - 2 * HOUR
    for feed in (early, late):
        await store.remove_feed(feed.id)
    assert await store.next_due_at() == NOW + HOUR
    await store.remove_feed(later.id)
    assert await store.next_due_at() is None


async def test_titles_come_once_each_in_order_without_removed_and_nameless_feeds(store: SqlStore):
    for number, title in enumerate(("B Times", "A Post", "B Times", "", "Gone")):
        last = await store.add_feed(f"{URL}{number}", title, now=NOW)
    await store.remove_feed(last.id)
    assert await store.feed_titles() == ["A Post", "B Times"]


async def test_failing_feeds_are_named_by_title_or_address_unless_paused_or_removed(store: SqlStore):
    rows = [
        await store.add_feed(f"{URL}{number}", title, now=NOW)
        for number, title in enumerate(("Z Times", "", "Well", "Paused", "Removed"))
    ]
    for row in rows:
        trouble = None if row.title == "Well" else Trouble("an invented fault", NOW, "wait")
        await store.save_feed(replace(row, trouble=trouble, paused=row.title == "Paused"))
    await store.remove_feed(rows[-1].id)
    assert await store.failing_feeds() == ["Z Times", f"{URL}1"]


async def test_a_poll_saves_the_feeds_whole_row(store: SqlStore):
    feed = await store.add_feed(URL, "Example Times", now=NOW)
    after = replace(
        feed,
        title="Example Times online",
        next_at=NOW + HOUR,
        validators=Validators(b'W/"odd\xff"', b"not a date"),
        body_hash=b"hash",
        failures=2,
        first_fetched_at=NOW,
        last_success_at=NOW,
        last_new_at=NOW,
        trouble=Trouble("answers 503", NOW, "wait"),
        polled_at=NOW,
        not_before=NOW + HOUR,
        wishes=Wishes(7200, (0, 5, 23), (0, 6)),
        pace=Pace(12.5, NOW),
        moving=Move("https://new.example/feed", NOW - HOUR, 3),
        former_url="http://older.example/feed",
        gone_since=NOW,
    )
    await store.save_poll(Poll(after, at=NOW))
    assert await store.feeds() == [after]


async def test_a_feed_paused_during_its_poll_stays_paused(store: SqlStore):
    feed = await store.add_feed(URL, "Example Times", now=NOW)
    await store.save_feed(replace(feed, paused=True))
    await store.save_poll(Poll(replace(feed, next_at=NOW + HOUR), at=NOW))
    (stored,) = await store.feeds()
    assert stored.paused
    assert stored.next_at == NOW + HOUR


async def test_an_entry_becomes_an_article_to_read_or_one_off_topic(store: SqlStore):
    feed = await store.add_feed(URL, "Example Times", now=NOW)
    entries = (
        entry("a", summary="S", text="Whole text.", owed=False),
        entry("b", outlet="Sample Post"),
        entry("c", on_topic=False),
    )
    assert await store.save_poll(Poll(feed, entries, at=NOW)) == 3
    first, second = await store.articles_to_read(NOW, 10)
    assert (first.summary, first.entry_text, first.article.owed) == ("S", "Whole text.", False)
    assert (first.article.outlet, first.article.url) == ("Example Times", "https://example.org/a")
    assert (first.article.first_seen_at, first.article.state) == (NOW, ArticleState.TO_READ)
    assert (second.article.outlet, second.article.owed) == ("Sample Post", True)
    assert (await store.totals()).articles[ArticleState.OFF_TOPIC] == 1


async def test_known_entries_are_told_with_their_hash_however_many_are_asked(store: SqlStore):
    feed = await polled(store, entry("a"), entry("b"))
    asked = [key("a"), key("b"), *(key(f"unseen {n}") for n in range(1500))]
    assert (await store.seen(feed.id, asked)).by_key == {
        key("a"): SeenEntry(key("a"), entry("a").keys.content_hash, NOW),
        key("b"): SeenEntry(key("b"), entry("b").keys.content_hash, NOW),
    }
    assert await store.seen(feed.id + 1, asked) == Seen({}, {})


async def test_a_poll_saved_twice_adds_nothing_the_second_time(store: SqlStore):
    feed = await polled(store, entry("a"), entry("b"))
    assert await store.save_poll(Poll(feed, (entry("b"), entry("c"), entry("c")), at=NOW)) == 1
    totals = await store.totals()
    assert totals.entries == sum(totals.articles.values()) == 3


async def test_two_feeds_with_one_link_share_the_article_and_the_first_says_whether_it_is_owed(
    store: SqlStore,
):
    await polled(store, entry("a", link="https://example.org/x", owed=False))
    other = await store.add_feed(URL + "2", "Sample Post", now=NOW)
    poll = Poll(other, (entry("other guid", link="https://example.org/x", owed=True),), at=NOW)
    assert await store.save_poll(poll) == 0
    (one,) = await store.articles_to_read(NOW, 10)
    assert (one.article.owed, one.article.outlet) == (False, "Example Times")
    assert (await store.totals()).entries == 2


async def test_entries_without_a_link_are_never_taken_for_one_another(store: SqlStore):
    await polled(store, entry("a", link=""), entry("b", link=""))
    assert len(await waiting(store)) == 2


async def test_a_richer_summary_in_another_feed_brings_an_article_back_on_topic(store: SqlStore):
    await polled(store, entry("a", link="https://example.org/x", on_topic=False))
    assert await waiting(store) == []
    richer = entry("b", link="https://example.org/x", summary="Talks about the war.")
    await polled(store, richer, url=URL + "2")
    (one,) = await store.articles_to_read(NOW, 10)
    assert one.summary == "Talks about the war."


async def test_an_article_judged_by_its_whole_text_stays_off_topic_for_other_feeds(store: SqlStore):
    await read_one(store, "a", said("We cook"), topics=())
    await polled(store, entry("b", link="https://example.org/a"), url=URL + "2")
    assert await waiting(store) == []


async def test_an_edit_is_read_again_and_keeps_texts_and_statements(store: SqlStore):
    article_id = await read_one(store, "a", said("We agreed"))
    trouble = Trouble("gone", NOW, "wait")
    feed = (await store.feeds())[0]
    edit = entry("a", title="Edited title", summary="Edited.", edited=True)
    await store.save_unread(
        article_id, state=ArticleState.UNREADABLE, attempts=2, not_before=NOW + 9 * HOUR, trouble=trouble
    )
    assert await store.save_poll(Poll(feed, (edit,), at=NOW + HOUR)) == 0
    (one,) = await store.articles_to_read(NOW + HOUR, 10)
    assert (one.article.id, one.article.title, one.summary) == (article_id, "Edited title", "Edited.")
    assert (one.article.attempts, one.article.trouble, one.article.first_seen_at) == (0, None, NOW)
    known = (await store.seen(feed.id, [key("a")])).by_key
    assert known[key("a")].content_hash == edit.keys.content_hash
    assert await store.text_version(article_id) is not None
    # Still shown while it waits to be read anew: a digest composed just now must not lose it.
    assert [one.statement.speaker for one in await store.statements(Wanted("war"))] == ["Anna Example"]


async def test_the_same_edit_saved_again_does_not_send_the_article_to_reading_again(store: SqlStore):
    article_id = await read_one(store, "a")
    feed = (await store.feeds())[0]
    edit = entry("a", summary="Edited.", edited=True)
    await store.save_poll(Poll(feed, (edit,), at=NOW))
    await store.save_reading(reading(article_id))
    await store.save_poll(Poll(feed, (edit,), at=NOW))
    assert await waiting(store) == []


async def test_an_edit_that_leaves_the_topic_changes_the_words_and_nothing_else(store: SqlStore):
    article_id = await read_one(store, "a", said("We agreed"))
    feed = (await store.feeds())[0]
    await store.save_poll(Poll(feed, (entry("a", title="Cooking", edited=True, on_topic=False),), at=NOW))
    article = await store.article(article_id)
    assert article is not None
    assert (article.title, article.state) == ("Cooking", ArticleState.READ)


async def test_a_removed_feed_is_gone_but_its_entries_are_known_when_it_comes_back(store: SqlStore):
    feed = await polled(store, entry("a"))
    await store.save_poll(
        Poll(
            replace(feed, validators=Validators(b"etag", b"date"), body_hash=b"h", first_fetched_at=NOW),
            at=NOW,
        )
    )
    await store.remove_feed(feed.id)
    assert await store.feeds() == []
    assert await store.due_feeds(NOW + HOUR, 10) == []
    assert len(await waiting(store)) == 1
    back = await store.add_feed(URL, "", now=NOW + HOUR)
    assert back == Feed(feed.id, URL, "Example Times", added_at=NOW + HOUR, next_at=NOW + HOUR)
    assert list((await store.seen(back.id, [key("a")])).by_key) == [key("a")]


async def test_a_poll_of_an_unknown_feed_or_without_its_time_is_refused_whole(store: SqlStore):
    feed = await store.add_feed(URL, "Example Times", now=NOW)
    with pytest.raises(LookupError, match="no feed 999"):
        await store.save_poll(Poll(replace(feed, id=999), (entry("a"),), at=NOW))
    with pytest.raises(ValueError, match=r"Poll\.at"):
        await store.save_poll(Poll(replace(feed, failures=7), (entry("a"),)))
    assert await store.feeds() == [feed]
    assert await waiting(store) == []


async def test_a_feed_cannot_take_another_ones_address(store: SqlStore):
    feed = await store.add_feed(URL, "Example Times", now=NOW)
    await store.add_feed(URL + "2", "Sample Post", now=NOW)
    with pytest.raises(StoreError, match="contradicts what is stored"):
        await store.save_feed(replace(feed, url=URL + "2"))


async def test_times_that_a_clock_running_ahead_left_are_mended_and_others_stay(store: SqlStore):
    years = 99_999 * HOUR
    fine, ahead, lost = [await store.add_feed(f"{URL}{n}", "", now=NOW) for n in range(3)]
    await store.save_poll(Poll(replace(fine, next_at=NOW + HOUR, polled_at=NOW), at=NOW))
    await store.save_poll(Poll(replace(ahead, next_at=NOW + years + HOUR, polled_at=NOW + years), at=NOW))
    await store.save_poll(Poll(replace(lost, next_at=NOW + years), at=NOW))
    assert await store.mend_due_times(NOW) == 2
    times = [feed.next_at for feed in await store.feeds()]
    assert times[:2] == [NOW + HOUR, NOW + HOUR]
    assert NOW <= times[2] <= NOW + HOUR
    assert await store.mend_due_times(NOW) == 0


async def test_a_pardon_takes_failures_back_but_never_a_success(store: SqlStore):
    before = await store.add_feed(URL, "", now=NOW)
    failed = replace(before, failures=1, trouble=Trouble("down", NOW, "wait"), next_at=NOW + 9 * HOUR)
    await store.save_poll(Poll(failed, at=NOW))
    await store.pardon([replace(before, next_at=NOW + HOUR)])
    assert await store.feeds() == [replace(before, next_at=NOW + HOUR)]
    succeeded = replace(before, last_success_at=NOW, next_at=NOW + 2 * HOUR)
    await store.save_poll(Poll(succeeded, at=NOW))
    await store.pardon([before])
    assert await store.feeds() == [succeeded]


async def test_whoever_is_in_charge_is_told_of_three_failures_and_of_the_end_once_each(store: SqlStore):
    feed = await store.add_feed(URL, "", now=NOW)
    await store.save_poll(Poll(replace(feed, failures=2), at=NOW))
    assert await store.feeds_to_tell() == []
    await store.save_poll(Poll(replace(feed, failures=3), at=NOW))
    assert [one.id for one in await store.feeds_to_tell()] == [feed.id]
    await store.save_owner_told(feed.id, NOW)
    await store.save_poll(Poll(replace(feed, failures=4), at=NOW))
    assert await store.feeds_to_tell() == []
    await store.save_poll(Poll(replace(feed, failures=5, gone_since=NOW, paused=True), at=NOW))
    (gone,) = await store.feeds_to_tell()
    assert gone.paused
    assert await store.due_feeds(NOW + 999 * HOUR, 9) == []
    with pytest.raises(LookupError):
        await store.save_owner_told(99, NOW)


async def test_a_new_address_that_is_taken_is_not_taken_over(store: SqlStore):
    feed = await store.add_feed(URL, "", now=NOW)
    await store.add_feed(URL + "/taken", "", now=NOW)
    moved = replace(feed, url=URL + "/taken", former_url=URL, failures=0)
    await store.save_poll(Poll(moved, at=NOW, moved=True))
    assert [one.url for one in await store.feeds()] == [URL, URL + "/taken"]
    await store.save_poll(Poll(replace(moved, url=URL + "/free"), at=NOW, moved=True))
    assert [one.url for one in await store.feeds()] == [URL + "/free", URL + "/taken"]
    assert (await store.add_feed(URL, "", now=NOW)).url == URL + "/free"
