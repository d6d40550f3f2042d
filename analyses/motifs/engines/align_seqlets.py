"""Seqlets laid on patterns: the best shift and strand of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from motiflens.models.types import Booleans, Integers

Reals: TypeAlias = NDArray[np.floating]


class Alignment(NamedTuple):
    """How n seqlets lie on m patterns, (n, m) each.

    Attributes
    ----------
    cosine
        Of the seqlet, laid so, and the pattern.
    shift, turned
        The seqlet's base i + shift (of its reverse complement where turned) lies on the pattern's i.
    """

    cosine: Reals
    shift: Integers
    turned: Booleans


def align_seqlets(seqlets: Reals, patterns: Reals) -> Alignment:
    """Lay every seqlet (n, width, 4) on every pattern (m, width, 4), over shifts by up to half and both strands.

    Examples
    --------
    >>> one = np.eye(4)[[0, 1, 2, 0]]
    >>> found = align_seqlets(one[None, ::-1, ::-1], one[None])
    >>> float(found.cosine[0, 0]), int(found.shift[0, 0]), bool(found.turned[0, 0])
    (1.0, 0, True)
    """
    best = np.full((len(seqlets), len(patterns)), -np.inf, dtype=seqlets.dtype)
    shift = np.zeros(best.shape, dtype=np.int64)
    turned = np.zeros(best.shape, dtype=bool)
    for other, step, product in _products(seqlets, patterns):
        better = product > best
        best[better], shift[better], turned[better] = product[better], step, other
    return Alignment(best / _norms(seqlets, patterns), shift, turned)


def best_cosine(seqlets: Reals, patterns: Reals) -> Reals:
    """The cosine of `align_seqlets` alone, (n, m): a third of the time."""
    best = np.full((len(seqlets), len(patterns)), -np.inf, dtype=seqlets.dtype)
    for _, _, product in _products(seqlets, patterns):
        np.maximum(best, product, out=best)
    return best / _norms(seqlets, patterns)


def _norms(seqlets: Reals, patterns: Reals) -> Reals:
    norm = np.sqrt((seqlets**2).sum(axis=(1, 2)))[:, None] * np.sqrt((patterns**2).sum(axis=(1, 2)))[None]
    return np.where(norm > 0, norm, 1).astype(seqlets.dtype)


def _products(seqlets: Reals, patterns: Reals) -> Iterator[tuple[bool, int, Reals]]:
    """Strand, shift and products (n, m) of every way to lay seqlets on patterns."""
    n, width = seqlets.shape[:2]
    columns = np.ascontiguousarray(patterns.reshape(len(patterns), -1).T, dtype=seqlets.dtype)  # 4 * width, m
    for other in (False, True):
        flat = np.ascontiguousarray(seqlets[:, ::-1, ::-1] if other else seqlets).reshape(n, -1)
        for step in range(-(width // 2), width // 2 + 1):
            low, high = max(0, -step), min(width, width - step)
            yield other, step, flat[:, 4 * (low + step) : 4 * (high + step)] @ columns[4 * low : 4 * high]


def aligned_mean(seqlets: Reals, pattern: Reals) -> Reals:
    """Mean of seqlets (n, width, 4) as they lie on a pattern (width, 4)."""
    if not len(seqlets):
        return pattern
    _, shift, turned = align_seqlets(seqlets, pattern[None])
    laid = np.where(turned[:, :1, None], seqlets[:, ::-1, ::-1], seqlets)
    width = laid.shape[1]
    at = np.arange(width)[None] + shift  # n, width: row i of the result is row i + shift, or zeros
    inside = (at >= 0) & (at < width)
    rows = np.arange(len(laid))[:, None]
    return (laid[rows, at.clip(0, width - 1)] * inside[..., None]).mean(axis=0).astype(seqlets.dtype)
