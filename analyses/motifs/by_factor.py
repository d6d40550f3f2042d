"""The motifs of all routes, one row a factor."""

from __future__ import annotations

import pandas as pd

from motiflens.analyses.motifs.factors import naming_rows
from motiflens.analyses.motifs.motif_options import ROUTES


def by_factor(table: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Gather motifs that name the same factor: those of one cluster, and clusters whose best motif names it, too.

    Parameters
    ----------
    table
        `motif_table` with ``cluster``.
    alpha
        q below which a match, or at maximum attention an enrichment, counts.

    Returns
    -------
    DataFrame
        One row a factor, most routes first, then by q: ``factor`` and ``target_id`` (of the best motif),
        ``motif_id``, ``consensus``, ``nsites``, ``routes`` (comma-separated; ``attention`` where the known motif
        is enriched, which is no match), ``motifs`` (how many name it), ``q`` (of the best match; NaN where
        attention alone names it), ``enrichment``, ``enrichment_q`` and ``enrichment_log10_q``.
    """
    parts = {route: naming_rows(table, alpha, route) for route in ROUTES}
    named = pd.concat([part for part in parts.values() if len(part)] or [table.iloc[:0]])
    named = named.assign(
        matched=named["route"] != "attention",
        name=named["target_alt"].where(named["target_alt"] != "", named["target_id"]),
    ).sort_values(["matched", "target_q", "enrichment_q"], ascending=[False, True, True], kind="stable")
    # A cluster's factor is that of its best motif; a motif of no cluster stands by itself.
    cluster = named["cluster"].astype(object).where(named["cluster"].notna(), named["motif_id"])
    named["factor"] = named.groupby(cluster, sort=False)["name"].transform("first")
    rows = []
    for factor, group in named.groupby("factor", sort=False):
        best = group.iloc[0]
        seen = set(group["route"])
        rows.append(
            {
                "factor": factor,
                **{key: best[key] for key in ("target_id", "motif_id", "consensus", "nsites")},
                "routes": ",".join(route for route in ROUTES if route in seen),
                "motifs": len(group),
                "q": float(best["target_q"]) if best["matched"] else float("nan"),
                **{key: best[key] for key in ("enrichment", "enrichment_q", "enrichment_log10_q")},
            }
        )
    columns = ["factor", "target_id", "motif_id", "consensus", "nsites", "routes", "motifs", "q"]
    columns += ["enrichment", "enrichment_q", "enrichment_log10_q"]
    made = pd.DataFrame(rows, columns=columns)
    order = made.assign(agree=-made["routes"].str.count(",")) if len(made) else made.assign(agree=0)
    return made.loc[order.sort_values(["agree", "q"], kind="stable").index].reset_index(drop=True)
