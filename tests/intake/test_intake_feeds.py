"""Feed bytes → entries: every format, what is full text, and what is no feed at all."""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.feeds import parse

URL = "https://wire.example/feeds/rss.xml"
LONG = "The invented envoy told reporters that the talks would go on until somebody agreed. " * 10


def rss(*items, channel="", head=""):
    body = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{head}<rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>Example Wire</title>{channel}{body}</channel></rss>"
    ).encode()


def one(*args, url=URL, **kwargs):
    (entry,) = parse(rss(*args, **kwargs), url=url).entries
    return entry


RSS_091 = b"""<rss version="0.91"><channel><title>Wire</title><language>en-GB</language>
  <item><title>One</title><link>/one</link><description>First.</description></item></channel></rss>"""
RSS_10 = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>Wire</title>
  <dc:language>en-gb</dc:language></channel><item rdf:about="https://wire.example/one"><title>One</title><link>https://wire.example/one</link>
  <description>First.</description><dc:date>2031-05-12T08:00:00+02:00</dc:date></item></rdf:RDF>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB"><title>Wire</title><entry><title>One</title>
  <link rel="self" href="/self"/><link rel="alternate" type="text/html" href="/one"/><id>tag:wire,1</id>
  <published>2031-05-12T06:00:00Z</published><updated>2031-05-12T07:00:00Z</updated><summary>First.</summary>
  </entry></feed>"""


@pytest.mark.parametrize(("body", "version"), [(RSS_091, "rss091u"), (RSS_10, "rss10"), (ATOM, "atom10")])
def test_each_format_gives_the_same_entry(body, version):
    data = parse(body, url=URL)
    assert (data.version, data.title, data.language) == (version, "Wire", "en-gb")
    assert (data.complaint, data.complete) == ("", True)
    (entry,) = data.entries
    assert (entry.title, entry.summary, entry.text, entry.language) == ("One", "First.", "", "en-gb")
    assert entry.link == "https://wire.example/one"


def test_dates_are_utc_or_none():
    assert parse(ATOM, url=URL).entries[0].published_at == datetime(2031, 5, 12, 6, tzinfo=UTC)
    assert parse(ATOM, url=URL).entries[0].updated_at == datetime(2031, 5, 12, 7, tzinfo=UTC)
    assert parse(RSS_10, url=URL).entries[0].published_at == datetime(2031, 5, 12, 6, tzinfo=UTC)
    assert one("<pubDate>Mon, 12 May 2031 09:00:00 +0300</pubDate>").published_at == datetime(
        2031, 5, 12, 6, tzinfo=UTC
    )
    for odd in ("soon", "Mon, 99 May 2031 99:00:00 GMT", "0001-01-01T00:00:00Z", ""):
        assert one(f"<title>x</title><pubDate>{odd}</pubDate>").published_at is None


def test_a_feed_without_entries_is_a_feed():
    data = parse(rss(), url=URL)
    assert (data.entries, data.title) == ((), "Example Wire")


def test_the_guid_stays_raw_and_a_permalink_serves_as_link():
    entry = one("<guid> https://wire.example/1?utm_source=x </guid><title>One</title>")
    assert (entry.guid, entry.link) == ("https://wire.example/1?utm_source=x",) * 2
    assert one('<guid isPermaLink="false">/relative</guid>').guid == "/relative"
    assert one("<guid>" + "g" * 5000 + "a</guid>").guid != one("<guid>" + "g" * 5000 + "b</guid>").guid


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/one", "https://wire.example/one"),
        ("one?a=1&amp;b=2", "https://wire.example/feeds/one?a=1&b=2"),
        ("http://other.example/", "http://other.example/"),
        ("javascript:alert(1)", ""),
        ("http://[::1", ""),
        ("", ""),
    ],
)
def test_links_are_absolute_web_addresses_or_empty(link, expected):
    assert one(f"<title>x</title><link>{link}</link>").link == expected


# ── Texts ────────────────────────────────────────────────────────────────────────────────────────────────


def test_content_of_several_paragraphs_is_the_full_text():
    entry = one(
        f"<description>A short summary.</description>"
        f"<content:encoded><![CDATA[<h2>Head</h2><p>{LONG}</p><p>“Second.”</p><p>Third.</p>]]></content:encoded>"
    )
    assert entry.summary == "A short summary."
    assert entry.text.split("\n\n") == [LONG.strip(), "“Second.”", "Third."]


@pytest.mark.parametrize(
    "content",
    [
        "<p>Three</p><p>short</p><p>words.</p>",
        f"<p>{LONG[:400]}</p>",
        f"<p>{LONG}</p><p>Second.</p><p>And so on […]</p>",
        f"<p>{LONG}</p><p>Second.</p><p>Continue reading</p>",
    ],
)
def test_a_teaser_in_a_content_element_is_no_full_text(content):
    assert one(f"<content:encoded><![CDATA[{content}]]></content:encoded>").text == ""


def test_content_that_is_hardly_longer_than_another_summary_is_no_full_text():
    summary, content = (
        "A different teaser. " * 60,
        "<p>One thing.</p><p>Two.</p>" + "<p>A third thing altogether.</p>" * 30,
    )
    entry = one(
        f"<description>{summary}</description><content:encoded><![CDATA[{content}]]></content:encoded>"
    )
    assert entry.text == ""


def test_a_description_that_holds_the_whole_article_is_taken_as_full_text():
    html = f"<p>{LONG}</p>" * 4
    entry = one(f"<description><![CDATA[{html}]]></description>")
    assert entry.text.count("\n\n") == 3
    assert one(f"<description><![CDATA[<p>{LONG}</p>]]></description>").text == ""


def test_summaries_keep_paragraphs_apart_and_lose_what_only_leads_on():
    entry = one(
        "<description><![CDATA[<p>First part</p><p>Second &amp; last.</p><a href='/x'>Continue reading...</a>]]>"
        "</description>"
    )
    assert entry.summary == "First part\n\nSecond & last."


def test_every_text_is_bounded():
    entry = one(
        f"<title>{'t ' * 900}</title><author>{'a ' * 900}</author><description>{'s ' * 9000}</description>"
        f"<content:encoded>{'c ' * 150_000}</content:encoded>"
    )
    assert [len(text) for text in (entry.title, entry.author, entry.summary, entry.text)] == [
        500,
        200,
        5000,
        200_000,
    ]
    assert len(parse(rss(*["<title>x</title>"] * 30), url=URL, max_entries=20).entries) == 20


def test_authors_come_without_mail_addresses():
    assert one("<author>desk@wire.example (Anna Example)</author>").author == "Anna Example"
    assert one("<dc:creator>Anna Example and Ben Sample</dc:creator>").author == "Anna Example and Ben Sample"
    assert one("<title>x</title><author>desk@wire.example</author>").author == ""


def test_entities_are_resolved_once_and_hostile_characters_go():
    entry = one("<title>Tom &amp;amp; Anna&#146;s &#x202E;plan &lt;b&gt;now&lt;/b&gt;</title>")
    assert entry.title == "Tom & Anna’s plan now"


def test_an_aggregator_names_the_outlet_and_loses_its_suffix():
    item = '<title>Envoys meet - Sample Post</title><source url="https://post.example">Sample Post</source>'
    entry = one(item + "<description>Teaser.</description>")
    assert (entry.title, entry.outlet, entry.summary) == ("Envoys meet", "Sample Post", "Teaser.")
    other = one('<title>Envoys - meet</title><source url="https://post.example">Sample Post</source>')
    assert (other.title, other.outlet) == ("Envoys - meet", "Sample Post")


def test_the_suffix_names_the_outlet_only_where_an_aggregator_is_known():
    item = "<title>Envoys meet - Sample Post</title><description>&lt;a href='x'&gt;Envoys&lt;/a&gt;</description>"
    entry = one(item, url="https://news.google.com/rss/search?q=x")
    assert (entry.title, entry.outlet, entry.summary) == ("Envoys meet", "Sample Post", "")
    assert (one(item).title, one(item).outlet) == ("Envoys meet - Sample Post", "")


# ── Broken and foreign documents ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
        (b"\xef\xbb\xbf<HTML>", "web page"),
        (b"<div>nothing here</div>", "web page"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "without its list of items"),
        (b"[1, 2]", "this is JSON, but neither"),
        (b'{"code": "rest_no_route", "message": "No route was found"}', "“No route was found”"),
        (b"[" * 100_000, "broken JSON"),
        (b'{"version": ', "broken JSON"),
        (b"Service unavailable", "plain text"),
        (b"\x89PNG\r\n\x1a\n", "plain text or binary"),
        (b"<?xml version='1.0'?><catalog><book/></catalog>", "<catalog>"),
        (b"<opml version='2.0'><body/></opml>", "<opml>"),
    ],
)
def test_what_is_no_feed_is_named(body, words):
    with pytest.raises(ValueError, match=r".+; .+") as told:
        parse(body, url=URL)
    assert words in str(told.value).partition("; ")[0]


@pytest.mark.parametrize(
    "junk", ["&#x110000;", "&#0;", "\0", "\x0b", "&#xD800;", "&#99999999999999999999;", "&#x1F;"]
)
def test_illegal_characters_and_references_are_repaired(junk):
    body = rss(f"<title>Before {junk}after</title><guid>1</guid>", "<title>Second</title><guid>2</guid>")
    data = parse(body, url=URL)
    assert [entry.guid for entry in data.entries] == ["1", "2"]
    assert data.entries[0].title == "Before after"


def test_words_before_the_document_do_no_harm():
    assert parse(b"\n\n  " + rss("<title>x</title>"), url=URL).entries[0].title == "x"
    assert parse(b"Warning: line 3\n" + rss("<title>x</title>"), url=URL).entries[0].title == "x"


def test_a_document_that_breaks_off_gives_what_it_has_and_says_so():
    body = rss("<title>One</title>", "<title>Two</title>")
    data = parse(body[: body.index(b"Two")], url=URL)
    assert data.entries[0].title == "One"
    assert not data.complete
    assert data.complaint.startswith("not well-formed")


def test_a_billion_laughs_are_not_told():
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = rss("<title>x &l9;</title>", head=f'<!DOCTYPE rss [<!ENTITY l0 "ha">{levels}]>')
    with contextlib.suppress(ValueError):
        assert len(parse(body, url=URL).entries[0].title) <= 500


@pytest.mark.parametrize("wrap", ["{}", "<![CDATA[{}]]>"])
def test_an_authors_name_is_cut_before_it_can_cost_time(wrap):
    name = "Anna Example " + "a@" + "a." * 100_000 + "!"  # minutes of work for a quadratic search
    entry = one(f"<title>x</title><author>{wrap.format(name)}</author><guid>1</guid>")
    assert (entry.title, entry.guid) == ("x", "1")
    assert len(entry.author) <= 200


def test_labels_that_lie_make_no_mojibake():
    body = rss("<title>Вигадана новина</title>").replace(b'"utf-8"', b'"windows-1251"')
    assert parse(body, url=URL, content_type="text/xml; charset=koi8-u").entries[0].title == "Вигадана новина"


MUTANT = st.builds(
    lambda body, cuts: b"".join(body[a:b] + junk for a, b, junk in cuts),
    st.sampled_from(
        [RSS_091, RSS_10, ATOM, rss("<title>x</title><pubDate>Mon, 12 May 2031 09:00:00 GMT</pubDate>")]
    ),
    st.lists(
        st.tuples(
            st.integers(0, 300),
            st.integers(0, 700),
            st.binary(max_size=6)
            | st.sampled_from([b"&#x110000;", b"<!--", b"]]>", b"<![CDATA[", b"<item>", b"\0"]),
        ),
        max_size=4,
    ),
)


@given(st.binary(max_size=200) | MUTANT)
def test_any_bytes_give_entries_or_a_value_error(body):
    with contextlib.suppress(ValueError):
        assert all(len(entry.title) <= 500 for entry in parse(body, url=URL).entries)


@pytest.mark.skipif("ONRECORD_DATA" not in os.environ, reason="set ONRECORD_DATA to a folder of real feeds")
def test_real_feeds_are_read():
    folder = Path(os.environ.get("ONRECORD_DATA", "")) / "feeds"
    feeds = sorted((folder / "real").iterdir())
    assert feeds
    for path in feeds:
        assert parse(path.read_bytes(), url=URL).entries, path.name
