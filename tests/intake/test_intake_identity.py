"""What makes an entry the same: keys, other names, order, and the many addresses of one page."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.identity import canonical_link, keys, oldest_first, owed_on_first_fetch
from bot.model import EntryData, NewEntry


def entry(guid="", link="", title="", *, text="", day=0):
    published = datetime(2031, 5, day, tzinfo=UTC) if day else None
    return EntryData(guid=guid, link=link, title=title, summary="", text=text, published_at=published)


def ordered(*entries):
    return oldest_first([NewEntry(one, keys(one), position) for position, one in enumerate(entries)])


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
    assert keys(before).content_hash == keys(after).content_hash


@pytest.mark.parametrize(
    "link", ["https://wire.example", "http://www.wire.example/", "https://wire.example/#top"]
)
def test_a_sites_front_page_names_no_entry(link):
    one, other = keys(entry(link=link, title="One")), keys(entry(link=link, title="Other"))
    assert one.key != other.key
    assert one.link_key is None


def test_a_front_page_with_a_query_is_a_page():
    assert keys(entry(link="https://wire.example/?p=7")).link_key is not None


def test_a_guid_that_is_an_address_is_the_same_at_another_host():
    first, second = entry("http://wire.example/?p=7"), entry("https://www.news.example/?p=7&utm_source=rss")
    assert keys(first).guid_key == keys(second).guid_key is not None
    assert keys(entry("http://wire.example/?p=8")).guid_key != keys(first).guid_key


@pytest.mark.parametrize("guid", ["7", "tag:wire.example,2031:7", "https://wire.example/", "urn:uuid:7", ""])
def test_other_guids_have_no_path(guid):
    assert keys(entry(guid)).guid_key is None


def test_a_title_is_the_same_in_capitals():
    assert keys(entry("1", title="Envoys  MEET")).title_key == keys(entry("2", title="envoys meet")).title_key
    assert keys(entry("1")).title_key is None


def test_oldest_comes_first_by_date_and_ties_by_position_reversed():
    found = ordered(entry("new", day=3), entry("tie-1", day=2), entry("tie-2", day=2), entry("old", day=1))
    assert [new.data.guid for new in found] == ["old", "tie-2", "tie-1", "new"]
    assert [new.position for new in found] == [3, 2, 1, 0]


def test_a_feed_that_lists_its_oldest_first_is_ordered_by_date_all_the_same():
    assert [new.data.guid for new in ordered(entry("old", day=1), entry("new", day=2))] == ["old", "new"]


def test_without_dates_the_last_in_the_document_is_the_oldest():
    assert [new.data.guid for new in ordered(entry("b"), entry("a"))] == ["a", "b"]


def test_an_undated_entry_stands_with_its_neighbour():
    found = ordered(entry("x"), entry("new", day=3), entry("between"), entry("old", day=1))
    assert [new.data.guid for new in found] == ["old", "between", "new", "x"]


@pytest.mark.parametrize(
    ("newest", "owed"), [(0, []), (1, ["c"]), (2, ["b", "c"]), (9, ["a", "b", "c"]), (-1, [])]
)
def test_on_a_first_fetch_only_the_newest_are_owed(newest, owed):
    found = owed_on_first_fetch(ordered(entry("c"), entry("b"), entry("a")), newest)
    assert [new.data.guid for new in found] == ["a", "b", "c"]
    assert [new.data.guid for new in found if new.owed] == owed
