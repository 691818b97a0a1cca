"""Whom "he" and "the politician" mean, joint speakers, spellings of a name; every name and text is invented."""

import pytest

from benchmarks.antecedents import Choice, fitted
from bot.language.antecedents import NOBODY, RANKER, Ranker
from bot.language.reading import read


def said(text):
    return [statement for statement in read(text, language="en").statements if statement.act == "said"]


def speakers_of(text):
    return [statement.speaker for statement in said(text)]


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Minister Bob Sample arrived on Monday. “Mara Testova will come too,” he said.", "Bob Sample"),
        (
            "Mara Testova said it rained. Bob Sample met her on Monday. “We are tired,” she said.",
            "Mara Testova",
        ),
        ("Bob Sample visited Exampleton.He said the bridge was open in Exampleton.", "Bob Sample"),
        ("Mara Testova said it rained. In her opinion, the bridge is open.", "Mara Testova"),
        ("The Example Bank said rates would rise. “We are tired,” he said.", "he"),
    ],
)
def test_a_pronoun_means_somebody_of_its_gender_outside_quotations_or_stays(text, speaker):
    assert speakers_of(text)[-1] == speaker


def test_a_pronoun_that_means_nobody_known_is_not_worth_showing():
    (_, unknown) = said("The Example Bank said rates would rise. “We are tired,” he said.")
    (_, known) = said("Bob Sample said rates would rise. “We are tired,” he said.")
    assert unknown.confidence < 0.2 < known.confidence


def test_a_description_of_nobody_named_is_less_sure_than_a_body_under_its_name():
    (described,) = said("The head of the Example Railways said the bridge was open.")
    (body,) = said("The Example Railways Company said the bridge was open.")
    assert described.speaker == "The head of the Example Railways"
    assert described.confidence < 0.6 < body.confidence


@pytest.mark.parametrize("text", ["The two men said it rained.", "One of the engineers said it rained."])
def test_words_that_stand_for_people_named_elsewhere_are_unsure(text):
    assert said(text)[0].confidence < 0.6


def test_a_former_office_is_never_taken_for_the_one_who_holds_it():
    text = "President Bob Sample said the dam held. The former president said the bridge was open."
    assert speakers_of(text)[-1] == "The former president"


def test_a_description_never_means_somebody_with_another_office():
    text = "President Bob Sample said the dam held. The sports minister said the bridge was open."
    assert speakers_of(text)[-1] != "Bob Sample"


@pytest.mark.parametrize(
    ("source", "speaker"),
    [
        ("Minister Mara Testova and President Bob Sample", "Mara Testova and Bob Sample"),
        ("Mara Testova, Bob Sample and Anna Example", "Mara Testova, Bob Sample and Anna Example"),
        ("President Bob Sample and his circle", "President Bob Sample and his circle"),
    ],
)
def test_joint_speakers_are_all_shown_without_one_role(source, speaker):
    (statement,) = said(f"{source} said the bridge would open.")
    assert (statement.speaker, statement.role) == (speaker, None)


@pytest.mark.parametrize(
    "source", ["The spokesman for Mara Testova and Bob Sample", "The administration of President Bob Sample"]
)
def test_somebody_who_speaks_for_others_is_not_taken_for_them(source):
    assert speakers_of(f"{source} said the bridge would open.")[0] not in (
        "Mara Testova",
        "Bob Sample",
        "Mara Testova and Bob Sample",
    )


def test_two_transliterations_are_one_person_and_a_couple_is_two():
    text = "Sergei Ławrowski arrived on Monday. Lavrovsky said the bridge was open."
    assert speakers_of(text) == ["Sergei Ławrowski"]
    text = "Minister Ivan Testov met Ivanna Testova. Ivanna Testova said the bridge was open."
    assert speakers_of(text) == ["Ivanna Testova"]


def test_particles_belong_to_a_name_and_titles_to_the_role():
    text = "Commissioner Anna von der Example arrived. “We are tired,” von der Example said."
    assert [(x.speaker, x.role) for x in said(text)] == [("Anna von der Example", "Commissioner")]
    text = "Taoiseach Bob Sample arrived in Exampleton. Sample said the bridge was open."
    assert [(x.speaker, x.role) for x in said(text)] == [("Bob Sample", "Taoiseach")]


def test_a_name_behind_a_body_is_the_name_of_its_head():
    text = "The head of the Ministry of Roads Arkadiusz Samplowski said it rained. Samplowski added that it poured."
    assert speakers_of(text) == ["Arkadiusz Samplowski"] * 2


def test_a_role_is_read_from_a_relative_clause():
    (statement,) = said("Bob Sample, who is the deputy minister of roads, said the bridge was open.")
    assert statement.role == "deputy minister of roads"


def test_the_ranker_gives_the_likeliest_with_its_share_of_probability():
    ranker = Ranker({"pronoun": {"near": 2.0}})
    found = {"Anna": {"near": 1.0}, "Bob": {"near": 0.0}, NOBODY: {}}
    name, likely = ranker.choose("pronoun", 0, found)
    assert (name, round(likely, 3)) == ("Anna", 0.787)


def test_the_written_weights_prefer_whoever_agrees_with_the_pronoun():
    name, likely = RANKER.choose("pronoun", 0, {"Anna": {}, "Bob": {"gender": 1.0}})
    assert name == "Bob"
    assert likely > 0.5


def test_training_learns_what_tells_antecedents_from_others():
    choices = [
        Choice(
            "pronoun", "Anna Example", {"Bob Sample": {"far": 1.0}, "Anna Example": {"near": 1.0}, NOBODY: {}}
        ),
        Choice(
            "pronoun", "Bob Sample", {"Bob Sample": {"near": 1.0}, "Anna Example": {"far": 1.0}, NOBODY: {}}
        ),
    ]
    weights = fitted(choices)
    assert weights["near"] > 0 > weights["far"]
