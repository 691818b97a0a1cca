"""Buttons, forms, menus, autocomplete and mentions: each does what it says, also after a restart and much later."""

import asyncio
from datetime import timedelta

import discord
import pytest
from structlog.testing import capture_logs

from bot.message.blocks import Message, Text
from bot.platforms import discord_answers
from bot.platforms.discord_ids import Expired, Press, Seals, Stranger
from bot.platforms.discord_views import Shown
from tests.platforms.discord.conftest import button, labels, words_of
from tests.store.invented import HOUR, NOW, read_one, said

WEEK = timedelta(days=7)


async def many_feeds(scene, count=160):
    for number in range(count):
        url, name = f"https://feed{number}.example/rss", f"Invented Gazette number {number} of the river"
        await scene.desk.store.add_feed(url, name, now=NOW)


async def many_statements(scene, count):
    words = "We counted boats from both banks."
    for number in range(count):
        told = said(f"{number}: {words}", speaker="Anna Example")
        at = NOW - 2 * HOUR + timedelta(minutes=number)
        await read_one(scene.desk.store, f"boats-{number}", told, at=at, title=f"Boats, part {number}")


# ── Buttons ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_links_of_an_answer_are_one_press_away_and_survive_a_restart(scene):
    asked = await scene.reader.slash(scene.channel, "said", speaker="Anna Example")
    message = asked.response.message
    await scene.restart()
    pressed = await scene.reader.click(message, label="links")
    assert pressed.ephemeral
    assert "https://example.org/talks" in words_of(pressed.response)


async def test_more_goes_on_where_the_answer_ended(scene):
    await many_statements(scene, 15)
    asked = await scene.reader.slash(scene.channel, "said", speaker="Anna Example")
    assert labels(asked.response)[0] == "5 more statements"
    pressed = await scene.reader.click(asked.response.message, label="5 more statements")
    assert "We agreed to meet again" in words_of(pressed.response)


async def test_a_button_works_until_its_answer_is_seven_days_old_and_then_asks_anew(scene):
    asked = await scene.reader.slash(scene.channel, "digest", topic="war")
    await scene.clock.advance((WEEK - timedelta(minutes=2)).total_seconds())
    pressed = await scene.reader.click(asked.response.message, label="links")
    assert "Sources of the last answer" in words_of(pressed.response)
    await scene.clock.advance(200)
    late = await scene.reader.click(asked.response.message, label="links")
    assert late.ephemeral
    assert "older than 7 days" in words_of(late.response)
    assert "The war" in words_of(late.response)


async def test_a_button_whose_answer_is_no_longer_stored_says_so_and_asks_anew(scene):
    asked = await scene.reader.slash(scene.channel, "said", speaker="Anna Example")
    custom_id = button(asked.response, "links")
    press = scene.seals.open(custom_id, NOW)
    channel = scene.bot.get_channel(scene.channel.id)
    view = discord.ui.LayoutView(timeout=None)
    forgotten = Press("line", "links", followup="0" * 32, anew=press.anew)
    sealed = scene.seals.seal(forgotten, NOW)
    view.add_item(discord.ui.ActionRow(discord.ui.Button(label="links", custom_id=sealed)))
    view.stop()
    posted = await channel.send(view=view)
    pressed = await scene.reader.click(posted, label="links")
    assert "no longer kept" in words_of(pressed.response)
    assert "Anna Example" in words_of(pressed.response)


@pytest.mark.parametrize(
    "custom_id", ["other-bot:7", "o1.l0.AAAAAAAA.~~links~", "o9.x", "", "o1.l0.AAAAAAAA.links"]
)
async def test_a_strange_button_is_answered_with_what_can_be_asked(scene, custom_id):
    channel = scene.bot.get_channel(scene.channel.id)
    view = discord.ui.LayoutView(timeout=None)
    strange = discord.ui.Button(label="?", custom_id=custom_id or "x")
    view.add_item(discord.ui.ActionRow(strange))
    view.stop()
    posted = await channel.send(view=view)
    pressed = await scene.reader.click(posted, label="?")
    assert pressed.ephemeral
    assert "not one of mine" in words_of(pressed.response)
    assert "What you can ask" in words_of(pressed.response)


async def test_pages_are_turned_in_place(scene):
    await many_feeds(scene)
    asked = await scene.admin.slash(scene.channel, "feeds list")
    (forward,) = [label for label in labels(asked.response) if label.startswith("▶")]
    first = words_of(asked.response)
    assert [one.filename for one in asked.response.attachments] == ["feeds.txt"]
    turned = await scene.admin.click(asked.response.message, label=forward)
    second = words_of(turned.response or asked.response)
    assert second != first
    assert "◀" in labels(turned.response or asked.response)


