"""What is made of publishers' answers: P27 to P29, P31, P32 of docs/feed-rules.md."""

import asyncio
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.commands.desk import Desk
from bot.commands.handlers import answer_line
from bot.intake import due
from bot.intake.by_hand import PRESSES, WITHIN, Presses
from bot.intake.robots import KEPT_FOR
from bot.message.plain_text import render
from bot.model import Actor, Channel
from tests.politeness.polite import (
    DAY,
    HOUR,
    LOGIN,
    MINUTE,
    START,
    Clock,
    answer,
    feed,
    reader,
    rss,
    site,
    sites,
)

PAGE = answer("<html><p>An invented article.</p></html>", headers=["Content-Type: text/html"])


def rules(text, *headers):
    return answer(text, headers=["Content-Type: text/plain", *headers])


# ── Documents ────────────────────────────────────────────────────────────────────────────────────────────


async def test_p27_the_same_bytes_are_parsed_once_however_often_they_come():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        number = iter(range(1000))
        wire.answers["/feed"] = lambda _: answer(rss("a", "b"), headers=[f'ETag: "node {next(number)}"'])
        await bot.follow(wire.url + "/feed")
        await bot.run(6 * HOUR)
        assert len(wire.log) > 20
        assert bot.parser.parsed == 1
        wire.answers["/feed"] = lambda _: answer(rss("a", "b", "c"), headers=[f'ETag: "node {next(number)}"'])
        await bot.run(HOUR)
        assert bot.parser.parsed == 2
        assert (await bot.tools.store.totals()).entries == 3


async def test_p28_a_page_where_a_feed_was_is_an_error_and_changes_nothing():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a"), '"good"')
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        before = await bot.row()
        wire.answers["/feed"] = LOGIN
        assert await bot.poll_now() == "failed"
        after = await bot.row()
        assert "not a feed" in after.trouble.cause
        assert (after.validators, after.body_hash, after.title, after.last_success_at) == (
            before.validators,
            before.body_hash,
            before.title,
            before.last_success_at,
        )
        assert (await bot.tools.store.totals()).entries == 1


WORDS = "Переговори в Женеві — «ґанок», naïveté, “ok”"
CYRILLIC = "Переговори в Женеві завершено"


def titled(words, *, declared="", encoding="utf-8", bom=b""):
    declaration = f" encoding='{declared}'" if declared else ""
    text = f"<?xml version='1.0'{declaration}?><rss version='2.0'><channel><title>{words}</title></channel></rss>"
    return bom + text.encode(encoding)


@pytest.mark.parametrize(
    ("words", "body", "content_type"),
    [
        (WORDS, titled(WORDS), "application/rss+xml"),
        (WORDS, titled(WORDS, bom=b"\xef\xbb\xbf", declared="windows-1251"), "text/xml; charset=koi8-r"),
        (WORDS, titled(WORDS, encoding="utf-16"), "application/xml"),
        (WORDS, titled(WORDS), "text/xml; charset=windows-1251"),
        (WORDS, titled(WORDS, declared="iso-8859-1"), "application/rss+xml; charset=iso-8859-1"),
        (
            CYRILLIC,
            titled(CYRILLIC, encoding="windows-1251", declared="utf-8"),
            "text/xml; charset=windows-1251",
        ),
        (CYRILLIC, titled(CYRILLIC, encoding="windows-1251", declared="windows-1251"), "application/rss+xml"),
        (CYRILLIC, titled(CYRILLIC, encoding="koi8-u", declared="koi8-u"), "application/octet-stream"),
    ],
)
async def test_p29_titles_come_out_as_they_were_meant(words, body, content_type):
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = answer(body, headers=[f"Content-Type: {content_type}"])
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        assert (await bot.row()).title == words


# ── robots.txt ───────────────────────────────────────────────────────────────────────────────────────────


async def test_p31_feeds_are_asked_for_whatever_robots_txt_says():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers |= {"/robots.txt": rules("User-agent: *\nDisallow: /"), "/feed": feed(rss("a"))}
        await bot.follow(wire.url + "/feed")
        assert set((await bot.poll()).values()) == {"new"}
        assert wire.asked("/robots.txt") == []


