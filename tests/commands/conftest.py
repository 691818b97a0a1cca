"""A desk on a real database in memory, with a network and a parser that stand still."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import pytest

from bot import knowledge
from bot.commands.handlers import Desk, answer_line
from bot.knowledge.words import Words
from bot.message.blocks import Message
from bot.message.plain_text import render
from bot.model import Actor, Channel
from bot.settings import Settings
from bot.store.sql_store import SqlStore
from tests.fakes import HereAndNow, ManualClock, StandingFetcher
from tests.store.invented import NOW

HERE = Channel("terminal:main", "terminal", "terminal", timezone="Europe/Kyiv")
ADMIN = Actor("terminal:operator", is_admin=True, is_operator=True)
KNOWN = knowledge.load()


@dataclass
class Room:
    """A channel in which somebody asks."""

    desk: Desk
    fetcher: StandingFetcher
    clock: ManualClock
    asker: Actor = ADMIN
    channel: Channel = HERE
    answers: list[Message] = field(default_factory=list)

    async def ask(self, line: str) -> str:
        """Type a line and return what is shown."""
        message = await answer_line(line, self.desk, channel=self.channel, actor=self.asker)
        self.answers.append(message)
        return render(message, width=100, colour=False)

    def language(self, language: str) -> "Room":
        return replace(self, desk=replace(self.desk, words=Words(language)))


@pytest.fixture
async def store() -> AsyncIterator[SqlStore]:
    async with SqlStore.open(":memory:") as opened:
        yield opened


@pytest.fixture
def room(store: SqlStore) -> Room:
    fetcher, clock = StandingFetcher({}), ManualClock(NOW)
    desk = Desk(
        store=store,
        knowledge=KNOWN,
        words=Words("en"),
        settings=Settings(),
        clock=clock,
        fetcher=fetcher,
        parser=HereAndNow(),
        zone=ZoneInfo("Europe/Kyiv"),
    )
    return Room(desk, fetcher, clock)
