"""Compiled loops that fill batches of windows from whole chromosomes."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motiflens.models.types import Codes, Floats, Integers


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def gather_bases(
    data: Codes, offsets: Integers, lengths: Integers, chrom: Integers, starts: Integers, out: Codes, outside: int
) -> None:
    """Copy windows of a genome into `out`, (n, L); positions past an end of the chromosome become `outside`.

    Parameters
    ----------
    data
        All chromosomes, one byte per base, one after the other.
    offsets, lengths
        Where each chromosome begins in `data`, and its length.
    chrom, starts
        (n,) number of the chromosome and first base of each window, which may be negative.
    """
    width = out.shape[1]
    for i in range(len(starts)):
        base, size, start = offsets[chrom[i]], lengths[chrom[i]], starts[i]
        for j in range(width):
            position = start + j
            out[i, j] = data[base + position] if 0 <= position < size else outside


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def gather_runs(run_starts: NDArray[np.int32], values: Floats, size: int, starts: Integers, out: Floats) -> None:
    """Fill `out`, (n, L), with a run-length encoded track; positions past an end become 0.

    Parameters
    ----------
    run_starts, values
        Run k has value ``values[k]`` from ``run_starts[k]`` (ascending, the first is 0) to the next.
    size
        Length of the chromosome.
    starts
        (n,) first base of each window, which may be negative.
    """
    width, runs = out.shape[1], len(run_starts)
    for i in range(len(starts)):
        first, last = max(starts[i], 0), min(starts[i] + width, size)
        if first >= last:
            out[i, :] = 0.0
            continue
        out[i, : first - starts[i]] = 0.0
        out[i, last - starts[i] :] = 0.0
        k = np.searchsorted(run_starts, first, side="right") - 1
        position = first
        while position < last:
            end = min(run_starts[k + 1], last) if k + 1 < runs else last
            value = values[k]
            for j in range(position - starts[i], end - starts[i]):
                out[i, j] = value
            position = end
            k += 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def gather_dense(values: Floats, starts: Integers, out: Floats) -> None:
    """Fill `out`, (n, L), from one value a base; positions past an end become 0."""
    width, size = out.shape[1], len(values)
    for i in range(len(starts)):
        for j in range(width):
            position = starts[i] + j
            out[i, j] = values[position] if 0 <= position < size else 0.0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def hash_strands(codes: Codes, values: NDArray[np.uint64], weights: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return one number for each sequence, (n,), the same for its reverse complement.

    Parameters
    ----------
    codes
        (n, L), 0..4.
    values, weights
        (5,) and (L,) random numbers: a strand's hash is the sum of ``values[base] * weights[position]``.
    """
    out = np.empty(codes.shape[0], dtype=np.uint64)
    length = codes.shape[1]
    for i in range(codes.shape[0]):
        forward, reverse = np.uint64(0), np.uint64(0)
        for j in range(length):
            code = codes[i, j]
            forward += values[code] * weights[j]
            reverse += values[3 - code if code < 4 else 4] * weights[length - 1 - j]
        out[i] = min(forward, reverse)
    return out
