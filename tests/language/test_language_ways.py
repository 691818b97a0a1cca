"""Through whom and to whom, and what the article says about a claim; every name and text is invented."""

import pytest

from bot.language.reading import read


def said(text):
    return [statement for statement in read(text, language="en").statements if statement.act == "said"]


def test_an_interview_holds_for_all_that_its_speaker_says():
    text = (
        "The road was closed, Mara Testova said. In an interview with Sky News on Monday, Testova spoke at length. "
        "“We are tired,” she said. Bob Sample said the bridge was open."
    )
    assert [x.via for x in said(text) if x.speaker == "Mara Testova"][-1] == "Sky News"
    assert next(x.via for x in said(text) if x.speaker == "Bob Sample") is None


@pytest.mark.parametrize(
    ("text", "audience"),
    [
        ("Mara Testova said at a news conference that the talks had failed.", "a news conference"),
        ("Mara Testova told reporters that the talks had failed.", "reporters"),
        (
            "In a speech to the students of Sampletown, Mara Testova said it rained.",
            "the students of Sampletown",
        ),
        ("Mara Testova turned to the fight against the flood and said the talks had failed.", None),
        ("Mara Testova pledged to escalate the fight in the event of a raid.", None),
    ],
)
def test_an_audience_is_somebody_who_listens(text, audience):
    assert said(text)[0].audience == audience


def test_an_agency_that_reports_is_a_relay_outlet_or_not():
    assert (
        said("The road was closed, Mara Testova said, the Sample Agency reports.")[0].relay
        == "the Sample Agency"
    )


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (
            "Bob Sample claimed without providing evidence that the bridge fell.",
            "unverified",
            "without providing evidence",
        ),
        (
            "Sampleland accuses Exampleland of planning a raid, something Exampleland has repeatedly denied.",
            "denied",
            "something Exampleland has repeatedly denied",
        ),
        ("Bob Sample falsely claimed that the bridge had been blown up.", "disputed", "falsely claimed"),
        (
            "The ministry said 20 drones had been shot down. The BBC could not verify the claim.",
            "unverified",
            "could not verify",
        ),
    ],
)
def test_a_status_has_the_words_that_say_so(text, status, words):
    statement = said(text)[0]
    assert (statement.status, statement.status_text) == (status, words)


@pytest.mark.parametrize(
    "text",
    [
        "“It was a joke,” Mara Testova said. The authenticity of the letter could not be independently verified.",
        "The ministry said 20 drones had been shot down. Sampleland denied planning a raid on the harbour.",
        "Sampleland, which has repeatedly denied planning a raid, said the road was closed.",
        "The ministry said the road was closed. An official cast doubt on Sampleland’s claims of victory.",
    ],
)
def test_words_about_something_else_are_no_status(text):
    assert said(text)
    assert all(x.status == "none" for x in said(text))
