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
from motiflens.models.types import Json


@dataclass(frozen=True)
class MotifClusters:
    """Clusters of a run's motifs.

    Attributes
    ----------
    table
        One row a motif that passed the gate: ``motif_id``, ``consensus``, ``cluster`` (of the matrices),
        ``edit_0``, …
    trees
        What ``dendrogram.json`` holds: the linkage of the matrices; ``edit``, of their letters; the agreement of
        both; ``matched`` and ``targets``, see `matched_kernels` and `matched_targets`.
    """

    table: pd.DataFrame
    trees: Json


def cluster_motifs(motifs: Sequence[Motif], kernels: Sequence[Motif], matched: Sequence[Motif]) -> MotifClusters:
    """Cluster motifs.

    Parameters
    ----------
    motifs
        Those that passed the gate.
    kernels
        Kernels that match as the papers count, as the route made them.
    matched
        The known motif of each kernel that matches at q < alpha.
    """
    more = {"matched": matched_kernels(kernels), "targets": matched_targets(matched)}
    if not motifs:
        empty = pd.DataFrame(columns=["motif_id", "consensus", "cluster"])
        return MotifClusters(empty, {"labels": [], "linkage": [], **more})
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
        **more,
    }
    return MotifClusters(pd.DataFrame(columns), trees)


def matched_kernels(kernels: Sequence[Motif]) -> Json:
    """Cluster matching kernels by edit distance of their own consensus (TBiNet's Table 5 and Fig. 5).

    At d = 0 every matching kernel counts, as in the paper (142 of 142), also where two have the same letters.
    """
    letters = [consensus(kernel) for kernel in kernels]
    tree = _edit_tree(letters, [kernel.name for kernel in kernels])
    return {**tree, "consensus": letters, "distinct": {**tree["distinct"], "0": len(kernels)}}


def matched_targets(targets: Sequence[Motif]) -> Json:
    """Cluster the known motifs that kernels match, each once, by edit distance of the known consensus."""
    once = list({target.name: target for target in targets}.values())
    return _edit_tree([consensus(target) for target in once], [f"{one.name} {one.alt}".strip() for one in once])


def _edit_tree(letters: Sequence[str], labels: Sequence[str]) -> Json:
    if not letters:
        return {"labels": [], "linkage": [], "distinct": {f"{d:g}": 0 for d in THRESHOLDS}}
    clustering = cluster_edit(letters, labels=labels)
    return {**_tree(clustering), "distinct": clustering.distinct()}


def _tree(clustering: Clustering) -> Json:
    return {"labels": list(clustering.labels), "linkage": clustering.tree.tolist()}