async def test_twenty_presses_of_one_button_get_one_answer(scene):
    asked = await scene.reader.slash(scene.channel, "said", speaker="Anna Example")
    results = [await scene.reader.click(asked.response.message, label="links") for _ in range(20)]
    answers = [one.response for one in results if one.response and one.response.id != asked.response.id]
    assert len(answers) == 1
    assert all(one.acknowledged for one in results)


async def test_somebody_who_asks_too_much_is_told_to_wait(scene):
    for _ in range(20):
        await scene.reader.slash(scene.channel, "help")
    result = await scene.reader.slash(scene.channel, "help")
    assert "wait a minute" in words_of(result.response)
    other = await scene.admin.slash(scene.channel, "help")
    assert "What you can ask" in words_of(other.response)
    await scene.clock.advance(61)
    result = await scene.reader.slash(scene.channel, "help")
    assert "What you can ask" in words_of(result.response)


# ── Posting ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_answer_is_posted_for_everybody_who_may_go_on_from_it(scene):
    asked = await scene.reader.slash(scene.channel, "said", speaker="Anna Example")
    posted = await scene.reader.click(asked.response.message, label="Post to channel")
    assert not posted.ephemeral
    assert f"posted by <@{scene.reader.id}>" in words_of(posted.response)
    assert "We agreed to meet again" in words_of(posted.response)
    pressed = await scene.admin.click(posted.response.message, label="links")
    assert pressed.ephemeral
    assert "https://example.org/talks" in words_of(pressed.response)


async def test_who_may_not_write_in_a_channel_may_not_post_there_through_the_bot(scene):
    quiet = scene.guild.create_text_channel(
        "quiet", overwrites={scene.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    asked = await scene.reader.slash(quiet, "said", speaker="Anna Example")
    posted = await scene.reader.click(asked.response.message, label="Post to channel")
    assert posted.ephemeral
    assert "Send Messages" in words_of(posted.response)


async def test_a_long_story_that_is_posted_goes_on_in_a_thread(scene):
    words = "We counted boats from both banks and wrote the number down for everybody to read. " * 4
    told = [said(f"{number}: {words}", speaker=f"Witness {number}") for number in range(12)]
    await read_one(scene.desk.store, "count", *told, at=NOW - HOUR, title="The long count")
    asked = await scene.reader.slash(scene.channel, "story", story="https://example.org/count")
    posted = await scene.reader.click(asked.response.message, label="Post to channel")
    (thread,) = scene.channel.threads
    assert thread.name == "The long count"
    shown = words_of(posted.response) + "".join(words_of(one) for one in thread.history())
    assert all(f"Witness {number}" in shown for number in range(12))


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_subscription_without_its_topic_opens_a_form(scene):
    asked = await scene.admin.slash(scene.channel, "subscription add", schedule="daily 08:00")
    assert len(asked.modal["title"]) <= 45
    saved = await scene.admin.submit_modal(asked, {"topic": "talks", "schedule": "daily 09:00"})
    assert "The first digest comes at" in words_of(saved.response)
    (order,) = await scene.desk.store.subscriptions(f"discord:{scene.channel.id}")
    assert (order.topic, order.schedule.times) == ("talks", ("09:00",))
    assert order.owner_id == f"discord:{scene.admin.id}"


async def test_a_form_with_a_mistake_can_be_filled_in_again_with_what_was_given(scene):
    asked = await scene.admin.slash(scene.channel, "subscription add")
    refused = await scene.admin.submit_modal(asked, {"topic": "takls", "schedule": "daily 08:00"})
    assert "Did you mean talks?" in words_of(refused.response)
    assert {"talks", "Fill in again"} <= set(labels(refused.response))
    again = await scene.admin.click(refused.response.message, label="Fill in again")
    inputs = [row["component"] for row in again.modal["components"]]
    assert {one["custom_id"]: one.get("value") for one in inputs}["topic"] == "takls"
    saved = await scene.admin.click(refused.response.message, label="talks")
    assert "Subscription 1" in words_of(saved.response)


async def test_a_form_that_comes_after_a_restart_is_still_read(scene):
    asked = await scene.admin.slash(scene.channel, "subscription add")
    await scene.restart()
    saved = await scene.admin.submit_modal(asked, {"topic": "war", "schedule": "every 6h"})
    assert "every 6 h" in words_of(saved.response)


async def test_a_subscription_for_another_channel_goes_there(scene):
    other = scene.guild.create_text_channel("digests")
    await scene.admin.slash(
        scene.channel, "subscription add", topic="talks", schedule="daily 08:00", channel=other
    )
    assert await scene.desk.store.subscriptions(f"discord:{scene.channel.id}") == []
    (order,) = await scene.desk.store.subscriptions(f"discord:{other.id}")
    assert order.topic == "talks"


# ── Autocomplete ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("command", "option", "typed", "offered"),
    [
        ("digest", "topic", "ta", "talks"),
        ("digest", "period", "1", "12h"),
        ("digest", "since", "mon", "monday"),
        ("said", "speaker", "anna", "Anna Example"),
        ("said", "speaker", "exampel", "Anna Example"),
        ("said", "outlet", "sample", "Sample Post"),
        ("subscription add", "zone", "kyiv", "Europe/Kyiv"),
        ("subscription add", "zone", "", "Europe/Kyiv"),
        ("subscription add", "schedule", "dai", "daily 08:00"),
        ("subscription add", "quiet", "22", "22:00-07:00"),
        ("feeds status", "feed", "exam", "1"),
        ("help", "verb", "sai", "said"),
    ],
)
async def test_what_is_typed_is_completed(scene, command, option, typed, offered):
    choices = await scene.admin.autocomplete(scene.channel, command, option, typed)
    assert offered in [choice["value"] for choice in choices]
    assert len(choices) <= 25
    assert all(1 <= len(choice["name"]) <= 100 for choice in choices)


async def test_stories_and_subscriptions_are_offered_by_their_numbers(scene):
    await scene.admin.slash(scene.channel, "digest")
    await scene.admin.slash(scene.channel, "subscription add", topic="talks", schedule="hourly")
    stories = await scene.admin.autocomplete(scene.channel, "story", "story", "")
    assert {choice["value"] for choice in stories} == {"1", "2"}
    (order,) = await scene.admin.autocomplete(scene.channel, "subscription edit", "number", "")
    assert order["value"] == 1


async def test_a_value_longer_than_discord_takes_is_not_offered(scene):
    await read_one(scene.desk.store, "name", said("Yes", speaker="N" * 300), at=NOW - HOUR, title="Names")
    choices = await scene.reader.autocomplete(scene.channel, "said", "speaker", "N")
    assert all(len(str(choice["value"])) <= 100 for choice in choices)


# ── The message menu ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("Look: https://example.org/ferry!", "Not today"),
        ("the ferry", "The ferry will sail"),
        ("https://elsewhere.example/unknown", "None of the articles linked there has been read"),
        ("?!", "nothing to look for"),
    ],
)
async def test_find_statements_looks_for_the_article_else_for_the_words(scene, content, shown):
    message = await scene.admin.send(scene.channel, content)
    result = await scene.reader.context_menu(scene.channel, "Find statements", message)
    assert result.ephemeral
    assert shown in words_of(result.response)


