"""Send what is owed: claim, send, reconcile, retry, give up aloud.

Exactly-once towards a foreign chat is impossible. The promise is: nothing owed is lost, and nothing is shown
twice where the chat lets us look (``find``) or honours our key; where it does neither, a repeated message says
that it may be one. A delivery that stood in ``sending`` when the program died is in doubt, never "not sent".

Channels go on side by side, each in the order its messages became owed. What became of an attempt is judged as a
value (``judge``) and saved at once with all that follows from it: a lost channel, a word to its owner.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.knowledge.words import Words
from bot.message import blocks, notices
from bot.message.blocks import Message
from bot.owed import (
    NOTICES,
    CannotTell,
    Delivery,
    DeliveryState,
    InDoubt,
    Notice,
    NotSent,
    Outcome,
    Platform,
    Refused,
)
from bot.ports import Clock, Store
from bot.settings import Sending

_log = structlog.get_logger(__name__)

LONGEST_PAUSE = timedelta(hours=6)
"""No chat is waited for longer than this without asking again, whatever it says."""
MOST_DOUBTS = 10
"""A message that is in doubt so often, and never to be found, is given up."""
LANES = 4
"""Channels of one chat that are sent to side by side; one that hangs leaves the others their turns."""

_FIRST_RETRY = timedelta(seconds=10)
_LONGEST_RETRY = timedelta(minutes=15)
_MOST_DOUBLINGS = 10
_FIRST_SAVE_AGAIN_S, _LONGEST_SAVE_AGAIN_S = 1.0, 30.0


class Traffic:
    """What may be sent to whom right now: a bucket of tokens for each channel, and the pauses chats ask for.

    It is kept in memory only: after a restart the buckets are full, and a chat repeats its wish for a pause.
    """

    def __init__(self, sending: Sending) -> None:
        self._burst = sending.burst
        self._refill = timedelta(seconds=sending.pause_seconds)
        self._spent: dict[str, tuple[float, datetime]] = {}
        self._pauses: dict[str, datetime] = {}

    def sending(self, channel_id: str, now: datetime) -> None:
        """Take a token from a channel's bucket."""
        self._spent[channel_id] = (self._missing(channel_id, now) + 1, now)

    def pause(self, platform: str, until: datetime) -> None:
        """Send nothing to a whole chat until then."""
        self._pauses[platform] = max(until, self._pauses.get(platform, until))

    def closed(self, now: datetime) -> set[str]:
        """Channels without a token, and chats (as ``name:``) that asked for a pause.

        A pause set by a clock that ran far ahead is none.
        """
        self._pauses = {
            name: until for name, until in self._pauses.items() if now < until <= now + LONGEST_PAUSE
        }
        self._spent = {
            channel: spent for channel, spent in self._spent.items() if self._missing(channel, now) > 0
        }
        empty = {channel for channel in self._spent if self._missing(channel, now) > self._burst - 1}
        return empty | {f"{name}:" for name in self._pauses}

    def _missing(self, channel_id: str, now: datetime) -> float:
        """How many tokens a bucket lacks; full again when the clock went back."""
        missing, at = self._spent.get(channel_id, (0.0, now))
        if now < at or not self._refill:
            return 0.0
        return max(0.0, missing - (now - at) / self._refill)


@dataclass(frozen=True, slots=True)
class Post:
    """The post office: what sending works with."""

    store: Store
    platforms: Mapping[str, Platform]
    clock: Clock
    words: Words = field(default_factory=Words)
    sending: Sending = field(default_factory=Sending)
    traffic: Traffic = field(default_factory=lambda: Traffic(Sending()))
    deadline_s: float = 120.0
    """An adapter that has not come back by then leaves its message in doubt."""


def idempotency_key(channel_id: str, subscription_id: int, due_at: datetime, part: int) -> str:
    """Make the key of one message: the same for every attempt, and another for every other message.

    25 lower-case letters and digits, which is all that Discord takes as a nonce (FEEDS: base32 of BLAKE2b).
    """
    made_of = f"{channel_id}-{subscription_id}-{due_at.astimezone(UTC).isoformat()}-{part}"
    digest = hashlib.blake2b(made_of.encode()).digest()
    return base64.b32encode(digest).decode()[:25].lower()


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────


async def deliver_due(post: Post) -> int:
    """Try everything that may be tried now, oldest first in each channel; return how many were sent.

    Nothing is sent that was not saved as being sent. When the store fails, what is under way is brought to its
    end, then its error is raised.
    """
    lanes: dict[asyncio.Task[bool], str] = {}
    sent = 0
    try:
        while True:
            now = post.clock.now()
            for delivery in await post.store.claim(now, LANES, _closed(post, lanes.values(), now)):
                post.traffic.sending(delivery.channel_id, now)
                lanes[asyncio.create_task(_deliver(delivery, post))] = delivery.channel_id
            if not lanes:
                return sent
            done, _ = await asyncio.wait(lanes, return_when=asyncio.FIRST_COMPLETED)
            for lane in done:
                del lanes[lane]
                sent += lane.result()
    except asyncio.CancelledError:
        for lane in lanes:
            lane.cancel()
        raise
    finally:
        await asyncio.gather(*lanes, return_exceptions=True)


