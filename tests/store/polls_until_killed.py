"""Poll invented feeds without end, saying which poll was acknowledged; the test that starts this kills it.

Poll n of a feed brings the validator ``n`` and the entries ``<feed>-<n>-0`` to ``-2``.
"""

import asyncio
import sys
from dataclasses import replace

from bot.model import Feed, Validators
from bot.ports import Poll
from bot.store.sql_store import SqlStore
from tests.store.invented import NOW, entry


async def poll(store: SqlStore, feed: Feed) -> None:
    number = int(feed.validators.etag or b"0")
    while True:
        number += 1
        after = replace(feed, validators=Validators(b"%d" % number), failures=number)
        entries = tuple(entry(f"{feed.id}-{number}-{n}") for n in range(3))
        await store.save_poll(Poll(after, entries, at=NOW))
        print(feed.id, number, flush=True)  # noqa: T201 - what the parent reads


async def main(path: str) -> None:
    async with SqlStore.open(path) as store:
        for n in range(20):
            await store.add_feed(f"https://example.org/{n}", f"Outlet {n}", now=NOW)
        await asyncio.gather(*(poll(store, feed) for feed in await store.feeds()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
