"""``python -m bot`` and the ``onrecord`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; a reader who closes the pipe early ends it quietly."""
    from bot.cli import run_command_line  # noqa: PLC0415 - nothing is loaded by importing this module

    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
