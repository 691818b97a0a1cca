"""When publishers are asked again, as their logs show it (docs/feed-rules.md P7 to P14, P17, P24 to P26)."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from bot.intake import due, moves, pace
from bot.model import EntryData, Feed, FeedData, Pace, Wishes
from bot.runtime.crew import Crew
from tests.politeness.polite import (
    DAY,
    HOUR,
    LOGIN,
    MINUTE,
    NOT_FOUND,
    START,
    Clock,
    answer,
    feed,
    reader,
    rss,
    site,
    sites,
)

BUSY = answer(status="503 Service Unavailable")


def date(instant):
    return format_datetime(instant, usegmt=True)


# ── How often ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("polls", "least", "most"),
    [
        ({}, 13 * MINUTE, 17 * MINUTE),
        ({"interval_minutes": 1}, MINUTE, 2 * MINUTE),
        ({"adaptive": True, "fastest_minutes": 1, "interval_minutes": 1}, MINUTE, 2 * MINUTE),
        ({"adaptive": True}, 4.5 * MINUTE, 6 * MINUTE),
    ],
    ids=["default", "the shortest", "the shortest, adaptive", "a busy feed"],
)
async def test_p07_the_interval_is_kept_and_never_under_a_minute(polls, least, most):
    clock = Clock()
    async with site(clock) as wire, reader(clock, **polls) as bot:
        busy = rss(*(f"entry {number}" for number in range(40)), at=None)
        if polls.get("adaptive"):
            dates = [START - MINUTE * number for number in range(1, 40)]
            items = "".join(
                f"<item><guid>{number}</guid><title>Entry {number}</title><pubDate>{date(at)}</pubDate></item>"
                for number, at in enumerate(dates)
            )
            busy = f"<rss version='2.0'><channel><title>Busy</title>{items}</channel></rss>".encode()
        wire.answers["/feed"] = feed(busy)
        await bot.follow(wire.url + "/feed")
        await bot.run(4 * HOUR)
        gaps = wire.gaps("/feed")[1:]
        assert len(gaps) > 10
        assert min(gaps) >= least
        assert max(gaps) <= most


async def test_p07_a_server_without_validators_is_asked_at_most_hourly():
    clock = Clock()
    async with site(clock) as wire, reader(clock, interval_minutes=5) as bot:
        wire.answers["/feed"] = answer(rss("a"))
        await bot.follow(wire.url + "/feed")
        await bot.run(DAY)
        assert len(wire.log) > 20
        assert min(wire.gaps("/feed")) >= HOUR


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        (["Cache-Control: max-age=7200"], 2 * HOUR, 2.2 * HOUR),
        (["Cache-Control: public, max-age=7200, s-maxage=60"], 2 * HOUR, 2.2 * HOUR),
        (["Cache-Control: max-age=7200", "Age: 3600"], HOUR, 1.1 * HOUR),
        (["Cache-Control: s-maxage=7200"], 10 * MINUTE, 29 * MINUTE),
        (["Cache-Control: max-age=31536000"], DAY, 1.1 * DAY),
        ([f"Date: {date(START)}", f"Expires: {date(START + 3 * HOUR)}"], 3 * HOUR, 3.2 * HOUR),
        ([f"Date: {date(START - DAY)}", f"Expires: {date(START - DAY + 3 * HOUR)}"], 3 * HOUR, 3.2 * HOUR),
        (["Expires: 0"], 10 * MINUTE, 29 * MINUTE),
        (["Cache-Control: no-cache, max-age=7200"], 10 * MINUTE, 29 * MINUTE),
    ],
)
async def test_p08_freshness_is_a_lower_bound_up_to_a_day(headers, least, most):
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a"), '"v"', *headers)
        await bot.follow(wire.url + "/feed")
        while len(wire.log) < 4:
            await bot.run((await bot.row()).next_at - clock.now())
        gaps = wire.gaps("/feed")
        assert min(gaps) >= least
        assert max(gaps) <= most


@pytest.mark.parametrize(
    "status", ["429 Too Many Requests", "503 Service Unavailable", "404 Not Found", "500 Oops"]
)
@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        (["Retry-After: 36000"], 10 * HOUR, 11.1 * HOUR),
        (["Retry-After: {date:+10}", "Date: {date:+0}"], 10 * HOUR, 11.1 * HOUR),
        (
            ["Retry-After: {date:+11}", "Date: {date:+1}"],
            10 * HOUR,
            11.1 * HOUR,
        ),  # its clock runs an hour ahead
        (["Retry-After: 99999999"], 7 * DAY, 7.8 * DAY),
        (["Retry-After: -5"], timedelta(), 2 * HOUR),
        (["Retry-After: soon"], timedelta(), 2 * HOUR),
    ],
)
async def test_p09_retry_after_is_a_floor_by_the_servers_own_clock(status, headers, least, most):
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        lines = [
            line.replace("{date:+10}", date(START + 10 * HOUR))
            .replace("{date:+11}", date(START + 11 * HOUR))
            .replace("{date:+0}", date(START))
            .replace("{date:+1}", date(START + HOUR))
            for line in headers
        ]
        wire.answers["/feed"] = answer(status=status, headers=lines)
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        clock.set((await bot.row()).next_at)
        await bot.poll()
        assert least <= wire.gaps("/feed")[0] <= most


async def test_p09_retry_after_on_a_redirect_counts_too():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/old"] = answer(
            status="307 Temporary Redirect", headers=["Location: /feed", "Retry-After: 7200"]
        )
        wire.answers["/feed"] = feed(rss("a"))
        await bot.follow(wire.url + "/old")
        await bot.run(DAY)
        assert min(wire.gaps("/old")) >= 2 * HOUR


async def test_p10_a_rate_limit_without_a_time_doubles_from_an_hour_to_six():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = answer(status="429 Too Many Requests")
        await bot.follow(wire.url + "/feed")
        await bot.run(2 * DAY)
        hours = [gap / HOUR for gap in wire.gaps("/feed")]
        for hour, least in zip(hours, (1, 2, 4, 6, 6, 6), strict=False):
            assert least <= hour <= least * 1.1


async def test_p11_a_rate_limit_holds_the_whole_host_where_its_name_is_public():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        bot.resolve(feeds__example__com=wire.host, other__example__com=wire.host)
        limited = answer(status="429 Too Many Requests", headers=["Retry-After: 14400"])
        for name, path in (("feeds", "/a"), ("feeds", "/b"), ("other", "/c")):
            wire.answers[path] = feed(rss(path))
            await bot.follow(f"http://{name}.example.com:{wire.port}{path}")
        await bot.poll()
        wire.answers["/a"] = limited
        await bot.poll_now(1)
        limited_at = wire.asked("/a")[-1].at
        wire.answers["/a"] = feed(rss("/a"))
        await bot.run(8 * HOUR)
        assert all(
            one.at >= limited_at + 4 * HOUR for one in wire.log if one.at > limited_at and one.path != "/c"
        )
        assert wire.gaps("/c")[0] < HOUR
        assert wire.asked("/b")[-1].at > limited_at + 5 * HOUR
        row = await bot.row(2)
        assert (row.failures, row.trouble) == (0, None)


async def test_p11_a_host_that_is_down_for_one_feed_is_asked_for_its_others():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        bot.resolve(feeds__example__com=wire.host)
        wire.answers |= {"/a": answer(status="503 Service Unavailable", headers=["Retry-After: 14400"])}
        wire.answers |= {"/b": feed(rss("b"))}
        for path in ("/a", "/b"):
            await bot.follow(f"http://feeds.example.com:{wire.port}{path}")
        await bot.run(2 * HOUR)
        assert len(wire.asked("/a")) == 1
        assert len(wire.asked("/b")) > 5


@pytest.mark.parametrize("name", ["", "localhost", "rsshub.lan"])
async def test_p11_a_rate_limit_never_holds_an_ip_address_or_a_local_name(name):
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        bot.resolve(localhost=wire.host, rsshub__lan=wire.host)
        wire.answers |= {"/a": answer(status="429 Too Many Requests", headers=["Retry-After: 14400"])}
        wire.answers |= {"/b": feed(rss("b"))}
        for path in ("/a", "/b"):
            await bot.follow(f"http://{name or wire.host}:{wire.port}{path}")
        await bot.run(2 * HOUR)
        assert len(wire.asked("/a")) == 1
        assert len(wire.asked("/b")) > 5


# ── Failures ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_p12_failures_back_off_to_a_week_and_polling_never_stops():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = NOT_FOUND
        await bot.follow(wire.url + "/feed")
        while (await bot.row()).failures < 100:
            clock.set((await bot.row()).next_at)
            await bot.poll()
        gaps = wire.gaps("/feed")
        assert 7 * DAY <= max(gaps) <= 7.8 * DAY
        assert all(gap >= 7 * DAY for gap in gaps[12:])
        row = await bot.row()
        assert not row.paused
        wire.answers["/feed"] = feed(rss("a"))
        await bot.run(8 * DAY)
        assert (await bot.row()).failures == 0
        assert wire.gaps("/feed")[-1] < HOUR


async def test_p12_the_owner_is_told_at_the_third_failure_once_and_a_success_resets():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        store = bot.tools.store
        await bot.follow(wire.url + "/feed")

        async def told():
            """What a teller of owners does at each tick."""
            feeds = await store.feeds_to_tell()
            for one in feeds:
                await store.save_owner_told(one.id, clock.now())
            return len(feeds)

        told_at = []
        for given, polls in ((NOT_FOUND, 6), (feed(rss("a")), 1), (NOT_FOUND, 4)):
            wire.answers["/feed"] = given
            for _ in range(polls):
                await bot.poll_now()
                told_at.append(await told())
        assert told_at == [0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
        assert clock.now() - START < DAY


async def test_p12_nobody_is_told_of_a_feed_that_somebody_paused_or_removed():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        for path in ("/a", "/b"):
            await bot.follow(wire.url + path)
        for _ in range(4):
            await bot.poll_now(1)
            await bot.poll_now(2)
        assert len(await bot.tools.store.feeds_to_tell()) == 2
        await bot.tools.store.save_feed(replace(await bot.row(1), paused=True))
        await bot.tools.store.remove_feed(2)
        assert await bot.tools.store.feeds_to_tell() == []


async def test_p13_a_network_that_is_cut_counts_against_no_feed():
    clock = Clock()
    async with reader(clock) as bot:
        async with AsyncExitStack() as net:
            wires = [await net.enter_async_context(site(clock)) for _ in range(12)]
            for wire in wires:
                wire.answers["/feed"] = feed(rss("a"))
                await bot.follow(wire.url + "/feed")
            wires[0].answers["/feed"] = NOT_FOUND
            await bot.run(6 * HOUR)
        before = await bot.tools.store.feeds()
        assert before[0].failures > 3
        await bot.run(3 * HOUR)
        after = await bot.tools.store.feeds()
        assert [row.failures for row in after] == [row.failures for row in before]
        assert [row.trouble for row in after] == [row.trouble for row in before]
        async with AsyncExitStack() as net:
            for wire in wires:
                again = await net.enter_async_context(site(clock, host=wire.host, port=wire.port))
                again.answers["/feed"] = feed(rss("a"))
            await bot.run(16 * MINUTE)
        assert [row.failures for row in await bot.tools.store.feeds()] == [0] * 12


async def test_p13_a_network_that_answers_everything_with_its_own_page_counts_against_no_feed():
    clock = Clock()
    async with sites(clock, 12) as wires, reader(clock) as bot:
        for wire in wires:
            wire.answers["/feed"] = feed(rss("a"))
            await bot.follow(wire.url + "/feed")
        await bot.run(2 * HOUR)
        for wire in wires:
            wire.answers["/feed"] = LOGIN
        await bot.run(3 * HOUR)
        assert [row.failures for row in await bot.tools.store.feeds()] == [0] * 12
        for wire in wires:
            wire.answers["/feed"] = feed(rss("a", "b"))
        await bot.run(17 * MINUTE)
        assert (await bot.tools.store.totals()).entries == 24


async def test_p13_feeds_that_fail_beside_others_that_do_not_have_themselves_to_blame():
    clock = Clock()
    async with sites(clock, 6) as wires, reader(clock) as bot:
        for number, wire in enumerate(wires):
            wire.answers["/feed"] = feed(rss("a")) if number % 2 else BUSY
            await bot.follow(wire.url + "/feed")
        await bot.run(6 * HOUR)
        failures = [row.failures for row in await bot.tools.store.feeds()]
        assert all((count == 0) == bool(number % 2) for number, count in enumerate(failures))


# ── Moved and gone ───────────────────────────────────────────────────────────────────────────────────────


def moved(to, status="301 Moved Permanently"):
    return answer(status=status, headers=[f"Location: {to}"])


@pytest.mark.parametrize("status", ["301 Moved Permanently", "308 Permanent Redirect"])
async def test_p14_a_permanent_redirect_is_adopted_after_ten_polls_and_the_old_address_kept(status):
    clock = Clock()
    async with sites(clock, 2) as (old, new), reader(clock) as bot:
        old.answers["/feed"] = moved(new.url + "/new", status)
        new.answers["/new"] = feed(rss("a"))
        await bot.follow(old.url + "/feed")
        for polls in range(1, moves.STABLE_POLLS):
            await bot.poll_now()
            assert ((await bot.row()).url, (await bot.row()).moving.polls) == (old.url + "/feed", polls)
        await bot.poll_now()
        row = await bot.row()
        assert (row.url, row.former_url) == (new.url + "/new", old.url + "/feed")
        await bot.run(HOUR)
        assert len(old.log) == moves.STABLE_POLLS
        assert (await bot.tools.store.totals()).entries == 1
        assert (await bot.follow(old.url + "/feed")).id == row.id


async def test_p14_a_redirect_seen_for_a_week_is_adopted_however_seldom_it_was_met():
    clock = Clock()
    async with sites(clock, 2) as (old, new), reader(clock) as bot:
        old.answers["/feed"] = moved(new.url + "/new")
        new.answers["/new"] = feed(rss("a"), '"v"', "Cache-Control: max-age=86400")
        await bot.follow(old.url + "/feed")
        await bot.run(6.9 * DAY)
        assert (await bot.row()).url == old.url + "/feed"
        await bot.run(2 * DAY)
        assert (await bot.row()).url == new.url + "/new"
        assert len(old.log) < moves.STABLE_POLLS


@pytest.mark.parametrize("end", ["login", "elsewhere", "temporary", "home"])
async def test_p14_what_is_no_steady_move_to_the_feed_changes_nothing(end):
    """A hotel's portal; an address that is another one each time; a temporary hop on the way; a move taken back."""
    clock = Clock()
    async with sites(clock, 2) as (old, new), reader(clock) as bot:
        old.answers["/feed"] = feed(rss("a"))
        await bot.follow(old.url + "/feed")
        await bot.poll()
        new.answers["/new"] = LOGIN if end == "login" else feed(rss("a"))
        new.answers["/hop"] = moved(new.url + "/new", "302 Found")
        for number in range(30):
            new.answers[f"/new?visit={number}"] = feed(rss("a"))
            to = {
                "login": "/new",
                "elsewhere": f"/new?visit={number}",
                "temporary": "/hop",
                "home": "/new",
            }[end]
            at_home = end == "home" and number % 9 == 8
            old.answers["/feed"] = feed(rss("a")) if at_home else moved(new.url + to)
            await bot.poll_now()
        row = await bot.row()
        assert (row.url, row.former_url) == (old.url + "/feed", "")
        old.answers["/feed"] = feed(rss("a", "b"))
        assert await bot.poll_now() == "new"


