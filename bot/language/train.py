"""Train the tagger and write its model files.

    python -m bot.language.train FOLDER --encoder model.safetensors --tokenizer tokenizer.json --out DIRECTORY

FOLDER holds annotated articles, one a line, as ``{"text", "attributions": [{"source", "cue", "content"}]}`` with
character offsets: ``broad.jsonl[.gz]``, in which every attribution is annotated, also thoughts, and
``own.jsonl[.gz]``, in which only what somebody said or wrote is. First the network learns from the broad articles,
then from a share of them mixed with the own ones. Two hours on one thread for 840 broad and 70 own articles are
plenty. It needs torch, onnx and safetensors, which nothing else here does:

    python -m pip install torch onnx safetensors
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.language.examples import NONE, Example, articles, example_of, with_unlisted
from bot.language.pieces import LABELS, Numbers
from bot.language.tagger import Tagger

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

    from bot.language.network import Network

WINDOW, SHARED, BATCH = 254, 48, 8
"""Pieces of a window, pieces that neighbours share, windows of a step."""
_POINTERS, _ACTS, _GUESSED = 0.3, 0.3, 0.3
"""Weights of the losses beside the labels', and of an act that was guessed."""
_HEADS = 5
"""How many times faster the heads learn than the encoder."""
_MASKED = 0.04
_WARM, _AVERAGE_EVERY = 60, 5
_IGNORED = -100


@dataclass(frozen=True, slots=True)
class Stage:
    """One run over examples."""

    epochs: float
    rate: float
    broad: float
    """Share of the broad articles in each epoch."""
    own: int
    """How often each own article comes in an epoch."""
    average: float
    """How slowly the average of the weights, which is what is kept, follows them."""


FIRST = Stage(epochs=5, rate=2e-4, broad=1, own=0, average=0.995)
SECOND = Stage(epochs=3, rate=1.2e-4, broad=0.35, own=6, average=0.99)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train by the command line; exit status 2 says what is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m bot.language.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="holds broad.jsonl[.gz] and own.jsonl[.gz]")
    parser.add_argument("--encoder", type=Path, required=True, help="safetensors, or a checkpoint (.pt)")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the encoder's tokenizer.json")
    parser.add_argument("--out", type=Path, required=True, help="where the model files go")
    parser.add_argument("--version", default="own", help="written into the card")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--skip-first", action="store_true", help="the encoder is a checkpoint of the first stage"
    )
    options = parser.parse_args(arguments)
    lacking = [name for name in ("torch", "onnx", "safetensors") if importlib.util.find_spec(name) is None]
    if lacking:
        print(  # noqa: T201 - a command's answer
            f"Training needs {', '.join(lacking)}: python -m pip install {' '.join(lacking)}", file=sys.stderr
        )
        return 2
    _run(options)
    return 0


def _run(options: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415 - needed for training only
    from tokenizers import Tokenizer  # noqa: PLC0415 - the same

    from bot.language.network import from_weights  # noqa: PLC0415 - the same

    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    chance, noise = random.Random(options.seed), np.random.default_rng(options.seed)  # noqa: S311 - no secret
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    broad = [example_of(tokenizer, article) for article in articles(_found(options.folder, "broad"))]
    network = from_weights(options.encoder)
    if not options.skip_first:
        _learn(network, FIRST, broad, [], chance, noise)
        options.out.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), options.out / "first-stage.pt")
    tagger = Tagger(_Session(network), tokenizer)
    own = [
        example_of(tokenizer, with_unlisted(article, tagger.tag(article["text"])))
        for article in articles(_found(options.folder, "own"))
    ]
    _learn(network, SECOND, broad, own, chance, noise)
    write(network, tokenizer, options.out, options.version)


