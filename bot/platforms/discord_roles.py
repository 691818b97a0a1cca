"""The role that a subscription pings, when it is gone: its owner is told, once and for good."""

from __future__ import annotations

from bot import outbox
from bot.commands.desk import Desk
from bot.message import blocks
from bot.message.blocks import Message, Text
from bot.message.notices import line
from bot.model import Delivery
from bot.owed import Notice
from bot.platforms.discord_place import NAME


async def tell_of_role(delivery: Delivery, role_id: str, *, desk: Desk) -> bool:
    """Tell a subscription's owner that its role is gone; return whether the channel itself is to be told.

    That is when nobody in particular can be. Told before, also before a restart: nobody is told again.
    """
    orders = await desk.store.subscriptions(delivery.channel_id)
    order = next((one for one in orders if one.id == delivery.subscription_id), None)
    if order is None:
        return False
    channel = await desk.store.channel(delivery.channel_id)
    name = channel.name if channel else delivery.channel_id
    told = desk.words("discord.role_gone_owner", id=str(order.id), channel=name)
    message = Message((Text(told, tone="warning"),))
    addresses = outbox.addresses(order.owner_id, desk.settings.delivery, (NAME,))
    notice = Notice(
        subject=f"role {role_id} of subscription {order.id} gone",
        addresses=addresses,
        body=blocks.dumps(message),
        text=line(message),
        at=desk.clock.now(),
    )
    return await desk.store.save_notice(notice) and not addresses
