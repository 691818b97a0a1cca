"""A feed that answers by script, polled through the real decisions into a real store."""

from __future__ import annotations

import re
from collections import Counter

from bot import knowledge, pipeline
from bot.knowledge.words import Words
from bot.model import Validators
from bot.ports import Fetched
from bot.settings import Settings
from tests.fakes import HereAndNow

URL = "https://wire.example/feed"
KNOWLEDGE = knowledge.load()


class Scripted:
    """A server that answers with the document it was given last."""

    def __init__(self):
        self.body = b""

    async def fetch(self, url, *, validators=None, page=False, **_):
        return Fetched("ok", url, 200, self.body, "application/xml", Validators(b'"x"'))


def tools_on(store, fetcher, clock):
    parser = HereAndNow()
    return pipeline.Tools(
        store=store, fetcher=fetcher, parser=parser, pages=parser, reader=parser, knowledge=KNOWLEDGE,
        words=Words("en"), settings=Settings(), clock=clock,
    )  # fmt: skip


async def stories_of(store, now):
    """Of every article that waits to be read, the story it truly is."""
    waiting = await store.articles_to_read(now, 10_000)
    return Counter(int(re.search(r"\[story (\d+)\]", one.summary)[1]) for one in waiting)