def _found(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
        if path.exists():
            return path
    raise SystemExit(f"{folder} holds no {name}.jsonl or {name}.jsonl.gz. See --help for what belongs in it.")


class _Session:
    """The network behind the same door as the exported model, for tagging during training."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def run(self, _names: None, feeds: dict[str, Numbers]) -> list[np.ndarray[Any, Any]]:
        """Return logits as onnxruntime does."""
        import torch  # noqa: PLC0415 - needed for training only

        self._network.eval()
        with torch.inference_mode():
            order = ("input_ids", "attention_mask", "feat")
            return [x.numpy() for x in self._network(*(torch.from_numpy(feeds[name]) for name in order))]


def _learn(  # noqa: PLR0917 - a loop over what it is given
    network: Network,
    stage: Stage,
    broad: list[Example],
    own: list[Example],
    chance: random.Random,
    noise: np.random.Generator,
) -> None:
    """Run one stage; the network ends with the average of its weights."""
    import torch  # noqa: PLC0415 - needed for training only

    embeddings = network.bert["embeddings"]
    for name in ("word_embeddings", "position_embeddings"):
        embeddings[name].weight.requires_grad = False
    encoder = [x for x in network.bert.parameters() if x.requires_grad]
    heads = [x for name, x in network.named_parameters() if not name.startswith("bert.")]
    groups = [
        {"params": [x for x in encoder if x.dim() > 1], "lr": stage.rate, "weight_decay": 0.05},
        {"params": [x for x in encoder if x.dim() == 1], "lr": stage.rate, "weight_decay": 0.0},
        {"params": heads, "lr": _HEADS * stage.rate, "weight_decay": 0.01},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    rates = [group["lr"] for group in optimizer.param_groups]
    network.train()
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    done, step = 0.0, 0
    while done < stage.epochs:
        batches = list(
            _batches(chance.sample(broad, int(stage.broad * len(broad))) + own * stage.own, chance)
        )
        for number, batch in enumerate(batches):
            epoch = done + number / len(batches)
            if epoch >= stage.epochs:
                break
            scale = min(1, step / _WARM) * max(0.02, 1 - epoch / stage.epochs)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * scale
            loss = _loss(network, batch, noise)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if step % _AVERAGE_EVERY == 0:
                slow = min(stage.average, (step + 1) / (step + 50))
                with torch.no_grad():
                    for name, value in network.state_dict().items():
                        average[name].lerp_(value, 1 - slow)
            step += 1
            if step % 50 == 0:
                print(f"epoch {epoch:.2f} loss {loss.item():.3f}", flush=True)  # noqa: T201 - progress
        done += 1
    network.load_state_dict(average)
    network.eval()


def _batches(examples: list[Example], chance: random.Random) -> Iterator[list[tuple[Example, int, int]]]:
    """Return steps in random order; windows of like length stand together."""
    windows = [(x, start, end) for x in examples for start, end in _windows(len(x.ids), chance)]
    chance.shuffle(windows)
    windows.sort(key=lambda window: -((window[2] - window[1]) // 64))
    steps = [windows[at : at + BATCH] for at in range(0, len(windows), BATCH)]
    chance.shuffle(steps)
    return iter(steps)


def _windows(count: int, chance: random.Random) -> list[tuple[int, int]]:
    if count <= WINDOW:
        return [(0, count)]
    number = -(-(count - SHARED) // (WINDOW - SHARED))
    starts = (round(n * (count - WINDOW) / (number - 1) + chance.uniform(-16, 16)) for n in range(number))
    return [(x, x + WINDOW) for x in (max(0, min(count - WINDOW, start)) for start in starts)]


def _loss(
    network: Network, batch: list[tuple[Example, int, int]], noise: np.random.Generator
) -> torch.Tensor:
    import torch  # noqa: PLC0415 - needed for training only
    from torch.nn import functional  # noqa: PLC0415 - the same

    width = max(end - start for _, start, end in batch) + 2
    shape = (len(batch), width)
    ids, mask, features = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    labels, to_source, to_cue = (np.full(shape, _IGNORED, dtype=np.int64) for _ in range(3))
    acts, weights = np.full(shape, -1.0, dtype=np.float32), np.ones(shape, dtype=np.float32)
    for row, (x, start, end) in enumerate(batch):
        inside = slice(1, end - start + 1)
        ids[row, 0], ids[row, inside], ids[row, end - start + 1] = 101, x.ids[start:end], 102
        mask[row, : end - start + 2] = 1
        features[row, inside], labels[row, inside] = x.features[start:end], x.labels[start:end]
        acts[row, inside] = x.acts[start:end]
        weights[row] = 1.0 if x.sure else _GUESSED
        for target, values in ((to_cue, x.to_cue[start:end]), (to_source, x.to_source[start:end])):
            here = (values >= start) & (values < end)
            target[row, inside][here] = values[here] - start + 1
            target[row, inside][values == NONE] = 0
    ids[(noise.random(shape) < _MASKED) & (mask == 1) & (ids != 101) & (ids != 102)] = 103  # noqa: PLR2004 - [CLS], [SEP], [MASK]
    tensors = [torch.from_numpy(x) for x in (ids, mask, features, labels, to_source, to_cue, acts, weights)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, sources, cues = network(*tensors[:3])
    found = found.float()
    loss = functional.cross_entropy(
        found[..., : len(LABELS)].flatten(0, 1), tensors[3].flatten(), ignore_index=_IGNORED
    )
    for scores, target in ((sources, tensors[4]), (cues, tensors[5])):
        if (target >= 0).any():
            loss = loss + _POINTERS * functional.cross_entropy(
                scores.float().flatten(0, 1), target.flatten(), ignore_index=_IGNORED
            )
    known = tensors[6] >= 0
    if known.any():
        loss = loss + _ACTS * functional.binary_cross_entropy_with_logits(
            found[..., -1][known], tensors[6][known], weight=tensors[7][known]
        )
    return loss


def write(network: Network, tokenizer: Tokenizer, folder: Path, version: str) -> None:
    """Write ``model.onnx`` (weights of 8 bits, one scale per channel), ``tokenizer.json`` and ``card.toml``."""
    import torch  # noqa: PLC0415 - needed for training only
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - the same
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415 - the same

    folder.mkdir(parents=True, exist_ok=True)
    names = ["input_ids", "attention_mask", "feat"]
    axes = {name: {0: "batch", 1: "length"} for name in [*names, "lab"]}
    axes |= {name: {0: "batch", 1: "length", 2: "length"} for name in ("a0", "a1")}
    sample = tuple(torch.ones((2, 50), dtype=torch.long) for _ in names)
    with tempfile.TemporaryDirectory() as temporary:
        whole, ready = Path(temporary) / "whole.onnx", Path(temporary) / "ready.onnx"
        torch.onnx.export(
            network.eval(),
            sample,
            str(whole),
            input_names=names,
            output_names=["lab", "a0", "a1"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
        quant_pre_process(str(whole), str(ready), skip_symbolic_shape=True)
        quantize_dynamic(
            str(ready),
            str(folder / "model.onnx"),
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # without it, processors that lack VNNI overflow; here it costs neither time nor F1
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
        )
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    lines = ['name = "statements"', f"version = {json.dumps(version)}"]
    lines += [f'trained = "{datetime.now(UTC):%Y-%m-%d}"', "", "[sha256]"]
    for name in ("model.onnx", "tokenizer.json"):
        lines.append(f'"{name}" = "{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"')
    (folder / "card.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
