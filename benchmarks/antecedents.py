"""Train the ranker that says whom "he" and "the politician" mean, or measure it on articles left out.

    python benchmarks/antecedents.py [--write] [--folds 6] [--articles ARTICLES.jsonl.gz]

It learns from ``gold/statements-train.jsonl`` (offsets and names; the texts are found as ``war_gold.py`` finds
them). Sources are given as annotated, so that errors of spans hide nothing. What a pronoun means depends on who
spoke before, and so on the ranker itself: it is fitted twice, the second time to what the first one resolved.
Without ``--write`` each article is resolved with weights learned from articles of the other folds, and shares of
right speakers are printed; with it, weights learned from all go into ``bot/language/antecedents.toml``.
Nothing is random: folds go by the text's hash, and the fit starts from zero.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.war_gold import interval, same, texts_of
from bot.language import people, pipelines, quotes, speakers
from bot.language.antecedents import NOBODY, Features, Ranker
from bot.language.linking import Utterance
from bot.language.people import People
from bot.language.spans import words_of
from bot.language.who import Who
from bot.model import Span

if TYPE_CHECKING:
    from spacy.tokens import Doc

HERE = Path(__file__).resolve().parent
WEIGHTS = HERE.parent / "bot" / "language" / "antecedents.toml"
PENALTY = 1.0
"""On the squares of the weights."""
ROUNDS, STEPS, STEP = 2, 400, 0.05
NONE: dict[str, dict[str, float]] = {"pronoun": {}, "description": {}}
_PART_OF_NAME = frozenset(("compound", "nmod", "amod", "poss", "nummod", "det"))

Weights = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Article:
    """A parsed article with its annotated statements, in order."""

    sha256: str
    doc: Doc
    people: People
    statements: list[dict[str, Any]]

    def fold(self, folds: int) -> int:
        """Return the part of the articles it belongs to."""
        return int(self.sha256[:8], 16) % folds


@dataclass(frozen=True, slots=True)
class Choice:
    """What the ranker had to choose from, and the annotated speaker."""

    kind: str
    speaker: str
    found: Mapping[str, Features]


class Recorder(Ranker):
    """A ranker that keeps what it had to choose from."""

    def __init__(self, weights: Weights) -> None:
        """Start without choices."""
        super().__init__(weights)
        self.choices: list[tuple[str, int, Mapping[str, Features]]] = []

    def choose(self, kind: str, at: int, found: Mapping[str, Features]) -> tuple[str, float]:
        """Choose as usual, and keep it."""
        self.choices.append((kind, at, found))
        return super().choose(kind, at, found)


def articles(path: Path) -> list[Article]:
    """Return the annotated articles, parsed."""
    nlp, known, out = pipelines.load("auto"), texts_of(path), {}
    for line in (HERE / "gold" / "statements-train.jsonl").read_text(encoding="utf-8").splitlines():
        gold = json.loads(line)
        text = known[gold["sha256"]]
        doc = pipelines.parse(nlp, text)
        found = sorted((s for s in gold["statements"] if s["content"]), key=lambda s: s["content"][0])
        known_people = people.people_of(doc, quotes.quoted_spans(text))
        out[gold["sha256"]] = Article(gold["sha256"], doc, known_people, found)
    return list(out.values())


def utterance(doc: Doc, statement: Mapping[str, Any]) -> Utterance:
    """Return an annotated statement as the reader's own, its source's head by the parse."""
    span: Span | None = tuple(statement["source"][0]) if statement["source"] else None
    head = words_of(doc, span).root if span else None
    while head is not None and span and head.dep_ in _PART_OF_NAME and head.i < head.head.i:
        if head.head.idx >= span[1]:
            break
        head = head.head
    spans = {name: [tuple(part) for part in statement[name]] for name in ("cue", "content")}
    return Utterance(head, span, tuple(spans["cue"]), spans["content"])


def resolved(article: Article, weights: Weights) -> tuple[list[tuple[dict[str, Any], Who]], list[Choice]]:
    """Resolve annotated sources; return each statement with who speaks, and every choice of the ranker."""
    recorder = Recorder(weights)
    said = [utterance(article.doc, statement) for statement in article.statements]
    heads = {x.source.idx: s for x, s in zip(said, article.statements, strict=True) if x.source is not None}
    answers = speakers.resolve(article.doc, said, article.people, recorder)
    rows = [(s, who) for s, who in zip(article.statements, answers, strict=True) if s["source"]]
    return rows, [Choice(kind, heads[at]["speaker"], found) for kind, at, found in recorder.choices]


def fitted(choices: Iterable[Choice]) -> dict[str, float]:
    """Return the weights under which annotated antecedents are likeliest (Adam on the penalised likelihood)."""
    choices = list(choices)
    names = sorted({name for choice in choices for features in choice.found.values() for name in features})
    data = []
    for choice in choices:
        rows = np.array([[f.get(name, 0.0) for name in names] for f in choice.found.values()])
        right = np.array([who != NOBODY and same(choice.speaker, who) for who in choice.found], dtype=float)
        if not right.any():
            right[list(choice.found).index(NOBODY)] = 1.0
        data.append((rows, right))
    weights, mean, square = (np.zeros(len(names)) for _ in range(3))
    for step in range(1, STEPS + 1):
        slope = PENALTY * weights
        for rows, right in data:
            scores = rows @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            wanted = shares * right
            slope = slope + rows.T @ (shares - wanted / max(wanted.sum(), 1e-12))
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        weights = weights - STEP * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return {name: round(float(weight), 2) for name, weight in zip(names, weights, strict=True)}


def trained(found: Iterable[Article]) -> Weights:
    """Return the weights that these articles teach."""
    found, weights = list(found), NONE
    for _ in range(ROUNDS):
        choices = [choice for article in found for choice in resolved(article, weights)[1]]
        weights = {kind: fitted(x for x in choices if x.kind == kind) for kind in NONE}
    return weights


def report(rows: Iterable[tuple[dict[str, Any], Who]]) -> None:
    """Print the share of right speakers by how they were found, and by the ranker's probability."""
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for statement, who in rows:
        kinds = [who.certainty, "all"]
        kinds += [f"probability from {int(10 * who.likely) / 10:.1f}"] if who.likely else []
        for kind in kinds:
            total[kind] += 1
            right[kind] += same(statement["speaker"], who.speaker)
    for kind in sorted(total):
        print(f"{kind:24} {interval(right[kind], total[kind])}")


def main() -> int:
    """Train, and print or write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--write", action="store_true", help=f"learn from all articles and write {WEIGHTS.name}"
    )
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--articles", type=Path)
    options = parser.parse_args()
    if options.articles is None and "ONRECORD_DATA" not in os.environ:
        parser.error("name the file of texts with --articles, or set ONRECORD_DATA")
    place = Path(os.environ.get("ONRECORD_DATA", "")) / "news" / "war-fulltext-2022-2024.jsonl.gz"
    found = articles(options.articles or place)
    if options.write:
        lines = [
            "# Written by benchmarks/antecedents.py: what speaks for a person being meant, and against it."
        ]
        for kind, weights in trained(found).items():
            lines += [
                "",
                f"[{kind}]",
                *(f'"{name}" = {weight}' for name, weight in weights.items() if weight),
            ]
        WEIGHTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return 0
    parts = {
        number: trained(x for x in found if x.fold(options.folds) != number)
        for number in range(options.folds)
    }
    report(row for article in found for row in resolved(article, parts[article.fold(options.folds)])[0])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
