"""All motifs of a run in one table: what each is, what it matches, whether attended places are enriched in it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from motiflens.analyses.motifs.attended import Attended
from motiflens.analyses.motifs.consensus import consensus
from motiflens.analyses.motifs.gate import corrected_information
from motiflens.analyses.motifs.motif import Motif

MASK = 0.5  # bits below which a position of a consensus is N
ROUTE_OF = {"kernel": "kernels", "attention": "attention", "seqlets": "seqlets", "denovo": "denovo"}
COLUMNS = (
    "motif_id",
    "route",
    "width",
    "nsites",
    "information",
    "consensus",
    "gate",
    "target_id",
    "target_alt",
    "target_family",
    "target_q",
    "match",
    "orientation",
    "offset",
    "overlap",
    "enrichment",
    "enrichment_p",
    "enrichment_q",
    "enrichment_log10_q",
    "attended_sites",
    "attended_loci",
    "attended_windows",
)


def motif_table(
    motifs: Sequence[Motif],
    passed: Sequence[bool],
    best: pd.DataFrame,
    attended: Attended | None,
    targets: Sequence[Motif],
) -> pd.DataFrame:
    """Make the table of motifs, best first.

    Parameters
    ----------
    motifs, passed
        Trimmed motifs, and whether each passed the gate.
    best
        The passed ones' best targets (`Named.best`), and those that motifs were made of (`by_construction`).
    attended
        Enrichment at maximum attention, where there is any.
    targets
        Known motifs.

    Returns
    -------
    DataFrame
        `COLUMNS`; those that passed the gate first, by q. Of motifs that match equally surely, the one that is
        most enriched where the model looks comes first. ``match`` is ``tested``, or ``by construction``: then
        there is no q.
    """
    known = {target.name: target for target in targets}
    table = pd.DataFrame(
        [
            {
                "motif_id": motif.name,
                "route": ROUTE_OF[motif.source],
                "width": motif.width,
                "nsites": motif.nsites,
                "information": round(float(corrected_information(motif).sum()), 3),
                "consensus": consensus(motif, mask=MASK) or "N",
                "gate": "passed" if kept else "failed",
            }
            for motif, kept in zip(motifs, passed, strict=True)
        ]
    )
    table = table.merge(best.rename(columns={"q": "target_q"}), on="motif_id", how="left")
    table["target_id"] = table["target_id"].fillna("")
    for column, value in (("target_alt", "alt"), ("target_family", "family")):
        table[column] = [getattr(known[name], value) if name else "" for name in table["target_id"]]
    table = table.merge(_tested(attended), on="motif_id", how="left")
    table["passed"] = table["gate"] == "passed"
    order = table.sort_values(
        ["passed", "target_q", "enrichment_p", "p", "information"],
        ascending=[False, True, True, True, False],
        kind="stable",
    )
    return order.reindex(columns=list(COLUMNS)).reset_index(drop=True)


def by_construction(motifs: Sequence[Motif]) -> pd.DataFrame:
    """Return the known motifs that motifs are made of, in the columns of `Named.best`: no match, hence no p and q.

    Such a motif is the known one's own hits, read along it: it would match whatever the model had learned.
    """
    rows = [
        {
            "motif_id": motif.name,
            "target_id": motif.info["hits_of"],
            "match": "by construction",
            "offset": motif.info.get("trimmed", 0.0),
            "overlap": float(motif.width),
            "orientation": "+",
        }
        for motif in motifs
    ]
    columns = ["motif_id", "target_id", "match", "p", "q", "offset", "overlap", "orientation"]
    return pd.DataFrame(rows, columns=columns).astype({"p": float, "q": float})


def _tested(attended: Attended | None) -> pd.DataFrame:
    """Enrichment of the model's motifs; of those made of a known motif's hits, the known one's."""
    counts = ["sites", "loci", "windows"]
    columns = ["motif_id", "enrichment", "enrichment_p", "enrichment_q", "enrichment_log10_q", *counts]
    names = {name: f"attended_{name}" for name in counts}
    if attended is None:
        return pd.DataFrame(columns=columns).rename(columns=names)
    known = attended.known.rename(columns={"target_id": "motif_id"})
    known["motif_id"] = "attention_" + known["motif_id"].astype(str)
    parts = [part for part in (attended.own, known) if len(part)]
    table = pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)
    for name in counts:
        table[name] = table[name].astype("Int64")
    return table.rename(columns=names)
