"""How often each site is bound: affinity times accessibility, and for some only with a partner."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.models.data.simulate.factors import MILLIBITS, PAIR, factors, unassisted_half
from motiflens.models.data.simulate.grammar import DEFAULT, Grammar
from motiflens.models.types import Doubles, Floats, Integers

BOUND = 0.5  # occupancy from which a site counts as bound
STRONGEST = 4.0  # bits above `half` beyond which a better site binds no better
FAINT = 0.05  # occupancy below which a site that is there by chance is none


def halves(grammar: Grammar = DEFAULT) -> dict[str, int]:
    """Return `Factor.half` of each factor, in millibits: the pair's first one takes weaker sites if assisted."""
    half_of = {factor.name: factor.half for factor in factors()}
    if not grammar.assisted:
        half_of[PAIR[0]] = unassisted_half()
    return half_of


def thresholds(grammar: Grammar = DEFAULT) -> dict[str, int]:
    """Return the lowest score, in millibits, with which each factor's sites can be more than faint."""
    half, lowest = halves(grammar), {}
    for factor in factors():
        odds = np.log2(FAINT / (1.0 - FAINT)) - max(factor.concentration)
        lowest[factor.name] = int(np.floor(half[factor.name] + MILLIBITS * odds))
    return lowest


def occupancy(table: pd.DataFrame, access: Floats | Doubles, grammar: Grammar = DEFAULT) -> Doubles:
    """Occupancy of each site in each cell type.

    Parameters
    ----------
    table
        Sites as `find_sites` gives them, from `thresholds` up.
    access
        (cell types, sites): accessibility at the middle of each site.
    grammar
        The rule of the pair's first factor.

    Returns
    -------
    (sites, cell types) float64 in 0 … 1, in steps of 1/1000: x / (1 + x), where x is the accessibility times the
    factor's concentration times 2^min(4, (score - half) / bit). For the first factor of `PAIR` x is also
    multiplied by the occupancy of its best partner at the grammar's distance; without one it is 0. With the
    grammar ``order`` partners on its 3' side alone count; with ``not`` its own occupancy is multiplied by 1 less
    the partner's; with ``or`` nothing is multiplied (see `tethered`).
    """
    occupied = np.zeros((len(table), len(access)))
    names, scores = table["factor"].to_numpy(), table["score"].to_numpy()
    half = halves(grammar)
    for factor in sorted(factors(), key=lambda factor: factor.name == PAIR[0]):  # partners come before it
        own = np.flatnonzero(names == factor.name)
        excess = np.minimum(STRONGEST, (scores[own] - half[factor.name]) / MILLIBITS)
        strength = np.exp2(excess[:, None] + np.array(factor.concentration)) * access[:, own].T
        free: Doubles | float = 1.0
        if factor.name == PAIR[0] and grammar.name != "or":
            partners = _partners(table, occupied, own, grammar)
            if grammar.name == "not":
                free = 1.0 - partners
            else:
                strength = strength * partners
        occupied[own] = np.round(free * (strength / (1.0 + strength)), 3)
    return occupied


def tethered(table: pd.DataFrame, bound: Doubles) -> tuple[pd.DataFrame, Doubles]:
    """Add a site of the pair's first factor at each of the second one's: of kind ``tethered``, bound as that."""
    names, kinds = table["factor"].to_numpy(), table["kind"].to_numpy()
    second = np.flatnonzero(names == PAIR[1])
    rows = table.iloc[second].assign(factor=PAIR[0], kind="tethered")
    rows.loc[kinds[second] == "closed", "kind"] = "closed"
    both = pd.concat([table, rows], ignore_index=True)
    order = np.argsort(both["start"].to_numpy(), kind="stable")
    return both.iloc[order].reset_index(drop=True), np.concatenate([bound, bound[second]])[order]


def _partners(table: pd.DataFrame, occupied: Doubles, first: Integers, grammar: Grammar) -> Doubles:
    """Occupancy of the best partner in reach of each site of the pair's first factor, (n, cell types).

    With the grammar ``order``, of those on the 3' side of the site.
    """
    (nearest, farthest), downstream = grammar.distance, grammar.name == "order"
    forward = table["strand"].to_numpy() == "+"
    second = np.flatnonzero(table["factor"].to_numpy() == PAIR[1])
    starts, ends = table["start"].to_numpy(), table["end"].to_numpy()
    best = np.zeros((len(first), occupied.shape[1]))
    if len(second) == 0:
        return best
    reach = farthest + 50
    low = np.searchsorted(starts[second], starts[first] - reach)
    high = np.searchsorted(starts[second], starts[first] + reach)
    for row, (site, a, b) in enumerate(zip(first.tolist(), low.tolist(), high.tolist(), strict=True)):
        for other in second[a:b].tolist():
            gap = max(starts[site] - ends[other], starts[other] - ends[site])
            right = not downstream or (starts[other] > starts[site]) == forward[site]
            if nearest <= gap <= farthest and right:
                best[row] = np.maximum(best[row], occupied[other])
    return best
