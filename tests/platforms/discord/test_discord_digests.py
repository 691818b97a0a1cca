"""A subscription's digest on its whole way: ordered, composed, delivered, followed up; and whom it pings."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot import outbox, pipeline
from bot.message import blocks
from bot.model import DeliveryState
from bot.outbox import Post
from bot.platforms.discord_roles import tell_of_role
from tests.platforms.discord.conftest import KNOWN, labels, words_of
from tests.platforms.discord.test_discord_sending import owed
from tests.store.invented import read_one, said

DAY = timedelta(days=1)


async def ordered(scene, **options):
    options = {"topic": "talks", "schedule": "daily 08:00"} | options
    result = await scene.admin.slash(scene.channel, "subscription add", **options)
    assert "The first digest comes at" in words_of(result.response)


async def delivered(scene, *statements):
    """A day goes by, in which an article is read; its digest is composed and sent."""
    at = scene.clock.now() + timedelta(hours=1)
    await read_one(scene.desk.store, f"day-{at:%d%H%M}", *statements, at=at, title="Envoys meet again")
    await scene.clock.advance(DAY.total_seconds())
    desk = scene.desk
    tools = pipeline.Tools(
        store=desk.store,
        fetcher=desk.fetcher,
        parser=desk.parser,
        pages=None,
        reader=None,
        knowledge=KNOWN,
        words=desk.words,
        settings=desk.settings,
        clock=desk.clock,
    )
    for order in await desk.store.due_subscriptions(desk.clock.now()):
        await pipeline.compose_digest(order, tools)
    return await outbox.deliver_due(
        Post(store=desk.store, platforms={"discord": scene.platform()}, clock=desk.clock, words=desk.words)
    )


async def test_a_digest_comes_to_its_channel_and_whoever_reads_it_may_go_on_from_it(scene):
    await ordered(scene)
    assert await delivered(scene, said("We agreed on nothing")) == 1
    digest = scene.channel.last_message
    assert "We agreed on nothing" in words_of(digest)
    await scene.restart()
    pressed = await scene.reader.click(digest, label="links")
    assert pressed.ephemeral
    assert "https://example.org/day-" in words_of(pressed.response)


async def test_a_button_of_an_old_digest_still_means_that_digest_after_a_new_one(scene):
    await ordered(scene)
    await delivered(scene, said("The first day's words"))
    first = scene.channel.last_message
    await delivered(scene, said("The second day's words"))
    assert scene.channel.last_message.id != first.id
    pressed = await scene.reader.click(first, label="links")
    shown = words_of(pressed.response)
    assert "day-04" in shown
    assert "day-05" not in shown


async def test_a_lost_channel_is_told_to_its_owner_once(scene):
    await ordered(scene)
    scene.env.inject_error(
        "POST", f"/channels/{scene.channel.id}/messages", status=403, code=50_013, times=None
    )
    assert await delivered(scene, said("Nobody hears this")) == 1, "the word to the owner"
    told = words_of(scene.admin.user.dm_channel.last_message)
    assert "#news" in told
    assert await delivered(scene, said("Nor this")) == 0
    dead_or_waiting = {one.state for one in await scene.desk.store.deliveries()}
    assert DeliveryState.SENT in dead_or_waiting


async def test_nobody_is_pinged_unless_the_subscription_says_so(scene):
    await ordered(scene)
    await delivered(scene, said("@everyone @here look"))
    message = scene.channel.last_message
    assert not message.mention_everyone
    assert message.role_mentions == []


async def test_the_role_that_a_subscription_names_is_pinged_alone(scene):
    role = scene.guild.create_role("Readers", mentionable=True)
    await ordered(scene, mention=role)
    await delivered(scene, said("We agreed on nothing"))
    assert [one.id for one in scene.channel.last_message.role_mentions] == [role.id]
    sent = [one for one in scene.env.http_requests if one.path.endswith(f"{scene.channel.id}/messages")]
    assert sent[-1].json["allowed_mentions"] == {"parse": [], "roles": [role.id]}
    await scene.admin.slash(scene.channel, "subscription edit", number=1, schedule="daily 10:00")
    (order,) = await scene.desk.store.subscriptions()
    assert order.mention == str(role.id)


async def test_a_role_that_is_gone_is_told_to_the_owner_once_for_good_and_the_digest_comes(scene):
    role = scene.guild.create_role("Readers", mentionable=True)
    await ordered(scene, mention=role)
    (order,) = await scene.desk.store.subscriptions()
    body = blocks.Message((blocks.Text("A digest."),), mention="123456789")
    for key in ("a", "b"):
        # As after a restart: what was told is not kept in memory.
        platform = scene.platform()
        platform.role_gone = partial(tell_of_role, desk=scene.desk)
        given = owed(scene, body=blocks.dumps(body), key=key * 25, subscription_id=order.id)
        await platform.send(given, may_be_repeated=False)
    assert [words_of(one) for one in scene.channel.history()] == ["A digest.", "A digest."]
    (notice,) = await scene.desk.store.notices()
    assert notice.channel_id == f"discord:@{scene.admin.id}"
    assert "The role that subscription 1 in #news pings is gone" in notice.text


async def test_a_role_that_is_gone_is_told_in_the_channel_where_no_owner_can_be_told(scene):
    await ordered(scene)
    (order,) = await scene.desk.store.subscriptions()
    await scene.desk.store.save_subscription(replace(order, owner_id=""))
    body = blocks.Message((blocks.Text("A digest."),), mention="123456789")
    for key in ("a", "b"):
        platform = scene.platform()
        platform.role_gone = partial(tell_of_role, desk=scene.desk)
        given = owed(scene, body=blocks.dumps(body), key=key * 25, subscription_id=order.id)
        await platform.send(given, may_be_repeated=False)
    first, second = (words_of(one) for one in scene.channel.history())
    assert "gone" in first
    assert second == "A digest."


async def test_everybody_is_no_role_to_ping(scene):
    body = blocks.Message((blocks.Text("A digest."),), mention=str(scene.guild.id))
    await scene.platform().send(owed(scene, body=blocks.dumps(body)), may_be_repeated=False)
    assert not scene.channel.last_message.mention_everyone


async def test_help_is_by_role(scene):
    reader = await scene.reader.slash(scene.channel, "help")
    admin = await scene.admin.slash(scene.channel, "help")
    assert "For admins" not in words_of(reader.response)
    assert "For admins" in words_of(admin.response)
    assert "Post to channel" not in labels(admin.response)
