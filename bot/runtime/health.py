"""What a monitor may ask over HTTP: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from math import nan
from typing import Self

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from bot.model import ArticleState, DeliveryState
from bot.ports import Totals
from bot.settings import Service, SettingsError

Check = Callable[[], Awaitable[str]]
"""Returns why the bot is not ready, or an empty string."""

_CHECK_SECONDS = 5.0


class Metrics:
    """The figures behind ``/metrics``, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._feeds = self._gauge("feeds", "Feeds known")
        self._entries = self._gauge("entries", "Entries ever seen")
        self._articles = self._gauge("articles", "Articles by state", "state")
        self._statements = self._gauge("statements", "Statements stored")
        self._stories = self._gauge("stories", "Stories stored")
        self._deliveries = self._gauge("deliveries", "Deliveries by state", "state")
        self._oldest_pending = self._gauge(
            "oldest_pending_delivery_age_seconds", "Age of the oldest delivery not yet sent; 0 without one"
        )
        self._last_success = self._gauge(
            "last_successful_poll_age_seconds",
            "Time since any feed was polled with success; NaN before the first",
        )
        self._polls = self._counter("polls", "Polls by outcome", "outcome")
        self._readings = self._counter("readings", "Readings of articles by outcome", "outcome")
        self._workers_lost = self._counter("workers_lost", "Worker processes killed or died, by kind", "kind")
        self._ticks = self._counter("ticks", "Calls of tick functions that returned", "function")
        self._tick_troubles = self._counter(
            "tick_troubles", "Calls that failed, were skipped as overrun, or were missed", "function", "kind"
        )
        self._awaited: set[str] | None = None

    def polled(self, outcome: str) -> None:
        """Count a poll."""
        self._polls.labels(outcome).inc()

    def read(self, outcome: str) -> None:
        """Count a reading."""
        self._readings.labels(outcome).inc()

    def worker_lost(self, kind: str) -> None:
        """Count a worker process that was killed or died."""
        self._workers_lost.labels(kind).inc()

    def expect_ticks(self, functions: Sequence[str]) -> None:
        """These functions are about to be called for the first time."""
        self._awaited = set(functions)

    def ticked(self, function: str) -> None:
        """Count a tick function's call that returned."""
        self._ticks.labels(function).inc()
        if self._awaited:
            self._awaited.discard(function)

    def tick_trouble(self, function: str, kind: str) -> None:
        """Count a call that failed (``error``), was skipped (``overrun``) or ``missed``."""
        self._tick_troubles.labels(function, kind).inc()

    def update(self, totals: Totals, now: datetime) -> None:
        """Take over the store's counts; ages are as of ``now``."""
        self._feeds.set(totals.feeds)
        self._entries.set(totals.entries)
        self._statements.set(totals.statements)
        self._stories.set(totals.stories)
        for article_state in ArticleState:
            self._articles.labels(article_state.value).set(totals.articles.get(article_state, 0))
        for delivery_state in DeliveryState:
            self._deliveries.labels(delivery_state.value).set(totals.deliveries.get(delivery_state, 0))
        pending, success = totals.oldest_pending_at, totals.last_success_at
        self._oldest_pending.set((now - pending).total_seconds() if pending else 0)
        self._last_success.set((now - success).total_seconds() if success else nan)

    async def first_tick(self) -> str:
        """Why the bot is not ready as far as its ticks go: each function must have returned once."""
        if self._awaited is None:
            return "the timer has not started"
        return f"not yet done for the first time: {', '.join(sorted(self._awaited))}" if self._awaited else ""

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"onrecord_{name}", words, labels, registry=self.registry)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"onrecord_{name}", words, labels, registry=self.registry)


class Health:
    """A small web server, while the context is open: ``/healthz``, ``/readyz`` and ``/metrics``.

    Ready means that every tick function has returned once and no check gives a reason against it.
    """

    def __init__(self, settings: Service, metrics: Metrics, checks: Mapping[str, Check]) -> None:
        self._settings = settings
        self._metrics = metrics
        self._checks = {"ticks": metrics.first_tick, **checks}
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that was bound; 0 while the server is not up."""
        addresses = self._runner.addresses if self._runner else []
        return int(addresses[0][1]) if addresses else 0

    async def __aenter__(self) -> Self:
        """Start listening; raise ``SettingsError`` when the configured address cannot be had."""
        app = web.Application()
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._show_metrics)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        host, port = self._settings.host, self._settings.port
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            raise SettingsError(
                f"service.host, service.port: cannot listen on {host}:{port} ({error.strerror or error}). "
                "Stop what uses it, set another port (0 takes any free one), or set service.enabled = false."
            ) from error
        self._runner = runner
        return self

    async def __aexit__(self, *_: object) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _alive(self, _: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _ready(self, _: web.Request) -> web.Response:
        answers = await asyncio.gather(*(_ask(check) for check in self._checks.values()))
        reasons = {name: reason for name, reason in zip(self._checks, answers, strict=True) if reason}
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def _show_metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self._metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {_CHECK_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - a check that fails is a reason, whatever it raises
        return f"{type(error).__name__}: {error}"
