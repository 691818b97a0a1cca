"""Standing orders of a channel: add, change, list, pause, preview, remove. For admins."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from bot import queries
from bot.commands import followups, timetable
from bot.commands.desk import Desk
from bot.commands.requests import BadRequest, Request
from bot.message import lists
from bot.message.blocks import Divider, Message, Text
from bot.model import Subscription
from bot.schedules import next_due


async def add(request: Request, desk: Desk) -> Message:
    """Save a new order, and say when its first digest comes."""
    if request.schedule is None:
        raise BadRequest(
            desk.words("command.subscription.no_schedule"),
            examples=tuple(
                f"subscription add {request.topic} {example}" for example in timetable.EXAMPLES[2:4]
            ),
        )
    now = request.at
    schedule = replace(
        request.schedule,
        zone=request.zone or desk.zone_of(request.channel).key,
        quiet=_quiet(request, ""),
    )
    await desk.store.save_channel(request.channel)
    wanted = Subscription(
        id=0,
        channel_id=request.channel.id,
        owner_id=request.actor.id,
        topic=request.topic,
        schedule=schedule,
        style=request.style or desk.settings.digests.style,
        next_at=next_due(schedule, now),
        cursor=await desk.store.last_serial(),
        min_origins=request.origins or 1,
        created_at=now,
        mention=_mention(request, ""),
    )
    for other in await desk.store.subscriptions(request.channel.id):
        if (other.topic, other.schedule) == (wanted.topic, wanted.schedule):
            raise BadRequest(
                desk.words("command.subscription.twice", id=str(other.id)),
                examples=(f"subscription edit {other.id}",),
            )
    saved = await desk.store.add_subscription(wanted)
    first = desk.words("command.subscription.first", at=_due(saved, request, desk))
    return Message(
        (
            Text(desk.words("command.subscription.added", id=str(saved.id), what=_what(saved, desk))),
            Text(first),
        )
    )


async def edit(request: Request, desk: Desk) -> Message:
    """Change what was named and leave the rest; a new time counts from now."""
    old = await _one(request, desk)
    named = (request.topic, request.schedule, request.zone, request.quiet, request.style, request.origins)
    if not any((*named, request.mention)):
        raise BadRequest(
            desk.words("command.subscription.no_change"),
            examples=(f"subscription edit {old.id} daily 08:00", f"subscription edit {old.id} style brief"),
        )
    schedule = replace(
        request.schedule or old.schedule,
        zone=request.zone or old.schedule.zone,
        quiet=_quiet(request, old.schedule.quiet),
    )
    changed = replace(
        old,
        topic=request.topic or old.topic,
        schedule=schedule,
        style=request.style or old.style,
        min_origins=request.origins or old.min_origins,
        mention=_mention(request, old.mention),
        next_at=old.next_at if schedule == old.schedule else next_due(schedule, request.at),
    )
    await desk.store.save_subscription(changed)
    return _told("command.subscription.changed", changed, request, desk)


async def show(request: Request, desk: Desk) -> Message:
    """List this channel's orders."""
    orders = await desk.store.subscriptions(request.channel.id)
    return lists.subscriptions(
        [(order, timetable.describe(order.schedule, desk.words)) for order in orders],
        words=desk.words,
        now=request.at,
        zone=desk.zone_of(request.channel),
    )


async def remove(request: Request, desk: Desk) -> Message:
    """Forget an order; what it already owed is still delivered."""
    old = await _one(request, desk)
    await desk.store.remove_subscription(old.id)
    return _told("command.subscription.removed", old, request, desk)


async def pause(request: Request, desk: Desk) -> Message:
    """Send nothing until resumed."""
    old = await _one(request, desk)
    if old.paused:
        return _told("command.subscription.paused_already", old, request, desk)
    await desk.store.save_subscription(replace(old, paused=True))
    return _told("command.subscription.paused", old, request, desk)


async def resume(request: Request, desk: Desk) -> Message:
    """Send again from the next due time; that digest covers what came in between. A lost channel is tried again."""
    old = await _one(request, desk)
    regained = await desk.store.regain_channel(request.channel.id)
    if not (old.paused or regained):
        return _told("command.subscription.running_already", old, request, desk)
    changed = replace(old, paused=False, next_at=next_due(old.schedule, request.at))
    await desk.store.save_subscription(changed)
    return _told("command.subscription.resumed", changed, request, desk)


async def preview(request: Request, desk: Desk) -> Message:
    """Show the next digest as it would be now; nothing is sent and nothing counts as sent."""
    order = await _one(request, desk)
    answer, _ = await queries.scheduled(
        order,
        store=desk.store,
        knowledge=desk.knowledge,
        words=desk.words,
        settings=desk.settings,
        now=request.at,
    )
    if answer is None:
        return _told("command.subscription.preview_nothing", order, request, desk)
    shown = await followups.remember(answer, request, desk)
    line = desk.words("command.subscription.preview", id=str(order.id), at=_due(order, request, desk))
    return replace(shown, blocks=(Text(line, tone="muted"), Divider(), *shown.blocks))


def _quiet(request: Request, before: str) -> str:
    """Return the quiet hours that hold from now on."""
    return "" if request.quiet == timetable.QUIET_OFF else request.quiet or before


def _mention(request: Request, before: str) -> str:
    """Return the role that is pinged from now on."""
    return "" if request.mention == timetable.QUIET_OFF else request.mention or before


async def _one(request: Request, desk: Desk) -> Subscription:
    """Return this channel's order of this number; raise ``BadRequest`` naming those that exist."""
    orders = await desk.store.subscriptions(request.channel.id)
    found = next((order for order in orders if order.id == request.number), None)
    if found is None:
        raise BadRequest(
            desk.words("command.subscription.unknown", id=str(request.number)),
            tuple(f"{request.command} {order.id}" for order in orders[:3]),
            examples=() if orders else ("subscription add talks daily 08:00",),
        )
    return found


def _told(key: str, order: Subscription, request: Request, desk: Desk) -> Message:
    at = _due(order, request, desk)
    return Message((Text(desk.words(key, id=str(order.id), what=_what(order, desk), at=at)),))


def _what(order: Subscription, desk: Desk) -> str:
    """Return an order in words: topic, schedule, style."""
    pings = f" · {desk.words('command.subscription.mentions')}" if order.mention else ""
    return f"{order.topic} · {timetable.describe(order.schedule, desk.words)} · {order.style}{pings}"


def _due(order: Subscription, request: Request, desk: Desk) -> str:
    """Return when an order is next due, in its own zone, which is named."""
    zone = ZoneInfo(order.schedule.zone)
    return f"{desk.words.moment(order.next_at, zone, request.at)} {zone.key}"
