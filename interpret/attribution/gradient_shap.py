"""GradientSHAP."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.baselines import canonical, sequence_seed, to_codes
from motiflens.interpret.attribution.gradient_inputs import Raw, chunks, gradient, predicted
from motiflens.interpret.attribution.inputs import differentiable


def gradient_shap(
    model: nn.Module,
    x: Tensor,
    *,
    baselines: Tensor,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    seed: int = 0,
    draws: int = 1,
) -> Raw:
    """Expected gradients (Erion et al. 2021; Lundberg's GradientSHAP): gradients at random points of the paths.

    Captum's class draws from global random states and has no batch size of its own, so that its scores depend on
    how windows are batched; here each window's points depend on the seed and its sequence alone.

    Its sum is the difference in logit in expectation only, so that no completeness is reported.

    Parameters
    ----------
    baselines
        N, B, C, L.
    draws
        Points drawn on each path.
    """
    inputs = differentiable(model, x, target, meta)
    n, b = baselines.shape[:2]
    along = torch.from_numpy(_points(x, b * draws, seed)).to(x).flatten()  # N · B · draws
    rows = torch.arange(n, device=x.device).repeat_interleave(b * draws)
    ends = baselines.flatten(0, 1).repeat_interleave(draws, 0)
    summed: Tensor | None = None
    prediction, most = predicted(inputs, batch_size)
    for part in chunks(len(rows), most):
        here, start = inputs.values[rows[part]], inputs.encode(ends[part])
        point = start + along[part].reshape(-1, *[1] * (here.ndim - 1)) * (here - start)
        slope, _ = gradient(inputs, point, rows[part])
        contribution = inputs.path(slope, here, start)
        if summed is None:
            summed = contribution.new_zeros((n, *contribution.shape[1:]))
        summed.index_add_(0, rows[part], contribution)
    if summed is None:
        raise ValueError("gradient_shap needs at least one baseline and one draw")
    hypothetical, scores = inputs.finish(summed / (b * draws))
    return Raw(hypothetical, scores, prediction)


def _points(x: Tensor, number: int, seed: int) -> np.ndarray:
    """Return places on each window's paths, (N, number) in [0, 1): one in each of `number` equal parts.

    Each is still uniform by itself, while their mean varies much less than that of independent ones.
    """
    drawn = np.empty((len(x), number))
    for i, row in enumerate(to_codes(x)):
        rng = np.random.default_rng(sequence_seed(canonical(row)[0], seed))
        drawn[i] = (rng.permutation(number) + rng.random(number)) / number
    return drawn
