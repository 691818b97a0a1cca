"""One event is one story, two events are two, and the decision explains itself; all texts are invented."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import StorySketch
from bot.stories import clustering

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


def _sketch(title, body="", names=()):
    return clustering.sketch(title, body, names)


def _story(title, body="", names=(), *, number=1, at=NOW):
    merged = clustering.place(_sketch(title, body, names), at, []).merged
    assert merged is not None
    return replace(merged, story_id=number)


ONE_EVENT = [
    (("Russia hits Ukrainian capital with ballistic missiles", "", ("Russia",)),
     ("Nine killed in strikes on Kyiv", "", ("Kyiv",))),
    (("Envoys leave Geneva without a text", "The invented talks ended early.", ("Geneva",)),
     ("Talks in Geneva end without agreement", "Envoys left with no text.", ("Geneva",))),
    (("Zelenskyy names Anna Vzorova as defence minister", "", ("Zelenskyy", "Anna Vzorova")),
     ("Zelensky picks Vzorova to be new defense minister", "", ("Zelensky", "Vzorova"))),
    (("Russische Drohnen treffen Hotel in Charkiw", "", ()),
     ("Drone attack hits hotel in Kharkiv, Russia blamed", "", ())),
]  # fmt: skip

TWO_EVENTS = [
    (("Vzorova wins Ohio", "", ("Vzorova", "Ohio")), ("Vzorova wins Iowa", "", ("Vzorova", "Iowa"))),
    (("Drone attack on Belgorod wounds four", "", ("Belgorod",)),
     ("Drone attack on Bryansk wounds four", "", ("Bryansk",))),
    (("Russian strike on Kharkiv kills two", "", ("Kharkiv",)),
     ("Russian strike on Odesa kills three", "", ("Odesa",))),
    (("Zelensky meets Macron in Paris", "", ("Macron", "Paris")),
     ("Zelensky meets Merz in Berlin", "", ("Merz", "Berlin"))),
    (("Envoys leave Geneva without a text", "", ("Geneva",)),
     ("Refinery burns near Exampletown after drone strike", "", ())),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), ONE_EVENT)
def test_two_reports_on_one_event_are_one_story(first, second):
    placed = clustering.place(_sketch(*second), NOW + timedelta(hours=3), [_story(*first, number=7)])

    assert placed.story_id == 7
    assert placed.merged is not None
    assert placed.merged.articles == 2


@pytest.mark.parametrize(("first", "second"), TWO_EVENTS)
def test_two_events_are_two_stories(first, second):
    placed = clustering.place(_sketch(*second), NOW + timedelta(hours=3), [_story(*first)])

    assert placed.story_id is None
    assert placed.merged is not None
    assert placed.merged.story_id == 0


def test_the_decision_explains_itself():
    joined = clustering.place(_sketch(*ONE_EVENT[1][1]), NOW, [_story(*ONE_EVENT[1][0])])
    opened = clustering.place(_sketch(*TWO_EVENTS[0][1]), NOW, [_story(*TWO_EVENTS[0][0])])

    assert "geneva" in joined.why
    assert "one is about iowa, the other about ohio" in opened.why
    assert "no open story" in clustering.place(_sketch("Anything"), NOW, []).why


def test_of_several_stories_the_most_alike_is_joined():
    stories = [_story("Refinery burns near Exampletown", number=1), _story(*ONE_EVENT[1][0], number=2)]

    assert clustering.place(_sketch(*ONE_EVENT[1][1]), NOW, stories).story_id == 2


def test_after_long_silence_the_same_words_are_another_story():
    story = _story("Missiles hit Kharkiv", "Explosions were heard.", ("Kharkiv",))
    again = _sketch("Missiles hit Kharkiv", "Explosions were heard again.", ("Kharkiv",))

    assert clustering.place(again, NOW + timedelta(hours=6), [story]).story_id == 1
    assert clustering.place(again, NOW + timedelta(days=30), [story]).story_id is None


def test_a_death_toll_may_rise_but_not_leap():
    story = _story("Strike on Exampletown kills 24", "", ("Exampletown",))

    risen = clustering.place(_sketch("Strike on Exampletown kills 28", "", ("Exampletown",)), NOW, [story])
    leapt = clustering.place(_sketch("Strike on Exampletown kills 2", "", ("Exampletown",)), NOW, [story])

    assert risen.story_id == 1
    assert leapt.similarity < risen.similarity
    assert "kill 2 here and kill 24 there" in leapt.why


ROUND_UPS = [
    "Invented war: List of key events, day 1,407",
    "Exampleland war briefing: missiles hit Kharkiv as talks stall",
    "War live updates: missiles hit Kharkiv",
]


@pytest.mark.parametrize("title", ROUND_UPS)
def test_a_round_up_neither_swallows_a_story_nor_joins_one(title):
    body = "Missiles hit Kharkiv overnight, killing two. Talks in Geneva stalled."
    event = ("Missiles hit Kharkiv overnight", "Two were killed when missiles hit Kharkiv.", ("Kharkiv",))

    assert clustering.place(_sketch(title, body, ("Kharkiv",)), NOW, [_story(*event)]).story_id is None
    assert clustering.place(_sketch(*event), NOW, [_story(title, body, ("Kharkiv",))]).story_id is None


def test_the_round_ups_of_two_days_are_two_stories_and_of_one_day_one():
    body = "These are the key developments of the invented war on this day."
    story = _story("Invented war: List of key events, day 1,407", body)

    assert (
        clustering.place(_sketch("Invented war: List of key events, day 1,408", body), NOW, [story]).story_id
        is None
    )
    assert (
        clustering.place(_sketch("Invented war: List of key events, day 1407", body), NOW, [story]).story_id
        == 1
    )


def test_a_copy_is_placed_where_it_is_told():
    story = _story("Refinery burns near Exampletown", number=4)

    placed = clustering.join(_sketch("Quite another headline"), NOW + timedelta(hours=1), story)

    assert placed.story_id == 4
    assert placed.merged is not None
    assert (placed.merged.articles, placed.merged.last_at) == (2, NOW + timedelta(hours=1))


def test_an_older_article_read_late_does_not_turn_the_clock_back():
    placed = clustering.join(_sketch("Late"), NOW - timedelta(days=1), _story("Early"))

    assert placed.merged is not None
    assert placed.merged.last_at == NOW


def test_sketches_stay_small_however_long_the_article_and_the_story():
    body = " ".join(f"word{number}" for number in range(5000))
    article = _sketch("A long title of an invented article", body, [f"Name{number}" for number in range(500)])
    story = _story("A long title of an invented article", body)
    for number in range(60):
        added = _sketch(f"Title {number}", " ".join(f"w{number}x{at}" for at in range(300)), [f"N{number}"])
        merged = clustering.join(added, NOW, story).merged
        assert merged is not None
        story = merged

    assert len(article.vector) <= 4_000
    assert len(story.vector) <= 4_000
    assert len(article.names) <= 24
    assert len(story.names) <= 60


def test_a_body_that_begins_with_the_title_is_sketched_like_one_that_does_not():
    assert _sketch("Envoys leave", "Envoys leave\n\nThe talks ended.") == _sketch(
        "Envoys leave", "\n\nThe talks ended."
    )


@given(
    st.lists(
        st.tuples(st.text(max_size=80), st.text(max_size=200), st.lists(st.text(max_size=20), max_size=5)),
        max_size=6,
    ),
    st.binary(max_size=40),
)
def test_placing_never_raises_whatever_stands_in_texts_and_store(articles, damaged):
    stories = [StorySketch(99, damaged, ("",), ("kill=", "kill=x", "=")[:1], 1, NOW)]
    for number, (title, body, names) in enumerate(articles, start=1):
        placed = clustering.place(_sketch(title, body, names), NOW, stories)
        assert placed.merged is not None
        assert placed.why
        assert 0.0 <= placed.similarity <= 1.01
        if placed.story_id is None:
            stories.append(replace(placed.merged, story_id=number))
