"""Averaging a model's predictions over both strands."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from motiflens.models.architectures.base import SequenceModel, reverse_complement


def mean_logit(a: Tensor, b: Tensor) -> Tensor:
    """Logit of the mean of two probabilities that are given as logits, without overflow.

    Examples
    --------
    >>> round(mean_logit(torch.tensor(200.0), torch.tensor(-200.0)).item(), 6)
    0.0
    """
    plus = torch.logaddexp(functional.logsigmoid(a), functional.logsigmoid(b))
    minus = torch.logaddexp(functional.logsigmoid(-a), functional.logsigmoid(-b))
    return plus - minus


def both_strands(model: SequenceModel, x: Tensor, meta: Tensor | None = None) -> Tensor:
    """Logit of the mean probability of both strands, (N, T); a model that merges them itself is left alone."""
    logits = model(x, meta)
    return logits if model.siamese else mean_logit(logits, model(reverse_complement(x), meta))
