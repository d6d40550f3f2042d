"""How often each site is bound: affinity times accessibility, and for some only with a partner."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.models.data.simulate.factors import MILLIBITS, PAIR, factors
from motiflens.models.data.simulate.sites import SPACING
from motiflens.models.types import Doubles, Floats, Integers

BOUND = 0.5  # occupancy from which a site counts as bound
_STRONGEST = 4.0  # bits above `half` beyond which a better site binds no better
FAINT = 0.05  # occupancy below which a site that is there by chance is none


def thresholds() -> dict[str, int]:
    """Return the lowest score, in millibits, with which each factor's sites can be more than faint."""
    lowest = {}
    for factor in factors():
        odds = np.log2(FAINT / (1.0 - FAINT)) - max(factor.concentration)
        lowest[factor.name] = int(np.floor(factor.half + MILLIBITS * odds))
    return lowest


def occupancy(table: pd.DataFrame, access: Floats | Doubles) -> Doubles:
    """Occupancy of each site in each cell type.

    Parameters
    ----------
    table
        Sites as `find_sites` gives them, from `thresholds` up.
    access
        (cell types, sites): accessibility at the middle of each site.

    Returns
    -------
    (sites, cell types) float64 in 0 … 1, in steps of 1/1000: x / (1 + x), where x is the accessibility times the
    factor's concentration times 2^min(4, (score - half) / bit). For the first factor of `PAIR` x is also
    multiplied by the occupancy of its best partner at a distance of `SPACING` bp; without one it is 0.
    """
    found = np.zeros((len(table), len(access)))
    names, scores = table["factor"].to_numpy(), table["score"].to_numpy()
    for factor in sorted(factors(), key=lambda factor: factor.name == PAIR[0]):  # partners come before it
        own = np.flatnonzero(names == factor.name)
        excess = np.minimum(_STRONGEST, (scores[own] - factor.half) / MILLIBITS)
        strength = np.exp2(excess[:, None] + np.array(factor.concentration)) * access[:, own].T
        if factor.name == PAIR[0]:
            strength = strength * _partners(table, found, own)
        found[own] = np.round(strength / (1.0 + strength), 3)
    return found


def _partners(table: pd.DataFrame, found: Doubles, first: Integers) -> Doubles:
    """Occupancy of the best partner in reach of each site of the pair's first factor, (n, cell types)."""
    second = np.flatnonzero(table["factor"].to_numpy() == PAIR[1])
    starts, ends = table["start"].to_numpy(), table["end"].to_numpy()
    best = np.zeros((len(first), found.shape[1]))
    if len(second) == 0:
        return best
    reach = SPACING[1] + 50
    low = np.searchsorted(starts[second], starts[first] - reach)
    high = np.searchsorted(starts[second], starts[first] + reach)
    for row, (site, a, b) in enumerate(zip(first.tolist(), low.tolist(), high.tolist(), strict=True)):
        for other in second[a:b].tolist():
            gap = max(starts[site] - ends[other], starts[other] - ends[site])
            if SPACING[0] <= gap <= SPACING[1]:
                best[row] = np.maximum(best[row], found[other])
    return best