# ── Mentions and replies ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_mention_is_answered_in_the_channel_without_a_ping(scene):
    await scene.reader.send(scene.channel, f"<@{scene.bot.user.id}> said Anna Example about ferry")
    answer = scene.channel.last_message
    assert answer.author.id == scene.bot.user.id
    assert "The ferry will sail" in words_of(answer)


async def test_a_reply_to_an_answer_goes_on_from_it(scene):
    await scene.reader.send(scene.channel, f"<@{scene.bot.user.id}> said Anna Example")
    answer = scene.channel.last_message
    await scene.reader.send(scene.channel, f"<@{scene.bot.user.id}> digest sanctions")
    await scene.reader.send(scene.channel, f"<@{scene.bot.user.id}> links", reply_to=answer)
    assert "https://example.org/talks" in words_of(scene.channel.last_message)


async def test_an_empty_mention_says_what_can_be_asked(scene):
    await scene.reader.send(scene.channel, f"<@{scene.bot.user.id}>")
    assert "What you can ask" in words_of(scene.channel.last_message)


async def test_what_does_not_mention_the_bot_is_not_answered(scene):
    await scene.reader.send(scene.channel, "digest war")
    assert scene.channel.last_message.author.id == scene.reader.id


async def test_in_direct_messages_no_mention_is_needed(scene):
    await scene.reader.user.send_dm("search ferry")
    assert "The ferry will sail" in words_of(scene.reader.user.dm_channel.last_message)


async def test_admin_commands_in_a_mention_are_for_those_who_manage_the_server(scene):
    line = f"<@{scene.bot.user.id}> subscription add talks daily 08:00"
    await scene.reader.send(scene.channel, line)
    assert "For example" in words_of(scene.channel.last_message) or "admin" in words_of(
        scene.channel.last_message
    )
    assert await scene.desk.store.subscriptions() == []
    await scene.admin.send(scene.channel, line)
    assert len(await scene.desk.store.subscriptions()) == 1


