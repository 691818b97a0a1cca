"""Whatever comes in, the reader comes back: in time, inside the text, and without inventing quotations."""

import gzip
import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.language.reading import read
from tests.language.quotation_oracle import stands_in_marks

OPENING = "The minister said that the talks were over and that nothing had been agreed with anybody. " * 3
SAID = ["Anna Example said", "told reporters", "according to", "the ministry", "he", "she said", "said", "it"]
MARKS = [",", ".", ":", "“We go,”", "“", '"', "'", '"We stay."', "‘no’", "…", "—", "<b>", "\n", "\n\n"]
MORE = [
    "that",
    "adding",
    "citing two officials",
    "Reuters reported",
    "Moscow denied it",
    "could not be verified",
]
FRAGMENTS = st.sampled_from(SAID + MARKS + MORE)


def check(text, reading, body_at=0):
    for found in reading.statements:
        spans = [*found.source, *found.cue, *found.content, found.sentence]
        spans += [span for span in (found.role_span, found.status_span) if span]
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert found.content
        assert found.pieces
        assert all(piece.text for piece in found.pieces)
        assert found.headline == (found.content[0][0] < body_at)
        assert 0 <= found.confidence <= 1
        assert bool(found.source) == bool(found.source_text)
        for span, words in ((found.role_span, found.role), (found.status_span, found.status_text)):
            assert words == (" ".join(text[slice(*span)].split()) if span else None)
        for piece in found.pieces:
            assert not piece.quoted or stands_in_marks(text, piece.text)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(FRAGMENTS, max_size=40).map(" ".join), st.integers(0, 60))
@example("Reuters reported citing two officials", 0)
def test_laws_hold_for_any_mixture_of_newsroom_phrases(text, body_at):
    check(text, read(text, language="en", body_at=body_at), body_at)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.text(max_size=300), st.integers(0, 400))
def test_any_text_is_read_without_an_error(text, body_at):
    reading = read(OPENING + text, language="en", body_at=body_at)
    check((OPENING + text).encode("utf-8", "replace").decode(), reading, body_at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        "Talks fail",
        "THE MINISTRY SAID “WE GO” AND ANNA EXAMPLE SAID IT WAS OVER",
        "| town | killed |\n| A | 12 |\n| B | 7 |",
        "Anna Example said: «Ми йдемо». Министр сказал: «Мы идём». “We go,” she said.",
        "<p class='x'>“We go,” said <b>Anna Example</b></p><script>var said = '“no”';</script>",
        "\x00\x01\x02PK\x03\x04said\xff\xfe“A”" * 50,
        "\ud800 said “we go”.",
        "🙂 Anna Example said “we go” 🙂",
    ],
    ids=[
        "empty",
        "lines",
        "one-line",
        "upper-case",
        "table",
        "mixed",
        "markup",
        "binary",
        "surrogate",
        "emoji",
    ],
)
def test_odd_texts_come_back(text):
    for hint in ("en", ""):
        check(text.encode("utf-8", "replace").decode(), read(text, language=hint))


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        '"A," he said. ',
        "“",
        "' 'a ",
        "a",
        "a | b | 12\n",
        "according to X, Y said, ",
        "“A b c d.\n\n",
        "(",
        "word ",
    ],
)
def test_endless_texts_are_read_in_bounded_time(unit):
    text = OPENING + unit * (12_000 // len(unit))
    reading = read(text, language="en", max_chars=10_000)
    assert reading.read_chars == 10_000
    check(text, reading)


def test_a_megabyte_is_read_up_to_the_bound_and_says_so():
    text = OPENING * 12_000
    reading = read(text, language="en", max_chars=5_000)
    assert len(text) > 1_000_000
    assert reading.read_chars == 5_000
    assert reading.statements[-1].content[-1][1] <= 5_000


def test_the_headline_is_marked_and_its_words_do_not_run_into_the_body():
    title = "Anna Example: “There is no plan at all”"
    text = f"{title}\n\n“We are done with it.”\n\nSnow fell. “No,” she said."
    reading = read(text, body_at=len(title) + 2, language="en")
    assert [found.headline for found in reading.statements] == [
        found.content[0][0] < len(title) for found in reading.statements
    ]
    assert all(found.content[-1][1] <= len(title) for found in reading.statements if found.headline)


def test_names_are_full_most_frequent_first_and_at_most_forty():
    text = "Anna Example met Bob Sample in Berlin. Example said Berlin's mood was bad. Example left Berlin with NATO."
    names = read(text, language="en").names
    assert names[0] in ("Anna Example", "Berlin")
    assert "Berlin's" not in names
    assert (
        len(read(". ".join(f"Anna Name{n} met Bob Other{n}" for n in range(60)), language="en").names) <= 40
    )


def test_the_reader_names_itself_and_its_model():
    assert read("Anna Example said the talks had failed.", language="en").reader.startswith("tagger-1")


@pytest.mark.slow
@pytest.mark.skipif(
    "ONRECORD_DATA" not in os.environ, reason="ONRECORD_DATA is not set: no real articles here"
)
def test_laws_hold_on_real_war_articles():
    path = Path(os.environ["ONRECORD_DATA"]) / "news" / "war-fulltext-2022-2024.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        articles = [json.loads(line)["text"] for line in file]
    for text in random.Random(7).sample(articles, 40):
        check(text, read(text, language="en"))
