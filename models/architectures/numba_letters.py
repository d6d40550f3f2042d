"""Compiled loops of a convolution over letters: each base looks its weights up in place of four products."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motiflens.models.types import Codes, Floats

TOGETHER = 5  # pairs of letters that are added in one pass over the kernels
_BLOCK = 32  # kernels whose gradients are added in one pass over the windows: these fit the nearest cache


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def read_letters(x: Floats, out: Codes, before: int) -> bool:
    """Fill `out` with the bases of one-hot windows; tell whether they are one-hot.

    Parameters
    ----------
    x
        (n, 4, L): one 1 a position, or none for an unknown base.
    out
        (n, at least before + L): 0 to 3, or 4 where unknown, from column `before` on.
    before
        Columns that are left as they are.
    """
    for i in range(x.shape[0]):
        for j in range(x.shape[2]):
            code, ones = 4, 0
            for base in range(4):
                value = x[i, base, j]
                if value == 1:
                    code = base
                    ones += 1
                elif value != 0:
                    return False
            if ones > 1:
                return False
            out[i, before + j] = code
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def score_maxima(
    codes: Codes,
    table: Floats,
    bias: Floats,
    width: int,
    best: Floats,
    where: NDArray[np.int32],
    first: int,
    last: int,
) -> None:
    """Score every place of some windows, and keep the best of each stretch and its place in it.

    Parameters
    ----------
    codes
        (n, at least the scored length): 0 to 4.
    table
        (pairs, 25, D): what each pair of letters adds to each kernel's score. `TOGETHER` must divide `pairs`.
    bias
        (D,)
    width
        Places of a stretch.
    best, where
        (n, T, D), written: of equal scores the first one's place is kept.
    first, last
        The windows to score.
    """
    pairs, _, kernels = table.shape
    scores = np.empty(kernels, dtype=np.float32)
    for i in range(first, last):
        letters = codes[i]
        for t in range(best.shape[1]):
            most, place = best[i, t], where[i, t]
            for j in range(width):
                for q in range(0, pairs, 5):
                    p = t * width + j + 2 * q
                    a = table[q, letters[p] * 5 + letters[p + 1]]
                    b = table[q + 1, letters[p + 2] * 5 + letters[p + 3]]
                    c = table[q + 2, letters[p + 4] * 5 + letters[p + 5]]
                    d = table[q + 3, letters[p + 6] * 5 + letters[p + 7]]
                    e = table[q + 4, letters[p + 8] * 5 + letters[p + 9]]
                    if q == 0:
                        for k in range(kernels):
                            scores[k] = bias[k] + ((a[k] + b[k]) + (c[k] + d[k]) + e[k])
                    else:
                        for k in range(kernels):
                            scores[k] += (a[k] + b[k]) + (c[k] + d[k]) + e[k]
                if j == 0:
                    for k in range(kernels):
                        most[k] = scores[k]
                        place[k] = 0
                else:  # both written for all kernels, so that many are taken at once
                    for k in range(kernels):
                        better = scores[k] > most[k]
                        most[k] = scores[k] if better else most[k]
                        place[k] = j if better else place[k]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def add_gradients(
    codes: Codes, where: NDArray[np.int32], width: int, gradients: Floats, out: Floats, first: int, last: int
) -> None:
    """Add up the gradients of some kernels' weights: only the best place of each stretch has any.

    Parameters
    ----------
    codes, where, width
        As `score_maxima` had and left them.
    gradients
        (n, T, D) of its maxima.
    out
        (D, K, 5), added to: of kernel, place and letter.
    first, last
        The kernels.
    """
    for begin in range(first, last, _BLOCK):
        end = min(begin + _BLOCK, last)
        for i in range(gradients.shape[0]):
            letters = codes[i]
            for t in range(gradients.shape[1]):
                for k in range(begin, end):
                    value = gradients[i, t, k]
                    if value != 0:
                        p = t * width + where[i, t, k]
                        for j in range(out.shape[1]):
                            out[k, j, letters[p + j]] += value


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def rectify(
    scores: Floats, numbers: NDArray[np.uint16], threshold: np.uint16, scale: np.float32, first: int, last: int
) -> None:
    """Rectify some of the scores, and drop some of these, in place.

    Parameters
    ----------
    scores
        (n,)
    numbers, threshold, scale
        (n,) random numbers: where one is below the threshold the score is dropped, others are scaled. With the
        threshold 0 they are not read.
    first, last
        The scores.
    """
    if threshold:
        for k in range(first, last):
            kept = (scores[k] > 0) & (numbers[k] >= threshold)  # both, so that many are taken at once
            scores[k] = scores[k] * scale if kept else np.float32(0)
    else:
        for k in range(first, last):
            scores[k] = max(scores[k], np.float32(0))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def add_pair_gradients(
    codes: Codes,
    outputs: Floats,
    gradients: Floats,
    pairs: int,
    of_weight: Floats,
    of_bias: Floats,
    first: int,
    last: int,
) -> None:
    """Add up the gradients of some kernels' weights, where outputs of `rectify` are above 0.

    Parameters
    ----------
    codes
        (n, at least L and the kernel's length): 0 to 4.
    outputs, gradients
        (n, T, D) what it wrote, and the gradients of that.
    pairs
        How many pairs of letters cover a kernel.
    of_weight, of_bias
        (D, K, 5) and (D,), written: of kernel, place and letter.
    first, last
        The kernels.
    """
    for begin in range(first, last, 32):
        width = min(begin + 32, last) - begin
        table = np.zeros((pairs, 25, width), dtype=np.float32)
        whole, value = np.zeros(width, dtype=np.float32), np.empty(width, dtype=np.float32)
        for i in range(gradients.shape[0]):
            letters = codes[i]
            for t in range(gradients.shape[1]):
                output, gradient = outputs[i, t], gradients[i, t]
                for k in range(width):
                    there = output[begin + k] > 0
                    value[k] = gradient[begin + k] if there else np.float32(0)
                for k in range(width):
                    whole[k] += value[k]
                for q in range(pairs):
                    row = table[q, letters[t + 2 * q] * 5 + letters[t + 2 * q + 1]]
                    for k in range(width):
                        row[k] += value[k]
        for k in range(width):
            of_bias[begin + k] = whole[k]
            for q in range(pairs):
                for one in range(5):
                    for two in range(5):
                        of_weight[begin + k, 2 * q, one] += table[q, one * 5 + two, k]
                        if 2 * q + 1 < of_weight.shape[1]:
                            of_weight[begin + k, 2 * q + 1, two] += table[q, one * 5 + two, k]
