"""Questions answered from a real database in memory, with an invented knowledge file."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot import queries
from bot.knowledge import Knowledge
from bot.knowledge.words import Words
from bot.message.blocks import Links, Quotation, Text, Title
from bot.message.plain_text import render
from bot.model import Outlet, Placement, Query, Schedule, Speaker, Subscription, Topic, Trouble
from bot.settings import Digests, Settings
from bot.store.sql_store import SqlStore
from tests.store.invented import HOUR, NOW, entry, opening, polled, read_one, said

KNOWN = Knowledge(
    topics=(Topic("war", "The war", "everything", 1.0, ()), Topic("talks", "Peace talks", "talks", 1.0, ())),
    speakers=(
        Speaker("Anna Example", "ukraine", ("Ana Example", "Example")),
        Speaker("Boris Beispiel", "russia"),
    ),
    outlets=(
        Outlet("Example Journal", policy="link"),
        Outlet("Gazette", "gazette.example", policy="headline"),
    ),
)
ZONE = ZoneInfo("Europe/Kyiv")


@pytest.fixture
async def store():
    async with SqlStore.open(":memory:") as opened:
        yield opened


class Newsroom:
    """Asks one store, with everything else as it is by default."""

    def __init__(self, store):
        self.store = store
        self.settings = Settings(digests=Digests(stories=2, statements=4))
        self.parts = {"store": store, "knowledge": KNOWN, "words": Words(), "settings": self.settings}

    async def ask(self, verb="digest", *, now=NOW, **values):
        return await queries.answer(Query(verb, **values), **self.parts, now=now, zone=ZONE)

    async def again(self, query, now=NOW):
        return await queries.answer(query, **self.parts, now=now, zone=ZONE)

    async def more(self, answer, now=NOW):
        return await self.again(queries.next_page(answer.query, self.settings), now)

    async def links(self, answer):
        shown = await queries.sources(answer.query, **self.parts, now=NOW, zone=ZONE)
        return [
            link.url for block in shown.message.blocks if isinstance(block, Links) for link in block.links
        ]

    async def scheduled(self, order, *, settings=None, now=NOW):
        parts = self.parts | ({"settings": settings} if settings else {})
        answer, cursor = await queries.scheduled(order, **parts, now=now)
        return answer and answer.message, cursor


@pytest.fixture
def newsroom(store):
    return Newsroom(store)


def text(answer):
    return render(getattr(answer, "message", answer), width=100, colour=False)


def words_shown(answer):
    message = getattr(answer, "message", answer)
    return [piece.text for block in message.blocks if isinstance(block, Quotation) for piece in block.pieces]


def headlines(answer):
    message = getattr(answer, "message", answer)
    return [
        (block.number, block.text)
        for block in message.blocks
        if isinstance(block, Title) and block.level == 2
    ]


async def article(store, number, *statements, hours=1.0, **values):
    values = {"title": f"Headline {number}"} | values
    return await read_one(store, f"article-{number}", *statements, at=NOW - hours * HOUR, **values)


async def joined(store, first, number, *statements, **values):
    """Another article of the first one's story."""
    story_id = (await store.article(first)).story_id
    placement = Placement(story_id, opening(NOW, 2, story_id), why="the same envoys")
    return await article(store, number, *statements, placement=placement, **values)


# ── Digests ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_digest_covers_the_usual_period_when_none_is_named(store, newsroom):
    await article(store, 1, said("We met."))
    await article(store, 2, said("We met long ago."), hours=25)
    answer = await newsroom.ask()
    assert words_shown(answer) == ["We met."]
    assert (answer.query.since, answer.query.until) == (NOW - 24 * HOUR, NOW)
    assert answer.found == 1


async def test_a_named_period_goes_by_when_we_first_saw_the_article(store, newsroom):
    for number, hours in enumerate((5, 4, 3), 1):
        await article(store, number, said(f"Words {number}."), hours=hours)
    answer = await newsroom.ask(since=NOW - 4 * HOUR, until=NOW - 3 * HOUR)
    assert words_shown(answer) == ["Words 2."]


async def test_a_digest_is_about_its_topic(store, newsroom):
    await article(store, 1, said("About talks."))
    await article(store, 2, said("About boats."), topics=(("war", 3.0),))
    assert words_shown(await newsroom.ask(topic="talks")) == ["About talks."]
    assert "Peace talks" in text(await newsroom.ask(topic="Peace talks"))


