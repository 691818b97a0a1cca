"""What the network's door hands in: the value between a fetch and everything that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.model import Validators


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a request brought: a body, "unchanged", or a failure that explains itself."""

    outcome: Literal["ok", "unchanged", "failed"]
    url: str
    """The address that answered, after redirects."""
    status: int | None = None
    body: bytes = b""
    content_type: str = ""
    validators: Validators | None = None
    """New validators from a complete 200 (or a 304 that carries them); None keeps the stored ones."""
    retry_after_s: int = 0
    fresh_for_s: int = 0
    """How long the publisher calls the answer fresh (``max-age``, ``Expires``): a lower bound for the next poll."""
    cause: str = ""
    next_step: str = ""
    moved_to: str = ""
    """The address that answered, when every redirect on the way there was permanent; empty without redirects."""
    definite: bool = False
    """A failure that asking again soon would not mend: forbidden, too large, excluded by robots.txt."""
    asked: bool = True
    """False when nobody was asked, because the host wants us to stay away (``retry_after_s`` says how long)."""
