from datetime import timedelta

import pytest

from bot.knowledge.words import Words
from bot.message import answers, lists
from bot.message.blocks import Actions, Link, Links, Message, Quotation, Text, Title
from bot.message.digest import compose
from bot.message.plain_text import render
from bot.model import Feed, Schedule, Subscription, Topic, Trouble
from tests.message.invented import (
    NOW,
    ZONE,
    article,
    ground,
    load,
    material,
    statement,
    stored,
    story_of,
)

WORDS = Words()


def group(number, *, hours=2, words="“Yes.”", published=None, **values):
    at = NOW - timedelta(hours=hours)
    said = statement(words, **values)
    return (stored(said, serial=number, article_id=number, at=at, published_at=published),)


def said(groups, **values):
    return answers.said(
        "Anna Example", groups, **{"ground": ground(articles=9, outlets=4), "words": WORDS, **values}
    )


def whens(message):
    return [block.when for block in message.blocks if isinstance(block, Quotation)]


def test_statements_of_a_speaker_are_dated_and_the_newest_comes_first():
    message = said([group(1, hours=30), group(2, hours=1), group(3, hours=5)])
    assert whens(message) == ["07:00", "03:00", "1 Mar, 02:00"]
    assert message.blocks[0] == Title(
        "Anna Example", aside="3 statements in 3 articles · last 12 h to 08:00 Europe/Kyiv"
    )


def test_an_articles_own_date_counts_unless_it_lies_after_our_first_sight():
    older = group(1, published=NOW - timedelta(hours=8))
    newer = group(2, published=NOW + timedelta(days=300))
    assert whens(said([older, newer])) == ["06:00", "00:00"]


def test_what_was_read_unsurely_is_marked_for_people_and_programs():
    message = said(
        [group(1, confidence=0.86), group(2, confidence=0.87), group(3, confidence=0.2, anonymous=True)]
    )
    shown = [(block.unsure, block.note) for block in message.blocks if isinstance(block, Quotation)]
    assert shown == [(True, "anonymous, reading uncertain"), (False, ""), (True, "reading uncertain")]


def test_words_that_one_article_has_surely_are_shown_from_that_one():
    unsure, sure = group(1, confidence=0.3, hours=5), group(2, confidence=0.9)
    [shown] = [block for block in said([unsure + sure]).blocks if isinstance(block, Quotation)]
    assert (shown.unsure, len(shown.links)) == (False, 1)


def test_in_a_story_what_was_read_unsurely_comes_last():
    shown = material(group(1, confidence=0.3, words="“First.”"), group(2, words="second", speaker="B"))
    message = answers.story(shown.stories[0], ground=ground(), words=WORDS)
    assert [block.unsure for block in message.blocks if isinstance(block, Quotation)] == [False, True]


def test_the_name_in_the_title_is_not_repeated_but_another_spelling_is_shown():
    message = said([group(1, role="deputy minister"), group(2, speaker="A. Example", hours=3)])
    shown = [(block.speaker, block.role) for block in message.blocks if isinstance(block, Quotation)]
    assert shown == [("", "deputy minister"), ("A. Example", "")]


def test_said_goes_on_page_by_page_until_all_was_shown():
    groups = [group(number, hours=number) for number in range(1, 6)]
    first = said(groups, limit=2)
    assert [action.label for action in first.blocks[-1].actions] == ["3 more statements", "links"]
    assert whens(said(groups, limit=2, skip=4)) == ["03:00"]
    assert said(groups, limit=2, skip=6).blocks == (
        Text("That was all by Anna Example: last 12 h to 08:00 Europe/Kyiv."),
    )


def test_no_statement_says_what_was_searched_and_what_was_not():
    message = said(
        [], ground=ground(articles=9, outlets=4, to_read=1, failing=("Herald",)), narrowed=["about boats"]
    )
    assert message.blocks == (
        Text(
            "No statements by Anna Example (about boats): last 12 h to 08:00 Europe/Kyiv, searched 9 articles"
            " from 4 outlets. 1 feed down: Herald. 1 article still to be read."
        ),
    )


