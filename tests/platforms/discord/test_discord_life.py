"""The connection's life, and the servers that add the bot and remove it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import aiohttp
import discord
import pytest
import simcord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import SecretStr

from bot.app import Chat
from bot.knowledge.words import Words
from bot.owed import Refused
from bot.platforms.discord_chat import DiscordChat
from bot.platforms.discord_client import ShardedClient, SingleClient, make_client, point_at
from bot.platforms.discord_guests import Guests
from bot.platforms.discord_ids import Seals
from bot.platforms.discord_life import TOKEN_REFUSED, Life
from bot.platforms.discord_talk import Talk
from bot.settings import Discord, Secrets
from tests.platforms.discord.conftest import labels, words_of
from tests.platforms.discord.test_discord_sending import owed


class FakeClient:
    """A client whose connections end as its script says."""

    def __init__(self, ends, ready):
        self.ends = ends
        self.ready = ready
        self.user = None
        self.closed = False
        self.finished = None

    async def start(self, token):
        self.user = "us"
        end = self.ends.pop(0) if self.ends else None
        if isinstance(end, Exception):
            raise end
        self.ready(True)
        if end is None:
            await asyncio.Event().wait()

    async def finish(self, seconds):
        self.finished = seconds

    async def close(self):
        self.closed = True

    def is_closed(self):
        return self.closed


class Sleeps:
    """Pauses that end at once and are written down."""

    def __init__(self):
        self.taken = []

    async def __call__(self, seconds):
        self.taken.append(seconds)
        await asyncio.sleep(0)


def life_of(*ends):
    clients, sleeps, script = [], Sleeps(), list(ends)

    def make(ready):
        clients.append(FakeClient(script, ready))
        return clients[-1]

    return Life(make, "token", sleeps), clients, sleeps


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came")


@pytest.mark.parametrize(
    "fault",
    [
        AttributeError("'NoneType' object has no attribute 'sequence'"),  # discord.py 10520
        KeyError("a malformed event"),
        aiohttp.ClientError("down"),
        OSError("no route"),
        discord.GatewayNotFound(),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_a_connection_that_fails_begins_anew(fault):
    life, clients, sleeps = life_of(fault, fault)
    async with life:
        await until(lambda: not life.trouble)
        assert len(clients) == 3
        assert sleeps.taken == [1.0, 2.0]
        assert clients[0].closed
        assert clients[1].closed
        assert life.client() is clients[2]


async def test_pauses_grow_to_a_minute_and_shrink_once_connected():
    life, _, sleeps = life_of(*[OSError("down")] * 8, "ended")
    async with life:
        await until(lambda: len(sleeps.taken) == 9)
    assert sleeps.taken == [1, 2, 4, 8, 16, 32, 60, 60, 1]


async def test_a_token_that_discord_refuses_is_tried_rarely_and_the_trouble_says_what_to_do():
    life, _, sleeps = life_of(discord.LoginFailure("bad"))
    async with life:
        await until(lambda: sleeps.taken)
        assert sleeps.taken == [300.0]
    assert TOKEN_REFUSED.startswith("Discord refuses the token")


async def test_a_health_check_says_why_discord_is_not_there():
    life, clients, _ = life_of()
    async with life:
        assert "not connected" in await life.check()
        await until(lambda: not life.trouble)
        clients[0].ready(False)
        assert "interrupted" in await life.check()
        clients[0].ready(True)
        assert await life.check() == ""


async def test_a_stop_lets_answers_end_and_closes_the_client():
    life, clients, _ = life_of()
    async with life:
        await until(lambda: clients and clients[0].user)
    assert clients[0].finished == 5.0
    assert clients[0].closed
    assert len(clients) == 1


async def test_a_client_that_hangs_is_left_behind(monkeypatch):
    monkeypatch.setattr("bot.platforms.discord_life._CLOSE_S", 0.01)
    life, clients, _ = life_of()

    async def hang():
        await asyncio.Event().wait()

    async with life:
        await until(lambda: clients and clients[0].user)
        clients[0].close = hang
        life._task.cancel()


async def test_what_is_being_answered_is_waited_for_then_cancelled(desk):
    client = client_of(desk)
    ended = []

    async def answer(seconds):
        try:
            await asyncio.sleep(seconds)
            ended.append("done")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    quick = asyncio.create_task(client._do(answer(0)))
    slow = asyncio.create_task(client._do(answer(60)))
    await asyncio.sleep(0)
    await client.finish(0.05)
    await asyncio.gather(quick, slow, return_exceptions=True)
    assert ended == ["done", "cancelled"]


def client_of(desk, **values):
    return make_client(Talk(desk, Seals("token")), Guests(desk, Seals("token")), **values)


async def test_one_connection_or_several_as_the_settings_say(desk):
    assert isinstance(client_of(desk), SingleClient)
    several = client_of(desk, shards=4)
    assert isinstance(several, ShardedClient)
    assert several.shard_count == 4
    assert client_of(desk, shards=0).shard_count is None


async def test_a_sharded_client_answers_like_the_single_one(desk, store):
    env = simcord.Env(client_of(desk, shards=2))
    await env.start()
    try:
        guild = env.create_guild(shard_id=1)
        channel = guild.create_text_channel("news")
        person = guild.add_member(env.create_user("petro"))
        result = await person.slash(channel, "help")
        assert "What you can ask" in words_of(result.response)
    finally:
        await env.shutdown()


async def test_nothing_is_kept_of_people_and_messages(scene):
    await scene.reader.send(scene.channel, "A message about nothing.")
    client = scene.bot
    assert not client.intents.members
    assert not client.intents.message_content
    assert not client.intents.presences
    assert list(client.cached_messages) == []
    assert [member.id for guild in client.guilds for member in guild.members] == [client.user.id]
    assert len(client._connection._view_store._views) == 0


async def test_commands_are_declared_once_and_not_again_while_they_are_the_same(scene):
    await scene.restart()
    puts = [one for one in scene.env.http_requests if one.method == "PUT" and one.path.endswith("/commands")]
    assert len(puts) == 1


def test_the_addresses_of_another_server_are_taken_before_the_client_is_made(monkeypatch):
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    monkeypatch.setattr(discord.asset.Asset, "BASE", discord.asset.Asset.BASE)
    point_at("http://127.0.0.1:1/api/v10/", "ws://127.0.0.1:1/gateway", "http://127.0.0.1:1/cdn")
    assert Route("GET", "/users/@me").url == "http://127.0.0.1:1/api/v10/users/@me"
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "ws://127.0.0.1:1/gateway"
    assert discord.asset.Asset.BASE == "http://127.0.0.1:1/cdn"


async def test_the_whole_starts_while_discord_is_down(desk, monkeypatch):
    for part, name in ((Route, "BASE"), (DiscordWebSocket, "DEFAULT_GATEWAY"), (discord.asset.Asset, "BASE")):
        monkeypatch.setattr(part, name, getattr(part, name))
    secrets = Secrets(
        discord_token=SecretStr("token"),
        discord_api_base="http://127.0.0.1:9/api/v10",
        discord_gateway_url="ws://127.0.0.1:9",
    )
    chat = DiscordChat(secrets, Discord(), Words("en"), desk.clock)
    assert isinstance(chat, Chat)
    async with chat.open(desk):
        assert "not connected" in await chat.check()
        assert await chat.upkeep() == 0
    assert "not connected" in await chat.check()


# ── Servers ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_server_that_adds_the_bot_is_greeted_once_with_topics_to_subscribe_to(scene):
    channel = scene.bot.get_channel(scene.channel.id)
    guests = scene.bot.guests
    guild = scene.bot.get_guild(scene.guild.id)
    guild._system_channel_id = channel.id
    await guests.joined(guild)
    greeting = scene.channel.last_message
    assert len(labels(greeting)) == 3
    assert "daily at 08:00" in labels(greeting)[0]
    pressed = await scene.admin.click(greeting, label=labels(greeting)[1])
    assert "The first digest comes at" in words_of(pressed.response)
    (order,) = await scene.desk.store.subscriptions(f"discord:{scene.channel.id}")
    assert order.topic == "talks"


async def test_the_greetings_buttons_are_for_those_who_manage_the_server(scene):
    guild = scene.bot.get_guild(scene.guild.id)
    guild._system_channel_id = scene.channel.id
    await scene.bot.guests.joined(guild)
    pressed = await scene.reader.click(
        scene.channel.last_message, label=labels(scene.channel.last_message)[0]
    )
    assert pressed.ephemeral
    assert await scene.desk.store.subscriptions() == []


async def test_without_a_system_channel_the_owner_is_told(scene):
    guild = scene.bot.get_guild(scene.guild.id)
    guild._system_channel_id = None
    await scene.bot.guests.joined(guild)
    assert scene.channel.last_message is None
    told = scene.guild.owner.dm_channel.last_message
    assert "/subscription add" in words_of(told)


async def test_nobody_is_greeted_where_the_settings_say_so(scene):
    settings = scene.desk.settings.model_copy(update={"discord": Discord(welcome=False)})
    guests = Guests(replace(scene.desk, settings=settings), scene.seals)
    guests.client = scene.bot
    guild = scene.bot.get_guild(scene.guild.id)
    guild._system_channel_id = scene.channel.id
    await guests.joined(guild)
    assert scene.channel.last_message is None


async def subscribed(scene):
    await scene.admin.slash(scene.channel, "subscription add", topic="talks", schedule="daily 08:00")
    await scene.admin.slash(scene.channel, "digest")


async def test_what_is_kept_of_a_server_that_removed_the_bot_is_forgotten_after_thirty_days(scene):
    await subscribed(scene)
    guests, store = scene.bot.guests, scene.desk.store
    await guests.left(scene.guild.id)
    await scene.clock.advance(timedelta(days=29).total_seconds())
    assert await guests.forget_left() == 0
    assert len(await store.subscriptions()) == 1
    await scene.clock.advance(timedelta(days=1).total_seconds())
    assert await guests.forget_left() == 1
    assert await store.subscriptions() == []
    assert await store.channel(f"discord:{scene.channel.id}") is None


async def test_a_server_that_adds_the_bot_again_in_time_has_its_subscriptions_back(scene):
    await subscribed(scene)
    guests, store = scene.bot.guests, scene.desk.store
    await guests.left(scene.guild.id)
    await scene.clock.advance(timedelta(days=20).total_seconds())
    await guests.joined(scene.bot.get_guild(scene.guild.id))
    await scene.clock.advance(timedelta(days=20).total_seconds())
    assert await guests.forget_left() == 0
    assert len(await store.subscriptions()) == 1


async def test_a_server_that_removed_the_bot_while_it_was_away_is_noticed(scene):
    await subscribed(scene)
    guests, store = scene.bot.guests, scene.desk.store
    await guests.compare([scene.guild.id])
    assert len(await store.spaces("discord:")) == 1
    await guests.compare([])
    assert await store.spaces("discord:") == []
    await scene.clock.advance(timedelta(days=31).total_seconds())
    assert await guests.forget_left() == 1


async def test_a_delivery_to_a_server_that_is_gone_is_refused_for_good(scene):
    scene.env.inject_error("POST", "/channels/*/messages", status=403, code=50_001, message="Missing Access")
    with pytest.raises(Refused) as raised:
        await scene.platform().send(owed(scene), may_be_repeated=False)
    assert raised.value.kind == "destination gone"
