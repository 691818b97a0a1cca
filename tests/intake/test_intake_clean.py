"""Outside text → plain text: what goes, what stays, and what holds for any input."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.clean import paragraphs, plain, web_address

UNSEEN = {
    chr(c) for c in [*range(32), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF]
}
UNSEEN |= {chr(c) for c in [*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xE0000, 0xE0080)]}
UNSEEN |= {chr(c) for c in range(0xD800, 0xE000)}

# Random characters rarely meet; these make them.
HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(sorted(UNSEEN) + list("<>&;#/'\" \n\u200d\u200c\u0301e👩🚀")),
    ),
    max_size=300,
) | st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<br>", "&#x202e;", "&#0;", "&#146;", "&amp;", "<a href=x>", "</a>", "word", " "]
    )
).map("".join)


@given(HOSTILE, st.integers(0, 120))
def test_plain_is_bounded_and_free_of_control_and_bidi_characters(text, limit):
    made = plain(text, limit)
    assert len(made) <= limit
    assert not UNSEEN & set(made)
    assert made == " ".join(made.split())


@given(HOSTILE, st.integers(0, 400))
def test_paragraphs_are_bounded_and_separated_by_blank_lines_only(text, limit):
    made = paragraphs(text, limit)
    assert len(made) <= limit
    assert not UNSEEN & set(made.replace("\n", ""))
    assert all(part and part == " ".join(part.split()) for part in made.split("\n\n") if made)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tom &amp; Anna", "Tom & Anna"),
        ("It&#146;s &ldquo;fine&rdquo;", "It’s “fine”"),
        ("It\x92s", "It’s"),
        ("a<br>b<p>c</p>d", "a b c d"),
        ("<b>bo</b>ld", "bold"),
        ("5 < 6 & 7 > 3", "5 < 6 & 7 > 3"),
        ("x<script>alert(1)</script>y", "xy"),
        ("&lt;b&gt; stays as text", "<b> stays as text"),
        ("  many\n\t\u00a0 spaces ", "many spaces"),
        ("re\u202egnol\u202c", "regnol"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("z" + "\u0335" * 20, "z" + "\u0335" * 4),
        ("👩\u200d🚀 a\u200db", "👩\u200d🚀 ab"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("cut \ud800 here", "cut here"),
        ("hidden\U000e0041\U000e0042 tags", "hidden tags"),
        ("“Quoted”, «quoté», „zitiert“ – 'so' \"so\"", "“Quoted”, «quoté», „zitiert“ – 'so' \"so\""),
    ],
)
def test_plain_keeps_what_is_said_and_drops_what_is_not_seen(text, expected):
    assert plain(text, 500) == expected


def test_long_text_is_cut_at_a_words_end_and_marked():
    assert plain("one two three four", 12) == "one two…"
    assert plain("one two three four", 8) == "one two…"
    assert plain("one two three four", 18) == "one two three four"
    assert plain("w" * 50, 10) == "w" * 9 + "…"
    assert plain("anything", 0) == ""


def test_the_result_is_in_normal_form():
    made = plain("A\u030angstro\u0308m", 100)
    assert made == unicodedata.normalize("NFC", made) == "Ångström"


def test_paragraphs_leave_out_headings_captions_scripts_and_lists_of_links():
    html = """<h2>Background</h2><p>First <b>bold</b> words.</p>
      <figure><img src="x"><figcaption>A caption</figcaption></figure>
      <div class="wp-caption-text">Another caption</div>
      <div>Second part<br>in two lines.<br><br>Third part.</div>
      <script>var x = "no";</script>
      <ul><li><a href="/1">See this</a></li><li><a href="/2">See that</a></li></ul>
      <ul><li>A point made.</li></ul>
      <blockquote><p>“A quotation.”</p></blockquote>
      <p><a href="/more">Read the whole</a></p>
      <p>The post <a href="/x">A title</a> appeared first on <a href="/">Example Wire</a>.</p>"""
    assert paragraphs(html, 1000).split("\n\n") == [
        "First bold words.",
        "Second part in two lines.",
        "Third part.",
        "A point made.",
        "“A quotation.”",
    ]


def test_text_without_markup_is_split_at_blank_lines():
    assert paragraphs("One\nstill one.\n \nTwo &amp; more.", 100) == "One still one.\n\nTwo & more."


def test_hostile_nesting_costs_no_recursion():
    assert len(paragraphs("<div>" * 30_000 + "deep", 1000)) <= 4


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/news/1", "https://wire.example/news/1"),
        ("news/1", "https://wire.example/feeds/news/1"),
        ("//other.example/x", "https://other.example/x"),
        (" https://wire.example/a b ", "https://wire.example/a%20b"),
        ("https://wire.example/ü?q=%7E", "https://wire.example/%C3%BC?q=%7E"),
        ("javascript:alert(1)", ""),
        ("mailto:a@wire.example", ""),
        ("https://user:pw@wire.example/", ""),
        ("https://wire.example\\@evil.example/", ""),
        ("https://wire.example/\x00", ""),
        ("https://wire.example/\u202e", ""),
        ("http://[::1", ""),
        ("https://wire.example:99999/", ""),
        ("", ""),
        ("https://wire.example/" + "x" * 3000, ""),
    ],
)
def test_only_web_addresses_become_links(link, expected):
    assert web_address(link, "https://wire.example/feeds/rss.xml") == expected
