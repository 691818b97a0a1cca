"""Which entries are new: keys, edits, order, and the many addresses of one page."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.identity import canonical_link, keys, new_entries, owed_on_first_fetch
from bot.model import EntryData, FeedData


def entry(guid="", link="", title="", *, text="", day=0):
    published = datetime(2031, 5, day, tzinfo=UTC) if day else None
    return EntryData(guid=guid, link=link, title=title, summary="", text=text, published_at=published)


def feed(*entries):
    return FeedData("rss20", "Example Wire", "en", entries)


def known(*entries):
    return {keys(one).key: keys(one).content_hash for one in entries}


@pytest.mark.parametrize(
    "url",
    [
        "https://wire.example/a/b",
        "http://wire.example/a/b",
        "https://www.wire.example/a/b/",
        "https://WWW.Wire.Example:443/a/b",
        "http://wire.example:80/a/b#part",
        "https://wire.example./a/b?",
        "https://wire.example/a/b?utm_source=rss&utm_medium=feed",
        "https://wire.example/a/b?fbclid=1&gclid=2&at_medium=RSS&at_campaign=X",
        " https://wire.example/a/b ",
    ],
)
def test_one_page_has_one_canonical_address(url):
    assert canonical_link(url) == "https://wire.example/a/b"


@pytest.mark.parametrize(
    "url",
    [
        "https://wire.example/a/B",
        "https://wire.example/a/b?id=2",
        "https://wire.example:8443/a/b",
        "https://news.wire.example/a/b",
        "https://wire.example/a",
    ],
)
def test_other_pages_keep_other_addresses(url):
    assert canonical_link(url) != "https://wire.example/a/b"


def test_parameters_that_are_not_tracking_keep_their_order_and_form():
    assert canonical_link("http://w.example/?b=2&utm_x=1&a=%c3%bc&c") == "https://w.example?b=2&a=%C3%BC&c"


URLS = st.builds(
    "{}://{}{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["", "www.", "www.www.", "WWW."]),
    st.sampled_from(
        ["a.example", "www.example", "[::1]", "a.example.", "a.example:80", "a.example:8080", "ü.example"]
    ),
    st.text("/a%2fB. ", max_size=8).map(lambda path: "/" + path),
    st.text("?&=aut_m", max_size=12),
    st.text("#?x", max_size=3),
)


@given(URLS | st.text(max_size=60))
def test_canonical_links_are_idempotent(url):
    once = canonical_link(url)
    assert canonical_link(once) == once


def test_the_guid_makes_the_key_whatever_else_changes():
    first = keys(entry("guid-1", "https://wire.example/1", "Title"))
    second = keys(entry(" guid-1 ", "https://wire.example/other", "Another title"))
    assert first.key == second.key
    assert first.content_hash != second.content_hash
    assert len(first.key) == 16


def test_guids_in_two_normal_forms_are_one():
    assert keys(entry("caf\u00e9")).key == keys(entry("cafe\u0301")).key


def test_without_guid_the_canonical_link_makes_the_key():
    first = keys(entry(link="http://www.wire.example/1?utm_source=rss", title="One"))
    second = keys(entry(link="https://wire.example/1", title="Two"))
    assert first.key == second.key
    assert first.link_key == second.link_key


def test_without_guid_and_link_title_and_text_make_the_key():
    assert keys(entry(title="A", text="b")).key == keys(entry(title=" A ", text="b")).key
    assert keys(entry(title="A", text="b")).key != keys(entry(title="A", text="c")).key
    assert (
        keys(entry(title="A", text="x" * 500 + "y")).key == keys(entry(title="A", text="x" * 500 + "z")).key
    )
    assert keys(entry(title="A")).link_key is None


def test_a_guid_and_a_link_that_look_alike_make_different_keys():
    assert keys(entry("https://wire.example/1")).key != keys(entry(link="https://wire.example/1")).key


def test_white_space_alone_is_no_edit():
    before = entry("1", title="A title", text="One.\n\nTwo.")
    after = entry("1", title="A  title ", text="One.\nTwo.")
    assert new_entries(feed(after), known(before)) == ()


def test_unseen_entries_are_new_and_changed_ones_are_edited():
    seen, changed = entry("1", title="Seen"), entry("2", title="Before")
    found = new_entries(feed(entry("3", title="New"), entry("2", title="After"), seen), known(seen, changed))
    assert [(new.data.title, new.edited) for new in found] == [("After", True), ("New", False)]


def test_an_entry_that_stands_twice_counts_once():
    found = new_entries(feed(entry("1", title="A"), entry("1", title="A again")), {})
    assert [new.data.title for new in found] == ["A"]


def test_a_link_shared_by_several_entries_is_no_link_key():
    live = "https://wire.example/live"
    found = new_entries(
        feed(entry("1", live), entry("2", live + "#two"), entry("3", "https://wire.example/3")), {}
    )
    assert {new.data.guid: new.keys.link_key is None for new in found} == {"1": True, "2": True, "3": False}


def test_nothing_is_new_because_it_is_back():
    a, b = entry("a"), entry("b")
    assert new_entries(feed(a), known(a, b)) == ()
    assert new_entries(feed(), known(a, b)) == ()
    assert new_entries(feed(b, a), known(a, b)) == ()


def test_oldest_comes_first_by_date_and_ties_by_position_reversed():
    found = new_entries(
        feed(entry("new", day=3), entry("tie-1", day=2), entry("tie-2", day=2), entry("old", day=1)), {}
    )
    assert [new.data.guid for new in found] == ["old", "tie-2", "tie-1", "new"]
    assert [new.position for new in found] == [3, 2, 1, 0]


def test_a_feed_that_lists_its_oldest_first_is_ordered_by_date_all_the_same():
    found = new_entries(feed(entry("old", day=1), entry("new", day=2)), {})
    assert [new.data.guid for new in found] == ["old", "new"]


def test_without_dates_the_last_in_the_document_is_the_oldest():
    assert [new.data.guid for new in new_entries(feed(entry("b"), entry("a")), {})] == ["a", "b"]


def test_an_undated_entry_stands_with_its_neighbour():
    found = new_entries(feed(entry("x"), entry("new", day=3), entry("between"), entry("old", day=1)), {})
    assert [new.data.guid for new in found] == ["old", "between", "new", "x"]


@pytest.mark.parametrize(
    ("newest", "owed"), [(0, []), (1, ["c"]), (2, ["b", "c"]), (9, ["a", "b", "c"]), (-1, [])]
)
def test_on_a_first_fetch_only_the_newest_are_owed(newest, owed):
    found = owed_on_first_fetch(new_entries(feed(entry("c"), entry("b"), entry("a")), {}), newest)
    assert [new.data.guid for new in found] == ["a", "b", "c"]
    assert [new.data.guid for new in found if new.owed] == owed
