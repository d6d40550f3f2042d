"""Integrated gradients."""

from __future__ import annotations

import torch
from captum.attr import IntegratedGradients
from torch import Tensor, nn

from motiflens.interpret.attribution.completeness import TOLERANCE, relative_error
from motiflens.interpret.attribution.gradient_inputs import Bases, Raw, chunks, logits_of, predicted
from motiflens.interpret.attribution.inputs import differentiable


def integrated_gradients(
    model: nn.Module,
    x: Tensor,
    *,
    baselines: Tensor,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    steps: int = 32,
    refinements: int = 2,
) -> Raw:
    """Integrated gradients (Sundararajan, Taly & Yan 2017), averaged over baselines, by Gauss-Legendre quadrature.

    A path on which the sum misses the difference in logit by more than the tolerance is integrated anew with four
    times the steps, and again if need be: paths through many kinks (ReLU, max pooling) need more than others.

    Parameters
    ----------
    baselines
        N, B, C, L.
    batch_size
        Most rows (windows × steps) in one pass.
    steps
        Points of the quadrature on each path, to begin with.
    refinements
        How often the points of a path may be quadrupled.

    Raises
    ------
    ValueError
        If `steps` is below 1 or `refinements` below 0.
    """
    if steps < 1 or refinements < 0:
        raise ValueError(
            f"integrated_gradients: steps={steps}, refinements={refinements}: expected at least 1 and at least 0"
        )
    inputs = differentiable(model, x, target, meta)
    n, b = baselines.shape[:2]
    values, ends = inputs.values, inputs.encode(baselines.flatten(0, 1))
    rows = torch.arange(n, device=x.device).repeat_interleave(b)
    prediction, most = predicted(inputs, batch_size)
    delta = prediction[rows] - logits_of(inputs, ends, rows, batch_size)  # N · B
    total = torch.zeros_like(delta)
    shape = inputs.path(values[:1], values[:1], values[:1]).shape[1:]
    contributions = values.new_zeros((n * b, *shape))
    pending = torch.arange(n * b, device=x.device)
    for refined in range(refinements + 1):
        points = steps * 4**refined
        for part in chunks(len(pending), max(1, most // points)):
            pairs = pending[part]
            here, start = values[rows[pairs]], ends[pairs]
            multipliers = _mean_gradient(inputs, here, start, rows[pairs], most, points)
            total[pairs] = ((here - start) * multipliers).flatten(1).sum(1)
            contributions[pairs] = inputs.path(multipliers, here, start)
        missed = (total - delta).abs() > TOLERANCE["integrated_gradients"] * delta.abs().clamp_min(1.0)
        pending = torch.nonzero(missed)[:, 0]
    hypothetical, scores = inputs.finish(contributions.reshape(n, b, *shape).mean(1))
    error = relative_error(total.reshape(n, b), delta.reshape(n, b))
    return Raw(hypothetical, scores, prediction, error)


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
