"""Dividing one file's sequences into train, valid and test without leaks."""

from __future__ import annotations

import numpy as np

from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.types import Codes, Integers


def sequence_groups(codes: Codes) -> Integers:
    """Return one number for each sequence, (N,): the same for equal sequences and for reverse complements."""
    other = np.ascontiguousarray(reverse_complement(codes))
    forward, reverse = (np.ascontiguousarray(c).view(f"S{c.shape[1]}").ravel() for c in (codes + 1, other + 1))
    return np.unique(np.where(forward < reverse, forward, reverse), return_inverse=True)[1].astype(np.int64)


def overlap_groups(chrom: Integers, start: Integers, end: Integers) -> Integers:
    """Return one number for each interval, (N,): the same for those that overlap, also through others.

    >>> overlap_groups(np.array([0, 0, 0, 1]), np.array([0, 9, 5, 0]), np.array([6, 12, 8, 6])).tolist()
    [0, 1, 0, 2]
    """
    order = np.lexsort((start, chrom))
    groups = np.zeros(len(order), dtype=np.int64)
    number, reach, last = -1, -1, -1
    for i in order.tolist():
        if chrom[i] != last or start[i] >= reach:
            number, reach, last = number + 1, int(end[i]), int(chrom[i])
        reach = max(reach, int(end[i]))
        groups[i] = number
    return groups


def join_groups(first: Integers, second: Integers) -> Integers:
    """Return the finest grouping in which members of one group of either kind stay together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    a, b = (np.unique(groups, return_inverse=True)[1] for groups in (first, second))
    size = int(a.max()) + 1
    both = size + int(b.max()) + 1
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b + size)), shape=(both, both))
    return connected_components(graph, directed=False)[1][a].astype(np.int64)


def split_groups(groups: Integers, fractions: dict[str, float], *, seed: int = 0) -> dict[str, Integers]:
    """Assign whole groups to splits at random.

    Parameters
    ----------
    groups
        (N,) the group of each member.
    fractions
        Split -> its share of the members; the last takes what is left.
    seed
        Of the random order of the groups.

    Returns
    -------
    dict
        Split -> sorted indices; each has at least one member.

    Raises
    ------
    ValueError
        If there are fewer groups than splits.
    """
    names, first, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < len(fractions):
        raise ValueError(
            f"{len(groups)} sequences, {len(names)} where equal and overlapping ones count once, cannot be "
            f"divided into {', '.join(fractions)}: give more, or a test file"
        )
    order = np.random.default_rng([seed, 1]).permutation(len(names))
    ends = np.cumsum(sizes[order])
    rows_of, begin = {}, 0
    splits = list(fractions)
    for i, split in enumerate(splits):
        left = len(splits) - 1 - i  # groups that must stay for the others
        stop = int(np.searchsorted(ends, sum(list(fractions.values())[: i + 1]) * len(groups) - 0.5)) + 1
        stop = len(order) if left == 0 else min(max(stop, begin + 1), len(order) - left)
        chosen = np.zeros(len(names), dtype=bool)
        chosen[order[begin:stop]] = True
        rows_of[split] = np.flatnonzero(chosen[first])
        begin = stop
    return rows_of


def split_chromosomes(lengths: Integers, *, seed: int = 0) -> dict[int, str]:
    """Choose chromosomes for test and valid, each of about a tenth of the bases, and the rest for train.

    Parameters
    ----------
    lengths
        Of the chromosomes to divide.
    seed
        Of the order in which they are tried.

    Returns
    -------
    dict
        Index of the chromosome -> split.

    Raises
    ------
    ValueError
        If there are fewer than three.
    """
    if len(lengths) < 3:
        raise ValueError(
            f"{len(lengths)} chromosomes cannot be divided into train, valid and test: name test chromosomes"
        )
    order = np.random.default_rng([seed, 2]).permutation(len(lengths)).tolist()
    split_of = dict.fromkeys(range(len(lengths)), "train")
    for split in ("test", "valid"):
        target = 0.1 * lengths.sum()
        free = [i for i in order if split_of[i] == "train"]
        best = min(free, key=lambda i: abs(float(lengths[i]) - target))
        split_of[best] = split
        size = float(lengths[best])
        for i in free:
            rest = sum(1 for split_ in split_of.values() if split_ == "train")
            if i != best and rest > 2 and size + float(lengths[i]) <= 1.1 * target:
                split_of[i] = split
                size += float(lengths[i])
    return split_of
