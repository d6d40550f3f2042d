"""Arithmetic on intervals of one chromosome, 0-based and half-open."""

from __future__ import annotations

import numpy as np

from motiflens.models.types import Booleans, Integers


def merge_intervals(starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """Return the union of intervals as sorted, disjoint intervals.

    >>> merge_intervals(np.array([5, 0, 4]), np.array([9, 2, 6]))
    (array([0, 4]), array([2, 9]))
    """
    if len(starts) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    order = np.argsort(starts, kind="stable")
    starts, ends = np.asarray(starts)[order], np.asarray(ends)[order]
    reach = np.maximum.accumulate(ends)
    new = np.concatenate([[True], starts[1:] > reach[:-1]])
    last = np.concatenate([np.flatnonzero(new)[1:] - 1, [len(starts) - 1]])
    return starts[new].astype(np.int64), reach[last].astype(np.int64)


def covered(starts: Integers, ends: Integers, by: tuple[Integers, Integers]) -> Integers:
    """Return how many bases of each interval lie in `by`, which must be sorted and disjoint.

    >>> covered(np.array([0, 8]), np.array([5, 9]), (np.array([0, 4]), np.array([2, 9]))).tolist()
    [3, 1]
    """
    return _below(ends, by) - _below(starts, by)


def overlaps(starts: Integers, ends: Integers, by: tuple[Integers, Integers]) -> Booleans:
    """Return whether each interval shares a base with `by`, which must be sorted and disjoint."""
    return covered(starts, ends, by) > 0


def _below(positions: Integers, by: tuple[Integers, Integers]) -> Integers:
    """Return how many bases below each position lie in `by`."""
    starts, ends = by
    total = np.concatenate([[0], np.cumsum(ends - starts)])
    k = np.searchsorted(starts, positions, side="right") - 1  # the last interval that starts at or before
    inside = np.minimum(positions, ends[np.maximum(k, 0)] if len(ends) else 0) - (
        starts[np.maximum(k, 0)] if len(starts) else 0
    )
    return np.where(k >= 0, total[np.maximum(k, 0)] + inside, 0)
