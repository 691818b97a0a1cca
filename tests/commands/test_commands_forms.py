"""A form's values are read one by one, each as a typed line's would be, and none is taken for another."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.commands.parsing import Context, parse_form
from bot.commands.requests import BadRequest
from bot.knowledge.words import Words
from tests.commands.conftest import ADMIN, HERE, KNOWN
from tests.store.invented import NOW

CONTEXT = Context(KNOWN, Words("en"), NOW, ZoneInfo("Europe/Kyiv"))


def form(command, **given):
    return parse_form(command, given, CONTEXT, channel=HERE, actor=ADMIN)


def test_each_value_fills_its_own_field():
    asked = form("said", speaker="Anna Example", about="peace since monday", since="3d", kind="direct")
    assert (asked.speaker, asked.about, asked.kind) == ("Anna Example", "peace since monday", "direct")
    assert asked.since == NOW - timedelta(days=3)
    assert asked.until is None


@pytest.mark.parametrize("speaker", ["about", "Since Until", "24h", "daily 08:00", '"Anna"'])
def test_a_name_that_looks_like_something_else_is_still_a_name(speaker):
    assert form("said", speaker=speaker).speaker == speaker.strip('"')


def test_an_order_is_read_from_a_form():
    asked = form(
        "subscription add",
        topic="talks",
        schedule="daily 08:00",
        zone="utc",
        origins="2",
        mention="<@&12345>",
    )
    assert asked.topic == "talks"
    assert asked.schedule.times == ("08:00",)
    assert (asked.zone, asked.origins, asked.mention) == ("UTC", 2, "12345")


@pytest.mark.parametrize("period", ["24h", "yesterday"])
def test_a_period_stands_first_in_its_field_also_where_a_typed_line_begins_with_a_name(period):
    assert form("said", speaker="Anna Example", period=period).since is not None


@pytest.mark.parametrize(
    ("command", "given", "told"),
    [
        ("said", {}, "speaker"),
        ("digest", {"topic": "takls"}, "takls"),
        ("digest", {"period": "a while"}, "a while"),
        ("subscription add", {"topic": "talks", "mention": "everyone"}, "everyone"),
        ("subscription add", {"topic": "talks", "schedule": "daily 08:00 and more"}, "more"),
        ("search", {"text": "x" * 501}, "501"),
        ("unheard of", {}, "unheard of"),
    ],
)
def test_what_is_wrong_with_a_value_is_named(command, given, told):
    with pytest.raises(BadRequest) as refused:
        form(command, **given)
    assert told in refused.value.message


def test_a_value_that_the_command_does_not_have_is_left_out():
    assert form("help", verb="said", channel="1").verb == "said"
