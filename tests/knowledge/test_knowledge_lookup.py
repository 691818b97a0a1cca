"""People and outlets are found by the names that articles and feeds print."""

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.knowledge import Knowledge, load
from bot.knowledge.lookup import folded
from bot.model import Outlet, Speaker, Topic

KNOWLEDGE = load()

INVENTED = Knowledge(
    topics=(
        Topic("talks", "Talks", "", 1.0, (("peace", 1.0),)),
        Topic("energy", "Energy", "", 1.0, (("gas", 1.0),)),
    ),
    speakers=(
        Speaker("Anna Vzorova", "other", ("Anna Wzorowa",)),
        Speaker("Pavlo Vzorov", "ukraine"),
        Speaker("Petro Vzorov", "russia"),
        Speaker("Han Vzorov Li", "other"),
        Speaker("Ministry of Examples", "us", ("Examples Ministry",), body=True),
    ),
    outlets=(Outlet("Example Wire", "wire.example", "en", "GB", "independent"),),
    outlet_keys=(("wire-news.example", "Example Wire"), ("EW", "Example Wire")),
)


@pytest.mark.parametrize(
    "name",
    [
        "Zelensky", "Zelenskyy", "Zelenskiy", "ZELENSKY", "Mr. Zelensky", "President Zelensky", "Volodymyr Zelensky",
        "Volodymyr Zelenskyy", "Wołodymyr Zełenski", "Selenskyj", "Володимир Зеленський", "Зеленский",
    ],
)  # fmt: skip
def test_every_spelling_of_a_name_is_one_speaker(name):
    speaker = KNOWLEDGE.speaker(name)

    assert speaker is not None
    assert speaker.name == "Volodymyr Zelensky"
    assert KNOWLEDGE.side_of(name) == "ukraine"


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("Kremlin", "russia"), ("the Kremlin", "russia"), ("Ukrainian officials", "ukraine"),
        ("U.S. State Department", "us"),
        ("Radoslaw Sikorski", "europe"), ("Erdogan", "other"), ("NATO", "international"),
        ("Anna Example", ""), ("", ""),
    ],
)  # fmt: skip
def test_bodies_and_people_have_their_side_and_strangers_have_none(name, side):
    assert KNOWLEDGE.side_of(name) == side


def test_a_surname_stands_for_a_person_only_while_nobody_else_bears_it():
    assert INVENTED.speaker("Vzorova") == INVENTED.speakers[0]
    assert INVENTED.speaker("Vzorov") is None
    assert INVENTED.speaker("Pavlo Vzorov") == INVENTED.speakers[1]
    assert KNOWLEDGE.speaker("Johnson") is None
    assert KNOWLEDGE.speaker("Kim") is None


def test_a_full_name_is_never_taken_for_another_person_of_that_surname():
    assert INVENTED.speaker("Olena Vzorova") is None


def test_the_last_word_of_a_body_is_no_surname():
    assert INVENTED.speaker("Examples") is None


def test_stored_names_of_one_speaker_are_found_in_all_spellings():
    stored = ["Zelenskyy", "Vladimir Putin", "Volodymyr Zelenskiy", "Володимир Зеленський", "Anna Example"]

    assert KNOWLEDGE.same_speaker_names("Zelensky", stored) == (
        "Zelenskyy",
        "Volodymyr Zelenskiy",
        "Володимир Зеленський",
    )


@pytest.mark.parametrize(
    ("name", "stored", "same"),
    [
        ("example", ["Anna Example", "Example"], ("Anna Example", "Example")),
        ("Anna Example", ["Example", "Anna Example"], ("Example", "Anna Example")),
        ("Example", ["Anna Example", "Bob Example", "Example"], ("Example",)),
        ("Anna Example", ["Bob Example", "Example"], ()),
        ("Anna Example", ["ANNA EXAMPLE"], ("ANNA EXAMPLE",)),
        ("Anna Example", [], ()),
    ],
)
def test_strangers_are_matched_by_spelling_and_by_a_surname_that_is_unambiguous(name, stored, same):
    assert INVENTED.same_speaker_names(name, stored) == same


