"""The terminal as a chat: deliveries are printed as they come, and lines are answered.

Everything is shown through the plain-text renderer, which makes text from outside harmless: no escape
sequence of a stranger reaches the terminal.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import suppress
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer
from prompt_toolkit.completion import Completion as Shown
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout

from bot.commands.completion import Names, complete
from bot.commands.handlers import Desk, answer_line
from bot.commands.parsing import LONGEST_LINE
from bot.knowledge.words import Words
from bot.message import blocks
from bot.message.blocks import Message, Text
from bot.message.plain_text import render
from bot.model import Actor, Channel, Delivery
from bot.ports import CannotTell, NotSent, Refused

CHANNEL_ID = "terminal:main"
PERSON = Actor("terminal:operator", is_admin=True, is_operator=True)
"""Whoever sits at the terminal runs the bot."""
PROMPT = "onrecord> "
LEAVE = ("quit", "exit")

_NARROWEST, _WIDEST, _PIPE_WIDTH = 60, 120, 100
_CHUNK = 65_536
_READ_AHEAD = 100
"""Lines of a pipe that may wait for their answers."""
_LONGEST_READ = 2 * LONGEST_LINE
"""Of a piped line so many characters are kept: enough to refuse it as too long."""


def channel(timezone: str) -> Channel:
    """Return the terminal as a channel, in the operator's time zone."""
    return Channel(CHANNEL_ID, space_id="terminal", name="terminal", timezone=timezone)


class TerminalPlatform:
    """Prints messages, ``width`` columns wide (0: as the stream allows).

    ``out`` None means whatever ``sys.stdout`` is at that moment, so that a prompt can stay below.
    """

    name = "terminal"

    def __init__(self, words: Words, out: TextIO | None = None, *, width: int = 0) -> None:
        self._words = words
        self._out = out
        self._width = width

    async def send(self, delivery: Delivery, *, may_be_repeated: bool) -> str:
        """Print a delivery; raise ``NotSent`` when nobody reads, ``Refused`` for a body we cannot read."""
        try:
            message = blocks.loads(delivery.body)
        except ValueError as error:
            raise Refused(f"the stored message cannot be read: {error}") from error
        if may_be_repeated:
            warning = Text(self._words("terminal.repeated"), tone="warning")
            message = Message((warning, *message.blocks))
        try:
            self.show(message)
        except BrokenPipeError as error:
            raise NotSent("the terminal is closed") from error
        return delivery.key

    async def find(self, delivery: Delivery) -> str | None:
        """A terminal keeps no history that we can read."""
        raise CannotTell(delivery.key)

    def show(self, message: Message) -> None:
        """Print a message as the stream allows; raise ``BrokenPipeError`` when nobody reads any more."""
        out = self._stream
        self._write(
            render(message, width=self._width or width_of(out), colour=has_colour(out)).rstrip("\n") + "\n\n"
        )

    def echo(self, line: str) -> None:
        """Print the line that is answered next, where no prompt shows it."""
        self.show(Message((Text(f"> {line}", tone="muted"),)))

    @property
    def _stream(self) -> TextIO:
        return self._out or sys.stdout

    def _write(self, text: str) -> None:
        out = self._stream
        try:
            try:
                out.write(text)
            except UnicodeEncodeError:
                encoding = out.encoding or "ascii"
                out.write(text.encode(encoding, "replace").decode(encoding))
            out.flush()
        except BrokenPipeError:
            _silence(out)
            raise


