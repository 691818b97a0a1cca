"""The bot's own process, asked by people on a fake Discord: commands, buttons, forms, mentions, and what goes wrong.

One process lives through the whole file, as it would through a day; each test leaves it able to answer.
"""

from __future__ import annotations

import asyncio
import json
import re

import pytest
import pytest_asyncio
from aiohttp import web

from bot.commands import catalog
from tests.discord_wire import faults
from tests.discord_wire.answers import CHOICES, DEFERRED, EPHEMERAL, LOADING, MESSAGE, MODAL, UPDATE
from tests.discord_wire.judging import described, house_rules
from tests.discord_wire.limits import BUTTON, V2, every_component
from tests.discord_wire.server import TOKEN
from tests.discord_wire.world import SEND
from tests.platforms.discord_process.stage import staged

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

CALLBACK = r"/callback$"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(sample_world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("talk")
    async with staged(folder, sample_world, stories=20, statements=50) as stage:
        await stage.bot.start()
        await stage.discord.until_ready()
        yield stage


@pytest.fixture
def people(stage, request):
    """Everybody; whoever acts is new in each test, because nobody gets more than 20 answers a minute."""
    stage.discord.people.asker = stage.discord.world.newcomer(request.node.name[:30])
    return stage.discord.people


def words(message) -> str:
    """All that a message shows."""
    shown = [one.get("content") or "" for one in every_component(message["components"])]
    return "\n".join([message["content"], *shown])


def labels(message) -> list[str]:
    return [one["label"] for one in every_component(message["components"]) if one["type"] == BUTTON]


def goes_on(message) -> str:
    """The first button that leads on from an answer, neither to its other pages nor into the channel."""
    (first, *_) = [
        one for one in labels(message) if one != "Post to channel" and not one.startswith(("◀", "▶"))
    ]
    return first


async def still_answers(stage) -> None:
    """The one thing that must hold after whatever has gone wrong."""
    exchange = await stage.discord.until_answered(await stage.discord.people.slash("help"))
    assert "digest" in words(exchange.shown[0])


# ── Coming in ────────────────────────────────────────────────────────────────────────────────────────────


async def test_it_logs_in_without_a_privileged_intent_and_declares_what_the_catalogue_has(stage):
    (hello,) = stage.discord.gateway.identified
    assert not hello["intents"] & stage.discord.gateway.forbidden_intents
    declared = stage.discord.basics.commands[""]
    spoken = {one["name"] for one in declared if one["type"] == 1}
    roots = {command.name.split()[0] for command in catalog.COMMANDS if not command.follows}
    assert spoken == roots
    assert len(stage.discord.basics.syncs) == 1


async def test_commands_of_admins_ask_for_a_permission_and_others_for_none(stage):
    for one in stage.discord.basics.commands[""]:
        command = next((each for each in catalog.COMMANDS if each.name.split()[0] == one["name"]), None)
        assert one["default_member_permissions"] == (str(1 << 5) if command and command.admin else None)


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_digest_is_shown_to_the_asker_alone_and_a_press_posts_it_to_everybody(stage, people):
    exchange = await stage.discord.until_answered(await people.slash("digest", topic="talks"))
    (shown,) = exchange.shown
    assert exchange.kind == MESSAGE
    assert shown["flags"] & EPHEMERAL
    assert "“" in words(shown)
    posted = await stage.discord.until_answered(await people.press(shown, "Post to channel"))
    assert not posted.shown[0]["flags"] & EPHEMERAL
    assert "posted by" in words(posted.shown[0])
    assert posted.shown[0]["id"] in stage.discord.world.messages[shown["channel_id"]]


async def test_what_takes_long_is_announced_and_filled_in_later(stage, people):
    async with _slow_feed() as address:
        exchange = await stage.discord.until_answered(await people.slash("feeds test", feed=address))
    assert exchange.kind == DEFERRED
    assert len(exchange.shown) == 1
    assert address.split("/")[2] in words(exchange.shown[0])


def _slow_feed():
    """A feed that takes longer to come than an answer may."""

    async def answer(request):
        await asyncio.sleep(1.3)
        item = "<item><title>Invented</title><link>http://127.0.0.1/1</link></item>"
        body = f"<rss version='2.0'><channel><title>Slow Example</title>{item}</channel></rss>"
        return web.Response(text=body, content_type="application/rss+xml")

    return _Served(answer)


class _Served:
    def __init__(self, answer):
        app = web.Application()
        app.router.add_get("/feed.xml", answer)
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self):
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/feed.xml"

    async def __aexit__(self, *_):
        await self._runner.cleanup()


