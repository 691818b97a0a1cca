"""Training as if the network already had its shipped precision: weights and values of 8 bits.

Quantisation-aware training as in Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference" (CVPR 2018): rounded on the way forward, gradients pass as if nothing had been
rounded. Imported late, because it needs torch, which nothing at run time does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

if TYPE_CHECKING:
    from bot.language.network import Network

_WEIGHT_STEPS = 63
"""Largest whole number of a weight: the export keeps to 7 of 8 bits (``reduce_range``)."""
_VALUE_STEPS = 255
_SMALLEST = 1e-8


class _RoundedWeight(nn.Module):
    """A weight as the export stores it: one scale for each output channel, symmetric around zero."""

    def forward(self, weight: Tensor) -> Tensor:
        scale = (weight.detach().abs().amax(1, keepdim=True) / _WEIGHT_STEPS).clamp(min=_SMALLEST)
        return _as_if((weight / scale).round() * scale, weight)


def _rounded_values(_layer: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Round what goes into a layer as the run time does: one scale, from the least to the greatest value."""
    values: Tensor = given[0]
    least, greatest = values.detach().amin().clamp(max=0), values.detach().amax().clamp(min=0)
    step = ((greatest - least) / _VALUE_STEPS).clamp(min=_SMALLEST)
    zero = (-least / step).round()
    whole = (values / step + zero).round().clamp(0, _VALUE_STEPS)
    return (_as_if((whole - zero) * step, values), *given[1:])


def _as_if(rounded: Tensor, exact: Tensor) -> Tensor:
    """The rounded numbers, with the exact ones' gradient."""
    return exact + (rounded - exact).detach()


@contextmanager
def rounded(network: Network, *, wanted: bool) -> Iterator[None]:
    """Round the encoder's layers while the block runs, where it is wanted; the exact weights stay afterwards."""
    layers = [x for x in network.bert.modules() if isinstance(x, nn.Linear)] if wanted else []
    hooks = [layer.register_forward_pre_hook(_rounded_values) for layer in layers]
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", _RoundedWeight())
    try:
        yield
    finally:
        for layer in layers:
            with torch.no_grad():
                parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        for hook in hooks:
            hook.remove()
