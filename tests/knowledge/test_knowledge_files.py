"""The shipped knowledge is sound, and a wrong file is refused with its place."""

import datetime as dt
import re
import tomllib
from collections import Counter
from importlib import resources

import pytest

from bot.knowledge import load
from bot.knowledge.files import SIDES, KnowledgeError, outlets_from, speakers_from, topics_from
from bot.knowledge.lookup import folded

SHIPPED_TOPICS = {
    "war", "talks", "battlefield", "strikes", "aid", "sanctions", "energy", "nuclear", "prisoners", "humanitarian",
    "justice", "diplomacy", "europe-nato", "russia-inside", "ukraine-inside", "information",
}  # fmt: skip


def _first_day(date: str) -> dt.date:
    parts = [int(part) for part in date.split("-")]
    return dt.date(*[*parts, 1, 1][:3])


def test_the_shipped_topics_are_those_promised_and_war_comes_first():
    names = [topic.name for topic in load().topics]

    assert set(names) == SHIPPED_TOPICS
    assert names[0] == "war"
    assert all(topic.title and topic.description for topic in load().topics)


def test_every_topic_has_terms_that_name_it():
    for topic in load().topics:
        assert sum(weight >= 1 for _, weight in topic.terms) >= 10, topic.name


def test_the_files_hold_enough_speakers_and_outlets():
    knowledge = load()

    assert len(knowledge.speakers) >= 150
    assert len(knowledge.outlets) >= 120
    assert {speaker.side for speaker in knowledge.speakers} == set(SIDES)


def test_no_spelling_belongs_to_two_speakers():
    owners = Counter(
        key
        for speaker in load().speakers
        for key in {folded(spelling) for spelling in (speaker.name, *speaker.spellings)}
    )

    assert [key for key, count in owners.items() if count > 1] == []


def test_no_spelling_is_given_twice_for_one_speaker():
    for speaker in load().speakers:
        keys = [folded(spelling) for spelling in (speaker.name, *speaker.spellings)]
        assert len(keys) == len(set(keys)), speaker.name


def test_role_dates_exist_in_the_calendar_and_run_forwards():
    roles = [(speaker.name, *role) for speaker in load().speakers for role in speaker.roles]

    assert len(roles) > 200
    for name, what, start, end in roles:
        assert what.strip(), name
        days = [_first_day(date) for date in (start, end) if date]
        assert days == sorted(days), (name, what)


def test_the_speakers_file_says_when_it_was_true():
    text = resources.files("bot.knowledge").joinpath("speakers.toml").read_text(encoding="utf-8")
    as_of = dt.date.fromisoformat(tomllib.loads(text)["as_of"])

    dates = [date for speaker in load().speakers for _, *dates in speaker.roles for date in dates if date]
    assert all(_first_day(date) <= as_of for date in dates)


def test_bodies_hold_no_roles():
    assert [speaker.name for speaker in load().speakers if speaker.body and speaker.roles] == []


def test_no_domain_and_no_name_belongs_to_two_outlets():
    knowledge = load()
    keys = [folded(outlet.name) for outlet in knowledge.outlets]
    keys += [outlet.domain for outlet in knowledge.outlets if outlet.domain]
    keys += [key if "." in key else folded(key) for key, _ in knowledge.outlet_keys]

    assert [key for key, count in Counter(keys).items() if count > 1] == []


def test_outlets_are_complete_and_well_formed():
    for outlet in load().outlets:
        assert re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", outlet.domain), outlet
        assert re.fullmatch(r"[a-z]{2}", outlet.language), outlet
        assert re.fullmatch(r"[A-Z]{2}", outlet.country), outlet
        assert load().outlet(outlet.domain) == outlet
        assert load().outlet(outlet.name) == outlet


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[nowhere]\n'Ann Example' = {}", ["nowhere", "ukraine, russia"]),
        ("[us]\n'Ann Example' = { role = [] }", ["Ann Example", "role", "also, body, roles"]),
        ("[us]\n'Ann Example' = { roles = [['Envoy', '14.05.2024', '']] }", ["Ann Example", "2024-05-14"]),
        ("[us]\n'Ann Example' = { roles = [['Envoy', '2024']] }", ["Ann Example", "2024-05-14"]),
        ("[us]\n'Ann Example' = { also = [''] }", ["Ann Example"]),
        ("[us", ["not valid TOML"]),
    ],
)
def test_a_wrong_speaker_is_refused_with_file_and_name(text, words):
    with pytest.raises(KnowledgeError) as refused:
        speakers_from(text, "mine.toml")

    assert all(word in str(refused.value) for word in ["mine.toml", *words])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[privat]\n'Example Wire' = {}", "independent"),
        ("[state]\n'Example Wire' = { policy = 'all' }", "headline"),
        ("[state]\n'Example Wire' = { domain = 'wire.example' }", "domains"),
    ],
)
def test_a_wrong_outlet_is_refused_with_what_it_may_be(text, word):
    with pytest.raises(KnowledgeError, match=word):
        outlets_from(text, "mine.toml")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[[topic]]\nthreshold = 1", "named"),
        ("[[topic]]\nname = 'x'\n[[topic.terms]]\nweight = 1\nwords = ['a']", "threshold"),
        ("[[topic]]\nname = 'x'\nthreshold = 1", "at least one term"),
        ("[[topic]]\nname = 'x'\nthreshold = 1\n[[topic.terms]]\nweight = 1\nwords = ['a', 'a']", "twice: a"),
    ],
)
def test_a_wrong_topic_is_refused(text, word):
    with pytest.raises(KnowledgeError, match=word):
        topics_from(text, "mine.toml")
