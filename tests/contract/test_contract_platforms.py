"""The fakes and the terminal keep the contract that every chat's adapter must keep."""

from __future__ import annotations

import io

import pytest

from bot.knowledge.words import Words
from bot.message import blocks
from bot.model import Delivery
from bot.platforms.terminal import CHANNEL_ID, TerminalPlatform
from tests.contract.platform_contract import FAULTS, PlatformContract
from tests.fakes import FaultyChat, ManualClock


class FakeUnderTest(FaultyChat):
    """The fake as an adapter: its outcomes under the contract's names."""

    channel_id = "fake:one"
    faults = frozenset(FAULTS)
    _OUTCOMES = {  # noqa: RUF012 - a table
        "unreachable": "down",
        "rate limit": "busy",
        "global rate limit": "flood",
        "message refused": "refused",
        "channel gone": "gone",
        "server error": "lost",
        "server error after posting": "silent",
        "no answer": "silent",
    }

    def __init__(self, *, honours_keys: bool, can_find: bool) -> None:
        super().__init__(
            ManualClock(), honours_keys=honours_keys, can_find=can_find, refuses=self._unreadable
        )
        self.honours_keys, self.can_find, self.platform = honours_keys, can_find, self

    @staticmethod
    def _unreadable(delivery: Delivery) -> str:
        try:
            blocks.loads(delivery.body)
        except ValueError:
            return "refused"
        return ""

    def next(self, fault: str) -> None:
        self.script.append(self._OUTCOMES[fault])
        self.looks.append("blind" if fault == "unreachable" else "ok")

    def shown(self, channel_id: str = "") -> list[str]:
        return [f"{'(again?) ' if post.marked else ''}{post.body}" for post in super().shown(channel_id)]


class TestKeyedFake(PlatformContract):
    @pytest.fixture
    def chat(self):
        return FakeUnderTest(honours_keys=True, can_find=False)


class TestSearchableFake(PlatformContract):
    @pytest.fixture
    def chat(self):
        return FakeUnderTest(honours_keys=False, can_find=True)


class TerminalUnderTest(io.StringIO):
    """The terminal, and the stream it prints on, which may be closed by its reader."""

    channel_id = CHANNEL_ID
    honours_keys = False
    can_find = False
    faults = ("unreachable",)

    def __init__(self) -> None:
        super().__init__()
        self.platform = TerminalPlatform(Words("en"), self, width=100)
        self._closed_by_reader = False

    def next(self, fault: str) -> None:
        self._closed_by_reader = fault == "unreachable"

    def write(self, text: str) -> int:
        if self._closed_by_reader:
            raise BrokenPipeError
        return super().write(text)

    def shown(self) -> list[str]:
        return [text for text in self.getvalue().split("\n\n") if text.strip()]


class TestTerminal(PlatformContract):
    @pytest.fixture
    def chat(self):
        return TerminalUnderTest()
