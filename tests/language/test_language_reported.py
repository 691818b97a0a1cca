"""Who is quoted and by whom, why a source has no name, who kept silent; every name and text is invented."""

import pytest

from bot.language.provenance import Way
from bot.language.reading import read
from bot.language.statements import Found, statement
from bot.language.who import Who

REASON = "who asked not to be named because they were not authorized to speak publicly"


def said(text):
    return [found for found in read(text, language="en").statements if found.act == "said"]


def words(found):
    return " ".join(piece.text for piece in found.pieces).rstrip(".,")


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        ("Reuters quoted Mara Testova as saying the road was closed.", "Reuters"),
        ("The Sample Agency cited Mara Testova as saying that the road was closed.", "The Sample Agency"),
        (
            "The road was closed, Mara Testova was quoted as saying by Example News Agency.",
            "Example News Agency",
        ),
        (
            "Mara Testova said the road was closed in comments carried by the Sample Agency.",
            "the Sample Agency",
        ),
        ("Mara Testova said the road was closed, the Example Times reported.", "the Example Times"),
        ("“The road was closed,” Mara Testova said, as quoted by the Sample Agency.", "the Sample Agency"),
        ("The road was closed, said Mara Testova, which CNN quotes.", "CNN"),
        ("According to TASS, Mara Testova said that the road was closed.", "TASS"),
        ("The road was closed, according to TASS, citing Mara Testova.", "TASS"),
        ("Example Wire reported that Mara Testova had said the road was closed.", "Example Wire"),
    ],
)
def test_the_quoted_one_speaks_and_who_quotes_is_the_relay(text, relay):
    [found] = said(text)
    assert (found.speaker, found.relay) == ("Mara Testova", relay)
    assert words(found).casefold() == "the road was closed"


@pytest.mark.parametrize(
    ("text", "speaker", "relay"),
    [
        (
            "The Example Times reported, citing four officials, that the talks had failed.",
            "four officials",
            "The Example Times",
        ),
        (
            "The talks had failed, the Example Times reported on Monday, citing two people familiar with the matter.",
            "two people familiar with the matter",
            "the Example Times",
        ),
        (
            "State news agency Example Press reported, citing a source in the army, that the road was closed.",
            "a source",
            "State news agency Example Press",
        ),
        (
            "According to Reuters, the minister of Sampleland said on Monday that the road had been closed.",
            "the minister of Sampleland",
            "Reuters",
        ),
    ],
)
def test_an_outlet_that_cites_passes_on_its_sources_words(text, speaker, relay):
    [found] = said(text)
    assert (found.speaker, found.relay) == (speaker, relay)


def test_a_report_of_something_else_is_no_relay():
    [first, *_] = said(
        "The road was closed, the army said, as Sampleland media reported that a bridge was burning."
    )
    assert first.relay is None


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (
            f"Two officials familiar with the talks, {REASON}, said the talks had failed.",
            f"Two officials familiar with the talks, {REASON}",
        ),
        (
            "“The talks failed,” said a European official who spoke on condition of anonymity.",
            "a European official who spoke on condition of anonymity",
        ),
        (
            "A senior Sampleland diplomat, speaking on condition of anonymity to discuss the talks, said it rained.",
            "A senior Sampleland diplomat, speaking on condition of anonymity to discuss the talks",
        ),
        (
            "It was agreed, according to a person briefed on the talks, who was not authorized to speak publicly.",
            "a person briefed on the talks, who was not authorized to speak publicly",
        ),
    ],
)
def test_a_source_without_a_name_keeps_number_affiliation_and_reason(text, source):
    [found] = said(text)
    assert found.anonymous
    assert found.source_text == source
    assert text[slice(*found.source[0])] == source


def test_a_source_that_breaks_off_is_read_on_to_its_cue():
    [found] = said("Residents reached by telephone said they had heard seven explosions.")
    assert found.source_text == "Residents reached by telephone"


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("The ministry did not respond to a request for comment.", "did not respond"),
        ("The mayor has not replied to emailed questions.", "has not replied"),
        ("Mara Testova declined to comment on the report.", "declined"),
        ("Mara Testova did not say who had ordered the raid.", "did not say"),
        ("Mara Testova never said that the road was closed.", "never said"),
    ],
)
def test_silence_is_a_fact_and_no_statement(text, cue):
    [found] = read(text, language="en").statements
    assert (found.act, found.cue_text) == ("declined", cue)


def test_a_source_in_front_of_a_noun_loses_its_ending():
    text = "Sampleland's claim: the road is closed."
    spans = Found((0, 12), ((13, 18),), ((20, 38),), (0, 39))
    way = {"way": Way(), "relay": None, "verdict": ("none", None)}
    made = statement(text, spans, (), body_at=0, who=Who("Sampleland's"), **way)
    assert (made.speaker, made.source_text) == ("Sampleland", "Sampleland's")


def test_a_dateline_with_a_date_is_not_said():
    [found] = said("May 13 (Example Wire) — A fire stopped all trains for six hours, the mayor said.")
    assert words(found) == "A fire stopped all trains for six hours"