def _closed(post: Post, busy: Collection[str], now: datetime) -> set[str]:
    """Channels to leave alone: those being sent to, those to wait for, and chats with all lanes taken."""
    chats = [platform_of(channel_id) for channel_id in busy]
    full = {f"{chat}:" for chat in chats if chats.count(chat) >= LANES}
    return {*busy, *full, *post.traffic.closed(now)}


async def _deliver(delivery: Delivery, post: Post) -> bool:
    """One attempt at one delivery, its outcome saved; True when it now counts as sent."""
    log = _log.bind(delivery=delivery.id, channel=delivery.channel_id)
    try:
        async with asyncio.timeout(post.deadline_s):
            outcome = await _send_or_find(delivery, post.platforms.get(platform_of(delivery.channel_id)))
    except Exception as error:
        now = post.clock.now()
        if not isinstance(error, NotSent | Refused | InDoubt | CannotTell | TimeoutError):
            log.exception("delivery failed unexpectedly")
        if isinstance(error, NotSent) and error.everywhere:
            pause = min(error.retry_after or _FIRST_RETRY, LONGEST_PAUSE)
            post.traffic.pause(platform_of(delivery.channel_id), now + pause)
        outcome = await _with_notices(judge(delivery, error, now), delivery, post)
    await _save(delivery, outcome, post)
    if outcome.state is DeliveryState.SENT:
        log.info("delivered", message=outcome.message_id)
        return True
    log.warning("not delivered", state=outcome.state.value, reason=outcome.reason)
    return False


async def _send_or_find(delivery: Delivery, platform: Platform | None) -> Outcome:
    """Send a pending delivery; look up a doubtful one, which is sent again later if it is not there."""
    if platform is None:
        raise NotSent("this chat is not connected", retry_after=_LONGEST_RETRY)
    if delivery.state is not DeliveryState.UNKNOWN:
        message_id = await platform.send(delivery, may_be_repeated=delivery.may_be_repeated)
        return Outcome(DeliveryState.SENT, message_id=message_id)
    found = await platform.find(delivery)
    if found is None:
        return Outcome(DeliveryState.PENDING, reason="it was looked for and had not been posted")
    return Outcome(DeliveryState.SENT, message_id=found)


async def _save(delivery: Delivery, outcome: Outcome, post: Post) -> None:
    """Save an outcome, again and again if need be: what was sent and is forgotten would be sent twice."""
    wait = _FIRST_SAVE_AGAIN_S
    while True:
        try:
            await post.store.settle(delivery.id, outcome, now=post.clock.now())
        except (LookupError, ValueError) as error:
            _log.warning("outcome not saved", delivery=delivery.id, why=str(error))
        except Exception as error:  # noqa: BLE001 - a full or locked disk passes; the message was sent all the same
            _log.error("outcome not saved yet", delivery=delivery.id, why=str(error), again_in_s=wait)
            await post.clock.sleep(wait)
            wait = min(wait * 2, _LONGEST_SAVE_AGAIN_S)
            continue
        return


# ── Judging ──────────────────────────────────────────────────────────────────────────────────────────────


def judge(delivery: Delivery, error: Exception, now: datetime) -> Outcome:
    """Decide what an attempt's error means: wait, look, send in plain text, or give up.

    An error that no adapter should raise tells nothing about whether the message went out.
    """
    looking = delivery.state is DeliveryState.UNKNOWN
    reason = str(error) or type(error).__name__
    match error:
        case Refused(kind="destination gone"):
            state = DeliveryState.UNKNOWN if looking else DeliveryState.PENDING
            return Outcome(state, reason, channel_lost=True)
        case NotSent(retry_after=told):
            state = DeliveryState.UNKNOWN if looking else DeliveryState.PENDING
            wait = min(told, LONGEST_PAUSE) if told else retry_delay(delivery.attempts)
            return Outcome(state, reason, not_before=now + wait)
        case InDoubt() | TimeoutError() if looking:
            # Looked for less and less often, but never given up: the chat may be down for hours.
            since = now - (delivery.attempted_at or now)
            wait = min(max(since, _FIRST_RETRY), _LONGEST_RETRY)
            return Outcome(DeliveryState.UNKNOWN, reason, not_before=now + wait)
        case _ if looking:
            return Outcome(DeliveryState.PENDING, reason, may_be_repeated=True)
        case Refused():
            plain = _plain_body(delivery)
            if plain is None:
                return Outcome(DeliveryState.DEAD, reason)
            return Outcome(DeliveryState.PENDING, reason, plain_body=plain)
    if isinstance(error, TimeoutError):
        reason = "the chat's adapter did not come back in time"
    if delivery.doubts + 1 >= MOST_DOUBTS:
        return Outcome(DeliveryState.DEAD, f"in doubt {MOST_DOUBTS} times and never found posted: {reason}")
    return Outcome(DeliveryState.UNKNOWN, reason, not_before=now + retry_delay(delivery.doubts + 1))


