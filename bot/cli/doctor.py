"""``onrecord check``: the doctor. Each line is a part, how it is, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli import deliveries, keeping
from bot.language import tagger
from bot.language.pipelines import ModelMissing
from bot.language.pipelines import load as load_model
from bot.ports import Store
from bot.settings import Secrets, Settings
from bot.store import lock
from bot.store.sql_store import SqlStore, StoreError


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's table."""

    part: str
    state: Literal["ok", "note", "broken"]
    what: str
    next_step: str = ""


_COLOUR = {"ok": "green", "note": "yellow", "broken": "red"}


async def check(settings: Settings) -> int:
    """Look at every part and print a table; exit code 1 when something is broken."""
    findings = [Finding("settings", "ok", f"time zone {settings.timezone}, language {settings.language}")]
    findings += await _tokens(Secrets())
    findings += [_model(settings), *_taggers(settings)]
    findings += await _database(settings)
    table = Table("part", "state", "what", "next step", box=None, pad_edge=False)
    for finding in findings:
        colour = _COLOUR[finding.state]
        table.add_row(finding.part, Text(finding.state, colour), Text(finding.what), Text(finding.next_step))
    Console().print(table)
    return 1 if any(finding.state == "broken" for finding in findings) else 0


async def _tokens(secrets: Secrets) -> list[Finding]:
    findings = []
    if secrets.discord_token is not None:
        from bot.platforms.discord_chat import examine  # noqa: PLC0415 - loaded only where there is a token

        taken, what = await examine(secrets)
        findings.append(Finding("Discord", "ok" if taken else "broken", what))
    if secrets.slack_bot_token or secrets.slack_app_token:
        what = "a token is set, but this version does not talk on Slack"
        findings.append(
            Finding("Slack token", "note", what, "unset it, or wait for a version with that chat")
        )
    return findings


def _model(settings: Settings) -> Finding:
    try:
        pipeline = load_model(settings.reading.spacy_model)
    except ModelMissing as error:
        return Finding("language model", "broken", str(error))
    return Finding(
        "language model", "ok", f"{pipeline.meta['lang']}_{pipeline.meta['name']} {pipeline.meta['version']}"
    )


def _taggers(settings: Settings) -> Iterator[Finding]:
    """Whether the shipped taggers are those their cards name; the experimental one only where it is asked for."""
    shipped = [("statement tagger", tagger.ENGLISH)]
    if languages := settings.reading.experimental_languages:
        shipped.append((f"experimental tagger ({', '.join(languages)})", tagger.UKRAINIAN_RUSSIAN))
    for part, model in shipped:
        try:
            tagger.load(model)
        except ModelMissing as error:
            yield Finding(part, "broken", str(error))
        else:
            yield Finding(part, "ok", tagger.model_version(model))


async def _database(settings: Settings) -> list[Finding]:
    path = settings.database.path
    if not path.exists():
        return [Finding("database", "note", f"{path} does not exist yet", "onrecord run creates it")]
    try:
        async with SqlStore.open(path) as store:
            totals = await store.totals()
            what = f"{path}: {totals.feeds} feeds, {totals.entries} entries, {totals.statements} statements"
            beside = [_instance(path), *_space(path)]
            return [Finding("database", "ok", what), *beside, *await _feeds(store), *await _deliveries(store)]
    except StoreError as error:
        return [Finding("database", "broken", str(error))]


def _instance(path: Path) -> Finding:
    """Whether the bot runs on this database."""
    holder = lock.holder(path)
    if holder is None:
        return Finding("instance", "note", "none runs on this database", "onrecord run")
    return Finding("instance", "ok", f"runs: {holder}")


def _space(path: Path) -> Iterator[Finding]:
    if words := keeping.little_space(path):
        yield Finding("disk", "note", words, "free some space, or keep less: retention.text_days")


async def _deliveries(store: Store) -> list[Finding]:
    found = [
        Finding("deliveries", "broken", what, next_step)
        for what, next_step in await deliveries.trouble(store)
    ]
    return found or [Finding("deliveries", "ok", "none given up, no channel lost")]


async def _feeds(store: Store) -> list[Finding]:
    feeds = await store.feeds()
    if not feeds:
        return [
            Finding("feeds", "note", "none yet", "onrecord feeds add URL, or onrecord feeds import FILE.opml")
        ]
    return [
        Finding(f"feed {feed.id}", "broken", f"{feed.title}: {feed.trouble.cause}", feed.trouble.next_step)
        for feed in feeds
        if feed.trouble is not None
    ] or [Finding("feeds", "ok", f"{len(feeds)}, none failing")]
