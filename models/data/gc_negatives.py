"""Genomic negatives that match positives in length, GC content and repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from motiflens.models.data.genome import Genome
from motiflens.models.data.genome_windows import Places, gc_and_masked
from motiflens.models.data.intervals import overlaps
from motiflens.models.data.text import listed
from motiflens.models.types import Doubles, Integers

Intervals = tuple[Integers, Integers]
_GC, _MASKED = 50, 10  # cells per unit: GC is matched to 2 %, the repeat fraction to 10 %
_ROUNDS = 6


def gc_negatives(
    genome: Genome,
    gc: Doubles,
    masked: Doubles,
    length: int,
    *,
    numbers: Sequence[int],
    avoid: Mapping[int, Intervals],
    seed: int = 0,
) -> Places:
    """Draw one place for each positive, with its GC content (to 2 %) and repeat fraction (to 10 %).

    Places do not overlap each other nor `avoid`, and hold at most a tenth of N. Where the genome has no more
    places of a kind, the nearest kind is taken. KEGRU and gkm-SVM's negatives are made in this way.

    Parameters
    ----------
    genome
        Where to look.
    gc, masked
        (n,) of the positives: GC fraction of their known bases, soft-masked fraction.
    length
        Base pairs per place.
    numbers
        Chromosomes to look on.
    avoid
        Chromosome -> sorted, disjoint intervals that places must not touch (all peaks, and the blacklist).
    seed
        Of the draw.

    Returns
    -------
    Places
        (n,) in the order of the positives.

    Raises
    ------
    ValueError
        If there are fewer free places than positives.
    """
    generator = np.random.default_rng([seed, 3])
    free = _free_places(genome, length, numbers, avoid, generator)
    order = generator.permutation(len(free))
    size = max(4 * len(gc), 4096)
    waiting = np.arange(len(gc))
    chosen = np.full(len(gc), -1, dtype=np.int64)
    pool, pool_gc, pool_masked = (np.zeros(0, dtype=kind) for kind in (np.int64, float, float))
    for first in range(0, min(len(order), _ROUNDS * size), size):
        fresh = order[first : first + size]
        found_gc, found_masked, unknown = gc_and_masked(genome, free.take(fresh), length)
        usable = unknown <= 0.1
        pool = np.concatenate([pool, fresh[usable]])
        pool_gc = np.concatenate([pool_gc, found_gc[usable]])
        pool_masked = np.concatenate([pool_masked, found_masked[usable]])
        wanted, taken = _match(_cells(gc[waiting], masked[waiting]), _cells(pool_gc, pool_masked))
        chosen[waiting[wanted]] = pool[taken]
        waiting = np.delete(waiting, wanted)
        pool, pool_gc, pool_masked = (np.delete(part, taken) for part in (pool, pool_gc, pool_masked))
        if len(waiting) == 0:
            break
    if len(waiting):
        if len(pool) < len(waiting):
            names = listed((genome.names[i] for i in numbers), 4)
            raise ValueError(
                f"{genome.path} has too few places of {length} bp outside peaks ({names}) for {len(gc)} "
                "negatives: use a lower ratio, or dinucleotide negatives"
            )
        chosen[waiting] = pool[
            _nearest(np.stack([gc[waiting], masked[waiting] / 5]), np.stack([pool_gc, pool_masked / 5]))
        ]
    return free.take(chosen)


def _free_places(
    genome: Genome,
    length: int,
    numbers: Sequence[int],
    avoid: Mapping[int, Intervals],
    generator: np.random.Generator,
) -> Places:
    """Return places side by side, from a random beginning, that do not touch `avoid`."""
    chrom, start = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for number in numbers:
        room = int(genome.lengths[number]) - length
        starts = np.arange(generator.integers(length), room + 1, length, dtype=np.int64)
        if number in avoid:
            starts = starts[~overlaps(starts, starts + length, avoid[number])]
        start.append(starts)
        chrom.append(np.full(len(starts), number, dtype=np.int64))
    return Places(np.concatenate(chrom), np.concatenate(start))


def _cells(gc: Doubles, masked: Doubles) -> Integers:
    return (np.rint(gc * _GC) * (_MASKED + 1) + np.rint(masked * _MASKED)).astype(np.int64)


def _match(wanted: Integers, offered: Integers) -> tuple[Integers, Integers]:
    """Return pairs of indices with equal values, each index at most once."""
    rank = [_rank(values) for values in (wanted, offered)]
    width = int(max(map(len, (wanted, offered)))) + 1
    keys = [values * width + r for values, r in zip((wanted, offered), rank, strict=True)]
    _, first, second = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    return first, second


def _rank(values: Integers) -> Integers:
    """Return how many equal values come before each."""
    order = np.argsort(values, kind="stable")
    begins = np.concatenate([[0], np.flatnonzero(np.diff(values[order])) + 1]) if len(values) else np.zeros(0, int)
    within = np.arange(len(values)) - np.repeat(begins, np.diff(np.append(begins, len(values))))
    out = np.empty(len(values), dtype=np.int64)
    out[order] = within
    return out


def _nearest(wanted: Doubles, offered: Doubles) -> Integers:
    """Return for each column of `wanted` a column of `offered` near it, each used once."""
    from scipy.spatial import KDTree  # half a second that few need

    tree = KDTree(offered.T)
    used = np.zeros(offered.shape[1], dtype=bool)
    out = np.empty(wanted.shape[1], dtype=np.int64)
    for i, point in enumerate(wanted.T):
        near = 16
        while True:
            candidates = np.atleast_1d(tree.query(point, k=min(near, len(used)))[1])
            free = candidates[~used[candidates]]
            if len(free):
                break
            near *= 4
        out[i] = free[0]
        used[free[0]] = True
    return out