def _plain_body(delivery: Delivery) -> str | None:
    """A refused message as plain text; None when it was that already, or cannot be read at all."""
    if delivery.plain:
        return None
    try:
        message = blocks.loads(delivery.body)
    except ValueError:
        return None
    return blocks.dumps(notices.reduced(message))


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling from 10 seconds to a quarter of an hour."""
    doublings = min(max(attempts - 1, 0), _MOST_DOUBLINGS)
    return min(_FIRST_RETRY * float(2**doublings), _LONGEST_RETRY)


# ── Telling owners ───────────────────────────────────────────────────────────────────────────────────────


def platform_of(channel_id: str) -> str:
    """The chat's name in a channel's, an actor's or a space's id."""
    return channel_id.partition(":")[0]


def addresses(owner_id: str, sending: Sending, connected: Iterable[str]) -> tuple[str, ...]:
    """Where an owner can be told, best first: in person, then the operator for them; of connected chats only."""
    platform, _, person = owner_id.partition(":")
    wished = [f"{platform}:@{person}"] if person else []
    reachable = set(connected)
    return tuple(
        dict.fromkeys(one for one in (*wished, sending.operator_channel) if platform_of(one) in reachable)
    )


async def tell(subject: str, message: Message, owner_id: str, post: Post) -> bool:
    """Tell an owner once; False when this subject was told before.

    ``owner_id`` is empty for what belongs to the operator. Who cannot be reached finds it in the log, and in
    ``onrecord check``.
    """
    notice = _notice(subject, message, owner_id, post)
    told = await post.store.save_notice(notice)
    if told:
        _log_notice(notice)
    return told


async def tell_of_feeds(post: Post) -> int:
    """Tell the operator, once, of each feed that has been in trouble for long; return how many were told of."""
    told = 0
    for feed in await post.store.feeds_to_tell():
        if feed.trouble is None:
            continue
        message = notices.feed_in_trouble(
            feed.title, feed.url, feed.trouble.cause, feed.trouble.next_step, post.words
        )
        # Both can be repeated: the subject is unique.
        told += await tell(f"feed {feed.id} since {feed.trouble.since.isoformat()}", message, "", post)
        await post.store.save_owner_told(feed.id, post.clock.now())
    return told


def _notice(subject: str, message: Message, owner_id: str, post: Post) -> Notice:
    return Notice(
        subject=subject,
        addresses=addresses(owner_id, post.sending, post.platforms),
        body=blocks.dumps(message),
        text=notices.line(message),
        at=post.clock.now(),
    )


def _log_notice(notice: Notice) -> None:
    _log.warning("owner to be told", subject=notice.subject, text=notice.text, to=notice.addresses[:1])


async def _with_notices(outcome: Outcome, delivery: Delivery, post: Post) -> Outcome:
    """Add the words to its owners that a lost channel or a given-up message calls for.

    A notice that could not be delivered calls for no other notice: it goes on to its next address.
    """
    if (
        not (outcome.channel_lost or outcome.state is DeliveryState.DEAD)
        or delivery.subscription_id == NOTICES
    ):
        return outcome
    channel = await post.store.channel(delivery.channel_id)
    name = channel.name if channel else delivery.channel_id
    orders = await post.store.subscriptions(delivery.channel_id)
    reason = outcome.reason or ""
    if outcome.channel_lost:
        owners = dict.fromkeys(order.owner_id for order in orders) or {"": None}
        message = notices.channel_lost(name, delivery.channel_id, reason, len(orders), post.words)
        subject = f"channel {delivery.channel_id} lost {post.clock.now().isoformat()}"
    else:
        owners = {
            next((order.owner_id for order in orders if order.id == delivery.subscription_id), ""): None
        }
        message = notices.given_up(delivery.id, name, reason, post.words)
        subject = f"delivery {delivery.id} given up after {delivery.attempts}"
    told = tuple(_notice(f"{subject} {owner}".strip(), message, owner, post) for owner in owners)
    for notice in told:
        _log_notice(notice)
    return replace(outcome, notices=told)
