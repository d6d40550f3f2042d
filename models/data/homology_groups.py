"""Which sequences are homologous, by the k-mers that they share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiflens.models.data.numba_kmers import Keys, kmer_counts, kmer_keys, shared_pairs
from motiflens.models.types import Codes, Integers

K = 14
SHARE = 0.25  # of the k-mers of the window that has fewer
_PAIRED = 16  # with how many others a window is compared at a k-mer that is everywhere
_KEYS = 1 << 27  # k-mers held at once (1 GB): of more, a random half, quarter, … is taken


def homology_groups(parts: Sequence[Codes], *, k: int = K, share: float = SHARE) -> list[Integers]:
    """Give sequences that are homologous, directly or through others, one number.

    Two sequences count as homologous if they, or one and the reverse complement of the other, share at least a
    quarter of the distinct 14-mers of the one that has fewer: about 91 % identity without gaps, or an overlap of
    about a third (for windows of 101 bp: 36 bp; measured in ``benchmarks/results/homology.md``).

    Parameters
    ----------
    parts
        Sequences, (N, L) uint8 codes each; lengths may differ between parts.
    k, share
        As told above.

    Returns
    -------
    list of numpy.ndarray
        (N,) numbers for each part; the same number for homologous sequences of all parts.

    Notes
    -----
    Memory: 24 bytes a k-mer, for at most 134 million k-mers (1.5 million windows of 101 bp). Of more k-mers a
    random half, quarter, … of all is compared (the same of every window), as in FracMinHash (Hera et al. 2023,
    doi:10.1101/gr.277651.123). Where a k-mer occurs in more than 16 windows, each is compared with the next 16,
    which joins repeats all the same.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a = rng.integers(0, 4, (3, 60)).astype(np.uint8)
    >>> b = np.stack([3 - a[1, ::-1], rng.integers(0, 4, 60).astype(np.uint8)])
    >>> [groups.tolist() for groups in homology_groups([a, b])]
    [[0, 1, 2], [1, 3]]
    """
    sizes = [len(codes) for codes in parts]
    total = sum(sizes)
    kmers = sum(len(codes) * max(codes.shape[1] - k + 1, 0) for codes in parts)
    mask = np.uint64((1 << max(int(np.ceil(np.log2(max(kmers, 1) / _KEYS))), 0)) - 1)
    ends = np.cumsum([0, *sizes])
    repeated = [
        kmer_keys(np.ascontiguousarray(codes), k, int(first), mask)
        for codes, first in zip(parts, ends[:-1], strict=True)
    ]
    keys = _distinct(np.concatenate([np.zeros(0, dtype=np.uint64), *repeated]))[0]
    pairs, times = _distinct(shared_pairs(keys, _PAIRED))
    a, b = (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    counts = kmer_counts(keys, total)
    near = times >= np.maximum(share * np.minimum(counts[a], counts[b]), 1)
    from scipy.sparse import coo_array  # late: half a second that few need
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(int(near.sum()), dtype=np.int8), (a[near], b[near])), shape=(total, total))
    labels = connected_components(graph, directed=False)[1].astype(np.int64)
    return np.split(labels, ends[1:-1])


def _distinct(values: Keys) -> tuple[Keys, Integers]:
    """Return distinct values, sorted, and how often each is there; numpy's own takes 30 times as long here."""
    ordered = np.sort(values)
    first = np.flatnonzero(
        np.concatenate([np.ones(min(len(ordered), 1), dtype=bool), ordered[1:] != ordered[:-1]])
    )
    return ordered[first], np.diff(first, append=len(ordered))
