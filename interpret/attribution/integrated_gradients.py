"""Integrated gradients."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.adaptive_paths import FIRST, Paths, adaptive_paths
from motiflens.interpret.attribution.completeness import TOLERANCE, Completeness, completeness
from motiflens.interpret.attribution.first_layer import FirstLayer, first_layer
from motiflens.interpret.attribution.gradient_inputs import Bases, Raw, chunks, gradient, logits_of, predicted
from motiflens.interpret.attribution.inputs import differentiable


def integrated_gradients(
    model: nn.Module,
    x: Tensor,
    *,
    baselines: Tensor,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    steps: int = 8,
    refinements: int = 3,
) -> Raw:
    """Integrated gradients (Sundararajan, Taly & Yan 2017), averaged over baselines, by Gauss-Legendre quadrature.

    Where a window's sums miss the changes in logit by more than the tolerance, its paths are integrated anew with
    points where they are needed (see `adaptive_paths`): paths through many kinks (ReLU, max pooling) need more
    than others. A first convolution that is linear in the input is computed at the paths' ends alone.

    Parameters
    ----------
    baselines
        N, B, C, L.
    batch_size
        Most rows (paths × points) in one pass.
    steps
        Points of the quadrature on each path, to begin with.
    refinements
        Most points of a path that is integrated anew, as the power of three that multiplies `steps`; 0 leaves all
        paths as they are.

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
    reference = logits_of(inputs, ends, rows, batch_size).reshape(n, b)
    logits = prediction[:, None].expand(n, b)
    shared = first_layer(inputs, ends[:1], rows[:1])
    multipliers = torch.zeros_like(ends)
    for part in chunks(n * b, max(1, most // steps)):
        path = _Path(inputs, shared, values[rows[part]], ends[part], rows[part])
        multipliers[part] = path.mean_gradient(steps, most)
    change = logits - reference
    sums = _sums(values[rows] - ends, multipliers, logits, reference)
    pending = (sums.error > TOLERANCE["integrated_gradients"]) & ~sums.unexplained  # n
    if refinements and bool(pending.any()):
        some = pending.repeat_interleave(b)
        multipliers[some] = adaptive_paths(
            inputs,
            Paths(ends[some], values[rows[some]], rows[some], change.flatten()[some]),
            tolerance=TOLERANCE["integrated_gradients"],
            most=most,
            points=max(steps * 3**refinements, FIRST + 1),
        )
        sums = _sums(values[rows] - ends, multipliers, logits, reference)
    contributions = inputs.path(multipliers, values[rows], ends)
    hypothetical, scores = inputs.finish(contributions.reshape(n, b, *contributions.shape[1:]).mean(1))
    return Raw(hypothetical, scores, prediction, sums.error, sums.unexplained)


def _sums(way: Tensor, multipliers: Tensor, logits: Tensor, reference: Tensor) -> Completeness:
    products = (way * multipliers).flatten(1)
    shape = logits.shape  # n, b
    return completeness(products.sum(1).reshape(shape), logits, reference, products.abs().sum(1).reshape(shape))


class _Path:
    """Straight paths from baselines, (p, …), to windows, (p, …)."""

    def __init__(
        self, inputs: Bases, shared: FirstLayer | None, here: Tensor, start: Tensor, rows: Tensor
    ) -> None:
        self.inputs, self.shared, self.here, self.start, self.rows = inputs, shared, here, start, rows

    def mean_gradient(self, points: int, most: int) -> Tensor:
        """Return the gradient averaged along the paths, (p, …), by a quadrature of so many points."""
        places, shares = np.polynomial.legendre.leggauss(points)
        along, weights = (torch.from_numpy(each).to(self.start) for each in ((places + 1) / 2, shares / 2))
        parts = list(chunks(points, max(1, most // len(self.rows))))
        if self.shared is None:
            whole = [self._weighted(self._whole(along[part]), weights[part]) for part in parts]
            return torch.stack(whole).sum(0)
        # Of windows that several paths share the layer is computed once.
        unique, place = torch.unique(self.rows, return_inverse=True)
        own = self.shared.outputs(self.inputs.values[unique], unique)
        ends = self.shared.outputs(self.start, self.rows)
        slopes = [torch.zeros_like(end) for end in ends]
        for part in parts:
            outputs = [_between(end, out[place], along[part]) for end, out in zip(ends, own, strict=True)]
            values = _between(self.start, self.here, along[part])
            gradients = self.shared.gradients(outputs, values, self._rows(along[part]))
            for slope, new in zip(slopes, gradients, strict=True):
                slope += self._weighted(new, weights[part])
        return self.shared.pulled_back(slopes, self.start, self.rows)

    def _whole(self, along: Tensor) -> Tensor:
        slope, _ = gradient(self.inputs, _between(self.start, self.here, along), self._rows(along))
        return slope

    def _weighted(self, slopes: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted sum over points, (p, …), of gradients (p · points, …)."""
        return torch.einsum(
            "pk...,k->p...", slopes.reshape(len(self.rows), len(weights), *slopes.shape[1:]), weights
        )

    def _rows(self, along: Tensor) -> Tensor:
        return self.rows.repeat_interleave(len(along))


def _between(start: Tensor, end: Tensor, along: Tensor) -> Tensor:
    """Return points between tensors (p, …), (p · points, …), a path's points after one another."""
    shares = along.reshape(1, -1, *[1] * (start.ndim - 1))
    return torch.lerp(start[:, None], end[:, None], shares).flatten(0, 1)
