"""Health, readiness and metrics, asked over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.model import ArticleState, DeliveryState
from bot.ports import Totals
from bot.runtime import health
from bot.runtime.health import Health, Metrics
from bot.settings import Service, SettingsError

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
ANY_PORT = Service(port=0)
EMPTY = Totals(
    feeds=0,
    entries=0,
    articles={},
    statements=0,
    stories=0,
    deliveries={},
    oldest_pending_at=None,
    last_success_at=None,
)


async def ask(server: Health, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{server.port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def ready(metrics: Metrics, **checks) -> tuple[int, dict]:
    async with (
        Health(ANY_PORT, metrics, checks) as server,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{server.port}/readyz") as answer,
    ):
        return answer.status, await answer.json()


@pytest.fixture
def ticked():
    metrics = Metrics()
    metrics.expect_ticks(["poll"])
    metrics.ticked("poll")
    return metrics


async def test_it_is_alive_before_it_is_ready():
    async with Health(ANY_PORT, Metrics(), {}) as server:
        assert (await ask(server, "/healthz"))[0] == 200
        assert (await ask(server, "/readyz"))[0] == 503


async def test_unknown_paths_are_not_found():
    async with Health(ANY_PORT, Metrics(), {}) as server:
        assert (await ask(server, "/"))[0] == 404


async def test_it_is_ready_when_the_first_tick_is_done_and_no_check_objects(ticked):
    async def fine():
        return ""

    assert await ready(ticked, database=fine) == (200, {"ready": True, "reasons": {}})


async def test_a_check_that_objects_or_fails_is_a_reason(ticked):
    async def full():
        return "the disk is full"

    async def broken():
        raise OSError("gone")

    async def fine():
        return ""

    status, answer = await ready(ticked, disk=full, database=broken, chat=fine)
    assert status == 503
    assert answer == {"ready": False, "reasons": {"disk": "the disk is full", "database": "OSError: gone"}}


async def test_a_check_that_never_answers_is_a_reason(ticked, monkeypatch):
    monkeypatch.setattr(health, "_CHECK_SECONDS", 0.02)

    async def hanging():
        return str(await asyncio.Event().wait())

    status, answer = await ready(ticked, database=hanging)
    assert (status, answer["reasons"]) == (503, {"database": "no answer within 0.02 s"})


async def test_it_is_not_ready_until_each_tick_function_has_returned_once():
    metrics = Metrics()
    assert (await ready(metrics))[1]["reasons"] == {"ticks": "the timer has not started"}
    metrics.expect_ticks(["poll", "send"])
    metrics.ticked("poll")
    assert (await ready(metrics))[1]["reasons"] == {"ticks": "not yet done for the first time: send"}
    metrics.ticked("send")
    assert (await ready(metrics))[0] == 200


async def samples(metrics: Metrics) -> dict[str, float]:
    async with Health(ANY_PORT, metrics, {}) as server:
        status, text = await ask(server, "/metrics")
    assert status == 200
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


async def test_metrics_show_the_stores_counts_and_ages():
    metrics = Metrics()
    metrics.update(
        Totals(
            feeds=3,
            entries=40,
            articles={ArticleState.READ: 7, ArticleState.TO_READ: 2},
            statements=19,
            stories=5,
            deliveries={DeliveryState.SENT: 4, DeliveryState.PENDING: 1},
            oldest_pending_at=NOW - timedelta(seconds=90),
            last_success_at=NOW - timedelta(minutes=2),
        ),
        NOW,
    )
    shown = await samples(metrics)
    expected = {
        "onrecord_feeds": 3,
        "onrecord_entries": 40,
        "onrecord_articles read": 7,
        "onrecord_articles to_read": 2,
        "onrecord_articles unreadable": 0,
        "onrecord_statements": 19,
        "onrecord_stories": 5,
        "onrecord_deliveries sent": 4,
        "onrecord_deliveries dead": 0,
        "onrecord_oldest_pending_delivery_age_seconds": 90,
        "onrecord_last_successful_poll_age_seconds": 120,
    }
    assert {name: shown[name] for name in expected} == expected


async def test_ages_without_a_beginning_are_zero_or_not_a_number():
    metrics = Metrics()
    metrics.update(EMPTY, NOW)
    shown = await samples(metrics)
    assert shown["onrecord_oldest_pending_delivery_age_seconds"] == 0
    assert str(shown["onrecord_last_successful_poll_age_seconds"]) == "nan"


async def test_metrics_count_what_happened():
    metrics = Metrics()
    for outcome in ("new", "new", "failed"):
        metrics.polled(outcome)
    metrics.read("read")
    metrics.worker_lost("parse")
    metrics.ticked("poll")
    metrics.tick_trouble("poll", "error")
    shown = await samples(metrics)
    assert shown["onrecord_polls_total new"] == 2
    assert shown["onrecord_polls_total failed"] == 1
    assert shown["onrecord_readings_total read"] == 1
    assert shown["onrecord_workers_lost_total parse"] == 1
    assert shown["onrecord_ticks_total poll"] == 1
    assert shown["onrecord_tick_troubles_total poll error"] == 1


def test_every_metric_is_explained_in_the_operators_guide_with_its_labels():
    guide = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    explained = dict(re.findall(r"^\| `(onrecord_\w+)(?:\{([\w,]+)\})?` \|", guide, re.MULTILINE))
    metrics = Metrics()
    known = {
        family.name + ("_total" if family.type == "counter" else ""): ",".join(collector._labelnames)
        for collector in metrics.registry._collector_to_names
        for family in collector.describe()
    }
    assert explained == known


async def test_two_bots_in_one_process_do_not_share_figures():
    one, other = Metrics(), Metrics()
    one.polled("new")
    assert "onrecord_polls_total new" not in await samples(other)


async def test_a_port_in_use_names_the_setting():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingsError, match=rf"service\.port.*127\.0\.0\.1:{port}.*in use.*service\.enabled"
        ):
            async with Health(Service(port=port), Metrics(), {}):
                pytest.fail("it listened on a taken port")


async def test_a_host_that_is_not_ours_names_the_setting():
    with pytest.raises(SettingsError, match=r"service\.host"):
        async with Health(Service(host="192.0.2.1", port=0), Metrics(), {}):
            pytest.fail("it listened on a foreign address")


async def test_the_port_is_free_again_afterwards(ticked):
    async with Health(ANY_PORT, ticked, {}) as server:
        port = server.port
    assert server.port == 0
    async with Health(Service(port=port), ticked, {}) as again:
        assert again.port == port
