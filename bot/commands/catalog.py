"""What people can ask, each command declared once: for the terminal's line, for slash commands, for help.

Help texts are our own words and stand in ``knowledge/words.toml`` under ``command.help.<name>`` and
``command.parameter.<name>``. Names and texts keep within what chats allow: a name of at most 32 lower-case
letters, a text of at most 100 characters, at most 25 parameters and 25 choices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.commands import feeds, followups, privacy, reading, settings, subscriptions, topics
from bot.commands.desk import Desk, Handler
from bot.commands.requests import KINDS, STYLES, BadRequest, Request
from bot.message import lists
from bot.message.blocks import Fields, Message, Text, Title

ParameterKind = Literal[
    "topic",
    "period",
    "time",
    "style",
    "kind",
    "speaker",
    "outlet",
    "text",
    "story",
    "number",
    "schedule",
    "zone",
    "quiet",
    "role",
    "count",
    "url",
    "feed",
    "command",
]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a command, named like the ``Request`` field it fills (``period``: since and until)."""

    name: str
    kind: ParameterKind
    required: bool = False
    keyword: bool = False
    """In a typed line its name stands before it, in any order; others are known by their place or look."""
    choices: tuple[str, ...] = ()

    @property
    def help_key(self) -> str:
        """Where its help stands in the table of words."""
        return f"command.parameter.{self.name}"


@dataclass(frozen=True, slots=True)
class Command:
    """Something people can ask."""

    name: str
    """One word, or a group and its verb: ``feeds add``."""
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    admin: bool = False
    operator: bool = False
    """It changes what is read for everybody: who administers one server or channel may not."""
    follows: bool = False
    """It goes on from an answer: in a chat a button or a reply, never a command that stands alone."""
    aliases: tuple[str, ...] = ()
    example: str = ""
    """A line that works as it stands, with its values."""

    @property
    def help_key(self) -> str:
        """Where its help stands in the table of words."""
        return f"command.help.{self.name.replace(' ', '_')}"

    @property
    def usage(self) -> str:
        """The line as it is typed: ``said <speaker> [about …] [since …]``."""
        parts = [self.name]
        for parameter in self.parameters:
            shown = f"{parameter.name} …" if parameter.keyword else parameter.name
            parts.append(f"<{shown}>" if parameter.required else f"[{shown}]")
        return " ".join(parts)

    @property
    def short_usage(self) -> str:
        """The line with what it needs; ``…`` stands for what it may have beside."""
        needed = [f"<{one.name}>" for one in self.parameters if one.required]
        return " ".join([self.name, *needed, *(["…"] if len(needed) < len(self.parameters) else [])])


async def _help(request: Request, desk: Desk) -> Message:
    """Say what can be asked, or how one command is used."""
    words = desk.words
    wanted = request.verb.casefold()
    if not wanted:
        everybody = [_line(command, desk) for command in COMMANDS if not command.admin]
        admins = [_line(command, desk) for command in COMMANDS if command.admin and not command.operator]
        operators = [_line(command, desk) for command in COMMANDS if command.operator]
        sections = [("", everybody)]
        if request.actor.is_admin:
            sections.append((words("command.help_admin"), admins))
        if request.actor.is_operator:
            sections.append((words("command.help_operator"), operators))
        return lists.commands(sections, words=words)
    named = [
        command for command in COMMANDS if wanted in (command.name, command.name.split()[0], *command.aliases)
    ]
    if not named:
        raise BadRequest(words("error.unknown_command", given=wanted), examples=("help",))
    if len(named) > 1:
        return lists.commands([(wanted, [_line(command, desk) for command in named])], words=words)
    (command,) = named
    rows = tuple(
        (parameter.name, " ".join([words(parameter.help_key), ", ".join(parameter.choices)]).strip())
        for parameter in command.parameters
    )
    table = [Fields((words("command.help_value"), words("help.does")), rows)] if rows else []
    example = Text(words("command.help_example", example=command.example))
    return Message((Title(command.usage), Text(words(command.help_key)), *table, example))


def _line(command: Command, desk: Desk) -> tuple[str, str]:
    return command.short_usage, desk.words(command.help_key)


_TOPIC = Parameter("topic", "topic")
_SINCE = Parameter("since", "time", keyword=True)
_UNTIL = Parameter("until", "time", keyword=True)
_STYLE = Parameter("style", "style", choices=STYLES)
_OUTLET = Parameter("outlet", "outlet", keyword=True)
_NUMBER = Parameter("number", "number", required=True)
_FEED = Parameter("feed", "feed", required=True)
_ORDER = (
    Parameter("schedule", "schedule"),
    Parameter("zone", "zone"),
    Parameter("quiet", "quiet", keyword=True),
    _STYLE,
    Parameter("origins", "count", keyword=True),
    Parameter("mention", "role", keyword=True),
)
"""What makes a standing order, beside its topic."""

