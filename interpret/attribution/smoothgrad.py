"""SmoothGrad."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.gradient_inputs import Raw, chunks, gradient, predicted
from motiflens.interpret.attribution.inputs import differentiable


def smoothgrad(
    model: nn.Module,
    x: Tensor,
    *,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    seed: int = 0,
    samples: int = 25,
    noise: float = 0.1,
) -> Raw:
    """Signed gradient averaged over noisy copies of the input (Smilkov et al. 2017).

    Parameters
    ----------
    samples
        Noisy copies of each window.
    noise
        Standard deviation of the noise as a share of each channel's range in the window; 1 is the range of a base.

    Raises
    ------
    ValueError
        If `samples` is below 1 or `noise` below 0.
    """
    if samples < 1 or noise < 0:
        raise ValueError(f"smoothgrad: samples={samples}, noise={noise}: expected at least 1 and at least 0")
    inputs = differentiable(model, x, target, meta)
    values, n = inputs.values, len(x)
    rows = torch.arange(n, device=x.device).repeat_interleave(samples)
    shifts = inputs.noise(samples, noise, seed).flatten(0, 1)
    summed = torch.zeros_like(values)
    prediction, most = predicted(inputs, batch_size)
    for part in chunks(len(rows), most):
        slope, _ = gradient(inputs, values[rows[part]] + shifts[part], rows[part])
        summed.index_add_(0, rows[part], slope)
    hypothetical, scores = inputs.finish(inputs.tangent(summed / samples, values, False))
    return Raw(hypothetical, scores, prediction)
