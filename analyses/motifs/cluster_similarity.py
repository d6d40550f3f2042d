"""Clustering by the likeness of the matrices themselves, and its agreement with another clustering."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiflens.analyses.motifs.cluster_edit import Clustering, Linkage, cluster_distances
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.types import Doubles, Integers

CUT = 0.3  # matrices that correlate by 0.7 over the shorter one are one motif


def similarity(motifs: Sequence[Motif], *, overlap: float = 0.6) -> Doubles:
    """Correlation of all pairs at the best offset and strand, (n, n), at most 1.

    At an offset, the two aligned stretches (centred on 0.25, so that uninformative columns weigh nothing) are
    correlated as vectors; what overhangs counts in the norms, as if the other matrix went on uniformly, so that
    a short accidental overlap scores low.

    Parameters
    ----------
    motifs
        Matrices of any widths.
    overlap
        Least share of the shorter matrix that must overlap.
    """
    if not motifs:
        return np.eye(0)
    widths = np.array([motif.width for motif in motifs])
    widest = int(widths.max())
    centred = np.zeros((2, len(motifs), widest, 4))  # strand, n, W, 4
    for number, motif in enumerate(motifs):
        centred[0, number, : motif.width] = motif.ppm - 0.25
        centred[1, number, : motif.width] = (motif.ppm - 0.25)[::-1, ::-1]
    norms = np.sqrt((centred[0] ** 2).sum(axis=(1, 2)))
    best = np.full((len(motifs), len(motifs)), -np.inf)
    least = np.maximum(1, np.ceil(overlap * np.minimum(widths[:, None], widths))).astype(np.int64)
    for offset in range(1 - widest, widest):  # of the second matrix's first column in the first
        start, end = np.maximum(0, offset), np.minimum(widths[:, None], offset + widths)
        fits = end - start >= least
        if not fits.any():
            continue
        own = centred[0, :, max(0, offset) : widest + min(0, offset)].reshape(len(motifs), -1)
        for turned in centred:
            other = turned[:, max(0, -offset) : widest - max(0, offset)].reshape(len(motifs), -1)
            best = np.where(fits, np.maximum(best, own @ other.T), best)
    scale = norms[:, None] * norms
    alike = np.divide(best, scale, out=np.zeros_like(best), where=scale > 0)
    alike = np.triu(alike, 1)
    return np.asarray(alike + alike.T + np.eye(len(motifs)), dtype=np.float64)


def cluster_similarity(motifs: Sequence[Motif], *, method: Linkage = "average") -> Clustering:
    """Cluster motifs by 1 - `similarity` (distances 0 to 2; cut at `CUT` for 'the same motif').

    Raises
    ------
    ValueError
        If there are no motifs.
    """
    if not motifs:
        raise ValueError("there are no motifs to cluster")
    distances = np.clip(1 - similarity(motifs), 0, 2)
    np.fill_diagonal(distances, 0)
    return cluster_distances(distances, tuple(motif.name for motif in motifs), method)


def adjusted_rand(a: Integers, b: Integers) -> float:
    """Adjusted Rand index of two partitions of the same items (Hubert and Arabie 1985): 1 = equal, 0 = chance.

    Two partitions that are both all-in-one or both all-apart are equal, hence 1.

    >>> adjusted_rand(np.array([1, 1, 2, 2]), np.array([5, 5, 3, 3]))
    1.0
    """
    _, rows = np.unique(a, return_inverse=True)
    _, columns = np.unique(b, return_inverse=True)
    table = np.zeros((rows.max(initial=-1) + 1, columns.max(initial=-1) + 1))
    np.add.at(table, (rows, columns), 1)

    def pairs(counts: Doubles) -> float:
        return float((counts * (counts - 1) / 2).sum())

    together, first, second = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    every = len(a) * (len(a) - 1) / 2
    expected = first * second / every if every else 0.0
    spread = (first + second) / 2 - expected
    return 1.0 if spread == 0 else (together - expected) / spread
