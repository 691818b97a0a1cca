from dataclasses import replace
from datetime import timedelta

import pytest

from bot.knowledge.words import Words
from bot.message.blocks import Actions, Quotation, Text, Title
from bot.message.digest import StoryMaterial, choose, compose
from bot.message.plain_text import render
from bot.message.ranking import by_rank, deal, ranked_stories, worth_showing
from tests.message.invented import NOW, article, ground, material, statement, stored, story_of

WORDS = Words()


def quotations(message):
    return [block for block in message.blocks if isinstance(block, Quotation)]


def titles(message, level):
    return [block for block in message.blocks if isinstance(block, Title) and block.level == level]


def digest(shown, **values):
    return compose(shown, **{"style": "who-said-what", "words": WORDS, **values})


def one(said, **values):
    return (stored(said, **values),)


# ── Which statements ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("values", [{"act": "thought"}, {"act": "declined"}, {"confidence": 0.86}])
def test_only_what_was_said_and_surely_read_is_shown(values):
    shown = material(one(statement("“Yes.”")), one(statement("“No.”", **values), serial=2, article_id=2))
    assert [block.pieces[0].text for block in quotations(digest(shown))] == ["Yes."]


def test_a_statement_without_words_is_not_shown():
    assert worth_showing([one(statement("…"))]) == ()


def test_a_headlines_statement_gives_way_to_the_same_articles_body():
    headline = stored(statement("boats counted", headline=True), serial=1)
    body = stored(statement("“We counted nine boats.”"), serial=2)
    elsewhere = stored(statement("boats counted", headline=True), serial=3, article_id=2)
    assert worth_showing([(headline,), (body,), (elsewhere,)]) == ((body,), (elsewhere,))


def test_all_sides_are_heard_before_one_is_heard_twice():
    groups = [
        one(statement(f"“Words {number}.”", speaker=speaker), serial=number)
        for number, speaker in enumerate(["Anna", "Anna", "Clara", "Boris", "Dora"], 1)
    ]
    here = ground(sides={"Anna": "a", "Clara": "a", "Boris": "b", "Dora": "b"})
    order = [group[0].statement.speaker for group in by_rank(groups, here)]
    assert order == ["Anna", "Boris", "Clara", "Dora", "Anna"]


def test_named_direct_body_and_sure_come_first():
    groups = [
        one(statement("“Unnamed.”", speaker="an official", anonymous=True), serial=1),
        one(statement("reported", speaker="B"), serial=2),
        one(statement("partly", "“quoted”", speaker="C"), serial=3),
        one(statement("“In the headline.”", speaker="D", headline=True), serial=4),
        one(statement("“Less sure.”", speaker="E", confidence=0.88), serial=5),
        one(statement("“First.”", speaker="F"), serial=6),
        one(statement("“Whoever he is.”", speaker="He"), serial=7),
    ]
    order = [group[0].statement.speaker for group in by_rank(groups, ground())]
    assert order == ["F", "E", "D", "C", "B", "an official", "He"]


def test_statements_of_two_unnamed_sources_never_stand_under_one_heading():
    official = {"speaker": "an official", "source_text": "an official", "anonymous": True}
    shown = material(
        one(statement("“Yes.”", **official)), one(statement("“No.”", **official), serial=2, article_id=2)
    )
    assert [block.speaker for block in quotations(digest(shown))] == ["an official", "an official"]


@pytest.mark.parametrize("speaker", ["He", "the defence ministry", "The defence ministry"])
def test_a_description_means_one_speaker_only_within_its_article(speaker):
    shown = material(
        one(statement("“One.”", speaker=speaker)),
        one(statement("“Two.”", speaker=speaker), serial=2),
        one(statement("“Three.”", speaker=speaker), serial=3, article_id=2),
    )
    heads = [bool(block.speaker) for block in quotations(digest(shown))]
    assert heads == [True, False, True]


def test_spellings_of_one_person_stand_together_each_as_printed():
    shown = material(
        one(statement("“One.”", speaker="Ana Example")),
        one(statement("“Other.”", speaker="Boris"), serial=2, article_id=2),
        one(statement("“Two.”", speaker="Anna Example"), serial=3, article_id=3),
        people={"Ana Example": "Anna Example"},
    )
    assert [block.speaker for block in quotations(digest(shown))] == ["Ana Example", "Anna Example", "Boris"]


def test_a_speaker_is_named_once_and_again_with_another_articles_role():
    shown = material(
        one(statement("“One.”", role="deputy minister")),
        one(statement("“Two.”", role="deputy minister"), serial=2, article_id=2),
        one(statement("“Three.”"), serial=3, article_id=3),
    )
    heads = [(block.speaker, block.role) for block in quotations(digest(shown))]
    assert heads == [("Anna Example", "deputy minister"), ("", ""), ("Anna Example", "")]


# ── How they are shown ───────────────────────────────────────────────────────────────────────────────────


