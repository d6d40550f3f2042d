"""What BPNet's two heads are trained by: where reads end (multinomial), and how many there are."""

from __future__ import annotations

import torch
from torch import Tensor


def multinomial_nll(logits: Tensor, counts: Tensor) -> Tensor:
    """Negative log-likelihood of counts along a profile, given their sum, (n, T).

    −log(Σk)! + Σ log k! − Σ k · log softmax(logits), as bpnet-lite has it; with gamma functions, so that fold
    changes, which are no whole numbers, may stand for counts.

    Parameters
    ----------
    logits, counts
        (n, T, P); counts are not negative.

    Examples
    --------
    >>> round(multinomial_nll(torch.zeros(1, 1, 2), torch.tensor([[[1.0, 1.0]]])).item(), 4)  # −log ½
    0.6931
    """
    given = -torch.lgamma(counts.sum(-1) + 1) + torch.lgamma(counts + 1).sum(-1)
    return given - (counts * torch.log_softmax(logits, dim=-1)).sum(-1)


def log_counts_error(log_counts: Tensor, counts: Tensor) -> Tensor:
    """Squared error of predicted log counts, against log(1 + Σ counts), (n, T).

    Parameters
    ----------
    log_counts
        (n, T).
    counts
        (n, T, P).
    """
    return (log_counts - torch.log1p(counts.sum(-1))).square()


def profile_loss(profile: Tensor, log_counts: Tensor, counts: Tensor, weight: float = 1.0) -> Tensor:
    """Mean of `multinomial_nll` plus `weight` times the mean of `log_counts_error` (bpnet-lite's alpha, 1)."""
    return multinomial_nll(profile, counts).mean() + weight * log_counts_error(log_counts, counts).mean()
