"""``onrecord read``: who said what in one article, or in each line of a .jsonl file."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from bot.cli import fail
from bot.intake import article
from bot.intake.fetch import HttpFetcher
from bot.language import reading as reader
from bot.language.pipelines import ModelMissing
from bot.message import article_html, plain_text, readings
from bot.model import Reading, Statement
from bot.platforms import terminal
from bot.runtime.clock import SystemClock
from bot.settings import Settings

_MAX_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class _Given:
    """One text to read; ``extracted`` when it is not the input itself, so that offsets need the text beside them."""

    id: str
    text: str
    extracted: bool = False


def read(source: str, output_format: str, *, every: bool, settings: Settings) -> int:
    """Read one article or a .jsonl of articles and print what was found."""
    given = list(_given(source, settings))
    watching = sys.stderr.isatty() and len(given) > 1
    if source.endswith(".jsonl") and output_format == "text":
        output_format = "jsonl"
    results = []
    for one in track(given, "reading", console=Console(stderr=True), transient=True, disable=not watching):
        reading, statements = _read(one.text, every=every, settings=settings)
        if output_format == "text":
            _print_text(one, reading, statements)
        elif output_format == "html":
            click.echo(article_html.page(one.text, reading, statements, name=one.id))
        else:
            results.append(_values(one, reading, statements))
            if output_format == "jsonl":
                click.echo(json.dumps(results.pop(), ensure_ascii=False))
    if output_format == "json":
        click.echo(json.dumps(results[0] if len(results) == 1 else results, ensure_ascii=False, indent=2))
    return 0


def _read(text: str, *, every: bool, settings: Settings) -> tuple[Reading, tuple[Statement, ...]]:
    try:
        found = reader.read(
            text,
            model=settings.reading.spacy_model,
            max_chars=settings.reading.max_chars,
            experimental=settings.reading.experimental_languages,
        )
    except ModelMissing as error:
        raise fail(str(error)) from error
    return found, tuple(one for one in found.statements if every or one.act == "said")


def _given(source: str, settings: Settings) -> Iterator[_Given]:
    if source.startswith(("http://", "https://")):
        yield asyncio.run(_from_address(source, settings))
        return
    name = "standard input" if source == "-" else source
    try:
        body = sys.stdin.buffer.read(_MAX_BYTES + 1) if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise fail(
            f"{name} cannot be read: {error.strerror}. Give a text, HTML or .jsonl file, or an address."
        ) from error
    if len(body) > _MAX_BYTES:
        raise fail(f"{name} is larger than {_MAX_BYTES:,} bytes; split it.")
    if source.endswith(".jsonl"):
        yield from _from_lines(name, body)
    elif _looks_like_html(body):
        yield _from_page(name, body, source, "")
    else:
        yield _Given(Path(name).name, _decode(name, body))


def _from_lines(name: str, body: bytes) -> Iterator[_Given]:
    for number, line in enumerate(_decode(name, body).splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            yield _Given(str(values["id"]), str(values["text"]))
        except (ValueError, KeyError, TypeError) as error:
            raise fail(f'{name}, line {number}: not {{"id": …, "text": …}} ({error!r}).') from error


def _decode(name: str, body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise fail(f"{name} is not UTF-8 text (byte {error.start}). Convert it, e.g. with iconv.") from error


def _looks_like_html(body: bytes) -> bool:
    start = body[:2000].lstrip().lower()
    return start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")) or b"<html" in start


def _from_page(name: str, body: bytes, url: str, content_type: str) -> _Given:
    try:
        page = article.extract(body, url=url, content_type=content_type)
    except ValueError as error:
        raise fail(f"{name}: {error}") from error
    return _Given(name, page.text, extracted=True)


async def _from_address(url: str, settings: Settings) -> _Given:
    async with HttpFetcher(settings.fetching, SystemClock()) as fetcher:
        fetched = await fetcher.fetch(url, page=True)
    if fetched.outcome == "failed":
        raise fail(f"{url}: {fetched.cause}. {fetched.next_step}")
    return _from_page(url, fetched.body, fetched.url, fetched.content_type)


def _print_text(one: _Given, reading: Reading, statements: tuple[Statement, ...]) -> None:
    message = readings.show(reading, statements, name=one.id, length=len(one.text))
    shown = plain_text.render(
        message, width=terminal.width_of(sys.stdout), colour=terminal.has_colour(sys.stdout)
    )
    click.echo(shown, color=True)


def _values(one: _Given, reading: Reading, statements: tuple[Statement, ...]) -> dict[str, object]:
    values: dict[str, object] = {
        "id": one.id,
        "language": reading.language,
        "reader": reading.reader,
        "read_chars": reading.read_chars,
        "statements": [readings.as_values(statement) for statement in statements],
    }
    if reading.unread_reason:
        values["unread_reason"] = reading.unread_reason
    if one.extracted:
        values["text"] = one.text
    return values
