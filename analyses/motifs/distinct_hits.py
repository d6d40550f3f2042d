"""Hits that overlap counted once: the best one stands for all."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from motiflens.models.types import Booleans, Doubles, Integers


def distinct_hits(group: Integers, start: Integers, end: Integers, p: Doubles) -> Booleans:
    """Mark the hits to keep: best first, each unless it overlaps one of its group that is kept.

    The two strands of a palindrome, two windows about one stretch of genome and shifted hits of a repetitive motif
    are one place each.

    Parameters
    ----------
    group
        (n,) hits of different groups (motifs; windows or chromosomes) never overlap.
    start, end
        (n,) 0-based, half-open.
    p
        (n,) p-values; of equal ones the first is kept.

    Examples
    --------
    >>> group, start = np.array([0, 0, 0, 1]), np.array([10, 12, 18, 12])
    >>> distinct_hits(group, start, start + 8, np.array([1e-4, 1e-6, 1e-5, 1e-4])).tolist()
    [False, True, False, True]
    """
    kept = np.zeros(len(group), dtype=bool)
    starts: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for row in np.argsort(p, kind="stable"):
        begins = starts.setdefault(int(group[row]), [])
        stops = ends.setdefault(int(group[row]), [])
        at = bisect_left(begins, int(start[row]))
        if (at > 0 and stops[at - 1] > start[row]) or (at < len(begins) and begins[at] < end[row]):
            continue
        begins.insert(at, int(start[row]))
        stops.insert(at, int(end[row]))
        kept[row] = True
    return kept
