"""Feed bytes → entries: CPU time over real feed bodies, stock feedparser beside our parser and its parts.

``python -m benchmarks.parsing FOLDER`` (or ``ONRECORD_DATA``, whose ``feeds/real`` is taken). Each body is
parsed by all in turn, so that a warm cache or a busy machine favours none. ``--everyday`` takes instead one invented
RSS feed of 36 kB, the one that ``benchmarks.polling`` serves.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import feedparser
import feedparser.api

from benchmarks import table
from benchmarks.polling_server import everyday_feed
from bot.intake import feeds


def _stock(body: bytes) -> int:
    """With the XML driver that it would take by itself; ``bot.intake.feeds`` names another."""
    ours = feedparser.api.PREFERRED_XML_PARSERS[:]
    feedparser.api.PREFERRED_XML_PARSERS[:] = []
    try:
        return len(feedparser.parse(io.BytesIO(body)).entries)
    finally:
        feedparser.api.PREFERRED_XML_PARSERS[:] = ours


def _ours(body: bytes) -> int:
    return len(feeds.parse(body, url="http://feeds.example/", max_entries=10_000).entries)


def _bodies(folder: Path | None) -> dict[str, bytes]:
    folder = folder or Path(os.environ["ONRECORD_DATA"]) / "feeds" / "real"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def _without_quick_reader(body: bytes) -> int:
    return len(feeds.parse(body, url="http://feeds.example/", max_entries=10_000, quick=False).entries)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--everyday", action="store_true", help="one invented feed instead of a folder")
    given = arguments.parse_args()
    bodies = {"invented": everyday_feed()} if given.everyday else _bodies(given.folder)
    parsers: dict[str, Callable[[bytes], int]] = {
        f"feedparser {feedparser.__version__}, as it comes": _stock,
        "bot.intake.feeds.parse, by feedparser alone": _without_quick_reader,
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
        f"Parsing {len(bodies)} feeds, {megabytes:.2f} MB, {given.repeats} times",
        ("parser", "CPU ms per feed", "MB/CPU s", "entries", "refused", "slowest feed, CPU ms"),
        [
            (
                parser,
                seconds[parser] * 1000 / len(bodies) / given.repeats,
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
