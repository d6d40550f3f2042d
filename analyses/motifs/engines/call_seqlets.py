"""Stretches of attribution that are higher, or lower, than chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from motiflens.analyses.motifs.engines.seqlets_numba import keep_apart
from motiflens.models.types import Doubles, Integers

_BINS = 1024  # of a sum's size: what lies below a threshold that can pass is not sorted


class Called(NamedTuple):
    """Row and start of windows that do not overlap, the strongest first, (n, 2) int64 of either sign."""

    raising: Integers
    lowering: Integers


def call_seqlets(track: Doubles, *, width: int, fdr: float, maximum: int, seed: int = 0) -> Called:
    """Find windows whose summed attribution is higher than chance, and those where it is lower.

    Chance is the distribution of the same sums when each sequence's positions are shuffled; the threshold is the
    lowest at which (shuffled windows above) / (windows above) <= `fdr`, for either sign by itself.

    Parameters
    ----------
    track
        (N, L) attribution per position.
    width, fdr, maximum
        See `SeqletOptions`; `maximum` of each sign.
    seed
        Of the shuffling.

    Examples
    --------
    >>> track = np.random.default_rng(0).normal(0, 0.1, (50, 40))
    >>> track[7, 20:28] += 1
    >>> call_seqlets(track, width=8, fdr=0.05, maximum=10).raising[0].tolist()
    [7, 20]
    """
    sums = _sums(track, width)
    chance = _sums(np.random.default_rng(seed).permuted(track, axis=1), width)
    raising = _strongest(sums, chance, width, fdr, maximum)
    np.negative(sums, out=sums)
    np.negative(chance, out=chance)
    return Called(raising, _strongest(sums, chance, width, fdr, maximum))


def _strongest(sums: Doubles, chance: Doubles, width: int, fdr: float, maximum: int) -> Integers:
    threshold = _threshold(sums.ravel(), chance.ravel(), fdr)
    if threshold is None:
        return np.zeros((0, 2), dtype=np.int64)
    rows, starts = np.nonzero(sums >= threshold)
    order = np.argsort(-sums[rows, starts], kind="stable")
    rows, starts = rows[order], starts[order]
    kept = np.zeros(len(rows), dtype=np.bool_)
    taken = np.zeros((len(sums), sums.shape[1] + width - 1), dtype=np.bool_)
    keep_apart(rows, starts, width, taken, kept, maximum)
    return np.stack([rows[kept], starts[kept]], axis=1)


def _threshold(sums: Doubles, chance: Doubles, fdr: float) -> float | None:
    """Return the lowest of the sums above 0 that passes, None where none does.

    In a bin where even its lower edge has too many shuffled windows above its upper edge none passes.
    """
    top = float(sums.max(initial=0.0))
    if top <= 0:
        return None
    bins = [(part.clip(0, top) / top * _BINS).astype(np.int32) for part in (sums, chance)]
    counts = [np.bincount(part, minlength=_BINS + 1) for part in bins]
    above, false = (count[::-1].cumsum()[::-1] for count in counts)
    least = int(np.flatnonzero((counts[0] > 0) & (false - counts[1] <= fdr * above))[0])
    observed, null = (np.sort(part[own >= least]) for part, own in zip((sums, chance), bins, strict=True))
    ranks = np.arange(len(observed))
    passing = (len(null) - np.searchsorted(null, observed) <= fdr * (len(observed) - ranks)) & (observed > 0)
    return float(observed[passing.argmax()]) if passing.any() else None


def _sums(track: Doubles, width: int) -> Doubles:
    total = np.zeros((len(track), track.shape[1] + 1))
    np.cumsum(track, axis=1, out=total[:, 1:])
    return total[:, width:] - total[:, :-width]
