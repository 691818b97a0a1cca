"""What every benchmark prints: a table, and the command that makes it again."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path


def command() -> str:
    """The command line of this run, as one would type it at the root of the project."""
    module = f"benchmarks.{Path(sys.argv[0]).stem}"
    return shlex.join(["python", "-m", module, *sys.argv[1:]])


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table under a title; floats are rounded to three digits that count."""
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(len(line[at]) for line in [list(columns), *texts]) for at in range(len(columns))]
    print(f"\n{title}\n")
    for line in (list(columns), ["-" * width for width in widths], *texts):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
    print(f"\nPython {platform.python_version()}, {platform.system()}; made by: {command()}", flush=True)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
