"""Tables by which `scan_matrices` scores four columns of a matrix at a time, most telling ones first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motiflens.models.types import Integers

K = 8  # letters of the index: two tables
BEFORE, AFTER = 16, 0  # bits of an entry of the index below the 8-mer before its own, and below that after it


class ScanTables(NamedTuple):
    """Score tables of some matrices, end to end.

    Attributes
    ----------
    tables
        (R, 256): what the 4-mer c adds to a score. The six first rows of a matrix are both halves of the K columns
        that exclude most, of the K columns beside them on the side that excludes more, and of those on the other
        side; further columns follow, those first that exclude most.
    places
        (R, 2): where a row's 4-mer begins relative to that of the first row; the least total after it with which
        the threshold can still be reached (after the second row with the greatest entries of all later ones).
    matrices
        (M, 6): first row, one past the last, width, threshold, first column of the first row, and the bits of an
        entry below the 8-mer that the third and fourth row score.
    """

    tables: NDArray[np.int32]
    places: NDArray[np.int32]
    matrices: NDArray[np.int32]


def scan_tables(matrices: Sequence[NDArray[np.int32]], thresholds: Sequence[int]) -> ScanTables:
    """Lay out matrices (width, 4) of integer scores and the least score of a hit of each.

    Examples
    --------
    >>> one = scan_tables([np.array([[0, 5, 0, 0]] * 9, dtype=np.int32)], [40])
    >>> one.tables.shape, int(one.tables[0, 0b01_01_00_01]), one.places[:, 1].tolist()
    ((6, 256), 15, [15, 35, 40, 40, 40, 40])
    """
    every = np.concatenate((np.zeros((1, 4), dtype=np.int32), *matrices))  # the first column scores nothing
    sums = np.cumsum(4 * every.max(axis=1).astype(np.int64) - every.sum(axis=1, dtype=np.int64)).tolist()
    begins: list[int] = []  # of each row, its first column
    heads = np.empty((len(matrices), 6), dtype=np.int32)
    first = 1
    for number, (scores, threshold) in enumerate(zip(matrices, thresholds, strict=True)):
        width, row = len(scores), len(begins)
        block, side, columns = _layout(sums[first - 1 : first + width])
        begins += columns
        heads[number] = row, len(begins), width, threshold, block, side
        first += width
    owners = np.repeat(np.arange(len(matrices)), heads[:, 1] - heads[:, 0])
    widths = heads[:, 2].astype(np.int64)
    firsts = np.cumsum(widths) - widths + 1
    steps = np.array(begins)[:, None] + np.arange(4)
    inside = (steps >= 0) & (steps < widths[owners][:, None])
    tables = four_columns(every[np.where(inside, steps + firsts[owners][:, None], 0)])
    return _ordered(tables, np.array(begins), owners, heads)


def _layout(sums: list[int]) -> tuple[int, int, list[int]]:
    """First column of a matrix's K best, the side beside them, and the first columns of its rows.

    How much a column excludes is how far its greatest score lies above its mean; `sums` are these, added up,
    (width + 1).
    """
    width = len(sums) - 1

    def excluded(begin: int) -> int:
        return sums[max(0, min(begin + K, width))] - sums[min(width, max(0, begin))]

    block = max(range(max(width - K, 0) + 1), key=excluded)
    if excluded(block - K) > excluded(block + K):
        side, beside = BEFORE, [block - 8, block - 4, block + 8, block + 12]
    else:
        side, beside = AFTER, [block + 8, block + 12, block - 8, block - 4]
    return block, side, [block, block + 4, *beside, *range(block + 16, width, 4), *range(block - 12, -4, -4)]


def four_columns(columns: NDArray[np.int32]) -> NDArray[np.int32]:
    """Sums of four columns' scores for every 4-mer, the first letter highest: (n, 4, 4) to (n, 256).

    >>> table = four_columns(np.arange(16, dtype=np.int32).reshape(1, 4, 4))
    >>> int(table[0, 0]) == 0 + 4 + 8 + 12, int(table[0, 0b00_01_10_11]) == 0 + 5 + 10 + 15
    (True, True)
    """
    first = columns[:, 0, :, None] + columns[:, 1, None, :]  # n, 4, 4
    second = columns[:, 2, :, None] + columns[:, 3, None, :]
    return (first.reshape(-1, 16, 1) + second.reshape(-1, 1, 16)).reshape(-1, 256)


def _ordered(
    tables: NDArray[np.int32], begins: Integers, owners: Integers, heads: NDArray[np.int32]
) -> ScanTables:
    """Order rows after a matrix's sixth by what they exclude; add up what is left after each row."""
    gaps = 256 * tables.max(axis=1).astype(np.int64) - tables.sum(axis=1, dtype=np.int64)
    nth = np.arange(len(owners)) - heads[owners, 0]
    order = np.lexsort((np.where(nth < 6, nth, -gaps), nth >= 6, owners))
    tables, begins = tables[order], begins[order]
    sums = np.cumsum(tables.max(axis=1), dtype=np.int64)
    left = sums[heads[owners, 1] - 1] - sums  # the most that later rows add
    places = np.stack((begins - heads[owners, 4], heads[owners, 3] - left), axis=1)
    return ScanTables(tables, places.astype(np.int32), heads)


def reverse_scores(scores: NDArray[np.int32]) -> NDArray[np.int32]:
    """The matrix of the other strand.

    >>> reverse_scores(np.array([[1, 2, 3, 4], [5, 6, 7, 8]])).tolist()
    [[8, 7, 6, 5], [4, 3, 2, 1]]
    """
    return np.ascontiguousarray(scores[::-1, ::-1])
