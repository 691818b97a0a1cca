"""How a line that is being typed may go on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.commands import catalog
from bot.commands.catalog import Command

MOST = 25
"""As many as a chat shows at once."""
_PERIODS = ("12h", "24h", "3d", "7d", "today", "yesterday")
_TIMES = ("today", "yesterday", "monday", "last week")
_SCHEDULES = ("hourly", "every 6h", "daily 08:00", "weekdays 09:00", "weekly mon 08:00")

_QUIET = ("22:00-07:00", "off")

_WHOLE = ("speaker", "command")
"""Values of several words that stand first: everything typed so far is their beginning."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names that may be meant."""

    topics: Sequence[str] = ()
    speakers: Sequence[str] = ()
    outlets: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A text and how many typed characters before the cursor it replaces."""

    text: str
    replaces: int


def complete(line: str, names: Names) -> list[Completion]:
    """Return what may stand at the end of ``line``, best first, at most 25."""
    typed = line.lstrip()
    starts = [name for name in catalog.names() if name.startswith(typed.casefold())]
    if starts and (" " not in typed or typed.casefold() not in starts):
        return [Completion(name, len(typed)) for name in starts[:MOST]]
    command = _command(typed)
    if command is None:
        return []
    return [
        Completion(text, len(last))
        for last, options in _options(command, typed[len(command.name) :], names)
        for text in options
        if text.casefold().startswith(last.casefold()) and text.casefold() != last.casefold()
    ][:MOST]


def _command(typed: str) -> Command | None:
    """Return the command that the line begins with."""
    found = [name for name in catalog.names() if typed.casefold().startswith(f"{name} ")]
    return catalog.find(found[0]) if found else None


def _options(command: Command, typed: str, names: Names) -> list[tuple[str, Sequence[str]]]:
    """Pairs of what is typed already and what it may become: a keyword's values, or what the command takes."""
    words = typed.split(" ")
    last = words[-1]
    by_name = {parameter.name: parameter for parameter in command.parameters}
    if keyword := next((word for word in reversed(words[:-1]) if word.casefold() in by_name), None):
        parameter = by_name[keyword.casefold()]
        value = typed.rpartition(f"{keyword} ")[2]
        values = listed(parameter.kind, parameter.choices, names)
        if any(option.casefold().startswith(value.casefold()) for option in values):
            return [(value, values)]
    found: list[tuple[str, Sequence[str]]] = []
    for parameter in command.parameters:
        if parameter.keyword:
            found.append((last, [parameter.name]))
        else:
            value = typed.lstrip() if parameter.kind in _WHOLE else last
            found.append((value, listed(parameter.kind, parameter.choices, names)))
    return found


def listed(kind: str, choices: Sequence[str], names: Names) -> Sequence[str]:
    """Return what a parameter of this kind may be, as far as a list can say."""
    by_kind = {
        "topic": names.topics,
        "speaker": names.speakers,
        "outlet": names.outlets,
        "period": _PERIODS,
        "time": _TIMES,
        "schedule": _SCHEDULES,
        "quiet": _QUIET,
        "command": tuple(catalog.names()),
    }
    return choices or by_kind.get(kind, ())
