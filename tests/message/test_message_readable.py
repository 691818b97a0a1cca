"""Statements in parts, as one line; every name and text is invented."""

from dataclasses import replace

import pytest

from bot.knowledge.words import Words
from bot.message.material import is_sure
from bot.message.quoting import fits, quotation
from bot.message.ranking import EVERYTHING, worth_showing
from bot.message.readable import uttered
from bot.message.readings import as_values, show
from bot.message.wording import attribution, utterance
from bot.model import Reading
from tests.message.invented import ground, statement, stored

WORDS = Words()


def spoken(sentence, cues, *texts, source="Anna Example", **values):
    """A statement of a sentence, with the spans of its cues."""
    at = [sentence.index(cue) for cue in cues]
    first = texts[0].strip("“”")
    base = statement(*texts, speaker=source, source_text=source, cue=" ".join(cues), **values)
    return replace(
        base,
        cue=tuple((start, start + len(cue)) for start, cue in zip(at, cues, strict=True)),
        content=((sentence.index(first), len(sentence)),),
        sentence_text=sentence,
    )


def shown(said):
    found = quotation((stored(said),), ground=ground(), words=WORDS)
    return "".join(part for _, part in attribution(found)), utterance(found)


def test_a_later_cue_stands_in_front_of_its_words():
    said = spoken(
        "Anna Example thanked the mediators and said the list was “almost ready”.",
        ["thanked", "said"],
        "the mediators",
        "…",
        "the list was",
        "“almost ready”",
    )
    assert shown(said) == ("Anna Example", "thanked the mediators and said the list was “almost ready”")


def test_a_cue_between_two_quotations_stands_between_them():
    said = spoken(
        "“It rains,” Anna Example said, adding that “it will rain”.",
        ["said", "adding"],
        "“It rains,”",
        "…",
        "“it will rain”",
    )
    assert shown(said) == ("Anna Example, said", "“It rains,” adding that “it will rain”")


def test_few_left_out_words_between_reported_parts_are_shown():
    said = spoken(
        "Anna Example rejected the plan, calling it unworkable.",
        ["rejected"],
        "the plan",
        "…",
        "it unworkable",
    )
    assert shown(said)[1] == "rejected the plan, calling it unworkable"


def test_what_stands_between_cue_and_words_is_shown():
    said = spoken(
        "Anna Example warned other countries on Monday that it would rain.", ["warned"], "it would rain"
    )
    assert shown(said) == ("Anna Example", "warned other countries on Monday that it would rain")


@pytest.mark.parametrize(
    ("sentence", "cues", "texts"),
    [
        ("So said Anna Example - it would rain.", ["said"], ["it would rain"]),
        ("Anna Example warned. Nobody heard her; it would rain.", ["warned"], ["it would rain"]),
        ("Anna Example warned of “clouds” as it would rain.", ["warned"], ["it would rain"]),
        ("", [], ["it would rain"]),
    ],
)
def test_nothing_is_put_back_where_it_may_not_read_on(sentence, cues, texts):
    said = spoken(sentence, cues, *texts) if sentence else statement(*texts, cue="warned")
    assert shown(said)[1].endswith(f"{cues[0] if cues else 'warned'} it would rain")


def test_far_parts_keep_their_gap():
    middle = "and spoke at length about the harbour, the lighthouse, the boats and the price of fish and said"
    said = spoken(
        f"Anna Example praised the crew {middle} it would rain.",
        ["praised"],
        "the crew",
        "…",
        "it would rain",
    )
    assert shown(said)[1] == "praised the crew … it would rain"


@pytest.mark.parametrize(
    ("sentence", "when"),
    [
        ("“It rains,” Anna Example said on Tuesday evening.", "on Tuesday evening"),
        ("“It rains,” said Anna Example late on Friday.", "late on Friday"),
        ("On Monday, Anna Example said: “It rains.”", "on Monday"),
        ("“It rains,” Anna Example said.", ""),
        ("“It rains,” Anna Example said, after a storm on Sunday.", ""),
    ],
)
def test_the_time_of_an_utterance_is_as_printed(sentence, when):
    said = spoken(sentence, ["said"], "“It rains,”" if "rains," in sentence else "“It rains.”")
    assert uttered(said) == when
    assert when in shown(said)[0]


def test_a_bare_preposition_is_no_cue_to_show():
    said = statement("it will rain", cue="In")
    assert shown(said) == ("Anna Example", "it will rain")


@pytest.mark.parametrize(
    ("audience", "to"), [("a news conference", "at a news conference"), ("the students", "to the students")]
)
def test_one_speaks_at_an_occasion_and_to_people(audience, to):
    assert shown(statement("“It rains.”", audience=audience))[0] == f"Anna Example, said {to}"


# ── What fits a story, and what is a scrap ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "place", "fitting"),
    [
        ("“You may sign it this afternoon.”", 900, False),
        ("“You may sign it this afternoon.”", 90, True),
        ("“The truce covers depots too.”", 900, True),
    ],
)
def test_further_down_only_what_shares_a_word_with_the_headline_fits(words, place, fitting):
    said = replace(statement(words), content=((place, place + 30),))
    assert fits(stored(said, title="Fire at oil depot after drone attack")) is fitting


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        (["united"], False),
        (["the remarks"], False),
        (["are confidential documents of the council"], False),
        (["the road is closed"], True),
        (["“Yes.”"], True),
    ],
)
def test_a_scrap_of_reported_speech_is_shown_only_where_everything_is(texts, kept):
    group = (stored(statement(*texts)),)
    assert bool(worth_showing([group])) is kept
    assert worth_showing([group], EVERYTHING) == (group,)


# ── The reader's own answers ─────────────────────────────────────────────────────────────────────────────


def test_read_marks_what_no_digest_would_show():
    sure, unsure = statement("“Yes.”", confidence=0.87), statement("“No.”", confidence=0.86, anonymous=True)
    reading = Reading((sure, unsure), "en", read_chars=10)
    message = show(reading, reading.statements, name="a.txt", length=10)
    assert [getattr(block, "note", None) for block in message.blocks[1:3]] == [
        "",
        "anonymous, reading uncertain",
    ]
    assert "1 of them “reading uncertain”" in message.blocks[-1].text
    assert [as_values(one)["unsure"] for one in (sure, unsure)] == [False, True]
    assert [is_sure(one) for one in (sure, unsure)] == [True, False]
