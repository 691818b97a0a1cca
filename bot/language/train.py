"""Train the tagger and write its model files.

    python -m bot.language.train FOLDER --encoder model.safetensors --tokenizer tokenizer.json --out DIRECTORY

FOLDER holds articles, one a line, as ``{"text", "attributions": [{"source", "cue", "content"}]}`` with character
offsets: ``broad.jsonl[.gz]``, in which every attribution is annotated, also thoughts, and ``own.jsonl[.gz]``, in
which only what somebody said or wrote is. First some teachers learn from the broad articles, then from a share of
them mixed with the own ones, each without one part in three. Then a fresh network learns from the annotations and
from what the teachers think of the articles they have not seen, and at last, slowly, from the annotations alone while
its weights are rounded as the shipped file's are. With ``--teachers 0`` one network learns the plain way: quicker,
and about one point of F1 worse.

It needs torch, onnx and safetensors, which nothing else here does, and uses a graphics card where there is one
(minutes instead of hours):

    python -m pip install torch onnx safetensors
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.language.examples import articles, example_of, with_unlisted
from bot.language.pieces import Numbers
from bot.language.tagger import Tagger

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from bot.language.examples import Example
    from bot.language.network import Network

TEACHERS = 6
LEAN = {"source": 0.5, "cue": 1.5, "content": 0.5}
"""How much a trained network's labels are preferred to none (logits): found on articles left out of training."""
_INPUTS = ("input_ids", "attention_mask", "feat")


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
        "--teachers", type=int, default=TEACHERS, help="networks whose opinion is learnt from"
    )
    parser.add_argument("--only-write", action="store_true", help="the encoder is a trained checkpoint (.pt)")
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

    torch.set_num_threads(options.threads)
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.only_write:
        network = from_weights(options.encoder)
    else:
        network = trained(
            options.folder, options.encoder, tokenizer, seed=options.seed, teachers=options.teachers
        )
        torch.save(network.state_dict(), options.out / "checkpoint.pt")
    write(network.cpu(), tokenizer, options.out, options.version)


def trained(folder: Path, encoder: Path, tokenizer: Tokenizer, *, seed: int, teachers: int) -> Network:
    """Return a network that has learnt from a folder's articles; seeds count upwards from the given one."""
    from bot.language.learning import DISTIL, FIRST, FOLDS, LAST, SECOND, Marks, Material, learn  # noqa: PLC0415 - torch

    marks = Marks.of(tokenizer)
    broad = [
        example_of(tokenizer, article, number % FOLDS)
        for number, article in enumerate(articles(_found(folder, "broad")))
    ]
    own = articles(_found(folder, "own"))
    taught: list[tuple[Network, int]] = []
    for number in range(max(1, teachers)):
        unseen = number % FOLDS if teachers else -1
        network = _fresh(encoder, seed + number)
        learn(network, FIRST, Material(broad, ()).without(unseen), marks, seed=seed + number)
        examples = _own(network, tokenizer, own)
        learn(network, SECOND, Material(broad, examples).without(unseen), marks, seed=seed + number)
        taught.append((network, unseen))
    examples = _own(taught[0][0], tokenizer, own)
    student = taught[0][0]
    if teachers:
        student = _fresh(encoder, seed + teachers)
        learn(student, DISTIL, Material(broad, examples), marks, seed=seed + teachers, teachers=taught)
    learn(student, LAST, Material(broad, examples), marks, seed=seed + teachers + 1)
    return student


def _fresh(encoder: Path, seed: int) -> Network:
    import torch  # noqa: PLC0415 - needed for training only

    from bot.language.learning import device  # noqa: PLC0415 - the same
    from bot.language.network import from_weights  # noqa: PLC0415 - the same

    torch.manual_seed(seed)
    network = from_weights(encoder)
    network.to(device())
    return network


def _own(network: Network, tokenizer: Tokenizer, own: Sequence[dict[str, Any]]) -> list[Example]:
    """Own articles as examples, with the thoughts and stances that their annotation leaves out."""
    from bot.language.learning import FOLDS  # noqa: PLC0415 - torch, needed for training only

    tagger = Tagger(_Session(network), tokenizer)
    return [
        example_of(tokenizer, with_unlisted(article, tagger.tag(article["text"])), number % FOLDS)
        for number, article in enumerate(own)
    ]


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
        where = next(self._network.parameters()).device
        with torch.inference_mode():
            asked = (torch.from_numpy(feeds[name]).to(where) for name in _INPUTS)
            return [x.cpu().numpy() for x in self._network(*asked)]


def write(network: Network, tokenizer: Tokenizer, folder: Path, version: str) -> None:
    """Write ``model.onnx`` (weights of 8 bits, one scale per channel), ``tokenizer.json`` and ``card.toml``."""
    import torch  # noqa: PLC0415 - needed for training only
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - the same
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415 - the same

    folder.mkdir(parents=True, exist_ok=True)
    axes = {name: {0: "batch", 1: "length"} for name in [*_INPUTS, "lab"]}
    axes |= {name: {0: "batch", 1: "length", 2: "length"} for name in ("a0", "a1")}
    sample = tuple(torch.ones((2, 50), dtype=torch.long) for _ in _INPUTS)
    with tempfile.TemporaryDirectory() as temporary:
        whole, ready = Path(temporary) / "whole.onnx", Path(temporary) / "ready.onnx"
        torch.onnx.export(
            network.eval(),
            sample,
            str(whole),
            input_names=list(_INPUTS),
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
    lines += ["", "[lean]", *(f"{role} = {much}" for role, much in LEAN.items())]
    (folder / "card.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
