"""What is there for good costs no collection anything, while the bot runs and no longer."""

import gc

from bot.app import App
from bot.settings import Service, Settings


async def test_a_running_bot_leaves_its_own_code_out_of_garbage_collection():
    before = gc.get_freeze_count()
    async with App.build(Settings(service=Service(enabled=False)), database=":memory:") as app:
        async with app.running():
            assert gc.get_freeze_count() > 50_000
        assert gc.get_freeze_count() == 0
    assert before == 0
