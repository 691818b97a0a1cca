"""Annotated articles as the tagger learns them: a label, an act and two pointers for each piece."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.language.pieces import LABELS, Numbers, encode
from bot.language.quotes import quoted_spans
from bot.language.tagger import Link
from bot.model import Span

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ROLES = ("source", "cue", "content")
WINDOW, SHARED = 254, 48
"""Pieces of a window, pieces that neighbours share."""
NOWHERE, NONE = -1, -2
"""Pointers of a piece that points to nothing, and of a cue without a source."""
_SAYING = re.compile(
    r"\b(?:say|said|tell|told|accord|per|add|writ|wrote|repl[iy]|den[iy]|not(?:e|ing)|stat(?:e|ing)|post|"
    r"point(?:s|ed|ing)? out|"
    r"report|tweet|ask|argu|expla|continu|claim|warn|insist|announc|suggest|declar|acknowledg|admit|accus|promis|vow|"
    r"pledg|urg|respond|comment|remark|mention|recall|assert|contend|predict|testif|complain|conced|reiterat|stress|"
    r"emphasi|alleg|confirm|quot|describ|caution|counter|assur|reveal|inform|demand|answer|disput|repeat)\w*",
    re.IGNORECASE,
)
_THINKING = re.compile(
    r"\b(?:believ|think|thought|want|hope|fear|feel|felt|know|knew|expect|consider|wish|worr|doubt|suspect|see|saw|"
    r"view|hear|learn|plan|intend|decid|like|love|hate|understand|find|found|show)\w*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Example:
    """One article, piece by piece."""

    ids: Numbers
    features: Numbers
    labels: Numbers
    to_cue: Numbers
    """For pieces of a content: the first piece of their cue."""
    to_source: Numbers
    """For the first piece of a cue: the first piece of its source."""
    acts: Numbers
    """For pieces of a cue: 1 where something was said, 0 where not, -1 where nobody knows."""
    sure: bool
    """Whether the acts were annotated; else they are guessed from the cue's words."""
    fold: int = 0
    """The part of the articles it belongs to."""


def articles(path: Path) -> list[dict[str, Any]]:
    """Return a file's articles: ``{"text", "attributions": [{"source", "cue", "content"[, "act"]}]}`` a line."""
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        return [json.loads(line) for line in file if line.strip()]


def example_of(tokenizer: Tokenizer, article: Mapping[str, Any], fold: int = 0) -> Example:
    """Return an annotated article as an example."""
    text, attributions = article["text"], article["attributions"]
    pieces = encode(tokenizer, text)
    count = len(pieces.ids)
    labels = np.zeros(count, dtype=np.int64)
    to_cue, to_source, acts = (np.full(count, NOWHERE, dtype=np.int64) for _ in range(3))
    place = np.full(len(text) + 1, -1, dtype=np.int64)
    for number, (start, end) in enumerate(zip(pieces.starts, pieces.ends, strict=True)):
        place[start:end] = number
    quoted = np.zeros(len(text) + 1, dtype=bool)
    for start, end in quoted_spans(text):
        quoted[start:end] = True
    for attribution in attributions:
        found = {role: _numbers(place, attribution[role]) for role in ROLES}
        for role, runs in found.items():
            for run in runs:
                labels[run] = LABELS.index(f"I-{role}")
                labels[run[0]] = LABELS.index(f"B-{role}")
        if found["cue"]:
            head = found["cue"][0][0]
            to_source[head] = found["source"][0][0] if found["source"] else NONE
            for run in found["content"]:
                to_cue[run] = head
            for run in found["cue"]:
                acts[run] = attribution["act"] if "act" in attribution else _act(text, attribution, quoted)
    sure = any("act" in attribution for attribution in attributions)
    return Example(pieces.ids, pieces.features, labels, to_cue, to_source, acts, sure, fold)


def with_unlisted(article: Mapping[str, Any], links: Iterable[Link]) -> dict[str, Any]:
    """Add what a broad tagger finds beside an own annotation: thoughts and stances, which gold leaves out.

    They become attributions with act 0, so that the tagger keeps finding them and learns that nobody said them.
    """
    listed = [{**found, "act": 1} for found in article["attributions"]]
    taken = [tuple(span) for found in listed for role in ROLES for span in found[role]]
    for link in links:
        spans = [part.span for part in link.contents]
        if link.cue is None or any(_touch(span, taken) for span in (*spans, link.cue.span)):
            continue
        source = [link.source.span] if link.source and not _touch(link.source.span, taken) else []
        listed.append({"source": source, "cue": [link.cue.span], "content": spans, "act": 0})
    return {"text": article["text"], "attributions": listed}


def _touch(span: Span, taken: Sequence[tuple[int, ...]]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in taken)


def _numbers(place: Numbers, spans: Iterable[Sequence[int]]) -> list[list[int]]:
    """Return each span's pieces in order."""
    runs = ([int(x) for x in np.unique(place[start:end]) if x >= 0] for start, end in spans)
    return [run for run in runs if run]


def _act(text: str, attribution: Mapping[str, Any], quoted: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """Guess whether somebody said it, from the cue's words and the marks; -1 where neither tells."""
    words = " ".join(text[start:end] for start, end in attribution["cue"])
    inside = sum(int(quoted[start:end].sum()) for start, end in attribution["content"])
    if 2 * inside >= sum(end - start for start, end in attribution["content"]) or _SAYING.search(words):
        return 1
    return 0 if _THINKING.search(words) else -1


def windows(count: int, chance: random.Random) -> list[tuple[int, int]]:
    """Cut so many pieces into windows that overlap, a little differently each time."""
    if count <= WINDOW:
        return [(0, count)]
    number = -(-(count - SHARED) // (WINDOW - SHARED))
    starts = (round(n * (count - WINDOW) / (number - 1) + chance.uniform(-16, 16)) for n in range(number))
    return [(x, x + WINDOW) for x in (max(0, min(count - WINDOW, start)) for start in starts)]
