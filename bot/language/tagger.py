"""The tagger: a small neural network that marks sources, cues and contents and says which belong together.

It runs on one thread with onnxruntime; the files it needs lie in ``model/`` beside this module, those of the
experimental one for Ukrainian and Russian in ``model_uk_ru/``.
"""

from __future__ import annotations

import functools
import hashlib
import threading
import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.language.pieces import LABELS, Pieces, encode, special
from bot.language.pipelines import ModelMissing
from bot.model import Span

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]

_WINDOW, _OVERLAP, _BATCH = 254, 64, 4
"""Pieces read at once (256 with the two end marks), pieces shared by neighbours, windows per call."""
_ACT = len(LABELS)
"""Column of the head that says whether a cue reports something said or written."""
_FARTHEST = -8.0
"""Lowest log-probability of a link: beyond it, distance alone decides."""
_DISTANCE, _PARAGRAPH = 1.0, 1.5
"""What distance costs a link, in log-probability: per ln(1 + pieces between), and per paragraph crossed."""
_REACH = 2 * _WINDOW
"""Pieces beyond which nothing is linked."""
_LONELY = -9.0
"""A content whose best link scores less stands alone."""

ENGLISH, UKRAINIAN_RUSSIAN = "model", "model_uk_ru"
"""The folders of the models."""

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Marked:
    """A run of pieces with one label."""

    span: Span
    """Characters."""
    first: int
    """Number of its first piece."""
    last: int
    """Number behind its last piece."""
    sure: float
    """Mean probability of its labels."""


@dataclass(frozen=True, slots=True)
class Link:
    """A cue with its source and its contents, and how sure the tagger is of each."""

    cue: Marked | None
    """None for a content that belongs to no cue."""
    source: Marked | None
    contents: tuple[Marked, ...]
    said: float = 1.0
    """Probability that something was said or written, not thought or felt."""
    source_sure: float = 1.0
    """Probability of this source (or of none) among all in reach."""
    content_sure: float = 1.0
    """Probability that the contents belong to this cue: the least sure one's."""


@dataclass(frozen=True, slots=True)
class _Scores:
    """What the network says of every piece of a text."""

    labels: Floats
    """Log-probabilities, a row for each piece, a column for each of ``LABELS``."""
    said: Floats
    """Logit of the act."""
    to_source: Floats
    """Probabilities: a row for each piece, a column for each place of its window; place 0 is "none"."""
    to_cue: Floats
    windows: NDArray[np.int64]
    """Where each piece's window starts: place 1 is that piece."""


class Tagger:
    """A loaded model; ``tag`` may be called from several threads."""

    def __init__(
        self, session: InferenceSession, tokenizer: Tokenizer, lean: Mapping[str, float] | None = None
    ) -> None:
        """Take a session and its tokenizer; ``lean``: by role, how much a label is preferred (logits)."""
        self._session = session
        self._tokenizer = tokenizer
        self._lean = np.array([(lean or {}).get(label[2:], 0.0) for label in LABELS], dtype=np.float32)
        self._ends = (special(tokenizer, "[CLS]", "<s>"), special(tokenizer, "[SEP]", "</s>"))

    def tag(self, text: str) -> tuple[Link, ...]:
        """Return the links of a text in the order of their first contents."""
        pieces = encode(self._tokenizer, text)
        if not len(pieces.ids):
            return ()
        return _links(pieces, self._score(pieces), self._lean)

    def _score(self, pieces: Pieces) -> _Scores:
        count = len(pieces.ids)
        starts = _window_starts(count)
        width = min(count, _WINDOW)
        owner = _owners(count, starts, width)
        labels = np.zeros((count, _ACT + 1), dtype=np.float32)
        to_source = np.zeros((count, width + 2), dtype=np.float32)
        to_cue = np.zeros((count, width + 2), dtype=np.float32)
        for at in range(0, len(starts), _BATCH):
            batch = starts[at : at + _BATCH]
            ids = np.zeros((len(batch), width + 2), dtype=np.int64)
            features = np.zeros_like(ids)
            ids[:, 0], ids[:, -1] = self._ends
            for row, start in enumerate(batch):
                ids[row, 1:-1] = pieces.ids[start : start + width]
                features[row, 1:-1] = pieces.features[start : start + width]
            found = self._session.run(
                None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "feat": features}
            )
            for row, start in enumerate(batch):
                own = np.flatnonzero(owner[start : start + width] == at + row)
                labels[start + own] = found[0][row, own + 1]
                to_source[start + own] = _softmax(found[1][row, own + 1])
                to_cue[start + own] = _softmax(found[2][row, own + 1])
        logs = np.log(np.maximum(_softmax(labels[:, :_ACT]), 1e-9))
        return _Scores(logs, labels[:, _ACT], to_source, to_cue, np.asarray(starts)[owner])


