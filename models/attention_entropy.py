"""How evenly a model attends, as a term that training can make smaller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from motiflens.models.architectures.layers import AttentionWeights


def row_entropy(weights: Tensor, dim: int) -> Tensor:
    """Return the mean entropy of attention weights along an axis, as a share of its largest value: 0 to 1.

    Examples
    --------
    >>> even, one = torch.full((2, 4), 0.25), torch.eye(4)[:2]
    >>> round(float(row_entropy(even, -1)), 6), round(float(row_entropy(one, -1)), 6)
    (1.0, 0.0)
    """
    positions = weights.shape[dim]
    if positions < 2:
        return weights.new_zeros(())
    entropy = -torch.special.xlogy(weights, weights.clamp_min(1e-12)).sum(dim)
    return entropy.mean() / torch.log(torch.tensor(float(positions)))


@contextmanager
def attention_entropy(model: nn.Module, *, wanted: bool = True) -> Iterator[list[Tensor]]:
    """Within the block, gather the entropy (see `row_entropy`) of all attention that a model computes, if wanted.

    The sparser and more precise attention that its penalty makes is Jabeen & Ben-Hur's (2026, NAR Genomics and
    Bioinformatics, lqaf209), who penalise the rows of pairwise attention.
    """
    gathered: list[Tensor] = []

    def gather(layer: nn.Module, _: tuple[Any, ...], weights: Tensor) -> None:
        gathered.append(row_entropy(weights, 1 if getattr(layer, "kind", "") == "channel" else -1))

    modules = model.modules() if wanted else ()
    layers = [layer for layer in modules if isinstance(layer, AttentionWeights)]
    handles = [layer.register_forward_hook(gather) for layer in layers]
    try:
        yield gathered
    finally:
        for handle in handles:
            handle.remove()
