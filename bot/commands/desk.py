"""What a command works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.commands.requests import Request
from bot.intake.by_hand import Presses
from bot.knowledge import Knowledge
from bot.knowledge.words import Words
from bot.message.blocks import Message
from bot.model import Channel
from bot.ports import Clock, FeedParser, Fetcher, Store
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that answer a request; the same desk serves every platform."""

    store: Store
    knowledge: Knowledge
    words: Words
    settings: Settings
    clock: Clock
    fetcher: Fetcher
    parser: FeedParser
    zone: ZoneInfo
    """The operator's zone."""
    presses: Presses = field(default_factory=Presses)
    """Who had what fetched by hand lately."""

    def zone_of(self, channel: Channel) -> ZoneInfo:
        """Return the channel's own time zone, or the operator's where the channel's name for it is unknown."""
        try:
            return ZoneInfo(channel.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return self.zone


Handler = Callable[[Request, Desk], Awaitable[Message]]
"""Answers one command; raises ``BadRequest`` for what the person can mend."""
