"""The documents say what is true: their commands exist, their links lead somewhere, their blocks run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.cli import ASKED, command_line

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PLACES_OF_ONE_MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|farm)/|pypi\.org/simple|\.\./shared")


def test_the_first_two_shell_blocks_are_the_demo_and_the_check():
    demo, check = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[:2]
    assert demo.splitlines() == [
        "python3 -m venv .venv",
        ".venv/bin/pip install --quiet -c constraints.txt .",
        ".venv/bin/onrecord demo",
    ]
    assert check.splitlines() == ["bash .ci/run"]


def test_every_verb_that_documents_name_exists():
    verbs = {verb for document in DOCUMENTS for verb in re.findall(r"`?onrecord ([a-z]+)", text(document))}
    known = set(command_line.commands) | {"onrecord"}  # "docker build -t onrecord", "run onrecord"
    assert verbs - known == set()
    assert {"demo", "run", "read", "check", "migrate", "feeds", *ASKED} - {"help"} <= set(
        command_line.commands
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", text(document)):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_names_a_place_of_one_machine(document):
    assert PLACES_OF_ONE_MACHINE.findall(text(document)) == []


def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")
