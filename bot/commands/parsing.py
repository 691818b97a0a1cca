"""A typed line → a Request, or a ``BadRequest`` that says what was wrong and what to write instead. Pure.

The catalogue drives it: keywords ("about", "since") stand in any order and take what follows them; what is
left is known by its look (a number, a time of day, a style) or, last of all, by its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.commands import catalog, timetable
from bot.commands.addresses import web_address
from bot.commands.catalog import Command, Parameter
from bot.commands.nearest import nearest
from bot.commands.periods import Moment, check_period, read_bare, read_longest, read_moment
from bot.commands.requests import STYLES, BadRequest, Request
from bot.commands.tokens import Token, joined, tokens
from bot.knowledge import Knowledge
from bot.knowledge.words import Words
from bot.model import Actor, Channel

LONGEST_LINE = 500
"""Characters; what is longer is no question."""

_NEAR_KEYWORD = 75
"""A word of a speaker's name that is this close to a keyword is a slip of the fingers."""
_MOST_ORIGINS = 20
_BOTH_WAYS = ("style", "zone")
"""Known by their look, and also taken after their name: "brief" is "style brief"."""
_ROLE = re.compile(r"\d{5,25}")
_BY_PLACE = ("topic", "speaker", "text", "feed", "command")
"""Parameters that take whatever words are left."""

Values = dict[str, Any]
"""Request field → value; checked against ``Request`` when it is built from them."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a line is understood against."""

    knowledge: Knowledge
    words: Words
    now: datetime
    zone: ZoneInfo


def parse(
    line: str, context: Context, *, channel: Channel, actor: Actor, reply_to: str | None = None
) -> Request:
    """Return the request that a line makes; raise ``BadRequest`` and nothing else."""
    words = context.words
    if len(line) > LONGEST_LINE:
        raise BadRequest(words("command.error.long", given=len(line), most=LONGEST_LINE))
    found = tokens(line)
    if not found:
        raise BadRequest(words("command.error.empty"), examples=("help",))
    command, rest = _command(found, words)
    return _request(command, _Reader(command, context).read(rest), context, channel, actor, reply_to)


def parse_form(
    name: str,
    given: Mapping[str, str],
    context: Context,
    *,
    channel: Channel,
    actor: Actor,
    reply_to: str | None = None,
) -> Request:
    """Return the request that a chat's form makes: a command's name and texts by parameter.

    Each text is read as it would be in a typed line, by itself: no word of it is taken for another parameter.
    Parameters that the command does not have are left out. Raise ``BadRequest`` and nothing else.
    """
    command = catalog.find(name)
    if command is None:
        raise BadRequest(context.words("error.unknown_command", given=name), examples=("help",))
    filled = {key: text for key, text in given.items() if text.strip()}
    long = next((text for text in filled.values() if len(text) > LONGEST_LINE), None)
    if long is not None:
        raise BadRequest(context.words("command.error.long", given=len(long), most=LONGEST_LINE))
    values = _Reader(command, context).read_form(filled)
    return _request(command, values, context, channel, actor, reply_to)


def _request(  # noqa: PLR0917 - what both ways in have at hand
    command: Command,
    values: Values,
    context: Context,
    channel: Channel,
    actor: Actor,
    reply_to: str | None,
) -> Request:
    """Check that nothing is missing and return the request."""
    words = context.words
    for parameter in command.parameters:
        if parameter.required and not values.get(parameter.name):
            raise BadRequest(
                words("command.error.missing", name=parameter.name, usage=command.usage),
                examples=(command.example,),
            )
    check_period(values.get("since"), values.get("until"), now=context.now, words=words)
    return Request(command.name, channel, actor, at=context.now, reply_to=reply_to, **values)


def _command(found: list[Token], words: Words) -> tuple[Command, list[Token]]:
    """Return the command that the first one or two words name, and the words after them."""
    first = found[0].text.removeprefix("/").casefold()
    verbs = catalog.groups().get(first)
    if verbs is None:
        command = catalog.find(first)
        if command is None or " " in command.name:
            raise BadRequest(
                words("error.unknown_command", given=first),
                nearest(first, dict.fromkeys(name.split()[0] for name in catalog.names())),
                examples=("help",),
            )
        return command, found[1:]
    if len(found) == 1:
        raise BadRequest(
            words("command.error.verb_missing", group=first, verbs=", ".join(verbs)),
            examples=(f"{first} {'list' if 'list' in verbs else verbs[0]}", f"help {first}"),
        )
    command = catalog.find(f"{first} {found[1].text}")
    if command is None:
        raise BadRequest(
            words("command.error.verb_unknown", group=first, given=found[1].text, verbs=", ".join(verbs)),
            tuple(f"{first} {verb}" for verb in nearest(found[1].text, verbs)),
        )
    return command, found[2:]


