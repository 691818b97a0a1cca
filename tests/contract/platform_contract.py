"""What every chat's adapter must do, as tests: subclass ``PlatformContract`` and give it a ``chat`` fixture.

The outbox builds on these answers (``bot/owed.py``, ``Platform``): an adapter that calls a lost answer "not sent"
posts twice, one that calls a refusal "in doubt" blocks its channel.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from bot.message import blocks
from bot.message.blocks import Message, Text
from bot.model import Delivery, DeliveryState
from bot.outbox import idempotency_key
from bot.owed import CannotTell, InDoubt, NotSent, Platform, Refused

FAULTS = {
    # what the server does with the next request: (what the adapter raises, whether the message is shown)
    "unreachable": (NotSent, False),
    "rate limit": (NotSent, False),
    "global rate limit": (NotSent, False),
    "message refused": (Refused, False),
    "channel gone": (Refused, False),
    "server error": (InDoubt, False),
    "server error after posting": (InDoubt, True),
    "no answer": (InDoubt, True),
}
RETRY_AFTER_S = 7
"""What a rate limit says; a harness whose server speaks in another unit says the same time in it."""


class ChatUnderTest(Protocol):
    """An adapter, and the server behind it that a test can bend."""

    platform: Platform
    channel_id: str
    honours_keys: bool
    """The server shows a message with a known key once."""
    can_find: bool
    faults: Collection[str]
    """Those of ``FAULTS`` that this chat's server knows."""

    def next(self, fault: str) -> None:
        """The server answers the next request so."""
        ...

    def shown(self) -> list[str]:
        """The messages that people see in the channel, oldest first, each as all its text."""
        ...


def delivery(chat: ChatUnderTest, text: str, part: int = 0, **changes: object) -> Delivery:
    """An invented delivery as the outbox hands it over; attempted just now."""
    now = datetime.now(UTC)
    made = Delivery(
        id=part + 1,
        channel_id=chat.channel_id,
        subscription_id=1,
        due_at=now,
        part=part,
        body=blocks.dumps(Message((Text(text),))),
        key=idempotency_key(chat.channel_id, 1, now, part),
        state=DeliveryState.SENDING,
        attempts=1,
        attempted_at=now,
    )
    return replace(made, **changes)


class PlatformContract:
    """The contract; a subclass overrides ``chat``."""

    @pytest.fixture
    def chat(self) -> ChatUnderTest:
        raise NotImplementedError("give the adapter under test")

    async def test_messages_are_shown_in_the_order_they_are_sent_each_with_an_id_of_its_own(self, chat):
        ids = [
            await chat.platform.send(delivery(chat, text, part), may_be_repeated=False)
            for part, text in enumerate(("The first part.", "The second part."))
        ]
        first, second = chat.shown()
        assert "The first part." in first
        assert "The second part." in second
        assert len(set(ids)) == 2
        assert all(ids)

    def test_its_name_is_the_prefix_of_its_channels(self, chat):
        assert chat.channel_id.startswith(f"{chat.platform.name}:")

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_a_fault_is_told_for_what_it_is(self, chat, fault):
        if fault not in chat.faults:
            pytest.skip(f"{chat.platform.name} has no such fault: {fault}")
        error, posted = FAULTS[fault]
        chat.next(fault)
        with pytest.raises(error) as raised:
            await chat.platform.send(delivery(chat, "A part."), may_be_repeated=False)
        assert str(raised.value), "the reason is shown to the owner"
        assert len(chat.shown()) == posted

    @pytest.mark.parametrize("fault", ["rate limit", "global rate limit"])
    async def test_a_rate_limit_says_how_long_and_for_whom(self, chat, fault):
        if fault not in chat.faults:
            pytest.skip(f"{chat.platform.name} has no such fault: {fault}")
        chat.next(fault)
        with pytest.raises(NotSent) as raised:
            await chat.platform.send(delivery(chat, "A part."), may_be_repeated=False)
        assert raised.value.retry_after >= timedelta(seconds=RETRY_AFTER_S)
        assert raised.value.everywhere is (fault == "global rate limit")

    @pytest.mark.parametrize(
        ("fault", "kind"), [("message refused", "message"), ("channel gone", "destination gone")]
    )
    async def test_a_refusal_says_whether_the_message_or_the_channel_is_at_fault(self, chat, fault, kind):
        if fault not in chat.faults:
            pytest.skip(f"{chat.platform.name} has no such fault: {fault}")
        chat.next(fault)
        with pytest.raises(Refused) as raised:
            await chat.platform.send(delivery(chat, "A part."), may_be_repeated=False)
        assert raised.value.kind == kind

    async def test_a_stored_message_that_cannot_be_read_is_refused(self, chat):
        with pytest.raises(Refused) as raised:
            await chat.platform.send(delivery(chat, "", body="no message"), may_be_repeated=False)
        assert raised.value.kind == "message"
        assert chat.shown() == []

    async def test_a_message_posted_without_an_answer_is_found_by_its_key_and_no_other_is(self, chat):
        if not chat.can_find:
            with pytest.raises(CannotTell):
                await chat.platform.find(delivery(chat, "The same words."))
            return
        other = delivery(chat, "The same words.", part=1)
        await chat.platform.send(other, may_be_repeated=False)
        wanted = delivery(chat, "The same words.")
        assert await chat.platform.find(replace(wanted, state=DeliveryState.UNKNOWN)) is None
        chat.next("no answer")
        with pytest.raises(InDoubt):
            await chat.platform.send(wanted, may_be_repeated=False)
        assert await chat.platform.find(replace(wanted, state=DeliveryState.UNKNOWN))
        assert len(chat.shown()) == 2

    async def test_a_history_that_cannot_be_read_now_does_not_say_that_nothing_was_posted(self, chat):
        if not chat.can_find or "unreachable" not in chat.faults:
            pytest.skip(f"{chat.platform.name} cannot be looked into anyway")
        chat.next("unreachable")
        with pytest.raises((NotSent, InDoubt)):
            await chat.platform.find(delivery(chat, "A part.", state=DeliveryState.UNKNOWN))

    async def test_sent_again_a_message_is_shown_once_or_says_that_it_may_be_repeated(self, chat):
        one = delivery(chat, "A part.")
        if "no answer" in chat.faults:
            chat.next("no answer")
            with pytest.raises(InDoubt):
                await chat.platform.send(one, may_be_repeated=False)
        else:
            await chat.platform.send(one, may_be_repeated=False)
        assert await chat.platform.send(one, may_be_repeated=True)
        if chat.honours_keys:
            assert len(chat.shown()) == 1
        else:
            first, second = chat.shown()
            assert len(second) > len(first), "the second says that it may be one"
