"""Score the reader of statements on annotated articles, and say how fast it reads.

    python benchmarks/score_reader.py --scorer SCORE_STATEMENTS.py [GOLD.jsonl.gz]

GOLD holds one article a line (``{"id", "text", "attributions"}``); without it the development part of PolNeAR
is taken from ``attribution/polnear-dev.jsonl.gz`` in the folder that the environment variable ``ONRECORD_DATA``
names. Predictions go to a temporary file, the scorer prints its table, then words per CPU second follow
(loading the models is not counted). All readings are scored, also thoughts, as the gold annotates them too.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bot.language.reading import read
from bot.model import Reading


def gold_articles(path: Path) -> list[dict[str, str]]:
    """Return the gold file's lines; raise ``OSError`` when it cannot be read."""
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        return [json.loads(line) for line in file if line.strip()]


def prediction(article_id: str, reading: Reading) -> str:
    """Return a reading as the scorer's line of JSON."""
    rows = [
        {"source": s.source, "cue": s.cue, "content": s.content, "act": s.act} for s in reading.statements
    ]
    return json.dumps({"id": article_id, "statements": rows})


def main() -> int:
    """Read, score, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", nargs="?", type=Path)
    parser.add_argument(
        "--scorer", type=Path, required=True, help="the program that compares gold and predictions"
    )
    parser.add_argument("--errors", type=Path, help="where the scorer writes one line per error")
    parser.add_argument("--keep", type=Path, help="write the predictions here and keep them")
    options = parser.parse_args()
    gold = options.gold
    if gold is None:
        folder = os.environ.get("ONRECORD_DATA")
        if not folder:
            parser.error(
                "give a gold file, or set ONRECORD_DATA to the folder that holds attribution/polnear-dev.jsonl.gz"
            )
        gold = Path(folder) / "attribution" / "polnear-dev.jsonl.gz"
    articles = gold_articles(gold)
    read("Anna Example said the models are loaded.", language="en")
    start = time.process_time()
    readings = [read(article["text"], language="en") for article in articles]
    seconds = time.process_time() - start
    words = sum(len(article["text"].split()) for article in articles)
    with tempfile.TemporaryDirectory() as folder_name:
        path = options.keep or Path(folder_name) / "reader.jsonl"
        lines = [prediction(article["id"], found) for article, found in zip(articles, readings, strict=True)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, str(options.scorer), str(gold), str(path)]
        code = subprocess.run(
            [*command, *(["--errors", str(options.errors)] if options.errors else [])], check=False
        )
    print(f"\n{words} words in {seconds:.1f} CPU s: {words / seconds:.0f} words per CPU second")
    return code.returncode


if __name__ == "__main__":
    raise SystemExit(main())
