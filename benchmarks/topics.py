"""Relevance to the war and topics, against labels made by hand: precision, recall, F1.

``python -m benchmarks.topics FOLDER`` (or ``ONRECORD_DATA``). The part ``unseen`` was labelled after the tables
stood as they are; ``tuned`` is what they were written with. Topics are judged on items about the war.
"""

from __future__ import annotations

import time
from collections import Counter

from benchmarks import headlines, table
from bot.knowledge import load
from bot.stories import topics


def main() -> None:
    """Measure and print."""
    items = headlines.by_hash(headlines.folder_from_arguments(__doc__))
    known = load().topics
    for part in ("unseen", "tuned"):
        gold = [label for label in headlines.labels("topics") if label["part"] == part]
        counts = {topic.name: Counter[str]() for topic in known}
        screened = Counter[str]()
        started = time.process_time()
        for label in gold:
            item = items[label["sha256"]]
            reached = {name for name, _ in topics.score(item.title, item.summary, known)}
            counts["war"][_verdict("war" in reached, label["war"])] += 1
            screened[_verdict(topics.touches_war(item.title, item.summary, known), label["war"])] += 1
            if label["war"]:
                for name in set(counts) - {"war"}:
                    counts[name][_verdict(name in reached, name in label["topics"])] += 1
        speed = len(gold) / (time.process_time() - started)
        rows = [(name, *_figures(count)) for name, count in counts.items()]
        rows.append(("pre-screen (war)", *_figures(screened)))
        table.show(
            f"{part}: {len(gold)} items, {speed:,.0f} items/s", ("topic", "items", "P", "R", "F1"), rows
        )
        present = [
            _figures(count)[3] for name, count in counts.items() if name != "war" and _figures(count)[0]
        ]
        print(f"macro-F1 of the {len(present)} topics that occur: {sum(present) / len(present):.3f}")


def _verdict(found: bool, right: bool) -> str:
    return {(True, True): "hit", (True, False): "false", (False, True): "missed"}.get(
        (found, right), "left out"
    )


def _figures(count: Counter[str]) -> tuple[int, float, float, float]:
    precision = count["hit"] / max(1, count["hit"] + count["false"])
    recall = count["hit"] / max(1, count["hit"] + count["missed"])
    return (
        count["hit"] + count["missed"],
        precision,
        recall,
        2 * precision * recall / max(1e-9, precision + recall),
    )


if __name__ == "__main__":
    main()
