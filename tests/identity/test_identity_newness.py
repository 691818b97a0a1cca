"""Which entries of a document are new: the decision alone, on what is stored and what has come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.intake.newness import Document, news
from bot.intake.seen import SHARED, Seen, SeenEntry
from bot.model import EntryData, FeedData

NOW = datetime(2031, 5, 12, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def entry(guid="", link="", title="", *, text="", at=NOW - HOUR):
    return EntryData(guid=guid, link=link, title=title, summary="", text=text, published_at=at)


def numbered(*numbers, at=NOW - HOUR, **changes):
    """Entries that share nothing with one another."""
    return tuple(
        replace(entry(f"guid {n}", f"https://wire.example/{n}", f"Title {n}", at=at), **changes)
        for n in numbers
    )


class Stored:
    """What a feed's store would answer, kept up as the store keeps it."""

    def __init__(self):
        self.by_key, self.aliases, self.off, self.newest = {}, {}, frozenset(), None

    def polls(self, *entries, now=NOW, first=False):
        """Decide on a document and keep the outcome; return the decision."""
        document = Document.of(FeedData("rss20", "Example Wire", "en", entries))
        found = {alias: self.by_key[alias] for alias in document.aliases if alias in self.by_key}
        found |= {
            alias: self.by_key.get(self.aliases[alias]) for alias in document.aliases if alias in self.aliases
        }
        known = {key: self.by_key[key] for key in document.keys if key in self.by_key}
        decided = news(document, Seen(known, found, self.newest, self.off), now, first_fetch=first)
        for new in decided.entries:
            date = new.data.published_at or now
            self.by_key[new.keys.key] = SeenEntry(new.keys.key, new.keys.content_hash, min(date, now))
            if new.data.published_at:
                self.newest = max(self.newest or min(date, now), min(date, now))
        for alias, key in decided.aliases:
            if self.aliases.get(alias) != SHARED:
                self.aliases[alias] = key
        self.off |= decided.collided
        return decided.entries


@pytest.fixture
def stored():
    return Stored()


def fates(entries):
    """Of each entry its guid and what is to become of it."""
    return {
        new.data.guid: "held" if new.held
        else "reused" if new.reused
        else "renamed" if new.renamed
        else "edited" if new.edited
        else "new"
        for new in entries
    }  # fmt: skip


def test_unseen_entries_are_new_and_changed_ones_are_edited(stored):
    one, two = numbered(1, 2)
    stored.polls(one, two)
    found = stored.polls(*numbered(3), replace(two, text="Edited."), one)
    assert fates(found) == {"guid 3": "new", "guid 2": "edited"}


def test_an_entry_that_stands_twice_counts_once(stored):
    assert [new.data.title for new in stored.polls(entry("1", title="A"), entry("1", title="B"))] == ["A"]


def test_nothing_is_new_because_it_is_back(stored):
    one, two, three = numbered(1, 2, 3)
    stored.polls(one, two, three)
    for document in ((one,), (), (three, one), (two,), (one, two, three)):
        assert stored.polls(*document) == ()


# ── Other names ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "changed",
    [
        {"guid": "other", "link": "http://www.wire.example/1/?utm_source=rss#top", "title": "Other"},
        {"guid": "", "title": "Other"},
        {"guid": "other", "link": "https://wire.example/renamed"},
        {"guid": "other", "link": "", "published_at": NOW - DAY},
    ],
    ids=["link", "no guid any more", "title and date", "title and date without link"],
)
def test_an_entry_that_comes_under_another_guid_is_known_by_its_other_names(stored, changed):
    (one,) = numbered(1)
    stored.polls(one)
    other = replace(one, **changed)
    (found,) = stored.polls(other)
    assert found.renamed == next(iter(stored.by_key))
    assert stored.polls(other) == stored.polls(one) == ()


def test_a_guid_at_another_host_is_the_same_guid(stored):
    old = entry("http://wire.example/?p=7", "http://wire.example/a", "One")
    new = entry("https://news.example/?p=7", "https://news.example/b", "Another title")
    stored.polls(old)
    assert fates(stored.polls(new)) == {new.guid: "renamed"}