async def test_a_long_answer_turns_its_pages_in_place_and_comes_with_a_file(stage, people):
    exchange = await stage.discord.until_answered(await people.slash("digest", topic="war"))
    (first,) = exchange.shown
    (file,) = first["attachments"]
    path = file["url"].removeprefix(stage.discord.cdn_address)
    assert "“" in stage.discord.world.files[path].decode()
    before = words(first)
    turned = await stage.discord.until_answered(await people.press(first, "▶"))
    assert turned.kind == UPDATE
    assert turned.shown[0]["id"] == first["id"]
    assert words(turned.shown[0]) != before


async def test_a_long_answer_that_is_posted_goes_on_in_a_thread_of_its_own(stage, people):
    exchange = await stage.discord.until_answered(await people.slash("digest", topic="war", period="2d"))
    posted = await stage.discord.until_answered(await people.press(exchange.shown[0], "Post to channel"))
    public = posted.shown[0]["id"]
    await stage.discord.until(lambda: public in stage.discord.world.channels, "a thread")
    await stage.discord.until(lambda: stage.discord.world.messages[public], "a page in the thread")
    assert stage.discord.world.channels[public]["parent_id"] == posted.channel["id"]


async def test_typing_is_answered_with_what_fits(stage, people):
    exchange = await stage.discord.until_answered(await people.type_in("said", "speaker", "prim"))
    assert exchange.kind == CHOICES
    assert "Pavel Primerov" in [one["value"] for one in exchange.answer["choices"]]


async def test_a_choice_becomes_an_answer_with_exact_words_and_buttons_go_on_from_it(stage, people):
    exchange = await stage.discord.until_answered(await people.slash("said", speaker="Pavel Primerov"))
    assert "“" in words(exchange.shown[0])
    label = goes_on(exchange.shown[0])
    pressed = await stage.discord.until_answered(await people.press(exchange.shown[0], label))
    assert words(pressed.shown[0]).strip()


async def test_a_form_saves_a_subscription_and_a_mistake_in_it_opens_it_again(stage, people):
    form = await stage.discord.until_answered(await people.slash("subscription add"))
    assert form.kind == MODAL
    wrong = await stage.discord.until_answered(
        await people.submit(form, topic="talsk", schedule="daily 08:00")
    )
    assert "talks" in words(wrong.shown[0])
    form = await stage.discord.until_answered(await people.press(wrong.shown[0], labels(wrong.shown[0])[-1]))
    assert form.kind == MODAL
    right = await stage.discord.until_answered(await people.submit(form, topic="talks"))
    assert "08:00" in words(right.shown[0])
    listed = await stage.discord.until_answered(await people.slash("subscription list"))
    assert "talks" in words(listed.shown[0])


async def test_an_order_that_could_not_be_delivered_is_refused_with_what_is_missing(stage, people):
    general = stage.discord.world.named("general")
    await people.deny(general, SEND)
    exchange = await stage.discord.until_answered(await people.slash("subscription add", topic="energy"))
    await people.deny(general, 0)
    assert "Send Messages" in words(exchange.shown[0])
    listed = await stage.discord.until_answered(await people.slash("subscription list"))
    assert "energy" not in words(listed.shown[0])


async def test_the_message_menu_finds_the_story_of_a_link(stage, people):
    digest = await stage.discord.until_answered(await people.slash("digest", topic="talks", style="brief"))
    link = words(digest.shown[0]).split("](")[1].split(")")[0]
    message = await people.say(f"Have you seen {link} ?")
    exchange = await stage.discord.until_answered(await people.menu("Find statements", message))
    assert "“" in words(exchange.shown[0])


