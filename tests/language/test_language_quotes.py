"""What stands in quotation marks, and how contents fall into pieces."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.quotes import GAP, continues, kind_of, pieces, quoted_spans, with_marks
from bot.model import Piece
from tests.language.quotation_oracle import stands_in_marks

PAIRS = [("“", "”"), ('"', '"'), ("„", "“"), ("„", "”"), ("«", "»"), ("‘", "’"), ("'", "'"), ("``", "''")]
WORDS = st.sampled_from(
    [
        "we",
        "they",
        "stayed",
        "don't",
        "won’t",
        "soldiers'",
        "soldiers’",
        "families",
        "Anna",
        "Example's",
        "12",
    ]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=8).map(lambda words: " ".join(words).rstrip("'’") + ".")


def quoted(text):
    return [text[start:end] for start, end in quoted_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“We go,” she said.", ["We go,"]),
        ('"We go," she said.', ["We go,"]),
        ("„Wir gehen“, sagte sie.", ["Wir gehen"]),
        ("«Ми йдемо», – сказала вона.", ["Ми йдемо"]),
        ("»Ja«, sagte sie.", ["Ja"]),
        ("”Ja”, sa hon.", ["Ja"]),
        ("``We go,'' she said. ''No.''", ["We go,", "No."]),
        ("‘We go,’ she said.", ["We go,"]),
        ("'We don't go,' she said.", ["We don't go,"]),
        ("“He said ‘no’ to me,” she said.", ["He said ‘no’ to me,"]),
        ("‘He said “no” to me,’ she said.", ["He said “no” to me,"]),
        ('“We go," she said.', ["We go,"]),
        ('She said:"We go."He left.', ["We go."]),
        ('She said " we go " twice.', ["we go"]),
        ("“We stay.\n\n“We never go.”", ["We stay.", "We never go."]),
        ('"We stay.\n\n"We never go," she said.', ["We stay.", "We never go,"]),
        ("‘We stay.\n\n‘We never go,’ she said.", ["We stay.", "We never go,"]),
    ],
)
def test_marks_of_every_kind_are_known(text, expected):
    assert quoted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It's the soldiers' and the workers’ day, rock 'n' roll of the '90s.",
        'He is 6\'2" tall and the pipe is 5" wide.',
        "Abu 'Ubayda met the soldiers' families.",
        "“We go, she thought, and went on for years.",
        '"We go, she thought.\n\nShe went.',
        "We go,” she thought.",
        "“” and \"\" and '' and “ ”",
    ],
)
def test_apostrophes_inches_and_unbalanced_marks_quote_nothing(text):
    assert quoted(text) == []


def test_a_forgotten_closing_mark_does_not_swallow_the_next_quotation():
    assert quoted('"We go, she thought. "Never," he said.') == ["Never,"]
    assert quoted('"We go, Anna Example said.\n\n"Never," he said.') == ["Never,"]


def test_a_possessive_does_not_end_a_quotation_in_single_marks():
    assert quoted("‘The soldiers’ families are safe,’ she said.") == ["The soldiers’ families are safe,"]


def test_marks_are_found_again_and_an_open_paragraph_is_known():
    text = "“We stay.\n\n“We never go,” she said."
    first, second = quoted_spans(text)
    assert continues(text, first)
    assert not continues(text, second)
    assert text[slice(*with_marks(text, second))] == "“We never go,”"


@given(st.lists(st.tuples(st.sampled_from(PAIRS), SENTENCES, SENTENCES), min_size=1, max_size=6))
def test_in_well_formed_text_exactly_the_quotations_are_found(parts):
    # A possessive at a quotation's very end cannot be told from a closing mark, so there is none here.
    text = " ".join(f"{said} {pair[0]}{words}{pair[1]}" for pair, words, said in parts)
    text = text.replace("soldiers'", "soldier").replace("soldiers’", "soldier")
    expected = [
        words.replace("soldiers'", "soldier").replace("soldiers’", "soldier") for _, words, _ in parts
    ]
    assert quoted(text) == expected


@given(
    st.lists(st.tuples(st.sampled_from(PAIRS), SENTENCES, SENTENCES), min_size=1, max_size=6),
    st.data(),
)
def test_whatever_marks_are_lost_nothing_outside_marks_counts_as_quoted(parts, data):
    text = " ".join(f"{said} {pair[0]}{words}{pair[1]}" for pair, words, said in parts)
    lost = data.draw(st.sets(st.integers(0, len(text) - 1), max_size=3))
    text = "".join(mark for at, mark in enumerate(text) if not (at in lost and mark in '“”„«»"‘'))
    for words in quoted(text):
        assert stands_in_marks(text, words), words


@settings(max_examples=300)
@given(st.text(alphabet="ab .,\n“”\"„«»‘’'`sS1", max_size=80))
def test_spans_are_ordered_apart_and_inside_the_text(text):
    spans = quoted_spans(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    for span in spans:
        start, end = with_marks(text, span)
        assert 0 <= start < span[0] < span[1] <= end <= len(text)


@settings(max_examples=300)
@given(st.text(alphabet="ab .,\n“”\"„«»‘’'`", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_pieces_are_words_of_the_content_and_quoted_ones_come_from_quotations(text, one, other):
    span = (min(one, other, len(text)), min(max(one, other), len(text)))
    spans = quoted_spans(text)
    inside = " ".join(" ".join(text[start:end].split()) for start, end in spans)
    for piece in pieces(text, (span,), spans):
        assert piece.text == " ".join(piece.text.split())
        if piece.quoted:
            assert piece.text in inside
        else:
            assert not set(piece.text) & set('“”"„«»')


def test_discontinuous_content_gives_separate_pieces():
    text = "“No,” she said, “we stay.”"
    content = ((0, 5), (16, 26))
    assert pieces(text, content, quoted_spans(text)) == (Piece("No,", True), GAP, Piece("we stay.", True))


@pytest.mark.parametrize(
    ("text", "kind"),
    [("“We go.”", "direct"), ("the plan is “thin”.", "mixed"), ("the plan is thin", "indirect")],
)
def test_kind_follows_from_the_share_of_quoted_words(text, kind):
    assert kind_of(pieces(text, ((0, len(text)),), quoted_spans(text))) == kind
