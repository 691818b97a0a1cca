"""The tagger's network, for training and export only: imported late, because it needs torch.

A BERT encoder of six layers (all-MiniLM-L6-v2's weights to start from) whose token-type table holds the 16 kinds
of pieces, a head for labels and the act, and two bilinear pointers: cue → source, content → cue.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.language.pieces import FEATURES, LABELS

HIDDEN, LAYERS, HEADS, INNER = 384, 6, 12, 1536
VOCABULARY, PLACES = 30_522, 512
POINTER = 128
"""Dimensions in which a pointer compares pieces."""
_NOT_HERE = -1e4


class Layer(nn.Module):
    """One layer of the encoder; parts are named as in the published weights."""

    def __init__(self) -> None:
        super().__init__()
        dense = nn.Linear(HIDDEN, HIDDEN)
        parts = {name: nn.Linear(HIDDEN, HIDDEN) for name in ("query", "key", "value")}
        output = nn.ModuleDict({"dense": dense, "LayerNorm": nn.LayerNorm(HIDDEN, eps=1e-12)})
        self.attention = nn.ModuleDict({"self": nn.ModuleDict(parts), "output": output})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(HIDDEN, INNER)})
        self.output = nn.ModuleDict(
            {"dense": nn.Linear(INNER, HIDDEN), "LayerNorm": nn.LayerNorm(HIDDEN, eps=1e-12)}
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return the pieces after attention (``mask``: added to the scores) and the dense step."""
        batch, length, _ = x.shape

        def split(part: str) -> Tensor:
            shape = (batch, length, HEADS, HIDDEN // HEADS)
            projected: Tensor = self.attention["self"][part](x).view(shape).transpose(1, 2)
            return projected

        scores = torch.matmul(split("query"), split("key").transpose(2, 3)) * (HIDDEN // HEADS) ** -0.5
        mixed = torch.matmul(torch.softmax(scores + mask, -1), split("value"))
        mixed = mixed.transpose(1, 2).reshape(batch, length, HIDDEN)
        output = self.attention["output"]
        y = output["LayerNorm"](output["dense"](mixed) + x)
        inner = functional.gelu(self.intermediate["dense"](y))
        out: Tensor = self.output["LayerNorm"](self.output["dense"](inner) + y)
        return out


class Network(nn.Module):
    """Encoder and heads."""

    def __init__(self, dropout: float = 0.1, layers: int = LAYERS, vocabulary: int = VOCABULARY) -> None:
        super().__init__()
        embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(vocabulary, HIDDEN),
                "position_embeddings": nn.Embedding(PLACES, HIDDEN),
                "token_type_embeddings": nn.Embedding(FEATURES, HIDDEN),
                "LayerNorm": nn.LayerNorm(HIDDEN, eps=1e-12),
            }
        )
        encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer() for _ in range(layers))})
        self.bert = nn.ModuleDict({"embeddings": embeddings, "encoder": encoder})
        self.drop = nn.Dropout(dropout)
        self.lab = nn.Linear(HIDDEN, len(LABELS) + 1)
        self.dep = nn.Linear(HIDDEN, 2 * POINTER)
        self.head = nn.Linear(HIDDEN, 2 * POINTER)
        self.hb = nn.Linear(HIDDEN, 2)

    def forward(self, ids: Tensor, attention: Tensor, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits: labels and act, cue → source, content → cue."""
        away = (attention.to(torch.float32) - 1) * -_NOT_HERE
        parts = self.bert["embeddings"]
        places = torch.arange(ids.shape[1], device=ids.device)[None]
        x = parts["word_embeddings"](ids) + parts["position_embeddings"](places)
        x = parts["LayerNorm"](x + parts["token_type_embeddings"](features))
        for layer in self.bert["encoder"]["layer"]:
            x = layer(x, away[:, None, None, :])
        x = self.drop(x)
        one, other = functional.gelu(self.dep(x)), functional.gelu(self.head(x))
        bias = self.hb(x)
        pointers = [
            torch.matmul(one[..., part], other[..., part].transpose(1, 2)) * POINTER**-0.5
            + bias[..., number][:, None, :]
            + away[:, None, :]
            for number, part in enumerate((slice(None, POINTER), slice(POINTER, None)))
        ]
        return self.lab(x), pointers[0], pointers[1]


def from_weights(path: Path) -> Network:
    """Return a network that starts from published encoder weights (safetensors) or from a checkpoint (.pt)."""
    if path.suffix == ".pt":
        state = torch.load(path, weights_only=True)
    else:
        from safetensors.torch import load_file  # noqa: PLC0415 - needed here only

        state = {f"bert.{name.removeprefix('bert.')}": value for name, value in load_file(path).items()}
        kinds = state["bert.embeddings.token_type_embeddings.weight"][:1].repeat(FEATURES, 1)
        state["bert.embeddings.token_type_embeddings.weight"] = kinds + 0.002 * torch.randn_like(kinds)
    try:
        words = state["bert.embeddings.word_embeddings.weight"]
    except KeyError as error:
        raise ValueError(f"{path} is no BERT encoder: give all-MiniLM-L6-v2's model.safetensors") from error
    layers = len({name.split(".")[3] for name in state if name.startswith("bert.encoder.layer.")})
    network = Network(layers=layers, vocabulary=len(words))
    missing, _ = network.load_state_dict(state, strict=False)
    if any(name.startswith("bert.") for name in missing):
        raise ValueError(f"{path} lacks {', '.join(missing)}: give all-MiniLM-L6-v2's model.safetensors")
    return network