async def test_p14_a_new_address_that_fails_gives_way_to_the_old_one():
    clock = Clock()
    async with sites(clock, 2) as (old, new), reader(clock) as bot:
        old.answers["/feed"] = moved(new.url + "/new")
        new.answers["/new"] = feed(rss("a"))
        await bot.follow(old.url + "/feed")
        for _ in range(moves.STABLE_POLLS):
            await bot.poll_now()
        old.answers["/feed"] = feed(rss("a", "b"))
        new.answers["/new"] = NOT_FOUND
        await bot.run(DAY)
        row = await bot.row()
        assert (row.url, row.former_url, row.failures) == (old.url + "/feed", "", 0)
        assert (await bot.tools.store.totals()).entries == 2


async def test_p14_an_address_that_another_feed_has_is_not_taken_over():
    clock = Clock()
    async with sites(clock, 2) as (old, new), reader(clock) as bot:
        old.answers["/feed"] = moved(new.url + "/new")
        new.answers["/new"] = feed(rss("a"))
        await bot.follow(old.url + "/feed")
        other = await bot.follow(new.url + "/new")
        await bot.tools.store.remove_feed(other.id)
        for _ in range(moves.STABLE_POLLS + 2):
            assert await bot.poll_now() != "failed"
        assert (await bot.row()).url == old.url + "/feed"


