"""Array kernels of `seqlets`: laid on a pattern in all ways, added so, the largest of many, windows kept apart."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines.compiled import compiled
from motiflens.models.types import Booleans, Floats, Integers

Cells: TypeAlias = NDArray[np.uint32]
WAYS = 56  # summed at a time: the 50 of the default width, in whole registers
EACH = 4  # cells added at a time
_WAYS = np.uint64(WAYS)  # unsigned: numba looks for no indices from the end


@compiled(
    "void(Tuple((uint32[:, ::1], float32[:, ::1], int64[::1], float32[::1])), int64[::1], float32[:, ::1], "
    "float32, int64, int64, float32[::1], Tuple((float32[::1], int64[::1])))",
    fastmath=frozenset(("contract", "nnan", "ninf", "nsz")),
)
def lay(
    seqlets: tuple[Cells, Floats, Integers, Floats],
    rows: Integers,
    tables: Floats,
    norm: float,
    half: int,
    unwanted: int,
    sums: Floats,
    laid: tuple[Floats, Integers],
) -> None:
    """Fill in the largest cosine of seqlets and a pattern over all ways, and the first way that has it.

    Parameters
    ----------
    seqlets
        Cells (n, k), values (n, k), counts (n,) and norms (n,): see `Bases`.
    rows
        (r,) seqlets to lay.
    tables, norm
        (blocks, 4 * width * `WAYS`) the pattern's value where a seqlet's cell lies in each way; its norm.
    half
        `WAYS` / 2, not known when this is compiled: the search for the largest is compiled into registers then.
    unwanted
        So many of the first rows' `way` is not filled in.
    sums
        (`WAYS`,) room to work in.
    laid
        Cosine and way, (r,).
    """
    cells, values, counts, norms = seqlets
    cosine, way = laid
    for i in range(len(rows)):
        row = rows[i]
        most = np.float32(0)
        for block in range(len(tables)):
            table = tables[block]
            for s in range(_WAYS):
                sums[s] = 0
            for k in range(0, counts[row], EACH):
                a, b = np.uint64(cells[row, k]) * _WAYS, np.uint64(cells[row, k + 1]) * _WAYS
                c, d = np.uint64(cells[row, k + 2]) * _WAYS, np.uint64(cells[row, k + 3]) * _WAYS
                p, q, r, t = values[row, k], values[row, k + 1], values[row, k + 2], values[row, k + 3]
                for s in range(_WAYS):
                    sums[s] += (p * table[a + s] + q * table[b + s]) + (r * table[c + s] + t * table[d + s])
            top = sums[0]
            for s in range(half):  # pairs: as whole registers
                larger = sums[s] if sums[s] > sums[half + s] else sums[half + s]
                top = larger if larger > top else top
            if block == 0 or top > most:
                most = top
                if i >= unwanted:
                    at = WAYS
                    for s in range(2 * half):
                        at = min(at, s if sums[s] == top else WAYS)
                    way[i] = block * WAYS + at
        cosine[i] = most / (norms[row] * norm)


@compiled("void(uint32[:, ::1], float32[:, ::1], int64[::1], int64[::1], int64[::1], int64[:, ::1], float32[::1])")
def add_laid(
    cells: Cells,
    values: Floats,
    counts: Integers,
    rows: Integers,
    way: Integers,
    places: Integers,
    sums: Floats,
) -> None:
    """Add seqlets `rows` as they lie, (r,) `way`, to `sums`; `places` (cells, ways) says where a cell goes."""
    for i in range(len(rows)):
        row = rows[i]
        for k in range(counts[row]):
            sums[places[cells[row, k], way[i]]] += values[row, k]


@compiled("void(float32[:, ::1], int64, float32[:, ::1])")
def largest(values: Floats, count: int, kept: Floats) -> None:
    """Fill in the k largest of each row's first `count` values, ascending, (m, k), which holds less than any."""
    for row in range(len(values)):
        for at in range(count):
            if values[row, at] > kept[row, 0]:
                to = 0
                while to + 1 < kept.shape[1] and values[row, at] > kept[row, to + 1]:
                    kept[row, to] = kept[row, to + 1]
                    to += 1
                kept[row, to] = values[row, at]


@compiled("void(int64[::1], int64[::1], int64, boolean[:, ::1], boolean[::1], int64)")
def keep_apart(rows: Integers, starts: Integers, width: int, taken: Booleans, kept: Booleans, most: int) -> None:
    """Mark in `kept` the first `most` windows that overlap none before them; `taken` (N, L) is room to work in."""
    count = 0
    for i in range(len(rows)):
        row, start = rows[i], starts[i]
        # Each kept window is as wide: one that overlaps another covers one of this window's ends.
        if not (taken[row, start] or taken[row, start + width - 1]):
            kept[i] = True
            count += 1
            if count == most:
                break
            for at in range(start, start + width):
                taken[row, at] = True
