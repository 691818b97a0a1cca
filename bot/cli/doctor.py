"""``onrecord check``: the doctor. Each line is a part, how it is, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.language import tagger
from bot.language.pipelines import ModelMissing
from bot.language.pipelines import load as load_model
from bot.ports import Store
from bot.settings import Secrets, Settings
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
    findings += _tokens(Secrets())
    findings += [_model(settings), _tagger()]
    findings += await _database(settings)
    table = Table("part", "state", "what", "next step", box=None, pad_edge=False)
    for finding in findings:
        colour = _COLOUR[finding.state]
        table.add_row(finding.part, Text(finding.state, colour), Text(finding.what), Text(finding.next_step))
    Console().print(table)
    return 1 if any(finding.state == "broken" for finding in findings) else 0


def _tokens(secrets: Secrets) -> Iterator[Finding]:
    tokens = {
        "Discord": (secrets.discord_token,),
        "Slack": (secrets.slack_bot_token, secrets.slack_app_token),
    }
    for chat, values in tokens.items():
        if any(values):
            what = "a token is set, but this version talks in the terminal only"
            yield Finding(f"{chat} token", "note", what, "unset it, or wait for a version with that chat")


def _model(settings: Settings) -> Finding:
    try:
        pipeline = load_model(settings.reading.spacy_model)
    except ModelMissing as error:
        return Finding("language model", "broken", str(error))
    return Finding(
        "language model", "ok", f"{pipeline.meta['lang']}_{pipeline.meta['name']} {pipeline.meta['version']}"
    )


def _tagger() -> Finding:
    """Whether the shipped tagger is the one its card names."""
    try:
        tagger.load()
    except ModelMissing as error:
        return Finding("statement tagger", "broken", str(error))
    return Finding("statement tagger", "ok", tagger.model_version())


async def _database(settings: Settings) -> list[Finding]:
    path = settings.database.path
    if not path.exists():
        return [Finding("database", "note", f"{path} does not exist yet", "onrecord run creates it")]
    try:
        async with SqlStore.open(path) as store:
            totals = await store.totals()
            what = f"{path}: {totals.feeds} feeds, {totals.entries} entries, {totals.statements} statements"
            return [Finding("database", "ok", what), *await _feeds(store)]
    except StoreError as error:
        return [Finding("database", "broken", str(error))]


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
