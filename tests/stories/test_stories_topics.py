"""Relevance comes first, then topics; all on invented headlines and on tables made for the test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge import load
from bot.model import Topic
from bot.stories import topics

SHIPPED = load().topics


def _topic(name="war", threshold=2.0, **weights):
    return Topic(
        name, name, "", threshold, tuple((term.replace("_", " "), weight) for term, weight in weights.items())
    )


def _names(title, text="", tables=SHIPPED):
    return {name for name, _ in topics.score(title, text, tables)}


@pytest.mark.parametrize(
    ("title", "text", "topic"),
    [
        (
            "Envoys leave Exampletown without a ceasefire",
            "Russia and Ukraine failed to agree, a diplomat said.",
            "talks",
        ),
        (
            "Missiles and drones hit Kharkiv overnight",
            "Air defence was active, the invented mayor said.",
            "strikes",
        ),
        (
            "Example Bank frozen out under new sanctions on Russia",
            "Oil firms are named on the list.",
            "sanctions",
        ),
        (
            "Ukraine and Russia swap 100 prisoners of war",
            "The exchange was the third this month.",
            "prisoners",
        ),
        ("Reactor at the Zaporizhzhia nuclear plant loses power", "The IAEA is watching.", "nuclear"),
        (
            "Zelensky names new chief of staff after corruption probe",
            "Parliament was told on Monday.",
            "ukraine-inside",
        ),
        ("Kyiv accuses Moscow of disinformation and cyber attacks", "", "information"),
        (
            "Refugees flee Kherson as shelters fill",
            "Ukraine's volunteers bring food for families.",
            "humanitarian",
        ),
    ],
)
def test_invented_headlines_reach_their_topic_and_the_war(title, text, topic):
    assert {"war", topic} <= _names(title, text)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Ракети вдарили по Харкову", "Обстріл тривав до ранку."),
        ("Ракетный удар по Одессе", "Украина обвинила Россию."),
        ("Rosyjskie drony nad Wołyniem", "Atak na Ukrainę trwał całą noc."),
        ("Russische Drohnen greifen die Ukraine an", ""),
        ("Drones russes sur l'Ukraine", ""),
    ],
)
def test_the_war_is_recognised_in_other_languages(title, text):
    assert "war" in _names(title, text)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (
            "The best borscht in town: a new restaurant opens in Kyiv",
            "The chef brings Michelin cuisine to the menu.",
        ),
        (
            "Missile strikes in Exampleland kill four",
            "The war there enters its third year, and a ceasefire is far.",
        ),
        ("Example United win the cup", "The striker's missile of a shot decided the tournament."),
        ("Gardeners at war with slugs", ""),
        ("", ""),
    ],
)
def test_what_is_not_about_this_war_reaches_no_topic_at_all(title, text):
    assert topics.score(title, text, SHIPPED) == ()


def test_no_topic_is_reached_unless_the_war_is():
    tables = (_topic("war", ukraine=2.0), _topic("talks", threshold=1.0, peace=2.0))

    assert _names("Peace in the garden", tables=tables) == set()
    assert _names("Peace for Ukraine", tables=tables) == {"war", "talks"}
    assert _names("Peace for Ukraine", tables=tables[1:]) == set()


def test_scores_are_relative_to_the_threshold_and_best_first():
    tables = (_topic("war", threshold=4.0, ukraine=2.0), _topic("talks", threshold=1.0, peace=2.0))

    assert topics.score("Peace for Ukraine", "", tables) == (("talks", 4.0), ("war", 1.0))


def test_supporting_words_count_only_as_far_as_naming_words_do():
    tables = (_topic(threshold=4.1, ukraine=2.0, missile=0.9, drone=0.9, siege=0.9),)

    assert _names("missile drone siege", "missile drone siege", tables) == set()
    assert _names("Ukraine: missile", "", tables) == {"war"}


def test_a_negative_term_speaks_against_a_topic():
    tables = (_topic(threshold=4.0, kyiv=2.0, restaurant=-1.0),)

    assert _names("Kyiv", tables=tables) == {"war"}
    assert _names("A restaurant in Kyiv", tables=tables) == set()


def test_words_match_whole_unless_a_star_ends_them_and_phrases_match_in_order():
    tables = (_topic(threshold=1.0, **{"ukrain*": 2.0, "air_defence": 2.0, "war": 2.0}),)

    assert _names("UKRAINIANS", tables=tables)
    assert _names("Air-defence systems", tables=tables)
    assert _names("Air defence systems", tables=tables)
    assert _names("Defence of air", tables=tables) == set()
    assert _names("A warm day", tables=tables) == set()
    assert _names("The anti-war protest", tables=tables)


def test_text_far_down_does_not_decide():
    filler = "nothing of note happened here " * 60

    assert _names("Gardens", "Ukraine. Ukraine. " + filler, (_topic(threshold=1.5, ukraine=2.0),))
    assert _names("Gardens", filler + "Ukraine. Ukraine.", (_topic(threshold=1.5, ukraine=2.0),)) == set()


def test_a_title_repeated_at_the_head_of_the_text_is_not_counted_twice():
    tables = (_topic(threshold=0.1, ukraine=2.0),)

    assert topics.score("Ukraine", "Ukraine\n\nBody", tables) == topics.score("Ukraine", "\n\nBody", tables)


def test_the_pre_screen_lets_through_what_may_be_about_the_war():
    assert topics.touches_war(
        "Leaders meet in Exampletown", "They spoke of Ukraine among other things.", SHIPPED
    )
    assert topics.touches_war("A Kyiv restaurant review", "", SHIPPED)
    assert not topics.touches_war("Cup final tonight", "The drone show starts at nine.", SHIPPED)


def test_everything_the_scoring_finds_relevant_passes_the_pre_screen_without_a_war_table():
    assert topics.touches_war("Anything", "", ())


@given(st.text(max_size=200), st.text(max_size=400))
def test_scoring_never_raises_and_war_is_part_of_every_answer(title, text):
    reached = dict(topics.score(title, text, SHIPPED))

    assert not reached or reached["war"] >= 1
    assert all(score >= 1 for score in reached.values())
    if reached:
        assert topics.touches_war(title, text, SHIPPED)
