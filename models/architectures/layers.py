"""Layers that several architectures share."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

AttentionKind = Literal["vector", "channel", "pairwise"]
Merge = Literal["mean", "max"]


class AttentionWeights(nn.Module):
    """The softmax whose output *is* a model's attention, as a module so that it can be found and hooked.

    Parameters
    ----------
    kind
        ``vector``: scores (N, T), one weight a position. ``channel``: scores (N, T, D), a softmax over T for each
        channel. ``pairwise``: scores (N, Q, K), a softmax over the keys K for each query.
    after_recurrent
        A recurrent layer lies between the input and the scores, so that the true receptive field is the window.
    average
        Only for ``vector``: scores are (N, T, D); each channel has its softmax over T, and the weights (N, T) are
        their mean over channels (DeepGRN's ``single_attention_vector``).
    """

    def __init__(self, kind: AttentionKind, *, after_recurrent: bool = False, average: bool = False) -> None:
        super().__init__()
        if average and kind != "vector":
            raise ValueError(f"only attention of kind 'vector' averages over channels, not {kind!r}")
        self.kind: AttentionKind = kind
        self.after_recurrent = after_recurrent
        self.average = average

    def forward(self, scores: Tensor) -> Tensor:
        if self.average:
            return scores.softmax(dim=1).mean(dim=-1)  # N, T
        return scores.softmax(dim=-1 if self.kind != "channel" else 1)


class LogSignals(nn.Module):
    """Channels beyond the bases as sign(v) · log(1 + |v|), so that peaks of DNase do not drown the bases."""

    def forward(self, x: Tensor) -> Tensor:
        signals = x[:, 4:]
        return torch.cat([x[:, :4], signals.sign() * signals.abs().log1p()], dim=1)


class Multiply(nn.Module):
    """Elementwise product, as a module so that attribution methods can have a rule for it."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b


class MatMul(nn.Module):
    """Batched matrix product, as a module so that attribution methods can have a rule for it."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.matmul(a, b)


def merge_logits(logits: Tensor, merge: Merge) -> Tensor:
    """Merge the probabilities behind several logits into one logit, without leaving the logit scale.

    Parameters
    ----------
    logits
        (models or strands, …): merged along the first axis.
    merge
        ``mean`` or ``max`` of the probabilities.

    Examples
    --------
    >>> round(float(merge_logits(torch.tensor([200.0, 300.0]), "mean")), 4)  # its probabilities are both 1.0
    200.6931
    """
    if merge == "max":
        return logits.amax(dim=0)
    # log p - log(1 - p) of the mean p: the two log-means share the divisor, which cancels.
    sigmoid = torch.nn.functional.logsigmoid
    return sigmoid(logits).logsumexp(dim=0) - sigmoid(-logits).logsumexp(dim=0)


def pooled_length(name: str, length: int, *, kernel_size: int, pool: int, convolutions: int = 1) -> int:
    """Positions left of `length` after valid convolutions and one pooling of width and stride `pool`.

    Raises
    ------
    ValueError
        If none is left, naming the shortest window that works.
    """
    lost = convolutions * (kernel_size - 1)
    positions = (length - lost) // pool
    if positions < 1:
        raise ValueError(f"{name} needs windows of at least {pool + lost} bp with these sizes, not {length}")
    return positions


def rectified_and_pooled(relu: nn.Module, pool: nn.Module, h: Tensor, *, training: bool) -> Tensor:
    """Maximum over stretches of the rectified h, (N, D, T): in training, the rectified maximum.

    Both are the same to the bit, and so are their gradients: where all of a stretch is below 0 none passes. The
    second rectifies as many times fewer numbers as the pooling is wide, and keeps none of them for the way back.
    In eval mode layers come in their published order, which attribution follows.
    """
    pooled: Tensor = relu(pool(h)) if training else pool(relu(h))
    return pooled


def pool_all(pool: nn.MaxPool1d, h: Tensor) -> Tensor:
    """Maximum of (N, D, T) over all T, (N, D), through a plain `nn.MaxPool1d`.

    Attribution libraries know MaxPool1d but no global pooling; so its width follows the input. Where nobody looks
    at the layer, the maximum is taken directly: over a whole window torch's pooling takes as long as convolutions.
    """
    pool.kernel_size = pool.stride = h.shape[-1]
    watched = pool._forward_hooks or pool._forward_pre_hooks or "forward" in pool.__dict__
    if not (torch.is_grad_enabled() or watched):
        return h.amax(-1)
    return pool(h).squeeze(-1)