def test_the_same_words_in_several_outlets_are_one_statement_with_several_links():
    group = (
        stored(statement("“Yes.”"), at=NOW - timedelta(hours=1), outlet="Late Post", article_id=2),
        stored(statement("“Yes.”"), at=NOW - timedelta(hours=3), outlet="Early Wire"),
    )
    [shown] = quotations(digest(material(group)))
    assert [link.label for link in shown.links] == ["Early Wire", "Late Post"]


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ({"relay": "the Example Times"}, "Example Wire ← Example Times"),
        ({"via": "Example TV"}, "Example Wire ← Example TV"),
        ({"via": "Example Wire"}, "Example Wire"),
        ({"relay": "The example wire"}, "Example Wire"),
        ({}, "Example Wire"),
    ],
)
def test_a_link_tells_the_way_a_statement_came(values, label):
    [shown] = quotations(digest(material(one(statement("“Yes.”", **values)))))
    assert shown.links[0].label == label


@pytest.mark.parametrize(
    ("values", "to"),
    [
        ({"cue": "told", "audience": "reporters"}, "reporters"),
        ({"cue": "said", "audience": "reporters"}, "to reporters"),
        ({"cue": "said", "audience": "at a forum"}, "at a forum"),
        ({"cue": "told", "via": "Example TV"}, "Example TV"),
        ({"cue": "said", "via": "Example TV"}, ""),
    ],
)
def test_the_audience_is_told_in_words(values, to):
    [shown] = quotations(digest(material(one(statement("“Yes.”", **values)))))
    assert shown.to == to


def test_a_cue_reads_on_into_reported_words_only_from_before_them():
    def reads_on(*texts, **values):
        return quotations(digest(material(one(statement(*texts, **values)))))[0].cue_first

    assert reads_on("the draft", "“thin”", cue="called")
    assert not reads_on("the draft", "“thin”", cue="called", cue_after=True)
    assert not reads_on("“Thin.”", cue="said")
    assert not reads_on("nine boats crossed", cue="according to")


def test_an_unnamed_source_is_marked_and_a_missing_one_admitted():
    unnamed = {"speaker": "four officials", "source_text": "four officials", "anonymous": True}
    [shown] = quotations(digest(material(one(statement("“Yes.”", **unnamed)))))
    assert (shown.speaker, shown.note) == ("four officials", "anonymous")
    [shown] = quotations(digest(material(one(statement("“Yes.”", speaker="")))))
    assert (shown.speaker, shown.note) == ("No source named", "")


def test_status_words_of_another_article_carry_its_name():
    plain = stored(statement("“Yes.”"), outlet="Early Wire")
    doubtful = stored(
        statement("“Yes.”", status="unverified", status_text="could not be verified"), serial=2, article_id=2
    )
    [shown] = quotations(digest(material((replace(plain, first_seen_at=NOW - timedelta(hours=9)), doubtful))))
    assert shown.status == "could not be verified (Example Wire)"


# ── What an outlet allows ────────────────────────────────────────────────────────────────────────────────


def test_a_headline_outlet_shows_headline_and_names_but_no_words():
    shown = material(one(statement("“Secret words.”")), policies={"Example Wire": "headline"})
    text = render(digest(shown), width=100, colour=False)
    assert "Envoys leave without a text" in text
    assert "speakers: Anna Example" in text
    assert "Secret" not in text


def test_a_link_outlet_shows_neither_headline_nor_words():
    shown = material(
        one(statement("“Secret words.”"), title="Secret headline"), policies={"Example Wire": "link"}
    )
    message = digest(shown)
    assert "Secret" not in render(message, width=100, colour=False)
    assert titles(message, 2)[0].url == "https://example-wire.example/1"


def test_words_are_taken_from_an_outlet_that_allows_it():
    group = (
        stored(statement("“Secret cut.”"), outlet="Closed"),
        stored(statement("“Open words.”"), outlet="Open Wire", serial=2, article_id=2),
    )
    [shown] = quotations(digest(material(group, policies={"Closed": "headline"})))
    assert shown.pieces[0].text == "Open words."
    assert {link.label for link in shown.links} == {"Closed", "Open Wire"}


def test_a_headline_is_taken_from_an_outlet_that_allows_it():
    articles = (article(1, outlet="Closed", title="Secret headline"), article(2, title="Open headline"))
    story = StoryMaterial(story_of(1, articles), articles, ())
    shown = replace(material(policies={"Closed": "link"}), stories=(story,))
    assert [title.text for title in titles(digest(shown), 2)] == ["Open headline"]


# ── Which stories ────────────────────────────────────────────────────────────────────────────────────────


def test_a_story_in_which_nobody_is_heard_comes_after_those_with_statements():
    silent = replace(story(1, said=0), story=replace(story(1).story, origins=9, outlets=tuple("ABCDEFGHI")))
    assert [one.story.id for one in ranked_stories([silent, story(2)])] == [2, 1]


