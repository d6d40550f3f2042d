"""GkmExplain (Shrikumar, Prakash & Kundaje 2019): exact shares of a gkm-SVM's decision value."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.baselines import known_bases
from motiflens.interpret.attribution.branches import OneStrand
from motiflens.interpret.attribution.completeness import completeness
from motiflens.interpret.attribution.gradient_inputs import Raw, predictions
from motiflens.models.architectures.gkm_svm import LINEAR, GkmSVM


def gkm_explain(
    model: nn.Module, x: Tensor, *, target: int = 0, meta: Tensor | None = None, batch_size: int = 64
) -> Raw:
    """Divide each kernel between a window and a support window among the bases that match.

    Returns
    -------
    Raw
        ``scores`` of a window add up to its logit less the bias, with kernels that are no ``rbf``;
        ``hypothetical`` are the method's own. Signal channels are not read and get 0; an unknown base is read as
        A, and its share is left out of the scores.

    Raises
    ------
    ValueError
        For any other model.
    """
    inner = model.model if isinstance(model, OneStrand) else model
    if not isinstance(inner, GkmSVM):
        raise ValueError(f"gkm_explain explains gkm_svm alone, not {getattr(model, 'name', type(model).__name__)}")
    prediction = predictions(model, x, target, meta, batch_size)
    parts = [inner.explained(part, target) for part in x.split(batch_size)]
    bases = torch.cat(parts) if parts else x[:, :4]
    hypothetical = torch.cat([bases, torch.zeros_like(x[:, 4:])], dim=1)
    scores = torch.cat([bases * x[:, :4], torch.zeros_like(x[:, 4:])], dim=1)
    if inner.kernel not in LINEAR:
        return Raw(hypothetical, scores, prediction)
    as_a = bases[:, 0] * ~known_bases(x)  # N, L: unknown bases are read as A, and get no score
    total, size = (part.sum(1)[:, None] for part in (scores.sum(1) + as_a, scores.abs().sum(1) + as_a.abs()))
    reference = inner.bias[target].to(prediction).expand(len(x))[:, None]
    sums = completeness(total, prediction[:, None], reference, size)
    return Raw(hypothetical, scores, prediction, sums.error)