def test_a_misspelt_speaker_is_suggested_once_and_best_first():
    stored = ["Volodymyr Zelensky", "Zelenskyy", "Vladimir Putin", "Anna Vzorova"]

    suggested = KNOWLEDGE.suggest_speaker("Zelnsky", stored)

    assert suggested[0] in {"Volodymyr Zelensky", "Zelenskyy"}
    assert len({KNOWLEDGE.side_of(name) for name in suggested}) == len(suggested)
    assert KNOWLEDGE.suggest_speaker("qqqq", stored) == []


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Reuters", "Reuters"),
        ("bbc news", "BBC"),
        ("https://feeds.bbci.co.uk/news/rss.xml", "BBC"),
        ("https://www.theguardian.com/world/rss", "The Guardian"),
        ("World news | The Guardian", "The Guardian"),
        ("NYT > World News", "The New York Times"),
        ("kyivindependent.com", "Kyiv Independent"),
        ("https://www.president.gov.ua/news", "President of Ukraine"),
        ("Українська правда", "Ukrainska Pravda"),
    ],
)
def test_outlets_are_found_by_name_feed_title_and_address(given, name):
    assert KNOWLEDGE.outlet(given).name == name


def test_a_further_domain_and_a_short_name_lead_to_the_outlet():
    assert INVENTED.outlet("https://live.wire-news.example/a").name == "Example Wire"
    assert INVENTED.outlet("EW").domain == "wire.example"


def test_an_unknown_outlet_comes_back_as_given_with_the_defaults():
    assert INVENTED.outlet("Sample Post") == Outlet("Sample Post")
    assert INVENTED.outlet("https://news.sample-post.org/x") == Outlet("sample-post.org", "sample-post.org")
    assert INVENTED.outlet("Sample Post").policy == "excerpt"


def test_a_look_alike_domain_is_not_the_outlet():
    assert KNOWLEDGE.outlet("https://reuters.com.example.org/a").name != "Reuters"
    assert KNOWLEDGE.outlet("https://notreuters.com/a").name != "Reuters"


def test_an_operators_outlet_wins_over_ours_and_keeps_its_other_names():
    changed = INVENTED.with_outlets(
        [Outlet("Example Wire", "wire.example", policy="link"), Outlet("Sample Post", "post.example")]
    )

    assert changed.outlet("EW").policy == "link"
    assert changed.outlet("https://wire.example/x").policy == "link"
    assert changed.outlet("https://post.example/x").name == "Sample Post"
    assert INVENTED.outlet("EW").policy == "excerpt"


def test_topics_are_found_by_name_and_title_and_suggested_when_misspelt():
    found = KNOWLEDGE.topic("Strikes")

    assert found is not None
    assert found.name == "strikes"
    assert KNOWLEDGE.topic("europe and nato") == KNOWLEDGE.topic("europe-nato")
    assert KNOWLEDGE.topic("football") is None
    assert KNOWLEDGE.suggest_topic("prisonners")[0] == "prisoners"
    assert KNOWLEDGE.suggest_topic("zzzz") == []


def test_knowledge_travels_to_another_process_unchanged():
    copy = pickle.loads(pickle.dumps(KNOWLEDGE))  # noqa: S301 - our own bytes

    assert copy == KNOWLEDGE
    assert copy.side_of("Kremlin") == "russia"


@given(st.text(max_size=60))
@example("𝐀")
def test_any_text_may_be_asked_for(text):
    assert folded(folded(text)) == folded(text)
    assert KNOWLEDGE.speaker(text) is None or text.strip()
    assert isinstance(KNOWLEDGE.outlet(text), Outlet)
    assert KNOWLEDGE.suggest_topic(text) is not None
    assert KNOWLEDGE.same_speaker_names(text, [text]) == (text,)
