"""How the tagger's network learns: from annotated articles, and from other networks' opinions.

Imported late, because it needs torch, which nothing at run time does.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bot.language.examples import NONE, Example, windows
from bot.language.pieces import LABELS, Numbers
from bot.language.rounding import rounded

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from bot.language.network import Network

_POINTERS, _ACTS, _GUESSED = 0.3, 0.3, 0.3
"""Weights of the losses beside the labels', and of an act that was guessed."""
_HEADS = 5
"""How many times faster the heads learn than the encoder."""
_MASKED = 0.04
_WARM, _AVERAGE_EVERY = 60, 5
_IGNORED = -100
FOLDS = 3
"""Each teacher leaves one of so many parts of the articles out, and gives its opinion on that part only."""

Window = tuple[Example, int, int]


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
    batch: int = 16
    """Windows of a step."""
    opinion: float = 0.0
    """Share of the loss that the teachers' opinion makes; the annotation makes the rest."""
    rounded: bool = False
    """Whether the network learns to bear the shipped file's 8 bits."""


FIRST = Stage(epochs=5, rate=2.6e-4, broad=1, own=0, average=0.995)
SECOND = Stage(epochs=3, rate=1.5e-4, broad=0.35, own=6, average=0.99)
DISTIL = Stage(epochs=6, rate=3e-4, broad=1, own=4, average=0.997, opinion=0.5)
LAST = Stage(epochs=3, rate=1e-4, broad=0.4, own=3, average=0.99, rounded=True)
"""Slower, without teachers: worth a point on unseen articles."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The tokenizer's own pieces."""

    start: int
    end: int
    masked: int

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Marks:
        """Find them under BERT's or RoBERTa's names."""

        def number(*names: str) -> int:
            found = [tokenizer.token_to_id(name) for name in names]
            return next(x for x in found if x is not None)

        return cls(number("[CLS]", "<s>"), number("[SEP]", "</s>"), number("[MASK]", "<mask>", "<unk>"))


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to learn from."""

    broad: Sequence[Example]
    own: Sequence[Example]

    def without(self, fold: int) -> Material:
        """Leave one part out, so that an opinion on it can be asked later."""
        return replace(
            self,
            broad=[x for x in self.broad if x.fold != fold],
            own=[x for x in self.own if x.fold != fold],
        )


def device() -> torch.device:
    """Return the graphics card where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def learn(
    network: Network,
    stage: Stage,
    material: Material,
    marks: Marks,
    *,
    seed: int,
    teachers: Sequence[tuple[Network, int]] = (),
) -> None:
    """Run one stage; the network ends with the average of its weights.

    Teachers come with the fold that they have not seen.
    """
    with rounded(network, wanted=stage.rounded):
        _run(network, stage, material, marks, seed=seed, teachers=teachers)


def _run(
    network: Network,
    stage: Stage,
    material: Material,
    marks: Marks,
    *,
    seed: int,
    teachers: Sequence[tuple[Network, int]],
) -> None:
    chance, noise = random.Random(seed), np.random.default_rng(seed)  # noqa: S311 - no secret
    torch.manual_seed(seed)
    where = next(network.parameters()).device
    optimizer, rates = _optimizer(network, stage)
    network.train()
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    done, step = 0.0, 0
    while done < stage.epochs:
        chosen = chance.sample(material.broad, int(stage.broad * len(material.broad)))
        examples = [*chosen, *list(material.own) * stage.own]
        steps = list(_batches(examples, stage.batch, chance))
        for number, batch in enumerate(steps):
            epoch = done + number / len(steps)
            if epoch >= stage.epochs:
                break
            scale = min(1, step / _WARM) * max(0.02, 1 - epoch / stage.epochs)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * scale
            loss = _loss(network, stage, _tensors(batch, marks, noise, where), teachers)
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
            if step % 200 == 0:
                print(f"epoch {epoch:.2f} loss {loss.item():.3f}", flush=True)  # noqa: T201 - progress
        done += 1
    network.load_state_dict(average)
    network.eval()