def test_p14_a_host_that_only_became_https_is_followed_at_once():
    row = Feed(1, "http://wire.example/feed", "Wire", START, START)
    after = moves.settle(row, "https://wire.example/feed", START)
    assert (after.url, after.former_url) == ("https://wire.example/feed", "http://wire.example/feed")
    assert moves.settle(row, "https://other.example/feed", START).url == row.url
    assert moves.settle(after, "http://wire.example/feed", START).url == after.url


async def test_p17_a_404_is_no_farewell():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a"))
        await bot.follow(wire.url + "/feed")
        await bot.run(HOUR)
        wire.answers["/feed"] = NOT_FOUND
        await bot.run(8 * HOUR)
        wire.answers["/feed"] = feed(rss("a", "b"))
        await bot.run(9 * HOUR)
        assert (await bot.tools.store.totals()).entries == 2
        assert (await bot.row()).failures == 0


GONE = answer(status="410 Gone")


async def test_p17_a_410_is_believed_when_it_is_said_again_a_day_later_and_somebody_is_told():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = GONE
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        assert not (await bot.row()).paused
        await bot.run(60 * DAY)
        assert len(wire.log) == 2
        assert wire.gaps("/feed")[0] >= DAY
        row = await bot.row()
        assert row.paused
        assert "twice" in row.trouble.cause
        assert [told.id for told in await bot.tools.store.feeds_to_tell()] == [row.id]
        await bot.tools.store.save_owner_told(row.id, clock.now())
        assert await bot.tools.store.feeds_to_tell() == []