def test_the_same_number_at_another_site_much_later_is_another_entry(stored):
    """A planet collects sites that all number from one."""
    stored.polls(entry("http://a.example/?p=7", "http://a.example/x", "One", at=NOW - 30 * DAY))
    other = entry("http://b.example/?p=7", "http://b.example/y", "Another")
    assert fates(stored.polls(other)) == {other.guid: "new"}


def test_a_title_that_comes_back_days_later_is_another_entry(stored):
    stored.polls(entry("1", "https://wire.example/1", "The day in brief", at=NOW - 3 * DAY))
    assert fates(stored.polls(entry("2", "https://wire.example/2", "The day in brief"))) == {"2": "new"}


def test_a_title_that_comes_every_day_with_another_text_names_no_entry(stored):
    """A briefing in a feed whose window is shorter than a day."""
    monday = entry("1", "https://wire.example/1", "Briefing", text="Monday.", at=NOW - DAY)
    assert fates(stored.polls(monday)) == {"1": "new"}
    tuesday = entry("2", "https://wire.example/2", "Briefing", text="Tuesday.", at=NOW)
    assert fates(stored.polls(tuesday)) == {"2": "new"}
    moved = replace(tuesday, guid="3", link="https://wire.example/3", published_at=NOW + 1.5 * DAY)
    assert fates(stored.polls(moved, now=NOW + 2 * DAY)) == {"3": "renamed"}


def test_another_title_a_day_later_at_the_same_address_is_another_entry(stored):
    """A live page that has one address for all days."""
    live = "https://wire.example/live"
    stored.polls(entry("1", live, "Monday, live", at=NOW - DAY))
    (found,) = stored.polls(entry("2", live, "Tuesday, live", at=NOW))
    assert (found.renamed, found.keys.link_key) == (None, None)


def test_an_alias_goes_over_to_the_entry_that_bears_it_last(stored):
    live = "https://wire.example/live"
    stored.polls(entry("1", live, "Monday, live", at=NOW - DAY))
    stored.polls(entry("2", live, "Tuesday, live", at=NOW))
    assert fates(stored.polls(entry("2a", live, "Tuesday, live", at=NOW))) == {"2a": "renamed"}


def test_two_strangers_are_never_taken_for_one_entry(stored):
    (one,) = numbered(1)
    stored.polls(one)
    found = stored.polls(
        replace(one, guid="x", title="X"), replace(one, guid="y", link="https://wire.example/y")
    )
    assert sorted(fates(found).values()) == ["new", "renamed"]


# ── Collisions ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_link_that_several_entries_share_names_none_of_them_ever_again(stored):
    live = "https://wire.example/live"
    first = stored.polls(entry("1", live, "One"), entry("2", live + "#two", "Two"), *numbered(3))
    assert {new.data.guid: new.keys.link_key is None for new in first} == {
        "1": True,
        "2": True,
        "guid 3": False,
    }
    assert stored.off == {"link"}
    (later,) = stored.polls(entry("4", live, "Four"))
    assert (later.renamed, later.keys.link_key) == (None, None)


def test_a_collision_is_seen_in_either_order(stored):
    one, two = entry("1", "https://wire.example/live", "One"), entry("2", "https://wire.example/live", "Two")
    other = Stored()
    assert fates(stored.polls(one, two)) == fates(other.polls(two, one)) == {"1": "new", "2": "new"}
    assert stored.off == other.off == {"link"}


def test_a_second_entry_with_a_known_ones_link_is_new_while_both_stand_there(stored):
    one, two = entry("1", "https://wire.example/live", "One"), entry("2", "https://wire.example/live", "Two")
    stored.polls(one)
    assert fates(stored.polls(two, one)) == {"2": "new"}


def test_titles_that_repeat_name_nothing(stored):
    stored.polls(
        entry("1", "https://wire.example/1", "In brief"), entry("2", "https://wire.example/2", "In brief")
    )
    assert stored.off == {"title"}
    assert fates(stored.polls(entry("3", "https://wire.example/3", "In brief"))) == {"3": "new"}


def test_entries_without_guids_that_share_a_link_go_by_their_words(stored):
    live = "https://wire.example/live"
    one, two, three = (entry("", live, title) for title in ("One", "Two", "Three"))
    assert len(stored.polls(one)) == 1
    found = stored.polls(two, one)
    assert [(new.data.title, bool(new.renamed)) for new in found] == [("One", True), ("Two", False)]
    assert [new.data.title for new in stored.polls(three)] == ["Three"]
    assert stored.polls(three, two, one) == ()


