import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import ArticleState, Piece, Trouble
from bot.ports import Searched, Wanted
from bot.store.sql_store import SqlStore, statement_id
from tests.store.invented import HOUR, NOW, entry, polled, read_one, reading, said


async def words(store: SqlStore, **wanted) -> list[str]:
    return [one.statement.pieces[0].text for one in await store.statements(Wanted(**wanted))]


# ── Identity ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "variant",
    [
        said("WE AGREED, to meet — again!"),
        said("We  agreed\nto meet again"),
        said("Ｗe agreed to meet again"),
        said("We agreed to meet again", "ANNA EXAMPLE"),
        said("x", pieces=(Piece("We agreed", True), Piece("to meet again", False)), kind="mixed"),
    ],
)
def test_case_punctuation_spacing_and_forms_make_no_other_statement(variant):
    assert statement_id(1, variant) == statement_id(1, said("We agreed to meet again"))


@pytest.mark.parametrize(
    ("article_id", "variant"),
    [(2, said("We agreed")), (1, said("We disagreed")), (1, said("We agreed", "Boris Sample"))],
)
def test_article_words_and_speaker_make_another_statement(article_id, variant):
    assert statement_id(article_id, variant) != statement_id(1, said("We agreed"))


@given(st.text(max_size=50), st.text(max_size=20))
def test_any_words_and_speaker_have_an_id_of_32_hex_digits(content, speaker):
    identity = statement_id(1, said(content, speaker))
    assert len(identity) == 32
    assert int(identity, 16) >= 0


# ── Saving ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_statement_comes_back_whole_with_its_address(store: SqlStore):
    full = said("We agreed", role="envoy", role_span=(1, 6), anonymous=True, via="a radio", audience="reporters",
                relay="Sample Post", status="unverified", status_text="not verified", status_span=(3, 9),
                confidence=0.5)  # fmt: skip
    article_id = await read_one(store, "a", full, at=NOW)
    (stored,) = await store.statements(Wanted("war"))
    assert stored.statement == full
    assert (stored.id, stored.serial, stored.article_id) == (statement_id(article_id, full), 1, article_id)
    assert (stored.version, stored.outlet, stored.url) == (1, "Example Times", "https://example.org/a")
    assert (stored.title, stored.story_id) == ("Envoys meet in Sampleville", 1)
    assert stored.stored_at == stored.first_seen_at == NOW


async def test_a_statement_found_again_keeps_its_serial_and_gets_the_new_offsets(store: SqlStore):
    article_id = await read_one(store, "a", said("We agreed"), said("We left"))
    moved = said("We agreed!", content=((11, 20),))
    found = await store.save_reading(reading(article_id, said("New words"), moved, text="Another text"))
    assert found == 1
    again, new = await store.statements(Wanted("war"))
    assert (again.serial, again.version, again.statement) == (1, 2, moved)
    assert (new.serial, new.version) == (3, 2)
    assert (await store.totals()).statements == 3


async def test_what_a_better_reader_no_longer_finds_in_the_same_text_is_shown_no_longer(store: SqlStore):
    article_id = await read_one(store, "a", said("We agreed"), said("No statement at all"), text="Same text")
    assert await store.save_reading(reading(article_id, said("We agreed"), text="Same text")) == 0
    assert await words(store) == ["We agreed"]


async def test_a_statement_that_comes_back_in_a_later_text_is_the_old_one(store: SqlStore):
    article_id = await read_one(store, "a", said("We agreed"), text="One")
    await store.save_reading(reading(article_id, text="Two"))
    assert await words(store) == []
    assert await store.save_reading(reading(article_id, said("We agreed"), text="Three")) == 0
    assert [(one.serial, one.version) for one in await store.statements(Wanted())] == [(1, 3)]


async def test_of_the_same_words_in_headline_and_body_the_body_stays(store: SqlStore):
    await read_one(
        store, "a", said("We agreed", headline=True), said("We agreed", role="envoy"), said("We agreed")
    )
    (stored,) = await store.statements(Wanted())
    assert stored.statement.role == "envoy"


async def test_only_what_was_said_is_given_though_all_is_kept(store: SqlStore):
    await read_one(
        store, "a", said("We agreed"), said("It is bad", act="thought"), said("a comment", act="declined")
    )
    assert await words(store) == ["We agreed"]
    assert (await store.totals()).statements == 3


