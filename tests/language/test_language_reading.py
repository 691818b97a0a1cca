"""The reader as its users meet it: sentence in, who said what out."""

import tomllib
from pathlib import Path

import pytest

from bot.language.reading import read

TABLE = tomllib.loads((Path(__file__).parent / "data" / "examples.toml").read_text(encoding="utf-8"))
FIELDS = ("speaker", "kind", "role", "via", "audience", "relay", "status_text")


def printed(statement):
    return [f"“{piece.text}”" if piece.quoted else piece.text for piece in statement.pieces]


def without_full_stops(words):
    return [word.rstrip(".") for word in words]


def said(reading):
    return [statement for statement in reading.statements if statement.act == "said"]


@pytest.mark.parametrize("example", TABLE["example"], ids=lambda example: example["name"])
def test_example_is_read_as_a_person_reads_it(example):
    statements = said(read(example["text"], language="en"))
    assert statements
    if example.get("only", True):
        assert len(statements) == 1
    first = statements[0]
    found = {name: getattr(first, name) for name in FIELDS} | {
        "words": without_full_stops(printed(first)),
        "anonymous": first.anonymous,
        "status": first.status,
    }
    expected = dict.fromkeys(FIELDS) | {"anonymous": False, "status": "none"} | example
    expected["words"] = without_full_stops(example["words"])
    assert found == {name: expected[name] for name in found}


@pytest.mark.parametrize("example", TABLE["silent"], ids=lambda example: example["name"])
def test_nothing_was_said(example):
    assert said(read(example["text"], language="en")) == []


def test_the_colon_before_a_quotation_is_no_part_of_its_cue():
    text = "Anna Example wrote on social media: “No thanks, never in the name of the harbour.”"
    (statement,) = read(text, language="en").statements
    assert not statement.cue_text.endswith(":")
    assert statement.cue_text.startswith("wrote")
