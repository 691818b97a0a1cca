"""The fake Discord against a plain discord.py client: what the process tests rest on."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands

from tests.discord_wire import faults
from tests.discord_wire.limits import command_problems, message_problems
from tests.discord_wire.server import TOKEN, FakeDiscord
from tests.discord_wire.world import EMBED, SEND, VIEW


@pytest.fixture
async def discord_server():
    async with FakeDiscord() as server:
        yield server


@asynccontextmanager
async def connected(server: FakeDiscord, monkeypatch: pytest.MonkeyPatch, *, token: str = TOKEN):
    """A small bot of its own, pointed at the fake, with what it heard."""
    monkeypatch.setattr(discord.http.Route, "BASE", server.address)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway.address))
    intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
    quiet = discord.AllowedMentions.none()
    client = discord.Client(intents=intents, allowed_mentions=quiet, guild_ready_timeout=0.05)
    client.tree = app_commands.CommandTree(client)
    client.heard = []

    @client.tree.command(name="echo", description="Say it again")
    async def echo(interaction: discord.Interaction, text: str) -> None:
        await interaction.response.defer(ephemeral=True)
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Again", custom_id="again"))
        await interaction.followup.send(text, view=view, file=discord.File(io.BytesIO(b"abc"), "echo.txt"))
        await interaction.followup.send("and more")

    @echo.autocomplete("text")
    async def offer(interaction: discord.Interaction, so_far: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=so_far.upper(), value=so_far)]

    @client.tree.context_menu(name="Repeat")
    async def repeat(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_modal(_Form(title="Repeat", custom_id="form"))

    @client.event
    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.edit_message(content="pressed")
        if interaction.type is discord.InteractionType.modal_submit:
            given = interaction.data["components"][0]["components"][0]["value"]
            await interaction.response.send_message(f"form: {given}")

    @client.event
    async def on_message(message: discord.Message) -> None:
        client.heard.append(message.content)
        server.changed()

    async def setup_hook() -> None:
        await client.tree.sync()

    client.setup_hook = setup_hook
    task = asyncio.create_task(client.start(token))
    try:
        await server.until_ready()
        await client.wait_until_ready()
        yield client
    finally:
        await client.close()
        await task


class _Form(discord.ui.Modal):
    words = discord.ui.TextInput(label="Words", custom_id="words")


async def test_a_command_is_deferred_filled_and_followed_up(discord_server, monkeypatch):
    async with connected(discord_server, monkeypatch):
        exchange = await discord_server.people.slash("echo", text="hello")
        await discord_server.until(lambda: len(exchange.shown) == 2, "followed up")
        first, second = exchange.shown
        assert (first["content"], first["flags"], second["content"]) == ("hello", 64, "and more")
        (file,) = first["attachments"]
        async with aiohttp.ClientSession() as http, http.get(file["url"]) as answer:
            assert await answer.read() == b"abc"
        assert first["id"] not in discord_server.world.messages[first["channel_id"]]
        assert second["id"] in discord_server.world.messages[second["channel_id"]]
        assert not discord_server.rest.strangers


async def test_buttons_autocomplete_menus_and_modals_come_back(discord_server, monkeypatch):
    people = discord_server.people
    async with connected(discord_server, monkeypatch):
        exchange = await people.slash("echo", text="hello")
        await discord_server.until(lambda: len(exchange.shown) == 2, "followed up")
        pressed = await discord_server.until_answered(await people.press(exchange.shown[0], "Again"))
        assert pressed.shown[0]["content"] == "pressed"
        offered = await discord_server.until_answered(await people.type_in("echo", "text", "ab"))
        assert offered.answer["choices"] == [{"name": "AB", "value": "ab"}]
        form = await discord_server.until_answered(await people.menu("Repeat", exchange.shown[1]))
        sent = await discord_server.until_answered(await people.submit(form, words="three words"))
        assert sent.shown[0]["content"] == "form: three words"


async def test_an_interaction_is_answered_once_and_in_time(discord_server):
    async with aiohttp.ClientSession() as http:
        discord_server.answers.answer_within_s = 0
        exchange = await _interaction(discord_server)
        assert await _answer(http, discord_server, exchange) == (404, 10062)
        discord_server.answers.answer_within_s = 60
        assert await _answer(http, discord_server, exchange) == (204, None)
        assert await _answer(http, discord_server, exchange) == (400, 40060)
        discord_server.answers.token_lasts_s = 0
        path = f"/webhooks/{discord_server.world.bot['id']}/{exchange.payload['token']}"
        async with http.post(discord_server.address + path, json={"content": "late"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (401, 50027)


async def _interaction(server):
    bot = server.world.bot["id"]
    await _put(server, f"/applications/{bot}/commands", [{"name": "echo", "description": "Echo"}])
    return await server.people.slash("echo")


async def _answer(http, server, exchange):
    path = f"/interactions/{exchange.payload['id']}/{exchange.payload['token']}/callback"
    async with http.post(server.address + path, json={"type": 4, "data": {"content": "yes"}}) as answer:
        return answer.status, (await answer.json())["code"] if answer.status != 204 else None


async def _put(server, path, body):
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with (
        aiohttp.ClientSession() as http,
        http.put(server.address + path, json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_known_nonce_writes_no_second_message_until_it_is_forgotten(discord_server, monkeypatch):
    async with connected(discord_server, monkeypatch) as client:
        channel = client.get_channel(int(discord_server.world.named("general")["id"]))
        first = await channel.send("once", nonce="k")
        assert (await channel.send("once", nonce="k")).id == first.id
        assert discord_server.messages.repeats == 1
        await first.delete()
        with pytest.raises(discord.NotFound) as refused:
            await channel.send("once", nonce="k")
        assert refused.value.code == 10008
        discord_server.messages.nonces_last_s = 0
        assert (await channel.send("once", nonce="k")).id != first.id
        assert len(discord_server.messages.writes) == 2
        assert [one.nonce async for one in channel.history()] == [None]


async def test_content_is_seen_only_where_the_bot_is_addressed(discord_server, monkeypatch):
    async with connected(discord_server, monkeypatch) as client:
        mention = f"<@{discord_server.world.bot['id']}>"
        await discord_server.people.say("between us")
        await discord_server.people.say(f"for you {mention}")
        private = discord_server.world.private_channel(discord_server.world.member)
        await discord_server.people.say("in person", channel=private)
        await discord_server.until(lambda: len(client.heard) == 3, "heard")
        assert client.heard == ["", f"for you {mention}", "in person"]


@pytest.mark.parametrize("fault", ["op 7", "op 9 resumable", "4000", "cut", "shut for a moment"])
async def test_what_is_missed_while_disconnected_is_replayed_once(discord_server, monkeypatch, fault):
    gateway = discord_server.gateway
    async with connected(discord_server, monkeypatch) as client:
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
                await discord_server.shut_gateway()
        mention = f"<@{discord_server.world.bot['id']}>"
        await discord_server.people.say(f"missed {mention}")
        if fault == "shut for a moment":
            await discord_server.open_gateway()
        await discord_server.until(lambda: gateway.resumed and client.heard, "resumed")
        assert client.heard == [f"missed {mention}"]
        assert len(gateway.identified) == 1


async def test_a_wrong_token_is_refused_by_both_sides(discord_server):
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": "Bot wrong"}
        async with http.get(discord_server.address + "/users/@me", headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (401, 0)
        async with http.ws_connect(discord_server.gateway.address + "/?v=10&encoding=json") as socket:
            assert (await socket.receive_json())["op"] == 10
            await socket.send_json({"op": 2, "d": {"token": "wrong", "intents": 1, "properties": {}}})
            assert (await socket.receive()).data == 4004


async def test_privileged_intents_are_disallowed(discord_server):
    address = discord_server.gateway.address + "/?v=10&encoding=json"
    async with aiohttp.ClientSession() as http, http.ws_connect(address) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 2, "d": {"token": TOKEN, "intents": 1 << 15, "properties": {}}})
        assert (await socket.receive()).data == 4014


@pytest.mark.parametrize(
    ("denied", "code"), [(VIEW, 50001), (SEND, 50013), (EMBED, 50013)], ids=["view", "send", "embed"]
)
async def test_what_the_bot_may_not_do_is_refused_with_discords_code(
    discord_server, monkeypatch, denied, code
):
    async with connected(discord_server, monkeypatch) as client:
        general = discord_server.world.named("general")
        await discord_server.people.deny(general, denied)
        with pytest.raises(discord.Forbidden) as refused:
            await client.get_partial_messageable(int(general["id"])).send(embed=discord.Embed(title="Title"))
        assert refused.value.code == code


async def test_a_rate_limit_is_told_and_kept(discord_server, monkeypatch):
    discord_server.rest.limits.by_route["POST /channels/{}/messages"] = (3, 0.3)
    async with connected(discord_server, monkeypatch) as client:
        channel = client.get_channel(int(discord_server.world.named("general")["id"]))
        await asyncio.gather(*(channel.send(str(number)) for number in range(8)))
        assert len(discord_server.messages.writes) == 8
        assert discord_server.rest.rate_limited == 0


@pytest.mark.parametrize("everywhere", [False, True])
async def test_an_injected_rate_limit_is_waited_for(discord_server, monkeypatch, everywhere):
    async with connected(discord_server, monkeypatch) as client:
        discord_server.fail("POST", r"/messages$", faults.RateLimit(0.05, everywhere=everywhere))
        channel = client.get_channel(int(discord_server.world.named("general")["id"]))
        await channel.send("in the end")
        assert [call.status for call in discord_server.calls("POST", r"/messages$")] == [429, 200]


@pytest.mark.parametrize("kind", [faults.Cut(), faults.Silence(), faults.Status(503)])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_fault_strikes_before_or_after_the_write(discord_server, kind, when):
    discord_server.fail("POST", r"/messages$", kind, when=when)
    general = discord_server.world.named("general")
    headers = {"Authorization": f"Bot {TOKEN}"}
    address = f"{discord_server.address}/channels/{general['id']}/messages"
    async with aiohttp.ClientSession(headers=headers) as http:
        request = asyncio.create_task(http.post(address, json={"content": "words"}))
        (call,) = await discord_server.until(lambda: discord_server.calls("POST", "messages"), "called")
        written = when == "after"
        await discord_server.until(lambda: call.written == written, "written")
        if isinstance(kind, faults.Silence):
            discord_server.rest.released.set()
        if isinstance(kind, faults.Status):
            assert (await request).status == 503
        else:
            with pytest.raises(aiohttp.ClientError):
                await request
        assert len(discord_server.posted(general)) == written


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ({"content": "x" * 2001}, "content: 2001 characters of 2000"),
        ({}, "empty message"),
        (
            {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
            "embeds: 6001 characters of 6000",
        ),
        (
            {"embeds": [{"title": "t", "fields": [{"name": " ", "value": "v"}]}]},
            "embeds.0.fields.0.name: required",
        ),
        ({"flags": 1 << 15, "content": "x"}, "components v2 allow neither content nor embeds"),
        (
            {"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 4001}]},
            "components: 4001 characters shown of 4000",
        ),
        (
            {
                "components": [
                    {"type": 1, "components": [{"type": 2, "style": 2, "label": "a", "custom_id": "a"}] * 2}
                ]
            },
            "custom_id 'a' is there twice",
        ),
    ],
)
def test_messages_beyond_a_limit_are_refused_with_their_place(message, problem):
    assert message_problems(message) == [problem]


def test_commands_beyond_a_limit_are_refused_with_their_place():
    option = {"type": 3, "name": "text", "description": "Text"}
    good = {"name": "echo", "description": "Echo", "options": [option]}
    assert command_problems([good]) == []
    assert command_problems([{**good, "name": "Echo"}]) != []
    assert command_problems([good, good]) == ["(1, 'echo') is there twice"]
    late = {**option, "name": "later", "required": True}
    assert command_problems([{**good, "options": [option, late]}]) == [
        "echo: an option that is required stands after one that is not"
    ]
