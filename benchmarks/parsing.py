"""Feed bytes → entries: feeds per CPU second over real feed bodies, stock feedparser beside our parser.

``python -m benchmarks.parsing FOLDER`` (or ``ONRECORD_DATA``, whose ``feeds/real`` is taken). Each body is
parsed by both in turn, so that a warm cache or a busy machine favours neither.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import feedparser

from benchmarks import table
from bot.intake import feeds


def _stock(body: bytes) -> int:
    return len(feedparser.parse(io.BytesIO(body)).entries)


def _ours(body: bytes) -> int:
    return len(feeds.parse(body, url="http://feeds.example/", max_entries=10_000).entries)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path)
    arguments.add_argument("--repeats", type=int, default=3)
    given = arguments.parse_args()
    folder = given.folder or Path(os.environ["ONRECORD_DATA"]) / "feeds" / "real"
    bodies = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    parsers: dict[str, Callable[[bytes], int]] = {
        f"feedparser {feedparser.__version__}, as it comes": _stock,
        "bot.intake.feeds.parse": _ours,
    }
    seconds = dict.fromkeys(parsers, 0.0)
    entries = dict.fromkeys(parsers, 0)
    refused = dict.fromkeys(parsers, 0)
    worst = dict.fromkeys(parsers, (0.0, ""))
    for repeat in range(given.repeats):
        for name, body in bodies.items():
            for parser, parse in parsers.items():
                began = time.process_time()
                try:
                    found = parse(body)
                except Exception:  # noqa: BLE001 - whatever it raises, the feed was not read
                    found, failed = 0, 1
                else:
                    failed = 0
                took = time.process_time() - began
                seconds[parser] += took
                worst[parser] = max(worst[parser], (took, name))
                if repeat == 0:
                    entries[parser] += found
                    refused[parser] += failed
    megabytes = sum(map(len, bodies.values())) / 1e6
    table.show(
        f"Parsing {len(bodies)} real feeds, {megabytes:.1f} MB, {given.repeats} times",
        ("parser", "feeds/CPU s", "MB/CPU s", "entries", "refused", "slowest feed, CPU ms"),
        [
            (
                parser,
                len(bodies) * given.repeats / seconds[parser],
                megabytes * given.repeats / seconds[parser],
                entries[parser],
                refused[parser],
                f"{worst[parser][0] * 1000:.0f} ({worst[parser][1]})",
            )
            for parser in parsers
        ],
    )


if __name__ == "__main__":
    main()
