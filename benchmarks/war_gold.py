"""Score the reader on war articles annotated by hand: who said what, and every field of it.

    python benchmarks/war_gold.py --scorer SCORE_STATEMENTS.py --articles ARTICLES.jsonl.gz [GOLD.jsonl ...]

GOLD (``gold/statements.jsonl`` beside this file unless given) holds stand-off annotations: one article a line
with id, sha256 of its text, and its statements as character offsets, labels and names. ARTICLES holds the texts
(``{"id", "text"}`` a line) and is found through ``news/war-fulltext-2022-2024.jsonl.gz`` in the folder that
ONRECORD_DATA names. What a digest may show is scored: the act "said"; ``--all`` scores every reading.

A field is compared on statements that the scorer pairs and whose content holds at least half of the gold's.
Names and phrases match when one holds all words of the other, articles and honorifics aside.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bot.language.reading import read
from bot.model import Reading, Statement

HERE = Path(__file__).resolve().parent
FIELDS = ("speaker", "role", "kind", "anonymous", "via", "audience", "relay", "status")
SMALL = frozenset(("the", "a", "an", "of", "mr", "mrs", "ms", "dr", "s"))
FLOORS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)


def texts_of(path: Path) -> dict[str, str]:
    """Return texts by the sha256 of their UTF-8 bytes (an id may stand for two versions of an article)."""
    found = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)["text"]
            found[hashlib.sha256(text.encode()).hexdigest()] = text
    return found


def scorer_of(path: Path) -> ModuleType:
    """Load the program that compares gold and predictions."""
    spec = importlib.util.spec_from_file_location("scorer", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file.")
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    return scorer


def words(phrase: str | None) -> frozenset[str]:
    """Return the words that tell a name from another."""
    return frozenset(re.findall(r"\w+", (phrase or "").lower().replace("’s", "").replace("'s", ""))) - SMALL


def same(gold: object, found: object) -> bool:
    """Whether two field values mean the same."""
    if isinstance(gold, bool) or isinstance(found, bool):
        return bool(gold) == bool(found)
    one, other = words(str(gold or "")), words(str(found or ""))
    if one == other or (one and other and (one <= other or other <= one)):
        return True
    return bool(one and other) and (
        spelled_alike(one, other) or initials(str(gold)) == str(found) or initials(str(found)) == str(gold)
    )


def spelled_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether every word of the shorter name is in the longer one up to a few letters ("Zelensky", "Zelenskyy")."""
    short, long = sorted((one, other), key=len)
    return all(any(SequenceMatcher(None, x, y).ratio() >= 0.8 for y in long) for x in short)


def initials(name: str) -> str:
    """Return an organisation's abbreviation as its name suggests it."""
    return "".join(word[0] for word in name.split() if word[0].isupper())


def interval(hits: int, total: int) -> str:
    """Return a share with Wilson's 95 % interval."""
    if not total:
        return "–"
    share, z = hits / total, 1.96
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return f"{100 * share:5.1f} ({100 * (middle - half):.1f}–{100 * (middle + half):.1f}; {hits} of {total})"


def rows_of(reading: Reading, every: bool) -> list[tuple[Statement, dict[str, Any]]]:
    """Return what is scored of a reading, with the scorer's form of it."""
    return [
        (s, {"source": s.source, "cue": s.cue, "content": s.content})
        for s in reading.statements
        if every or s.act == "said"
    ]


def fields(scorer: ModuleType, golds: list[dict[str, Any]], texts: list[str], found: list[Any]) -> None:
    """Print accuracy for each field and what each floor of confidence shows."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    shown: list[tuple[float, bool, bool]] = []
    core = 0
    for gold, text, rows in zip(golds, texts, found, strict=True):
        article = scorer.Article(text)
        wanted, got = article.read(gold["statements"]), article.read([row for _, row in rows])
        core += sum(x["core"] for x in wanted)
        partner = {
            j: i
            for i, j, _ in scorer.pair(wanted, got)
            if 2 * len(wanted[i]["content"] & got[j]["content"]) >= len(wanted[i]["content"])
        }
        for j, (statement, _) in enumerate(rows):
            truth = gold["statements"][partner[j]] if j in partner else None
            if truth:
                for name in FIELDS:
                    good = same(truth[name], getattr(statement, name))
                    total[name] += 1
                    right[name] += good
                    if truth[name] not in (None, False, "none"):
                        total[name + ", where gold has one"] += 1
                        right[name + ", where gold has one"] += good
            good = truth is not None and same(truth["speaker"], statement.speaker)
            shown.append((statement.confidence, good, truth is not None and wanted[partner[j]]["core"]))
    print("\nfield                                  accuracy, %")
    for name in sorted(total):
        print(f"{name:38} {interval(right[name], total[name])}")
    print("\nfloor  speakers right of matched or not, %            core shown, %")
    for floor in FLOORS:
        kept = [x for x in shown if x[0] >= floor]
        hits, seen = sum(good for _, good, _ in kept), sum(is_core for _, _, is_core in kept)
        print(f"{floor:5.2f}  {interval(hits, len(kept)):44}  {interval(seen, core)}")


def main() -> int:
    """Read, score, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", nargs="*", type=Path, default=[HERE / "gold" / "statements.jsonl"])
    parser.add_argument("--scorer", type=Path, required=True)
    parser.add_argument("--articles", type=Path)
    parser.add_argument("--all", action="store_true", help="score thoughts too")
    parser.add_argument("--errors", type=Path, help="where the scorer writes one line per error")
    parser.add_argument("--keep", type=Path, help="a folder to keep gold with texts and predictions in")
    options = parser.parse_args()
    articles = options.articles
    if articles is None:
        if "ONRECORD_DATA" not in os.environ:
            parser.error("name the file of texts with --articles, or set ONRECORD_DATA")
        articles = Path(os.environ["ONRECORD_DATA"]) / "news" / "war-fulltext-2022-2024.jsonl.gz"
    scorer = scorer_of(options.scorer)
    known = texts_of(articles)
    golds = [
        json.loads(line)
        for path in options.gold
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    texts = [known[gold["sha256"]] for gold in golds]
    read("Anna Example said the models are loaded.", language="en")
    start = time.process_time()
    readings = [read(text, language="en") for text in texts]
    seconds = time.process_time() - start
    found = [rows_of(reading, options.all) for reading in readings]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        gold_path, found_path = folder / "gold.jsonl", folder / "reader.jsonl"
        gold_path.write_text(
            "".join(
                json.dumps({"id": gold["sha256"], "text": text, "attributions": gold["statements"]}) + "\n"
                for gold, text in zip(golds, texts, strict=True)
            ),
            encoding="utf-8",
        )
        found_path.write_text(
            "".join(
                json.dumps({"id": gold["sha256"], "statements": [row for _, row in rows]}) + "\n"
                for gold, rows in zip(golds, found, strict=True)
            ),
            encoding="utf-8",
        )
        command = [sys.executable, str(options.scorer), str(gold_path), str(found_path)]
        command += ["--errors", str(options.errors)] if options.errors else []
        code = subprocess.run(command, check=False).returncode
    fields(scorer, golds, texts, found)
    count = sum(len(text.split()) for text in texts)
    print(f"\n{count} words in {seconds:.1f} CPU s: {count / seconds:.0f} words per CPU second")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
