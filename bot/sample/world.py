"""The sample world's data files as values, and what an outlet shows at a given moment. Pure but for loading."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Literal

from bot.model import Outlet, Speaker

Format = Literal["rss", "atom", "rdf", "html"]


@dataclass(frozen=True, slots=True)
class SampleOutlet:
    """An invented outlet and how it serves its feed. ``html``: its feed address answers a web page."""

    outlet: Outlet
    slug: str
    motto: str
    format: Format
    full_content: bool = False
    """Whether the feed's entries carry the whole text."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How an article reads from ``since`` on."""

    since: datetime
    title: str
    summary: str
    body: str
    """Paragraphs separated by blank lines; one that begins with ``## `` is a heading."""


@dataclass(frozen=True, slots=True)
class SampleArticle:
    """An invented article in one outlet, with its wordings, oldest first."""

    outlet: str
    slug: str
    author: str
    section: str
    caption: str
    wordings: tuple[Wording, ...]

    @property
    def published_at(self) -> datetime:
        """When it first appeared."""
        return self.wordings[0].since

    def wording(self, now: datetime) -> Wording | None:
        """How it reads now; None while it is unpublished."""
        return next((wording for wording in reversed(self.wordings) if wording.since <= now), None)


@dataclass(frozen=True, slots=True)
class World:
    """All outlets, articles and speakers."""

    outlets: tuple[SampleOutlet, ...]
    articles: tuple[SampleArticle, ...]
    speakers: tuple[Speaker, ...]

    def shown(self, outlet: SampleOutlet, now: datetime) -> list[SampleArticle]:
        """What this outlet has published by now, newest first."""
        published = [
            article
            for article in self.articles
            if article.outlet == outlet.outlet.name and article.published_at <= now
        ]
        return sorted(published, key=lambda article: article.published_at, reverse=True)


def load_world() -> World:
    """Read the package's data files; raise ``ValueError`` for an article of an unknown outlet."""
    folder = files("bot.sample")
    rows = tomllib.loads((folder / "outlets.toml").read_text(encoding="utf-8"))["outlets"]
    outlets = tuple(_outlet(row) for row in rows)
    known = {outlet.outlet.name for outlet in outlets}
    articles: list[SampleArticle] = []
    for path in sorted((folder / "articles").iterdir(), key=lambda entry: entry.name):
        if not path.name.endswith(".toml"):
            continue
        row = tomllib.loads(path.read_text(encoding="utf-8"))
        articles += _articles(path.name.removesuffix(".toml"), row)
    strangers = {article.outlet for article in articles} - known
    if strangers:
        raise ValueError(
            f"sample articles name unknown outlets {sorted(strangers)}; add them to outlets.toml"
        )
    people = tomllib.loads((folder / "people.toml").read_text(encoding="utf-8"))["people"]
    return World(outlets, tuple(articles), tuple(_speaker(row) for row in people))


def _outlet(row: Mapping[str, Any]) -> SampleOutlet:
    outlet = Outlet(
        name=row["name"],
        domain=row["domain"],
        language=row["language"],
        country=row["country"],
        ownership=row["ownership"],
        policy=row["policy"],
    )
    return SampleOutlet(outlet, row["slug"], row["motto"], row["format"], row.get("full_content", False))


def _speaker(row: Mapping[str, Any]) -> Speaker:
    return Speaker(
        name=row["name"],
        side=row["side"],
        spellings=tuple(row.get("spellings", ())),
        roles=((row["role"], "", ""),) if row["role"] else (),
        body=row.get("body", False),
    )


def _articles(name: str, row: Mapping[str, Any]) -> list[SampleArticle]:
    """The article of one file, and its copies in other outlets."""
    first = Wording(_utc(row["published"]), row["title"], row["summary"], row["body"].strip())
    edits = tuple(
        Wording(_utc(edit["at"]), edit["title"], edit["summary"], edit["body"].strip())
        for edit in row.get("edits", ())
    )
    slug = name.split("-", 2)[2]
    original = SampleArticle(
        row["outlet"], slug, row["author"], row["section"], row.get("caption", ""), (first, *edits)
    )
    return [original, *(_copy(original, copy) for copy in row.get("copies", ()))]


def _copy(original: SampleArticle, row: Mapping[str, Any]) -> SampleArticle:
    """The same text in another outlet, under its own title, perhaps cut to its first paragraphs."""
    first = original.wordings[0]
    paragraphs = first.body.split("\n\n")[: row.get("paragraphs")]
    wording = Wording(_utc(row["published"]), row["title"], row["summary"], "\n\n".join(paragraphs))
    return replace(original, outlet=row["outlet"], author=row["author"], wordings=(wording,))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