async def test_serials_rise_in_reading_order(store: SqlStore):
    assert await store.last_serial() == 0
    await read_one(store, "a", said("One"), said("Two"))
    await read_one(store, "b", said("Three"), at=NOW - HOUR)
    assert await store.last_serial() == 3
    assert await words(store) == ["Three", "One", "Two"]


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def asked(store: SqlStore) -> SqlStore:
    await read_one(store, "a", said("We agreed on prisoners"), said("No text yet", "Boris Sample", kind="mixed"),
                   topics=(("war", 3.0), ("talks", 2.0)))  # fmt: skip
    await read_one(store, "b", said("Ми домовилися про обмін", "Вигадана Особа"), outlet="Приклад Пост", owed=False,
                   at=NOW + HOUR, topics=(("war", 3.0),), title="Обмін полоненими")  # fmt: skip
    await read_one(store, "c", said("Nothing to add", act="said"), topics=(("cooking", 3.0),), at=NOW + HOUR)
    return store


@pytest.mark.parametrize(
    ("wanted", "serials"),
    [
        ({}, [1, 2, 3]),
        ({"topic": "war"}, [1, 2, 3]),
        ({"topic": "talks"}, [1, 2]),
        ({"topic": "cooking"}, []),
        ({"speakers": ("Anna Example", "Вигадана Особа")}, [1, 3]),
        ({"speakers": ("anna example",)}, []),
        ({"kind": "mixed"}, [2]),
        ({"outlet": "EXAMPLE"}, [1, 2]),
        ({"outlet": "приклад"}, [3]),
        ({"outlet": "%"}, []),
        ({"story_ids": (2,)}, [3]),
        ({"since": NOW + HOUR}, [3]),
        ({"until": NOW + HOUR}, [1, 2]),
        ({"after_serial": 1}, [2, 3]),
        ({"upto_serial": 1}, [1]),
        ({"after_serial": 3, "upto_serial": 3}, []),
        ({"owed_only": True}, [1, 2]),
        ({"limit": 1}, [1]),
        ({"about": "prisoners"}, [1]),
        ({"about": "PRISON"}, [1]),
        ({"about": "envoys prison"}, [1]),
        ({"about": "prisoners yet"}, []),
        ({"about": "sample"}, [1, 2]),
        ({"about": "обмін"}, [3]),
        ({"about": "ПОЛОНЕ"}, [3]),
        ({"about": "“prisoners”"}, [1]),
        ({"about": "NOT prisoners"}, []),
        ({"about": '" OR *'}, []),
        ({"about": "\0"}, []),
        ({"about": "💥"}, []),
        ({"about": "  "}, [1, 2, 3]),
        ({"topic": "war", "about": "text", "speakers": ("Boris Sample",), "kind": "mixed"}, [2]),
    ],
)
async def test_every_field_narrows_what_is_wanted(asked: SqlStore, wanted, serials):
    assert [one.serial for one in await asked.statements(Wanted(**wanted))] == serials


async def test_speakers_are_counted_by_what_is_shown(asked: SqlStore):
    await read_one(
        asked, "d", said("And again"), said("Nobody knows", ""), said("Hm", "Boris Sample", act="thought")
    )
    assert await asked.speakers() == [("Anna Example", 2), ("Boris Sample", 1), ("Вигадана Особа", 1)]


async def test_an_answer_knows_how_much_was_searched(asked: SqlStore):
    for name in ("e", "f", "g"):
        await polled(asked, entry(name), at=NOW)
    trouble = Trouble("gone", NOW, "read it there")
    waiting = await asked.articles_to_read(NOW, 1)
    await asked.save_unread(
        waiting[0].article.id, state=ArticleState.UNREADABLE, attempts=2, not_before=None, trouble=trouble
    )
    assert await asked.searched(topic="war", since=None, until=None) == Searched(2, 2, 2, 1)
    assert await asked.searched(topic="talks", since=NOW, until=NOW + HOUR) == Searched(1, 1, 2, 1)
    assert await asked.searched(topic="", since=NOW + HOUR, until=None) == Searched(1, 1, 0, 0)
