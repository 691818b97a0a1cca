"""What an article says about a claim, in its own words; every name, place and event is invented."""

import pytest

from bot.language.reading import read


def said(text):
    return [statement for statement in read(text, language="en").statements if statement.act == "said"]


def said_by(text, speaker):
    return next(statement for statement in said(text) if statement.speaker == speaker)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Bob Sample said 20 drones had been shot down. The claim could not be independently verified.",
            "could not be independently verified",
        ),
        (
            "Bob Sample said the port was in his hands. Example Wire was unable to verify the claim.",
            "unable to verify",
        ),
        (
            "Bob Sample said three ships had sunk. There was no immediate confirmation from Exampleland.",
            "There was no immediate confirmation",
        ),
        (
            "Bob Sample said the bridge was mined. The report has not been independently confirmed.",
            "has not been independently confirmed",
        ),
        ("Bob Sample said the town had fallen, without providing evidence.", "without providing evidence"),
        (
            "Bob Sample, without offering any proof, accused the council of selling the harbour.",
            "without offering any proof",
        ),
        ("Bob Sample claimed without evidence that the vote had been bought.", "without evidence"),
        (
            "Bob Sample said the depot had been hit but did not provide any evidence.",
            "did not provide any evidence",
        ),
        (
            "Bob Sample said nine people had died. It was not immediately possible to verify the figure.",
            "was not immediately possible to verify",
        ),
    ],
)
def test_a_claim_is_unverified_where_the_article_says_so(text, words):
    first = said_by(text, "Bob Sample")
    assert (first.status, first.status_text) == ("unverified", words)


def test_a_source_that_the_article_calls_unverified_marks_what_it_claims():
    (only,) = said("An unverified video posted by Bob Sample claimed to show the fire.")
    assert only.speaker == "An unverified video posted by Bob Sample"
    assert (only.status, only.status_text) == ("unverified", "unverified")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Bob Sample said Exampleland had blown up the dam. Exampleland denied the accusation.",
            "denied the accusation",
        ),
        (
            "Bob Sample accused Exampleland of shelling the plant, a charge Exampleland denies.",
            "charge Exampleland denies",
        ),
        (
            "Bob Sample said Exampleland had shelled the plant, which Exampleland denied.",
            "which Exampleland denied",
        ),
        (
            "Bob Sample said the mayor had fled, but the mayor's office denied this.",
            "but the mayor's office denied this",
        ),
        (
            "Bob Sample said the convoy had been attacked. The Exampleland army called the claim a lie.",
            "called the claim a lie",
        ),
        (
            "Bob Sample told reporters that the town had fallen. Mara Testova refuted the claim.",
            "refuted the claim",
        ),
        (
            "Bob Sample said Russia was behind the invented fire. Moscow has denied involvement.",
            "has denied involvement",
        ),
    ],
)
def test_a_claim_is_denied_where_somebody_else_denies_it(text, words):
    first = said_by(text, "Bob Sample")
    assert (first.status, first.status_text) == ("denied", words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Bob Sample falsely said the election had been called off.", "falsely said"),
        ("Bob Sample has falsely claimed that the bridge was his idea.", "has falsely claimed"),
        ("Bob Sample wrongly claimed that nobody had been hurt.", "wrongly claimed"),
        ("Bob Sample repeated the baseless claim that the lake was poisoned.", "baseless claim"),
        (
            "Bob Sample said the ship had sunk on its own – a claim disputed by sailors who were on board.",
            "claim disputed",
        ),
        (
            "Bob Sample said he had won the vote, despite overwhelming evidence to the contrary.",
            "despite overwhelming evidence to the contrary",
        ),
        (
            "Bob Sample said the river was clean. But officials said they had seen no evidence of a clean river.",
            "But officials said they had seen no evidence of",
        ),
        (
            "Bob Sample said the harbour was closed. Mara Testova questioned the claim.",
            "questioned the claim",
        ),
        (
            "Bob Sample said the convoy was attacked. Exampleland dismissed the allegation as baseless.",
            "dismissed the allegation as baseless",
        ),
    ],
)
def test_a_claim_is_disputed_where_the_article_or_others_doubt_it(text, words):
    first = said_by(text, "Bob Sample")
    assert (first.status, first.status_text) == ("disputed", words)


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (
            "Bob Sample said the general was dead. The information was later confirmed by the ministry.",
            "confirmed",
            "The information was later confirmed by",
        ),
        (
            "Bob Sample said the general was dead, which was later confirmed by the ministry.",
            "confirmed",
            "which was later confirmed by",
        ),
        (
            "Bob Sample said the general was dead. The ministry confirmed the report on Monday.",
            "confirmed",
            "confirmed the report",
        ),
        (
            "Bob Sample said the mayor had been bribed. He later retracted the statement.",
            "retracted",
            "retracted the statement",
        ),
        (
            "Bob Sample wrote that the mayor had been bribed. He later deleted the post.",
            "retracted",
            "deleted the post",
        ),
        (
            "Bob Sample said the mayor had been bribed. He later walked back his remarks.",
            "retracted",
            "walked back his remarks",
        ),
    ],
)
def test_a_claim_is_confirmed_or_taken_back(text, status, words):
    first = said_by(text, "Bob Sample")
    assert (first.status, first.status_text) == (status, words)


@pytest.mark.parametrize(
    "text",
    [
        "Mara Testova denied the claim that she had left the country.",
        "Mara Testova said she could not confirm the report that the town had fallen.",
        "Mara Testova said the allegations against her were false.",
        "Mara Testova said there was no evidence that the bridge had been mined.",
        "Mara Testova said the charge was not unfounded.",
        "Mara Testova said police had confirmed the number of dead.",
        "“We will verify everything,” Mara Testova said. The talks could not be held in Sampletown.",
        "“It is a false claim that cannot be verified,” Mara Testova said.",
        "The council rejected this proposal, Mara Testova said. She denied it was her idea.",
        "Mara Testova said the war would end soon. The Kremlin denied having plans for talks.",
        "Mara Testova said the fleet had sailed. Nobody could confirm when it would return.",
        "Mara Testova said the council had agreed. The plan had been confirmed by the court.",
        "While Bob Sample wrongly claimed that the road was open, Mara Testova said the bridge had fallen.",
        "Mara Testova said the road was open. An officer said the claim of the Sampleland army was false.",
        "Mara Testova of the Center for Countering Disinformation said the lake was clean.",
    ],
)
def test_words_about_something_else_are_no_status(text):
    assert said_by(text, "Mara Testova").status == "none"


def test_in_a_sentence_of_two_speakers_a_status_is_the_nearest_ones():
    text = "Mara Testova said the road was open after Bob Sample falsely claimed that it was mined."
    assert {x.speaker: x.status for x in said(text)} == {"Mara Testova": "none", "Bob Sample": "disputed"}


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Bob Sample said the town had fallen, without providing evidence.", "the town had fallen"),
        ("Bob Sample claimed without evidence that the vote had been bought.", "the vote had been bought"),
        ("Bob Sample said the depot was hit but did not provide any evidence.", "the depot was hit"),
    ],
)
def test_the_articles_own_words_are_not_given_as_the_speakers(text, content):
    [statement] = said(text)
    assert [piece.text for piece in statement.pieces] == [content]


def test_the_status_span_is_where_its_words_stand():
    text = "Bob Sample said the town had fallen. Example Wire could not verify the claim."
    [statement] = said(text)
    assert text[slice(*statement.status_span)] == statement.status_text == "could not verify"
