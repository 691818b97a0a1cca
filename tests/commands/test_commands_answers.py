"""Every command answers: with what it is for, and with a way on where it cannot."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.commands import catalog
from bot.commands.handlers import handle
from bot.commands.requests import Request
from bot.message.plain_text import render
from bot.model import Actor
from bot.store.sql_store import SqlStore
from tests.commands.conftest import ADMIN, HERE, Room
from tests.store.invented import HOUR, NOW, read_one, said

FEED = b"""<rss version="2.0"><channel><title>Sample Post</title>
<item><title>Ferry sails again</title><link>https://sample.example/1</link>
<pubDate>Sun, 04 May 2031 09:00:00 GMT</pubDate></item>
<item><title>Market opens</title><link>https://sample.example/2</link>
<pubDate>Sat, 03 May 2031 09:00:00 GMT</pubDate></item></channel></rss>"""
ADDRESS = "https://sample.example/rss"

ANSWERS: dict[str, list[tuple[str, str]]] = {
    # command: lines in order, each with words that its answer shows
    "digest": [
        ("digest war 24h", "We agreed to meet again"),
        ("digest sanctions", "Nothing new on Sanctions"),
    ],
    "said": [
        ("said Anna Example", "We agreed to meet again"),
        ("said Anna Example about ferry", "The ferry will sail"),
        ("said Anna Exampel", "Did you mean Anna Example?"),
        ("said Anna Example outlet exampel times", "Did you mean Example Times?"),
        ("said Anna Example outlet example", "The ferry will sail"),
        ("said Anna Example outlet Nowhere Herald", "No statements by Anna Example"),
    ],
    "story": [
        ("digest", "The ferry will sail"),
        ("story 1", "Articles"),
        ("story https://example.org/ferry", "The ferry will sail"),
    ],
    "search": [("search ferry", "The ferry will sail"), ("search submarine", "Nothing found for submarine")],
    "more": [("said Anna Example", "We agreed"), ("more", "That was all by Anna Example")],
    "links": [("said Anna Example about ferry", "ferry"), ("links", "https://example.org/ferry")],
    "subscription add": [
        (
            "subscription add talks daily 08:00 Europe/Kyiv",
            "The first digest comes at 5 May, 08:00 Europe/Kyiv",
        ),
        ("subscription add talks", "For example: subscription add talks daily 08:00"),
    ],
    "subscription edit": [
        ("subscription add talks hourly", "Subscription 1"),
        ("subscription edit 1 war every 6h brief", "war · every 6 h Europe/Kyiv · brief"),
        ("subscription edit 1", "Nothing to change was named"),
        ("subscription edit 7 hourly", "There is no subscription 7"),
    ],
    "subscription list": [
        ("subscription list", "No subscriptions here yet"),
        ("subscription add talks weekdays 09:00", "Subscription 1"),
        ("subscription list", "weekdays at 09:00"),
    ],
    "subscription remove": [
        ("subscription add talks hourly", "Subscription 1"),
        ("subscription remove 1", "has ended"),
        ("subscription list", "No subscriptions"),
    ],
    "subscription pause": [
        ("subscription add talks hourly", "Subscription 1"),
        ("subscription pause 1", "To go on: subscription resume 1"),
        ("subscription pause 1", "paused already"),
    ],
    "subscription resume": [
        ("subscription add talks hourly", "Subscription 1"),
        ("subscription resume 1", "is not paused"),
        ("subscription pause 1", "is paused"),
        ("subscription resume 1", "covers everything since the last one"),
    ],
    "subscription preview": [
        ("subscription add war hourly", "Subscription 1"),
        ("subscription preview 1", "nothing new to say so far"),
    ],
    "feeds add": [
        (f"feeds add {ADDRESS}", "Feed 2 added: Sample Post"),
        (f"feeds add {ADDRESS}", "known already: 2, Sample Post"),
        ("feeds add https://nowhere.example/rss", "the host does not exist"),
    ],
    "feeds list": [("feeds list", "Example Times")],
    "feeds status": [
        ("feeds status", "1 feed: 0 failing, 0 paused"),
        ("feeds status 1", "https://example.org/example-times.xml"),
        ("feeds status Exampel Times", "Did you mean Example Times?"),
    ],
    "feeds test": [
        (f"feeds test {ADDRESS}", f"To read it from now on: feeds add {ADDRESS}"),
        ("feeds list", "1 feed"),
        ("feeds test https://sample.example/page", "names no feed"),
    ],
    "feeds pause": [("feeds pause 1", "feeds resume 1"), ("feeds pause example times", "paused already")],
    "feeds resume": [
        ("feeds resume 1", "is not paused"),
        ("feeds pause 1", "is paused"),
        ("feeds resume 1", "is polled again"),
    ],
    "feeds release": [("feeds release 1", "Nothing of feed 1 (Example Times) is held back")],
    "feeds remove": [
        ("feeds remove 1", "Its articles and statements stay"),
        ("feeds list", "No feeds yet"),
        ("said Anna Example about ferry", "The ferry will sail"),
    ],
    "topics list": [("topics list", "europe-nato")],
    "topics show": [("topics show talks", "In the last 7 days: 2 articles from 1 outlet")],
    "help": [
        ("help", "said <speaker>"),
        ("help said", "Example: said"),
        ("help feeds", "feeds remove"),
        ("help sources", "links"),
        ("help cooking", "Unknown command cooking"),
    ],
    "privacy": [("privacy", "What I keep about you")],
    "forget": [("forget", "This cannot be undone"), ("forget yes", "Forgotten")],
    "settings forget": [
        ("said Anna Example", "We agreed"),
        ("settings forget", "This cannot be undone"),
        ("settings forget yes", "Forgotten"),
    ],
}


@pytest.fixture
async def read_room(room: Room, store: SqlStore) -> Room:
    """A room whose store holds two read articles, two hours apart."""
    room.fetcher.pages[ADDRESS] = FEED
    room.fetcher.pages["https://sample.example/page"] = (
        b"<!doctype html><html><body>No feed here</body></html>"
    )
    await store.save_channel(HERE)
    await read_one(
        store, "talks", said("We agreed to meet again"), at=NOW - 3 * HOUR, title="Envoys part in Sampleville"
    )
    await read_one(store, "ferry", said("The ferry will sail"), at=NOW - HOUR, title="Ferry crosses again")
    return room


@pytest.mark.parametrize("command", ANSWERS)
async def test_command_answers(command: str, read_room: Room) -> None:
    for line, shown in ANSWERS[command]:
        answer = " ".join((await read_room.ask(line)).split())
        assert shown in answer, f"{line} → {answer}"


@pytest.mark.parametrize("command", ANSWERS)
async def test_command_answers_in_ukrainian_too(command: str, read_room: Room) -> None:
    room = read_room.language("uk")
    for line, _ in ANSWERS[command]:
        assert await room.ask(line)


def test_every_command_of_the_catalogue_is_tested_here() -> None:
    assert set(ANSWERS) == {command.name for command in catalog.COMMANDS}


@pytest.mark.parametrize("command", catalog.COMMANDS, ids=lambda command: command.name)
async def test_only_admins_may_change_what_is_read_and_posted(
    command: catalog.Command, read_room: Room
) -> None:
    visitor = replace(read_room, asker=Actor("terminal:visitor"))
    answer = await visitor.ask(command.example)
    admins_own = command.admin and not command.operator
    assert (f"“{command.name}” is for admins of this channel" in answer) == admins_own
    assert (f"“{command.name}” changes the feeds for everybody" in answer) == command.operator


@pytest.mark.parametrize("line", ["feeds add https://sample.example/rss", "feeds remove 1", "feeds pause 1"])
async def test_an_admin_who_does_not_run_the_bot_may_not_change_its_feeds(line: str, read_room: Room) -> None:
    before = await read_room.desk.store.feeds()
    admin = replace(read_room, asker=Actor("terminal:visitor", is_admin=True))
    assert "only whoever runs this bot may use it" in " ".join((await admin.ask(line)).split())
    assert await read_room.desk.store.feeds() == before


async def test_help_shows_an_admin_who_does_not_run_the_bot_no_changes_of_feeds(read_room: Room) -> None:
    shown = await replace(read_room, asker=Actor("terminal:visitor", is_admin=True)).ask("help")
    assert "feeds list" in shown
    assert "feeds remove" not in shown


async def test_help_shows_a_visitor_only_what_a_visitor_may_ask(read_room: Room) -> None:
    visitor = replace(read_room, asker=Actor("terminal:visitor"))
    assert "feeds add" not in await visitor.ask("help")
    assert "feeds add" in await read_room.ask("help")


async def test_refused_feed_is_not_saved(read_room: Room) -> None:
    read_room.fetcher.pages["https://sample.example/hang"] = b"hang"
    for url in ("https://sample.example/page", "https://nowhere.example/rss", "https://sample.example/hang"):
        answer = await read_room.ask(f"feeds add {url}")
        assert url in answer
    assert [feed.title for feed in await read_room.desk.store.feeds()] == ["Example Times"]


async def test_new_feed_shows_its_newest_entries_and_is_due_at_once(read_room: Room) -> None:
    answer = await read_room.ask(f"feeds add {ADDRESS} The Sample Post")
    assert answer.index("Ferry sails again") < answer.index("Market opens")
    (feed,) = await read_room.desk.store.due_feeds(NOW, 1)
    assert (feed.url, feed.title) in (
        (ADDRESS, "The Sample Post"),
        ("https://example.org/example-times.xml", "Example Times"),
    )
    assert (await read_room.desk.store.feeds())[1].next_at == NOW


async def test_known_feed_is_known_in_any_spelling_and_not_fetched_again(read_room: Room) -> None:
    await read_room.ask(f"feeds add {ADDRESS}")
    read_room.fetcher.asked.clear()
    for spelling in ("https://SAMPLE.example/rss/", "sample.example/rss#top"):
        assert "known already" in await read_room.ask(f"feeds add {spelling}")
    assert not read_room.fetcher.asked


async def test_hostile_titles_are_shown_harmless(read_room: Room) -> None:
    read_room.fetcher.pages[ADDRESS] = FEED.replace(b"Ferry sails", b"&#27;]8;;x&#7;Ferry \xe2\x80\xaesails")
    answer = await read_room.ask(f"feeds add {ADDRESS}")
    assert "\x1b" not in answer
    assert "\u202e" not in answer


async def test_subscription_belongs_to_its_channel(read_room: Room) -> None:
    await read_room.ask("subscription add talks hourly")
    elsewhere = replace(read_room, channel=replace(HERE, id="terminal:other"))
    assert "There is no subscription 1 in this channel" in await elsewhere.ask("subscription remove 1")
    assert len(await read_room.desk.store.subscriptions()) == 1


async def test_same_order_twice_is_refused(read_room: Room) -> None:
    await read_room.ask("subscription add talks hourly")
    assert "subscription edit 1" in await read_room.ask("subscription add talks hourly style brief")


async def test_new_subscription_covers_what_is_said_after_it(read_room: Room, store: SqlStore) -> None:
    await read_room.ask("subscription add war daily 20:00 style brief origins 2")
    (order,) = await store.subscriptions()
    assert order.cursor == await store.last_serial() > 0
    assert (order.topic, order.style, order.min_origins) == ("war", "brief", 2)
    assert f"{order.next_at:%d %H:%M}" == "04 17:00"  # 20:00 in Kyiv


async def test_quiet_hours_are_told_listed_changed_and_ended(read_room: Room, store: SqlStore) -> None:
    added = await read_room.ask("subscription add war daily 23:00 quiet 22:00-07:00")
    assert "quiet 22:00-07:00" in added
    assert "07:00 Europe/Kyiv" in added
    (order,) = await store.subscriptions()
    assert (order.schedule.quiet, f"{order.next_at:%d %H:%M}") == ("22:00-07:00", "05 04:00")
    assert "quiet 22:00-07:00" in await read_room.ask("subscription list")
    await read_room.ask("subscription edit 1 brief")
    assert (await store.subscriptions())[0].schedule == order.schedule
    await read_room.ask("subscription edit 1 quiet 23:30-06:00")
    (later,) = await store.subscriptions()
    assert (later.schedule.quiet, f"{later.next_at:%d %H:%M}") == ("23:30-06:00", "04 20:00")
    assert "quiet" not in await read_room.ask("subscription edit 1 quiet off")
    assert (await store.subscriptions())[0].schedule.quiet == ""


async def test_preview_shows_the_next_digest_and_moves_nothing(read_room: Room, store: SqlStore) -> None:
    await read_room.ask("subscription add war daily 20:00")
    await read_one(store, "wheat", said("Wheat is loaded"), at=NOW, title="Wheat leaves port")
    before = await store.subscriptions()
    answer = await read_room.ask("subscription preview 1")
    assert "Preview of subscription 1, due at 20:00 Europe/Kyiv" in answer
    assert "Wheat is loaded" in answer
    assert "The ferry will sail" not in answer
    assert await store.subscriptions() == before
    assert not await store.deliveries()


async def test_new_time_counts_from_now_and_a_new_style_changes_no_time(
    read_room: Room, store: SqlStore
) -> None:
    await read_room.ask("subscription add war daily 20:00")
    (before,) = await store.subscriptions()
    await read_room.ask("subscription edit 1 brief")
    (styled,) = await store.subscriptions()
    assert styled == replace(before, style="brief")
    await read_room.ask("subscription edit 1 America/New_York")
    (moved,) = await store.subscriptions()
    assert moved.schedule == replace(before.schedule, zone="America/New_York")
    assert moved.next_at != before.next_at


async def test_unexpected_error_shows_an_id_that_the_log_knows(read_room: Room) -> None:
    class Broken:
        async def feeds(self) -> None:
            raise RuntimeError("wires crossed at 10.0.0.1")

    broken = replace(read_room, desk=replace(read_room.desk, store=Broken()))
    with capture_logs() as logged:
        answer = await broken.ask("feeds list")
    assert "wires crossed" not in answer
    assert "Traceback" not in answer
    (event,) = logged
    assert event["exc_info"]
    assert event["command"] == "feeds list"
    assert f"Error {event['error_id']}." in answer
    assert len(event["error_id"]) == 8


async def test_command_that_the_catalogue_lacks_is_refused_like_any_other(read_room: Room) -> None:
    message = await handle(Request("feeds export", HERE, ADMIN, at=NOW), read_room.desk)
    assert "Unknown command feeds export" in render(message, width=100, colour=False)
