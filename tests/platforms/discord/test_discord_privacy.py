"""A person on Discord asks what is kept about them, and has it removed, once they are sure."""

from bot.kept import KeptAbout
from tests.platforms.discord.conftest import labels, words_of


async def test_a_person_is_forgotten_by_two_presses_and_only_they(scene):
    store, me = scene.desk.store, f"discord:{scene.admin.id}"
    await scene.reader.slash(scene.channel, "said", speaker="Anna Example")
    asked = await scene.admin.slash(scene.channel, "said", speaker="Anna Example")
    await scene.admin.slash(scene.channel, "subscription add", topic="talks", schedule="daily 08:00")
    assert await store.kept_about(me) == KeptAbout(answers=1, orders=1)

    shown = await scene.admin.slash(scene.channel, "privacy")
    assert shown.ephemeral
    assert labels(shown.response) == ["Forget me"]
    sure = await scene.admin.click(shown.response.message, label="Forget me")
    assert sure.ephemeral
    assert await store.kept_about(me) == KeptAbout(answers=1, orders=1), "not before they are sure"
    gone = await scene.admin.click(sure.response.message, label="Yes, forget me")
    assert gone.ephemeral
    assert "Forgotten" in words_of(gone.response)
    assert await store.kept_about(me) == KeptAbout()
    assert (await store.kept_about(f"discord:{scene.reader.id}")).answers == 1

    pressed = await scene.admin.click(asked.response.message, label="links")
    assert "no longer kept" in words_of(pressed.response), "and a button of theirs asks anew"


async def test_in_direct_messages_it_is_a_line_and_the_channel_goes_too(scene):
    store, direct = scene.desk.store, f"discord:@{scene.reader.id}"
    await scene.reader.send_dm("said Anna Example")
    assert await store.channel(direct) is not None
    await scene.reader.send_dm("forget yes")
    assert "Forgotten" in words_of(scene.reader.user.dm_channel.last_message)
    assert await store.channel(direct) is None
    assert await store.kept_about(f"discord:{scene.reader.id}") == KeptAbout()