class _Reader:
    """Shares the words after a command out among its parameters."""

    def __init__(self, command: Command, context: Context) -> None:
        self.command = command
        self.context = context
        self.words = context.words
        self.keywords = {
            parameter.name: parameter
            for parameter in command.parameters
            if parameter.keyword or parameter.kind in _BOTH_WAYS
        }
        self.values: Values = {}
        self.in_form = False

    def read(self, found: list[Token]) -> Values:
        free = self._take_keywords(found)
        for parameter in self._by_look_first():
            free = self._take_free(parameter, free)
        if free:
            known = [*self.keywords, *(choice for p in self.command.parameters for choice in p.choices)]
            raise BadRequest(
                self.words("command.error.too_much", given=joined(free), usage=self.command.usage),
                nearest(free[0].text, known),
                examples=(self.command.example,),
            )
        return self.values

    def read_form(self, given: Mapping[str, str]) -> Values:
        self.in_form = True
        for parameter in self.command.parameters:
            found = tokens(given.get(parameter.name, ""))
            if not found:
                continue
            if parameter.kind in _BY_PLACE:
                # As in quotation marks: these are words for their parameter, whatever they look like.
                found = [Token(joined(found), quoted=True)]
            if parameter.name in self.keywords:
                rest = found[self._read_keyword(parameter, found) :]
            else:
                rest = self._take_free(parameter, found)
            if rest:
                raise BadRequest(
                    self.words("command.error.too_much", given=joined(rest), usage=self.command.usage),
                    examples=(self.command.example,),
                )
        return self.values

    # ── Keywords ─────────────────────────────────────────────────────────────────────────────────────────

    def _take_keywords(self, found: list[Token]) -> list[Token]:
        """Read every keyword with its value; return the words that belong to none."""
        free: list[Token] = []
        position = 0
        while position < len(found):
            parameter = self._keyword(found[position])
            position += 1
            if parameter is None:
                free.append(found[position - 1])
                continue
            if parameter.name in self.values:
                raise BadRequest(
                    self.words("command.error.twice", name=parameter.name), examples=(self.command.example,)
                )
            following = found[position:]
            stop = next((at for at, token in enumerate(following) if self._keyword(token)), len(following))
            if not stop:
                raise BadRequest(
                    self.words("command.error.no_value", name=parameter.name),
                    examples=(self.command.example,),
                )
            position += self._read_keyword(parameter, following[:stop])
        return free

    def _keyword(self, token: Token) -> Parameter | None:
        return None if token.quoted else self.keywords.get(token.text.casefold())

    def _read_keyword(self, parameter: Parameter, value: list[Token]) -> int:
        """Read a keyword's value from the words up to the next keyword; return how many it took."""
        match parameter.kind:
            case "time":
                moment, count = read_longest(
                    [token.text for token in value],
                    now=self.context.now,
                    zone=self.context.zone,
                    words=self.words,
                )
                self._set_time(parameter.name, moment)
                return count
            case "style" | "kind":
                self.values[parameter.name] = self._choice(parameter, value[0].text)
                return 1
            case "count":
                self.values[parameter.name] = self._count(parameter, value[0].text)
                return 1
            case "quiet":
                self.values["quiet"], count = timetable.read_quiet(
                    [token.text for token in value], words=self.words
                )
                return count
            case "zone":
                self.values["zone"] = self._zone(value[0].text)
                return 1
            case "role":
                self.values[parameter.name] = self._role(value[0].text)
                return 1
            case _:
                self.values[parameter.name] = joined(value)
                return len(value)

    def _set_time(self, name: str, moment: Moment) -> None:
        """``since`` a day begins with it; ``until`` a day (also today) includes it."""
        self.values[name] = moment.start if name == "since" else min(moment.end, self.context.now)

    def _choice(self, parameter: Parameter, given: str) -> str:
        if given.casefold() in parameter.choices:
            return given.casefold()
        raise BadRequest(
            self.words(
                "command.error.choice", name=parameter.name, given=given, choices=", ".join(parameter.choices)
            ),
            nearest(given, parameter.choices),
        )

    def _role(self, given: str) -> str:
        """Return a role's native id: as a chat writes a mention of it (``<@&1>``), bare, or ``off``."""
        bare = given.removeprefix("<@&").removesuffix(">")
        if given.casefold() == timetable.QUIET_OFF or _ROLE.fullmatch(bare):
            return bare.casefold()
        raise BadRequest(self.words("command.error.role", given=given), examples=("mention off",))

    def _count(self, parameter: Parameter, given: str) -> int:
        if given.isdecimal() and len(given) <= 2 and 1 <= int(given) <= _MOST_ORIGINS:  # noqa: PLR2004 - digits
            return int(given)
        raise BadRequest(
            self.words("command.error.count", name=parameter.name, given=given, most=_MOST_ORIGINS),
            examples=(f"{parameter.name} 2",),
        )

    def _zone(self, given: str) -> str:
        zone = timetable.read_zone(given, words=self.words)
        if zone is None:
            raise BadRequest(self.words("command.error.zone", given=given), examples=timetable.EXAMPLE_ZONES)
        return zone

    # ── Words without a keyword ──────────────────────────────────────────────────────────────────────────

    def _by_look_first(self) -> list[Parameter]:
        """Parameters without a keyword: those known by their look, then the one that takes what is left."""
        free = [parameter for parameter in self.command.parameters if not parameter.keyword]
        return sorted(free, key=lambda parameter: parameter.kind in _BY_PLACE)

    def _take_free(self, parameter: Parameter, free: list[Token]) -> list[Token]:
        """Let one parameter take its words; return the others."""
        if not free or parameter.name in self.values:
            return free
        by_look = {
            "period": self._take_period,
            "schedule": self._take_schedule,
            "zone": self._take_zone,
            "style": self._take_style,
        }
        if parameter.kind in by_look:
            return by_look[parameter.kind](free)
        first: dict[str, Callable[[str], object]] = {
            "number": self._number,
            "story": self._story,
            "url": lambda given: web_address(given, self.words),
        }
        if parameter.kind in first:
            self.values[parameter.name] = first[parameter.kind](free[0].text)
            return free[1:]
        rest: dict[str, Callable[[], str]] = {
            "topic": lambda: self._topic(joined(free)),
            "speaker": lambda: self._speaker(free),
        }
        self.values[parameter.name] = rest.get(parameter.kind, lambda: joined(free))()
        return []

    def _number(self, given: str) -> int:
        digits = given.removeprefix("#")
        if digits.isdecimal() and len(digits) <= 9:  # noqa: PLR2004 - digits of a row's number
            return int(digits)
        raise BadRequest(self.words("command.error.number", given=given), examples=(self.command.example,))

    def _story(self, given: str) -> str:
        digits = given.removeprefix("#")
        if digits.isdecimal() and len(digits) <= 4:  # noqa: PLR2004 - an answer numbers a few stories
            return str(int(digits))
        if "://" in given:
            return web_address(given, self.words)
        raise BadRequest(self.words("command.error.story", given=given), examples=("story 1",))

    def _take_period(self, free: list[Token]) -> list[Token]:
        first = int(not self.in_form and any(p.required for p in self.command.parameters))
        for at in range(first, len(free)):
            run = []
            for token in free[at:]:
                if token.quoted:
                    break
                run.append(token.text)
            found = read_bare(run, now=self.context.now, zone=self.context.zone) if run else None
            if found is None:
                continue
            moment, count = found
            if {"since", "until"} & self.values.keys():
                raise BadRequest(self.words("command.error.two_periods"), examples=(self.command.example,))
            self.values["since"] = moment.start
            if not moment.open_end and moment.end < self.context.now:
                self.values["until"] = moment.end
            return free[:at] + free[at + count :]
        return free

    def _take_schedule(self, free: list[Token]) -> list[Token]:
        plain = [token.text for token in free if not token.quoted]
        schedule, rest = timetable.read_schedule(plain, words=self.words)
        if schedule is None:
            return free
        self.values["schedule"] = schedule
        return [token for token in free if token.quoted] + [Token(text) for text in rest]

    def _take_zone(self, free: list[Token]) -> list[Token]:
        for at, token in enumerate(free):
            zone = timetable.read_zone(token.text, words=self.words)
            if zone:
                self.values["zone"] = zone
                return free[:at] + free[at + 1 :]
        return free

    def _take_style(self, free: list[Token]) -> list[Token]:
        for at, token in enumerate(free):
            if not token.quoted and token.text.casefold() in STYLES:
                self.values["style"] = token.text.casefold()
                return free[:at] + free[at + 1 :]
        return free

    def _topic(self, given: str) -> str:
        """Return the name of the topic with this name or title."""
        known = self.context.knowledge
        if topic := known.topic(given):
            return topic.name
        if "since" in self.keywords:
            self._perhaps_a_time(given)
        close = tuple(known.suggest_topic(given))
        raise BadRequest(self.words("error.unknown_topic", given=given), close, examples=("topics list",))

    def _perhaps_a_time(self, given: str) -> None:
        """Raise ``BadRequest`` for what stands where a topic may, but is a time: it wants ``since`` before it."""
        try:
            read_moment(given, now=self.context.now, zone=self.context.zone, words=self.words)
        except BadRequest:
            if given[0].isdigit():
                raise
            return
        raise BadRequest(
            self.words("error.unknown_topic", given=given), (f"{self.command.name} since {given}",)
        )

    def _speaker(self, free: list[Token]) -> str:
        """Return the name as given, unless one of its later words is a misspelt keyword."""
        for token in free[1:]:
            if token.quoted or not token.text.islower():
                continue
            close = nearest(token.text, self.keywords, like=_NEAR_KEYWORD)
            if close:
                raise BadRequest(
                    self.words("command.error.keyword", given=token.text, meant=close[0]),
                    (f"{self.command.name} {joined(free)}".replace(token.text, close[0]),),
                )
        return joined(free)
