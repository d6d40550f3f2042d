"""Loops over the k-mers of sequences."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motiflens.models.types import Codes, Integers

Keys = NDArray[np.uint64]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def kmer_keys(codes: Codes, k: int, first: int, mask: np.uint64) -> Keys:
    """Return one number for each known k-mer and its window, (n,): ``kmer << 32 | window``.

    A k-mer and its reverse complement are the same: the smaller of the two numbers counts.

    Parameters
    ----------
    codes
        (N, L), 0..4; k-mers with an unknown base are left out.
    k
        At most 16.
    first
        Number of the first window.
    mask
        K-mers are kept whose mixed number has none of these bits; 0 keeps all.
    """
    out = np.empty(codes.shape[0] * max(codes.shape[1] - k + 1, 0), dtype=np.uint64)
    n = 0
    full = np.uint64((1 << (2 * k)) - 1)
    shift = np.uint64(2 * (k - 1))
    for i in range(codes.shape[0]):
        forward, reverse, known = np.uint64(0), np.uint64(0), 0
        for j in range(codes.shape[1]):
            code = codes[i, j]
            if code > 3:
                known = 0
                continue
            forward = ((forward << np.uint64(2)) | np.uint64(code)) & full
            reverse = (reverse >> np.uint64(2)) | (np.uint64(3 - code) << shift)
            known += 1
            if known >= k:
                kmer = min(forward, reverse)
                mixed = (kmer ^ (kmer >> np.uint64(15))) * np.uint64(0x9E3779B97F4A7C15)
                if (mixed >> np.uint64(40)) & mask == 0:
                    out[n] = (kmer << np.uint64(32)) | np.uint64(first + i)
                    n += 1
    return out[:n]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def shared_pairs(keys: Keys, most: int) -> Keys:
    """Return the pairs of windows that share a k-mer, once for each k-mer: ``smaller << 32 | larger``.

    Parameters
    ----------
    keys
        Sorted numbers of `kmer_keys`, each once.
    most
        In a k-mer that occurs in more windows than this, each is paired with the next `most` only.
    """
    low = np.uint64(0xFFFFFFFF)
    total = 0
    for pass_ in range(2):
        if pass_ == 1:
            out = np.empty(total, dtype=np.uint64)
            total = 0
        begin = 0
        while begin < len(keys):
            end = begin + 1
            while end < len(keys) and keys[end] >> np.uint64(32) == keys[begin] >> np.uint64(32):
                end += 1
            for a in range(begin, end):
                for b in range(a + 1, min(end, a + 1 + most)):
                    if pass_ == 1:
                        out[total] = ((keys[a] & low) << np.uint64(32)) | (keys[b] & low)
                    total += 1
            begin = end
    return out


def kmer_counts(keys: Keys, windows: int) -> Integers:
    """Return how many k-mers each window has, (windows,)."""
    return np.bincount((keys & np.uint64(0xFFFFFFFF)).astype(np.int64), minlength=windows)
