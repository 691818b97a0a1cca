"""What one statement's sentence says about the others: the same interview, the same agency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.language.provenance import Way, is_outlet
from bot.model import Statement

Told = tuple[int, str, Way]
"""(offset, speaker, how) of a sentence that says how somebody spoke; the speaker is empty for "he"."""
_NEAR = 500
"""Characters between a sentence about an interview and the nearest statement made in it."""


def carried(statements: Iterable[tuple[Statement, Way]], between: Iterable[Told]) -> list[Statement]:
    """Let "told the Example" hold for what else the same speaker says in the text: further on, and in its lead."""
    statements = list(statements)
    ways: dict[str, list[tuple[int, Way]]] = {}
    own = [(statement.sentence[0], statement.speaker, way) for statement, way in statements if way.lasts]
    told = [(at, speaker or _nearest(statements, at), way) for at, speaker, way in between]
    for at, speaker, way in sorted([*own, *told], key=lambda found: found[0]):
        ways.setdefault(speaker, []).append((at, way))
    return [_with_way(statement, way, ways.get(statement.speaker, ())) for statement, way in statements]


def relayed(statements: Iterable[Statement], agency: str | None) -> tuple[Statement, ...]:
    """Let "the Example Agency reports" hold for what else the same speaker says, or for the whole article."""
    relays: dict[str, str] = {}
    out = []
    for statement in statements:
        relay = statement.relay or relays.get(statement.speaker) or agency
        if statement.relay:
            relays[statement.speaker] = statement.relay
        out.append(replace(statement, relay=None if is_outlet(statement.speaker) else relay))
    return tuple(out)


def _nearest(statements: Sequence[tuple[Statement, Way]], at: int) -> str:
    """Return who speaks nearest to a sentence that names nobody ("In an interview with …, he")."""
    spoke = (statement for statement, _ in statements if statement.speaker and statement.act == "said")
    near = min(spoke, key=lambda statement: abs(statement.sentence[0] - at), default=None)
    return near.speaker if near and abs(near.sentence[0] - at) < _NEAR else ""


def _with_way(statement: Statement, way: Way, others: Sequence[tuple[int, Way]]) -> Statement:
    if way.via or way.audience or not others or not statement.speaker:
        return statement
    before = [found for at, found in others if at <= statement.sentence[0]]
    found = before[-1] if before else others[0][1]
    return replace(statement, via=found.via, audience=found.audience)
