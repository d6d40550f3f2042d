"""q-values after Storey (2002): the share of false discoveries among all at least as extreme."""

from __future__ import annotations

import numpy as np

from motiflens.models.types import Doubles, Integers

LAMBDAS = np.arange(0, 0.501, 0.01)  # where the share of nulls is estimated
ERROR_SIZE = 1000.0  # sample size behind the error of an estimate; see `null_share`
RARE = 0.01  # p-values above lambda on which no estimate can rest: nearly all tests would be true
FEW = 100  # p-values from which nothing can be estimated: the MEME Suite takes pi0 = 1


def null_share(above: Doubles, *, lambdas: Doubles = LAMBDAS, size: float = ERROR_SIZE) -> float:
    """Storey's pi0, the share of true nulls, at the lambda of least mean squared error.

    pi0(lambda) = share of p > lambda / (1 - lambda). FIMO and TOMTOM choose lambda by bootstrap (Storey, Taylor &
    Siegmund 2004), which depends on random numbers; the bootstrap's expected mean squared error about the least
    estimate, variance + bias squared, is used here instead. As in the MEME Suite an estimate of 0 is
    none: there pi0 is 1 (with 0 every q would be 0, whatever p is). So is here an estimate that rests on hardly
    any p-value above its lambda: FIMO's, from a random sample, is up to 16 times as large, or none.

    Parameters
    ----------
    above
        Share of p-values greater than each of `lambdas`.
    size
        Number of p-values that the variance is computed for.

    Returns
    -------
    float
        Above 0, at most 1.

    Examples
    --------
    >>> uniform = 1 - LAMBDAS
    >>> null_share(0.4 * uniform), null_share(0 * uniform)
    (0.4, 1.0)
    """
    if len(above) != len(lambdas):
        raise ValueError(f"shares above: {len(above)} values for {len(lambdas)} lambdas")
    estimates = above / (1 - lambdas)
    variance = above * (1 - above) / (size * (1 - lambdas) ** 2)
    error = variance + (estimates - estimates.min()) ** 2
    best = int(np.argmin(error))
    return float(min(1.0, estimates[best])) if above[best] > RARE else 1.0


def q_values(p: Doubles, *, pi0: float | None = None) -> Doubles:
    """q-value of each p-value, in the order given.

    q = min over p' >= p of pi0 * n * p' / (number of p-values <= p'), at most 1.

    Parameters
    ----------
    p
        All p-values of the family, (n,).
    pi0
        Share of true nulls. Where None it is estimated from `p`, or taken as 1 (Benjamini and Hochberg's q) where
        there are 100 p-values or fewer, as in the MEME Suite.

    Examples
    --------
    >>> q_values(np.array([0.01, 0.5, 0.02, 1.0]), pi0=1.0).tolist()
    [0.04, 0.6666666666666666, 0.04, 1.0]
    >>> q_values(np.array([0.3])).tolist()
    [0.3]
    """
    p = np.asarray(p, dtype=np.float64)
    if p.size == 0:
        return p.copy()
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values must lie in 0 .. 1")
    order = np.argsort(p)
    ordered = p[order]
    if pi0 is None and p.size <= FEW:
        pi0 = 1.0
    elif pi0 is None:
        pi0 = null_share(1 - np.searchsorted(ordered, LAMBDAS, side="right") / p.size, size=float(p.size))
    # Of equal p-values the last has the least quotient, and hands it to the others.
    values = np.empty_like(p)
    values[order] = tabulated_q_values(ordered, np.ones(p.size, dtype=np.int64), total=p.size, pi0=pi0)
    return values


def tabulated_q_values(p: Doubles, counts: Integers, *, total: int, pi0: float) -> Doubles:
    """q-values of distinct ascending p-values that occur `counts` times among `total` tests."""
    raw = np.minimum(pi0 * total * p / np.cumsum(counts), 1.0)
    return np.minimum.accumulate(raw[::-1])[::-1]
