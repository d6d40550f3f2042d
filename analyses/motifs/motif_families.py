"""Which motifs are one and the same, by their matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiflens.analyses.motifs.cluster_similarity import CUT, cluster_similarity
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.types import Integers


def motif_families(motifs: Sequence[Motif]) -> Integers:
    """Return the family of each motif, (n,): 0, 1, … in the order of their first motifs.

    Average linkage of the matrices' correlations at the best offset and strand, cut at .7 (`cluster_similarity`),
    as for a run's own motifs.

    Examples
    --------
    >>> a, b = (np.eye(4)[letters] for letters in ([0, 1, 2, 3, 0, 0], [2, 2, 1, 0, 2, 1]))
    >>> motif_families([Motif("a", a), Motif("b", b), Motif("a reversed", a[::-1, ::-1])]).tolist()
    [0, 1, 0]
    """
    if len(motifs) < 2:
        return np.zeros(len(motifs), dtype=np.int64)
    clusters = cluster_similarity(motifs).cut(CUT)
    _, first, family = np.unique(clusters, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[family]
