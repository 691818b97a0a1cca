from bot.model import StorySketch
from bot.store.sql_store import SqlStore
from tests.store.invented import HOUR, NOW, new_story, opening, read_one, reading, said, sketch


def joining(story_id: int, **changes):
    return new_story(story_id=story_id, merged=opening(story_id=story_id, articles=2), **changes)


async def test_a_story_knows_who_had_it_first_its_outlets_and_its_independent_origins(store: SqlStore):
    await read_one(store, "b", outlet="Sample Post", at=NOW + HOUR, title="Second", topics=(("war", 2.0),))
    wire = await read_one(store, "a", outlet="Example Wire", at=NOW, title="Перша", language="uk",
                          placement=joining(1), topics=(("war", 9.0), ("talks", 9.5)))  # fmt: skip
    await read_one(store, "c", outlet="Example Wire", at=NOW + 2 * HOUR, title="Third",
                   placement=joining(1, copy_of=wire, tier="copy"))  # fmt: skip
    (story,) = await store.stories([1, 77])
    assert story.headline == "Second"
    assert (story.first_seen_at, story.last_seen_at) == (NOW, NOW + 2 * HOUR)
    assert (story.first_outlet, story.outlets) == ("Example Wire", ("Example Wire", "Sample Post"))
    assert [article.id for article in story.articles] == [2, 1, 3]
    assert (story.origins, story.topics) == (2, ("talks", "war"))


async def test_a_story_without_an_english_original_takes_its_first_headline(store: SqlStore):
    await read_one(store, "a", title="Перша", language="uk")
    await read_one(store, "b", title="A copy", placement=joining(1, copy_of=1, tier="derived"), at=NOW + HOUR)
    (story,) = await store.stories([1])
    assert story.headline == "Перша"


async def test_copies_of_a_text_in_another_story_count_as_one_origin(store: SqlStore):
    wire = await read_one(store, "wire")
    copy = new_story(copy_of=wire, tier="copy")
    await read_one(store, "a", placement=copy)
    await read_one(store, "b", placement=joining(2, copy_of=wire, tier="copy"))
    (story,) = await store.stories([2])
    assert story.origins == 1


async def test_stories_come_in_the_order_asked_for_once_each(store: SqlStore):
    for name in ("a", "b", "c"):
        await read_one(store, name)
    assert [story.id for story in await store.stories([3, 1, 3])] == [3, 1]
    assert await store.stories([]) == []


async def test_stories_of_a_period_and_topic_come_latest_first(store: SqlStore):
    await read_one(store, "a", at=NOW)
    await read_one(store, "b", at=NOW + HOUR, topics=(("war", 1.0),))
    await read_one(store, "c", at=NOW + 2 * HOUR)
    await read_one(store, "d", at=NOW + 3 * HOUR, placement=joining(1), topics=(("war", 1.0),))

    async def ids(topic="war", since=None, until=None, limit=9):
        found = await store.stories_between(topic=topic, since=since, until=until, limit=limit)
        return [story.id for story in found]

    assert await ids() == [1, 3, 2]
    assert await ids("") == [1, 3, 2]
    assert await ids(limit=1) == [1]
    assert await ids("talks") == [3, 1]
    assert await ids(since=NOW + HOUR, until=NOW + 3 * HOUR) == [3, 2]
    assert await ids("talks", since=NOW + 3 * HOUR) == []


async def test_a_storys_sketch_is_the_one_its_last_article_left(store: SqlStore):
    await read_one(store, "a")
    assert await store.story_sketches(NOW) == [opening(story_id=1)]
    merged = StorySketch(1, b"moved", ("Anna Example", "Приклад"), (), 2, NOW + HOUR)
    await read_one(store, "b", placement=new_story(story_id=1, merged=merged))
    assert await store.story_sketches(NOW + HOUR) == [merged]
    assert await store.story_sketches(NOW + 2 * HOUR) == []


async def test_a_story_opened_without_a_merged_sketch_takes_the_articles(store: SqlStore):
    article_id = await read_one(store, "a", placement=new_story(merged=None))
    alike = sketch()
    assert await store.story_sketches(NOW) == [
        StorySketch(1, alike.vector, alike.names, alike.numbers, articles=1, last_at=NOW)
    ]
    await store.save_reading(
        reading(article_id, said("We agreed"), placement=new_story(story_id=1, merged=None))
    )
    assert len(await store.story_sketches(NOW)) == 1
