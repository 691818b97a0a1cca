"""The page for checking the reader: everything escaped, every statement linked with its place, no scripts."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.message.article_html import page
from bot.model import Piece, Reading, Statement

TEXT = "A headline <b>\n\nAnna Example said: “We agreed & left.” Officials denied it.\n\nThe end."


class Seen(HTMLParser):
    """What a browser would see: the text, ids, links and tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.article, self.ids, self.links, self.tags = "", "", [], [], []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._open.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        self.text += data
        if "main" in self._open and "sup" not in self._open:
            self.article += data


def statement(text, source, cue, content, **values):
    (start, end) = content
    given = {
        "source": (source,),
        "cue": (cue,),
        "content": (content,),
        "sentence": (source[0], end),
        "pieces": (Piece(text[start:end], quoted=True),),
        "kind": "direct",
        "source_text": text[source[0] : source[1]],
        "cue_text": text[cue[0] : cue[1]],
        "sentence_text": "",
        "speaker": "Anna <Example>",
    }
    return Statement(**given | values)


def shown(text, *statements):
    reading = Reading(statements, "en", read_chars=len(text), reader="test")
    return page(text, reading, statements, name="An <article>")


def test_statements_are_marked_in_the_text_and_linked_with_the_list():
    start = TEXT.index("We agreed")
    html = shown(TEXT, statement(TEXT, (16, 28), (29, 33), (start, start + len("We agreed & left."))))
    seen = Seen(html)
    assert {"s1", "t1"} <= set(seen.ids)
    assert seen.links == ["#s1", "#t1"]
    assert "An <article>" in seen.text
    assert "Anna <Example>" in seen.text
    assert '<span class="source" style="--hue:0">Anna Example</span>' in html
    assert '<span class="content" style="--hue:0">We agreed &amp; left.</span>' in html
    assert not {"script", "b" * 9} & set(seen.tags)


@pytest.mark.parametrize(("confidence", "marked"), [(0.86, True), (0.87, False)])
def test_what_no_digest_would_show_is_marked_in_the_text_and_in_the_list(confidence, marked):
    start = TEXT.index("We agreed")
    words = (start, start + len("We agreed & left."))
    html = shown(TEXT, statement(TEXT, (16, 28), (29, 33), words, confidence=confidence))
    assert ('class="content unsure"' in html) is marked
    assert (f"confidence: {confidence:.2f}, reading uncertain: below 0.87" in html) is marked
    assert Seen(html).ids.count("t1") == 1


def test_a_text_without_statements_is_shown_whole():
    assert "The end." in Seen(shown(TEXT)).text


def test_what_was_not_read_is_said():
    reading = Reading((), "uk", unread_reason="no reader for uk", read_chars=3)
    html = page(TEXT, reading, (), name="x")
    assert "not read: no reader for uk" in html
    assert "only the first 3 of" in html


@given(st.text(max_size=200), st.data())
def test_every_word_of_any_text_stays_and_nothing_in_it_becomes_markup(text, data):
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted).map(tuple)
    spans = [data.draw(places) for _ in range(3)]
    seen = Seen(shown(text, statement(text, *spans)))
    assert "".join(seen.article.split()) == "".join(text.split())
    assert "script" not in seen.tags
    assert all(link.startswith("#") for link in seen.links)
