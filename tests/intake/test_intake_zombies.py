"""Feeds that answer and bring nothing: told by their own habit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.intake.zombies import may_be_silent, silence
from bot.model import Feed, Trouble

NOW = datetime(2031, 5, 12, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def feed(**changes):
    began = NOW - 300 * DAY
    return replace(
        Feed(1, "https://wire.example/rss", "Example Wire", began, NOW, first_fetched_at=began), **changes
    )


def every(gap, newest, count=20):
    return [newest - n * gap for n in range(count)]


@pytest.mark.parametrize(
    ("gap", "silent_for", "is_silent"),
    [
        (HOUR, 2 * DAY, False),
        (HOUR, 4 * DAY, True),
        (2 * DAY, 5 * DAY, False),
        (2 * DAY, 7 * DAY, True),
        (30 * DAY, 80 * DAY, False),
        (30 * DAY, 91 * DAY, True),
    ],
)
def test_three_times_its_own_gap_and_three_days_at_least_is_silence(gap, silent_for, is_silent):
    newest = NOW - silent_for
    found = silence(feed(last_new_at=newest), every(gap, newest), NOW)
    assert (found is not None) == is_silent
    if found:
        assert found.since == newest


def test_the_words_say_how_long_its_habit_and_the_next_step():
    newest = NOW - 10 * DAY
    found = silence(feed(last_new_at=newest), every(6 * HOUR, newest), NOW)
    assert found.cause == (
        "it answers, but has had nothing new for 10 days; it used to have something new every 6 hours"
    )
    assert "look at its site" in found.next_step


def test_a_few_entries_tell_no_habit():
    few = [NOW - 20 * DAY, NOW - 21 * DAY]
    assert silence(feed(last_new_at=few[0]), few, NOW) is None
    late = silence(feed(last_new_at=few[0]), few, NOW + 10 * DAY)
    assert late.cause == "it answers, but has had nothing new for 30 days"


def test_a_feed_that_never_had_an_entry_is_silent_since_its_first_fetch():
    found = silence(feed(), [], NOW)
    assert (found.cause, found.since) == ("it answers, but has never had an entry", NOW - 300 * DAY)


def test_an_archive_that_came_in_lately_is_news():
    """Entries of years ago, first seen yesterday: the feed is alive."""
    assert silence(feed(last_new_at=NOW - DAY), every(DAY, NOW - 900 * DAY), NOW) is None


def test_dates_that_lie_ahead_count_as_now():
    assert (
        silence(feed(last_new_at=NOW - 9 * DAY), [NOW + 99 * DAY, *every(HOUR, NOW - 9 * DAY)], NOW) is None
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"paused": True},
        {"trouble": Trouble("down", NOW, "wait")},
        {"first_fetched_at": None},
        {"first_fetched_at": NOW - DAY},
        {"last_new_at": NOW - 2 * DAY},
    ],
)
def test_who_is_paused_failing_or_new_is_not_asked(changes):
    assert not may_be_silent(feed(**changes), NOW)
    assert silence(feed(**changes), [], NOW) is None
