"""Send what is owed: claim, send, reconcile, retry, give up aloud.

Exactly-once towards a foreign chat is impossible. The promise is: nothing owed is lost, and nothing is shown
twice where the chat lets us look (``find``) or honours our key; where it does neither, a repeated message says
that it may be one. A delivery that stood in ``sending`` when the program died is in doubt, never "not sent".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog

from bot.model import Delivery, DeliveryState
from bot.ports import CannotTell, Clock, InDoubt, NotSent, Outbox, Platform, Refused

_log = structlog.get_logger(__name__)

_BATCH = 50
_FIRST_RETRY = timedelta(seconds=10)
_LONGEST_RETRY = timedelta(minutes=15)
_MOST_DOUBLINGS = 10


async def deliver_due(store: Outbox, platforms: Mapping[str, Platform], clock: Clock) -> int:
    """Try everything that may be tried now, oldest first in each channel; return how many were sent."""
    sent = 0
    while claimed := await store.claim(clock.now(), _BATCH):
        for delivery in claimed:
            sent += await _deliver(delivery, store, platforms, clock)
    return sent


async def _deliver(
    delivery: Delivery, store: Outbox, platforms: Mapping[str, Platform], clock: Clock
) -> bool:
    """One attempt at one delivery, its outcome saved; True when it now counts as sent."""
    log = _log.bind(delivery=delivery.id, channel=delivery.channel_id)
    try:
        message_id = await _send_or_find(delivery, platforms.get(delivery.channel_id.partition(":")[0]))
    except NotSent as error:
        wait = error.retry_after or retry_delay(delivery.attempts)
        state, reason, not_before = DeliveryState.PENDING, str(error), clock.now() + wait
    except Refused as error:
        state, reason, not_before = DeliveryState.DEAD, str(error), None
    except InDoubt as error:
        state, reason = DeliveryState.UNKNOWN, str(error)
        not_before = clock.now() + retry_delay(delivery.attempts)
    except Exception as error:
        # An adapter's bug tells nothing about whether the message went out.
        log.exception("delivery failed unexpectedly")
        state, reason = DeliveryState.UNKNOWN, f"{type(error).__name__}: {error}"
        not_before = clock.now() + retry_delay(delivery.attempts)
    else:
        await store.settle(delivery.id, DeliveryState.SENT, now=clock.now(), message_id=message_id)
        log.info("delivered", message=message_id)
        return True
    await store.settle(delivery.id, state, now=clock.now(), reason=reason, not_before=not_before)
    log.warning("not delivered", state=state.value, reason=reason)
    return False


async def _send_or_find(delivery: Delivery, platform: Platform | None) -> str:
    """Send a pending delivery; look up a doubtful one first, and send it only when it is not there."""
    if platform is None:
        raise NotSent("this chat is not connected", retry_after=_LONGEST_RETRY)
    if delivery.state is not DeliveryState.UNKNOWN:
        return await platform.send(delivery, may_be_repeated=False)
    try:
        found = await platform.find(delivery)
    except CannotTell:
        return await platform.send(delivery, may_be_repeated=True)
    return found if found is not None else await platform.send(delivery, may_be_repeated=False)


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling from 10 seconds to a quarter of an hour."""
    doublings = min(max(attempts - 1, 0), _MOST_DOUBLINGS)
    return min(_FIRST_RETRY * float(2**doublings), _LONGEST_RETRY)
