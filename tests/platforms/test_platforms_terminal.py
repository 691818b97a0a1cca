"""The terminal as a chat: a prompt where somebody sits, plain answers in a pipe, silence where nobody asks."""

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.knowledge.words import Words
from bot.message import blocks
from bot.message.blocks import Message, Text
from bot.platforms.terminal import PERSON, TerminalPlatform, channel, has_colour, width_of
from bot.ports import CannotTell, NotSent, Refused
from tests.platforms.talk import DELIVERY

ROOT = Path(__file__).parents[2]
TALK = [sys.executable, "-m", "tests.platforms.talk"]
ESCAPE = "\x1b"
CURSOR = r"\x1b\[[0-?]*[ -/]*[@-~]"
PROMPT = "onrecord>"
PATIENCE_S = 60
"""How long a test waits for words before it calls them missing; never reached when all is well."""


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "TERM")}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **changes}


def talk(program: list[str] = TALK, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program,
        **{
            "text": True,
            "capture_output": True,
            "timeout": PATIENCE_S,
            "env": environment(),
            "cwd": ROOT,
            **options,
        },
        check=False,
    )


def spread(words: str) -> re.Pattern[str]:
    """The words, with any cursor movements and colours between their letters."""
    return re.compile(f"(?:{CURSOR})*".join(map(re.escape, words)))


