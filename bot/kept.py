"""What is kept about a person or a server, counted; and the doors through which it is named and forgotten."""

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
    """Notices that went to them, may still go to them, or name them as the one to be told."""


@dataclass(frozen=True, slots=True)
class KeptInSpace:
    """How much is kept about a space: a server with all its channels, the terminal, somebody's direct messages."""

    channels: int = 0
    subscriptions: int = 0
    """Of all its channels, whoever made them."""
    answers: int = 0
    """Answers given there that can be followed up, each with its question."""
    messages: int = 0
    """Messages sent there, or to be sent."""
    notices: int = 0
    """Notices about it, and those that went there or may still go there."""


class People(Protocol):
    """What is kept by person and by space. People go by their ids, ``name:person``."""

    async def kept_about(self, actor_id: str) -> KeptAbout:
        """Count what is kept about somebody."""
        ...

    async def forget_person(self, actor_id: str) -> KeptAbout:
        """Remove what is kept about somebody, and return how much it was.

        Subscriptions of channels stay, without a maker; a notice that they have not got goes on to its next address.
        """
        ...

    async def kept_in_space(self, space_id: str) -> KeptInSpace | None:
        """Count what is kept about a space; None for one that is not known."""
        ...

    async def forget_space(self, space_id: str) -> KeptInSpace:
        """Remove everything kept about a space, and return how much it was; nothing owed to it is sent any more.

        A notice about something else, which it has not got, goes on to its next address.
        """
        ...
