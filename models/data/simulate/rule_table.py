"""What a simulation's rule between two factors says of each planted site of the first one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.models.data.simulate.factors import MILLIBITS, PAIR, factors
from motiflens.models.data.simulate.grammar import Grammar
from motiflens.models.types import Booleans

COLUMNS = (
    "chrom",
    "start",
    "end",
    "strand",
    "kind",
    "partner_start",
    "partner_end",
    "partner_strand",
    "gap",
    "side",
    "in_reach",
    "satisfied",
)


def rule_table(sites: pd.DataFrame, grammar: Grammar) -> pd.DataFrame:
    """Return the planted sites of the pair's first factor with their partners, and whether the rule is satisfied.

    Parameters
    ----------
    sites
        See `read_sites`: ``chrom``, ``start``, ``end``, ``tf``, ``strand``, ``affinity`` and ``kind``.
    grammar
        The rule, and the distance at which it wants the partner.

    Returns
    -------
    DataFrame
        One row a site, in order: its place (0-based, half-open), ``strand`` and ``kind``; the nearest strong site
        of the partner within 100 bp, or farther where pairs lie farther apart (`Grammar.looked`):
        ``partner_start``, ``partner_end``, ``partner_strand``, -1 and empty without one; the bases between both
        (``gap``, -1 without) and on which ``side`` it lies along the site's strand (``5'`` or ``3'``); whether one
        is ``in_reach`` (at the grammar's distance); and whether the sequence ``satisfied`` the rule: where
        chromatin is open the factor then binds. A site of the partner is strong if it was planted or is half
        occupied where concentration and accessibility are 1.
    """
    strong = _strong_partners(sites)
    own = sites[(sites["tf"] == PAIR[0]) & ~sites["kind"].isin(["chance", "closed", "tethered"])]
    by_chrom = {str(chrom): part for chrom, part in sites[strong].groupby("chrom", sort=False)}
    empty = sites.iloc[:0]
    rows = [_row(site, by_chrom.get(str(site.chrom), empty), grammar) for site in own.itertuples(index=False)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _strong_partners(sites: pd.DataFrame) -> Booleans:
    half = next(factor.half for factor in factors() if factor.name == PAIR[1]) / MILLIBITS
    enough = (sites["kind"] != "chance") | (sites["affinity"] >= half)
    return ((sites["tf"] == PAIR[1]) & enough & (sites["kind"] != "closed")).to_numpy()


def _row(site: object, partners: pd.DataFrame, grammar: Grammar) -> tuple[object, ...]:
    nearest, farthest = grammar.distance
    start, end, strand = int(site.start), int(site.end), str(site.strand)  # type: ignore[attr-defined]
    own = (site.chrom, start, end, strand, site.kind)  # type: ignore[attr-defined]
    after = partners["start"].to_numpy() >= end
    gaps = np.maximum(partners["start"].to_numpy() - end, start - partners["end"].to_numpy())
    possible = np.flatnonzero((gaps >= 0) & (gaps <= grammar.looked))
    downstream = after == (strand == "+")
    near = possible[(gaps[possible] >= nearest) & (gaps[possible] <= farthest)]
    in_reach = len(near) > 0
    satisfied = {
        "and": in_reach,
        "order": bool(downstream[near].any()),
        "not": not in_reach,
        "or": True,
    }[grammar.name]
    if not len(possible):
        return (*own, -1, -1, "", -1, "", False, satisfied)
    # among those in reach one that satisfies the rule, else the nearest
    best = possible[np.argmin(gaps[possible])]
    if in_reach:
        right = near[downstream[near]] if grammar.name == "order" and downstream[near].any() else near
        best = right[np.argmin(gaps[right])]
    partner = partners.iloc[int(best)]
    side = "3'" if downstream[best] else "5'"
    place = (int(partner["start"]), int(partner["end"]), str(partner["strand"]))
    return (*own, *place, int(gaps[best]), side, in_reach, satisfied)
