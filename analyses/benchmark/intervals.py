"""Intervals of scores: over windows within one training, and over trainings and windows together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.analyses.benchmark.measures import DRAWS, Measure
from motiflens.analyses.benchmark.superiority import superiority
from motiflens.analyses.statistics import block_interval
from motiflens.models.types import Doubles


class Interval(NamedTuple):
    """A score with its 95 % interval."""

    value: float
    low: float
    high: float


def window_interval(measure: Measure, seed: int = 0) -> Interval:
    """Bootstrap a measure over its windows; NaN limits below three of them.

    Examples
    --------
    >>> window_interval(Measure("auroc", np.array([0.5, 0.5, 0.5, 0.5])))
    Interval(value=0.5, low=0.5, high=0.5)
    """
    if measure.low is not None:
        return seed_interval([measure], seed=seed)
    interval = block_interval(measure.values, np.arange(len(measure.values)), seed=seed)
    return Interval(interval.mean, interval.low, interval.high)


def seed_interval(measures: Sequence[Measure], *, seed: int = 0) -> Interval:
    """Bootstrap the mean of a measure over trainings, and within each over windows.

    Trainings are drawn with replacement; where all are of the same windows these are drawn once for all of them,
    as a window that is hard for one is hard for the others. With one training the interval is over windows alone.

    Parameters
    ----------
    measures
        The same score of each training.
    seed
        Of the bootstrap.

    Returns
    -------
    Interval
        NaN limits where fewer than three windows are known.
    """
    value = _mean(np.array([measure.value for measure in measures]))
    sizes = {len(measure.values) for measure in measures}
    if min(sizes) < 3:
        return Interval(value, float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    drawn = np.empty(DRAWS)
    for draw in range(DRAWS):
        rows = rng.integers(0, max(sizes), max(sizes)) if len(sizes) == 1 else None
        chosen = rng.integers(0, len(measures), len(measures))
        drawn[draw] = _mean(np.array([_redrawn(measures[number], rows, rng) for number in chosen]))
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def _redrawn(measure: Measure, rows: np.ndarray | None, rng: np.random.Generator) -> float:
    count = len(measure.values)
    values = measure.values[rng.integers(0, count, count) if rows is None else rows]
    if measure.low is None:
        return _mean(values)
    if not len(measure.low):
        return float("nan")
    return superiority(values, measure.low[rng.integers(0, len(measure.low), len(measure.low))])


def _mean(values: Doubles) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
