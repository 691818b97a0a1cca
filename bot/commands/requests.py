"""A request: what somebody asks for, understood, with every value checked. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.model import Actor, Channel, Kind, Schedule

Style = Literal["who-said-what", "brief"]

STYLES: tuple[Style, ...] = ("who-said-what", "brief")
KINDS: tuple[Kind, ...] = ("direct", "mixed", "indirect")


class BadRequest(Exception):
    """What was asked cannot be done as it is; the message says why.

    ``suggestions`` are what was probably meant, best first; ``examples`` what can be written instead.
    """

    def __init__(
        self, message: str, suggestions: tuple[str, ...] = (), *, examples: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.suggestions = suggestions
        self.examples = examples


@dataclass(frozen=True, slots=True)
class Request:
    """One command with its values. Each field is named like the parameter that fills it; empty is "not given"."""

    command: str
    """The catalogue's name, e.g. ``said`` or ``feeds add``."""
    channel: Channel
    actor: Actor
    at: datetime
    """When it was asked: the one "now" of its whole answer; aware, UTC."""
    reply_to: str | None = None
    """Id of the answer this one refers to; None means the person's newest one in the channel."""
    topic: str = ""
    since: datetime | None = None
    until: datetime | None = None
    style: Style | None = None
    speaker: str = ""
    about: str = ""
    outlet: str = ""
    kind: Kind | None = None
    text: str = ""
    story: str = ""
    """A story number as shown, or an article's address."""
    number: int | None = None
    """A subscription's number."""
    schedule: Schedule | None = None
    """Its ``zone`` is empty where none was named: then the channel's holds."""
    zone: str = ""
    quiet: str = ""
    """Quiet hours as ``HH:MM-HH:MM``, or ``off``."""
    origins: int | None = None
    mention: str = ""
    """The native id of a role, or ``off``."""
    feed: str = ""
    """A feed's number, address or name."""
    url: str = ""
    title: str = ""
    confirm: str = ""
    """``yes`` where somebody is sure."""
    verb: str = ""
    """The command that help is wanted for."""
