"""Reading the knowledge files: TOML checked as it is read, so that a wrong entry is named with its file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any, cast, get_args

from bot.knowledge.lookup import Knowledge
from bot.model import Outlet, Ownership, Policy, Speaker, Topic

SIDES = ("ukraine", "russia", "us", "europe", "international", "other")
"""Every side a speaker may be on: the groups of a digest's balance line."""

_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


class KnowledgeError(ValueError):
    """A knowledge file cannot be used; the message names the file, the entry and what it should be."""


@cache
def load() -> Knowledge:
    """Read the files that ship with the package."""
    outlets, keys = outlets_from(_text("outlets.toml"), "outlets.toml")
    return Knowledge(
        topics=topics_from(_text("topics.toml"), "topics.toml"),
        speakers=speakers_from(_text("speakers.toml"), "speakers.toml"),
        outlets=outlets,
        outlet_keys=keys,
    )


def topics_from(text: str, file: str) -> tuple[Topic, ...]:
    """Read topics: name, title, description, threshold and groups of terms with one weight each."""
    return tuple(_topic(entry, file) for entry in _parsed(text, file).get("topic", ()))


def speakers_from(text: str, file: str) -> tuple[Speaker, ...]:
    """Read speakers grouped by side."""
    return tuple(
        _speaker(name, side, entry, file)
        for side, group in _parsed(text, file).items()
        if side != "as_of"
        for name, entry in group.items()
    )


def outlets_from(text: str, file: str) -> tuple[tuple[Outlet, ...], tuple[tuple[str, str], ...]]:
    """Read outlets grouped by ownership: the outlets, and (further domain or name, outlet's name) pairs."""
    outlets: list[Outlet] = []
    keys: list[tuple[str, str]] = []
    for ownership, group in _parsed(text, file).items():
        _require(
            ownership in get_args(Ownership), file, ownership, f"one of {', '.join(get_args(Ownership))}"
        )
        for name, entry in group.items():
            _only(entry, {"domains", "language", "country", "policy", "also"}, file, name)
            domains = _words(entry.get("domains", ()), file, name)
            policy = entry.get("policy", "excerpt")
            _require(
                policy in get_args(Policy), file, name, f"with a policy among {', '.join(get_args(Policy))}"
            )
            outlets.append(
                Outlet(
                    name=name,
                    domain=domains[0] if domains else "",
                    language=entry.get("language", ""),
                    country=entry.get("country", ""),
                    ownership=cast("Ownership", ownership),
                    policy=policy,
                )
            )
            keys.extend((key, name) for key in (*domains[1:], *_words(entry.get("also", ()), file, name)))
    return tuple(outlets), tuple(keys)


def _topic(entry: Mapping[str, Any], file: str) -> Topic:
    name = str(entry.get("name", ""))
    _require(bool(name), file, "a topic without a name", "named")
    _only(entry, {"name", "title", "description", "threshold", "terms"}, file, name)
    threshold = entry.get("threshold", 0)
    _require(threshold > 0, file, name, "with a threshold above 0")
    listed = [
        (word.casefold(), float(group["weight"]))
        for group in entry.get("terms", ())
        for word in _words(group["words"], file, name)
    ]
    terms = dict(listed)
    _require(bool(terms), file, name, "with at least one term")
    twice = ", ".join(sorted({word for at, (word, _) in enumerate(listed) if word in dict(listed[:at])}))
    _require(not twice, file, name, f"with each term once; twice: {twice}")
    return Topic(
        name, entry.get("title", name), entry.get("description", ""), float(threshold), tuple(terms.items())
    )


def _speaker(name: str, side: str, entry: Mapping[str, Any], file: str) -> Speaker:
    _require(side in SIDES, file, side, f"one of {', '.join(SIDES)}")
    _only(entry, {"also", "roles", "body"}, file, name)
    roles = tuple(_role(role, file, name) for role in entry.get("roles", ()))
    return Speaker(
        name, side, _words(entry.get("also", ()), file, name), roles, bool(entry.get("body", False))
    )


def _role(role: list[str], file: str, name: str) -> tuple[str, str, str]:
    wanted = 'with roles as ["what", "from", "to"] and dates as 2024, 2024-05 or 2024-05-14'
    _require(len(role) == 3, file, name, wanted)  # noqa: PLR2004 - what, from, to
    what, start, end = role
    _require(
        bool(what) and all(not date or _DATE.fullmatch(date) for date in (start, end)), file, name, wanted
    )
    return what, start, end


def _words(values: Iterable[Any], file: str, name: str) -> tuple[str, ...]:
    words = tuple(values)
    _require(
        all(isinstance(word, str) and word.strip() for word in words), file, name, "with texts in its lists"
    )
    return words


def _only(entry: Mapping[str, Any], known: set[str], file: str, name: str) -> None:
    unknown = ", ".join(sorted(set(entry) - known))
    _require(not unknown, file, name, f"without {unknown}; it may have {', '.join(sorted(known))}")


def _require(holds: bool, file: str, name: str, wanted: str) -> None:
    if not holds:
        raise KnowledgeError(f"{file}: {name!r} should be {wanted}.")


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"{file}: not valid TOML: {error}.") from error


def _text(file: str) -> str:
    return resources.files("bot.knowledge").joinpath(file).read_text(encoding="utf-8")
