"""The real bot as a process that may be told to stop: its chat posts into a file, and then does not answer.

Run by ``test_faults_delivery``: ``hang`` runs until a signal comes, ``once`` sends what is owed and ends.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.app import App, until_told_to_stop
from bot.cli import logs
from bot.message import blocks
from bot.model import Delivery
from bot.settings import Database, Service, Settings


class FileChat:
    """A chat whose history is a file with one line for each message: key and words."""

    name = "fake"

    def __init__(self, posted: Path, *, hangs: bool) -> None:
        self._posted = posted
        self._hangs = hangs

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:
        words = blocks.loads(delivery.body).blocks[0].text
        with self._posted.open("a") as history:
            history.write(f"{delivery.key} {words}\n")
        if self._hangs:
            print("posted", flush=True)  # noqa: T201 - what the parent waits for
            await asyncio.Event().wait()
        return delivery.key

    async def find(self, delivery: Delivery) -> str | None:
        keys = [line.split()[0] for line in self._posted.read_text().splitlines()]
        return delivery.key if delivery.key in keys else None


async def main(path: str, posted: str, how: str) -> None:
    settings = Settings(database=Database(path=Path(path)), service=Service(enabled=False), tick_seconds=0.2)
    logs.configure(settings)
    async with App.build(settings, platforms=[FileChat(Path(posted), hangs=how == "hang")]) as app:
        if how == "hang":
            async with app.running():
                await until_told_to_stop()
        else:
            await app.deliver_due()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