def test_said_respects_what_an_outlet_allows():
    message = said([group(1, words="“Secret.”")], ground=ground(policies={"Example Wire": "headline"}))
    assert "Secret" not in render(message, width=100, colour=False)
    assert any(isinstance(block, Title) and block.level == 3 and block.url for block in message.blocks)


def test_a_story_shows_its_statements_and_every_article():
    shown = load("talks").stories[0]
    here = load("talks").ground
    message = answers.story(shown, ground=here, words=WORDS)
    text = render(message, width=100, colour=False)
    assert "4 outlets, 2 origins · first: Example Wire 02:14" in text
    assert "Unterhändler reisen ab" in text
    assert "Muster Zeitung" in text
    assert "“thin”" in text
    assert "photograph" not in text  # of an outlet that allows its headline only


def test_a_storys_next_page_shows_the_rest_without_the_articles():
    shown = material(*(group(number, speaker=f"Speaker {number}") for number in range(1, 6))).stories[0]
    first = answers.story(shown, ground=ground(), words=WORDS, limit=3)
    assert [action.label for action in first.blocks[-1].actions] == ["2 more statements", "links"]
    rest = answers.story(shown, ground=ground(), words=WORDS, skip=3, limit=3)
    assert sum(isinstance(block, Quotation) for block in rest.blocks) == 2
    assert not any(isinstance(block, Title) and block.level == 3 for block in rest.blocks)
    after = answers.story(shown, ground=ground(), words=WORDS, skip=6, limit=3)
    assert after.blocks[-1] == Text("That was all in this story.")


def test_a_story_of_many_articles_counts_those_it_does_not_list():
    articles = tuple(article(number, outlet=f"Outlet {number}") for number in range(1, 14))
    shown = answers.StoryMaterial(story_of(1, articles), articles, ())
    message = answers.story(shown, ground=ground(), words=WORDS)
    assert sum(isinstance(block, Title) and block.level == 3 for block in message.blocks) == 10
    assert Text("…3 more articles", tone="muted") in message.blocks


def search(groups, articles, **values):
    return answers.search(
        "boats\x1b[2J",
        groups,
        articles,
        **{"total": 3, "ground": ground(articles=9), "words": WORDS, **values},
    )


def test_search_shows_statements_first_and_then_articles_without_one():
    message = search([group(1)], [article(1), article(2, title="Boats again")])
    assert [block.text for block in message.blocks if isinstance(block, Title)] == [
        "Search: boats",
        "Boats again",
    ]
    assert sum(isinstance(block, Quotation) for block in message.blocks) == 1


def test_search_goes_on_over_statements_and_articles_alike():
    hits = [group(1)], [article(2), article(3)]
    assert [action.label for action in search(*hits, limit=2).blocks[-1].actions] == ["1 more hit", "links"]
    assert sum(isinstance(block, Title) and block.level == 3 for block in search(*hits, skip=2).blocks) == 1
    assert "That was all for boats" in search(*hits, skip=9).blocks[0].text


def test_a_search_without_a_hit_says_what_was_searched():
    [line] = search([], [], ground=ground(articles=1, outlets=1)).blocks
    assert line.text == (
        "Nothing found for boats: last 12 h to 08:00 Europe/Kyiv, searched 1 article from 1 outlet."
    )


def test_links_lists_each_source_of_an_answer_once():
    answer = Message(
        (
            Title("Digest"),
            Title("Boats", level=2, url="https://a.example/1"),
            Quotation((), links=(Link("A", "https://a.example/1"), Link("B ← C", "https://b.example/2"))),
            Quotation((), links=(Link("B", "https://b.example/2"), Link("no address"))),
        )
    )
    assert answers.links(answer, WORDS).blocks[1] == Links(
        (Link("A · Boats", "https://a.example/1"), Link("B ← C", "https://b.example/2"))
    )
    assert answers.links(Message((Text("nothing"),)), WORDS).blocks == (
        Text("The last answer named no article."),
    )


