"""Array kernel of `match`: one query against all targets, with exact p-values of complete scores.

The signature is explicit: the kernel is compiled once, when this module is first imported, and read from numba's
cache after that.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from motiflens.models.types import Doubles, Integers

EUCLIDEAN, PEARSON = 0, 1
BLOCK = 256  # target columns worked on at a time
BINS = 100  # steps between a query's lowest and highest column score


@numba.njit("void(float64[::1], float64[:, ::1], int64, boolean, float64[::1])", cache=True, nogil=True)
def column_scores(query: Doubles, columns: Doubles, distance: int, complement: bool, out: Doubles) -> None:
    """Similarity of one query column to every target column (or its complement): -distance or Pearson's r.

    `columns` is (4, N). A column without variance correlates with nothing: r = 0.
    """
    n = columns.shape[1]
    a, c, g, t = columns[0], columns[1], columns[2], columns[3]
    if complement:
        a, c, g, t = columns[3], columns[2], columns[1], columns[0]
    q0, q1, q2, q3 = query[0], query[1], query[2], query[3]
    if distance == EUCLIDEAN:
        for i in range(n):
            out[i] = -math.sqrt(
                (q0 - a[i]) * (q0 - a[i])
                + (q1 - c[i]) * (q1 - c[i])
                + (q2 - g[i]) * (q2 - g[i])
                + (q3 - t[i]) * (q3 - t[i])
            )
        return
    mean = (q0 + q1 + q2 + q3) / 4
    q0, q1, q2, q3 = q0 - mean, q1 - mean, q2 - mean, q3 - mean
    norm = math.sqrt(q0 * q0 + q1 * q1 + q2 * q2 + q3 * q3)
    for i in range(n):
        mean = (a[i] + c[i] + g[i] + t[i]) / 4
        y0, y1, y2, y3 = a[i] - mean, c[i] - mean, g[i] - mean, t[i] - mean
        scale = norm * math.sqrt(y0 * y0 + y1 * y1 + y2 * y2 + y3 * y3)
        product = q0 * y0 + q1 * y1 + q2 * y2 + q3 * y3
        out[i] = product / scale if scale > 1e-14 else 0.0


@numba.njit("UniTuple(float64, 2)(float64[::1])", cache=True, nogil=True, fastmath={"nnan", "nsz"})
def extremes(values: Doubles) -> tuple[float, float]:
    """Least and greatest value; without the promise that there is no nan this would not run in vectors."""
    low, high = values[0], values[0]
    for value in values:
        low = min(low, value)
        high = max(high, value)
    return low, high


@numba.njit("float64(float64[::1], float64, float64)", cache=True, nogil=True)
def lower_median(values: Doubles, low: float, high: float) -> float:
    """The ((n - 1) // 2)-th smallest of values between `low` and `high`: count into bins and sort one of them."""
    n = len(values)
    if low == high:
        return low
    bins = 1024
    scale = (bins - 1) / (high - low)
    counts = np.zeros(bins, dtype=np.int64)
    which = np.empty(n, dtype=np.int32)
    for i in range(n):
        which[i] = np.int32((values[i] - low) * scale)
    for i in range(n):
        counts[which[i]] += 1
    rank = (n - 1) // 2
    b = 0
    while rank >= counts[b]:
        rank -= counts[b]
        b += 1
    inside = np.empty(counts[b])
    k = 0
    for i in range(n):
        if which[i] == b:
            inside[k] = values[i]
            k += 1
    left, right = 0, len(inside) - 1
    while left < right:  # Hoare's selection (numba's own sort takes seconds to compile)
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
    return inside[rank]


@numba.njit("void(float64[::1], float64[::1], float64[::1])", cache=True, nogil=True, fastmath={"contract"})
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


@numba.njit("void(float64[::1], float64[::1], int64)", cache=True, nogil=True)
def either(chance: Doubles, tail: Doubles, base: int) -> None:
    """chance = 1 - (1 - chance)(1 - tail) for independent events, exact for small ones.

    ``tail[i]`` belongs to ``chance[base + i]``; below, the event is certain; beyond, impossible.
    """
    for i in range(base):
        chance[i] = 1.0
    part = chance[base : base + len(tail)]
    for i in range(len(tail)):
        part[i] = part[i] + tail[i] - part[i] * tail[i]


@numba.njit("void(float64[::1], float64[::1])", cache=True, nogil=True)
def tail_sums(density: Doubles, out: Doubles) -> None:
    """out[s] = density[s] + density[s + 1] + …, at most 1, small ones added first.

    Four at a time: each sum but every fourth is out of the way of the chain of additions that all wait for.
    """
    n = len(density)
    total = 0.0
    s = n - 1
    while s >= 3:
        d0, d1, d2, d3 = density[s], density[s - 1], density[s - 2], density[s - 3]
        two = d0 + d1
        three = two + d2
        out[s] = total + d0
        out[s - 1] = total + two
        out[s - 2] = total + three
        total += three + d3
        out[s - 3] = total
        s -= 4
    while s >= 0:
        total += density[s]
        out[s] = total
        s -= 1
    for i in range(n):
        out[i] = min(out[i], 1.0)


@numba.njit("UniTuple(int64, 2)(float64[::1])", cache=True, nogil=True)
def reached(density: Doubles) -> tuple[int, int]:
    """First bin that is not empty, and one past the last (the first and second bin where all are)."""
    begin, end = 0, len(density)
    while begin < end - 1 and density[begin] == 0.0:
        begin += 1
    while end > begin + 1 and density[end - 1] == 0.0:
        end -= 1
    return begin, end


@numba.njit("float64[:, ::1](float64[:, ::1], int64, int64, boolean[::1])", cache=True, nogil=True)
def null_tails(densities: Doubles, zero: int, longest: int, wanted: NDArray[np.bool_]) -> Doubles:
    """Chance that the best of all alignments with a random target of length t totals at least s, (longest + 1, S).

    `densities` (w, B) are the score densities of the query's columns over the targets' columns, `zero` the score
    that stands for the median, which a query column outside the overlap gets (complete scores, Tanaka et al.
    2011). Alignments count as independent (Gupta et al. 2007). Only lengths `wanted` are filled in. A column's
    scores take up part of the bins; only these are convolved.
    """
    width, bins = densities.shape
    size = width * (bins - 1 + zero) + 2
    tails = np.zeros((longest + 1, size))
    ends = np.zeros((width, size))  # k: the overlaps of k columns at either end of the query
    now = np.empty(width * bins)
    new = np.empty(width * bins)
    tail = np.empty(width * bins)
    some = np.empty(size)
    begins = np.empty(width, dtype=np.int64)
    stops = np.empty(width, dtype=np.int64)
    for i in range(width):
        begins[i], stops[i] = reached(densities[i])
    inner = 0  # longest window that some target needs
    for t in range(1, min(longest, width - 1) + 1):
        if wanted[t]:
            inner = t
    for i in range(width):
        low = begins[i]  # the least score of the columns so far, which now[0] belongs to
        length = stops[i] - low
        for b in range(length):
            now[b] = densities[i, low + b]
        for j in range(i + 1, width + 1):
            columns = j - i
            if columns > 1:
                some_bins = densities[j - 1, begins[j - 1] : stops[j - 1]]
                convolve(now[:length], some_bins, new)
                now, new = new, now
                low += begins[j - 1]
                length += len(some_bins) - 1
            at_end = i == 0 or j == width
            if not at_end and not (columns <= inner and wanted[columns]):
                continue
            tail_sums(now[:length], tail)
            base = (width - columns) * zero + low
            if columns < width:
                if i == 0:
                    either(ends[columns], tail[:length], base)
                if j == width:
                    either(ends[columns], tail[:length], base)
                if columns <= inner and wanted[columns]:
                    either(tails[columns], tail[:length], base)
            else:
                some[:] = 0.0
                for t in range(width, longest + 1):  # the whole query fits in t - width + 1 places
                    either(some, tail[:length], base)
                    if wanted[t]:
                        either(tails[t], some, 0)
    some[:] = 0.0
    for k in range(1, width):  # overlaps of fewer columns than the target has
        either(some, ends[k], 0)
        for t in range(k + 1, (k + 1 if k < width - 1 else longest) + 1):
            if t <= longest and wanted[t]:
                either(tails[t], some, 0)
    return tails


@numba.njit(
    "Tuple((float64[:, ::1], int32[:, ::1], int32[:, ::1]))"
    "(float64[:, ::1], float64[:, ::1], int64[::1], int64, boolean[::1], float64[:, ::1], int16[:, ::1])",
    cache=True,
    nogil=True,
)
def match_query(
    query: Doubles,
    columns: Doubles,
    begins: Integers,
    distance: int,
    wanted: NDArray[np.bool_],
    scores: Doubles,
    steps: NDArray[np.int16],
) -> tuple[Doubles, NDArray[np.int32], NDArray[np.int32]]:
    """Best alignment of a query (w, 4) with each target on both strands: (p, offset, overlap), each (2, targets).

    `columns` (4, N) are the targets' columns end to end, target t in ``begins[t]:begins[t + 1]``; ``wanted[w]``
    tells whether some target has width w. `scores` (w, 2 N) and `steps` (2 N, w) are room to work in, which a
    thread keeps for all its queries. p is that of one strand. The offset is the query's start minus the target's,
    as TOMTOM prints it: negative where the query reaches out to the left.
    """
    width = query.shape[0]
    n = columns.shape[1]
    targets = len(begins) - 1
    medians = np.empty(width)
    low, high = np.inf, -np.inf
    for i in range(width):
        column_scores(query[i], columns, distance, False, scores[i, :n])
        column_scores(query[i], columns, distance, True, scores[i, n:])
        least, greatest = extremes(scores[i])
        medians[i] = lower_median(scores[i], least, greatest)
        low = min(low, least - medians[i])
        high = max(high, greatest - medians[i])
    low = math.floor(low)
    scale = math.floor(BINS / max(high - low, 1.0))
    zero = int(-low * scale)
    top = math.floor((high - low) * scale + 0.5) + 1
    counts = np.zeros((2, width, top), dtype=np.int32)  # two, so that equal steps in a row do not wait
    part = np.empty(BLOCK, dtype=np.int16)
    for begin in range(0, 2 * n, BLOCK):  # a block of the transposed array stays in cache
        size = min(BLOCK, 2 * n - begin)
        for i in range(width):
            row = scores[i, begin : begin + size]
            median = medians[i]
            for c in range(size):
                part[c] = np.int16((row[c] - median - low) * scale + 0.5)  # >= 0: the same as floor
            for c in range(size):
                steps[begin + c, i] = part[c] - zero
            even, odd = counts[0, i], counts[1, i]
            for c in range(0, size - 1, 2):
                even[part[c]] += 1
                odd[part[c + 1]] += 1
            if size % 2:
                even[part[size - 1]] += 1
    densities = np.empty((width, top))
    for i in range(width):
        for b in range(top):
            densities[i, b] = (counts[0, i, b] + counts[1, i, b]) / (2 * n)
    tails = null_tails(densities, zero, len(wanted) - 1, wanted)
    p = np.empty((2, targets))
    offset = np.empty((2, targets), dtype=np.int32)
    overlap = np.empty((2, targets), dtype=np.int32)
    totals = np.empty(width + len(wanted), dtype=np.int32)
    for strand in range(2):
        for t in range(targets):
            w = begins[t + 1] - begins[t]
            for i in range(width + w - 1):
                totals[i] = 0
            for k in range(w):  # the target's k-th column on this strand
                c = begins[t] + k if strand == 0 else n + begins[t + 1] - 1 - k
                shift = w - 1 - k
                row_steps = steps[c]
                row_totals = totals[shift : shift + width]
                for i in range(width):
                    row_totals[i] += row_steps[i]
            best = totals[0]
            for i in range(width + w - 1):
                best = max(best, totals[i])
            best_overlap = 0
            best_start = 0
            for start in range(width - 1, -w, -1):  # of the target, in the query
                if totals[start + w - 1] == best:
                    common = min(width, start + w) - max(0, start)
                    if common > best_overlap:  # equal scores: the greatest overlap, then the last start
                        best_overlap, best_start = common, start
            p[strand, t] = tails[w, best + width * zero]
            offset[strand, t] = -best_start
            overlap[strand, t] = best_overlap
    return p, offset, overlap
