"""Where attention comes from: what an architecture declares, and how weights are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from motiflens.interpret.fields import field_of
from motiflens.interpret.results import Field
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.architectures.layers import AttentionWeights

# Axes of weights as they come: n sequences, t positions, d channels, h heads, q queries, k keys.
KIND_OF_LAYOUT = {
    "nt": "vector",
    "nt1": "vector",
    "n1t": "vector",
    "ntd": "channel",
    "ndt": "channel",
    "nh1t": "channel",
    "nqk": "pairwise",
    "nhqk": "pairwise",
}


class Source(NamedTuple):
    """One place where a model computes attention.

    Attributes
    ----------
    name
        The module's name as in ``named_modules``, or ``softmax:i`` for the i-th softmax that a function computes.
    layout
        Axes of the weights as the model computes them; see `KIND_OF_LAYOUT`.
    field
        What each position looks at.
    below
        Names of the sources that this one is computed from.
    """

    name: str
    layout: str
    field: Field
    below: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``vector``, ``channel`` or ``pairwise``."""
        return KIND_OF_LAYOUT[self.layout]


def declared_sources(model: SequenceModel, length: int) -> list[Source]:
    """Return the sources that an architecture declares, for windows of `length` bp."""
    layouts = {"vector": "nt", "channel": "ntd", "pairwise": "nqk"}
    stems = model.attention_stems()
    sources = []
    for name, stem in stems.items():
        module = model.get_submodule(name)
        if not isinstance(module, AttentionWeights):
            raise TypeError(f"{type(model).__name__}.attention_stems() names {name}, which is no AttentionWeights")
        # A stem that begins with another's whole stem passes through that attention.
        below = tuple(other for other, start in stems.items() if _is_prefix(start, stem))
        field = field_of(stem, length, nominal=module.after_recurrent)
        sources.append(Source(name, layouts[module.kind], field, below))
    return sources


def _is_prefix(start: Sequence[nn.Module], whole: Sequence[nn.Module]) -> bool:
    return len(start) < len(whole) and all(a is b for a, b in zip(start, whole, strict=False))


def arrange(weights: Tensor, layout: str) -> Tensor:
    """Return weights as (N, T), (N, T, D), (N, Q, K) or (N, H, Q, K)."""
    if layout == "nt1":
        return weights[..., 0]
    if layout == "n1t":
        return weights[:, 0]
    if layout == "ndt":
        return weights.transpose(1, 2)
    if layout == "nh1t":
        return weights[:, :, 0].transpose(1, 2)
    return weights


# Axis along which each layout's weights sum to 1 over positions.
_POSITIONS = {"nt": 1, "nt1": 1, "n1t": 2, "ntd": 1, "ndt": 2, "nqk": 2, "nhqk": 3, "nh1t": 3}


def sums_to_one(weights: Tensor, layout: str) -> bool:
    """Whether weights are shares of positions: a softmax over channels or classes is none."""
    shares = weights.detach().float()
    total = shares.sum(dim=_POSITIONS[layout])
    return bool((shares >= 0).all()) and bool(torch.allclose(total, torch.ones_like(total), atol=1e-3))


def layout_of(weights: Tensor, steps: int, kind: str | None = None) -> str | None:
    """Return the layout of weights over `steps` positions; None if they are no attention over them.

    Of several that the shape allows, the first in which the weights sum to 1 over positions.
    """
    shape = tuple(weights.shape)
    options: list[str] = []
    if len(shape) == 2 and shape[1] == steps:
        options = ["nt"]
    elif len(shape) == 3:
        square = shape[1:] == (steps, steps)
        keys = bool(torch.allclose(weights.sum(dim=-1), torch.ones_like(weights[..., 0]), atol=1e-4))
        options = [
            *(["nqk"] if square and (keys or kind == "pairwise") else []),
            *(["nt1"] if shape[1:] == (steps, 1) else []),
            *(["n1t"] if shape[1:] == (1, steps) else []),
            *(["ntd"] if shape[1] == steps and not (keys and not square) else []),
            *(["ndt"] if shape[2] == steps else []),
        ]
    elif len(shape) == 4:
        options = ["nhqk"] if shape[2:] == (steps, steps) else ["nh1t"] if shape[2:] == (1, steps) else []
    options = [option for option in options if kind is None or KIND_OF_LAYOUT[option] == kind]
    return next((option for option in options if sums_to_one(weights, option)), options[0] if options else None)