def test_every_source_of_a_digest_is_among_its_links():
    shown = compose(load("talks"), style="who-said-what", words=WORDS)
    urls = {link.url for link in answers.links(shown, WORDS).blocks[1].links}
    quoted = {link.url for block in shown.blocks if isinstance(block, Quotation) for link in block.links}
    assert quoted <= urls
    assert len(urls) > len(quoted)


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ([], "Unknown topic takls."),
        (["talks"], "Unknown topic takls. Did you mean talks?"),
        (["talks", "aid", "war"], "Unknown topic takls. Did you mean talks, aid or war?"),
    ],
)
def test_a_problem_says_what_may_have_been_meant(names, line):
    message = answers.problem("Unknown topic takls.", ["See topics list."], names, words=WORDS)
    assert message.blocks[:2] == (Text(line, tone="warning"), Text("See topics list.", tone="muted"))
    offered = [action.label for block in message.blocks[2:] for action in block.actions if block.meant]
    assert offered == names


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────


def feed(number, **values):
    return Feed(
        id=number,
        url=f"https://f.example/{number}",
        title=values.pop("title", ""),
        added_at=NOW,
        next_at=NOW,
        **values,
    )


def test_feeds_in_trouble_come_first_with_cause_and_next_step():
    trouble = Trouble("the server answered 404", NOW - timedelta(hours=3), "look at its address")
    every = [
        feed(1, title="Example Wire", last_success_at=NOW, last_new_at=NOW),
        feed(2),
        feed(3, paused=True),
        feed(4, title="Herald\x1b[2J", trouble=trouble, failures=2),
    ]
    table = lists.feeds(every, words=WORDS, zone=ZONE, now=NOW).blocks[1]
    assert table.rows == (
        (
            "4",
            "Herald",
            "the server answered 404 (since 05:00, 2 failures)",
            "never",
            "never",
            "look at its address",
        ),
        ("1", "Example Wire", "working", "08:00", "08:00", ""),
        ("2", "https://f.example/2", "not polled yet", "never", "never", ""),
        ("3", "https://f.example/3", "paused", "never", "never", ""),
    )


def test_empty_lists_name_the_next_step():
    assert "feeds add" in lists.feeds([], words=WORDS, zone=ZONE, now=NOW).blocks[0].text
    assert "subscription add" in lists.subscriptions([], words=WORDS, zone=ZONE, now=NOW).blocks[0].text


def test_topics_and_subscriptions_are_tables():
    topic = Topic("talks", "Peace talks", "negotiations", 1.0, ())
    assert lists.topics([topic], words=WORDS).blocks[1].rows == (("talks", "Peace talks: negotiations"),)
    order = Subscription(7, "terminal:main", "a", "talks", Schedule("UTC"), "brief", NOW, 0)
    paused = Subscription(8, "terminal:main", "a", "war", Schedule("UTC"), "brief", NOW, 0, paused=True)
    shown = lists.subscriptions([(order, "hourly"), (paused, "daily")], words=WORDS, zone=ZONE, now=NOW)
    assert shown.blocks[1].rows == (
        ("7", "talks", "hourly", "brief", "08:00"),
        ("8", "war", "daily", "brief", "paused"),
    )


def test_help_lists_usage_and_purpose_under_headings():
    message = lists.commands(
        [("", [("digest", "a digest now")]), ("Admins", [("feeds list", "all")])], words=WORDS
    )
    assert [block.text for block in message.blocks if isinstance(block, Title)] == [
        "What you can ask",
        "Admins",
    ]
    assert not any(isinstance(block, Actions) for block in message.blocks)
