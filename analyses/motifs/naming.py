"""Naming a run's motifs by known ones, with the share of false names under control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.engines.match import match_table
from motiflens.analyses.motifs.enrichment import benjamini_hochberg
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.nulls import decoy_q, decoys
from motiflens.models.types import Doubles


class Named(NamedTuple):
    """Motifs with their best targets.

    Attributes
    ----------
    matches
        TOMTOM's columns: pairs with E <= 10.
    best
        One row a motif, in their order: ``motif_id``, ``target_id`` (empty without one), ``match`` (``tested``, or
        empty), ``p`` (of any match), ``q``, ``offset``, ``overlap``, ``orientation``.
    decoys
        (repeats, motifs): p of the same motifs, their positions permuted.
    """

    matches: pd.DataFrame
    best: pd.DataFrame
    decoys: Doubles


def name_motifs(
    motifs: Sequence[Motif], targets: Sequence[Motif], *, distance: str = "ed", shuffles: int = 20, seed: int = 0
) -> Named:
    """Match motifs of one route against known ones and control the false discovery rate over all of them.

    A motif's p-value is that of its best target, Bonferroni-corrected for the number of targets (TOMTOM's E-value,
    at most 1). Its q is the larger of Benjamini and Hochberg's over the motifs and the rate that motifs with
    permuted positions give (`nulls.decoy_q`): TOMTOM's own q is over one motif's targets and knows nothing of how
    many motifs were tried, and matrices of low information match more often than its p-values say.

    Parameters
    ----------
    motifs, targets
        Motifs (trimmed, past the gate) and known ones.
    distance
        ``ed`` or ``pearson``.
    shuffles
        Permutations of the whole set; 0 leaves Benjamini and Hochberg's q alone.
    seed
        Of the permutations.
    """
    if not motifs:
        columns = ["motif_id", "target_id", "match", "p", "q", "offset", "overlap", "orientation"]
        return Named(pd.DataFrame(), pd.DataFrame(columns=columns), np.ones((shuffles, 0)))
    matches = match_table(motifs, targets, distance=distance, threshold=10, evalue=True)
    names = [motif.name for motif in motifs]
    first = matches.drop_duplicates("Query_ID").set_index("Query_ID").reindex(names)
    p = first["E-value"].fillna(1.0).clip(upper=1.0).to_numpy(dtype=np.float64)

    def best_p(queries: Sequence[Motif]) -> Doubles:
        return _best_p(queries, targets, distance)

    null = decoys(motifs, best_p, repeats=shuffles, seed=seed)
    best = pd.DataFrame(
        {
            "motif_id": names,
            "target_id": first["Target_ID"].fillna("").to_numpy(),
            "match": np.where(first["Target_ID"].notna(), "tested", ""),
            "p": p,
            "q": np.maximum(benjamini_hochberg(p), decoy_q(p, null)),
            "offset": first["Optimal_offset"].to_numpy(),
            "overlap": first["Overlap"].to_numpy(),
            "orientation": first["Orientation"].fillna("").to_numpy(),
        }
    )
    return Named(matches, best, null)


def _best_p(queries: Sequence[Motif], targets: Sequence[Motif], distance: str) -> Doubles:
    numbered = [replace(motif, name=str(number)) for number, motif in enumerate(queries)]
    table = match_table(numbered, targets, distance=distance, threshold=1, evalue=True)
    p = np.ones(len(queries))
    lowest = table.groupby("Query_ID")["E-value"].min()
    p[lowest.index.astype(np.int64)] = lowest.to_numpy()
    return np.minimum(p, 1)