async def test_an_unknown_topic_is_answered_with_what_may_have_been_meant(newsroom):
    answer = await newsroom.ask(topic="takls")
    assert answer.message.blocks[0] == Text("Unknown topic takls. Did you mean talks?", tone="warning")
    assert answer.found == 0


async def test_an_empty_digest_says_what_was_searched_and_what_was_not(store, newsroom):
    await article(store, 1, said("We met."), topics=(("war", 3.0),))
    feed = await polled(store, entry("waiting"), at=NOW - HOUR)
    down = Trouble("the server does not answer", NOW - HOUR, "wait")
    await store.save_feed(replace(feed, title="Example Herald", trouble=down))
    line = text(await newsroom.ask(topic="talks")).replace("\n", " ")
    assert line.startswith("Nothing new on Peace talks: last 24 h to 15:00 Europe/Kyiv, searched 0 articles")
    assert "1 feed down: Example Herald. 1 article still to be read." in line


async def test_more_shows_the_next_stories_and_then_says_that_it_was_all(store, newsroom):
    for number in range(1, 4):
        await article(store, number, said(f"Words {number}."), hours=number)
    first = await newsroom.ask()
    assert headlines(first) == [(1, "Headline 1"), (2, "Headline 2")]
    second = await newsroom.more(first)
    assert headlines(second) == [(3, "Headline 3")]
    assert len(second.query.shown_stories) == 3
    third = await newsroom.more(second)
    assert third.found == 0
    assert "That was all on The war" in text(third)


async def test_news_between_two_pages_neither_repeats_nor_hides_a_story(store, newsroom):
    for number in range(1, 4):
        await article(store, number, said(f"Words {number}."), hours=number)
    first = await newsroom.ask()
    await article(store, 9, said("Late words."), hours=0.5)
    later = NOW + 2 * HOUR
    assert headlines(await newsroom.more(first, now=later)) == [(3, "Headline 9"), (4, "Headline 3")]


async def test_a_stored_answer_asked_again_is_the_same_page(store, newsroom):
    for number in range(1, 6):
        await article(store, number, said(f"Words {number}."), hours=number)
    second = await newsroom.more(await newsroom.ask())
    assert headlines(await newsroom.again(second.query)) == headlines(second)
    assert len(await newsroom.links(second)) == 2


async def test_a_story_without_statements_is_listed_all_the_same(store, newsroom):
    await article(store, 1, language="pl", outlet="Gazeta")
    answer = await newsroom.ask()
    assert headlines(answer) == [(1, "Headline 1")]
    assert "No statements found" in text(answer)


async def test_an_outlets_policy_is_known_by_its_name_or_its_address(store, newsroom):
    await article(store, 1, said("Secret one."), outlet="Example Journal")
    shown = text(await newsroom.ask())
    assert "Secret" not in shown
    assert "Headline 1" not in shown
    assert "Secret" not in text(await newsroom.ask("said", speaker="Anna Example"))
    assert "Secret" not in text(await newsroom.ask("search", text="Secret")).replace("Search: Secret", "")


async def test_the_same_words_in_two_outlets_are_one_statement(store, newsroom):
    words = "We agreed to meet again in the small room by the lake"
    first = await article(store, 1, said(words), outlet="Example Wire", hours=3)
    await joined(store, first, 2, said(words), outlet="Sample Post")
    [shown] = [block for block in (await newsroom.ask()).message.blocks if isinstance(block, Quotation)]
    assert [link.label for link in shown.links] == ["Example Wire", "Sample Post"]


# ── Schedules ────────────────────────────────────────────────────────────────────────────────────────────


def order(**values):
    defaults = {
        "id": 1,
        "channel_id": "terminal:main",
        "owner_id": "terminal:operator",
        "topic": "war",
        "schedule": Schedule("Europe/Kyiv", times=("08:00",)),
        "style": "who-said-what",
        "next_at": NOW,
        "cursor": 0,
        "created_at": NOW - 10 * HOUR,
    }
    return Subscription(**defaults | values)