async def test_p17_a_feed_that_is_back_the_day_after_its_410_goes_on():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = GONE
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        wire.answers["/feed"] = feed(rss("a"))
        await bot.run(2 * DAY)
        wire.answers["/feed"] = GONE
        await bot.run(20 * HOUR)
        row = await bot.row()
        assert not row.paused
        assert row.gone_since is not None


# ── Spread ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_p24_feeds_do_not_fire_together():
    clock = Clock()
    async with site(clock) as wire, reader(clock, fetching={"page_spacing_seconds": 0}) as bot:
        wire.answers |= {f"/{number}": feed(rss("a")) for number in range(100)}
        for number in range(100):
            await bot.follow(f"{wire.url}/{number}")
        await bot.run(2 * HOUR)
        minutes = [one.at.minute for one in wire.log if one.at > START + HOUR]
        assert len(minutes) > 300
        assert max(minutes.count(minute) for minute in range(60)) < 3 * len(minutes) / 60


async def test_p24_a_feed_under_way_is_not_polled_a_second_time():
    crew = Crew("poll", 5)
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.held = asyncio.Event()
        wire.answers["/feed"] = feed(rss("a"))
        await bot.follow(wire.url + "/feed")
        taken = [crew.submit(1, bot.poll) for _ in range(5)]
        await wire.until(lambda: wire.log)
        taken.append(crew.submit(1, bot.poll))
        wire.held.set()
        await crew.join()
        assert taken == [True, False, False, False, False, False]
        assert len(wire.log) == 1


