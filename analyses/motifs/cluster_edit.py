"""How many motifs are distinct: hierarchical clustering of consensus sequences by edit distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from motiflens.analyses.motifs.consensus import reverse_complement_letters
from motiflens.models.types import Doubles, Integers

Linkage = Literal["average", "complete", "single"]
THRESHOLDS = (0, 3, 5, 10)  # TBiNet's Table 5


@dataclass(frozen=True)
class Clustering:
    """A hierarchical clustering.

    Attributes
    ----------
    labels
        Names of what was clustered, (n,).
    distances
        (n, n) float64.
    tree
        (n - 1, 4) float64: scipy's linkage matrix.
    """

    labels: tuple[str, ...]
    distances: Doubles
    tree: Doubles

    def cut(self, distance: float) -> Integers:
        """Number of each item's cluster when merges up to `distance` are made, (n,), from 1 on."""
        if len(self.labels) < 2:
            return np.ones(len(self.labels), dtype=np.int64)
        raw = fcluster(self.tree, distance, criterion="distance")
        # By first appearance, so that numbers do not depend on scipy's traversal.
        _, first, inverse = np.unique(raw, return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=np.int64)
        rank[np.argsort(first)] = np.arange(1, len(first) + 1)
        return rank[inverse]

    def distinct(self, thresholds: Sequence[float] = THRESHOLDS) -> dict[str, int]:
        """Number of clusters at each distance, by the distance's text; never rises with the distance."""
        return {f"{threshold:g}": int(self.cut(threshold).max(initial=0)) for threshold in thresholds}


def edit_distances(consensus: Sequence[str]) -> Integers:
    """Levenshtein distances of all pairs, the smaller of both orientations, (n, n).

    N is a letter like any other.

    >>> edit_distances(["GATTACA", "TGTAATC", "GATACA"]).tolist()
    [[0, 0, 1], [0, 0, 1], [1, 1, 0]]
    """
    turned = [reverse_complement_letters(letters) for letters in consensus]
    forward = cdist(consensus, consensus, scorer=Levenshtein.distance, dtype=np.int32)
    backward = cdist(consensus, turned, scorer=Levenshtein.distance, dtype=np.int32)
    return np.minimum(forward, backward).astype(np.int64)


def cluster_edit(
    consensus: Sequence[str], *, labels: Sequence[str] | None = None, method: Linkage = "average"
) -> Clustering:
    """Cluster consensus sequences by edit distance, both strands (TBiNet's Fig. 5 and Table 5).

    Parameters
    ----------
    consensus
        Letters of each motif, none empty.
    labels
        Names; the letters themselves by default.
    method
        Linkage. The paper names none; with ``complete`` all members of a cluster at d lie within d.

    Returns
    -------
    Clustering

    Raises
    ------
    ValueError
        If there is nothing to cluster, or a consensus is empty.
    """
    names = tuple(labels) if labels is not None else tuple(consensus)
    if not len(consensus):
        raise ValueError("there are no motifs to cluster")
    empty = [name for name, letters in zip(names, consensus, strict=True) if not letters]
    if empty:
        raise ValueError(f"motif {empty[0]} has an empty consensus: leave it out, or mask less")
    return cluster_distances(edit_distances(consensus).astype(np.float64), names, method)


def cluster_distances(distances: Doubles, labels: tuple[str, ...], method: Linkage = "average") -> Clustering:
    """Cluster items by a matrix of distances, (n, n), symmetric with zeros on its diagonal."""
    if len(labels) < 2:
        return Clustering(labels, distances, np.zeros((0, 4)))
    tree = linkage(squareform(distances, checks=False), method=method)
    return Clustering(labels, distances, tree)
