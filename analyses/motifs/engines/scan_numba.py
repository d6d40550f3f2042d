"""Array kernels of `scan`: a k-mer index of a batch, and motifs that visit only the k-mers that can lead to a hit.

All scores are integers, so no bound ever loses a hit. Signatures are explicit: each kernel is compiled once, when
this module is first imported, and read from numba's cache after that.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numba import types as numba_types
from numpy.typing import NDArray

from motiflens.models.types import Codes

K = 8  # letters of the index; a position's code holds them in base 4, the first letter highest
KMERS = 4**K
HALF = 256  # 4-mers


class Index(NamedTuple):
    """A batch of sequences and where each of its 8-mers is; see `kmer_codes` and `kmer_index`."""

    kmers: NDArray[np.uint16]  # pad + L + pad
    runs: NDArray[np.int32]  # pad + L + pad
    first: NDArray[np.int32]  # KMERS + 1
    positions: NDArray[np.int32]  # L
    pad: int


class Stack(NamedTuple):
    """Matrices laid end to end: matrix m is ``columns[begins[m]:begins[m + 1]]``."""

    columns: NDArray[np.int32]  # all columns, 4
    begins: NDArray[np.int64]
    thresholds: NDArray[np.int32]  # least integer score of a hit


_INDEX = numba_types.NamedTuple(
    [numba.uint16[::1], numba.int32[::1], numba.int32[::1], numba.int32[::1], numba.int64], Index
)
_STACK = numba_types.NamedTuple([numba.int32[:, ::1], numba.int64[::1], numba.int32[::1]], Stack)
_HITS = numba_types.UniTuple(numba.int32[::1], 3)


@numba.njit("Tuple((uint16[::1], int32[::1]))(uint8[::1], int64)", cache=True, nogil=True)
def kmer_codes(codes: Codes, pad: int) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """8-mer codes and valid run lengths, (pad + L + pad) each: entry pad + i belongs to position i.

    A letter that is none of A, C, G, T counts as A in the code; the run, the number of valid letters from i on,
    is what tells whether a window is whole. It is 0 in the padding.
    """
    length = codes.shape[0]
    kmers = np.zeros(length + 2 * pad, dtype=np.uint16)
    runs = np.zeros(length + 2 * pad, dtype=np.int32)
    code = 0
    run = 0
    for i in range(length - 1, -1, -1):
        letter = int(codes[i])
        if letter < 4:
            run += 1
            code = (code >> 2) | (letter << (2 * K - 2))
        else:
            run = 0
            code = code >> 2
        kmers[pad + i] = code
        runs[pad + i] = run
    return kmers, runs


@numba.njit("Tuple((int32[::1], int32[::1]))(uint16[::1], int64)", cache=True, nogil=True)
def kmer_index(kmers: NDArray[np.uint16], pad: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Positions sorted by their 8-mer: bucket k is ``positions[first[k]:first[k + 1]]`` (padding left out)."""
    length = kmers.shape[0] - 2 * pad
    first = np.zeros(KMERS + 1, dtype=np.int32)
    for i in range(length):
        first[np.int64(kmers[pad + i]) + 1] += 1
    for k in range(KMERS):
        first[k + 1] += first[k]
    fill = np.empty(KMERS, dtype=np.int32)
    for k in range(KMERS):
        fill[k] = first[k]
    positions = np.empty(length, dtype=np.int32)
    for i in range(length):
        k = int(kmers[pad + i])
        positions[fill[k]] = i
        fill[k] += 1
    return first, positions


@numba.njit("void(int32[:, ::1], int64, int64, int32[::1])", cache=True, nogil=True)
def four_columns(scores: NDArray[np.int32], begin: int, end: int, table: NDArray[np.int32]) -> None:
    """Fill ``table[c]`` with the sum over columns begin .. min(end, begin + 4) - 1 for the 4-mer c."""
    for c in range(HALF):
        table[c] = 0
    for j in range(4):
        column = begin + j
        if column < end:
            shift = 6 - 2 * j
            for c in range(HALF):
                table[c] += scores[column, (c >> shift) & 3]


@numba.njit("float64(int32[::1])", cache=True, nogil=True)
def gap(values: NDArray[np.int32]) -> float:
    """Greatest minus mean: how much a lookup in this table excludes."""
    total = 0
    high = values[0]
    for value in values:
        total += value
        high = max(high, value)
    return high - total / len(values)


@numba.njit("int32(int32[::1])", cache=True, nogil=True)
def greatest(values: NDArray[np.int32]) -> int:
    """The greatest value (a loop of our own compiles faster than numba's)."""
    high = values[0]
    for value in values:
        high = max(high, value)
    return high


