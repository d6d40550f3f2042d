"""Layers that several architectures share."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

AttentionKind = Literal["vector", "channel", "pairwise"]


class AttentionWeights(nn.Module):
    """The softmax whose output *is* a model's attention, as a module so that it can be found and hooked.

    Parameters
    ----------
    kind
        ``vector``: scores (N, T), one weight a position. ``channel``: scores (N, T, D), a softmax over T for each
        channel. ``pairwise``: scores (N, Q, K), a softmax over the keys K for each query.
    after_recurrent
        A recurrent layer lies between the input and the scores, so that the true receptive field is the window.
    """

    def __init__(self, kind: AttentionKind, *, after_recurrent: bool = False) -> None:
        super().__init__()
        self.kind: AttentionKind = kind
        self.after_recurrent = after_recurrent

    def forward(self, scores: Tensor) -> Tensor:
        return scores.softmax(dim=-1 if self.kind != "channel" else 1)


class Multiply(nn.Module):
    """Elementwise product, as a module so that attribution methods can have a rule for it."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b


class MatMul(nn.Module):
    """Batched matrix product, as a module so that attribution methods can have a rule for it."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.matmul(a, b)
