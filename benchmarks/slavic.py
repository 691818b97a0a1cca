"""Score the experimental reader of Ukrainian and Russian on annotated articles, and say how fast it reads.

    python benchmarks/slavic.py --scorer SCORE_STATEMENTS.py [GOLD.jsonl ...]

GOLD holds one article a line (``{"id", "lang", "text", "attributions"}``); without it the two held-out files beside
this program are taken, whose articles are invented. Every reading is scored; ``--said`` leaves thoughts and stances
out of the predictions, as a digest does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bot.language import slavic

GOLD = Path(__file__).resolve().parent / "gold"


def main() -> int:
    """Read, score, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "gold",
        nargs="*",
        type=Path,
        default=[GOLD / "invented-uk-held.jsonl", GOLD / "invented-ru-held.jsonl"],
    )
    parser.add_argument(
        "--scorer", type=Path, required=True, help="the program that compares gold and predictions"
    )
    parser.add_argument("--said", action="store_true", help="score only what was said")
    parser.add_argument("--errors", type=Path, help="a folder for the scorer's lines about errors")
    options = parser.parse_args()
    slavic.read("Ганна Приклад сказала, що модель завантажено.", "uk")
    return max([_score(path, options) for path in options.gold])


def _score(gold: Path, options: argparse.Namespace) -> int:
    articles = [json.loads(line) for line in gold.read_text(encoding="utf-8").splitlines() if line.strip()]
    start = time.process_time()
    found = [_rows(article, said=options.said) for article in articles]
    seconds = time.process_time() - start
    print(f"\n{gold.name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reader.jsonl"
        lines = (
            json.dumps({"id": article["id"], "statements": rows})
            for article, rows in zip(articles, found, strict=True)
        )
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, str(options.scorer), str(gold), str(path)]
        command += ["--errors", str(options.errors / gold.name)] if options.errors else []
        code = subprocess.run(command, check=False).returncode
    words = sum(len(article["text"].split()) for article in articles)
    print(f"\n{words} words in {seconds:.1f} CPU s: {words / seconds:.0f} words per CPU second")
    return code


def _rows(article: dict[str, Any], *, said: bool) -> list[dict[str, Any]]:
    return [
        {"source": x.source, "cue": x.cue, "content": x.content}
        for x in slavic.read(article["text"], article["lang"])
        if not said or x.act == "said"
    ]


if __name__ == "__main__":
    raise SystemExit(main())