@numba.njit("int32[::1](int32[::1])", cache=True, nogil=True)
def doubled(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """A copy with room for as many again."""
    longer = np.empty(2 * len(values), dtype=np.int32)
    for i in range(len(values)):  # numba takes seconds to compile an assignment between slices
        longer[i] = values[i]
    return longer


@numba.njit("int64(int32[:, ::1])", cache=True, nogil=True)
def best_block(scores: NDArray[np.int32]) -> int:
    """Start of the K columns whose maxima lie furthest above their means: they exclude most windows."""
    width = scores.shape[0]
    best = 0
    best_gap = -1.0
    for b in range(max(width - K, 0) + 1):
        total = 0.0
        for j in range(b, min(b + K, width)):
            total += gap(scores[j])
        if total > best_gap:
            best, best_gap = b, total
    return best


@numba.njit(_HITS(_INDEX, _STACK, numba.int64, numba.int64), cache=True, nogil=True)
def scan_matrices(
    index: Index, stack: Stack, low: int, high: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Every window that reaches its matrix's threshold: (matrix, start, total), in no order.

    Matrices low .. high - 1 of the stack are scanned. The K columns that exclude most are summed for every 8-mer;
    only positions of those 8-mers that could still reach the threshold are visited, and the rest of the columns is
    added four at a time, most telling first.
    """
    kmers, runs, first, positions, pad = index
    columns, begins, thresholds = stack
    capacity = 1024
    out_matrix = np.empty(capacity, dtype=np.int32)
    out_start = np.empty(capacity, dtype=np.int32)
    out_total = np.empty(capacity, dtype=np.int32)
    count = 0
    upper = np.empty(HALF, dtype=np.int32)
    lower = np.empty(HALF, dtype=np.int32)
    for m in range(low, high):
        scores = columns[begins[m] : begins[m + 1]]
        width = scores.shape[0]
        threshold = np.int64(thresholds[m])
        block = best_block(scores)
        four_columns(scores, block, width, upper)
        four_columns(scores, block + 4, width, lower)
        chunks = (block + 3) // 4 + (max(width - block - K, 0) + 3) // 4
        tables = np.empty((chunks, HALF), dtype=np.int32)
        offsets = np.empty(chunks, dtype=np.int64)
        gaps = np.empty(chunks)
        n = 0
        for side in range(2):
            end = block if side == 0 else width
            for begin in range(0 if side == 0 else block + K, end, 4):
                four_columns(scores, begin, end, tables[n])
                offsets[n] = begin
                gaps[n] = gap(tables[n])
                n += 1
        order = np.empty(chunks, dtype=np.int64)
        for c in range(chunks):
            order[c] = c
        for c in range(1, chunks):  # most telling first; a handful, so by insertion
            at = c
            while at > 0 and gaps[order[at]] > gaps[order[at - 1]]:
                order[at], order[at - 1] = order[at - 1], order[at]
                at -= 1
        left = np.zeros(chunks + 1, dtype=np.int64)  # the most that chunks c, c + 1, ... can add
        for c in range(chunks - 1, -1, -1):
            left[c] = left[c + 1] + greatest(tables[order[c]])
        most_lower = np.int64(greatest(lower))
        for u in range(HALF):
            need = threshold - left[0] - upper[u]
            if most_lower < need:
                continue
            for v in range(HALF):
                if lower[v] < need:
                    continue
                kmer = u * HALF + v
                score = np.int64(upper[u]) + lower[v]
                for i in range(first[kmer], first[kmer + 1]):
                    start = np.int64(positions[i]) - block
                    total = score
                    for c in range(chunks):
                        chunk = order[c]
                        total += tables[chunk, kmers[pad + start + offsets[chunk]] >> 8]
                        if total + left[c + 1] < threshold:
                            break
                    if total < threshold or runs[pad + start] < width:
                        continue
                    if count == capacity:
                        out_matrix, out_start = doubled(out_matrix), doubled(out_start)
                        out_total = doubled(out_total)
                        capacity *= 2
                    out_matrix[count] = m
                    out_start[count] = start
                    out_total[count] = total
                    count += 1
    return out_matrix[:count].copy(), out_start[:count].copy(), out_total[:count].copy()


@numba.njit("void(uint8[:, ::1], int32[::1], int32[:, ::1], int64[::1])", cache=True, nogil=True)
def sample_counts(
    fours: NDArray[np.uint8], runs: NDArray[np.int32], scores: NDArray[np.int32], counts: NDArray[np.int64]
) -> None:
    """Add the scores of sampled windows to ``counts[total]``.

    `fours` (ceil(W / 4), S) holds the 4-mers from bases 0, 4, 8, ... of each sample, `runs` (S) its valid bases.
    """
    width = scores.shape[0]
    samples = runs.shape[0]
    totals = np.zeros(samples, dtype=np.int32)
    table = np.empty(HALF, dtype=np.int32)
    for chunk in range((width + 3) // 4):
        four_columns(scores, 4 * chunk, width, table)
        row = fours[chunk]
        for s in range(samples):
            totals[s] += table[row[s]]
    for s in range(samples):
        if runs[s] >= width:
            counts[totals[s]] += 1


def reverse_scores(scores: NDArray[np.int32]) -> NDArray[np.int32]:
    """The matrix of the other strand."""
    return np.ascontiguousarray(scores[::-1, ::-1])
