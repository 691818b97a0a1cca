"""Answers can be come back to for seven days, by whoever got them, also after a restart."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.model import Actor
from bot.settings import Digests, Settings
from bot.store.sql_store import SqlStore
from tests.commands.conftest import HERE, Room
from tests.store.invented import HOUR, NOW, read_one, said

COUNT = 7


async def fill(store: SqlStore) -> None:
    for number in range(COUNT):
        await read_one(
            store,
            f"story-{number}",
            said(f"Sentence number {number} was said aloud"),
            at=NOW - (COUNT - number) * HOUR,
            title=f"Event number {number}",
        )


@pytest.fixture
async def full_room(room: Room, store: SqlStore) -> Room:
    await fill(store)
    return replace(room, desk=replace(room.desk, settings=Settings(digests=Digests(stories=2, statements=3))))


def numbers_in(answer: str) -> set[int]:
    return {number for number in range(COUNT) if f"Sentence number {number} was" in answer}


@pytest.mark.parametrize("line", ["digest", "said Anna Example", "search aloud"])
async def test_more_goes_on_until_everything_was_shown_once(line: str, full_room: Room) -> None:
    pages = [numbers_in(await full_room.ask(line))]
    while found := numbers_in(await full_room.ask("more")):
        pages.append(found)
        assert len(pages) <= COUNT
    assert len(pages) > 1
    assert set().union(*pages) == set(range(COUNT))
    assert sum(map(len, pages)) == COUNT


async def test_what_arrives_between_two_pages_is_in_neither(full_room: Room, store: SqlStore) -> None:
    await full_room.ask("said Anna Example")
    full_room.clock._now += timedelta(minutes=5)
    await read_one(store, "late", said("A late sentence"), at=full_room.clock.now(), title="Late event")
    for _ in range(3):
        assert "A late sentence" not in await full_room.ask("more")


async def test_links_are_those_of_the_page_shown_and_keep_the_place(full_room: Room) -> None:
    first = await full_room.ask("digest")
    shown = numbers_in(first)
    links = await full_room.ask("links")
    assert {number for number in range(COUNT) if f"/story-{number}" in links} == shown
    assert await full_room.ask("sources") == links
    assert not numbers_in(await full_room.ask("more")) & shown


async def test_story_number_means_what_the_reader_sees(full_room: Room) -> None:
    await full_room.ask("digest")
    second = numbers_in(await full_room.ask("story 2"))
    assert len(second) == 1
    await full_room.ask("said Anna Example")
    assert numbers_in(await full_room.ask("story 2")) == second
    third_page = await full_room.ask("digest")
    await full_room.ask("more")
    assert numbers_in(await full_room.ask("story 3")).isdisjoint(numbers_in(third_page))


async def test_story_number_needs_an_answer_that_numbered_stories(full_room: Room) -> None:
    assert "numbered no stories" in await full_room.ask("story 1")
    await full_room.ask("digest")
    assert "No story 9" in await full_room.ask("story 9")


@pytest.mark.parametrize("line", ["more", "links", "sources"])
async def test_follow_up_with_nothing_before_it_says_so(line: str, full_room: Room) -> None:
    assert "there is none here from the last 7 days" in await full_room.ask(line)


async def test_follow_up_is_each_persons_own(full_room: Room) -> None:
    await full_room.ask("digest")
    somebody = replace(full_room, asker=Actor("terminal:visitor"))
    assert "there is none here" in await somebody.ask("more")


async def test_follow_up_expires_after_seven_days(full_room: Room) -> None:
    await full_room.ask("digest")
    full_room.clock._now += timedelta(days=7, seconds=-1)
    assert numbers_in(await full_room.ask("links")) == set()
    assert "Sources of the last answer" in await full_room.ask("links")
    full_room.clock._now += timedelta(seconds=1)
    assert "there is none here from the last 7 days" in await full_room.ask("links")


async def test_follow_ups_survive_a_restart(full_room: Room, tmp_path: Path) -> None:
    pages = []
    for line in ("digest", "more", "links", "story 2"):
        async with SqlStore.open(tmp_path / "onrecord.db") as store:
            if line == "digest":
                await fill(store)
            room = replace(full_room, desk=replace(full_room.desk, store=store))
            pages.append(await room.ask(line))
    first, second, links, story = pages
    assert numbers_in(first)
    assert numbers_in(second)
    assert numbers_in(first).isdisjoint(numbers_in(second))
    assert all(f"/story-{number}" in links for number in numbers_in(second))
    assert numbers_in(story) <= numbers_in(first)
    assert len(numbers_in(story)) == 1


async def test_answer_replied_to_comes_before_the_newest(full_room: Room, store: SqlStore) -> None:
    from bot.commands.handlers import answer_line  # noqa: PLC0415 - the only test that replies
    from bot.message.plain_text import render  # noqa: PLC0415

    await full_room.ask("search number 3")
    searched = await store.followup(HERE.id, full_room.asker.id, now=NOW)
    assert searched is not None
    await full_room.ask("digest")
    message = await answer_line(
        "links", full_room.desk, channel=HERE, actor=full_room.asker, reply_to=searched.id
    )
    assert "/story-3" in render(message, width=100, colour=False)
