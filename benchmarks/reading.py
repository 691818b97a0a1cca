"""Text → who said what: words per CPU second, memory and load time over full articles, a peer beside ours.

``python -m benchmarks.reading FILE.jsonl.gz`` (or ``ONRECORD_DATA``, whose war articles are taken), each line
with a ``text``. Every reader runs in a process of its own, on one thread; then ours once more as the bot runs it,
with two workers behind its door (CPU and memory of all its processes). ``--peer-python`` names a Python with
textacy and a spaCy pipeline (``--peer-model``) in it.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.usage import Used, peak_mb
from bot.runtime.workers import Workers
from bot.settings import Reading, Settings

FILE = "news/war-fulltext-2022-2024.jsonl.gz"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PEER = Path(__file__).parent / "peers" / "textacy_reads.py"


def _measure_ours() -> None:
    """In a process of its own: texts as JSON on standard input, one JSON object out."""
    texts = json.load(sys.stdin)
    began = time.process_time()
    from bot.language.reading import read  # noqa: PLC0415 - loading is measured

    read("“This loads the models,” Anna Example said.")
    loaded = time.process_time()
    found = sum(len(read(text).statements) for text in texts)
    done = time.process_time()
    print(
        json.dumps(
            {
                "name": "bot.language.reading",
                "load": loaded - began,
                "read": done - loaded,
                "peak_mb": peak_mb(),
                "found": found,
            }
        )
    )


async def _measure_workers(count: int) -> None:
    """As the bot reads: so many worker processes, one loop that waits for them."""
    texts = json.load(sys.stdin)
    used, began = Used(), time.process_time()
    async with Workers(Settings(reading=Reading(workers=count))) as workers:
        await asyncio.gather(*(workers.read("“This loads,” Anna Example said.") for _ in range(count)))
        loaded, wall, own = used.cpu(), time.perf_counter(), time.process_time()
        with used.looking():
            read = await asyncio.gather(*(workers.read(text) for text in texts))
        done, wall = used.cpu(), time.perf_counter() - wall
    result = {
        "name": f"the bot, {count} workers ({wall:.0f} s by the clock, {time.process_time() - own:.1f} CPU s here)",
        "load": loaded - began,
        "read": done - loaded,
        "peak_mb": used.peak_mb,
        "found": sum(len(one.statements) for one in read),
    }
    print(json.dumps(result))


def _run(command: list[str], texts: list[str]) -> dict[str, Any]:
    done = subprocess.run(
        command,
        input=json.dumps(texts),
        text=True,
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, **ONE_THREAD},
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file", nargs="?", type=Path)
    arguments.add_argument("--articles", type=int, default=0, help="only so many; 0 for all")
    arguments.add_argument("--peer-python")
    arguments.add_argument("--peer-model", default="en_core_web_sm")
    arguments.add_argument("--ours-alone", action="store_true", help=argparse.SUPPRESS)
    arguments.add_argument("--ours-with-workers", type=int, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.ours_with_workers:
        asyncio.run(_measure_workers(given.ours_with_workers))
        return
    if given.ours_alone:
        _measure_ours()
        return
    file = given.file or Path(os.environ["ONRECORD_DATA"]) / FILE
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines][: given.articles or None]
    words = sum(len(text.split()) for text in texts)
    results = [_run([sys.executable, "-m", "benchmarks.reading", "--ours-alone"], texts)]
    results.append(_run([sys.executable, "-m", "benchmarks.reading", "--ours-with-workers", "2"], texts))
    if given.peer_python:
        results.append(_run([given.peer_python, str(PEER), given.peer_model], texts))
    table.show(
        f"Reading {len(texts)} articles, {words:,} words",
        ("reader", "words/CPU s", "articles/CPU s", "peak MB", "load, CPU s", "statements"),
        [
            (
                one["name"],
                words / one["read"],
                len(texts) / one["read"],
                one["peak_mb"],
                one["load"],
                one["found"],
            )
            for one in results
        ],
    )


if __name__ == "__main__":
    main()
