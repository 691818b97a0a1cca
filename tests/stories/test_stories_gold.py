"""On real headlines, known here by their hashes alone, relevance and grouping hold what was measured."""

import os
from pathlib import Path

import pytest

from benchmarks import headlines
from bot.knowledge import load
from bot.stories import topics


@pytest.mark.skipif("ONRECORD_DATA" not in os.environ, reason="ONRECORD_DATA names no data folder")
def test_relevance_on_unseen_headlines_stays_where_it_was_measured():
    items = headlines.by_hash(Path(os.environ["ONRECORD_DATA"]))
    gold = [label for label in headlines.labels("topics") if label["part"] == "unseen"]
    found = [
        bool(topics.score(items[label["sha256"]].title, items[label["sha256"]].summary, load().topics))
        for label in gold
    ]

    right = sum(hit and label["war"] for hit, label in zip(found, gold, strict=True))
    assert 2 * right / (sum(found) + sum(label["war"] for label in gold)) >= 0.93


def test_gold_labels_hold_hashes_and_labels_only():
    for label in headlines.labels("topics"):
        assert set(label) == {"sha256", "part", "war", "topics"}
        assert len(label["sha256"]) == 64
    for label in headlines.labels("stories"):
        assert set(label) == {"sha256", "story"}