# ── What the feed itself asks for ────────────────────────────────────────────────────────────────────────

SY = "<sy:updatePeriod>{}</sy:updatePeriod><sy:updateFrequency>{}</sy:updateFrequency>"


@pytest.mark.parametrize(
    ("channel", "least", "most"),
    [
        ("", 13 * MINUTE, 17 * MINUTE),
        ("<ttl>90</ttl>", 1.5 * HOUR, 1.7 * HOUR),
        ("<ttl>99999</ttl>", DAY, 1.1 * DAY),
        ("<ttl>soon</ttl>", 13 * MINUTE, 17 * MINUTE),
        (SY.format("hourly", 1), 13 * MINUTE, 17 * MINUTE),
        (SY.format("daily", 4), 6 * HOUR, 6.2 * HOUR),
        (SY.format("weekly", 1), DAY, 1.1 * DAY),
        (SY.format("fortnightly", 1), 13 * MINUTE, 17 * MINUTE),
        ("<ttl>120</ttl>" + SY.format("daily", 4), 6 * HOUR, 6.2 * HOUR),
    ],
)
async def test_p25_the_feeds_own_wish_is_a_lower_bound_that_a_304_does_not_forget(channel, least, most):
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a", channel=channel))
        await bot.follow(wire.url + "/feed")
        while len(wire.log) < 5:
            await bot.run((await bot.row()).next_at - clock.now())
        gaps = wire.gaps("/feed")[1:]
        assert all(one.is_conditional for one in wire.log[1:])
        assert least <= min(gaps)
        assert max(gaps) <= most


