"""The parse door against broken and hostile documents: an entry or a ``ValueError``, and nothing that does harm.

``ONRECORD_FUZZ=10000`` makes so many mutants (a few hundred by default), of the files under ``ONRECORD_DATA/feeds``
where that is set, and measures the CPU time of each.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.intake.autodiscovery import find
from bot.intake.entries import ILLEGAL, MAX_GUID
from bot.intake.feeds import parse
from bot.intake.newness import Document
from bot.model import EntryData

URL = "https://wire.example/rss"
COUNT = int(os.environ.get("ONRECORD_FUZZ", "300"))
MEASURED = "ONRECORD_FUZZ" in os.environ
CPU_SECONDS = 1.0
PARTS = 10
"""The mutants come in so many tests, that each stays within a test's time."""
BOUNDS = {"title": 500, "summary": 5_000, "text": 200_000, "author": 200, "outlet": 200, "link": 3 * 2_000}
NEVER_SHOWN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)

_ITEM = (
    "<item><title>Envoys “meet”</title><link>https://wire.example/1</link><guid>1</guid><author>a@b.example (Anna)"
    "</author><pubDate>Mon, 12 May 2031 09:00:00 +0300</pubDate><description>&lt;p&gt;One.&lt;/p&gt;</description>"
    "<content:encoded><![CDATA[<p>One.</p><blockquote>Two</blockquote>]]></content:encoded></item>"
)
_RSS = f"""<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Wire</title><ttl>60</ttl>{_ITEM * 3}</channel></rss>"""
_ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://wire.example/" xml:lang="uk">
<title>Wire</title><entry><id>tag:1</id><link href="/1"/><title type="html">&lt;b&gt;One&lt;/b&gt;</title>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Text</p></div></content>
<updated>2031-05-12T08:00:00Z</updated></entry></feed>"""
_RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel><title>Wire</title></channel><item rdf:about="x"><title>Один</title><link>/1</link></item></rdf:RDF>"""
_JSON = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "content_html": "<p>One</p>"}]}
_POST = {"title": {"rendered": "One"}, "link": "https://wire.example/1", "content": {"rendered": "<p>x</p>"}}
_PAGE = (
    '<!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>'
)
FIXTURES = (_RSS, _ATOM, _RDF, json.dumps(_JSON), json.dumps([_POST]), _PAGE)
JUNK = (
    *(
        b"&#x110000;",
        b"&#0;",
        b"&#x1F;",
        b"&a;",
        b"&lt;!--" * 500,
        b"<!--",
        b"]]>",
        b"<![CDATA[",
        b"\0",
        b"\xff\xfe",
    ),
    *(b"<item>", b"</item>", b"<title>", b"</channel>", b"<b>" * 3_000, b"<!DOCTYPE x [<!ENTITY a 'b'>]>"),
    *(b"<author>" + b"a@" + b"a." * 3_000 + b"!</author>", b"<name>" + b"a@b." * 3_000 + b"</name>"),
    *(
        b"<q:title>x</q:title>",
        b" xmlns:q='urn:q'",
        b"xml:base='http://[::1'",
        b"<a href='" + b"x" * 5_000 + b"'>",
    ),
    *(
        "\u202e\u2066\u200f\u200b".encode(),
        b"&#x202E;",
        b"&amp;#x202E;",
        b"\xed\xa0\x80",
        b"e\xcc\x81" * 3_000,
    ),
    *(
        letter * 5_000
        for letter in (b"&", b"<", b'"', b"[", b"{", b"@", b"\r", b"%", b"9", b"http://", b"a@a.")
    ),
    *(b"(" * 20_000, b" " * 50_000, b"-0001-99-99T99:99:99Z", b"Mon, 99 Foo 99999 99:99:99 +9999"),
    *(b"<skipHours><hour>99</hour></skipHours>", b"<ttl>", b"<skipDays>" * 2_000),
)


def documents() -> list[bytes]:
    """The fixtures, and the real feeds where there are any."""
    found = [fixture.encode() for fixture in FIXTURES]
    if "ONRECORD_DATA" in os.environ:
        files = sorted((Path(os.environ["ONRECORD_DATA"]) / "feeds").rglob("*"))
        found += [path.read_bytes() for path in files if path.is_file()]
    return found