async def test_a_mention_is_answered_in_the_channel_and_pings_nobody(stage, people):
    stranger = await people.say("between us: said Primerov")
    asked = await people.say(
        f"<@{stage.discord.world.bot['id']}> said Primerov", by=stage.discord.world.member
    )
    answer = await stage.discord.until(lambda: _reply_to(stage, asked), "answered")
    assert "“" in words(answer)
    more = await people.say("links", reply_to=answer)
    await stage.discord.until(lambda: _reply_to(stage, more), "followed up")
    assert _reply_to(stage, stranger) is None


def _reply_to(stage, message):
    for one in stage.discord.posted(stage.discord.world.channels[message["channel_id"]]):
        if (one.get("message_reference") or {}).get("message_id") == message["id"]:
            return one
    return None


async def test_in_direct_messages_no_mention_is_needed(stage, people):
    member = stage.discord.world.member
    private = stage.discord.world.private_channel(member)
    asked = await people.say("said Primerov", by=member, channel=private)
    answer = await stage.discord.until(lambda: _reply_to(stage, asked), "answered")
    assert "“" in words(answer)


async def test_the_applications_owner_changes_feeds_without_being_in_a_server_and_its_admin_does_not(
    stage, people
):
    refused = await people.slash("feeds pause", by=stage.discord.world.admin, feed="1")
    told = words((await stage.discord.until_answered(refused)).shown[0])
    assert "only whoever runs this bot may use it" in told
    owner = stage.discord.world.operator
    private = stage.discord.world.private_channel(owner)
    for line, done in (("feeds pause 1", "is paused"), ("feeds resume 1", "Feed 1")):
        asked = await people.say(line, by=owner, channel=private)
        answer = await stage.discord.until(lambda asked=asked: _reply_to(stage, asked), "answered")
        assert done in words(answer)
        assert "⚠️" not in words(answer)


async def test_twenty_presses_get_one_answer(stage, people):
    exchange = await stage.discord.until_answered(await people.slash("digest", topic="talks", style="brief"))
    label = goes_on(exchange.shown[0])
    presses = [await people.press(exchange.shown[0], label) for _ in range(20)]
    await stage.discord.until(lambda: all(one.kind is not None for one in presses), "all acknowledged")
    await asyncio.gather(*(stage.discord.until_answered(one) for one in presses))
    assert sum(bool(one.shown) for one in presses) == 1


async def test_a_strange_component_is_answered_with_help(stage, people):
    exchange = await stage.discord.until_answered(await people.slash("help"))
    pressed = await stage.discord.until_answered(await people.press_id(exchange.shown[0], "not-ours"))
    assert "not one of mine" in words(pressed.shown[0])


# ── Servers come and go ──────────────────────────────────────────────────────────────────────────────────


async def test_a_new_server_is_greeted_once_and_one_press_subscribes_it(stage, people):
    guild = await people.add_to("Vyhadane Watchers")
    channel = stage.discord.world.channels[guild["system_channel_id"]]
    await stage.discord.until(lambda: stage.discord.posted(channel), "greeted")
    (greeting,) = stage.discord.posted(channel)
    pressed = await stage.discord.until_answered(
        await people.press(greeting, labels(greeting)[1], by=stage.discord.world.admin)
    )
    assert "08:00" in words(pressed.shown[0])
    await people.remove_from(guild)
    await still_answers(stage)
    assert len([one for one in stage.discord.messages.writes if one[0] == channel["id"]]) == 1