async def test_a_scheduled_digest_covers_what_was_stored_since_the_last_one(store, newsroom):
    await article(store, 1, said("Old words."))
    cursor = await store.last_serial()
    await article(store, 2, said("Read late."), hours=90)
    message, after = await newsroom.scheduled(order(cursor=cursor))
    assert words_shown(message) == ["Read late."]
    assert after == await store.last_serial() > cursor
    assert await newsroom.scheduled(order(cursor=after)) == (None, after)


async def test_a_scheduled_digest_can_be_followed_up_like_any_answer(store, newsroom):
    await article(store, 1, *(said(f"Words {number}.") for number in range(9)))
    answer, _ = await queries.scheduled(order(), **newsroom.parts, now=NOW)
    assert "…5 more statements: story 1" in text(answer)
    assert len(answer.query.shown_stories) == 1
    assert "Words 0." in text(
        await newsroom.ask("story", story="1", shown_stories=answer.query.shown_stories)
    )
    assert len(await newsroom.links(answer)) == 1


async def test_a_feeds_first_entries_are_owed_to_nobody(store, newsroom):
    await article(store, 1, said("An old archive."), owed=False)
    message, cursor = await newsroom.scheduled(order())
    assert message is None
    assert cursor == await store.last_serial()


async def test_a_subscription_may_want_independent_origins(store, newsroom):
    first = await article(store, 1, said("Twice reported."))
    await joined(store, first, 2, said("The other way round."), outlet="Sample Post")
    await article(store, 3, said("Only here."))
    message, _ = await newsroom.scheduled(order(min_origins=2))
    assert sorted(words_shown(message)) == ["The other way round.", "Twice reported."]


async def test_an_empty_digest_is_posted_only_when_the_settings_say_so(newsroom):
    assert await newsroom.scheduled(order()) == (None, 0)
    wanted = Settings(digests=Digests(post_empty=True))
    message, _ = await newsroom.scheduled(order(), settings=wanted)
    assert text(message).startswith("Nothing new on The war: last 10 h to 15:00 Europe/Kyiv")


# ── Everything, and what a digest leaves out ─────────────────────────────────────────────────────────────


async def test_what_was_read_unsurely_is_in_every_answer_but_a_digest(store, newsroom):
    await article(store, 1, said("Surely this."), said("Perhaps this.", confidence=0.4))
    answers = [
        await newsroom.ask("said", speaker="Anna Example"),
        await newsroom.ask("story", story="https://example.org/article-1"),
        await newsroom.ask("search", text="perhaps"),
    ]
    for answer in answers:
        assert [shown.unsure for shown in quotations(answer) if shown.pieces[0].text == "Perhaps this."] == [
            True
        ]
        assert "(reading uncertain)" in text(answer)
    digest = await newsroom.ask()
    assert [shown.pieces[0].text for shown in quotations(digest)] == ["Surely this."]
    assert "reading uncertain" not in text(digest)


def quotations(answer):
    return [block for block in answer.message.blocks if isinstance(block, Quotation)]


# ── said ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_said_knows_all_spellings_and_shows_the_newest_first(store, newsroom):
    await article(store, 1, said("First.", role="deputy minister"), hours=50)
    await article(store, 2, said("Second.", speaker="Ana Example"), hours=2)
    await article(store, 3, said("Not hers.", speaker="Boris Beispiel"))
    answer = await newsroom.ask("said", speaker="Example")
    assert words_shown(answer) == ["Second.", "First."]
    assert "deputy minister" in text(answer)


async def test_a_surname_finds_speakers_whom_no_file_knows(store, newsroom):
    await article(store, 1, said("One.", speaker="Clara Šimečka"))
    await article(store, 2, said("Two.", speaker="Dora Simecka"), hours=2)
    answer = await newsroom.ask("said", speaker="simecka")
    assert words_shown(answer) == ["One.", "Two."]
    assert "Dora Simecka" in text(answer)


async def test_said_can_be_narrowed(store, newsroom):
    await article(
        store, 1, said("About the boats."), said("About the lake.", kind="indirect"), outlet="Example Wire"
    )
    await article(store, 2, said("The boats again."), outlet="Sample Post", hours=30)
    assert sorted(words_shown(await newsroom.ask("said", speaker="Anna Example", about="boats"))) == [
        "About the boats.",
        "The boats again.",
    ]
    by_outlet = await newsroom.ask("said", speaker="Anna Example", outlet="Sample Post")
    assert words_shown(by_outlet) == ["The boats again."]
    assert "outlet Sample Post" in text(by_outlet)
    assert words_shown(await newsroom.ask("said", speaker="Anna Example", kind="indirect")) == [
        "About the lake."
    ]
    recent = await newsroom.ask("said", speaker="Anna Example", about="boats", since=NOW - 10 * HOUR)
    assert words_shown(recent) == ["About the boats."]


