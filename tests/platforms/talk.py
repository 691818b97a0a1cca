"""A bot that does nothing but talk in the terminal: run by the terminal's tests as a program of its own.

On SIGUSR1 it sends a delivery.
"""

import asyncio
import signal
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot import knowledge
from bot.commands.handlers import Desk
from bot.knowledge.words import Words
from bot.message import blocks
from bot.model import Delivery
from bot.platforms.terminal import CHANNEL_ID, TerminalPlatform, chat
from bot.settings import Settings
from bot.store.sql_store import SqlStore
from tests.fakes import HereAndNow, ManualClock, StandingFetcher

DELIVERY = Delivery(
    id=1,
    channel_id=CHANNEL_ID,
    subscription_id=1,
    due_at=datetime(2031, 5, 4, 12, tzinfo=UTC),
    part=1,
    body=blocks.dumps(blocks.Message((blocks.Title("A delivery of its own"),))),
    key="key-1",
)


async def deliver(platform: TerminalPlatform) -> None:
    wanted = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, wanted.set)
    await wanted.wait()
    await platform.send(DELIVERY, may_be_repeated=False)


async def main() -> None:
    words = Words("en")
    async with SqlStore.open(":memory:") as store:
        desk = Desk(
            store=store,
            knowledge=knowledge.load(),
            words=words,
            settings=Settings(),
            clock=ManualClock(datetime(2031, 5, 4, 12, tzinfo=UTC)),
            fetcher=StandingFetcher({}),
            parser=HereAndNow(),
            zone=ZoneInfo("Europe/Kyiv"),
        )
        platform = TerminalPlatform(words)
        delivering = asyncio.create_task(deliver(platform))
        await chat(desk, platform)
        delivering.cancel()
        with suppress(asyncio.CancelledError):
            await delivering


if __name__ == "__main__":
    asyncio.run(main())
