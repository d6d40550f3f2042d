"""What training makes smaller, and what it hides from the model meanwhile."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def masked_loss(logits: Tensor, y: Tensor, known: float) -> Tensor:
    """Binary cross-entropy summed over the labels that are not NaN, divided by `known`.

    Parameters
    ----------
    logits, y
        (n, T).
    known
        How many labels the whole batch knows; the sum is divided by it, so that parts of a batch on several
        devices add up to the mean over the whole.
    """
    mask = ~torch.isnan(y)
    losses = functional.binary_cross_entropy_with_logits(logits, y.nan_to_num(), reduction="none")
    return (losses * mask).sum() / max(known, 1)


def without_some_signals(x: Tensor, share: float) -> Tensor:
    """Set the signals (channels after the bases) of a random share of windows to 0; x is (N, C, L)."""
    if not share or x.shape[1] == 4:
        return x
    kept = (torch.rand(len(x), 1, 1, device=x.device) >= share).to(x.dtype)
    return torch.cat([x[:, :4], x[:, 4:] * kept], dim=1)