# ── The flood brake ──────────────────────────────────────────────────────────────────────────────────────


def test_a_flood_of_older_entries_is_held_and_the_newer_ones_come(stored):
    stored.polls(*numbered(*range(10), at=NOW - 2 * DAY))
    archive = numbered(*range(100, 140), at=NOW - 300 * DAY)
    found = fates(stored.polls(*numbered(200, 201), *archive))
    assert {found["guid 200"], found["guid 201"]} == {"new"}
    assert list(found.values()).count("held") == 40
    assert stored.polls(*archive) == ()


def test_a_flood_of_news_comes_whole(stored):
    stored.polls(*numbered(*range(10), at=NOW - 2 * DAY))
    assert set(fates(stored.polls(*numbered(*range(100, 600)))).values()) == {"new"}


def test_undated_entries_are_never_held_as_old(stored):
    stored.polls(*numbered(*range(10), at=NOW - 2 * DAY))
    assert set(fates(stored.polls(*numbered(*range(100, 140), at=None))).values()) == {"new"}


def test_in_a_flood_a_title_names_an_entry_of_any_age(stored):
    """A site moves: new guids, new addresses, and the titles that it had."""
    old = numbered(*range(40), at=NOW - 30 * DAY)
    stored.polls(*old)
    moved = tuple(
        replace(one, guid=f"new {n}", link=f"https://new.example/{n}", published_at=NOW)
        for n, one in enumerate(old)
    )
    assert set(fates(stored.polls(*moved)).values()) == {"renamed"}
    assert stored.polls(*moved) == ()


def test_a_few_old_entries_are_no_flood(stored):
    stored.polls(*numbered(*range(10)))
    assert set(fates(stored.polls(*numbered(*range(100, 110), at=NOW - 300 * DAY))).values()) == {"new"}


def test_a_first_fetch_is_no_flood(stored):
    assert set(fates(stored.polls(*numbered(*range(200)), first=True)).values()) == {"new"}


def test_entries_that_nothing_names_are_bounded_for_each_poll(stored):
    def bare(poll):
        return tuple(entry("", "", f"Words of request {poll}, entry {n}") for n in range(30))

    stored.polls(*bare(1), first=True)
    found = [new.held for new in stored.polls(*bare(2))]
    assert (found.count(True), found.count(False)) == (10, 20)


# ── Guids used again, dates ──────────────────────────────────────────────────────────────────────────────


def test_a_guid_with_new_title_and_link_a_day_later_is_another_article(stored):
    old = entry("guid", "https://wire.example/1", "Monday's story", at=NOW - 2 * DAY)
    new = entry("guid", "https://wire.example/2", "Wednesday's story", at=NOW)
    stored.polls(old)
    assert fates(stored.polls(new)) == {"guid": "reused"}
    assert stored.polls(new) == ()
    assert fates(stored.polls(old)) == {"guid": "edited"}, "a stale copy makes no third article"


@pytest.mark.parametrize(
    "changed",
    [
        {"title": "New"},
        {"link": "https://wire.example/2", "text": "Edited."},
        {"title": "New", "link": "https://wire.example/2", "published_at": NOW - DAY},
        {"title": "New", "link": "https://wire.example/2", "published_at": None},
    ],
    ids=["same link", "same title", "same day", "no date"],
)
def test_anything_less_is_an_edit(stored, changed):
    stored.polls(entry("guid", "https://wire.example/1", "Title", at=NOW - 1.5 * DAY))
    (found,) = stored.polls(replace(entry("guid", "https://wire.example/1", "Title"), **changed))
    assert (found.edited, found.reused) == (True, False)


def test_a_date_that_lies_ahead_counts_as_now(stored):
    stored.polls(*numbered(1, at=NOW + 365 * DAY))
    assert stored.newest == NOW
    assert fates(stored.polls(*numbered(*range(100, 140)), now=NOW + HOUR))["guid 100"] == "held"
    assert fates(stored.polls(*numbered(200, at=NOW + HOUR), now=NOW + HOUR)) == {"guid 200": "new"}
