"""Stretches of attribution that are higher than chance."""

from __future__ import annotations

import numpy as np

from motiflens.models.types import Doubles, Integers


def call_seqlets(track: Doubles, *, width: int, fdr: float, maximum: int, seed: int = 0) -> Integers:
    """Find windows whose summed attribution is higher than chance.

    Chance is the distribution of the same sums when each sequence's positions are shuffled; the threshold is the
    lowest at which (shuffled windows above) / (windows above) <= `fdr`.

    Parameters
    ----------
    track
        (N, L) attribution per position.
    width, fdr, maximum
        See `SeqletOptions`.
    seed
        Of the shuffling.

    Returns
    -------
    array
        (n, 2) int64: row and start of windows that do not overlap, the strongest first.

    Examples
    --------
    >>> track = np.random.default_rng(0).normal(0, 0.1, (50, 40))
    >>> track[7, 20:28] += 1
    >>> call_seqlets(track, width=8, fdr=0.05, maximum=10)[0].tolist()
    [7, 20]
    """
    sums = _sums(track, width)
    rng = np.random.default_rng(seed)
    null = np.sort(_sums(rng.permuted(track, axis=1), width).ravel())
    observed = np.sort(sums.ravel())
    above = len(observed) - np.arange(len(observed))
    false = len(null) - np.searchsorted(null, observed, side="left")
    passing = np.flatnonzero((false <= fdr * above) & (observed > 0))
    if not len(passing):
        return np.zeros((0, 2), dtype=np.int64)
    threshold = observed[passing[0]]
    rows, starts = np.nonzero(sums >= threshold)
    order = np.argsort(-sums[rows, starts], kind="stable")
    free = np.ones(track.shape, dtype=bool)
    chosen: list[tuple[int, int]] = []
    for at in order:
        row, start = int(rows[at]), int(starts[at])
        if free[row, start : start + width].all():
            free[row, start : start + width] = False
            chosen.append((row, start))
            if len(chosen) == maximum:
                break
    return np.array(chosen, dtype=np.int64).reshape(-1, 2)


def _sums(track: Doubles, width: int) -> Doubles:
    total = np.pad(np.cumsum(track, axis=1), ((0, 0), (1, 0)))
    return total[:, width:] - total[:, :-width]
