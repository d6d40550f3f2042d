"""Shuffling sequences so that every dinucleotide occurs exactly as often as before."""

from __future__ import annotations

import numpy as np
from numba import njit

from motiflens.models.data.one_hot import checked_codes
from motiflens.models.types import Codes, Integers

_SYMBOLS = 5  # A, C, G, T, and everything else as one
_SYMBOLS = 5  # A, C, G, T, and everything else as one


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _random(state: np.ndarray) -> np.uint64:
    """Splitmix64: the same numbers on every machine, one stream a sequence."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _below(state: np.ndarray, n: int) -> int:
    """Return a number in [0, n); the bias of taking the remainder of 64 bits is below 1e-12."""
    return int(_random(state) % np.uint64(n))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _last_edges(
    edges: Integers, first: Integers, count: Integers, root: int, state: np.ndarray, last: Integers
) -> None:
    """Choose, uniformly, the edge by which each symbol is left for the last time (Wilson's algorithm).

    Together they form a tree that leads to `root`, which is what makes an Eulerian path come out.
    """
    in_tree = np.zeros(_SYMBOLS, dtype=np.bool_)
    in_tree[root] = True
    for symbol in range(_SYMBOLS):
        if count[symbol] == 0:
            in_tree[symbol] = True
    for symbol in range(_SYMBOLS):
        at = symbol
        while not in_tree[at]:  # a random walk until it meets the tree; loops are overwritten
            last[at] = first[at] + _below(state, count[at])
            at = edges[last[at]]
        at = symbol
        while not in_tree[at]:
            in_tree[at] = True
            at = edges[last[at]]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _shuffle_all(codes: Codes, seeds: np.ndarray, out: Codes) -> None:
    length = codes.shape[1]
    edges = np.empty(length, dtype=np.int64)
    state = np.empty(1, dtype=np.uint64)
    for i in range(codes.shape[0]):
        state[0] = seeds[i]
        count, first = np.zeros(_SYMBOLS, dtype=np.int64), np.zeros(_SYMBOLS, dtype=np.int64)
        last = np.zeros(_SYMBOLS, dtype=np.int64)
        for j in range(length - 1):
            count[codes[i, j]] += 1
        for symbol in range(1, _SYMBOLS):
            first[symbol] = first[symbol - 1] + count[symbol - 1]
        place = first.copy()
        for j in range(length - 1):
            edges[place[codes[i, j]]] = codes[i, j + 1]
            place[codes[i, j]] += 1
        root = codes[i, length - 1]
        _last_edges(edges, first, count, root, state, last)
        for symbol in range(_SYMBOLS):  # put the last edge last and shuffle the others
            free = count[symbol]
            if free > 0 and symbol != root:
                end = first[symbol] + free - 1
                edges[last[symbol]], edges[end] = edges[end], edges[last[symbol]]
                free -= 1
            for j in range(free - 1, 0, -1):
                k = _below(state, j + 1)
                a, b = first[symbol] + j, first[symbol] + k
                edges[a], edges[b] = edges[b], edges[a]
        place[:] = first
        at = codes[i, 0]
        out[i, 0] = at
        for j in range(1, length):
            following = edges[place[at]]
            place[at] += 1
            at = following
            out[i, j] = at


def dinucleotide_shuffle(codes: Codes, *, seed: int = 0) -> Codes:
    """Shuffle each sequence, keeping its first and last base and the exact count of every dinucleotide.

    Each of the sequences with these counts and ends comes out with the same probability: the result is a
    uniformly drawn Eulerian path (Altschul and Erickson 1985, with the tree of last edges by Wilson 1996).

    Parameters
    ----------
    codes
        (N, L) uint8, 0..3 = A, C, G, T, 4 = anything else, which counts as one further symbol.
    seed
        Of the random choices; the result depends on it and on the row alone, and on no machine.

    Returns
    -------
    numpy.ndarray
        (N, L) uint8.

    Raises
    ------
    ValueError
        If `codes` does not have two axes or holds other values.

    Examples
    --------
    >>> from motiflens.models.data.one_hot import encode_all
    >>> before = encode_all(["ACGTTGCAACGTACCGGT"])
    >>> after = dinucleotide_shuffle(before, seed=1)
    >>> count = lambda codes: np.bincount(codes[0, :-1] * 5 + codes[0, 1:], minlength=25)
    >>> bool((count(before) == count(after)).all())
    True
    """
    codes = checked_codes(codes)
    out = np.empty_like(codes, order="C")
    if codes.size:
        seeds = np.random.SeedSequence(seed).generate_state(len(codes), dtype=np.uint64)
        _shuffle_all(np.ascontiguousarray(codes), seeds, out)
    return out