def load(model: str = ENGLISH) -> Tagger:
    """Return a tagger, loaded once per process; raise ``ModelMissing`` where its files are not as shipped."""
    with _lock:
        return _loaded(model)


@functools.cache
def model_version(model: str = ENGLISH) -> str:
    """Return the model's name and version as its card states them; raise ``ModelMissing`` without a card."""
    card = _card(files("bot.language") / model)
    return f"{card['name']}-{card['version']}"


@functools.cache
def _loaded(name: str) -> Tagger:
    # Imported late: commands that read no text need not pay for them.
    import onnxruntime  # noqa: PLC0415 - see above
    from tokenizers import Tokenizer as Loader  # noqa: PLC0415 - see above

    folder = files("bot.language") / name
    card = _card(folder)
    sums, lean = card["sha256"], card.get("lean", {})
    assert isinstance(sums, dict)
    assert isinstance(lean, dict)
    model, words = (_checked(folder / name, str(wanted)) for name, wanted in sorted(sums.items()))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena keeps its largest size for good
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tokenizer = Loader.from_str(words.decode("utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Tagger(session, tokenizer, lean)


def _card(folder: Traversable) -> dict[str, object]:
    try:
        return tomllib.loads((folder / "card.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise _missing(folder / "card.toml", "cannot be read") from error


def _checked(path: Traversable, wanted: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _missing(path, "cannot be read") from error
    if hashlib.sha256(data).hexdigest() != wanted:
        raise _missing(path, "is not the file that its card describes (sha256 differs)")
    return data


def _missing(path: Traversable, what: str) -> ModelMissing:
    return ModelMissing(
        f"{path} {what}. Install the package again "
        "(python -m pip install --force-reinstall --no-deps onrecord, or the same from a checkout), "
        "or train a model: python -m bot.language.train --help"
    )


def _window_starts(count: int) -> list[int]:
    if count <= _WINDOW:
        return [0]
    number = -(-(count - _OVERLAP) // (_WINDOW - _OVERLAP))
    return [round(n * (count - _WINDOW) / (number - 1)) for n in range(number)]


def _owners(count: int, starts: list[int], width: int) -> NDArray[np.int64]:
    """Number of the window in which each piece stands farthest from an edge."""
    owner = np.zeros(count, dtype=np.int64)
    best = np.full(count, -1.0)
    for number, start in enumerate(starts):
        places = np.arange(width)
        left = places if start else np.full(width, count)
        right = places[::-1] if start + width < count else np.full(width, count)
        depth = np.minimum(left, right)
        better = depth > best[start : start + width]
        owner[start : start + width][better] = number
        best[start : start + width][better] = depth[better]
    return owner


def _softmax(rows: Floats) -> Floats:
    powers = np.exp(rows - rows.max(axis=-1, keepdims=True, initial=-1e9))
    sums: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return sums


def _best_labels(logs: Floats) -> list[int]:
    """Return the likeliest labels in which every run starts with B (Viterbi)."""
    count, kinds = logs.shape
    allowed = np.zeros((kinds, kinds), dtype=np.float32)
    for after, label in enumerate(LABELS):
        for before, other in enumerate(LABELS):
            if label.startswith("I-") and other[2:] != label[2:]:
                allowed[before, after] = -1e4
    score = logs[0] + allowed[0]
    back = np.zeros((count, kinds), dtype=np.int64)
    every = np.arange(kinds)
    for number in range(1, count):
        ways = score[:, None] + allowed
        back[number] = ways.argmax(axis=0)
        score = ways[back[number], every] + logs[number]
    path = [int(score.argmax())]
    for number in range(count - 1, 0, -1):
        path.append(int(back[number, path[-1]]))
    return path[::-1]


def _runs(pieces: Pieces, logs: Floats, lean: Floats) -> dict[str, list[Marked]]:
    path = _best_labels(logs + lean)
    found: dict[str, list[Marked]] = {"source": [], "cue": [], "content": []}
    at = 0
    while at < len(path):
        role, first = LABELS[path[at]][2:], at
        at += 1
        while role and at < len(path) and LABELS[path[at]] == f"I-{role}":
            at += 1
        if role:
            sure = float(np.exp(logs[range(first, at), path[first:at]]).mean())
            span = (int(pieces.starts[first]), int(pieces.ends[at - 1]))
            if span[0] < span[1]:
                found[role].append(Marked(span, first, at, sure))
    return found


def _links(pieces: Pieces, scores: _Scores, lean: Floats) -> tuple[Link, ...]:
    runs = _runs(pieces, scores.labels, lean)
    cues, contents = runs["cue"], runs["content"]
    held: dict[int, list[tuple[Marked, float]]] = {}
    links = []
    places = [cue.first for cue in cues]
    for content in contents:
        near = range(bisect_left(places, content.first - _REACH), bisect_left(places, content.last + _REACH))
        best, weight, chance = -1, _LONELY, 0.0
        for number in near:
            mass = _mass(scores.to_cue, scores.windows, content, cues[number])
            value = max(float(np.log(max(mass, 1e-9))), _FARTHEST) - _cost(pieces, content, cues[number])
            if value > weight:
                best, weight, chance = number, value, mass
        if best < 0:
            links.append(Link(None, None, (content,)))
        else:
            held.setdefault(best, []).append((content, chance))
    for number, parts in held.items():
        cue = cues[number]
        source, sure = _source_of(pieces, scores, cue, runs["source"])
        said = float(1 / (1 + np.exp(-scores.said[cue.first : cue.last].mean())))
        links.append(
            Link(
                cue, source, tuple(part for part, _ in parts), said, sure, min(chance for _, chance in parts)
            )
        )
    return tuple(sorted(links, key=lambda link: link.contents[0].span))


def _source_of(
    pieces: Pieces, scores: _Scores, cue: Marked, sources: list[Marked]
) -> tuple[Marked | None, float]:
    chance = float(scores.to_source[cue.first, 0])
    best, found = np.log(max(chance, 1e-9)), None
    for source in sources:
        if abs(source.first - cue.first) > _REACH:
            continue
        mass = float(scores.to_source[cue.first][_places(scores.windows, cue.first, source)].sum())
        weight = max(np.log(max(mass, 1e-9)), _FARTHEST) - _cost(pieces, source, cue)
        if weight > best:
            best, found, chance = weight, source, mass
    return found, chance


def _places(windows: NDArray[np.int64], piece: int, run: Marked) -> slice:
    """Where a run stands in a piece's window; place 0 is the end mark."""
    start = int(windows[piece])
    return slice(max(1, run.first - start + 1), max(1, run.last - start + 1))


def _mass(chances: Floats, windows: NDArray[np.int64], run: Marked, target: Marked) -> float:
    """Geometric mean, over a run's pieces, of the probability that each points to the target."""
    logs = []
    first = run.first
    while first < run.last:
        same = first + int(np.searchsorted(windows[first : run.last], windows[first], side="right"))
        sums = chances[first:same, _places(windows, first, target)].sum(axis=1)
        logs.append(np.maximum(np.log(np.maximum(sums, 1e-9)), _FARTHEST))
        first = same
    return float(np.exp(np.concatenate(logs).mean()))


def _cost(pieces: Pieces, one: Marked, other: Marked) -> float:
    gap = max(one.first - other.last, other.first - one.last, 0)
    crossed = abs(int(pieces.paragraphs[one.first]) - int(pieces.paragraphs[other.first]))
    return _DISTANCE * float(np.log1p(gap)) + _PARAGRAPH * crossed