def _optimizer(network: Network, stage: Stage) -> tuple[torch.optim.Optimizer, list[float]]:
    """Word and place embeddings stay as they are; biases and norms are not pulled to zero."""
    embeddings: Any = network.bert["embeddings"]
    for name in ("word_embeddings", "position_embeddings"):
        embeddings[name].weight.requires_grad = False
    encoder = [x for x in network.bert.parameters() if x.requires_grad]
    heads = [x for name, x in network.named_parameters() if not name.startswith("bert.")]
    groups = [
        {"params": [x for x in encoder if x.dim() > 1], "lr": stage.rate, "weight_decay": 0.05},
        {"params": [x for x in encoder if x.dim() == 1], "lr": stage.rate, "weight_decay": 0.0},
        {"params": heads, "lr": _HEADS * stage.rate, "weight_decay": 0.01},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    return optimizer, [float(group["lr"]) for group in optimizer.param_groups]


def _batches(examples: Sequence[Example], size: int, chance: random.Random) -> Iterator[list[Window]]:
    """Return steps in random order; windows of like length stand together."""
    every = [(x, start, end) for x in examples for start, end in windows(len(x.ids), chance)]
    chance.shuffle(every)
    every.sort(key=lambda window: -((window[2] - window[1]) // 64))
    steps = [every[at : at + size] for at in range(0, len(every), size)]
    chance.shuffle(steps)
    return iter(steps)


@dataclass(frozen=True, slots=True)
class _Batch:
    ids: Tensor
    mask: Tensor
    features: Tensor
    labels: Tensor
    to_source: Tensor
    to_cue: Tensor
    acts: Tensor
    weights: Tensor
    """How sure each act is."""
    folds: Tensor
    """One number a row."""

    def asked(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.ids, self.mask, self.features


def _tensors(
    batch: Sequence[Window], marks: Marks, noise: np.random.Generator, where: torch.device
) -> _Batch:
    width = max(end - start for _, start, end in batch) + 2
    shape = (len(batch), width)
    ids, mask, features = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    labels, to_source, to_cue = (np.full(shape, _IGNORED, dtype=np.int64) for _ in range(3))
    acts, weights = np.full(shape, -1.0, dtype=np.float32), np.ones(shape, dtype=np.float32)
    folds: Numbers = np.array([x.fold for x, _, _ in batch], dtype=np.int64)
    for row, (x, start, end) in enumerate(batch):
        inside = slice(1, end - start + 1)
        ids[row, 0], ids[row, inside], ids[row, end - start + 1] = marks.start, x.ids[start:end], marks.end
        mask[row, : end - start + 2] = 1
        features[row, inside] = x.features[start:end]
        labels[row, inside], acts[row, inside] = x.labels[start:end], x.acts[start:end]
        weights[row] = 1.0 if x.sure else _GUESSED
        for target, values in ((to_cue, x.to_cue[start:end]), (to_source, x.to_source[start:end])):
            here = (values >= start) & (values < end)
            target[row, inside][here] = values[here] - start + 1
            target[row, inside][values == NONE] = 0
    hidden = (noise.random(shape) < _MASKED) & (mask == 1) & (ids != marks.start) & (ids != marks.end)
    ids[hidden] = marks.masked
    arrays = (ids, mask, features, labels, to_source, to_cue, acts, weights, folds)
    return _Batch(*(torch.from_numpy(x).to(where, non_blocking=True) for x in arrays))


def _loss(network: Network, stage: Stage, batch: _Batch, teachers: Sequence[tuple[Network, int]]) -> Tensor:
    with torch.autocast(batch.ids.device.type, dtype=torch.bfloat16):
        found, sources, cues = network(*batch.asked())
    said = (found.float(), sources.float(), cues.float())
    if not teachers:
        return _taught(said, batch)
    followed = _followed(said, batch, _opinion(batch, teachers))
    return stage.opinion * followed + (1 - stage.opinion) * _taught(said, batch)


def _taught(said: tuple[Tensor, Tensor, Tensor], batch: _Batch) -> Tensor:
    """Loss against the annotation."""
    found, sources, cues = said
    loss = functional.cross_entropy(
        found[..., : len(LABELS)].flatten(0, 1), batch.labels.flatten(), ignore_index=_IGNORED
    )
    for scores, target in ((sources, batch.to_source), (cues, batch.to_cue)):
        if (target >= 0).any():
            loss = loss + _POINTERS * functional.cross_entropy(
                scores.flatten(0, 1), target.flatten(), ignore_index=_IGNORED
            )
    known = batch.acts >= 0
    if known.any():
        loss = loss + _ACTS * functional.binary_cross_entropy_with_logits(
            found[..., -1][known], batch.acts[known], weight=batch.weights[known]
        )
    return loss


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What the teachers who have not seen an article think of its pieces, on average."""

    labels: Tensor
    sources: Tensor
    cues: Tensor
    act: Tensor
    trust: Tensor
    """One number a row: 1 where any teacher was asked."""


def _opinion(batch: _Batch, teachers: Sequence[tuple[Network, int]]) -> _Opinion:
    sums: list[Tensor] = []
    count = torch.zeros(len(batch.folds), device=batch.ids.device)
    with torch.inference_mode(), torch.autocast(batch.ids.device.type, dtype=torch.bfloat16):
        for teacher, unseen in teachers:
            weight = (batch.folds == unseen).float()
            found, sources, cues = (x.float() for x in teacher(*batch.asked()))
            parts = (
                found[..., : len(LABELS)].softmax(-1),
                sources.softmax(-1),
                cues.softmax(-1),
                found[..., -1:].sigmoid(),
            )
            weighed = [x * weight[:, None, None] for x in parts]
            sums = [x + y for x, y in zip(sums, weighed, strict=True)] if sums else weighed
            count += weight
    mean = [(x / count.clamp(min=1)[:, None, None]).clone() for x in sums]
    return _Opinion(mean[0], mean[1], mean[2], mean[3][..., 0], (count > 0).float().clone())


def _followed(said: tuple[Tensor, Tensor, Tensor], batch: _Batch, opinion: _Opinion) -> Tensor:
    """Loss against the teachers' opinion; a pointer counts as far as they take its piece for one that points."""
    found, sources, cues = said
    real = batch.mask.float() * opinion.trust[:, None]

    def apart(scores: Tensor, wanted: Tensor) -> Tensor:
        return -(wanted * scores.log_softmax(-1)).sum(-1)

    loss = (apart(found[..., : len(LABELS)], opinion.labels) * real).sum() / real.sum().clamp(min=1)
    content = opinion.labels[..., [LABELS.index("B-content"), LABELS.index("I-content")]].sum(-1)
    cue = opinion.labels[..., [LABELS.index("B-cue"), LABELS.index("I-cue")]].sum(-1)
    first = opinion.labels[..., LABELS.index("B-cue")]
    for scores, wanted, points in ((sources, opinion.sources, first), (cues, opinion.cues, content)):
        loss = loss + _POINTERS * (apart(scores, wanted) * points * real).sum() / (points * real).sum().clamp(
            min=1
        )
    act = functional.binary_cross_entropy_with_logits(found[..., -1], opinion.act, reduction="none")
    return loss + _ACTS * (act * cue * real).sum() / (cue * real).sum().clamp(min=1)
