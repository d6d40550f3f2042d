"""Motifs that routes found, against the factors whose sites were planted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from motiflens.analyses.motifs.factors import naming_rows
from motiflens.analyses.motifs.families import equivalents
from motiflens.analyses.motifs.motif import Motif


class MotifRecovery(NamedTuple):
    """What a route recovered."""

    share: float  # share of the factors that the model was trained on
    motifs: int  # that match, or are enriched, at the route's false discovery rate
    false: float  # share of these that name no planted factor; NaN where there is none


def motif_recovery(
    table: pd.DataFrame,
    route: str,
    *,
    trained: Sequence[str],
    planted: Sequence[str],
    targets: Sequence[Motif],
    alpha: float = 0.05,
) -> MotifRecovery:
    """Compare a route's motifs with the truth.

    Parameters
    ----------
    table
        ``motifs.tsv`` of `find_motifs`.
    route
        ``kernels``, ``attention``, ``seqlets`` or ``denovo``.
    trained
        Factors that the model was trained on.
    planted
        Factors that have sites in the data: a motif of any of them is a true one.
    targets
        The known motifs that were matched with.
    alpha
        q below which a motif names a factor.

    Notes
    -----
    A target counts for a factor as `families.equivalents` says: JASPAR holds many matrices of one motif.
    """
    rows = naming_rows(table, alpha, route)[["target_family", "target_alt"]].astype(object).fillna("")
    names = list(zip(rows["target_family"].astype(str), rows["target_alt"].astype(str), strict=True))

    def named(factors: Sequence[str]) -> list[list[bool]]:
        return [[equivalents(factor, targets).covers(*name) for name in names] for factor in factors]

    recovered = [any(hits) for hits in named(trained)]
    true = [any(hits) for hits in zip(*named(planted), strict=True)]
    false = 1 - sum(true) / len(true) if true else float("nan")
    return MotifRecovery(sum(recovered) / len(recovered) if recovered else float("nan"), len(names), false)
