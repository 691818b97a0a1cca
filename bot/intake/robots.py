"""robots.txt for article pages: what a site asks of programs, kept per host (docs/feed-rules.md P31, RFC 9309).

Feeds are asked for because a person named them; pages are not. The rules are fetched by whoever owns the network,
through the same guard and limits as everything else, remembered for a day, and renewed conditionally. Touches
nothing by itself.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

from protego import Protego
from yarl import URL

from bot.intake.fetched import Fetched
from bot.intake.hosts import Clock
from bot.model import Validators

KEPT_FOR = timedelta(hours=24)
ASKED_AGAIN_AFTER = timedelta(minutes=30)
"""How long an answer holds that was none: the server was out of order, or could not be reached."""
GIVEN_UP_AFTER = timedelta(days=30)
"""A server whose rules cannot be had for so long has none (RFC 9309, 2.3.1.4)."""
MAX_BYTES = 500 * 1024
"""RFC 9309, 2.5: at least 500 kibibytes are to be read; the rest is cut off."""
MOST_BYTES = 4 * MAX_BYTES
"""What is longer still is not taken in at all."""
_REMEMBERED = 512
_AGENT = re.compile(r"\s*user[- ]?agent\s*:\s*([^#\n]*)", re.IGNORECASE)
_SERVER_ERROR = 500
_TELLS_NOTHING = frozenset({200, 203, 408, 429})
"""Answers without a verdict: a body that could not be read, and matters of time."""
_FOR_THE_SITE = re.compile(r"\s*(?:site-?maps?|host)\s*:", re.IGNORECASE)
"""Lines that belong to no group and end none."""

Ask = Callable[[URL, Validators], Awaitable[Fetched]]
"""Fetches one robots.txt, following redirects."""


class Ruling(NamedTuple):
    """Whether a page may be fetched; ``unknown`` when the rules cannot be had now, and why."""

    verdict: Literal["allowed", "excluded", "unknown"]
    why: str = ""


@dataclass(slots=True)
class _Rules:
    """What is known of one host. ``protego`` None means that everything is allowed."""

    protego: Protego | None
    validators: Validators
    had_at: float
    asked_at: float
    known: bool
    """False while the server has not told and everything has to be left alone."""
    why: str = ""


class Robots:
    """What each host allows a program of our name."""

    def __init__(self, user_agent: str, ask: Ask, clock: Clock) -> None:
        self._name = user_agent.partition("/")[0].split()[0] if user_agent.strip() else "*"
        self._ask = ask
        self._clock = clock
        self._rules: OrderedDict[str, _Rules] = OrderedDict()
        self._asking: dict[str, asyncio.Task[_Rules]] = {}

    async def ruling(self, page: URL) -> Ruling:
        """Say whether this page may be fetched."""
        origin = page.origin()
        rules = self._rules.get(str(origin))
        if rules is None or not self._holds(rules):
            rules = await self._renew(origin, rules)
        if not rules.known:
            return Ruling("unknown", rules.why)
        allowed = rules.protego is None or rules.protego.can_fetch(str(page), self._name)
        return Ruling("allowed" if allowed else "excluded")

    def _holds(self, rules: _Rules) -> bool:
        now = self._clock.now().timestamp()
        kept = KEPT_FOR if rules.known and rules.had_at == rules.asked_at else ASKED_AGAIN_AFTER
        return 0 <= now - rules.asked_at < kept.total_seconds()

    async def _renew(self, origin: URL, old: _Rules | None) -> _Rules:
        """Ask once, however many pages of the host are waiting; who is cancelled takes nobody along."""
        name = str(origin)
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.create_task(self._fetch(origin, old), name=f"robots {name}")
            asking.add_done_callback(lambda _: self._asking.pop(name, None))
        rules = await asyncio.shield(asking)
        self._rules[name] = rules
        self._rules.move_to_end(name)
        if len(self._rules) > _REMEMBERED:
            self._rules.popitem(last=False)
        return rules

    async def _fetch(self, origin: URL, old: _Rules | None) -> _Rules:
        validators = old.validators if old and old.known else Validators()
        fetched = await self._ask(origin / "robots.txt", validators)
        now = self._clock.now().timestamp()
        if fetched.outcome == "unchanged" and old is not None:
            return _Rules(old.protego, fetched.validators or old.validators, now, now, known=True)
        if fetched.outcome == "ok":
            rules = await asyncio.to_thread(_parse, fetched.body, self._name)
            return _Rules(rules, fetched.validators or Validators(), now, now, known=True)
        # What may not be reached at all is refused when the page itself is asked for, in better words.
        if _has_none(fetched.status) or (fetched.definite and fetched.status is None):
            return _Rules(None, Validators(), now, now, known=True)
        if old is None:
            return _Rules(None, Validators(), now, now, known=False, why=fetched.cause)
        # Unreachable: what was known before goes on to hold, for as long as the RFC lets it.
        given_up = now - old.had_at >= GIVEN_UP_AFTER.total_seconds()
        return _Rules(
            None if given_up else old.protego,
            old.validators,
            old.had_at,
            now,
            known=old.known or given_up,
            why=fetched.cause,
        )


def _has_none(status: int | None) -> bool:
    """Tell a host without rules (404, 403, a redirect to nowhere) from one that cannot tell them now."""
    return status is not None and status < _SERVER_ERROR and status not in _TELLS_NOTHING


def _parse(body: bytes, name: str) -> Protego:
    """Read the rules for one name; those for others are left out first.

    Protego takes rules times names in time and memory: a hostile file could have thousands of each.
    """
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace")
    lines = text.splitlines()
    if len(body) > MAX_BYTES:
        lines.pop()  # half a path would exclude more than was meant
    ours: list[str] = []
    meant: set[str] = set()
    naming = False
    for line in lines:
        agent = _AGENT.match(line)
        if agent:
            meant = meant if naming else set()
            token = agent[1].strip().partition("/")[0].casefold()
            if token in ("*", name.casefold()):
                meant.add(token)
            naming = True
        elif line.partition("#")[0].strip() and not _FOR_THE_SITE.match(line):
            if naming and meant:
                ours += [f"User-agent: {token}" for token in sorted(meant)]
            naming = False
            if meant:
                ours.append(line)
    return Protego.parse("\n".join(ours))
