"""Models that merge several branches: the two strands of a Siamese model, the members of an ensemble."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from motiflens.models.architectures.layers import Merge, merge_logits


class Branches(NamedTuple):
    """What a model merges."""

    parts: tuple[tuple[nn.Module, bool], ...]  # each branch, and whether it reads the reverse complement
    merged: Callable[[Tensor], Tensor]  # logits (branches, ...) -> merged logits (...)


class OneStrand(nn.Module):
    """A Siamese model's logits of the strand as given."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        logits: Tensor = self.model.strand(x, meta)  # type: ignore[operator]
        return logits

    def attention_stems(self) -> dict[str, tuple[nn.Module, ...]]:
        """Attention as the model gives it, by its names here."""
        stems: dict[str, tuple[nn.Module, ...]] = getattr(self.model, "attention_stems", dict)()
        return {f"model.{name}": stem for name, stem in stems.items()}


def branches(model: nn.Module) -> Branches | None:
    """Return a model's branches; None for a model that has only one.

    An ensemble has its ``members`` (each of which may have two strands), merged by mean; a Siamese model has
    ``strand``, merged as its ``merge`` says.
    """
    one = isinstance(model, OneStrand)
    inner = model.model if isinstance(model, OneStrand) else model
    members = getattr(inner, "members", None)
    if getattr(inner, "attends", None) == "ensemble" and isinstance(members, nn.ModuleList):
        parts = tuple((OneStrand(member) if one else member, False) for member in members)
        return Branches(parts, lambda logits: merge_logits(logits, "mean"))
    if getattr(model, "siamese", False):
        merge: Merge = getattr(model, "merge", "mean")
        strand = OneStrand(model)
        return Branches(((strand, False), (strand, True)), lambda logits: merge_logits(logits, merge))
    return None


def flipped(x: Tensor) -> Tensor:
    """Reverse complement of (..., C, L): A↔T, C↔G, and every channel reversed along the sequence."""
    order = [3, 2, 1, 0, *range(4, x.shape[-2])]
    return x[..., order, :].flip(-1)


def branch_weights(merged: Callable[[Tensor], Tensor], logits: Tensor, reference: Tensor) -> Tensor:
    """Return what a unit of each branch's logit contributes to the merged logit, (branches, ...).

    The change of the merged logit is shared between the branches by their Shapley values, so that the shares add
    up to it exactly for any merge; where a branch's logit does not change, its weight is the merge's slope.

    Parameters
    ----------
    merged
        The merge, along the first axis.
    logits, reference
        (branches, ...): of the windows, and of what they are compared with.
    """
    here, there = logits.double(), reference.double()
    count = len(here)
    shares = torch.zeros_like(here)
    for branch in range(count):
        others = [other for other in range(count) if other != branch]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for chosen in combinations(others, size):
                mixed = there.clone()
                mixed[list(chosen)] = here[list(chosen)]
                without = merged(mixed)
                mixed[branch] = here[branch]
                shares[branch] += weight * (merged(mixed) - without)
    with torch.enable_grad():
        middle = ((here + there) / 2).detach().requires_grad_()
        slopes = torch.autograd.grad(merged(middle).sum(), middle)[0]
    change = here - there
    still = change.abs() < 1e-9
    return torch.where(still, slopes, shares / change.masked_fill(still, 1.0)).to(logits.dtype)