# ── What goes wrong with an answer ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "when", "shown"),
    [
        (faults.EXPIRED_INTERACTION, "before", 0),
        (faults.Status(400, 40060, "Interaction has already been acknowledged."), "after", 1),
        (faults.Status(500), "before", 1),
        (faults.Status(502), "after", 1),
        (faults.RateLimit(0.3), "before", 1),
        (faults.RateLimit(0.3, everywhere=True), "before", 1),
        (faults.Cut(), "after", 1),
    ],
    ids=["10062", "40060", "500", "502 after the write", "429", "429 global", "cut after the write"],
)
async def test_a_fault_of_an_answer_costs_that_answer_at_most_and_never_doubles_it(
    stage, people, kind, when, shown
):
    fault = stage.discord.fail("POST", CALLBACK, kind, when=when)
    exchange = await people.slash("said", speaker="Primerov", about=f"{kind.__class__.__name__} {when}")
    await stage.discord.until(lambda: fault.struck == 1, "the fault")
    if shown:
        await stage.discord.until_answered(exchange)
    await still_answers(stage)
    assert len(exchange.shown) == shown


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_cut_during_an_answer_is_one_line_in_the_log_with_its_id(stage, people, when):
    printed = len(stage.bot.printed)
    fault = stage.discord.fail("POST", CALLBACK, faults.Cut(), when=when)
    exchange = await stage.discord.until_answered(await people.slash("said", speaker="Primerov"))
    assert fault.struck == 1
    await still_answers(stage)
    logged = stage.bot.printed[printed:]
    (line,) = [one for one in logged.splitlines() if "an answer was lost" in one]
    assert "Traceback" not in logged
    assert exchange.payload["token"] not in logged
    (error_id,) = re.findall(r"error_id=(\w+)", line)
    # The person is told the id where nothing had arrived yet, and sees the answer where it had.
    assert (error_id in words(exchange.shown[0])) is (when == "before")


async def test_a_thread_whose_answer_is_lost_is_found_and_filled(stage, people):
    fault = stage.discord.fail("POST", "/threads$", faults.Cut(), when="after")
    public = await _posted_digest(stage, people)
    pages = await _thread_filled(stage, public)
    assert fault.struck == 1
    assert len({json.dumps(one["components"]) for one in pages}) == len(pages), "each page once"
    assert len(stage.discord.calls("POST", f"/messages/{public}/threads$")) == 1


@pytest.mark.parametrize("kind", [faults.Status(503), faults.RateLimit(0.3), faults.Cut()])
async def test_a_thread_that_fails_for_a_moment_is_begun_again_once_it_was_looked_for(stage, people, kind):
    stage.discord.fail("POST", "/threads$", kind)
    public = await _posted_digest(stage, people)
    await _thread_filled(stage, public)
    begun = stage.discord.calls("POST", f"/messages/{public}/threads$")
    looked = stage.discord.calls("GET", f"/messages/{public}$")
    assert len(begun) == 2
    assert begun[0].at < looked[0].at < begun[1].at


async def test_a_page_in_a_thread_whose_answer_is_lost_is_written_once(stage, people):
    public = await _posted_digest(stage, people)
    before = await _thread_filled(stage, public)
    fault = stage.discord.fail("POST", r"/channels/\d+/messages$", faults.Cut(), when="after")
    public = await _posted_digest(stage, people)
    await stage.discord.until(lambda: len(_pages(stage, public)) == len(before), "all pages")
    await still_answers(stage)
    pages = _pages(stage, public)
    assert fault.struck == 1
    assert len({json.dumps(one["components"]) for one in pages}) == len(pages)


async def _posted_digest(stage, people) -> str:
    """Post a digest of several pages; return its message's id, which its thread will have too."""
    exchange = await stage.discord.until_answered(await people.slash("digest", topic="war", period="2d"))
    posted = await stage.discord.until_answered(await people.press(exchange.shown[0], "Post to channel"))
    return posted.shown[0]["id"]


def _pages(stage, public):
    return list(stage.discord.world.messages.get(public, {}).values())


async def _thread_filled(stage, public):
    await stage.discord.until(lambda: _pages(stage, public), "a page in the thread")
    return _pages(stage, public)


async def test_a_deleted_message_that_was_to_be_filled_in_is_let_go(stage, people):
    fault = stage.discord.fail("PATCH", r"/messages/@original$", faults.UNKNOWN_MESSAGE)
    async with _slow_feed() as address:
        await people.slash("feeds test", feed=address)
        await stage.discord.until(lambda: fault.struck == 1, "the fault")
    await still_answers(stage)
    assert "Traceback" not in json.dumps([one["components"] for one in _everything(stage)])


def _everything(stage):
    return [message for exchange in stage.discord.answers.exchanges.values() for message in exchange.shown]


