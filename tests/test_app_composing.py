"""One subscription that cannot be composed keeps no other from its digest."""

from dataclasses import replace

import pytest

from bot.app import App
from bot.settings import Digests, Service, Settings
from tests.fakes import FaultyChat, ManualClock
from tests.faults.delivering import NOW, shown, subscribe


class FailsForTheFirst:
    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def save_digest(self, digest):
        if digest.subscription_id == 1:
            raise RuntimeError("an invented fault")
        return await self._store.save_digest(digest)


async def test_a_digest_that_fails_is_raised_after_the_others_are_composed():
    clock = ManualClock(NOW)
    chat = FaultyChat(clock)
    settings = Settings(service=Service(enabled=False), digests=Digests(post_empty=True))
    async with App.build(settings, clock=clock, platforms=[chat], database=":memory:") as built:
        await subscribe(built.tools.store, "fake:a")
        await subscribe(built.tools.store, "fake:b")
        app = replace(built, tools=replace(built.tools, store=FailsForTheFirst(built.tools.store)))
        with pytest.raises(RuntimeError, match="invented fault"):
            await app.compose_due()
        assert await app.deliver_due() == 1
        assert shown(chat, "fake:a") == []
        assert len(shown(chat, "fake:b")) == 1
