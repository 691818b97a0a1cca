"""An admin on Discord has everything kept about the server removed; nothing is posted there afterwards."""

from bot.kept import KeptInSpace
from bot.outbox import Post, Traffic, deliver_due
from bot.settings import Sending
from tests.faults.delivering import owe
from tests.platforms.discord.conftest import labels, words_of


async def test_a_server_is_forgotten_by_two_presses_of_an_admin_and_nothing_more_comes(scene):
    store, server = scene.desk.store, f"discord:{scene.guild.id}"
    other = scene.guild.create_text_channel("other")
    asked = await scene.reader.slash(scene.channel, "said", speaker="Anna Example")
    for channel in (scene.channel, other):
        await scene.admin.slash(channel, "subscription add", topic="talks", schedule="daily 08:00")
    for order in await store.subscriptions():
        await owe(store, order, "A digest that waits.", due_at=scene.clock.now())
    assert await store.kept_in_space(server) == KeptInSpace(
        channels=2, subscriptions=2, answers=1, messages=2
    )

    sure = await scene.admin.slash(scene.channel, "settings forget")
    assert sure.ephemeral
    assert labels(sure.response) == ["Yes, forget this place"]
    assert (await store.kept_in_space(server)).messages == 2, "not before they are sure"
    gone = await scene.admin.click(sure.response.message, label="Yes, forget this place")
    assert gone.ephemeral
    assert "Forgotten" in words_of(gone.response)
    assert await store.kept_in_space(server) is None

    sending = Sending()
    platform = scene.platform()
    post = Post(store, {platform.name: platform}, scene.clock, sending=sending, traffic=Traffic(sending))
    assert await deliver_due(post) == 0
    assert scene.channel.last_message is None
    pressed = await scene.reader.click(asked.response.message, label="links")
    assert "no longer kept" in words_of(pressed.response), "a button from before asks anew"
    again = await scene.admin.slash(scene.channel, "subscription add", topic="talks", schedule="daily 08:00")
    assert "The first digest comes at" in words_of(again.response)


async def test_who_does_not_manage_the_server_forgets_it_neither_typed_nor_in_direct_messages(scene):
    store, server = scene.desk.store, f"discord:{scene.guild.id}"
    await scene.admin.slash(scene.channel, "subscription add", topic="talks", schedule="daily 08:00")
    await scene.reader.send(scene.channel, f"<@{scene.bot.user.id}> settings forget yes")
    assert "for admins" in words_of(scene.channel.last_message)
    await scene.admin.send_dm("settings forget yes")
    assert "for admins" in words_of(scene.admin.user.dm_channel.last_message)
    assert (await store.kept_in_space(server)).subscriptions == 1
