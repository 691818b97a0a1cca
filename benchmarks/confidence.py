"""Fit how sure the reader may be of a statement, and show what each floor would let through.

    python benchmarks/confidence.py --scorer SCORE_STATEMENTS.py GOLD.jsonl ... [--articles A] [--broad B]

GOLD holds stand-off annotations as ``gold/statements-train.jsonl`` does, of articles that the tagger **has not
seen** (train one without them). ARTICLES holds their texts; without it they are found as ``war_gold.py`` finds
them. ``--broad`` adds articles in which every attribution is annotated, also thoughts, at a third of the weight.

Printed are the weights for ``bot/language/confidence.py``, found on all articles, and a table of floors, each
article judged by weights found on the others (six parts).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.war_gold import same, scorer_of, texts_of
from bot.language import confidence
from bot.language.linking import Utterance
from bot.language.reading import read
from bot.language.who import Who

PARTS, PULL, BROAD_WEIGHT = 6, 1.0, 1 / 3
FLOORS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9)


@dataclass(frozen=True, slots=True)
class Row:
    """One statement that the reader found with a cue."""

    article: int
    broad: bool
    features: tuple[float, ...]
    speaker_sure: float
    right: bool
    """Content and source are the gold's."""
    speaker: bool
    """So is the speaker, whatever the content."""
    core: bool
    """It stands for a reported statement of the gold."""


def rows_of(
    scorer: ModuleType, number: int, text: str, gold: list[dict[str, Any]], *, broad: bool
) -> list[Row]:
    """Read one article and judge every statement with a cue."""
    noted: dict[tuple[int, int], tuple[tuple[float, ...], float]] = {}

    def note(text: str, said: Utterance, who: Who) -> float:
        if said.cue and not said.headed:
            noted[said.content[0]] = confidence.features(*confidence.evidence_of(text, said)), who.sure
        return 0.0

    with patch.object(confidence, "of_statement", note):
        every = read(text, language="en").statements
    found = [s for s in every if s.act == "said" and s.content[0] in noted]
    article = scorer.Article(text)
    wanted = article.read(gold)
    given = article.read([{"source": s.source, "cue": s.cue, "content": s.content} for s in found])
    pairs = {theirs: ours for ours, theirs, _ in scorer.pair(wanted, given)}
    rows = []
    for place, statement in enumerate(found):
        other = pairs.get(place)
        right = speaker = core = False
        if other is not None:
            held = 2 * len(wanted[other]["content"] & given[place]["content"]) >= len(
                wanted[other]["content"]
            )
            right = held and article.same_source(wanted[other]["source"], given[place]["source"])
            speaker = not broad and same(gold[other]["speaker"], statement.speaker)
            core = bool(wanted[other]["core"])
        features, sure = noted[statement.content[0]]
        rows.append(Row(number, broad, features, sure, right, speaker, core))
    return rows


def fitted(rows: list[Row]) -> np.ndarray[Any, Any]:
    """Return the weights of a logistic regression (Newton's method; the same rows give the same weights)."""
    x = np.array([row.features for row in rows])
    y = np.array([row.right for row in rows], dtype=float)
    much = np.array([BROAD_WEIGHT if row.broad else 1.0 for row in rows])
    weights = np.zeros(x.shape[1])
    for _ in range(60):
        chance = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (much * (y - chance)) - PULL * weights
        bend = (x * (much * chance * (1 - chance))[:, None]).T @ x + PULL * np.eye(x.shape[1])
        weights += np.linalg.solve(bend, slope)
    return weights


def table(rows: list[Row], reported: int) -> Iterable[str]:
    """Yield the floors' table; ``reported`` is the number of reported statements in the gold."""
    sure: list[tuple[float, Row]] = []
    for part in range(PARTS):
        weights = fitted([row for row in rows if row.article % PARTS != part])
        for row in rows:
            if row.article % PARTS == part and not row.broad:
                chance = 1 / (1 + np.exp(-float(np.dot(weights, row.features))))
                sure.append((chance * row.speaker_sure, row))
    yield f"{'floor':>5} {'shown':>6} {'speaker right, %':>17} {'all right, %':>13} {'reported shown, %':>18}"
    for floor in FLOORS:
        shown = [row for chance, row in sure if chance >= floor]
        share = 100 / max(1, len(shown))
        yield (
            f"{floor:5.2f} {len(shown):6} {share * sum(row.speaker for row in shown):17.1f} "
            f"{share * sum(row.speaker and row.right for row in shown):13.1f} "
            f"{100 * sum(row.core for row in shown) / max(1, reported):18.1f}"
        )


def main() -> int:
    """Read the articles, fit, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--scorer", type=Path, required=True)
    parser.add_argument("--articles", type=Path)
    parser.add_argument("--broad", type=Path)
    options = parser.parse_args()
    data = Path(os.environ.get("ONRECORD_DATA", ""))
    texts = texts_of(options.articles or data / "news" / "war-fulltext-2022-2024.jsonl.gz")
    scorer = scorer_of(options.scorer)
    rows: list[Row] = []
    reported = number = 0
    for path in options.gold:
        for line in path.read_text(encoding="utf-8").splitlines():
            article = json.loads(line)
            text, gold = texts[article["sha256"]], article["statements"]
            reported += sum(bool(x["core"]) for x in scorer.Article(text).read(gold))
            rows += rows_of(scorer, (number := number + 1), text, gold, broad=False)
    if options.broad:
        with gzip.open(options.broad, "rt", encoding="utf-8") as file:
            for article in map(json.loads, file):
                number += 1
                rows += rows_of(scorer, number, article["text"], article["attributions"], broad=True)
    print("Weights(" + ", ".join(f"{weight:.2f}" for weight in fitted(rows)) + ")")
    for line in table(rows, reported):
        print(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
