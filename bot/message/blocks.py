"""Message: a closed tree of blocks that every platform's renderer knows.

Blocks say what a thing is, never how it looks. All text is plain text: renderers escape it for their
platform. A Message travels through the outbox as versioned JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

from bot.model import Piece

MESSAGE_VERSION = 1

Tone = Literal["plain", "muted", "strong", "warning"]


@dataclass(frozen=True, slots=True)
class Link:
    """A label and where it leads; without an address it is shown as words."""

    label: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Title:
    """A heading. ``level`` 1 opens the message, 2 a story (with its number), 3 a part of one."""

    text: str
    level: Literal[1, 2, 3] = 1
    aside: str = ""
    """Shown beside it, quieter: counts, period, who had it first."""
    number: int = 0
    """The story's number in this answer; 0 for none."""
    url: str = ""
    block: Literal["title"] = "title"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of our own words."""

    text: str
    tone: Tone = "plain"
    block: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Quotation:
    """One statement, shown whole or not at all. Quotation marks are set around quoted pieces only.

    ``speaker``, ``role`` and ``note`` may be empty where the block above names the same speaker.
    """

    pieces: tuple[Piece, ...]
    speaker: str = ""
    role: str = ""
    """As printed in the article."""
    note: str = ""
    """Our own words about source and reading, e.g. "anonymous"."""
    cue: str = ""
    """As printed, e.g. "said", "called the draft"."""
    to: str = ""
    """Audience or via, in words: "told reporters", "to Example Times"."""
    when: str = ""
    status: str = ""
    """The status words as printed in the article; empty for none."""
    links: tuple[Link, ...] = ()
    """The outlets that carry it, first one first; a chain reads "Outlet ← origin"."""
    cut: bool = False
    """The words go on in the article."""
    cue_first: bool = False
    """The cue stood right before the words, so that it reads on into them: "called the draft", “thin”."""
    unsure: bool = False
    """Read with less certainty than a digest asks for; ``note`` says so to people."""
    block: Literal["quotation"] = "quotation"


@dataclass(frozen=True, slots=True)
class Links:
    """A list of addresses."""

    links: tuple[Link, ...]
    block: Literal["links"] = "links"


@dataclass(frozen=True, slots=True)
class Fields:
    """Rows under column names: a table where the platform has one."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    block: Literal["fields"] = "fields"


@dataclass(frozen=True, slots=True)
class Action:
    """Something the reader can do next: a button where the platform has them, a word to type elsewhere."""

    label: str
    command: str
    """As it would be typed, e.g. ``more`` or ``story 2``."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What can be done next."""

    actions: tuple[Action, ...]
    meant: bool = False
    """They are what was probably meant. Words above name them already; a chat with buttons offers them too."""
    block: Literal["actions"] = "actions"


@dataclass(frozen=True, slots=True)
class Divider:
    """A pause."""

    block: Literal["divider"] = "divider"


Block = Title | Text | Quotation | Links | Fields | Actions | Divider


@dataclass(frozen=True, slots=True)
class Message:
    """Something to show, from top to bottom."""

    blocks: tuple[Block, ...]
    version: int = MESSAGE_VERSION
    followup: str = ""
    """Id of the stored query that its actions go on from; empty where there is none."""
    mention: str = ""
    """The native id of the one role that it may ping; empty pings nobody, whatever the text holds."""
    anew: str = ""
    """The line that asks the same question again, for a reader who comes back too late for the stored one."""


_ADAPTER: TypeAdapter[Message] = TypeAdapter(Message)


def dumps(message: Message) -> str:
    """Return the message as JSON that any later version can read."""
    return _ADAPTER.dump_json(message, exclude_defaults=False).decode()


def loads(body: str) -> Message:
    """Read a stored message; raise ``ValueError`` when it is none, or of a version we do not know."""
    message = _ADAPTER.validate_json(body)
    if message.version != MESSAGE_VERSION:
        raise ValueError(f"message version {message.version} is newer than this program")
    return message
