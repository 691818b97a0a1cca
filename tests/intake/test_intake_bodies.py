"""Places for large documents, whatever number of requests is under way."""

import asyncio

from bot.intake import bodies
from bot.intake.bodies import SMALL, Bodies
from bot.intake.fetch import HttpFetcher
from bot.settings import Fetching
from tests.politeness.polite import Clock, answer, sites


async def test_large_documents_take_turns_until_their_jobs_end_and_small_ones_pass():
    places, inside, most = Bodies(2), 0, 0
    small_done = []

    async def job(number):
        nonlocal inside, most
        async with places.job():
            if number % 2:
                small_done.append(number)
                return
            await bodies.has_grown()
            await bodies.has_grown()
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(job(number) for number in range(40)))
    assert most == 2
    assert len(small_done) == 20
    async with places.job():
        await bodies.has_grown()


async def test_a_job_that_fails_or_is_cancelled_gives_its_place_back():
    places = Bodies(1)

    async def fails():
        async with places.job():
            await bodies.has_grown()
            raise ValueError

    async def hangs():
        async with places.job():
            await bodies.has_grown()
            await asyncio.Event().wait()

    await asyncio.gather(fails(), return_exceptions=True)
    hanging = asyncio.ensure_future(hangs())
    await asyncio.sleep(0)
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    async with asyncio.timeout(5), places.job():
        await bodies.has_grown()


async def test_outside_of_a_job_nobody_waits():
    await bodies.has_grown()


async def test_waiting_for_a_place_is_not_held_against_the_server():
    places, clock = Bodies(1), Clock()
    settings = Fetching(allow_networks=("127.0.0.0/8",), timeout_seconds=0.3, page_spacing_seconds=0)
    async with sites(clock, 4) as wires, HttpFetcher(settings, clock) as fetcher:
        for wire in wires:
            wire.answers["/feed"] = answer(b"x" * (SMALL * 2))

        async def poll(wire):
            async with places.job():
                fetched = await fetcher.fetch(wire.url + "/feed")
                await asyncio.sleep(0.2)  # parsing: together longer than any server's time limit
                return fetched.outcome

        assert await asyncio.gather(*(poll(wire) for wire in wires)) == ["ok"] * 4