async def test_said_without_a_hit_names_period_and_articles_searched(store, newsroom):
    await article(store, 1, said("About the lake."))
    line = text(await newsroom.ask("said", speaker="Anna Example", about="boats")).replace("\n", " ")
    assert line.startswith(
        "No statements by Anna Example (about boats): everything to 15:00 Europe/Kyiv, searched 1"
    )


async def test_an_unknown_speaker_is_answered_with_what_may_have_been_meant(store, newsroom):
    await article(store, 1, said("One.", speaker="Boris Beispiel"))
    answer = await newsroom.ask("said", speaker="Boris Beispeil")
    assert "Did you mean Boris Beispiel?" in text(answer)
    assert answer.found == 0
    assert "surname" in text(await newsroom.ask("said", speaker="Xq"))


async def test_said_goes_on_with_more(store, newsroom):
    await article(store, 1, *(said(f"Words {number}.") for number in range(6)))
    first = await newsroom.ask("said", speaker="Anna Example")
    assert (len(words_shown(first)), first.found) == (4, 4)
    second = await newsroom.more(first)
    assert (len(words_shown(second)), second.found) == (2, 2)
    assert not set(words_shown(first)) & set(words_shown(second))
    assert "That was all by Anna Example" in text(await newsroom.more(second))


# ── story ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_storys_number_means_what_the_reader_saw(store, newsroom):
    for number in range(1, 4):
        await article(store, number, said(f"Words {number}."), hours=number)
    digest = await newsroom.more(await newsroom.ask())
    answer = await newsroom.ask("story", story="2", shown_stories=digest.query.shown_stories)
    assert words_shown(answer) == ["Words 2."]
    assert answer.query.shown_stories == digest.query.shown_stories


async def test_a_story_is_found_by_an_articles_address(store, newsroom):
    await article(store, 1, said("Words 1."), hours=90)
    answer = await newsroom.ask("story", story="https://example.org/article-1")
    assert words_shown(answer) == ["Words 1."]
    assert await newsroom.links(answer) == ["https://example.org/article-1"]


async def test_a_story_goes_on_with_more(store, newsroom):
    await article(store, 1, *(said(f"Words {number}.", speaker=f"Speaker {number}") for number in range(6)))
    first = await newsroom.ask("story", story="https://example.org/article-1")
    second = await newsroom.more(first)
    assert len(words_shown(first)) == 4
    assert len(words_shown(second)) == 2
    assert second.found == 2


@pytest.mark.parametrize(
    ("story", "line"),
    [
        ("7", "No story 7 in the last answer."),
        ("0", "No story 0 in the last answer."),
        ("https://example.org/nowhere", "No stored article has the address https://example.org/nowhere."),
        ("https://example.org/waiting", "belongs to no story"),
    ],
)
async def test_an_unknown_story_says_so_and_what_to_do(store, newsroom, story, line):
    await polled(store, entry("waiting"))
    answer = await newsroom.ask("story", story=story, shown_stories=(1, 2))
    shown = text(answer).replace("\n", " ")
    assert line in shown
    assert "story 1" in shown
    assert answer.found == 0


# ── search ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_search_finds_words_in_statements_and_titles(store, newsroom):
    await article(store, 1, said("The boats are gone."))
    await article(store, 2, title="Boats on the invented river")
    await article(store, 3, said("Nothing of the kind."))
    answer = await newsroom.ask("search", text="boats")
    assert words_shown(answer) == ["The boats are gone."]
    assert "Boats on the invented river" in text(answer)
    assert answer.found == 2


async def test_a_search_in_vain_says_what_was_searched(store, newsroom):
    await article(store, 1, said("Words."))
    line = text(await newsroom.ask("search", text="quinces")).replace("\n", " ")
    assert line.startswith(
        "Nothing found for quinces: everything to 15:00 Europe/Kyiv, searched 1 article from 1"
    )