def _place(dice: random.Random, body: bytes) -> int:
    return dice.randrange(len(body) + 1)


def _flip(dice: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(dice.randrange(1, 20)):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _cut(dice: random.Random, body: bytes) -> bytes:
    start, end = sorted((_place(dice, body), _place(dice, body)))
    return body[:start] + body[min(end, start + 500) :]


def _truncate(dice: random.Random, body: bytes) -> bytes:
    return body[: _place(dice, body)]


def _repeat(dice: random.Random, body: bytes) -> bytes:
    start = _place(dice, body)
    return body[:start] + body[start : start + dice.randrange(200)] * dice.randrange(2, 50) + body[start:]


def _insert(dice: random.Random, body: bytes) -> bytes:
    start = _place(dice, body)
    return body[:start] + dice.choice(JUNK) + body[start:]


def _insert_in_element(dice: random.Random, body: bytes) -> bytes:
    """Where junk has the most to say: right behind a tag."""
    places = [match.end() for match in re.finditer(rb"<[A-Za-z:]+>|: \"", body[:20_000])] or [0]
    start = dice.choice(places)
    return body[:start] + dice.choice(JUNK) + body[start:]


def _recode(dice: random.Random, body: bytes) -> bytes:
    return body.decode("utf-8", "replace").encode(
        dice.choice(["utf-16", "utf-32", "cp1251", "utf-7", "gb18030"]), "replace"
    )


MUTATORS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip, _cut, _truncate, _repeat, _insert, _insert, _insert_in_element, _insert_in_element, _recode,
)  # fmt: skip
TYPES = (
    "",
    "text/xml",
    "application/rss+xml; charset=utf-8",
    "text/html; charset=windows-1251",
    "application/json",
)


def check(entry: EntryData) -> None:
    """Whatever came in, this is what may come out."""
    for name, most in BOUNDS.items():
        value = getattr(entry, name)
        assert isinstance(value, str)
        assert len(value) <= most, name
        assert not NEVER_SHOWN.search(value), (name, value[:200])
        assert name == "link" or unicodedata.is_normalized("NFC", value), name
    assert entry.link == "" or entry.link.startswith(("http://", "https://"))
    assert len(entry.guid) <= MAX_GUID
    assert not ILLEGAL.search(entry.guid)
    assert re.fullmatch("[a-z0-9-]*", entry.language)
    for date in (entry.published_at, entry.updated_at):
        assert date is None or date.utcoffset().total_seconds() == 0


def through_the_door(body: bytes, content_type: str) -> float:
    """Parse, check what comes out, and return the CPU seconds it took."""
    began = time.process_time()
    try:
        data = parse(body, url=URL, content_type=content_type)
    except ValueError as error:
        refusal = str(error)
        find(body, url=URL, content_type=content_type)
        took = time.process_time() - began
        assert "; " in refusal, refusal
        return took
    took = time.process_time() - began
    assert len(data.title) <= BOUNDS["title"]
    assert not NEVER_SHOWN.search(data.title + data.complaint)
    for entry in data.entries:
        check(entry)
    assert all(len(key) == 16 for key in Document.of(data).keys)
    return took


def test_every_document_gives_entries_or_is_refused_in_words():
    slow = [took for body in documents() if (took := through_the_door(body, "")) > CPU_SECONDS]
    assert not MEASURED or slow == []


@pytest.mark.parametrize("part", range(PARTS))
def test_mutants_give_entries_or_are_refused_in_words(part):
    bodies = documents()
    slow = []
    for number in range(part, COUNT, PARTS):
        dice = random.Random(f"mutant {number}")
        body = dice.choice(bodies)
        for _ in range(dice.randrange(1, 4)):
            body = dice.choice(MUTATORS)(dice, body)
        took = through_the_door(body, dice.choice(TYPES))
        if took > CPU_SECONDS:
            slow.append((number, round(took, 2)))
    assert not MEASURED or slow == []
