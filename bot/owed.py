"""What is owed to channels and people, and the contract with the chats that take it.

Plain values first, then the two doors they go through: the ``Outbox``, which remembers, and the ``Platform``,
which sends. ``ports.py`` shows these doors among all others; ``outbox.py`` works with them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol

NOTICES = 0
"""The ``subscription_id`` of a delivery that no subscription owes: the bot's own word to an owner."""


class DeliveryState(StrEnum):
    """``pending → sending → sent | unknown``; ``unknown → sent | pending``; or an end without a message.

    The ends: ``dead``, with its reason, or ``merged``, taken in by a later digest of the same subscription.
    """

    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DEAD = "dead"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message (or part of one) owed to one channel."""

    id: int
    channel_id: str
    """``platform:native id``; a native id that begins with ``@`` is a person's direct messages."""
    subscription_id: int
    """``NOTICES`` for a notice, which goes by its number in ``part``."""
    due_at: datetime
    part: int
    body: str
    """The Message as versioned JSON."""
    key: str
    """Idempotency key: the same for every attempt, across restarts."""
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    attempted_at: datetime | None = None
    not_before: datetime | None = None
    message_id: str | None = None
    reason: str | None = None
    doubts: int = 0
    """How many attempts ended without our learning what became of them."""
    may_be_repeated: bool = False
    """A reader may have seen it already, and the chat cannot tell us."""
    plain: bool = False
    """Its body was reduced to plain text because the chat refused it as it was."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A word to an owner about something that has failed; told once, because its ``subject`` is unique."""

    subject: str
    """What it is about and since when, e.g. ``channel discord:1 lost 2030-01-01T12:00:00+00:00``."""
    addresses: tuple[str, ...]
    """Channels that may take it, best first; empty when nobody can be reached: then it is kept and logged."""
    body: str
    """The Message as versioned JSON."""
    text: str
    """The same as one line, for the log and the doctor."""
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """A notice as it stands: its channel (empty: one forgotten since), or None when it reached nobody."""

    text: str
    at: datetime
    channel_id: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt, or of a look for a doubtful message: everything to save, at once."""

    state: DeliveryState
    reason: str | None = None
    message_id: str | None = None
    not_before: datetime | None = None
    may_be_repeated: bool = False
    plain_body: str | None = None
    """What to send instead from now on."""
    channel_lost: bool = False
    """Nothing more is sent to this channel, and nothing composed for it, until it is regained."""
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """Whole digests of one subscription of which nothing was sent yet: a later one may take them in."""

    deliveries: tuple[int, ...]
    digests: int
    """How many these are, with those that they have taken in themselves."""
    since: datetime
    """When the oldest of all was composed."""
    after_serial: int
    """The subscription's cursor before the oldest: a digest from there on covers them all."""
    covers_from: datetime | None
    """Where the oldest one's period begins."""
    in_channel: int
    """Open deliveries of the whole channel."""


@dataclass(frozen=True, slots=True)
class LostChannel:
    """A channel that takes no more messages: why and since when."""

    id: str
    name: str
    reason: str
    since: datetime
    waiting: int
    """Messages kept for it."""


class Overtaken(Exception):
    """What a digest was to take in is being sent by now: compose it again without."""


class Outbox(Protocol):
    """What is owed to channels."""

    async def recover(self, now: datetime) -> int:
        """At start: every ``sending`` becomes ``unknown``. Return how many."""
        ...

    async def claim(self, now: datetime, limit: int, closed: Collection[str] = ()) -> list[Delivery]:
        """The first open delivery of each channel that may be tried now, in the order they became owed.

        A ``pending`` one comes back as ``sending`` (already saved so, with its attempt counted); an
        ``unknown`` one comes back as ``unknown``, to be looked up first. Lost channels are left out, and those
        that ``closed`` names: channel ids, or whole platforms as ``name:``.
        """
        ...

    async def settle(self, delivery_id: int, outcome: Outcome, *, now: datetime) -> None:
        """Record what became of an attempt, with the channel's loss and the notices it makes owed.

        A notice that its address does not take goes on to its next one. Raise ``LookupError`` for no such
        delivery, ``ValueError`` when it was sent and shall become something else.
        """
        ...

    async def deliveries(self, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        """Deliveries, newest first."""
        ...

    async def backlog(self, subscription_id: int) -> Backlog | None:
        """What a subscription's next digest may take in; None when nothing waits."""
        ...

    async def retry(self, delivery_ids: Sequence[int]) -> int:
        """Owe dead deliveries again; one that may have been seen is looked up first. Return how many."""
        ...

    async def lost_channels(self) -> list[LostChannel]:
        """Channels that take no more messages, by id."""
        ...

    async def regain_channel(self, channel_id: str) -> bool:
        """Send to a lost channel again, and compose for it; False when it was not lost."""
        ...

    async def save_notice(self, notice: Notice) -> bool:
        """Keep a notice and owe it to its first address that is not lost; False when it was told before."""
        ...

    async def notices(self, limit: int = 100) -> list[KeptNotice]:
        """What owners were told, newest first."""
        ...


# ── The chats ────────────────────────────────────────────────────────────────────────────────────────────


class NotSent(Exception):
    """The message was certainly not sent and may be tried again (after ``retry_after``, when told).

    ``everywhere``: the chat asks for a pause of all our messages, not only of this channel's.
    """

    def __init__(
        self, reason: str, retry_after: timedelta | None = None, *, everywhere: bool = False
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.everywhere = everywhere


Refusal = Literal["message", "destination gone"]
"""``message``: this message, as it is; ``destination gone``: any message to this channel."""


class Refused(Exception):
    """The platform will never take this; the reason is for its owner."""

    def __init__(self, reason: str, kind: Refusal = "message") -> None:
        super().__init__(reason)
        self.kind: Refusal = kind


class InDoubt(Exception):
    """The message may or may not have been sent: look before sending again."""


class CannotTell(Exception):
    """This platform keeps no history we can read: a doubtful message is sent again, marked as such."""


class Platform(Protocol):
    """A chat that takes messages. ``tests/contract/`` holds what every one of them must do.

    | what happened | raise |
    |---|---|
    | no connection was made; 429 (``retry_after`` as told, ``everywhere`` for a global limit) | ``NotSent`` |
    | 400, too long, a bad embed: the message itself | ``Refused(reason)`` |
    | 403, 404, the channel archived or deleted, the bot removed | ``Refused(reason, "destination gone")`` |
    | time-out or reset once the request was written; 5xx | ``InDoubt`` |

    An adapter makes one request for one call and switches its library's own retries of ambiguous errors off.
    It bounds each call in time. Pauses, order and repetition are the outbox's.
    """

    name: str
    """The prefix of its channels' ids."""

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:
        """Send once and return the message's id; raise ``NotSent``, ``Refused`` or ``InDoubt``.

        ``delivery.key`` (25 letters and digits, the same for each attempt) goes with the message: as Discord's
        ``nonce`` with ``enforce_nonce``, in Slack's ``metadata.event_payload``. ``may_be_repeated`` marks a
        message that a reader may already have seen; where the chat honours the key, the mark is not needed.
        A channel ``name:@person`` is that person's direct messages.
        """
        ...

    async def find(self, delivery: Delivery) -> str | None:
        """Look up a doubtful message by its key among our own since shortly before ``attempted_at``.

        Return its id, or None only when it certainly was not and will not be posted (the outbox asks no
        sooner than ten seconds after the attempt). Raise ``CannotTell`` where no history can be read,
        ``NotSent`` or ``InDoubt`` when it cannot be read now, ``Refused`` when the channel is gone.
        """
        ...
