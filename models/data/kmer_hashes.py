"""Hashes of all k-mers of a sequence, for long k."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from motiflens.models.types import Codes


def kmer_hashes(codes: Codes, size: int) -> NDArray[np.uint64]:
    """Return one number for each k-mer, the same for its reverse complement; (total - size + 1,).

    Polynomial hashes of both strands modulo 2^64, mixed so that their sums tell k-mers apart. A k-mer's hash is
    put together from those of its halves, and so on: a few passes in place of `size`.

    Parameters
    ----------
    codes
        (total,) bases 0..4.
    size
        Length of the k-mers.

    Examples
    --------
    >>> kmer_hashes(np.array([0, 1, 2, 3, 0, 1, 2, 3], dtype=np.uint8), 3).argsort(kind="stable")[:2].tolist()
    [2, 3]
    """
    if len(codes) < size:
        return np.zeros(0, dtype=np.uint64)
    other = np.where(codes < 4, 3 - codes, 4).astype(np.uint8)[::-1]
    return _strand(codes, size) + _strand(other, size)[::-1]


def _strand(codes: Codes, size: int) -> NDArray[np.uint64]:
    multiplier = 0x9E3779B97F4A7C15
    letters = codes.astype(np.uint64) + np.uint64(1)
    total, length = letters, 1
    for bit in bin(size)[3:]:  # from the highest bit down: double the length, then perhaps add one base
        power = np.uint64(pow(multiplier, length, 1 << 64))
        total = total[:-length] * power + total[length:]
        length *= 2
        if bit == "1":
            total = total[:-1] * np.uint64(multiplier) + letters[length:]
            length += 1
    total = total ^ (total >> np.uint64(31))
    total = total * np.uint64(0xBF58476D1CE4E5B9)
    return total ^ (total >> np.uint64(29))
