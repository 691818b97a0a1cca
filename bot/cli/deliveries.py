"""``onrecord outbox``: what is owed and what was given up; and what the doctor says about it."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli import fail
from bot.message import blocks, notices
from bot.model import Delivery, DeliveryState
from bot.ports import KeptNotice, LostChannel, Store
from bot.settings import Settings
from bot.store.sql_store import SqlStore

_MOST_RETRIED = 10_000
_LATEST_NOTICES = 20
_SHOWN_CHARS = 60


async def show(state: str, limit: int, *, as_json: bool, settings: Settings) -> int:
    """Print deliveries of one state (or ``all``), newest first, then the channels that are lost."""
    async with _stored(settings) as store:
        wanted = None if state == "all" else DeliveryState(state)
        deliveries = await store.deliveries(wanted, limit)
        lost = await store.lost_channels()
    if as_json:
        click.echo(json.dumps([asdict(one) for one in deliveries], default=str, ensure_ascii=False))
        return 0
    if not deliveries:
        click.echo("No deliveries." if wanted is None else f"No deliveries that are {state}.")
    else:
        table = Table("no.", "state", "channel", "due", "attempts", "reason", box=None)
        table.add_column("begins", no_wrap=True)
        for one in deliveries:
            table.add_row(*_row(one))
        Console().print(table)
    for channel in lost:
        click.echo(_lost_words(channel))
    if any(one.state is DeliveryState.DEAD for one in deliveries):
        click.echo("To have one sent again: onrecord outbox retry NUMBER (or all)")
    return 0


def _row(one: Delivery) -> list[Text]:
    cells = (
        str(one.id),
        one.state.value,
        one.channel_id,
        f"{one.due_at:%Y-%m-%d %H:%M}",
        str(one.attempts),
        one.reason or "",
        _begins(one.body),
    )
    return [Text(cell) for cell in cells]


def _begins(body: str) -> str:
    try:
        line = notices.line(blocks.loads(body))
    except ValueError:
        return "(cannot be read)"
    return line if len(line) <= _SHOWN_CHARS else line[:_SHOWN_CHARS] + "…"


def _lost_words(channel: LostChannel) -> str:
    return (
        f"{channel.name} ({channel.id}) takes no more messages since {channel.since:%Y-%m-%d %H:%M} UTC: "
        f"{channel.reason}. {channel.waiting} waiting. Next step: give the bot access again, then "
        f"onrecord outbox retry {channel.id}"
    )


async def retry(what: list[str], *, settings: Settings) -> int:
    """Owe given-up messages again and take lost channels up again; a running bot sends them at its next tick."""
    channels = [one for one in what if ":" in one]
    numbers = [one for one in what if ":" not in one and one != "all"]
    if odd := [one for one in numbers if not one.isdecimal()]:
        raise fail(
            f"{odd[0]!r} is neither a delivery's number, a channel's id, nor all. See: onrecord outbox list"
        )
    async with _stored(settings) as store:
        ids = [int(one) for one in numbers]
        if "all" in what:
            ids += [one.id for one in await store.deliveries(DeliveryState.DEAD, _MOST_RETRIED)]
        owed = await store.retry(ids)
        regained = [channel for channel in channels if await store.regain_channel(channel)]
    for channel in channels:
        click.echo(f"{channel}: taken up again" if channel in regained else f"{channel}: is not lost")
    if numbers or "all" in what:
        click.echo(f"Owed again: {owed}")
    missed = len(set(ids)) - owed
    if missed:
        raise fail(
            f"{missed} of them not given up, or unknown: they stay as they are. See: onrecord outbox list"
        )
    return 0 if len(regained) == len(channels) else 1


def _stored(settings: Settings) -> AbstractAsyncContextManager[SqlStore]:
    path = settings.database.path
    if not path.exists():
        raise fail(f"{path} does not exist yet: nothing is owed. Next step: onrecord run")
    return SqlStore.open(path)


async def trouble(store: Store) -> list[tuple[str, str]]:
    """What is wrong with deliveries, each with its next step; for ``onrecord check``."""
    found = [
        (
            f"{one.name} ({one.id}) takes no more messages: {one.reason}; {one.waiting} waiting",
            f"give the bot access again, then onrecord outbox retry {one.id}",
        )
        for one in await store.lost_channels()
    ]
    dead = (await store.totals()).deliveries.get(DeliveryState.DEAD, 0)
    if dead:
        (newest,) = await store.deliveries(DeliveryState.DEAD, 1)
        found.append((f"{dead} given up; the newest: {newest.reason}", "onrecord outbox list"))
    untold = [one for one in await store.notices(_LATEST_NOTICES) if one.channel_id is None]
    found += [(f"{_when(one)}: {one.text}", "") for one in untold]
    return found


def _when(notice: KeptNotice) -> str:
    return f"{notice.at:%Y-%m-%d %H:%M} UTC, told to nobody"
