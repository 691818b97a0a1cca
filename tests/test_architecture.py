"""The house as drawn: imports point down, light doors stay light, files stay readable."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 500

LIGHT = {
    # What starts in a moment, because a person or the event loop waits for it, and what it must not load.
    "bot.__main__": ("spacy", "feedparser", "trafilatura", "sqlalchemy", "aiohttp", "numpy"),
    "bot.cli": ("spacy", "feedparser", "trafilatura", "sqlalchemy", "aiohttp", "numpy"),
    "bot.runtime.workers": ("spacy", "feedparser", "trafilatura", "bot.intake.feeds", "bot.language"),
    "bot.app": ("spacy", "feedparser", "trafilatura"),
}


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_keep_to_the_contracts():
    checked = python(
        "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_nothing_heavy(module):
    loaded = python("-c", f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))")
    assert loaded.returncode == 0, loaded.stderr
    modules = json.loads(loaded.stdout)
    heavy = {
        name
        for name in modules
        for banned in LIGHT[module]
        if name == banned or name.startswith(banned + ".")
    }
    assert not heavy


@pytest.mark.parametrize("module", LIGHT)
def test_importing_starts_nothing(module):
    started = python(
        "-c",
        f"import threading, {module}; print(threading.active_count())",
    )
    assert started.stdout == "1\n", started.stderr


def test_every_file_can_be_read_at_one_sitting():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "bot").rglob("*.py")
    }
    assert {path for path, length in lengths.items() if length > LONGEST_FILE} == set()
