"""A channel that took no more messages is taken up again where somebody resumes its subscription."""

from bot.model import DeliveryState
from bot.ports import Outcome
from tests.faults.delivering import owe
from tests.store.invented import NOW


async def test_resuming_a_subscription_takes_its_lost_channel_up_again(room):
    await room.ask("subscription add talks every 6h")
    (order,) = await room.desk.store.subscriptions()
    await owe(room.desk.store, order, "A part.")
    (claimed,) = await room.desk.store.claim(NOW, 1)
    lost = Outcome(DeliveryState.PENDING, "the bot was removed", channel_lost=True)
    await room.desk.store.settle(claimed.id, lost, now=NOW)
    assert await room.desk.store.claim(NOW, 1) == []
    assert "covers everything since the last one" in await room.ask("subscription resume 1")
    assert await room.desk.store.lost_channels() == []
    assert [one.body for one in await room.desk.store.claim(NOW, 1)] == [claimed.body]
    assert "is not paused" in await room.ask("subscription resume 1")
