import pytest

from bot.model import ArticleState, Trouble
from bot.ports import Wanted
from bot.store.sql_store import SqlStore
from tests.store.invented import HOUR, NOW, entry, new_story, opening, polled, read_one, reading, said, sketch

TROUBLE = Trouble("the page answers 503", NOW, "it is tried once more")


async def test_articles_wait_first_seen_first_and_may_be_put_off(store: SqlStore):
    await polled(store, entry("late"), at=NOW + HOUR)
    await polled(store, entry("early"), at=NOW)
    late, early = 1, 2
    assert [one.article.id for one in await store.articles_to_read(NOW, 9)] == [early, late]
    assert [one.article.id for one in await store.articles_to_read(NOW, 1)] == [early]
    await store.save_unread(
        early, state=ArticleState.TO_READ, attempts=1, not_before=NOW + HOUR, trouble=TROUBLE
    )
    assert [one.article.id for one in await store.articles_to_read(NOW, 9)] == [late]
    again = (await store.articles_to_read(NOW + HOUR, 9))[0].article
    assert (again.id, again.attempts, again.trouble) == (early, 1, TROUBLE)


async def test_an_article_given_up_says_why_and_is_not_tried_again(store: SqlStore):
    await polled(store, entry("a"))
    await store.save_unread(1, state=ArticleState.UNREADABLE, attempts=2, not_before=None, trouble=TROUBLE)
    article = await store.article(1)
    assert article is not None
    assert (article.state, article.attempts, article.trouble) == (ArticleState.UNREADABLE, 2, TROUBLE)
    assert await store.articles_to_read(NOW + HOUR, 9) == []


@pytest.mark.parametrize(
    ("article_id", "state", "error"),
    [(9, ArticleState.TO_READ, LookupError), (1, ArticleState.READ, ValueError)],
)
async def test_a_failed_reading_that_makes_no_sense_is_refused(store: SqlStore, article_id, state, error):
    await polled(store, entry("a"))
    with pytest.raises(error):
        await store.save_unread(article_id, state=state, attempts=1, not_before=None, trouble=TROUBLE)


async def test_a_reading_fills_the_article_and_keeps_what_only_the_entry_knew(store: SqlStore):
    await polled(store, entry("a", title="As in the feed"))
    read = reading(1, title="", text="As in the feed\n\nBody.", language="uk", author="B. Example", trouble=TROUBLE,
                   text_source="summary", at=NOW + HOUR)  # fmt: skip
    await store.save_reading(read)
    article = await store.article(1)
    assert article is not None
    assert (article.title, article.language, article.author) == ("As in the feed", "uk", "B. Example")
    assert (article.state, article.version, article.text_source) == (ArticleState.READ, 1, "summary")
    assert (article.read_at, article.first_seen_at, article.trouble) == (NOW + HOUR, NOW, TROUBLE)
    assert article.story_id is not None


async def test_texts_are_kept_for_ever_and_numbered_only_when_they_differ(store: SqlStore):
    article_id = await read_one(store, "a", text="T\n\nFirst.", body_at=3)
    await store.save_reading(reading(article_id, text="T\n\nFirst.", at=NOW + HOUR))
    await store.save_reading(reading(article_id, text="T\n\nSecond.", at=NOW + HOUR))
    first, newest = await store.text_version(article_id, 1), await store.text_version(article_id)
    assert first is not None
    assert newest is not None
    assert (first.text, first.version, first.body_at, first.stored_at) == ("T\n\nFirst.", 1, 3, NOW)
    assert (newest.text, newest.version, newest.stored_at) == ("T\n\nSecond.", 2, NOW + HOUR)
    assert await store.text_version(article_id, 3) is None
    assert await store.text_version(99) is None


