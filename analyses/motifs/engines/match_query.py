"""One query against all targets: the kernels of `match` one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines import match_numba as kernels
from motiflens.models.types import Doubles, Integers

BINS = 100  # steps between a query's lowest and highest column score
ROWS = 4  # query columns whose scores are made, and read for their medians, while they are in the cache


class Room(NamedTuple):
    """What a thread works in, for all its queries."""

    scores: Doubles  # widest query · 2 N
    steps: NDArray[np.int16]  # widest query · 2 N
    which: NDArray[np.int32]  # 2 N
    inside: Doubles  # 2 N


def make_room(widest: int, columns: int) -> Room:
    """Return room for queries of at most `widest` columns and N target columns."""
    return Room(
        np.empty(2 * widest * columns),
        np.empty(2 * widest * columns, dtype=np.int16),
        np.empty(2 * columns, dtype=np.int32),
        np.empty(2 * columns),
    )


def match_query(
    query: Doubles, columns: Doubles, begins: Integers, distance: str, wanted: NDArray[np.bool_], room: Room
) -> tuple[Doubles, NDArray[np.int32], NDArray[np.int32]]:
    """Best alignment of a query (w, 4) with each target on both strands: (p, offset, overlap), each (2, targets).

    Parameters
    ----------
    columns
        (4, N), the targets' columns end to end, target t in ``begins[t]:begins[t + 1]``.
    distance
        ``ed`` or ``pearson``.
    wanted
        Whether some target has width w.
    room
        See `make_room`.

    Returns
    -------
    p, offset, overlap
        p is that of one strand. The offset is the query's start minus the target's, as TOMTOM prints it: negative
        where the query reaches out to the left.
    """
    width, both = len(query), 2 * columns.shape[1]
    scores = room.scores[: width * both].reshape(width, both)
    similarity = _similarity(distance)
    least, greatest, medians = np.empty((3, width))
    bins = np.empty(kernels.MEDIAN_BINS, dtype=np.int64)
    for i in range(0, width, ROWS):
        some, rows = scores[i : i + ROWS], slice(i, i + ROWS)
        similarity(query[rows], columns, some)
        some.min(axis=1, out=least[rows])
        some.max(axis=1, out=greatest[rows])
        kernels.lower_medians(some, least[rows], greatest[rows], medians[rows], bins, room.which, room.inside)
    low, high = math.floor((least - medians).min()), float((greatest - medians).max())
    scale = math.floor(BINS / max(high - low, 1.0))
    zero = int(-low * scale)
    top = math.floor((high - low) * scale + 0.5) + 1
    steps = room.steps[: width * both].reshape(both, width)
    counts = np.zeros((2, width, top), dtype=np.int32)
    part = np.empty(kernels.BLOCK, dtype=np.int16)
    kernels.into_steps(scores, medians, low, scale, zero, part, steps, counts)
    tails = null_tails((counts[0] + counts[1]) / both, zero, wanted)
    best = np.empty((2, len(begins) - 1, 3), dtype=np.int32)
    kernels.align(steps, begins, np.empty(width + len(wanted), dtype=np.int32), best)
    return tails[np.diff(begins), best[..., 0] + width * zero], best[..., 1], best[..., 2]


def _similarity(distance: str) -> Callable[[Doubles, Doubles, Doubles], None]:
    if distance == "ed":
        return kernels.distances  # type: ignore[no-any-return]
    from motiflens.analyses.motifs.engines.pearson_numba import correlations  # compiled where it is asked for

    return correlations  # type: ignore[no-any-return]


def null_tails(densities: Doubles, zero: int, wanted: NDArray[np.bool_]) -> Doubles:
    """Chance that the best of all alignments with a random target of length t totals at least s, (longest + 1, S).

    `densities` and `zero` are those of `overlap_tails`. Only lengths t that are `wanted` are filled in.
    """
    width, bins = densities.shape
    size = width * (bins - 1 + zero) + 2
    chance = np.zeros((2 * width + 2 + len(wanted), size))
    filled = densities != 0
    filled[:, 0] |= ~filled.any(axis=1)
    begins, stops = filled.argmax(axis=1), bins - filled[:, ::-1].argmax(axis=1)
    inner = np.ones(width + 1, dtype=np.bool_)
    inner[:width] = False
    inner[1 : len(wanted)] |= wanted[1 : width + 1]
    kernels.overlap_tails(
        densities, begins, stops, zero, inner, np.empty((2, width * bins)), chance, np.empty(width * bins)
    )
    kernels.either(chance, _pairs(width, wanted.tobytes()))
    return chance[2 * width + 2 :]


@lru_cache(maxsize=64)
def _pairs(width: int, lengths: bytes) -> Integers:
    """Rows of `chance` that are put together, in this order; those of lengths come last."""
    wanted = np.frombuffer(lengths, dtype=np.bool_)
    longest, some, first = len(wanted) - 1, 2 * width, 2 * width + 2
    pairs = [(first + t, t) for t in range(1, min(longest, width - 1) + 1) if wanted[t]]
    for t in range(width, longest + 1):  # the whole query fits in t - width + 1 places
        pairs.append((some, width))
        if wanted[t]:
            pairs.append((first + t, some))
    for k in range(1, width):  # overlaps of fewer columns than the target has
        pairs.append((some + 1, width + k))
        for t in range(k + 1, (k + 1 if k < width - 1 else longest) + 1):
            if t <= longest and wanted[t]:
                pairs.append((first + t, some + 1))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