def test_several_articles_of_one_outlet_are_one_origin():
    busy = story(1, origins=7)
    busy = replace(busy, story=replace(busy.story, outlets=("A",)))
    assert [one.story.id for one in ranked_stories([busy, story(2, origins=2)])] == [2, 1]


def story(number, *, origins=1, said=1, speakers=1, at=NOW):
    here = article(number * 100, title=f"Story {number}", at=at)
    groups = tuple(
        one(
            statement(f"“Words {count}.”", speaker=f"Speaker {count % speakers}"),
            serial=number * 100 + count,
            article_id=here.id,
        )
        for count in range(said)
    )
    outlets = tuple(f"Outlet {count}" for count in range(origins))
    return StoryMaterial(
        replace(story_of(number, (here,), origins=origins), outlets=outlets), (here,), groups
    )


def test_stories_rank_by_origins_then_statements_then_speakers_then_recency():
    stories = [
        story(1, said=2),
        story(2, origins=2),
        story(3, said=2, speakers=2),
        story(4, said=3),
        story(5, said=2, at=NOW + timedelta(minutes=1)),
    ]
    assert [one.story.id for one in ranked_stories(stories)] == [2, 4, 3, 5, 1]


def test_statements_are_dealt_to_all_stories_before_one_gets_many():
    assert deal([5, 1, 0, 9], 8) == [4, 1, 0, 3]
    assert deal([1, 1], 12) == [1, 1]
    assert deal([3, 3], 0) == [0, 0]


def test_a_page_goes_on_numbering_where_the_last_one_stopped():
    shown = replace(material(), stories=tuple(story(number, said=number) for number in range(1, 8)))
    first = [one.story.id for one in choose(shown)]
    assert first == [7, 6, 5, 4, 3]
    second = digest(shown, earlier=first)
    assert [(title.number, title.text) for title in titles(second, 2)] == [(6, "Story 2"), (7, "Story 1")]
    assert "continued" in titles(second, 1)[0].aside
    assert [action.command for action in second.blocks[-1].actions] == ["links"]


def test_what_is_left_is_counted_and_one_word_away():
    shown = replace(material(), stories=tuple(story(number, said=4) for number in range(1, 8)))
    message = digest(shown)
    commands = [action for block in message.blocks if isinstance(block, Actions) for action in block.actions]
    assert [(action.label, action.command) for action in commands[-2:]] == [
        ("2 more stories", "more"),
        ("links", "links"),
    ]
    assert ("1 more statement", "story 1") in [(action.label, action.command) for action in commands]


def test_brief_shows_two_statements_of_each_story():
    shown = replace(material(), stories=tuple(story(number, said=4) for number in (1, 2)))
    assert len(quotations(digest(shown, style="brief"))) == 4


def test_a_story_without_statements_lists_its_articles_with_their_language():
    articles = (
        article(1, title="Rozmowy bez tekstu", outlet="Gazeta", language="pl"),
        article(2, title="Noch kein Text", outlet="Zeitung", language="de", state="to_read"),
    )
    shown = replace(material(), stories=(StoryMaterial(story_of(1, articles), articles, ()),))
    message = digest(shown)
    assert [title.aside for title in titles(message, 3)] == [
        "Gazeta · Polish",
        "Zeitung · still to be read · German",
    ]
    assert all(title.url for title in titles(message, 3))


# ── The honest lines ─────────────────────────────────────────────────────────────────────────────────────


def test_the_balance_counts_sides_unnamed_sources_and_what_was_not_heard():
    shown = material(
        one(statement("“One.”")),
        one(statement("“Two.”", speaker="Boris"), serial=2),
        one(statement("“Three.”", speaker="officials", anonymous=True), serial=3),
        one(statement("“Four.”", speaker=""), serial=4),
        sides={"Anna Example": "ukraine"},
        articles=7,
        outlets=3,
        to_read=2,
        unreadable=1,
        failing=("Herald",),
    )
    line = next(block.text for block in digest(shown).blocks if isinstance(block, Text))
    assert line == (
        "By side: Ukraine 1, side unknown 1, anonymous 50% · searched 7 articles from 3 outlets, last 12 h to 08:00"
        " Europe/Kyiv · 1 feed down: Herald · 2 articles still to be read · 1 article could not be read"
    )


def test_nothing_new_is_one_line_with_what_was_searched():
    shown = replace(material(articles=4, outlets=2, failing=("Herald",), to_read=1), stories=())
    assert digest(shown).blocks == (
        Text(
            "Nothing new on Peace talks: last 12 h to 08:00 Europe/Kyiv, searched 4 articles from 2 outlets."
            " 1 feed down: Herald. 1 article still to be read."
        ),
    )


def test_a_page_after_the_last_says_that_it_was_all():
    assert digest(material(), earlier=(1,)).blocks == (
        Text("That was all on Peace talks: last 12 h to 08:00 Europe/Kyiv."),
    )
