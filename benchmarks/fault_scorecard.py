"""The thirty faults, each with the test that stages it and how that went.

``python -m benchmarks.fault_scorecard`` runs ``tests/faults`` and ``tests/test_kill.py`` and prints a row for each
fault: F1 to F30 by the number in a test's name (``test_f07_…``), the fault and what is expected by its docstring.
Words after ``--`` go to pytest. ``ONRECORD_KILLS=200`` kills the bot so often for F5. Exit code 1 when a fault
failed or has no test.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import table

ROOT = Path(__file__).parents[1]
PLACES = ("tests/faults", "tests/test_kill.py")
FAULTS = range(1, 31)
NUMBERED = re.compile(r"test_f(\d\d)_(\w+)")
UNNUMBERED = {
    "test_kills_lose_nothing_and_post_nothing_twice": (
        5,
        "Kill -9 at moments of every kind, in the middle of everything: nothing is lost, nothing posted twice.",
    )
}
"""Tests of a fault that bear no number: (fault, fault and expectation in words)."""


@dataclass(frozen=True, slots=True)
class Staged:
    """One test of a fault, with all its parameters."""

    fault: int
    name: str
    words: str
    outcome: str
    """``passed``, ``failed``, or ``skipped: reason``; with counts where it has parameters."""

    @property
    def held(self) -> bool:
        """Whether the expectation was met, as far as it could be tried."""
        return "failed" not in self.outcome


def scored(report: str, documents: Mapping[str, str]) -> list[Staged]:
    """Read pytest's JUnit report; ``documents`` holds the tests' docstrings by name."""
    outcomes: defaultdict[str, list[str]] = defaultdict(list)
    for case in ET.fromstring(report).iter("testcase"):  # noqa: S314 - our own pytest wrote it
        outcomes[case.attrib["name"].partition("[")[0]].append(_outcome(case))
    staged = []
    for name, results in outcomes.items():
        if found := NUMBERED.fullmatch(name):
            fault, words = int(found[1]), documents.get(name, found[2].replace("_", " "))
        elif name in UNNUMBERED:
            fault, words = UNNUMBERED[name]
        else:
            continue
        staged.append(Staged(fault, name, " ".join(words.split()), _together(results)))
    return sorted(staged, key=lambda one: (one.fault, one.name))


def _outcome(case: ET.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    skipped = case.find("skipped")
    return "passed" if skipped is None else f"skipped: {skipped.attrib.get('message', '')}"


def _together(results: list[str]) -> str:
    if len(results) == 1:
        return results[0]
    return ", ".join(f"{results.count(one)} {one}" for one in dict.fromkeys(results))


def docstrings(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield each test function's name and docstring."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                words := ast.get_docstring(node)
            ):
                yield node.name, words


def main() -> int:
    """Run the tests and print the scorecard."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pytest", nargs="*", help="arguments for pytest")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", *PLACES, "-q", f"--junit-xml={report}", *arguments.pytest]
        ran = subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False)
        if not report.exists():
            return ran.returncode
        staged = scored(
            report.read_text(encoding="utf-8"), dict(docstrings((ROOT / PLACES[0]).glob("test_*.py")))
        )
    rows = [(f"F{one.fault}", one.outcome, one.name, one.words) for one in staged]
    missing = [fault for fault in FAULTS if fault not in {one.fault for one in staged}]
    rows += [(f"F{fault}", "no test", "", "") for fault in missing]
    rows.sort(key=lambda row: int(row[0][1:]))
    held = {fault for fault in FAULTS if fault not in missing} - {one.fault for one in staged if not one.held}
    table.show(
        f"Faults: {len(held)} of {len(FAULTS)} held", ["fault", "outcome", "test", "what happens"], rows
    )
    return 0 if len(held) == len(FAULTS) else 1


if __name__ == "__main__":
    sys.exit(main())