async def test_an_article_off_topic_keeps_text_and_statements_but_joins_no_story(store: SqlStore):
    article_id = await read_one(store, "a", said("We cook"), topics=(("talks", 9.0),), sketch=sketch((1, 2)))
    article = await store.article(article_id)
    assert article is not None
    assert (article.state, article.story_id) == (ArticleState.OFF_TOPIC, None)
    assert await store.text_version(article_id) is not None
    totals = await store.totals()
    assert (totals.statements, totals.stories) == (1, 0)
    assert await store.statements(Wanted()) == []
    assert await store.copy_candidates((1, 2), NOW) == []


async def test_an_article_is_found_by_any_form_of_its_address(store: SqlStore):
    await polled(store, entry("a", link="https://www.example.org/x/?utm_source=rss"))
    by_url = await store.article_by_url("https://www.example.org/x/?utm_source=rss")
    assert by_url is not None
    assert by_url == await store.article(by_url.id)
    for unknown in ("https://example.org/y", "", "no address"):
        assert await store.article_by_url(unknown) is None


async def test_the_canonical_key_finds_an_article_whose_address_was_written_differently(store: SqlStore):
    from bot.intake.identity import keys  # noqa: PLC0415 - only this test is about both rooms' agreement

    new = entry("a", link="https://www.example.org/x/?utm_source=rss")
    await polled(store, type(new)(new.data, keys(new.data), 0))
    found = await store.article_by_url("http://example.org/x#top")
    assert found is not None
    assert found.url == "https://www.example.org/x/?utm_source=rss"


async def test_copies_are_sought_among_articles_sharing_a_band_at_the_same_place(store: SqlStore):
    big = 2**64 - 1
    await read_one(store, "late", at=NOW + HOUR, sketch=sketch((7, 8, big), b"late"), text="Late text")
    await read_one(store, "early", at=NOW, sketch=sketch((7, 8, 9), b"early"), text="Early text")
    await read_one(store, "other", at=NOW, sketch=sketch((8, 7, 9_000), b"other"), text="Other text")
    assert await store.copy_candidates((7, 1, 1), NOW) == [
        (2, "Early text", b"early"),
        (1, "Late text", b"late"),
    ]
    assert await store.copy_candidates((1, 1, big), NOW) == [(1, "Late text", b"late")]
    assert await store.copy_candidates((7, 8, 9), NOW + HOUR) == [(1, "Late text", b"late")]
    assert await store.copy_candidates((), NOW) == []


async def test_at_most_fifty_candidates_for_a_copy_are_given(store: SqlStore):
    for n in range(52):
        await read_one(store, f"a{n}", sketch=sketch((1,)))
    assert [found[0] for found in await store.copy_candidates((1,), NOW)] == list(range(1, 51))


async def test_a_new_reading_replaces_bands_topics_and_the_newest_text(store: SqlStore):
    article_id = await read_one(store, "a", sketch=sketch((1, 2)), text="First")
    again = reading(article_id, sketch=sketch((3, 4)), text="Second", topics=(("war", 1.0), ("aid", 1.0)))
    await store.save_reading(again)
    assert await store.copy_candidates((1, 2), NOW) == []
    assert [text for _, text, _ in await store.copy_candidates((3, 4), NOW)] == ["Second"]
    assert (await store.searched(topic="talks", since=None, until=None)).articles == 0
    assert (await store.searched(topic="aid", since=None, until=None)).articles == 1


async def test_a_reading_of_no_article_is_refused_and_leaves_nothing(store: SqlStore):
    with pytest.raises(LookupError, match="no article 5"):
        await store.save_reading(reading(5, said("We agreed")))
    totals = await store.totals()
    assert (totals.statements, totals.stories) == (0, 0)


async def test_an_article_that_moves_leaves_no_empty_story_behind(store: SqlStore):
    await read_one(store, "a")
    second = await read_one(store, "b")
    await store.save_reading(reading(second, placement=new_story(story_id=1, merged=opening(articles=2))))
    assert [sketch.story_id for sketch in await store.story_sketches(NOW)] == [1]
    await store.save_reading(reading(second, topics=()))
    assert [story.id for story in await store.stories([1, 2])] == [1]
