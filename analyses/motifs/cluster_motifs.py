"""How many of a run's motifs are distinct: by their matrices, and by their letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from motiflens.analyses.motifs.cluster_edit import THRESHOLDS, Clustering, cluster_edit
from motiflens.analyses.motifs.cluster_similarity import CUT, adjusted_rand, cluster_similarity
from motiflens.analyses.motifs.consensus import consensus
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_table import MASK
from motiflens.analyses.motifs.significant import significant
from motiflens.models.types import Json


@dataclass(frozen=True)
class MotifClusters:
    """Clusters of the motifs that passed the gate.

    Attributes
    ----------
    table
        One row a motif: ``motif_id``, ``consensus``, ``cluster`` (of the matrices), ``edit_0``, …
    trees
        What ``dendrogram.json`` holds: the linkage of the matrices, ``edit`` (of the letters), ``matched`` (of the
        known motifs that kernels match), the agreement of both clusterings.
    """

    table: pd.DataFrame
    trees: Json


def cluster_motifs(
    motifs: Sequence[Motif], table: pd.DataFrame, targets: Sequence[Motif], *, alpha: float
) -> MotifClusters:
    """Cluster motifs.

    Parameters
    ----------
    motifs
        Those that passed the gate.
    table
        `motif_table`.
    targets
        Known motifs.
    alpha
        q below which a kernel's match counts.
    """
    if not motifs:
        empty = pd.DataFrame(columns=["motif_id", "consensus", "cluster"])
        return MotifClusters(empty, {"labels": [], "linkage": []})
    names = [motif.name for motif in motifs]
    letters = [consensus(motif, mask=MASK) or consensus(motif) for motif in motifs]
    by_edit = cluster_edit(letters, labels=names)
    by_matrix = cluster_similarity(motifs)
    cluster = by_matrix.cut(CUT)
    columns = {"motif_id": names, "consensus": letters, "cluster": cluster}
    agreement = {}
    for threshold in THRESHOLDS:
        edit = by_edit.cut(threshold)
        columns[f"edit_{threshold}"] = edit
        agreement[str(threshold)] = adjusted_rand(edit, cluster)
    trees = {
        **_tree(by_matrix),
        "distance": "1 - correlation of the matrices",
        "cut": CUT,
        "clusters": int(cluster.max()),
        "edit": {**_tree(by_edit), "distinct": by_edit.distinct()},
        "adjusted_rand": agreement,
        "matched": _matched_clusters(table, targets, alpha),
    }
    return MotifClusters(pd.DataFrame(columns), trees)


def _tree(clustering: Clustering) -> Json:
    return {"labels": list(clustering.labels), "linkage": clustering.tree.tolist()}


def _matched_clusters(table: pd.DataFrame, targets: Sequence[Motif], alpha: float) -> Json:
    """Distinct known motifs that kernels match, by edit distance of the known consensus."""
    matched = significant(table[table["route"] == "kernels"], alpha)
    names = list(matched["target_id"])
    if not names:
        return {"labels": [], "linkage": [], "distinct": {f"{d:g}": 0 for d in THRESHOLDS}}
    known = {target.name: target for target in targets}
    clustering = cluster_edit([consensus(known[name]) for name in names], labels=list(matched["motif_id"]))
    return {**_tree(clustering), "targets": names, "distinct": clustering.distinct()}
