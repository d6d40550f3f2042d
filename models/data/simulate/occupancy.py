"""How often each site is bound: affinity times accessibility, and for some only with a partner."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.models.data.simulate.factors import MILLIBITS, factors
from motiflens.models.data.simulate.sites import PAIR, SPACING
from motiflens.models.types import Doubles, Integers

BOUND = 0.5  # occupancy from which a site counts as bound
_SLOPE = 2.0 * MILLIBITS  # millibits of score that change the affinity e-fold
_STRONGEST = 3.0  # logarithm of the largest affinity: beyond it a better site binds no better
_WEAKEST = 3 * MILLIBITS


def occupancy(table: pd.DataFrame, access: Doubles) -> Doubles:
    """Occupancy of each site in each cell type.

    Parameters
    ----------
    table
        Sites as `find_sites` gives them.
    access
        (cell types, sites): accessibility at the middle of each site.

    Returns
    -------
    (sites, cell types) float64 in 0 … 1, in steps of 1/1000: K a / (1 + K a) with a the accessibility and
    K = 2 exp(min(3, (score - half) / 2 bits)) times the factor's concentration. The first factor of `PAIR`
    has this times the occupancy of its best partner whose site is `SPACING` bp away, and 0 without one.
    """
    found = np.zeros((len(table), len(access)))
    for factor in factors():
        own = np.flatnonzero(table["factor"].to_numpy() == factor.name)
        excess = np.minimum(_STRONGEST, (table["score"].to_numpy()[own] - factor.half) / _SLOPE)
        for cell in range(len(access)):
            strength = 2.0 * np.exp(excess + factor.concentration[cell]) * access[cell, own]
            found[own, cell] = strength / (1.0 + strength)
    found = np.round(found, 3)
    first = np.flatnonzero(table["factor"].to_numpy() == PAIR[0])
    found[first] = np.round(found[first] * _partners(table, found, first), 3)
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


WEAKEST = _WEAKEST