MATRIX = """
User-agent: *
Disallow: /all

# our own group replaces the one for everybody
User-agent: OtherBot/2.1
User-agent: onrecord
Disallow: /private
Allow: /private/press
Disallow: /*.pdf$
Disallow: /search?q=
"""


@pytest.mark.parametrize(
    ("path", "fetched"),
    [
        ("/all", True),
        ("/private", False),
        ("/private/minutes", False),
        ("/private/press/1", True),
        ("/report.pdf", False),
        ("/report.pdf?page=2", True),
        ("/search?q=talks", False),
        ("/search", True),
        ("/%70rivate", False),
    ],
)
async def test_p31_article_pages_keep_to_robots_txt(path, fetched):
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers |= {"/robots.txt": rules(MATRIX), path: PAGE}
        found = await bot.fetcher.fetch(wire.url + path, page=True)
        assert (found.outcome == "ok") is fetched
        assert len(wire.asked(path)) == fetched
        if not fetched:
            assert "robots.txt asks programs not to fetch" in found.cause
            assert found.next_step
            assert found.definite


async def test_p31_robots_txt_is_asked_for_once_a_day_and_then_conditionally():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers |= {"/robots.txt": feed(b"User-agent: *\nDisallow: /no", '"r"'), "/a": PAGE, "/no": PAGE}
        for hours in range(50):
            clock.set(max(clock.now(), START + hours * HOUR))
            pages = (bot.fetcher.fetch(wire.url + path, page=True) for path in ("/a", "/a", "/no"))
            found = await asyncio.gather(*pages)
            assert [one.outcome for one in found] == ["ok", "ok", "failed"]
        asked = wire.asked("/robots.txt")
        assert [one["If-None-Match"] for one in asked] == [None, b'"r"', b'"r"']
        assert min(wire.gaps("/robots.txt")) >= KEPT_FOR
        assert len(wire.asked("/a")) == 100


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (answer(status="404 Not Found"), "ok"),
        (answer(status="401 Unauthorized"), "ok"),
        (answer(status="403 Forbidden"), "ok"),
        (answer(status="204 No Content"), "ok"),
        (answer(status="301 Moved", headers=["Location: /robots.txt"]), "ok"),
        (answer(status="429 Too Many Requests"), "failed"),
        (answer(status="500 Internal Server Error"), "failed"),
        (answer(status="503 Service Unavailable"), "failed"),
        (b"", "failed"),
        (rules("<html>User-agent: *\n<p>Disallow nothing at all"), "ok"),
        (rules("\xff\xfe\x00" * 1000), "ok"),
        (rules("User-agent: *\nDisallow: /" + "x" * 3_000_000), "failed"),
        (rules("User-agent: *\nDisallow: /a\n" + "# filler\n" * 100_000), "failed"),
    ],
    ids=[
        "404", "401", "403", "204", "loop", "429", "500", "503", "closed", "a page", "junk", "endless", "cut off",
    ],
)  # fmt: skip
async def test_p31_no_rules_allow_and_rules_that_cannot_be_had_do_not(given, outcome):
    """RFC 9309, 2.3.1: unavailable (4xx) means none, unreachable (5xx, no answer) means keep away for now."""
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers |= {"/robots.txt": given, "/a": PAGE}
        found = await bot.fetcher.fetch(wire.url + "/a", page=True)
        assert found.outcome == outcome
        if outcome == "failed":
            assert wire.asked("/a") == []
            assert "robots.txt" in found.cause


async def test_p31_rules_that_were_had_hold_on_while_the_server_is_out_of_order():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers |= {"/robots.txt": rules("User-agent: *\nDisallow: /no"), "/a": PAGE, "/no": PAGE}
        assert (await bot.fetcher.fetch(wire.url + "/a", page=True)).outcome == "ok"
        wire.answers["/robots.txt"] = answer(status="500 Internal Server Error")
        for hours in range(25, 100):
            clock.set(START + hours * HOUR)
            assert (await bot.fetcher.fetch(wire.url + "/a", page=True)).outcome == "ok"
            assert (await bot.fetcher.fetch(wire.url + "/no", page=True)).outcome == "failed"
        assert wire.asked("/no") == []
        clock.set(START + 32 * DAY)
        assert (await bot.fetcher.fetch(wire.url + "/no", page=True)).outcome == "ok"


