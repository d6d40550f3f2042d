"""Other places of the same windows with the same composition, to compare attended places with."""

from __future__ import annotations

import numpy as np

from motiflens.models.types import Booleans, Codes, Integers


def matched_starts(
    codes: Codes, taken: Booleans, gc: Integers, width: int, *, draws: int, rng: np.random.Generator
) -> Integers:
    """Draw places whose number of G and C is nearest to that of the attended ones.

    Parameters
    ----------
    codes
        (n, L) codes of each attended place's window.
    taken
        (n, L - width + 1): starts that overlap an attended place of the window.
    gc
        (n,) G and C in each attended place.
    width
        Base pairs of a place.
    draws
        Places to draw for each; they do not overlap one another while there is room.
    rng
        Breaks ties.

    Returns
    -------
    array
        (draws, n) int64 starts: free ones while there are any, those without N before others, then the nearest in
        composition, at random among equals.

    Examples
    --------
    >>> codes = np.array([[1, 1, 0, 0, 2, 1, 3, 3]], dtype=np.uint8)  # CCAAGCTT
    >>> taken = np.array([[True, True, False, False, False, False, False]])
    >>> matched_starts(codes, taken, np.array([2]), 2, draws=1, rng=np.random.default_rng(0)).tolist()
    [[4]]
    """
    places = codes.shape[1] - width + 1
    count = _windows(np.isin(codes, (1, 2)), width)  # n, places
    unknown = _windows(codes > 3, width)
    cost = np.abs(count - gc[:, None]) + (width + 1) * unknown + (width + 1) ** 2 * taken.astype(np.int64)
    result = np.empty((draws, len(codes)), dtype=np.int64)
    starts = np.arange(places)
    for draw in range(draws):
        result[draw] = (cost + rng.random(cost.shape)).argmin(axis=1)
        cost += (width + 1) ** 2 * (np.abs(starts - result[draw][:, None]) < width)
    return result


def _windows(marked: Booleans, width: int) -> Integers:
    """Count marked positions in each stretch of `width`, (n, L) -> (n, L - width + 1)."""
    sums = np.concatenate([np.zeros((len(marked), 1), dtype=np.int64), np.cumsum(marked, axis=1)], axis=1)
    return sums[:, width:] - sums[:, :-width]