COMMANDS: tuple[Command, ...] = (
    Command(
        "digest",
        reading.digest,
        (_TOPIC, Parameter("period", "period"), _STYLE, _SINCE, _UNTIL),
        example="digest talks 12h brief",
    ),
    Command(
        "said",
        reading.said,
        (
            Parameter("speaker", "speaker", required=True),
            Parameter("about", "text", keyword=True),
            Parameter("period", "period"),
            _SINCE,
            _UNTIL,
            _OUTLET,
            Parameter("kind", "kind", keyword=True, choices=KINDS),
        ),
        example="said Zelensky about NATO since monday",
    ),
    Command("story", reading.story, (Parameter("story", "story", required=True),), example="story 2"),
    Command(
        "search",
        reading.search,
        (Parameter("text", "text", required=True), _SINCE, _UNTIL),
        example="search prisoner exchange since 3d",
    ),
    Command("more", followups.more, follows=True, example="more"),
    Command("links", followups.links, follows=True, aliases=("sources",), example="links"),
    Command(
        "subscription add",
        subscriptions.add,
        (Parameter("topic", "topic", required=True), *_ORDER),
        admin=True,
        example="subscription add talks daily 08:00 Europe/Kyiv style brief",
    ),
    Command(
        "subscription edit",
        subscriptions.edit,
        (_NUMBER, _TOPIC, *_ORDER),
        admin=True,
        example="subscription edit 1 every 6h",
    ),
    Command("subscription list", subscriptions.show, admin=True, example="subscription list"),
    Command(
        "subscription remove", subscriptions.remove, (_NUMBER,), admin=True, example="subscription remove 1"
    ),
    Command(
        "subscription pause", subscriptions.pause, (_NUMBER,), admin=True, example="subscription pause 1"
    ),
    Command(
        "subscription resume", subscriptions.resume, (_NUMBER,), admin=True, example="subscription resume 1"
    ),
    Command(
        "subscription preview",
        subscriptions.preview,
        (_NUMBER,),
        admin=True,
        example="subscription preview 1",
    ),
    Command(
        "feeds add",
        feeds.add,
        (Parameter("url", "url", required=True), Parameter("title", "text")),
        admin=True,
        operator=True,
        example="feeds add https://news.example",
    ),
    Command("feeds list", feeds.show, admin=True, example="feeds list"),
    Command("feeds status", feeds.status, (Parameter("feed", "feed"),), admin=True, example="feeds status 1"),
    Command(
        "feeds test", feeds.test, (_FEED,), admin=True, example="feeds test https://news.example/rss.xml"
    ),
    Command("feeds pause", feeds.pause, (_FEED,), admin=True, operator=True, example="feeds pause 1"),
    Command("feeds resume", feeds.resume, (_FEED,), admin=True, operator=True, example="feeds resume 1"),
    Command("feeds release", feeds.release, (_FEED,), admin=True, operator=True, example="feeds release 1"),
    Command("feeds remove", feeds.remove, (_FEED,), admin=True, operator=True, example="feeds remove 1"),
    Command("topics list", topics.show, admin=True, example="topics list"),
    Command(
        "topics show",
        topics.one,
        (Parameter("topic", "topic", required=True),),
        admin=True,
        example="topics show talks",
    ),
    Command(
        "settings forget",
        settings.forget,
        (Parameter("confirm", "text", choices=(privacy.SURE,)),),
        admin=True,
        example=f"settings forget {privacy.SURE}",
    ),
    Command("help", _help, (Parameter("verb", "command"),), example="help said"),
    Command("privacy", privacy.show, example="privacy"),
    Command(
        "forget",
        privacy.forget,
        (Parameter("confirm", "text", choices=(privacy.SURE,)),),
        example=f"forget {privacy.SURE}",
    ),
)


def find(name: str) -> Command | None:
    """Return the command of this name or alias (case does not matter), or None."""
    name = name.casefold()
    return next((command for command in COMMANDS if name in (command.name, *command.aliases)), None)


def groups() -> dict[str, list[str]]:
    """The words that need a verb after them, each with its verbs: ``feeds`` → add, list and so on."""
    found: dict[str, list[str]] = {}
    for command in COMMANDS:
        group, _, verb = command.name.partition(" ")
        if verb:
            found.setdefault(group, []).append(verb)
    return found


def names() -> Iterator[str]:
    """Every way to begin a line: names and aliases."""
    for command in COMMANDS:
        yield command.name
        yield from command.aliases
