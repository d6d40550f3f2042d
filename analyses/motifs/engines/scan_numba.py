"""Array kernels of `scan`: a k-mer index of a batch, and motifs that visit only the k-mers that can lead to a hit.

All scores are integers, so no bound ever loses a hit. Signatures are explicit: each kernel is compiled once, when
this module is first imported, and read from numba's cache after that. What takes numba long to compile is left to
numpy, which prepares the tables and owns all arrays: allocations, slices, tuples, and kernels that call kernels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines.compiled import compiled
from motiflens.models.types import Codes

HALF = 256  # 4-mers
KMERS = HALF * HALF  # a position's code holds 8 letters in base 4, the first letter highest


class Index(NamedTuple):
    """A batch of sequences and where each of its 8-mers is; see `kmer_index`."""

    kmers: NDArray[np.uint16]  # pad + L + pad
    runs: NDArray[np.int32]  # pad + L + pad
    first: NDArray[np.int32]  # KMERS + 1
    entries: NDArray[np.int64]  # L


@compiled(
    "void(uint8[::1], int64, uint16[::1], int32[::1], int32[::1], int64[::1])",
)
def fill_index(
    codes: Codes,
    pad: int,
    kmers: NDArray[np.uint16],
    runs: NDArray[np.int32],
    first: NDArray[np.int32],
    entries: NDArray[np.int64],
) -> None:
    """Fill in a batch's 8-mers, its runs of valid letters, and its positions sorted by their 8-mer.

    Parameters
    ----------
    codes
        (L,) 0 to 3 for A, C, G, T, else 4.
    pad
        At least 8.
    kmers, runs
        (pad + L + pad,), zero: entry pad + i belongs to position i. What is none of A, C, G, T counts as
        A in the code; the run, the number of valid letters from i on, is what tells whether a window is whole.
    first, entries
        (KMERS + 1,), zero, and (L,): bucket k is ``entries[first[k]:first[k + 1]]``, each entry a position, the
        8-mer before and that after its own: position · 2**32 + before · 2**16 + after.
    """
    length = codes.shape[0]
    code = 0
    run = 0
    for i in range(length - 1, -1, -1):
        letter = codes[i]
        code >>= 2
        run += 1
        if letter < 4:
            code |= letter << 14
        else:
            run = 0
        kmers[pad + i] = code
        runs[pad + i] = run
        first[code] += 1
    for i in range(1, 9):  # 8-mers that begin before the batch
        code >>= 2
        kmers[pad - i] = code
    total = 0
    for k in range(KMERS):
        total += first[k]
        first[k] = total
    first[KMERS] = total
    for i in range(length - 1, -1, -1):
        k = kmers[pad + i]
        place = first[k] - 1
        first[k] = place
        entries[place] = (i << 32) | (np.int64(kmers[pad + i - 8]) << 16) | np.int64(kmers[pad + i + 8])


def kmer_index(codes: Codes, pad: int) -> Index:
    """Index the 8-mers of a batch; `pad` is at least 8, and 8 more than the widest motif."""
    size = len(codes) + 2 * pad
    index = Index(
        np.zeros(size, dtype=np.uint16),
        np.zeros(size, dtype=np.int32),
        np.zeros(KMERS + 1, dtype=np.int32),
        np.empty(len(codes), dtype=np.int64),
    )
    fill_index(codes, pad, index.kmers, index.runs, index.first, index.entries)
    return index


@compiled(
    "int64(uint16[::1], int32[::1], int32[::1], int64[::1], int32[:, ::1], int32[:, ::1], int32[:, ::1], "
    "int32[:, ::1])",
)
def scan_matrices(
    kmers: NDArray[np.uint16],
    runs: NDArray[np.int32],
    first: NDArray[np.int32],
    entries: NDArray[np.int64],
    tables: NDArray[np.int32],
    places: NDArray[np.int32],
    matrices: NDArray[np.int32],
    out: NDArray[np.int32],
) -> int:
    """Find every window that reaches its matrix's threshold; return their number, of any size.

    Parameters
    ----------
    kmers, runs, first, entries
        See `fill_index`.
    tables, places, matrices
        See `ScanTables`. The K columns that exclude most are summed for every 8-mer; only positions of those
        8-mers that could still reach the threshold are visited; the 8-mer beside is read with the position.
    out
        (n, 3) matrix, start, total of the first n windows found, in no order.
    """
    pad = (kmers.shape[0] - entries.shape[0]) // 2
    count = 0
    for m in range(matrices.shape[0]):
        row = matrices[m, 0]
        stop = matrices[m, 1]
        width = matrices[m, 2]
        threshold = matrices[m, 3]
        block = matrices[m, 4]
        side = matrices[m, 5]
        other = 16 - side
        need_all = places[row, 1]
        need_lower = places[row + 1, 1]
        need_beside = places[row + 3, 1]
        need_other = places[row + 5, 1]
        for u in range(HALF):
            upper = tables[row, u]
            if upper < need_all:
                continue
            for v in range(HALF):
                some = upper + tables[row + 1, v]
                if some < need_lower:
                    continue
                for i in range(first[HALF * u + v], first[HALF * u + v + 1]):
                    entry = entries[i]
                    near = entry >> side
                    total = some + tables[row + 2, (near >> 8) & 255] + tables[row + 3, near & 255]
                    if total < need_beside:
                        continue
                    far = entry >> other
                    total += tables[row + 4, (far >> 8) & 255] + tables[row + 5, far & 255]
                    if total < need_other:
                        continue
                    at = (entry >> 32) + pad
                    for r in range(row + 6, stop):
                        total += tables[r, kmers[at + places[r, 0]] >> 8]
                        if total < places[r, 1]:
                            break
                    if total < threshold or runs[at - block] < width:
                        continue
                    if count < out.shape[0]:
                        out[count, 0] = m
                        out[count, 1] = at - pad - block
                        out[count, 2] = total
                    count += 1
    return count


@compiled("void(uint8[:, ::1], int32[::1], int64, int32[:, ::1], int32[::1], int64[::1])")
def sample_counts(
    fours: NDArray[np.uint8],
    runs: NDArray[np.int32],
    width: int,
    tables: NDArray[np.int32],
    totals: NDArray[np.int32],
    counts: NDArray[np.int64],
) -> None:
    """Add the scores of sampled windows to ``counts[total]``.

    `fours` (C, S) holds the 4-mers from bases 0, 4, 8, ... of each sample, `runs` (S) its valid bases, `tables`
    (C, 256) what a 4-mer scores; `totals` (S), zero, is room to work in.
    """
    for c in range(tables.shape[0]):
        for s in range(fours.shape[1]):
            totals[s] += tables[c, fours[c, s]]
    for s in range(fours.shape[1]):
        if runs[s] >= width:
            counts[totals[s]] += 1
