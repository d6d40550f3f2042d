"""Array kernels of `match`: one query against all targets, with exact p-values of complete scores.

Signatures are explicit: each kernel is compiled once, when this module is first imported, and read from numba's
cache after that. `match_query` calls them one after the other, and owns all arrays: allocations, slices, tuples,
and kernels that call kernels take numba long to compile.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines.compiled import compiled
from motiflens.models.types import Doubles, Integers

MEDIAN_BINS = 1024
BLOCK = 256  # target columns worked on at a time


@compiled(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1])",
)
def distances(query: Doubles, columns: Doubles, scores: Doubles) -> None:
    """Fill in -distance of query columns (w, 4) to target columns (4, N) and their complements, (w, 2 N)."""
    n = columns.shape[1]
    for i in range(query.shape[0]):
        q0, q1, q2, q3 = query[i, 0], query[i, 1], query[i, 2], query[i, 3]
        for strand in range(2):
            a, c, g, t = 3 * strand, 1 + strand, 2 - strand, 3 - 3 * strand
            begin = n * strand
            for k in range(n):
                d0, d1 = q0 - columns[a, k], q1 - columns[c, k]
                d2, d3 = q2 - columns[g, k], q3 - columns[t, k]
                scores[i, begin + k] = -math.sqrt(d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3)


@compiled(
    "void(float64[:, ::1], float64[::1], float64[::1], float64[::1], int64[::1], int32[::1], float64[::1])",
)
def lower_medians(
    values: Doubles,
    low: Doubles,
    high: Doubles,
    medians: Doubles,
    counts: Integers,
    which: NDArray[np.int32],
    inside: Doubles,
) -> None:
    """Fill in each row's ((n - 1) // 2)-th smallest value: count into bins and select in one of them.

    `low` and `high` are the rows' extremes; `counts` (MEDIAN_BINS), `which` and `inside` (n) are room to work in.
    """
    n = values.shape[1]
    for row in range(values.shape[0]):
        least = low[row]
        medians[row] = least
        if least == high[row]:
            continue
        scale = (MEDIAN_BINS - 1) / (high[row] - least)
        for b in range(MEDIAN_BINS):
            counts[b] = 0
        for i in range(n):
            which[i] = np.int32((values[row, i] - least) * scale)
        for i in range(n):
            counts[which[i]] += 1
        rank = (n - 1) // 2
        b = 0
        while rank >= counts[b]:
            rank -= counts[b]
            b += 1
        size = 0
        for i in range(n):
            if which[i] == b:
                inside[size] = values[row, i]
                size += 1
        left, right = 0, size - 1
        while left < right:  # Hoare's selection
            pivot = inside[(left + right) // 2]
            i, j = left, right
            while i <= j:
                while inside[i] < pivot:
                    i += 1
                while inside[j] > pivot:
                    j -= 1
                if i <= j:
                    inside[i], inside[j] = inside[j], inside[i]
                    i += 1
                    j -= 1
            if rank <= j:
                right = j
            elif rank >= i:
                left = i
            else:
                break
        medians[row] = inside[rank]


@compiled(
    "void(float64[:, ::1], float64[::1], float64, float64, int64, int16[::1], int16[:, ::1], int32[:, :, ::1])",
)
def into_steps(
    scores: Doubles,
    medians: Doubles,
    low: float,
    scale: float,
    zero: int,
    part: NDArray[np.int16],
    steps: NDArray[np.int16],
    counts: NDArray[np.int32],
) -> None:
    """Fill in whole steps above the median, (N, w), of scores (w, N), and count them.

    `counts` (2, w, S) is zero; both halves together hold how often a query column scores s - zero: two, so that
    equal steps in a row do not wait for each other. `part` (BLOCK) is room to work in.
    """
    n = scores.shape[1]
    for block in range((n + BLOCK - 1) // BLOCK):  # a block of the transposed array stays in cache
        begin = block * BLOCK
        size = min(BLOCK, n - begin)
        for i in range(scores.shape[0]):
            median = medians[i]
            for c in range(size):
                part[c] = np.int16((scores[i, begin + c] - median - low) * scale + 0.5)  # >= 0: the same as floor
            for c in range(size):
                steps[begin + c, i] = part[c] - zero
            for c in range(size // 2):
                counts[0, i, part[2 * c]] += 1
                counts[1, i, part[2 * c + 1]] += 1
            if size % 2:
                counts[0, i, part[size - 1]] += 1


@compiled(
    "void(float64[::1], float64[::1], float64[::1])",
    fastmath=frozenset({"contract"}),
)
def convolve(left: Doubles, right: Doubles, out: Doubles) -> None:
    """out = left * right, (n + m - 1,). All terms are >= 0, so that small tails keep their precision."""
    n, m = len(left), len(right)
    for i in range(n + m - 1):
        out[i] = 0.0
    k = 0
    while k + 4 <= m and n >= 4:  # four at a time: one load and store of `out` for four terms
        r0, r1, r2, r3 = right[k], right[k + 1], right[k + 2], right[k + 3]
        o = out[k : k + n + 3]
        o[0] += left[0] * r0
        o[1] += left[1] * r0 + left[0] * r1
        o[2] += left[2] * r0 + left[1] * r1 + left[0] * r2
        body = o[3:n]
        l0, l1, l2, l3 = left[3:n], left[2 : n - 1], left[1 : n - 2], left[0 : n - 3]
        for i in range(n - 3):
            body[i] += l0[i] * r0 + l1[i] * r1 + l2[i] * r2 + l3[i] * r3
        o[n] += left[n - 1] * r1 + left[n - 2] * r2 + left[n - 3] * r3
        o[n + 1] += left[n - 1] * r2 + left[n - 2] * r3
        o[n + 2] += left[n - 1] * r3
        k += 4
    while k < m:
        weight = right[k]
        o = out[k : k + n]
        for i in range(n):
            o[i] += left[i] * weight
        k += 1


@compiled(
    "void(float64[:, ::1], int64[::1], int64[::1], int64, boolean[::1], float64[:, ::1], float64[:, ::1], "
    "float64[::1])",
)
def overlap_tails(
    densities: Doubles,
    begins: Integers,
    stops: Integers,
    zero: int,
    wanted: NDArray[np.bool_],
    room: Doubles,
    chance: Doubles,
    tail: Doubles,
) -> None:
    """Chance that the best of all alignments in which k query columns overlap totals at least s.

    Parameters
    ----------
    densities, begins, stops
        (w, B) score densities of the query's columns, and the bins of each that any target column reaches: only
        these are convolved.
    zero
        The score that stands for the median, which a query column outside the overlap gets (complete scores,
        Tanaka et al. 2011).
    wanted
        (w + 1,) whether targets of k < w columns exist, which may lie within the query.
    room, tail
        (2, w B), (w B) to work in.
    chance
        (2 w + 1, S), zero. Filled in: row k, where wanted, for alignments that cover a whole target of k columns;
        row w for one of the whole query; row w + k for both overlaps of k columns at an end. Alignments count as
        independent (Gupta et al. 2007).
    """
    width = densities.shape[0]
    for i in range(width):
        now = 0
        low = begins[i]  # the least score of the columns so far, which room[now, 0] belongs to
        length = stops[i] - low
        for b in range(length):
            room[0, b] = densities[i, low + b]
        for j in range(i + 1, width + 1):
            columns = j - i
            if columns > 1:
                convolve(room[now, :length], densities[j - 1, begins[j - 1] : stops[j - 1]], room[1 - now])
                now = 1 - now
                low += begins[j - 1]
                length += stops[j - 1] - begins[j - 1] - 1
            at_end = (i == 0 or j == width) and columns < width
            if not at_end and not wanted[columns]:
                continue
            # Tails, small ones added first. Four at a time: each sum but every fourth is out of the way of the
            # chain of additions that all wait for.
            total = 0.0
            s = length - 1
            while s >= 3:
                d0, d1, d2, d3 = room[now, s], room[now, s - 1], room[now, s - 2], room[now, s - 3]
                two = d0 + d1
                three = two + d2
                tail[s] = total + d0
                tail[s - 1] = total + two
                tail[s - 2] = total + three
                total += three + d3
                tail[s - 3] = total
                s -= 4
            while s >= 0:
                total += room[now, s]
                tail[s] = total
                s -= 1
            base = (width - columns) * zero + low
            for which in range(2):
                row = columns
                if which == 1:
                    row += width
                    if not at_end:
                        continue
                elif not wanted[columns]:
                    continue
                for s in range(base):
                    chance[row, s] = 1.0
                for s in range(length):
                    other = min(tail[s], 1.0)
                    before = chance[row, base + s]
                    chance[row, base + s] = before + other - before * other


@compiled(
    "void(float64[:, ::1], int64[:, ::1])",
)
def either(chance: Doubles, pairs: Integers) -> None:
    """Row a becomes 1 - (1 - a)(1 - b), exact for small ones, for each (a, b): either of independent events."""
    for i in range(pairs.shape[0]):
        a, b = pairs[i, 0], pairs[i, 1]
        for s in range(chance.shape[1]):
            before, other = chance[a, s], chance[b, s]
            chance[a, s] = before + other - before * other


@compiled(
    "void(int16[:, ::1], int64[::1], int32[::1], int32[:, :, ::1])",
)
def align(steps: NDArray[np.int16], begins: Integers, totals: NDArray[np.int32], best: NDArray[np.int32]) -> None:
    """Fill in the best alignment with each target on both strands: (total, offset, overlap), (2, targets, 3).

    `steps` (2 N, w) are the query's scores of the targets' columns, target t in ``begins[t]:begins[t + 1]`` and,
    for the other strand, N further; `totals` (w + widest target) is room to work in.
    """
    n = steps.shape[0] // 2
    width = steps.shape[1]
    for strand in range(2):
        for t in range(begins.shape[0] - 1):
            w = begins[t + 1] - begins[t]
            for i in range(width + w - 1):
                totals[i] = 0
            for k in range(w):  # the target's k-th column on this strand
                c = begins[t] + k if strand == 0 else n + begins[t + 1] - 1 - k
                shift = w - 1 - k
                for i in range(width):
                    totals[shift + i] += steps[c, i]
            greatest = totals[0]
            for i in range(width + w - 1):
                greatest = max(greatest, totals[i])
            best_overlap = 0
            best_start = 0
            for back in range(width + w - 1):
                start = width - 1 - back  # of the target, in the query
                if totals[start + w - 1] == greatest:
                    common = min(width, start + w) - max(0, start)
                    if common > best_overlap:  # equal scores: the greatest overlap, then the last start
                        best_overlap, best_start = common, start
            best[strand, t, 0] = greatest
            best[strand, t, 1] = -best_start
            best[strand, t, 2] = best_overlap