async def test_p25_hours_and_days_that_a_feed_wants_to_rest_are_left_alone():
    clock = Clock()  # a Monday, six in the morning, UTC
    hours = "".join(f"<hour>{hour}</hour>" for hour in (22, 23, 0, 1, 2, 3, 24, 99))
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a", channel=f"<skipHours>{hours}</skipHours>"))
        await bot.follow(wire.url + "/feed")
        await bot.run(4 * DAY)
        assert {one.at.hour for one in wire.log} == set(range(4, 22))
        assert max(wire.gaps("/feed")) < 8 * HOUR


async def test_p25_a_day_of_rest_is_kept_and_two_are_broken_once_a_day():
    for days, most in ((("Wednesday",), 1), (("Saturday", "Sunday"), 4)):
        clock = Clock()
        skipped = "".join(f"<day>{day}</day>" for day in days)
        async with site(clock) as wire, reader(clock) as bot:
            wire.answers["/feed"] = feed(rss("a", channel=f"<skipDays>{skipped}</skipDays>"))
            await bot.follow(wire.url + "/feed")
            await bot.run(7 * DAY)
            on_them = [one for one in wire.log if one.at.strftime("%A") in days]
            assert len(on_them) <= most
            assert max(wire.gaps("/feed")) <= 1.1 * DAY


@pytest.mark.parametrize(
    "data",
    [
        {"skip_hours": tuple(range(24))},
        {"skip_days": tuple(range(7))},
        {"skip_hours": (-5, 10**9), "skip_days": (99,)},
        {"ttl_minutes": 10**12, "sy_minutes": -(10**12)},
    ],
)
def test_p25_nonsense_wishes_delay_by_a_day_at_most(data):
    wishes = due.wishes(FeedData("rss20", "Wire", "en", (), **data))
    assert set(wishes.skip_hours) <= set(range(24))
    assert due._outside_skipped(START, wishes, START) <= START + DAY
    assert wishes.interval_s <= DAY.total_seconds()
    assert due.wishes(FeedData("rss20", "Wire", "en", ())) == Wishes()


def dated(*ages):
    entries = tuple(EntryData(str(age), "", str(age), "", "", published_at=START - age) for age in ages)
    return FeedData("rss20", "Wire", "en", entries)


@pytest.mark.parametrize(
    ("ages", "minutes"),
    [
        ([HOUR * number for number in range(200)], 60),  # 169 in a week
        ([DAY * number for number in range(1, 30)], 24 * 60),  # seven in a week
        ([8 * HOUR * number for number in range(1, 40)], 480),
        ([30 * DAY, 40 * DAY], 24 * 60),  # nothing this week
        ([MINUTE * number for number in range(1, 40)], 5),  # a burst: the window is short
        ([20 * MINUTE * number for number in range(1, 25)], 20),  # 8 hours of a lively feed
        ([-DAY, 24 * HOUR], 24 * 60),  # what is dated ahead says nothing
    ],
)
def test_p26_a_feed_is_asked_about_as_often_as_it_publishes(ages, minutes):
    measured = pace.measured(dated(*ages), START)
    got = pace.interval(measured, START, fastest=5 * MINUTE, slowest=DAY)
    assert got == minutes * MINUTE


def test_p26_a_feed_without_dates_keeps_the_standard_interval():
    assert pace.measured(FeedData("rss20", "Wire", "en", (EntryData("a", "", "A", "", ""),)), START) is None


def test_p26_a_feed_that_falls_silent_is_asked_less_and_less():
    busy = Pace(600.0, START)
    waits = [
        pace.interval(busy, START + quiet, fastest=5 * MINUTE, slowest=DAY)
        for quiet in (timedelta(), 3 * DAY, 6 * DAY, 6.9 * DAY, 8 * DAY, -DAY)
    ]
    assert waits[:5] == sorted(waits[:5])
    assert waits[0] == waits[5] == 15 * MINUTE
    assert waits[4] == DAY


async def test_p26_the_publishers_wishes_win_over_its_pace_and_the_pace_survives_304s():
    clock = Clock()
    guids = [f"entry {number}" for number in range(200)]
    for channel, least in (("", 0.9 * HOUR), ("<ttl>180</ttl>", 3 * HOUR)):
        async with site(clock) as wire, reader(clock, adaptive=True) as bot:
            wire.answers["/feed"] = feed(rss(*guids, channel=channel, at=clock.now()))
            await bot.follow(wire.url + "/feed")
            await bot.run(2 * DAY)
            gaps = wire.gaps("/feed")[1:]
            assert all(one.is_conditional for one in wire.log[1:])
            assert min(gaps) >= least
            assert max(gaps) < 5 * HOUR
