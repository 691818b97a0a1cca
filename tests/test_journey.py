"""The newcomer's journey: one command, no token, no network; a digest, and answers to questions about it."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow
QUESTIONS = ("said Primerov", "more", "links", "digest energy brief", "feeds list")


def demo(*, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def test_without_a_terminal_the_demo_prints_a_digest_and_ends():
    done = demo()
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert re.match(r"The war · .+ articles, .+ outlets, .+ stories, .+ statements", done.stdout)
    assert re.search(r"^1  \S", done.stdout, re.MULTILINE)
    assert "“" in done.stdout
    assert "1 feed down: Paper Gazette" in " ".join(done.stdout.split())


def test_piped_questions_are_answered_in_turn():
    done = demo(stdin="\n".join(QUESTIONS) + "\n")
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("\n> ")[1:]
    assert [answer.splitlines()[0].removeprefix("> ") for answer in answers] == list(QUESTIONS)
    said, more, links, energy, feeds = answers
    assert "Pavel Primerov" in said
    assert "“" in said
    assert more != said
    assert "http://127." in links
    assert "Energy" in energy
    assert "this is a web page" in feeds


def test_at_a_terminal_there_is_a_prompt_that_answers_and_can_be_left():
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
        close_fds=True,
    )
    os.close(slave)
    try:
        screen = read_until(master, "onrecord>")
        assert "The war" in screen
        assert "\x1b[" in screen
        os.write(master, b"said Primerov\r")
        assert "Pavel Primerov" in read_until(master, "Pavel Primerov")
        os.write(master, b"quit\r")
        assert child.wait(timeout=60) == 0
    finally:
        child.kill()
        child.wait()
        os.close(master)


def read_until(master: int, wanted: str, *, seconds: float = 100) -> str:
    """Everything the terminal shows up to and including ``wanted``; fails after a while without it."""
    shown = ""
    end = time.monotonic() + seconds
    while wanted not in shown and time.monotonic() < end:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            shown += os.read(master, 65536).decode(errors="replace")
        except OSError:
            break
    assert wanted in shown, shown[-2000:]
    return shown
