"""What the outbox sends to Discord: the contract of every chat, and what only Discord has."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import aiohttp
import aiohttp.web
import discord
import pytest

from bot.message import blocks
from bot.message.blocks import Action, Actions, Message, Text, Title
from bot.model import DeliveryState
from bot.owed import CannotTell, InDoubt, NotSent, Refused
from bot.platforms import discord_requests
from bot.platforms.discord_requests import once
from bot.platforms.discord_sending import mark
from tests.contract.platform_contract import delivery as invented
from tests.platforms.discord.conftest import labels, words_of


class Chat:
    """What the contract's helper wants to know."""

    def __init__(self, channel_id):
        self.channel_id = channel_id


def owed(scene, text="A part.", **changes):
    channel = changes.pop("channel", scene.channel)
    given = invented(Chat(f"discord:{channel.id}"), text)
    changes.setdefault("attempted_at", scene.clock.now())
    return replace(given, **changes)


def digest(text, topic="war"):
    message = Message(
        (
            Title("The war"),
            Text(text),
            Actions((Action("3 more statements", "story 1"), Action("links", "links"))),
        ),
        followup="0123456789abcdef" * 2,
        anew=f"digest {topic}",
    )
    return blocks.dumps(message)


async def test_a_digest_is_posted_with_its_buttons_and_without_a_ping(scene):
    sent = await scene.platform().send(owed(scene, body=digest("@everyone look")), may_be_repeated=False)
    message = scene.channel.last_message
    assert str(message.id) == sent
    assert labels(message) == ["3 more statements", "links"]
    assert not message.mention_everyone


async def test_the_key_goes_as_a_nonce_that_discord_enforces(scene):
    wanted = owed(scene)
    await scene.platform().send(wanted, may_be_repeated=False)
    (request,) = [
        one for one in scene.env.http_requests if one.path.endswith("/messages") and one.method == "POST"
    ]
    assert request.json["nonce"] == wanted.key
    assert request.json["enforce_nonce"] is True


async def test_a_message_is_found_by_its_key_among_others_with_the_same_words(scene):
    platform, wanted = scene.platform(), owed(scene)
    other = owed(scene, key="b" * 25)
    await platform.send(other, may_be_repeated=False)
    wanted = owed(scene, key="a" * 25, state=DeliveryState.UNKNOWN, attempted_at=before(scene))
    assert await platform.find(wanted) is None
    sent = await platform.send(wanted, may_be_repeated=False)
    await scene.reader.send(scene.channel, "Something else.")
    assert await platform.find(wanted) == sent


def before(scene):
    """A moment before the simulated Discord's clock, whose messages carry its own time."""
    return scene.env.now() - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("status", "code", "error", "kind"),
    [
        (400, 50_035, Refused, "message"),
        (403, 50_001, Refused, "destination gone"),
        (403, 50_013, Refused, "destination gone"),
        (404, 10_003, Refused, "destination gone"),
        (500, 0, InDoubt, None),
        (503, 0, InDoubt, None),
        (401, 0, NotSent, None),
    ],
)
async def test_a_refusal_is_told_for_what_it_is(scene, status, code, error, kind):
    scene.env.inject_error("POST", "/channels/*/messages", status=status, code=code, message="invented")
    with pytest.raises(error) as raised:
        await scene.platform().send(owed(scene), may_be_repeated=False)
    assert getattr(raised.value, "kind", None) == kind
    assert scene.channel.last_message is None
    if status == 401:
        assert raised.value.everywhere


async def test_a_deleted_channel_is_gone(scene):
    with pytest.raises(Refused) as raised:
        await scene.platform().send(owed(scene, channel_id="discord:123456789"), may_be_repeated=False)
    assert raised.value.kind == "destination gone"


@pytest.mark.parametrize("channel_id", ["discord:nowhere", "discord:"])
async def test_what_is_no_channel_is_gone(scene, channel_id):
    with pytest.raises(Refused) as raised:
        await scene.platform().send(owed(scene, channel_id=channel_id), may_be_repeated=False)
    assert raised.value.kind == "destination gone"


async def test_nothing_is_sent_while_not_connected(scene):
    platform = scene.platform()
    await scene.bot.close()
    with pytest.raises(NotSent) as raised:
        await platform.send(owed(scene), may_be_repeated=False)
    assert raised.value.retry_after > timedelta(0)


async def test_a_body_that_cannot_be_read_is_refused(scene):
    with pytest.raises(Refused):
        await scene.platform().send(owed(scene, body="no message"), may_be_repeated=False)


async def test_a_persons_direct_messages_are_opened_for_them(scene):
    sent = await scene.platform().send(
        owed(scene, "A word to you.", channel_id=f"discord:@{scene.reader.id}"), may_be_repeated=False
    )
    assert str(scene.reader.user.dm_channel.last_message.id) == sent


