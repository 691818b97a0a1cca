"""The quick reader of everyday RSS finds what feedparser finds, and leaves it everything else."""

import io
import os
from pathlib import Path
from xml.sax import make_parser

import feedparser
import feedparser.api
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake import plain_rss
from bot.intake.charset import decode
from bot.intake.feeds import parse
from bot.intake.xml_driver import create_parser

URL = "https://wire.example/rss"
NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" xmlns:odd="urn:odd"'
)


def rss(*items, channel="<title>Wire</title>", version="2.0", attributes=NAMESPACES):
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="{version}" {attributes}><channel>{channel}{inside}</channel></rss>'


def both(text):
    """What the door makes of it, by the quick reader and by feedparser alone."""
    body = text.encode("utf-8", "surrogatepass")
    return parse(body, url=URL), parse(body, url=URL, quick=False)


ELEMENTS = (
    "<title>Envoys &amp;amp; others meet</title>",
    "<title><![CDATA[Envoys <b>meet</b> & talk]]></title>",
    "<title></title>",
    "<title>caf\u00c3\u00a9</title>",
    "<link>https://wire.example/a?b=1&amp;c=2</link>",
    "<link> /a </link>",
    "<link></link>",
    "<link>http:////wire.example/a</link>",
    "<link>https://wire.example/?a&amp;copy;b</link>",
    '<guid isPermaLink="true">https://wire.example/1</guid>',
    '<guid isPermaLink="false">https://wire.example/1</guid>',
    '<guid isPermaLink="False">1</guid>',
    "<guid> 1 </guid>",
    "<description>&lt;p&gt;First.&lt;/p&gt;</description>",
    "<description>Plain &amp; short</description>",
    "<description></description>",
    "<content:encoded><![CDATA[<p>Whole.</p><p>Text.</p>]]></content:encoded>",
    "<content:encoded></content:encoded>",
    "<author>desk@wire.example (Anna Example)</author>",
    "<dc:creator><![CDATA[Ben Sample]]></dc:creator>",
    "<pubDate>Mon, 12 May 2031 09:00:00 +0300</pubDate>",
    "<pubDate>soon</pubDate>",
    "<dc:date>2031-05-12T08:00:00Z</dc:date>",
    "<atom:updated>2031-05-12T09:00:00Z</atom:updated>",
    '<source url="https://post.example/rss">Sample Post</source>',
    "<source>Sample Post</source>",
    "<feedburner:origLink>https://wire.example/original</feedburner:origLink>",
    "<category>War</category>",
    '<category domain="x"><![CDATA[Talks]]></category>',
    "<comments>https://wire.example/c</comments>",
    "<slash:comments>3</slash:comments>",
    '<enclosure url="https://wire.example/i.jpg" length="1" type="image/jpeg"/>',
    '<media:content url="https://wire.example/i.jpg"><media:title>Photo</media:title></media:content>',
    '<media:thumbnail url="https://wire.example/i.jpg"/>',
    "<media:title>Photo</media:title>",
    "<media:description>A photo</media:description>",
    "<media:group><media:credit>Anna</media:credit></media:group>",
    "<!-- nothing --><title>Be<!-- nothing -->fore</title>",
    "<odd:title>Odd</odd:title>",
    "<odd:box><title>Inside</title></odd:box>",
    "<image><title>Image</title><url>x</url></image>",
    "<dc:title>Other</dc:title>",
    "<dc:language>uk</dc:language>",
    '<description type="html">x</description>',
    "<summary>y</summary>",
    "<thumbnail>x</thumbnail>",
)  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(ELEMENTS), max_size=7).map("".join), max_size=3))
def test_the_quick_reader_and_feedparser_agree(items):
    quick, slow = both(rss(*items))
    assert quick == slow


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=4, max_size=4))
def test_they_agree_on_any_words(words):
    escaped = [word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for word in words]
    title, link, guid, description = escaped
    item = f"<title>{title}</title><link>{link}</link><guid>{guid}</guid><description>{description}</description>"
    quick, slow = both(rss(item))
    assert quick == slow


EVERYDAY = rss(
    "<title>One</title><link>https://wire.example/1</link><guid>1</guid><description>First.</description>"
)


def test_everyday_rss_is_read_by_the_quick_reader():
    assert plain_rss.read(EVERYDAY) is not None
    assert plain_rss.read(f'<?xml version="1.0" encoding="windows-1251"?>\n{EVERYDAY}') is not None


@pytest.mark.parametrize(
    "odd",
    [
        rss("<title>One</title>", version="0.91"),
        rss("<title>One</title>", attributes=f'{NAMESPACES} xml:lang="uk"'),
        rss("<title>One</title>", channel="<title>A</title><title>B</title>"),
        rss("<title>One</title>", channel='<title type="text">A</title>'),
        rss("<title>One</title><title>Two</title>"),
        rss('<title lang="uk">One</title>'),
        rss("<title>One <b>bold</b></title>"),
        rss("<title>One</title>").replace("<item>", '<item about="x">'),
        rss("<none:title>One</none:title>"),
        rss("<title>One</title>").replace("</channel>", ""),
        rss("<title>&nbsp;</title>"),
        rss("<title>\x01</title>"),
        f"<!DOCTYPE rss [<!ENTITY a 'b'>]>{rss('<title>&a;</title>')}",
        rss("<title>One</title>").replace(' version="2.0"', ""),
        EVERYDAY.replace("<rss", "<rss xmlns='http://backend.userland.com/rss2'"),
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title></feed>",
        "<catalog/>",
        "no document",
        "\ud800",
        "",
    ],
)
def test_anything_odd_is_left_to_feedparser(odd):
    assert plain_rss.read(odd) is None


@pytest.mark.skipif("ONRECORD_DATA" not in os.environ, reason="set ONRECORD_DATA to a folder of real feeds")
def test_they_agree_on_real_feeds():
    folder = Path(os.environ.get("ONRECORD_DATA", "")) / "feeds"
    texts = [decode(path.read_bytes()).lstrip() for path in sorted(folder.rglob("*")) if path.is_file()]
    plain = [text for text in texts if plain_rss.read(text) is not None]
    assert len(plain) > 50
    for text in plain:
        quick, slow = both(text)
        assert quick == slow


# ── The driver behind feedparser ─────────────────────────────────────────────────────────────────────────


def test_feedparser_reads_by_the_buffering_driver():
    assert feedparser.api.PREFERRED_XML_PARSERS == ["bot.intake.xml_driver"]
    parser = make_parser(feedparser.api.PREFERRED_XML_PARSERS)  # noqa: S317 - it is only made
    assert type(parser) is type(create_parser())


@pytest.mark.parametrize("element", ["title", "description", "link", "guid"])
def test_the_driver_finds_what_pythons_own_finds(element, monkeypatch):
    text = rss(f"<{element}>a\n&amp; &lt;b&gt; &#8220;c&#8221;<![CDATA[ d\r\n<e> ]]> f</{element}>")
    found = feedparser.parse(io.BytesIO(text.encode()))
    monkeypatch.setattr(feedparser.api, "PREFERRED_XML_PARSERS", [])
    assert feedparser.parse(io.BytesIO(text.encode())) == found
