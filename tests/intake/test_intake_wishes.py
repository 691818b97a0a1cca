"""How often a publisher wants to be asked."""

import pytest

from bot.intake.feeds import parse
from bot.intake.wishes import Wished, of

URL = "https://wire.example/rss"
SY = "http://purl.org/rss/1.0/modules/syndication/"


def feed(head="", tail=""):
    item = "<item><title>One</title><description><![CDATA[<ttl>7</ttl>]]></description></item>"
    return (
        f'<rss version="2.0" xmlns:sy="{SY}"><channel><title>Wire</title>{head}{item}{tail}</channel></rss>'
    )


@pytest.mark.parametrize(
    ("head", "wished"),
    [
        ("", Wished()),
        ("<ttl>60</ttl>", Wished(ttl_minutes=60)),
        ("<ttl> 5 </ttl>", Wished(ttl_minutes=5)),
        ("<ttl><![CDATA[15]]></ttl>", Wished(ttl_minutes=15)),
        ("<ttl>-5</ttl>", Wished()),
        ("<ttl>soon</ttl>", Wished()),
        ("<ttl>99999999999</ttl>", Wished()),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>",
         Wished(sy_minutes=60)),
        ("<sy:updatePeriod>\n\thourly\t</sy:updatePeriod><sy:updateFrequency>\n4</sy:updateFrequency>",
         Wished(sy_minutes=15)),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", Wished(sy_minutes=1440)),
        ("<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
         Wished(sy_minutes=10_080)),
        ("<sy:updateFrequency>4</sy:updateFrequency>", Wished()),
        ("<sy:updatePeriod>never</sy:updatePeriod>", Wished()),
        ("<skipHours><hour>0</hour><hour> 24 </hour><hour>23</hour><hour>25</hour><hour>x</hour></skipHours>",
         Wished(skip_hours=(0, 23))),
        ("<skipDays><day>Saturday</day><day>sunday</day><day>Someday</day></skipDays>", Wished(skip_days=(5, 6))),
        ("<skiphours><hour>3</hour></skiphours><ttl>9</ttl>", Wished(ttl_minutes=9, skip_hours=(3,))),
    ],
)  # fmt: skip
def test_each_wish_is_read_from_around_the_entries(head, wished):
    assert of(feed(head)) == of(feed(tail=head)) == wished


def test_a_feed_hands_its_wishes_on():
    head = "<ttl>30</ttl><skipDays><day>Sunday</day></skipDays><skipHours><hour>2</hour></skipHours>"
    data = parse(feed(head + "<sy:updatePeriod>hourly</sy:updatePeriod>").encode(), url=URL)
    assert (data.ttl_minutes, data.sy_minutes, data.skip_hours, data.skip_days) == (30, 60, (2,), (6,))


@pytest.mark.parametrize(
    "text", ["<skipHours>" * 50_000, "<ttl>" * 100_000, "<hour>" * 100_000, "<item" * 100_000, ""]
)
def test_any_text_is_read_in_no_time(text):
    assert of(text) == Wished()