def _silence(out: TextIO) -> None:
    """Point a broken stream at nothing, so that its last flush at exit does not complain."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, out.fileno())
        os.close(nothing)


def has_colour(out: TextIO) -> bool:
    """Tell whether to use colour: on a terminal, unless ``NO_COLOR`` or ``TERM=dumb`` says otherwise."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width_of(out: TextIO) -> int:
    """Return the columns to fill: the terminal's, between 60 and 120; 100 in a pipe; ``COLUMNS`` wins."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal():
        width = int(columns)
    else:
        try:
            width = os.get_terminal_size(out.fileno()).columns or _PIPE_WIDTH
        except (OSError, ValueError):
            width = _PIPE_WIDTH
    return max(_NARROWEST, min(width, _WIDEST))


# ── The conversation ─────────────────────────────────────────────────────────────────────────────────────


async def chat(
    desk: Desk,
    platform: TerminalPlatform,
    *,
    stdin: TextIO | None = None,
    terminal: tuple[Input, Output] | None = None,
) -> None:
    """Answer lines until their end, ``quit``, ``exit`` or Ctrl-D.

    At a terminal with a prompt (Ctrl-C clears the line); from a pipe or a file each line in turn; at once
    done where there is no input at all. ``terminal`` puts other ends in the place of the real ones.
    """
    stdin = stdin or sys.stdin
    with suppress(BrokenPipeError):
        if terminal or (_is_terminal(stdin) and _is_terminal(sys.stdout)):
            await _converse(desk, platform, terminal)
        else:
            async for line in _piped_lines(stdin):
                if line.casefold() in LEAVE:
                    break
                platform.echo(line)
                platform.show(await answer_line(line, desk, channel=_here(desk), actor=PERSON))


async def _converse(desk: Desk, platform: TerminalPlatform, terminal: tuple[Input, Output] | None) -> None:
    keyboard, screen = terminal or (None, None)
    session: PromptSession[str] = PromptSession(
        history=InMemoryHistory(),
        completer=_FromCatalogue(desk),
        complete_while_typing=False,
        input=keyboard,
        output=screen,
    )
    platform.show(Message((Text(desk.words("terminal.welcome"), tone="muted"),)))
    with patch_stdout(raw=True):
        while True:
            try:
                line = (await session.prompt_async(PROMPT)).strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if line.casefold() in LEAVE:
                return
            if line:
                platform.show(await answer_line(line, desk, channel=_here(desk), actor=PERSON))


def _here(desk: Desk) -> Channel:
    return channel(desk.zone.key)


class _FromCatalogue(Completer):
    """Completes commands, topics, speakers and outlets."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Shown]:
        """Names live in the database, which answers only the asynchronous way."""
        del document, complete_event
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Shown, None]:
        """Offer what may stand at the cursor."""
        del complete_event
        names = Names(
            topics=[topic.name for topic in self._desk.knowledge.topics],
            speakers=[name for name, _ in await self._desk.store.speakers()],
            outlets=sorted({feed.title for feed in await self._desk.store.feeds()}),
        )
        for found in complete(document.text_before_cursor, names):
            yield Shown(found.text, start_position=-found.replaces)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


async def _piped_lines(stdin: TextIO | None) -> AsyncIterator[str]:
    """Yield the non-empty lines of a stream that is no terminal; nothing for one that is closed.

    A thread of its own waits on the descriptor: it must neither hold up the loop nor, being a daemon that
    holds no lock of ``stdin``, the end of the program.
    """
    try:
        descriptor = stdin.fileno() if stdin else -1
    except (OSError, ValueError):
        return
    if descriptor < 0:
        return
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    room = threading.Semaphore(_READ_AHEAD)
    loop = asyncio.get_running_loop()

    def put(line: str | None) -> None:
        room.acquire()
        loop.call_soon_threadsafe(lines.put_nowait, line)

    def read() -> None:
        # RuntimeError: the loop has ended, and nobody waits for lines any more.
        with suppress(RuntimeError):
            with suppress(OSError):
                for line in _read_lines(descriptor):
                    put(line)
            put(None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await lines.get()) is not None:
        room.release()
        yield line


def _read_lines(descriptor: int) -> Iterable[str]:
    """Read a descriptor to its end; of an overlong line only the beginning is kept."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    while chunk := os.read(descriptor, _CHUNK):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (line.strip()[:_LONGEST_READ] for line in whole if line.strip())
        rest = rest[:_LONGEST_READ]
    rest += decoder.decode(b"", final=True)
    if rest.strip():
        yield rest.strip()[:_LONGEST_READ]
