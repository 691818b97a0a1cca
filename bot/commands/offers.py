"""What may be chosen for one value of a command while it is being typed into a chat's form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from bot.commands import timetable
from bot.commands.catalog import Parameter
from bot.commands.completion import MOST, Names, listed
from bot.commands.desk import Desk
from bot.commands.nearest import nearest
from bot.message.quoting import clip
from bot.message.wording import plain
from bot.model import Actor, Channel
from bot.queries import EVERYBODY

LONGEST = 100
"""Characters of a label or a value that chats take."""
OFFERED = (
    "topic",
    "speaker",
    "outlet",
    "feed",
    "number",
    "story",
    "zone",
    "period",
    "time",
    "schedule",
    "quiet",
    "command",
)
"""Kinds of parameters for which there is something to choose."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to choose: what is read, and what it stands for."""

    label: str
    value: str


async def offers(parameter: Parameter, typed: str, desk: Desk, channel: Channel, actor: Actor) -> list[Offer]:
    """Return what fits what is typed so far, best first, at most 25; never longer than chats take."""
    known = await _known(parameter, desk, channel, actor)
    usable = [one for one in known if one.value and len(one.value) <= LONGEST]
    shown = (Offer(clip(plain(one.label), LONGEST), one.value) for one in _fitting(usable, typed.strip()))
    return [one for one in shown if one.label][:MOST]


async def _known(parameter: Parameter, desk: Desk, channel: Channel, actor: Actor) -> Sequence[Offer]:
    match parameter.kind:
        case "topic":
            return [Offer(f"{one.name}: {one.title}", one.name) for one in desk.knowledge.topics]
        case "speaker":
            return _plain_offers(name for name, _ in await desk.store.speakers())
        case "outlet":
            return _plain_offers(await desk.store.feed_titles())
        case "feed":
            return [
                Offer(f"{feed.title} ({urlsplit(feed.url).hostname or feed.url})", str(feed.id))
                for feed in await desk.store.feeds()
            ]
        case "number":
            return [
                Offer(f"{one.id}: {one.topic}, {timetable.describe(one.schedule, desk.words)}", str(one.id))
                for one in await desk.store.subscriptions(channel.id)
            ]
        case "story":
            return await _stories(desk, channel, actor)
        case "zone":
            first = (desk.zone_of(channel).key, *timetable.EXAMPLE_ZONES)
            return _plain_offers(dict.fromkeys((*first, *sorted(available_timezones()))))
        case _:
            return _plain_offers(listed(parameter.kind, parameter.choices, Names()))


def _plain_offers(names: Iterable[str]) -> list[Offer]:
    return [Offer(name, name) for name in names]


async def _stories(desk: Desk, channel: Channel, actor: Actor) -> list[Offer]:
    """The stories of the newest answer that this person sees here, by the numbers it shows."""
    found = [
        await desk.store.followup(channel.id, one, now=desk.clock.now()) for one in (actor.id, EVERYBODY)
    ]
    newest = max(filter(None, found), key=lambda followup: followup.created_at, default=None)
    shown = newest.query.shown_stories if newest else ()
    headlines = {story.id: story.headline for story in await desk.store.stories(shown)}
    return [
        Offer(f"{number}: {headlines[story]}", str(number))
        for number, story in enumerate(shown, 1)
        if story in headlines
    ]


def _fitting(known: Sequence[Offer], typed: str) -> list[Offer]:
    """Those that begin with what is typed, then those with a word that does, then those that hold it or are near."""
    wanted = typed.casefold()
    if not wanted:
        return list(known)

    def rank(one: Offer) -> int:
        text = one.label.casefold()
        if text.startswith(wanted) or one.value.casefold() == wanted:
            return 0
        if f" {wanted}" in text or f"/{wanted}" in text:
            return 1
        return 2 if wanted in text else 3

    ranked = sorted(((rank(one), place) for place, one in enumerate(known)))
    fitting = [known[place] for how, place in ranked if how < 3]  # noqa: PLR2004 - the ranks above
    if fitting:
        return fitting
    by_label = {one.label: one for one in known}
    return [by_label[label] for label in nearest(typed, by_label, most=5)]
