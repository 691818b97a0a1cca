"""A poll's outcome → the feed's next row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake import due
from bot.intake.fetched import Fetched
from bot.model import Feed, FeedData, Trouble, Validators

NOW = datetime(2031, 5, 12, 6, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEW = Validators(b'"new"', None)
OLD = Validators(b'"old"', b"yesterday")

FEED = Feed(
    1,
    "https://wire.example/feed",
    "Example Wire",
    NOW - DAY,
    NOW,
    OLD,
    b"old hash",
    first_fetched_at=NOW - DAY,
)
DATA = FeedData("rss20", "Wire's own title", "en", ())
OK = Fetched("ok", FEED.url, 200, b"body", validators=NEW)
UNCHANGED = Fetched("unchanged", FEED.url, 304)
FAILED = Fetched("failed", FEED.url, 503, cause="out of service", next_step="wait")


def success(feed=FEED, fetched=OK, data=DATA, interval=QUARTER, jitter=0.0):
    return due.after_success(feed, fetched, data, NOW, interval=interval, jitter=jitter)


def failure(feed=FEED, failed=FAILED, interval=QUARTER, jitter=0.0, now=NOW):
    return due.after_failure(feed, failed, now, interval=interval, jitter=jitter)


def test_a_complete_document_advances_the_validators_and_ends_all_trouble():
    ill = replace(FEED, failures=4, trouble=Trouble("down", NOW - HOUR, "wait"))
    after = success(ill)
    assert (after.validators, after.failures, after.trouble) == (NEW, 0, None)
    assert after.last_success_at == NOW
    assert after.body_hash == due.body_hash(b"body")
    assert after.first_fetched_at == NOW - DAY


def test_the_first_success_is_remembered_and_gives_a_nameless_feed_its_title():
    after = success(replace(FEED, first_fetched_at=None, title=""))
    assert (after.first_fetched_at, after.title) == (NOW, "Wire's own title")
    assert success(FEED).title == "Example Wire"


def test_unchanged_keeps_validators_and_hash_unless_it_brings_new_ones():
    after = success(fetched=UNCHANGED, data=None)
    assert (after.validators, after.body_hash, after.last_success_at) == (OLD, b"old hash", NOW)
    assert success(fetched=replace(UNCHANGED, validators=NEW), data=None).validators == NEW


def test_a_document_without_validators_clears_the_stored_ones_and_is_asked_for_hourly():
    after = success(fetched=replace(OK, validators=Validators()))
    assert after.validators == Validators()
    assert after.next_at >= NOW + HOUR


def test_a_document_that_breaks_off_leaves_validators_and_hash_and_is_told():
    after = success(data=replace(DATA, complete=False))
    assert (after.validators, after.body_hash) == (OLD, b"old hash")
    assert after.failures == 1
    assert "breaks off" in after.trouble.cause
    again = due.after_success(after, OK, replace(DATA, complete=False), NOW + HOUR, interval=QUARTER)
    assert (again.failures, again.trouble.since) == (1, NOW)


@pytest.mark.parametrize("minutes", [5, 15, 60, 24 * 60])
def test_polls_keep_the_interval_on_slots_of_the_feeds_own(minutes):
    interval = timedelta(minutes=minutes)
    feed, polls = FEED, []
    now = NOW
    for _ in range(5):
        feed = due.after_success(feed, UNCHANGED, None, now, interval=interval, jitter=0.0)
        polls.append(feed.next_at)
        now = feed.next_at + timedelta(seconds=7)
    assert interval * 0.75 <= polls[0] - NOW <= interval * 1.75
    assert {later - earlier for earlier, later in pairwise(polls)} == {interval}


def test_feeds_that_were_polled_together_spread_over_the_interval():
    nexts = [success(replace(FEED, id=number)).next_at for number in range(600)]
    minutes = [int((at - NOW).total_seconds()) // 60 % 15 for at in nexts]
    assert all(15 <= minutes.count(minute) <= 75 for minute in range(15))


def test_jitter_delays_by_up_to_a_tenth_of_the_interval_and_is_made_up_when_not_given():
    assert success(jitter=1.0).next_at - success(jitter=0.0).next_at == QUARTER / 10
    derived = success(jitter=None).next_at
    assert success(jitter=0.0).next_at <= derived <= success(jitter=1.0).next_at
    assert success(jitter=None).next_at == derived


@pytest.mark.parametrize(
    "interval", [timedelta(), timedelta(seconds=1), timedelta(minutes=1), timedelta(minutes=5)]
)
def test_no_feed_is_polled_twice_within_a_minute(interval):
    for number in range(50):
        feed = replace(FEED, id=number)
        assert success(feed, interval=interval).next_at >= NOW + timedelta(minutes=1)
        assert failure(feed, interval=interval).next_at >= NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("fetched", "ttl", "least", "most"),
    [
        (replace(OK, fresh_for_s=7200), 0, 2 * HOUR, 2.1 * HOUR),
        (replace(UNCHANGED, fresh_for_s=7200), 0, 2 * HOUR, 2.1 * HOUR),
        (OK, 120, 2 * HOUR, 2.1 * HOUR),
        (OK, 10**9, DAY, DAY + HOUR),
        (replace(OK, fresh_for_s=10**12), 0, DAY, DAY + HOUR),
        (replace(OK, retry_after_s=3 * 24 * 3600), 0, 3 * DAY, 3 * DAY + HOUR),
    ],
)
def test_the_publishers_wishes_are_lower_bounds_within_reason(fetched, ttl, least, most):
    data = replace(DATA, ttl_minutes=ttl) if fetched.outcome == "ok" else None
    assert least <= success(fetched=fetched, data=data).next_at - NOW <= most


def test_failures_double_the_wait_up_to_a_week_and_polling_never_stops():
    feed, waits = FEED, []
    for _ in range(100):
        after = failure(feed, now=feed.next_at)
        waits.append(after.next_at - feed.next_at)
        feed = after
    assert waits[:4] == [QUARTER, 2 * QUARTER, 4 * QUARTER, 8 * QUARTER]
    assert waits[-1] == max(waits) == 7 * DAY
    assert feed.failures == 100


def test_a_failure_keeps_what_the_last_good_poll_left_and_when_the_trouble_began():
    first = failure()
    second = failure(first, replace(FAILED, cause="gone", next_step="look"), now=NOW + HOUR)
    assert (second.validators, second.body_hash, second.last_success_at) == (
        OLD,
        b"old hash",
        FEED.last_success_at,
    )
    assert second.trouble == Trouble("gone", NOW, "look")


def test_a_cause_in_words_is_split_from_its_next_step():
    assert failure(failed="it is a web page; look for the feed").trouble == Trouble(
        "it is a web page", NOW, "look for the feed"
    )


@pytest.mark.parametrize(("seconds", "least"), [(7200, 2 * HOUR), (10**12, 7 * DAY)])
def test_retry_after_is_a_floor_of_at_most_a_week(seconds, least):
    assert failure(failed=replace(FAILED, retry_after_s=seconds)).next_at == NOW + least


def test_a_rate_limit_without_a_time_means_an_hour_then_doubles_to_six():
    slow = replace(FAILED, status=429)
    waits = [failure(replace(FEED, failures=count), slow).next_at - NOW for count in range(6)]
    assert waits == [HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR]


@given(
    seconds=st.tuples(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15)),
    failures=st.integers(0, 10**6),
    jitter=st.floats(),
    interval=st.timedeltas(timedelta(days=-1), timedelta(days=40)),
    days=st.integers(-20_000, 2_800_000),
)
def test_nothing_a_server_says_makes_it_raise_or_polls_early(seconds, failures, jitter, interval, days):
    now = NOW + timedelta(days=days)
    feed = replace(FEED, failures=failures)
    said = {"retry_after_s": seconds[0], "fresh_for_s": seconds[1]}
    data = replace(DATA, ttl_minutes=seconds[1])
    for after in (
        due.after_success(feed, replace(OK, **said), data, now, interval=interval, jitter=jitter),
        due.after_failure(feed, replace(FAILED, **said), now, interval=interval, jitter=jitter),
    ):
        assert after.next_at >= now + timedelta(minutes=1)


@pytest.mark.parametrize("entry", ["<item>", "<item rdf:about='x'>", "<entry>", "<entry\n xml:lang='uk'>"])
def test_a_date_before_the_first_entry_makes_no_other_body(entry):
    def body(head, tail):
        return f"<feed><updated>{head}</updated><items/>{entry}{tail}</feed>".encode()

    assert due.body_hash(body("noon", "One")) == due.body_hash(body("one o'clock", "One"))
    assert due.body_hash(body("noon", "One")) != due.body_hash(body("noon", "Two"))
    assert due.body_hash(b"no entries") != due.body_hash(b"no entry")


# ── A clock that jumped ──────────────────────────────────────────────────────────────────────────────────

YEARS = timedelta(days=3650)


def test_a_row_written_by_a_clock_ten_years_ahead_waits_as_long_as_it_was_to_wait_then():
    ahead = due.after_success(FEED, OK, DATA, NOW + YEARS, interval=QUARTER, jitter=0.0)
    mended = due.mended(ahead, NOW)
    assert mended.next_at - NOW == ahead.next_at - (NOW + YEARS)
    assert mended.polled_at == NOW
    assert mended.not_before <= mended.next_at
    assert due.mended(mended, NOW) is None


@pytest.mark.parametrize("wait", [timedelta(), QUARTER, 7 * DAY, due.LONGEST_WAIT])
def test_rows_that_the_rules_explain_are_left_alone(wait):
    assert due.mended(replace(FEED, polled_at=NOW - HOUR, next_at=NOW + wait), NOW) is None
    assert due.mended(replace(FEED, polled_at=None, next_at=NOW + wait), NOW) is None


def test_rows_that_nothing_explains_are_due_within_the_hour_each_at_its_own_time():
    nexts = {due.mended(replace(FEED, id=number, next_at=NOW + YEARS), NOW).next_at for number in range(50)}
    assert len(nexts) == 50
    assert all(NOW <= at <= NOW + HOUR for at in nexts)
