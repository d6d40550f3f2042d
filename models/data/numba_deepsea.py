"""Compiled loops that turn DeepSEA's one-hot bytes into letters."""

from __future__ import annotations

from numba import njit

from motiflens.models.types import Codes

_TILE = 64  # windows at a time, so that what is written stays in the nearest cache


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def letters_of_bytes(x: Codes, out: Codes) -> bool:
    """Write the letters of one-hot bytes; tell whether they are one-hot.

    Parameters
    ----------
    x
        (L, 4, n) of 0 and 1, channels A, G, C, T: as MATLAB's arrays lie in HDF5.
    out
        (n, L), written: 0 to 3 for A, C, G, T, or 4 where there is no 1.
    """
    length, _, count = x.shape
    wrong = 0
    for begin in range(0, count, _TILE):
        end = min(begin + _TILE, count)
        for j in range(length):
            a, g, c, t = x[j, 0], x[j, 1], x[j, 2], x[j, 3]
            for i in range(begin, end):
                wrong |= ((a[i] | g[i] | c[i] | t[i]) > 1) | (a[i] + g[i] + c[i] + t[i] > 1)
                out[i, j] = 4 - 4 * a[i] - 2 * g[i] - 3 * c[i] - t[i]
    return wrong == 0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def letters_of_windows(x: Codes, out: Codes) -> bool:
    """Write the letters of one-hot bytes that lie window by window, (n, 4, L); else as `letters_of_bytes`."""
    wrong = 0
    for i in range(x.shape[0]):
        a, g, c, t, letters = x[i, 0], x[i, 1], x[i, 2], x[i, 3], out[i]
        for j in range(x.shape[2]):
            wrong |= ((a[j] | g[j] | c[j] | t[j]) > 1) | (a[j] + g[j] + c[j] + t[j] > 1)
            letters[j] = 4 - 4 * a[j] - 2 * g[j] - 3 * c[j] - t[j]
    return wrong == 0
