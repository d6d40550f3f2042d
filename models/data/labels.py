"""Labels of bins and windows under the papers' rules: pure functions of one chromosome's intervals."""

from __future__ import annotations

import numpy as np

from motiflens.models.data.intervals import covered, overlaps
from motiflens.models.types import Floats, Integers

Intervals = tuple[Integers, Integers]


def deepsea_labels(starts: Integers, size: int, peaks: Intervals) -> Floats:
    """Return 1 for bins of which more than half lies in peaks, else 0 (Zhou and Troyanskaya 2015).

    Parameters
    ----------
    starts
        (n,) first bases of the bins.
    size
        Their length in bp.
    peaks
        Starts and ends of the peaks' union, sorted and disjoint.

    Examples
    --------
    >>> deepsea_labels(np.array([0, 200]), 200, (np.array([99]), np.array([300]))).tolist()
    [1.0, 0.0]
    """
    return (covered(starts, starts + size, peaks) * 2 > size).astype(np.float32)


def dream_labels(starts: Integers, size: int, peaks: Intervals, relaxed: Intervals | None = None) -> Floats:
    """Return 1 (bound), 0 (unbound) or NaN (ambiguous) for bins, as the ENCODE-DREAM challenge does.

    Bound is a bin of which at least half lies in peaks; ambiguous is any other bin that shares a base with a
    peak, or with a relaxed peak where those are given.

    Parameters
    ----------
    starts, size, peaks
        As in `deepsea_labels`.
    relaxed
        The union of peaks called at a lenient threshold.

    Examples
    --------
    >>> dream_labels(np.array([0, 200, 400]), 200, (np.array([100]), np.array([201]))).tolist()
    [1.0, nan, 0.0]
    """
    ends = starts + size
    labels = (covered(starts, ends, peaks) * 2 >= size).astype(np.float32)
    touched = overlaps(starts, ends, peaks)
    if relaxed is not None:
        touched |= overlaps(starts, ends, relaxed)
    labels[touched & (labels == 0)] = np.nan
    return labels


def overlap_labels(starts: Integers, size: int, peaks: Intervals, ambiguous: Intervals | None = None) -> Floats:
    """Return 1 for bins that share a base with a peak, NaN for others that share one with `ambiguous`, else 0.

    DeepGRN's sentence: a bin that overlaps a peak which passes IDR is bound, one that overlaps a peak which fails
    it is ambiguous, the rest is unbound. (`dream_labels` is the challenge's own rule: half of the bin.)

    Parameters
    ----------
    starts, size, peaks
        As in `deepsea_labels`.
    ambiguous
        The union of peaks that fail IDR, or were called at a lenient threshold.

    Examples
    --------
    >>> peaks, failing = (np.array([199]), np.array([201])), (np.array([590]), np.array([610]))
    >>> overlap_labels(np.array([0, 200, 400, 600, 800]), 200, peaks, failing).tolist()
    [1.0, 1.0, nan, nan, 0.0]
    """
    ends = starts + size
    labels = overlaps(starts, ends, peaks).astype(np.float32)
    if ambiguous is not None:
        labels[overlaps(starts, ends, ambiguous) & (labels == 0)] = np.nan
    return labels


def centered_labels(centers: Integers, peaks: Intervals) -> Floats:
    """Return 1 for windows whose central base lies in a peak, else 0.

    Parameters
    ----------
    centers
        (n,) central bases (``start + length // 2``).
    peaks
        Starts and ends of the peaks' union, sorted and disjoint.

    Examples
    --------
    >>> centered_labels(np.array([4, 9]), (np.array([0, 8]), np.array([4, 12]))).tolist()
    [0.0, 1.0]
    """
    return overlaps(centers, centers + 1, peaks).astype(np.float32)
