"""Seqlets laid on patterns: the best shift and strand of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from motiflens.models.types import Booleans, Integers

Reals: TypeAlias = NDArray[np.floating]
_CELLS = 4_000_000  # products in memory at a time


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
    width = seqlets.shape[1]
    steps = np.arange(-(width // 2), width // 2 + 1)
    way = np.zeros((len(patterns), len(seqlets)), dtype=np.int64)
    best = np.zeros((len(patterns), len(seqlets)), dtype=seqlets.dtype)
    for own, products in _products(seqlets, patterns):
        way[own] = products.argmax(axis=0)
        best[own] = np.take_along_axis(products, way[own][None], axis=0)[0]
    cosine = best.T / _norms(seqlets, patterns)
    return Alignment(cosine, np.tile(steps, 2)[way.T], len(steps) <= way.T)


def best_cosine(seqlets: Reals, patterns: Reals) -> Reals:
    """The cosine of `align_seqlets` alone, (n, m): half of the time."""
    best = np.zeros((len(patterns), len(seqlets)), dtype=seqlets.dtype)
    for own, products in _products(seqlets, patterns):
        products.max(axis=0, out=best[own])
    return best.T / _norms(seqlets, patterns)


def _norms(seqlets: Reals, patterns: Reals) -> Reals:
    one, other = (np.sqrt(np.einsum("nij,nij->n", part, part)) for part in (seqlets, patterns))
    norm = one[:, None] * other[None]
    return np.where(norm > 0, norm, 1).astype(seqlets.dtype)


def _products(seqlets: Reals, patterns: Reals) -> Iterator[tuple[slice, Reals]]:
    """Products (ways, some patterns, n) of every way to lay seqlets on patterns: shifts, then shifts turned.

    One matrix product of all ways: the patterns are moved and turned, the seqlets are read once.
    """
    n, width = seqlets.shape[:2]
    half = width // 2
    columns = seqlets.reshape(n, -1).T  # 4 * width, n
    ways = np.zeros((2, 2 * half + 1, len(patterns), width, 4), dtype=seqlets.dtype)
    for row, step in enumerate(range(-half, half + 1)):
        low, high = max(0, -step), min(width, width - step)
        ways[0, row, :, low + step : high + step] = patterns[:, low:high]
    ways[1] = ways[0, :, :, ::-1, ::-1]
    laid = ways.reshape(-1, len(patterns), 4 * width)
    each = max(1, _CELLS // max(1, len(laid) * n))
    for first in range(0, len(patterns), each):
        own = slice(first, min(first + each, len(patterns)))
        part = np.ascontiguousarray(laid[:, own]).reshape(-1, 4 * width)
        yield own, (part @ columns).reshape(len(laid), -1, n)


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