# ── What goes wrong ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("command", "options", "meant"),
    [
        ("digest", {"topic": "takls"}, "talks"),
        ("said", {"speaker": "Ana Exampel"}, "Anna Example"),
        (
            "subscription add",
            {"topic": "talks", "schedule": "daily 08:00", "zone": "Europe/Kyv"},
            "Europe/Kyiv",
        ),
        ("feeds status", {"feed": "Exampel Times"}, "Example Times"),
    ],
)
async def test_what_was_probably_meant_is_a_button_that_asks_it(scene, command, options, meant):
    result = await scene.admin.slash(scene.channel, command, **options)
    assert meant in labels(result.response)
    pressed = await scene.admin.click(result.response.message, label=meant)
    assert "⚠️" not in words_of(pressed.response)


async def test_a_missing_permission_is_named_with_its_channel_and_how_to_grant_it(scene):
    shut = scene.guild.create_text_channel(
        "shut", overwrites={scene.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    options = {"topic": "talks", "schedule": "daily 08:00"}
    result = await scene.admin.slash(scene.channel, "subscription add", channel=shut, **options)
    shown = words_of(result.response).replace("\\", "")
    assert "#shut" in shown
    assert "Send Messages" in shown
    assert "Permissions" in shown
    assert await scene.desk.store.subscriptions() == []


async def test_no_traceback_reaches_a_channel_and_each_failure_has_an_id_in_the_log(scene, monkeypatch):
    async def broken(*_args, **_values):
        raise RuntimeError("an invented fault")

    monkeypatch.setattr(type(scene.desk.store), "channel", broken)
    with capture_logs() as logs:
        result = await scene.reader.slash(scene.channel, "digest")
    shown = words_of(result.response)
    assert "invented fault" not in shown
    (entry,) = [one for one in logs if one.get("error_id")]
    assert entry["error_id"] in shown


class Waiting:
    """An interaction that writes down how it was answered; its work goes on once it was deferred."""

    def __init__(self):
        self.locale = discord.Locale.ukrainian
        self.deferred = asyncio.Event()
        self.edited = None
        self.response = self

    async def defer(self, **how):
        self.how = how
        self.deferred.set()

    async def edit_original_response(self, **answer):
        self.edited = answer


async def test_work_of_over_a_second_is_announced_first_and_filled_in_later(desk, monkeypatch):
    monkeypatch.setattr(discord_answers, "AT_ONCE_S", 0.01)
    waiting, answers = Waiting(), discord_answers.Answers(desk, Seals("token"))

    async def work():
        await waiting.deferred.wait()
        return Shown(Message((Text("Here it is."),)))

    await answers.show(waiting, work())
    assert waiting.how == {"ephemeral": True, "thinking": True}
    (display,) = waiting.edited["view"].to_components()
    assert display["content"] == "Here it is."
    assert waiting.edited["allowed_mentions"].to_dict() == {"parse": []}


def test_answers_speak_the_language_of_who_asks_where_it_is_one_of_ours(desk):
    answers, waiting = discord_answers.Answers(desk, Seals("token")), Waiting()
    assert answers.words(waiting).language == "uk"
    waiting.locale = discord.Locale.german
    assert answers.words(waiting).language == "en"


# ── Seals ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_seal_opens_to_what_was_sealed_and_to_nothing_else():
    seals = Seals("token")
    press = Press("line", "story 12", followup="0123456789abcdef" * 2, anew="digest talks", number=3)
    custom_id = seals.seal(press, NOW)
    assert len(custom_id) < 100
    assert seals.open(custom_id, NOW) == press
    for place in range(len(custom_id)):
        letter = "A" if custom_id[place] != "A" else "B"
        with pytest.raises(Stranger):
            seals.open(custom_id[:place] + letter + custom_id[place + 1 :], NOW)
    with pytest.raises(Stranger):
        Seals("another token").open(custom_id, NOW)
    with pytest.raises(Expired):
        seals.open(custom_id, NOW + WEEK)


def test_what_is_too_long_for_a_button_gets_none_and_the_line_that_asks_anew_goes_first():
    seals = Seals("token")
    long = Press("line", "links", followup="ab" * 16, anew="said " + "x" * 80)
    assert seals.open(seals.seal(long, NOW), NOW).anew == ""
    assert seals.seal(Press("line", "said " + "x" * 100), NOW) is None