async def test_a_message_that_may_be_repeated_long_after_says_so(scene):
    late = owed(scene, attempted_at=scene.clock.now() - timedelta(hours=1))
    await scene.platform().send(late, may_be_repeated=True)
    assert "may be repeated" in words_of(scene.channel.last_message)


def published(scene):
    return [
        int(one.path.split("/")[-2]) for one in scene.env.http_requests if one.path.endswith("/crosspost")
    ]


async def test_an_announcement_is_published_and_a_failure_to_do_so_loses_nothing(scene):
    news = scene.guild.create_news_channel("announcements")
    await scene.env.settle()
    await scene.platform().send(owed(scene, channel=news), may_be_repeated=False)
    assert published(scene) == [news.last_message.id]
    scene.env.inject_error("POST", "/channels/*/messages/*/crosspost", status=429, code=20_022)
    assert await scene.platform().send(owed(scene, channel=news, key="d" * 25), may_be_repeated=False)
    assert len(published(scene)) == 1 or published(scene)[0] != news.last_message.id


async def test_a_notice_too_long_for_one_message_comes_with_a_file_of_the_whole(scene):
    body = blocks.dumps(Message(tuple(Text("A long word to an owner. " * 60) for _ in range(5))))
    await scene.platform().send(owed(scene, body=body), may_be_repeated=False)
    (file,) = scene.channel.last_message.attachments
    assert file.filename.endswith(".txt")


async def test_an_empty_history_that_we_may_not_read_tells_nothing(scene):
    hidden = scene.guild.create_text_channel(
        "hidden",
        overwrites={scene.guild.default_role: discord.PermissionOverwrite(read_message_history=False)},
    )
    await scene.env.settle()
    doubtful = owed(
        scene,
        channel=hidden,
        state=DeliveryState.UNKNOWN,
        attempted_at=scene.clock.now() - timedelta(hours=1),
    )
    with pytest.raises(CannotTell):
        await scene.platform().find(doubtful)


def test_marks_are_positive_numbers_of_31_bits_and_differ():
    marks = {mark(f"key-{number}") for number in range(10_000)}
    assert len(marks) == 10_000
    assert all(0 < one < 2**31 for one in marks)


# ── One request ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (500, {}, InDoubt),
        (502, {}, InDoubt),
        (504, {}, InDoubt),
        (524, {}, InDoubt),
        (429, {"Via": "1.1 invented", "Retry-After": "7"}, NotSent),
        (429, {"Via": "1.1 invented", "Retry-After": "7", "X-RateLimit-Scope": "global"}, NotSent),
        (429, {}, NotSent),
    ],
)
async def test_what_discord_py_would_repeat_ends_an_attempt_at_once(status, headers, error):
    answered = []

    async def answer(request):
        answered.append(request.path)
        return aiohttp.web.Response(status=status, headers=headers)

    async with (
        served(answer) as url,
        aiohttp.ClientSession(trace_configs=[discord_requests.tracing()]) as session,
    ):
        with pytest.raises(error) as raised:
            async with once():
                await session.post(url)
    assert len(answered) == 1
    if "Retry-After" in headers:
        assert raised.value.retry_after == timedelta(seconds=7)
        assert raised.value.everywhere is ("X-RateLimit-Scope" in headers)
    elif error is NotSent:
        assert raised.value.everywhere


async def test_a_connection_that_breaks_after_the_request_was_written_leaves_doubt():
    async def answer(request):
        request.transport.close()
        return aiohttp.web.Response()

    async with (
        served(answer) as url,
        aiohttp.ClientSession(trace_configs=[discord_requests.tracing()]) as session,
    ):
        with pytest.raises(InDoubt):
            async with once():
                await session.post(url)


async def test_a_connection_that_was_never_made_sent_nothing():
    async with aiohttp.ClientSession(trace_configs=[discord_requests.tracing()]) as session:
        with pytest.raises(NotSent):
            async with once():
                await session.post("http://127.0.0.1:9/")


async def test_a_request_without_an_answer_is_given_up_in_time():
    async def answer(request):
        await asyncio.sleep(30)

    async with (
        served(answer) as url,
        aiohttp.ClientSession(trace_configs=[discord_requests.tracing()]) as session,
    ):
        with pytest.raises(InDoubt):
            async with once(0.3):
                await session.post(url)


@asynccontextmanager
async def served(answer):
    """A server on loopback that answers every request so."""
    application = aiohttp.web.Application()
    application.router.add_route("*", "/", answer)
    runner = aiohttp.web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = site._server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        await runner.cleanup()
