"""False discoveries among what is as significant, by what is found when names are shuffled."""

from __future__ import annotations

import numpy as np

from motiflens.models.types import Doubles


def permutation_fdr(p: Doubles, null: Doubles) -> Doubles:
    """Return the expected share of false discoveries among tests whose p is as small.

    Parameters
    ----------
    p
        (T,): of the tests.
    null
        (n,): of the same tests under the null, of all permutations together.

    Returns
    -------
    (T,) float64: the share of the null's p that are as small (1 is added to both counts: Phipson & Smyth 2010),
    times T, over how many of the tests are; at most 1, and no larger for a smaller p (Storey & Tibshirani 2003,
    with all tests taken as null). NaN without a null.

    Examples
    --------
    >>> permutation_fdr(np.array([0.001, 0.5, 0.8]), np.linspace(0.01, 1, 99)).round(2).tolist()
    [0.03, 0.75, 0.8]
    """
    if not len(null):
        return np.full(len(p), np.nan)
    rate = (1 + np.searchsorted(np.sort(null), p, side="right")) / (1 + len(null))
    as_small = np.searchsorted(np.sort(p), p, side="right")
    share = np.minimum(1.0, rate * len(p) / as_small)
    order = np.argsort(p, kind="stable")[::-1]
    share[order] = np.minimum.accumulate(share[order])
    return np.asarray(share, dtype=np.float64)
