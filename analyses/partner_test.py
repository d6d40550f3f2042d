"""Do two motifs have more to do with each other than either has with others?"""

from __future__ import annotations

import numpy as np
from scipy import stats

from motiflens.models.types import Doubles

_EXACT = 50  # windows up to which p is exact, as scipy has it without ties


def partner_test(own: Doubles, *others: Doubles) -> float:
    """Return the p-value of a pair of motifs being stronger than everything that it has to exceed.

    A site that matters has something to do with every other one in a model that is not linear: without it the
    output saturates, or falls to a floor where no site counts. Against stretches that do nothing all its pairs are
    therefore significant. A pair tells of its two motifs if it stands out from both motifs' other pairs, and if
    more than a trifle of what either does depends on the other.

    Parameters
    ----------
    own
        (W,): how strong the pair is in each window.
    *others
        (W,) each: how strong pairs of the first, and of the second motif's sites with others are there, and what
        else the pair has to exceed; NaN where there is nothing to compare with.

    Returns
    -------
    float
        The largest p of one-sided Wilcoxon signed-rank tests over windows, so that all must hold (an
        intersection-union test; Berger 1982); 1 for one without any window to compare in.

    Examples
    --------
    >>> strong, weak = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.1, 0.2, 0.1, 0.2, 0.1])
    >>> partner_test(strong, weak, weak), partner_test(strong, weak, strong)
    (0.03125, 1.0)
    """
    return max(_greater(own - other) for other in others)


def _greater(apart: Doubles) -> float:
    known = apart[np.isfinite(apart) & (apart != 0)]
    if not len(known):
        return 1.0
    if len(known) > _EXACT:
        return float(np.asarray(stats.wilcoxon(known, alternative="greater"))[1])
    return _exact(known)


def _exact(apart: Doubles) -> float:
    """Signed-rank test over all signs, ties at their mean ranks; scipy would go through all signs one by one."""
    ranks = np.rint(2 * stats.rankdata(np.abs(apart))).astype(np.int64)  # whole numbers
    counts = np.ones(1)  # of signs by the sum of the positive ranks, exact up to 2^53
    for rank in ranks.tolist():
        counts = np.concatenate([counts, np.zeros(rank)]) + np.concatenate([np.zeros(rank), counts])
    return float(counts[ranks[apart > 0].sum() :].sum() / counts.sum())
