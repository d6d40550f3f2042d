"""Gradients averaged along paths through many kinks, with points where the paths need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from motiflens.interpret.attribution.gradient_inputs import Bases, chunks, gradient
from motiflens.models.types import Booleans, Doubles, Integers

FIRST: Final = 16  # intervals of a path to begin with
_HALVED: Final = 0.25  # intervals are halved whose error is this share of the path's greatest one, or more


class Paths(NamedTuple):
    """Straight paths from baselines to windows.

    Attributes
    ----------
    start, here
        (p, …): both ends, encoded.
    rows
        (p,): the windows.
    change
        (p,): logit of the window minus that of the baseline.
    """

    start: Tensor
    here: Tensor
    rows: Tensor
    change: Tensor


def adaptive_paths(inputs: Bases, paths: Paths, *, tolerance: float, most: int, points: int) -> Tensor:
    """Return the gradient averaged along each path, (p, …), by trapezoids that are halved where they err.

    A logit with ReLU and max pooling has kinks all along a path, so that a quadrature made for smooth functions
    gains nothing by its order. Here the error of each interval is known: the trapezoid's integral of the slope
    should be the change in logit between the interval's ends, and both are computed there anyway. No point is
    computed twice. Of a window's paths, those are refined that err, in the intervals that err most, until the
    errors of a path's intervals, and half of their absolute values (which cannot cancel), add up to no more than
    `tolerance` of the change in logit, both averaged over the window's paths.

    Parameters
    ----------
    tolerance
        Share of the change in logit.
    most
        Rows in one pass.
    points
        Most points of a path.

    Examples
    --------
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(40, 1), torch.nn.ReLU())
    >>> x = torch.eye(4)[torch.arange(10) % 4].T[None]
    >>> start, rows = torch.zeros_like(x), torch.arange(1)
    >>> with torch.no_grad():
    ...     change = (model(x) - model(start))[:, 0]
    >>> paths = Paths(start, x, rows, change)
    >>> mean = adaptive_paths(Bases(model, x, 0, None), paths, tolerance=0.05, most=64, points=200)
    >>> bool(((mean * x).sum() - change).abs() <= 0.05 * change.abs() + 1e-6)
    True
    """
    means = torch.empty_like(paths.start)
    windows, counts = torch.unique_consecutive(paths.rows, return_counts=True)
    ends = torch.cumsum(counts, 0).tolist()
    begins = [0, *ends[:-1]]
    # Points are kept until their weights are known: some windows at a time, so that memory stays bounded.
    together = max(1, 8 * most // (int(counts.max()) * (FIRST + 1)))
    for some in chunks(len(windows), together):
        part = slice(begins[some.start], ends[some.stop - 1])
        group = _Group(inputs, Paths(*(each[part] for each in paths)), tolerance, most, points)
        means[part] = group.mean_gradients()
    return means


@dataclass
class _Points:
    """Points on paths: in which path, where along it (0 to 1), the logit, and its change per unit of the way."""

    path: Integers
    along: Doubles
    logit: Doubles
    slope: Doubles
    gradients: list[Tensor]

    def add(self, other: _Points) -> None:
        """Take in further points; `order` brings them into line."""
        for name in ("path", "along", "logit", "slope"):
            setattr(self, name, np.concatenate([getattr(self, name), getattr(other, name)]))
        self.gradients += other.gradients


class _Intervals(NamedTuple):
    """Between neighbouring points of a path, i points each."""

    left: Integers  # index of the point
    right: Integers
    path: Integers
    error: Doubles


class _Group:
    """The paths of some windows, refined together."""

    def __init__(self, inputs: Bases, paths: Paths, tolerance: float, most: int, points: int) -> None:
        self.inputs, self.paths, self.most, self.points = inputs, paths, most, points
        number = len(paths.rows)
        change = paths.change.double().abs().cpu().numpy()
        _, self.window = np.unique(paths.rows.cpu().numpy(), return_inverse=True)
        self.sizes = np.bincount(self.window)
        self.allowed = tolerance * np.bincount(self.window, change) / self.sizes  # windows
        even = np.linspace(0, 1, FIRST + 1)
        self.known = self._computed(np.repeat(np.arange(number), len(even)), np.tile(even, number))

    def mean_gradients(self) -> Tensor:
        intervals = self._intervals()
        while True:
            halved = self._to_halve(intervals)
            if not halved.any():
                break
            middle = (self.known.along[intervals.left] + self.known.along[intervals.right])[halved] / 2
            self.known.add(self._computed(intervals.path[halved], middle))
            intervals = self._intervals()
        return self._mean(intervals)

    def _computed(self, path: Integers, along: Doubles) -> _Points:
        """Return what the model says at points."""
        logits, slopes, gradients = [], [], []
        where = torch.from_numpy(path).to(self.paths.rows.device)
        shares = torch.from_numpy(along).to(self.paths.start)
        for part in chunks(len(path), self.most):
            index = where[part]
            start, way = self.paths.start[index], self.paths.here[index] - self.paths.start[index]
            share = shares[part].reshape(-1, *[1] * (start.ndim - 1))
            vector, output = gradient(self.inputs, start + share * way, self.paths.rows[index])
            logits.append(output)
            slopes.append((vector * way).flatten(1).sum(1))
            gradients.append(vector)
        logit, rate = (torch.cat(each).double().cpu().numpy() for each in (logits, slopes))
        return _Points(path, along, logit, rate, gradients)

    def _intervals(self) -> _Intervals:
        known = self.known
        order = np.lexsort((known.along, known.path))
        left, right = order[:-1], order[1:]
        same = known.path[left] == known.path[right]
        left, right = left[same], right[same]
        width = known.along[right] - known.along[left]
        integral = width * (known.slope[left] + known.slope[right]) / 2
        return _Intervals(left, right, known.path[left], integral - (known.logit[right] - known.logit[left]))

    def _to_halve(self, intervals: _Intervals) -> Booleans:
        size = np.abs(intervals.error)
        number = len(self.window)
        whole = np.abs(np.bincount(intervals.path, intervals.error, minlength=number))
        missed = np.maximum(whole, np.bincount(intervals.path, size, minlength=number) / 2)  # paths
        open_windows = np.bincount(self.window, missed) / self.sizes > self.allowed
        # At least the worst path of an open window errs by more than half of what is allowed.
        errs = open_windows[self.window] & (missed > self.allowed[self.window] / 2)
        errs &= np.bincount(self.known.path, minlength=number) < self.points
        greatest = np.zeros(number)
        np.maximum.at(greatest, intervals.path, size)
        halved: Booleans = errs[intervals.path] & (size > 0) & (size >= _HALVED * greatest[intervals.path])
        return halved

    def _mean(self, intervals: _Intervals) -> Tensor:
        weights = np.zeros(len(self.known.path))
        half = (self.known.along[intervals.right] - self.known.along[intervals.left]) / 2
        weights += np.bincount(intervals.left, half, minlength=len(weights))
        weights += np.bincount(intervals.right, half, minlength=len(weights))
        mean = torch.zeros_like(self.paths.start)
        device = mean.device
        first = 0
        for part in self.known.gradients:
            some = slice(first, first + len(part))
            first = some.stop
            shares = torch.from_numpy(weights[some]).to(part).reshape(-1, *[1] * (part.ndim - 1))
            mean.index_add_(0, torch.from_numpy(self.known.path[some]).to(device), part * shares)
        return mean
