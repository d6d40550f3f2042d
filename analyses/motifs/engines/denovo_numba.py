"""Array kernels of `denovo`: scores of all windows, one round of expectation maximisation, all widths at once.

Codes are 0 to 3 for A, C, G, T, 4 for an unknown or erased base and 5 for padding; log odds have a row for each.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from motiflens.models.types import Codes, Doubles, Floats, Integers

LETTERS = 6
FAR = 16.0  # bits below a sequence's best window that weigh nothing


@numba.njit("float32[:](uint8[:, ::1], float32[:, :, ::1])", cache=True, nogil=True)
def best_window(codes: Codes, log_odds: Floats) -> Floats:
    """Best score of each sequence over places and over the matrices (m, 6, width) of the strands, (N,), bits."""
    strands, _, width = log_odds.shape
    best = np.full(codes.shape[0], -np.inf, dtype=np.float32)
    for row in range(codes.shape[0]):
        for place in range(codes.shape[1] - width + 1):
            for strand in range(strands):
                score = np.float32(0)
                for step in range(width):
                    score += log_odds[strand, codes[row, place + step], step]
                best[row] = max(best[row], score)
    return best


@numba.njit(
    "float32[:, ::1](uint8[:, ::1], float32[:, :, ::1], int64[::1], int64[:, ::1])", cache=True, nogil=True
)
def best_by_width(codes: Codes, log_odds: Floats, core: Integers, added: Integers) -> Floats:
    """Best score of each sequence for nested parts of a wide matrix, (parts, N), bits.

    Parameters
    ----------
    codes
        (N, L), padded so that each part may lie anywhere.
    log_odds
        (strands, 6, width).
    core
        First column and one past the last column of the narrowest part, on the first strand.
    added
        (parts, 2) column that part adds to the one before it on either strand; those of the first, the core, are
        not read.
    """
    strands, _, width = log_odds.shape
    parts = added.shape[0]
    best = np.full((parts, codes.shape[0]), -np.inf, dtype=np.float32)
    for row in range(codes.shape[0]):
        for place in range(codes.shape[1] - width + 1):
            for strand in range(strands):
                low = core[0] if strand == 0 else width - core[1]
                score = np.float32(0)
                for step in range(low, low + core[1] - core[0]):
                    score += log_odds[strand, codes[row, place + step], step]
                best[0, row] = max(best[0, row], score)
                for part in range(1, parts):
                    step = added[part, strand]
                    score += log_odds[strand, codes[row, place + step], step]
                    best[part, row] = max(best[part, row], score)
    return best


@numba.njit(
    "Tuple((float64[:, ::1], float64))(uint8[:, ::1], float32[:, :, ::1], float64, boolean)",
    cache=True,
    nogil=True,
)
def em_round(codes: Codes, log_odds: Floats, share: float, one_each: bool) -> tuple[Doubles, float]:
    """Expected counts (width, 4) of the bases of sites, and the expected number of sites.

    Parameters
    ----------
    codes
        (N, L).
    log_odds
        (strands, 6, width), bits.
    share
        Share of sequences with a site, before looking.
    one_each
        Each sequence has exactly one site.
    """
    strands, _, width = log_odds.shape
    places = codes.shape[1] - width + 1
    counts = np.zeros((width, 4))
    sites = 0.0
    scores = np.empty((places, strands), dtype=np.float32)
    for row in range(codes.shape[0]):
        top = np.float32(-np.inf)
        for place in range(places):
            for strand in range(strands):
                score = np.float32(0)
                for step in range(width):
                    score += log_odds[strand, codes[row, place + step], step]
                scores[place, strand] = score
                top = max(top, score)
        if top < -1000:  # no window without an unknown base
            continue
        total = 0.0
        for place in range(places):
            for strand in range(strands):
                if scores[place, strand] > top - FAR:
                    total += 2.0 ** float(scores[place, strand] - top)
        weight = 1 / total
        if not one_each:
            odds = share / (1 - share) * total / (places * strands) * 2.0 ** min(float(top), 500.0)
            weight *= odds / (1 + odds)
        sites += weight * total
        for place in range(places):
            for strand in range(strands):
                if scores[place, strand] > top - FAR:
                    own = weight * 2.0 ** float(scores[place, strand] - top)
                    for step in range(width):
                        letter = codes[row, place + step]
                        if letter < 4:
                            if strand == 0:
                                counts[step, letter] += own
                            else:
                                counts[width - 1 - step, 3 - letter] += own
    return counts, sites


@numba.njit("void(uint8[:, ::1], float32[:, :, ::1], float32)", cache=True, nogil=True)
def erase(codes: NDArray[np.uint8], log_odds: Floats, threshold: float) -> None:
    """Make the bases of every window that scores `threshold` or more unknown, in place."""
    strands, _, width = log_odds.shape
    for row in range(codes.shape[0]):
        sites = np.zeros(codes.shape[1], dtype=np.bool_)
        for place in range(codes.shape[1] - width + 1):
            for strand in range(strands):
                score = np.float32(0)
                for step in range(width):
                    score += log_odds[strand, codes[row, place + step], step]
                if score >= threshold:
                    sites[place : place + width] = True
        for place in range(codes.shape[1]):
            if sites[place]:
                codes[row, place] = 4


@numba.njit("float64[::1](int64[::1], int64[::1], int64, int64)", cache=True, nogil=True)
def fisher_log_p(a: Integers, b: Integers, n: int, m: int) -> Doubles:
    """Natural log of Fisher's one-sided p that `a` of `n` are more than `b` of `m`, for arrays a and b."""
    result = np.zeros(a.shape[0])
    for i in range(a.shape[0]):
        hits = a[i] + b[i]
        most = min(hits, n)
        first = (
            math.lgamma(n + 1)
            - math.lgamma(a[i] + 1)
            - math.lgamma(n - a[i] + 1)
            + math.lgamma(m + 1)
            - math.lgamma(b[i] + 1)
            - math.lgamma(m - b[i] + 1)
            - math.lgamma(n + m + 1)
            + math.lgamma(hits + 1)
            + math.lgamma(n + m - hits + 1)
        )
        term = total = 1.0
        for k in range(a[i], most):  # more of the hits among the n, by the ratio of neighbouring terms
            term *= (hits - k) * (n - k) / ((k + 1.0) * (m - hits + k + 1.0))
            total += term
            if term < 1e-15 * total:
                break
        result[i] = min(0.0, first + math.log(total))
    return result