class Seat:
    """Somebody at a terminal: types and reads what appears."""

    def __init__(self, **env: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 90, 0, 0))
        self.program = subprocess.Popen(
            TALK,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment(**env),
            cwd=ROOT,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = ""

    def types(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def sees(self, words: str) -> str:
        """Wait for words, between whatever moves the cursor; return all up to their end and keep the rest."""
        end = time.monotonic() + PATIENCE_S
        while not (found := spread(words).search(self.shown)):
            ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"no {words!r} in {self.shown!r}"
            try:
                self.shown += os.read(self._master, 65_536).decode(errors="replace")
            except OSError:
                pytest.fail(f"the program left before it showed {words!r}: {self.shown!r}")
        seen, self.shown = self.shown[: found.end()], self.shown[found.end() :]
        return seen

    def leaves(self) -> int:
        return self.program.wait(timeout=PATIENCE_S)

    def close(self) -> None:
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        os.close(self._master)


@pytest.fixture
def seat() -> Iterator[Seat]:
    taken = Seat()
    yield taken
    taken.close()


# ── Somebody sits there ──────────────────────────────────────────────────────────────────────────────────


def test_prompt_answers_in_colour_until_ctrl_d(seat: Seat) -> None:
    seat.sees(PROMPT)
    seat.types("topics list\r")
    assert f"{ESCAPE}[1m" in seat.sees("europe-nato")
    seat.sees(PROMPT)
    seat.types("\x04")
    assert seat.leaves() == 0


def test_ctrl_c_clears_the_line_and_quit_leaves(seat: Seat) -> None:
    seat.sees(PROMPT)
    seat.types("help coo\x03")
    seat.sees(PROMPT)
    seat.types("help said\r")
    assert "Unknown command" not in seat.sees("Example: said")
    seat.sees(PROMPT)
    seat.types("quit\r")
    assert seat.leaves() == 0


def test_delivery_appears_above_the_prompt_while_somebody_types(seat: Seat) -> None:
    seat.sees(PROMPT)
    seat.types("help fee")
    seat.sees("help fee")
    seat.program.send_signal(signal.SIGUSR1)
    seat.sees("A delivery of its own")
    seat.types("ds\r")
    seat.sees("feeds remove")


def test_tab_completes_from_the_catalogue(seat: Seat) -> None:
    seat.sees(PROMPT)
    seat.types("topics sh\t")
    seat.sees("ow")
    seat.types(" europe-n\t")
    seat.sees("ato")
    seat.types("\r")
    seat.sees("In the last 7 days")


def test_no_color_is_honoured_at_a_terminal() -> None:
    seat = Seat(NO_COLOR="1")
    try:
        seat.sees(PROMPT)
        seat.types("topics list\r")
        assert f"{ESCAPE}[1m" not in seat.sees("europe-nato")
    finally:
        seat.close()


# ── A pipe ───────────────────────────────────────────────────────────────────────────────────────────────


def test_piped_lines_are_answered_in_turn_without_prompt_and_colour() -> None:
    done = talk(input="said Nobody Known\n\nmore\nhelp story")
    assert done.returncode == 0
    assert done.stderr == ""
    assert ESCAPE not in done.stdout
    assert PROMPT not in done.stdout
    places = [
        done.stdout.index(words)
        for words in ("> said Nobody Known", "Nobody Known.", "> more", "Example: story 2")
    ]
    assert places == sorted(places)


def test_lines_of_a_file_are_answered_and_quit_ends_them(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text("topics list\nQUIT\nhelp\n")
    with lines.open() as file:
        done = talk(stdin=file)
    assert "europe-nato" in done.stdout
    assert "What you can ask" not in done.stdout


@pytest.mark.parametrize("redirection", ["</dev/null", "<&-"])
def test_without_input_nothing_is_asked(redirection: str) -> None:
    command = f'exec "$0" -m tests.platforms.talk {redirection}'
    done = talk(["sh", "-c", command, sys.executable])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_endless_line_is_refused_and_the_next_one_answered() -> None:
    done = talk(input="x" * 1_000_000 + "\nhelp story\n")
    assert "Shorten it" in done.stdout
    assert "Example: story 2" in done.stdout
    assert len(done.stdout) < 10_000


def test_bytes_that_are_no_text_are_answered_like_any_nonsense() -> None:
    done = talk(input=b"\xff\xfe\x1b[31m\x00\nhelp story\n", text=False)
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout
    assert b"Example: story 2" in done.stdout


def test_reader_that_goes_away_ends_the_talk_quietly() -> None:
    program = subprocess.Popen(
        TALK,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=ROOT,
    )
    assert program.stdout
    program.stdout.close()
    _, errors = program.communicate(b"help\n" * 50, timeout=PATIENCE_S)
    assert (program.returncode, errors) == (0, b"")


def test_terminal_without_our_letters_shows_question_marks() -> None:
    done = talk(input="help cooking", env=environment(PYTHONIOENCODING="ascii"))
    assert done.returncode == 0
    assert "Unknown command cooking." in done.stdout


def test_waiting_for_a_silent_pipe_does_not_hold_up_the_end() -> None:
    program = subprocess.Popen(
        TALK,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        cwd=ROOT,
    )
    assert program.stdin
    assert program.stdout
    program.stdin.write(b"help story\n")
    program.stdin.flush()
    while b"Example: story 2" not in program.stdout.readline():
        assert program.poll() is None
    program.send_signal(signal.SIGINT)
    assert program.wait(timeout=PATIENCE_S) != 0
    program.stdin.close()
    program.stdout.close()


# ── Deliveries ───────────────────────────────────────────────────────────────────────────────────────────


async def test_delivery_is_printed_and_its_key_is_its_id() -> None:
    out = io.StringIO()
    assert await TerminalPlatform(Words("en"), out).send(DELIVERY, may_be_repeated=False) == "key-1"
    assert out.getvalue().startswith("A delivery of its own\n")
    assert "may be repeated" not in out.getvalue()


async def test_doubtful_delivery_is_sent_again_and_marked() -> None:
    out = io.StringIO()
    platform = TerminalPlatform(Words("en"), out)
    with pytest.raises(CannotTell):
        await platform.find(DELIVERY)
    await platform.send(DELIVERY, may_be_repeated=True)
    first, *_ = out.getvalue().splitlines()
    assert "may be repeated" in first
    assert "A delivery of its own" in out.getvalue()


@pytest.mark.parametrize("body", ["", "{}", '{"version": 99, "blocks": []}', "no json"])
async def test_body_that_cannot_be_read_is_refused_for_good(body: str) -> None:
    with pytest.raises(Refused):
        await TerminalPlatform(Words("en"), io.StringIO()).send(
            replace(DELIVERY, body=body), may_be_repeated=False
        )


async def test_delivery_to_a_closed_pipe_was_not_sent() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        platform = TerminalPlatform(Words("en"), out)
        with pytest.raises(NotSent):
            await platform.send(DELIVERY, may_be_repeated=False)


async def test_escapes_from_outside_never_reach_the_terminal() -> None:
    out = io.StringIO()
    hostile = "\x1b]0;title\x07\x1b[2J\x9b31mred\u202e \x00\rover"
    body = blocks.dumps(
        Message(
            (
                blocks.Title(hostile, aside=hostile),
                Text(hostile),
                blocks.Links((blocks.Link(hostile, hostile),)),
            )
        )
    )
    await TerminalPlatform(Words("en"), out).send(replace(DELIVERY, body=body), may_be_repeated=False)
    assert not set("\x1b\x07\x9b\x00\r\u202e") & set(out.getvalue())
    assert "red" in out.getvalue()


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "env", "colour"),
    [
        (Screen(), {}, True),
        (Screen(), {"NO_COLOR": "1"}, False),
        (Screen(), {"NO_COLOR": ""}, True),
        (Screen(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    stream: io.StringIO, env: dict[str, str], colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert has_colour(stream) == colour


@pytest.mark.parametrize(
    ("columns", "width"), [("", 100), ("20", 60), ("80", 80), ("500", 120), ("wide", 100)]
)
def test_width_has_its_bounds(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width_of(io.StringIO()) == width


def test_whoever_sits_at_the_terminal_is_its_admin_and_runs_the_bot() -> None:
    here = channel("Europe/Kyiv")
    assert PERSON.is_admin
    assert PERSON.is_operator
    assert (here.id, here.timezone) == (DELIVERY.channel_id, "Europe/Kyiv")
