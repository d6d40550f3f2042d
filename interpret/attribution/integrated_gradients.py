"""Integrated gradients."""

from __future__ import annotations

import torch
from captum.attr import IntegratedGradients
from torch import Tensor, nn

from motiflens.interpret.attribution.completeness import relative_error
from motiflens.interpret.attribution.inputs import differentiable
from motiflens.interpret.attribution.kernel import Bases, Raw, chunks, logits_of


def integrated_gradients(
    model: nn.Module,
    x: Tensor,
    *,
    baselines: Tensor,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    steps: int = 32,
) -> Raw:
    """Integrated gradients (Sundararajan, Taly & Yan 2017), averaged over baselines, by Gauss-Legendre quadrature.

    Parameters
    ----------
    baselines
        N, B, C, L.
    batch_size
        Most rows (windows × steps) in one pass.
    steps
        Points of the quadrature on each path.
    """
    inputs = differentiable(model, x, target, meta)
    n, b = baselines.shape[:2]
    values, ends = inputs.values, inputs.encode(baselines.flatten(0, 1))
    rows = torch.arange(n, device=x.device).repeat_interleave(b)
    total = torch.empty(n * b, dtype=x.dtype, device=x.device)
    summed: Tensor | None = None
    for part in chunks(n * b, max(1, batch_size // steps)):
        here, start = values[rows[part]], ends[part]
        multipliers = _mean_gradient(inputs, here, start, rows[part], batch_size, steps)
        total[part] = ((here - start) * multipliers).flatten(1).sum(1)
        contribution = inputs.path(multipliers, here, start)
        if summed is None:
            summed = contribution.new_zeros((n, *contribution.shape[1:]))
        summed.index_add_(0, rows[part], contribution)
    if summed is None:
        raise ValueError("integrated gradients need at least one baseline")
    prediction = logits_of(inputs, values, torch.arange(n, device=x.device), batch_size)
    delta = prediction[:, None] - logits_of(inputs, ends, rows, batch_size).reshape(n, b)
    hypothetical, scores = inputs.finish(summed / b)
    return Raw(hypothetical, scores, prediction, relative_error(total.reshape(n, b), delta))


def _mean_gradient(
    inputs: Bases, values: Tensor, baselines: Tensor, rows: Tensor, batch_size: int, steps: int
) -> Tensor:
    """Return the gradient averaged along the straight path from each baseline to its value."""
    method = IntegratedGradients(inputs.logits, multiply_by_inputs=False)
    found: Tensor = method.attribute(
        values,
        baselines,
        additional_forward_args=(rows,),
        n_steps=steps,
        internal_batch_size=max(batch_size, len(values)),
    )
    return found.detach()
