"""What is kept about one person, counted; and the door through which it is named and forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeptAbout:
    """How much is kept about somebody."""

    answers: int = 0
    """Answers of theirs that can be followed up, each with its question."""
    orders: int = 0
    """Subscriptions of channels that name them as who made them."""
    own_orders: int = 0
    """Subscriptions of their direct messages."""
    messages: int = 0
    """Messages sent, or to be sent, to them in person."""
    notices: int = 0
    """Notices that went to them, or may still go to them."""


class People(Protocol):
    """What is kept by person. People go by their ids, ``name:person``."""

    async def kept_about(self, actor_id: str) -> KeptAbout:
        """Count what is kept about somebody."""
        ...

    async def forget_person(self, actor_id: str) -> KeptAbout:
        """Remove what is kept about somebody, and return how much it was.

        Subscriptions of channels stay, without a maker; a notice that they have not got goes on to its next address.
        """
        ...
