"""Who speaks and in what role, by descriptions and titles; every name and text is invented."""

import pytest

from bot.language.reading import read
from bot.language.roles import fit, is_former


def said(text):
    return [statement for statement in read(text, language="en").statements if statement.act == "said"]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Former president Mara Testova said the talks had failed.", "Former president"),
        ("Ex-president Bob Sample said the talks had failed.", "Ex-president"),
        (
            "Bob Sample, a former deputy minister of defence, said it rained.",
            "former deputy minister of defence",
        ),
        ("The former prime minister, Bob Sample, said the talks had failed.", "former prime minister"),
        ("Former Secretary of State Bob Sample said the talks had failed.", "Former Secretary of State"),
    ],
)
def test_a_former_office_stays_former(text, role):
    assert said(text)[0].role == role


def test_a_former_president_whom_somebody_calls_president_stays_former():
    text = (
        "President Testova had ruled for a year, wrote Bob Sample. Former President Mara Testova arrived on Monday. "
        "“We are tired,” Testova said."
    )
    assert "ormer" in [x.role for x in said(text) if x.speaker == "Mara Testova"][-1]


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        (
            "Foreign Minister Mara Testova met Defence Minister Bob Sample. The defence minister said it rained.",
            "Bob Sample",
        ),
        (
            "Secretary of State Bob Sample arrived. The secretary of state said the talks had failed.",
            "Bob Sample",
        ),
        (
            "The German minister Mara Testova met the French minister Bob Sample. The French minister said no.",
            "Bob Sample",
        ),
        (
            "Bob Sample, chief of the Example Bank, was late. “We are tired,” the bank chief said.",
            "Bob Sample",
        ),
    ],
)
def test_a_description_means_whose_printed_role_answers_it(text, speaker):
    assert said(text)[-1].speaker == speaker


def test_a_description_that_answers_nobody_stays_as_printed():
    text = "Foreign Minister Mara Testova arrived. The head of the railways of Sampleland said the bridge was open."
    assert said(text)[-1].speaker == "The head of the railways of Sampleland"


def test_the_institute_is_the_body_that_spoke_before():
    text = "The Example Institute said the road was closed. The institute said the bridge was open."
    assert [x.speaker for x in said(text)] == ["Example Institute", "Example Institute"]


@pytest.mark.parametrize(
    ("source", "anonymous"),
    [
        ("Rescuers", True),
        ("Local media", True),
        ("State media", False),
        ("The authorities", False),
        ("Sampleland’s health minister", False),
        ("Two diplomats", True),
    ],
)
def test_a_crowd_is_anonymous_and_a_body_or_office_is_not(source, anonymous):
    assert said(f"{source} said the road was closed.")[0].anonymous is anonymous


@pytest.mark.parametrize(
    ("description", "role", "least", "most"),
    [
        ("the president", "President", 3, 3),
        ("the Russian leader", "Russian president", 2, 2),
        ("the Russian president", "Ukrainian president", 0, 0),
        ("the former minister", "Foreign Minister", 0, 0),
        ("the minister", "former foreign minister", 0, 1),
        ("France’s premier", "Prime Minister of France", 2, 3),
        ("the head of diplomacy", "Minister of Foreign Affairs", 2, 3),
        ("the president", "Foreign Minister", 0, 0),
    ],
)
def test_a_role_answers_a_description(description, role, least, most):
    assert least <= fit(description, role) <= most


def test_former_is_read_in_every_form():
    assert is_former(frozenset(("former", "president")))
    assert is_former(frozenset(("ex-minister",)))
    assert not is_former(frozenset(("president",)))


def test_verbs_with_one_subject_make_one_statement():
    (statement,) = said("Mara Testova acknowledged the losses and insisted that the bridge would hold.")
    assert [piece.text for piece in statement.pieces] == ["the losses", "…", "the bridge would hold"]


@pytest.mark.parametrize(
    ("headline", "speaker"),
    [
        ("President Bob Sample: We will never give up the bridge", "Bob Sample"),
        ("Testova: the bridge will be open by winter", "Mara Testova"),
        ("Ukraine: five dead after a long storm", None),
        ("Read also: five dead after a long storm", None),
    ],
)
def test_a_colon_in_a_headline_is_a_cue_where_somebody_speaks(headline, speaker):
    text = f"{headline}\n\nPresident Bob Sample and Mara Testova visited the bridge on Monday."
    found = [x for x in said(text) if x.headline or x.content[0][0] < len(headline)]
    assert [x.speaker for x in found] == ([speaker] if speaker else [])
