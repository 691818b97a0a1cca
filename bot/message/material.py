"""What an answer is made of: stories, groups of statements, and the ground they were looked for on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.model import Article, Policy, Statement, StoredStatement, Story

Group = tuple[StoredStatement, ...]
"""Statements with the same words in several articles; never empty."""

CONFIDENCE_FLOOR = 0.87
"""What the reader was less sure of stays out of digests; answers that show everything mark it."""


def is_sure(said: Statement) -> bool:
    """Whether a statement was read surely enough for a digest."""
    return said.confidence >= CONFIDENCE_FLOOR


@dataclass(frozen=True, slots=True)
class Ground:
    """What was searched, when, and by whose rules it may be shown."""

    since: datetime | None
    until: datetime | None
    """None means now."""
    now: datetime
    zone: ZoneInfo
    articles: int = 0
    """Articles searched; those still to be read are not among them."""
    outlets: int = 0
    to_read: int = 0
    unreadable: int = 0
    failing: tuple[str, ...] = ()
    """Titles of the feeds that are down."""
    policies: Mapping[str, Policy] = field(default_factory=dict)
    """By outlet, where it is not ``excerpt``."""
    sides: Mapping[str, str] = field(default_factory=dict)
    """Side by speaker, where one is known."""
    people: Mapping[str, str] = field(default_factory=dict)
    """One name for every spelling of a person: whose statements stand together. Shown is what is printed."""

    def policy(self, outlet: str) -> Policy:
        """How much of this outlet's text may be shown."""
        return self.policies.get(outlet, "excerpt")


@dataclass(frozen=True, slots=True)
class StoryMaterial:
    """One story with what was said in it in this period."""

    story: Story
    articles: tuple[Article, ...]
    """Its articles of this period, first seen first."""
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class DigestMaterial:
    """Everything a digest may show: compose chooses."""

    topic: str
    """The topic's title, in words."""
    ground: Ground
    stories: tuple[StoryMaterial, ...]
