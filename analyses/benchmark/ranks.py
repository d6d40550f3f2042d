"""Mean ranks of methods over blocks, and by how much they must differ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from motiflens.analyses.statistics import row_ranks
from motiflens.models.types import Doubles


class Ranks(NamedTuple):
    """What blocks say of methods."""

    mean: Doubles  # methods: mean rank, 1 is the best
    critical_difference: float  # of two mean ranks, at .05 over all pairs; infinite below two blocks
    p: float  # Friedman's test of no difference
    blocks: int


def rank_methods(values: Doubles, *, alpha: float = 0.05) -> Ranks:
    """Rank methods within blocks (Friedman; Nemenyi's critical difference, as Demšar 2006 has it).

    Parameters
    ----------
    values
        (blocks, methods), the higher the better; blocks with a NaN are left out. Ties share their mean rank.
    alpha
        Level.

    Examples
    --------
    >>> found = rank_methods(np.array([[3.0, 2.0, 1.0]] * 10))
    >>> found.mean.tolist(), round(found.critical_difference, 3)
    ([1.0, 2.0, 3.0], 1.048)
    """
    known = values[np.isfinite(values).all(axis=1)]
    blocks, methods = known.shape
    nan = float("nan")
    if blocks < 2 or methods < 2:
        return Ranks(
            row_ranks(-known).mean(axis=0) if blocks else np.full(methods, nan), float("inf"), nan, blocks
        )
    ranks = row_ranks(-known)
    spread = float(stats.studentized_range.ppf(1 - alpha, methods, np.inf)) / np.sqrt(2)
    difference = spread * np.sqrt(methods * (methods + 1) / (6 * blocks))
    tied = bool((ranks == ranks[:, :1]).all())
    p = 1.0 if tied or methods < 3 else float(stats.friedmanchisquare(*known.T).pvalue)
    if methods == 2 and not tied:
        wins = int((ranks[:, 0] < ranks[:, 1]).sum())
        decided = int((ranks[:, 0] != ranks[:, 1]).sum())
        p = float(stats.binomtest(wins, decided).pvalue)
    return Ranks(ranks.mean(axis=0), float(difference), p, blocks)