# ── What goes wrong with the gateway ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", ["op 7", "op 9 resumable", "4000", "cut", "shut for a moment"])
async def test_what_somebody_does_while_it_is_away_is_answered_once_it_has_resumed(stage, people, fault):
    gateway = stage.discord.gateway
    resumed, identified = len(gateway.resumed), len(gateway.identified)
    match fault:
        case "op 7":
            await gateway.ask_to_reconnect()
        case "op 9 resumable":
            await gateway.invalidate(resumable=True)
        case "4000":
            await gateway.close(4000)
        case "cut":
            gateway.drop()
        case _:
            await stage.discord.shut_gateway()
    exchange = await people.slash("said", speaker="Primerov", about=fault)
    if fault == "shut for a moment":
        await stage.discord.open_gateway()
    await stage.discord.until_answered(exchange)
    assert len(gateway.resumed) > resumed
    assert len(gateway.identified) == identified
    assert len(exchange.shown) == 1


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"op": 0, "t": "INTERACTION_CREATE", "d": {"id": "1"}}),
        json.dumps({"op": 0, "t": "GUILD_CREATE", "d": {"id": "no number"}}),
        json.dumps({"op": 0, "t": ["a", "list"], "d": None}),
        json.dumps([1, 2, 3]),
        "{ this is no JSON",
    ],
    ids=["half an interaction", "a strange server", "no name", "no object", "no JSON"],
)
async def test_a_malformed_event_is_lost_alone(stage, people, text):
    gateway = stage.discord.gateway
    connections = len(gateway.connections)
    before = await people.slash("said", speaker="Primerov", about="before it")
    await gateway.say(text)
    after = await people.slash("said", speaker="Primerov", about="after it")
    for exchange in (before, after):
        await stage.discord.until_answered(exchange)
        assert len(exchange.shown) == 1
    assert len(gateway.connections) == connections, "the connection stood"


async def test_a_connection_whose_packing_broke_is_resumed_from_another(stage, people):
    gateway = stage.discord.gateway
    resumed, identified = len(gateway.resumed), len(gateway.identified)
    await gateway.say_raw(b"no part of any stream\x00\x00\xff\xff")
    exchange = await people.slash("said", speaker="Primerov", about="a broken stream")
    await stage.discord.until_answered(exchange)
    assert len(gateway.resumed) > resumed
    assert len(gateway.identified) == identified
    assert len(exchange.shown) == 1


async def test_an_unknown_event_costs_nothing(stage, people):
    identified = len(stage.discord.gateway.identified)
    await stage.discord.gateway.say(json.dumps({"op": 0, "t": "SOMETHING_NEW", "s": 1, "d": {}}))
    await still_answers(stage)
    assert len(stage.discord.gateway.identified) == identified


async def test_an_invalidated_session_begins_anew(stage, people):
    identified = len(stage.discord.gateway.identified)
    await stage.discord.gateway.invalidate(resumable=False)
    await stage.discord.until(lambda: len(stage.discord.gateway.identified) > identified, "identified again")
    await still_answers(stage)


# ── All that was sent ────────────────────────────────────────────────────────────────────────────────────


async def test_nothing_that_was_sent_breaks_a_limit_pings_or_goes_nowhere(stage):
    assert house_rules(stage.discord) == []
    assert "Traceback" not in json.dumps([one["components"] for one in _everything(stage)])


async def test_everything_that_was_sent_is_as_discord_describes_it(stage):
    description = described()
    problems = [problem for call in stage.discord.rest.calls for problem in description.problems(call)]
    assert problems == []
    assert sum(call.body is not None for call in stage.discord.rest.calls) > 30


async def test_answers_are_components_v2(stage):
    assert all(message["flags"] & (V2 | LOADING) for message in _everything(stage))


async def test_told_to_stop_it_ends_well(stage):
    assert await stage.bot.stop() == 0


async def test_nothing_that_gives_a_right_stands_in_the_log(stage):
    printed = stage.bot.printed
    assert TOKEN not in printed
    assert [token for token in stage.discord.answers.exchanges if token in printed] == []
