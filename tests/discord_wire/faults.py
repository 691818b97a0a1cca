"""What a test can have go wrong with a request, before or after Discord has done what it asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

When = Literal["before", "after"]
"""The write: whether what the request asks for is done before its answer goes wrong."""


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with an HTTP status and Discord's JSON error; 5xx without a code come as a proxy's HTML."""

    status: int
    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Answer 429. ``everywhere``: the limit of all requests; ``scope`` is what X-RateLimit-Scope says."""

    retry_after: float
    everywhere: bool = False
    scope: str = "user"


@dataclass(frozen=True, slots=True)
class Silence:
    """Never answer; the connection stays open until somebody gives up."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection without an answer."""


Kind = Status | RateLimit | Silence | Cut

EXPIRED_INTERACTION = Status(404, 10062, "Unknown interaction")
UNKNOWN_MESSAGE = Status(404, 10008, "Unknown Message")


@dataclass(slots=True)
class Fault:
    """The next ``times`` requests of this method to a matching path go wrong like this."""

    method: str
    path: re.Pattern[str]
    kind: Kind
    when: When = "before"
    times: int = 1
    struck: int = 0


@dataclass(slots=True)
class Faults:
    """What is to go wrong, in the order it was said."""

    waiting: list[Fault] = field(default_factory=list)
    on_strike: Callable[[Fault], None] = lambda fault: None

    def add(self, method: str, path: str, kind: Kind, *, when: When = "before", times: int = 1) -> Fault:
        fault = Fault(method, re.compile(path), kind, when, times)
        self.waiting.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for a request, counted as struck."""
        for fault in self.waiting:
            if fault.method == method and fault.path.search(path) and fault.struck < fault.times:
                fault.struck += 1
                self.on_strike(fault)
                return fault
        return None
