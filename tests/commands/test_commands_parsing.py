"""A typed line becomes the request it means, or is refused with a reason and a way on."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import knowledge
from bot.commands import catalog
from bot.commands.parsing import LONGEST_LINE, Context, parse
from bot.commands.periods import LONGEST
from bot.commands.requests import BadRequest, Request
from bot.knowledge.words import Words
from bot.model import Actor, Channel, Schedule

HERE = Channel("terminal:main", "terminal", "terminal")
WHO = Actor("someone")
NOW = datetime(2031, 5, 7, 13, 30, tzinfo=UTC)  # a Wednesday; 16:30 in Kyiv
CONTEXT = Context(knowledge.load(), Words("en"), NOW, ZoneInfo("Europe/Kyiv"))


def read(line: str, context: Context = CONTEXT) -> Request:
    return parse(line, context, channel=HERE, actor=WHO)


def given_by(line: str) -> dict[str, Any]:
    """The fields that a line fills."""
    request = read(line)
    left_out = {"channel", "actor", "command", "at"}
    empty = Request("", HERE, WHO, at=NOW)
    return {
        field.name: getattr(request, field.name)
        for field in fields(request)
        if field.name not in left_out and getattr(request, field.name) != getattr(empty, field.name)
    }


def local(day: int, hour: int = 0, minute: int = 0, month: int = 5, year: int = 2031) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Europe/Kyiv")).astimezone(UTC)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def at(*times: str, days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6), every: int = 0) -> Schedule:
    return Schedule(zone="", every_hours=every, times=times, weekdays=days)


UNDERSTOOD: list[tuple[str, dict[str, Any]]] = [
    # digests: topic, period and style in any order
    ("digest", {}),
    ("DIGEST", {}),
    ("/digest", {}),
    ("digest talks", {"topic": "talks"}),
    ("digest talks 12h brief", {"topic": "talks", "since": ago(hours=12), "style": "brief"}),
    ("digest brief 12h talks", {"topic": "talks", "since": ago(hours=12), "style": "brief"}),
    ("digest talks style who-said-what", {"topic": "talks", "style": "who-said-what"}),
    ("digest europe-nato", {"topic": "europe-nato"}),
    ("digest Europe NATO", {"topic": "europe-nato"}),
    ("digest “talks”", {"topic": "talks"}),
    # periods
    ("digest 3d", {"since": ago(days=3)}),
    ("digest 2w", {"since": ago(days=14)}),
    ("digest 12 h", {"since": ago(hours=12)}),
    ("digest last 12 hours", {"since": ago(hours=12)}),
    ("digest past 2 weeks", {"since": ago(days=14)}),
    ("digest 12 год", {"since": ago(hours=12)}),
    ("digest today", {"since": local(7)}),
    ("digest yesterday", {"since": local(6), "until": local(7)}),
    ("digest вчора", {"since": local(6), "until": local(7)}),
    ("digest last week", {"since": local(28, month=4), "until": local(5)}),
    ("digest this week", {"since": local(5)}),
    ("digest 2031-05-02", {"since": local(2), "until": local(3)}),
    ("digest since 3d", {"since": ago(days=3)}),
    ("digest since yesterday", {"since": local(6)}),
    ("digest since monday", {"since": local(5)}),
    ("digest since Monday brief", {"since": local(5), "style": "brief"}),
    ("digest since wednesday", {"since": local(30, month=4)}),
    ("digest since last friday", {"since": local(2)}),
    ("digest since понеділок", {"since": local(5)}),
    ("digest since позавчора", {"since": local(5)}),
    ("digest since 2031-05-02", {"since": local(2)}),
    ("digest since 2031-05-02 14:00", {"since": local(2, 14)}),
    ("digest since 2.5.2031", {"since": local(2)}),
    ("digest since 25/04/2031", {"since": local(25, month=4)}),
    ("digest since 2 May", {"since": local(2)}),
    ("digest since 2 травня", {"since": local(2)}),
    ("digest since 08:15", {"since": local(7, 8, 15)}),
    ("digest since 23:15", {"since": local(6, 23, 15)}),
    ("digest since april until 2031-04-10", {"since": local(1, month=4), "until": local(11, month=4)}),
    ("digest until today since 2d", {"since": ago(days=2), "until": NOW}),
    ("digest since 3d until 1d", {"since": ago(days=3), "until": ago(days=1)}),
    # who said what: keywords in any order, quotation marks of all kinds
    ("said Example", {"speaker": "Example"}),
    ("said Anna Example", {"speaker": "Anna Example"}),
    ("said Example 3d", {"speaker": "Example", "since": ago(days=3)}),
    (
        "said Example about NATO since 2031-05-02 until yesterday outlet BBC kind direct",
        {
            "speaker": "Example",
            "about": "NATO",
            "since": local(2),
            "until": local(7),
            "outlet": "BBC",
            "kind": "direct",
        },
    ),
    (
        "said Example kind mixed outlet Example Times about grain corridor",
        {"speaker": "Example", "kind": "mixed", "outlet": "Example Times", "about": "grain corridor"},
    ),
    ('said "Anna Example" about "since then"', {"speaker": "Anna Example", "about": "since then"}),
    ("said “Anna Example” about „since then“", {"speaker": "Anna Example", "about": "since then"}),
    ("said «Ганна Зразок» since 2d", {"speaker": "Ганна Зразок", "since": ago(days=2)}),
    ("said 'Anna Example' kind INDIRECT", {"speaker": "Anna Example", "kind": "indirect"}),
    ("said O'Example", {"speaker": "O'Example"}),
    ('said "about"', {"speaker": "about"}),
    ('said "Anna Example', {"speaker": "Anna Example"}),
    # one story, a search, follow-ups, help
    ("story 2", {"story": "2"}),
    ("story #2", {"story": "2"}),
    ("story https://news.example/a?b=1", {"story": "https://news.example/a?b=1"}),
    ("search grain corridor since 3d", {"text": "grain corridor", "since": ago(days=3)}),
    ('search "ever since" talks', {"text": "ever since talks"}),
    ("more", {}),
    ("sources", {}),
    ("help said", {"verb": "said"}),
    ("privacy", {}),
    ("forget yes", {"confirm": "yes"}),
    ("settings forget YES", {"confirm": "YES"}),
    # standing orders
    (
        "subscription add talks daily 08:00 Europe/Kyiv style brief",
        {"topic": "talks", "schedule": at("08:00"), "zone": "Europe/Kyiv", "style": "brief"},
    ),
    ("subscription add war hourly", {"topic": "war", "schedule": at(every=1)}),
    ("subscription add war every 6h", {"topic": "war", "schedule": at(every=6)}),
    ("subscription add war every 6 hours", {"topic": "war", "schedule": at(every=6)}),
    ("subscription add war weekdays 09:00", {"topic": "war", "schedule": at("09:00", days=(0, 1, 2, 3, 4))}),
    ("subscription add war mon,thu 09:30", {"topic": "war", "schedule": at("09:30", days=(0, 3))}),
    ("subscription add war fri-mon 9:30", {"topic": "war", "schedule": at("09:30", days=(0, 4, 5, 6))}),
    ("subscription add war weekly fri 17:00", {"topic": "war", "schedule": at("17:00", days=(4,))}),
    ("subscription add war every monday 8am", {"topic": "war", "schedule": at("08:00", days=(0,))}),
    ("subscription add war at 20:00 and 08:00", {"topic": "war", "schedule": at("08:00", "20:00")}),
    *(
        (
            f"subscription add war {words}",
            {"topic": "war", "schedule": at("08:00"), "quiet": quiet},
        )
        for words, quiet in (
            ("daily 08:00 quiet 22:00-07:00", "22:00-07:00"),
            ("quiet 22:00-7:00 daily 08:00", "22:00-07:00"),
            ("quiet 22 - 7 daily 08:00", "22:00-07:00"),
            ("quiet 10pm to 6.30 daily 08:00", "22:00-06:30"),
            ("08:00 quiet 12:00–13:00", "12:00-13:00"),
            ("08:00 quiet OFF", "off"),
        )
    ),
    ("subscription edit 3 quiet off", {"number": 3, "quiet": "off"}),
    ("subscription add war 12am,12pm", {"topic": "war", "schedule": at("00:00", "12:00")}),
    ("subscription add war щодня 08:00", {"topic": "war", "schedule": at("08:00")}),
    (
        "subscription add war hourly origins 2 zone utc",
        {"topic": "war", "schedule": at(every=1), "zone": "UTC", "origins": 2},
    ),
    ("subscription edit 3 every 2h", {"number": 3, "schedule": at(every=2)}),
    ("subscription edit #3 talks europe/kyiv", {"number": 3, "topic": "talks", "zone": "Europe/Kyiv"}),
    # feeds
    ("feeds add https://news.example/rss.xml", {"url": "https://news.example/rss.xml"}),
    ("feeds add news.example/rss Example Post", {"url": "https://news.example/rss", "title": "Example Post"}),
    ("feeds add <https://news.example/rss>", {"url": "https://news.example/rss"}),
    ("feeds status Example Times", {"feed": "Example Times"}),
    ("topics show Europe NATO", {"topic": "europe-nato"}),
]

REFUSED: list[tuple[str, str, tuple[str, ...]]] = [
    # (line, what the refusal names, what it suggests first)
    ("", "nothing to answer", ()),
    ("   \u200b\u202e ", "nothing to answer", ()),
    ("x" * (LONGEST_LINE + 1), "501 characters", ()),
    ("digset talks", "digset", ("digest",)),
    ("sais Example", "sais", ("said",)),
    ("qqqqq", "qqqqq", ()),
    ("add", "add", ()),
    ("feeds", "add, list, status", ()),
    ("feeds lst", "lst", ("feeds list",)),
    ("feeds export", "no “export”", ()),
    ("digest tlaks", "tlaks", ("talks",)),
    ("digest monday", "monday", ("digest since monday",)),
    ("digest since", "since", ()),
    ("digest since since", "since", ()),
    ("digest since blurgday", "blurgday", ()),
    ("digest since 12", "12", ()),
    ("digest since 2031-02-30", "2031-02-30", ()),
    ("digest since 0h", "0h", ()),
    ("digest since tomorrow", "future", ()),
    ("digest since 2031-06-01", "future", ()),
    ("digest until next friday", "future", ()),
    ("digest since 1d until 2d", "before it begins", ()),
    ("digest 400d", "366 days", ()),
    ("digest since 2020-01-01", "366 days", ()),
    ("digest since 99999d", "366 days", ()),
    ("digest since 01/02/2031", "two dates", ("2031-01-02", "2031-02-01")),
    ("digest 01/02/2031", "two dates", ("2031-01-02", "2031-02-01")),
    ("digest 3d since monday", "Two periods", ()),
    ("digest since 3d since 2d", "“since” stands there twice", ()),
    ("digest style breif", "breif", ("brief",)),
    ("said", "speaker", ()),
    ("said about NATO", "speaker", ()),
    ("said Example abuot NATO", "“about”", ("said Example about NATO",)),
    ("said Example kind quoted", "quoted", ()),
    ("said Example since about NATO", "since", ()),
    ("story", "story", ()),
    ("story two", "two", ()),
    ("story ftp://news.example/a", "ftp://", ()),
    ("search", "text", ()),
    ("search wheat since forever", "forever", ()),
    ("links please", "please", ()),
    ("subscription add", "topic", ()),
    ("subscription add daily 08:00", "topic", ()),
    ("subscription add war daily", "time of day", ()),
    ("subscription add war weekly 08:00", "which day", ()),
    ("subscription add war hourly 08:00", "keep one", ()),
    ("subscription add war every 40h", "40h", ()),
    ("subscription add war every 0h", "0h", ()),
    ("subscription add war every now and then", "every now", ()),
    ("subscription add war 25:00", "25:00", ()),
    ("subscription add war 13pm", "13pm", ()),
    ("subscription add war 08:00 Europe/Kiyv", "Europe/Kiyv", ("Europe/Kyiv", "Europe/Kiev")),
    ("subscription add war 08:00 zone Kyiv", "Kyiv", ()),
    ("subscription add war 08:00 origins many", "many", ()),
    ("subscription add war 08:00 origins 0", "0", ()),
    ("subscription add war 08:00 quiet nights", "nights", ()),
    ("subscription add war 08:00 quiet 22:00", "22:00", ()),
    ("subscription add war 08:00 quiet 22:00-25:00", "25:00", ()),
    ("subscription add war 08:00 quiet 7-7", "never over", ()),
    ("subscription pause", "number", ()),
    ("subscription pause first", "first", ()),
    ("subscription pause 99999999999", "99999999999", ()),
    ("feeds add", "url", ()),
    ("feeds add ftp://news.example/rss", "ftp://", ()),
    ("feeds add nothing", "nothing", ()),
    ("feeds add https://news.example:99999/rss", "99999", ()),
    ("feeds add https://[::1/rss", "[::1", ()),
    ("feeds add https://me:secret@news.example/rss", "password", ()),
]


@pytest.mark.parametrize(("line", "expected"), UNDERSTOOD, ids=[line for line, _ in UNDERSTOOD])
def test_line_is_understood(line: str, expected: dict[str, Any]) -> None:
    assert given_by(line) == expected


@pytest.mark.parametrize(("line", "named", "suggested"), REFUSED, ids=[line[:60] for line, _, _ in REFUSED])
def test_line_is_refused_with_its_reason(line: str, named: str, suggested: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest) as refusal:
        read(line)
    assert named in refusal.value.message
    assert refusal.value.suggestions[: len(suggested)] == suggested
    assert suggested or not refusal.value.suggestions or len(line) < 30


def test_tables_are_long_enough_to_mean_something() -> None:
    assert len(UNDERSTOOD) + len(REFUSED) >= 60
    understood = {read(line).command for line, _ in UNDERSTOOD}
    assert {command.name.split()[0] for command in catalog.COMMANDS} <= {
        name.split()[0] for name in understood
    }


def test_example_of_every_command_is_understood() -> None:
    for command in catalog.COMMANDS:
        assert read(command.example).command == command.name


def test_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(BadRequest) as refusal:
        read("feeds add https://me:geheim@news.example/rss")
    assert "geheim" not in refusal.value.message


def test_period_goes_by_the_readers_zone() -> None:
    elsewhere = Context(CONTEXT.knowledge, CONTEXT.words, NOW, ZoneInfo("America/New_York"))
    assert read("digest today", elsewhere).since == datetime(2031, 5, 7, 4, tzinfo=UTC)


def test_day_of_a_clock_change_has_its_own_length() -> None:
    after = Context(CONTEXT.knowledge, CONTEXT.words, datetime(2031, 3, 31, 9, tzinfo=UTC), CONTEXT.zone)
    request = read("digest yesterday", after)
    assert request.until is not None
    assert request.since is not None
    assert request.until - request.since == timedelta(hours=23)


WORDS_OF_THE_TRADE = st.sampled_from(
    [
        *catalog.names(), *(word for command in catalog.COMMANDS for word in command.example.split()),
        "since", "until", "about", "outlet", "kind", "style", "zone", "origins", "every", "weekly", "daily", "at",
        '"', "“", "'", "12h", "0d", "99:99", "mon-fri", "31.02.2031", "Europe/Nowhere", "://", "https://[", "now",
        "last", "friday", "1", "in 3 days", "May", "січня", "\x00", "\u202e", "−1d",
    ]
)  # fmt: skip
LINES = st.one_of(st.text(max_size=LONGEST_LINE + 5), st.lists(WORDS_OF_THE_TRADE, max_size=12).map(" ".join))


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_any_text_is_a_request_or_a_bad_request(line: str) -> None:
    try:
        request = read(line)
    except BadRequest:
        return
    command = catalog.find(request.command)
    assert command is not None
    assert all(getattr(request, one.name) for one in command.parameters if one.required)
    if request.since is not None:
        end = request.until or NOW
        assert request.since < end <= NOW
        assert end - request.since <= LONGEST


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(lambda text: text.strip("\"“”„«»'‘’ \t\n")))
def test_quoted_words_are_searched_for_as_they_stand(text: str) -> None:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    for mark in "\"“”„«»'‘’":
        plain = plain.replace(mark, "")
    if plain.strip():
        assert read(f'search "{plain.strip()}"').text == " ".join(plain.split())
