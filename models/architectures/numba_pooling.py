"""Compiled loops of pooling over places whose channels lie side by side."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motiflens.models.types import Floats


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def pool_maxima(values: Floats, width: int, best: Floats, where: NDArray[np.int32], first: int, last: int) -> None:
    """Keep the maximum of each stretch of places of some windows, and its place in the window.

    Parameters
    ----------
    values
        (n, L, D).
    width
        Places of a stretch.
    best, where
        (n, T, D), written: of equal values the first one's place is kept.
    first, last
        The windows.
    """
    for i in range(first, last):
        for t in range(best.shape[1]):
            most, place = best[i, t], where[i, t]
            for k in range(best.shape[2]):
                most[k] = values[i, t * width, k]
                place[k] = t * width
            for p in range(t * width + 1, t * width + width):
                row = values[i, p]
                for k in range(best.shape[2]):  # both written for all kernels, so that many are taken at once
                    better = row[k] > most[k]
                    most[k] = row[k] if better else most[k]
                    place[k] = p if better else place[k]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def pool_gradients(
    where: NDArray[np.int32], gradients: Floats, width: int, out: Floats, first: int, last: int
) -> None:
    """Give each maximum's gradient to its place, and 0 to all others.

    Parameters
    ----------
    where, gradients
        (n, T, D): what `pool_maxima` wrote, and the gradients of the maxima.
    width
        As `pool_maxima` had it.
    out
        (n, L, D), written.
    first, last
        The windows.
    """
    for i in range(first, last):
        for t in range(gradients.shape[1]):
            gradient, place = gradients[i, t], where[i, t]
            for p in range(t * width, t * width + width):
                row = out[i, p]
                for k in range(gradients.shape[2]):
                    row[k] = gradient[k] if place[k] == p else np.float32(0)
        for p in range(gradients.shape[1] * width, out.shape[1]):
            for k in range(gradients.shape[2]):
                out[i, p, k] = 0