async def test_p31_a_redirect_leads_no_further_than_the_rules_of_where_it_ends():
    clock = Clock()
    async with sites(clock, 2) as (one, two), reader(clock) as bot:
        two.answers |= {"/robots.txt": rules("User-agent: *\nDisallow: /no"), "/no": PAGE}
        one.answers |= {"/a": answer(status="302 Found", headers=[f"Location: {two.url}/no"])}
        found = await bot.fetcher.fetch(one.url + "/a", page=True)
        assert "robots.txt" in found.cause
        assert two.asked("/no") == []


async def test_p31_a_file_with_thousands_of_names_and_rules_is_read_in_no_time():
    clock = Clock()
    names = "".join(f"User-agent: bot{number}\n" for number in range(5_000))
    hostile = names + "Disallow: /*a*a*a*a$\n" * 12_000
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers |= {"/robots.txt": rules(hostile), "/" + "a" * 2000: PAGE}
        assert (await bot.fetcher.fetch(wire.url + "/" + "a" * 2000, page=True)).outcome == "ok"


# ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────

HERE = Channel("terminal:main", "terminal", "main")


class Hands:
    """People at the desk."""

    def __init__(self, bot):
        tools = bot.tools
        self.desk = Desk(
            store=tools.store,
            knowledge=tools.knowledge,
            words=tools.words,
            settings=tools.settings,
            clock=tools.clock,
            fetcher=tools.fetcher,
            parser=tools.parser,
            zone=ZoneInfo("UTC"),
        )

    async def say(self, line, who="terminal:anna"):
        message = await answer_line(
            line, self.desk, channel=HERE, actor=Actor(who, is_admin=True, is_operator=True)
        )
        return render(message, width=120, colour=False)


async def test_p32_twenty_presses_are_one_request():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a"))
        hands = Hands(bot)
        said = [await hands.say(f"feeds test {wire.url}/feed") for _ in range(20)]
        assert len(wire.log) == 1
        assert "It works" in said[0]
        assert all("06:01" in line for line in said[1:])


async def test_p32_a_press_obeys_the_publishers_floor_and_says_until_when():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers["/feed"] = feed(rss("a"), '"v"', "Cache-Control: max-age=7200")
        await bot.follow(wire.url + "/feed")
        await bot.poll()
        hands = Hands(bot)
        clock.set(START + HOUR)
        assert "08:00" in await hands.say("feeds test 1")
        await hands.say("feeds pause 1")
        assert "08:00" in await hands.say("feeds resume 1")
        assert set(await bot.poll()) == set()
        assert len(wire.log) == 1
        clock.set(START + 2 * HOUR)
        assert "It works" in await hands.say("feeds test 1")


async def test_p32_a_person_who_asks_for_much_has_to_wait_and_others_do_not():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        wire.answers |= {f"/{number}": feed(rss("a")) for number in range(40)}
        hands = Hands(bot)
        said = [await hands.say(f"feeds test {wire.url}/{number}") for number in range(20)]
        assert sum("It works" in line for line in said) == PRESSES
        assert "It works" in await hands.say(f"feeds test {wire.url}/30", who="terminal:boris")
        clock.set(clock.now() + WITHIN)
        assert "It works" in await hands.say(f"feeds test {wire.url}/31")


async def test_p32_the_floor_is_an_instant_or_nothing():
    clock = Clock()
    async with site(clock) as wire, reader(clock) as bot:
        row = await bot.follow(wire.url + "/feed")
        assert due.may_fetch_now(row, START) is None
        assert due.may_fetch_now(replace(row, not_before=START + MINUTE), START) == START + MINUTE
        assert due.may_fetch_now(replace(row, not_before=START), START) is None
        # A clock that ran years ahead left this one.
        assert due.may_fetch_now(replace(row, not_before=START + 400 * DAY), START) is None


def test_p32_presses_are_forgotten_in_time_and_a_clock_set_back_locks_nobody_out():
    presses = Presses()
    for number in range(5_000):
        presses.take(f"person {number}", f"http://wire.example/{number}", START + number * MINUTE)
    assert len(presses._by_address) <= 1001
    assert len(presses._by_person) <= 1001
    assert presses.take("person 4999", "http://wire.example/4999", START) is None
