"""Seqlets laid on patterns: the best shift and strand of each."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines.seqlets_numba import EACH, WAYS, Cells, add_laid, lay
from motiflens.models.types import Booleans, Floats, Integers

Reals: TypeAlias = NDArray[np.floating]


class Bases(NamedTuple):
    """What is not zero in n seqlets: of projected attributions at most one base a position.

    Attributes
    ----------
    cells, values
        (n, k) 4 * position + base, and the attribution there; behind the last, cells 0 of value 0.
    counts
        (n,) how many of them are read, a multiple of `EACH`.
    norms
        (n,) Euclidean, 1 where nothing is.
    width
        Positions.
    """

    cells: Cells
    values: Floats
    counts: Integers
    norms: Floats
    width: int


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


def bases_of(seqlets: Reals) -> Bases:
    """Return what is not zero in seqlets (n, width, 4).

    Examples
    --------
    >>> bases_of(np.eye(4)[None, [2, 0]]).cells[0].tolist()
    [2, 4, 0, 0]
    """
    n, width = seqlets.shape[:2]
    flat = seqlets.reshape(n, -1).astype(np.float32)
    rows, which = np.nonzero(flat != 0)
    own = np.bincount(rows, minlength=n)
    at = np.arange(len(rows)) - np.repeat(own.cumsum() - own, own)
    counts = -(-own // EACH) * EACH
    cells = np.zeros((n, int(counts.max(initial=0))), dtype=np.uint32)
    values = np.zeros(cells.shape, dtype=np.float32)
    cells[rows, at], values[rows, at] = which, flat[rows, which]
    return Bases(cells, values, counts, _norms(flat), width)


def dense(seqlets: Bases, row: int) -> Floats:
    """Return a seqlet, (width, 4)."""
    cells = np.zeros(4 * seqlets.width, dtype=np.float32)
    np.add.at(cells, seqlets.cells[row], seqlets.values[row])
    return cells.reshape(-1, 4)


def align_seqlets(seqlets: Bases, patterns: Reals, rows: Integers | None = None) -> Alignment:
    """Lay seqlets `rows` (None: all) on every pattern (m, width, 4), over shifts by up to half and both strands.

    Examples
    --------
    >>> one = np.eye(4)[[0, 1, 2, 0]]
    >>> aligned = align_seqlets(bases_of(one[None, ::-1, ::-1]), one[None])
    >>> float(aligned.cosine[0, 0]), int(aligned.shift[0, 0]), bool(aligned.turned[0, 0])
    (1.0, 0, True)
    """
    cosine, way = lay_on(seqlets, patterns, rows)
    steps = _steps(seqlets.width)
    return Alignment(cosine.T, np.tile(steps, 2)[way.T], len(steps) <= way.T)


def lay_on(
    seqlets: Bases, patterns: Reals, rows: Integers | None = None, *, unwanted: int = 0
) -> tuple[Floats, Integers]:
    """Return cosines of patterns (m, width, 4) and seqlets `rows` (None: all), (m, r), and the ways that they lie.

    Ways count shifts from the lowest, then shifts of the reverse complement; of equal ones the first. Those of the
    first `unwanted` rows are not filled in.
    """
    rows = np.arange(len(seqlets.counts)) if rows is None else rows
    places, _ = _ways(seqlets.width)
    room = _aligned(WAYS + places.size)
    sums, tables = room[:WAYS], room[WAYS:].reshape(places.shape)
    flat = np.zeros((len(patterns), 4 * seqlets.width + 1), dtype=np.float32)
    flat[:, :-1] = patterns.reshape(len(patterns), -1)
    cosine = np.empty((len(patterns), len(rows)), dtype=np.float32)
    way = np.empty(cosine.shape, dtype=np.int64)
    for number, norm in enumerate(_norms(flat)):
        flat[number].take(places, out=tables, mode="clip")
        lay(seqlets[:4], rows, tables, norm, WAYS // 2, unwanted, sums, (cosine[number], way[number]))
    return cosine, way


def best_cosine(seqlets: Bases, patterns: Reals, rows: Integers | None = None) -> Floats:
    """Return the cosines of `lay_on` alone, (m, r)."""
    return lay_on(seqlets, patterns, rows, unwanted=len(seqlets.counts))[0]


def laid_mean(seqlets: Bases, rows: Integers, way: Integers) -> Floats:
    """Mean (width, 4) of seqlets `rows` as they lie, (r,) `way`."""
    sums = np.zeros(4 * seqlets.width + 1, dtype=np.float32)
    add_laid(*seqlets[:3], rows, way, _ways(seqlets.width)[1], sums)
    return (sums[:-1] / np.float32(len(rows))).reshape(-1, 4)


def _norms(flat: Reals) -> Floats:
    norms = np.sqrt(np.einsum("nj,nj->n", flat, flat))
    return np.where(norms > 0, norms, 1).astype(np.float32)


def _steps(width: int) -> Integers:
    return np.arange(-(width // 2), width // 2 + 1)


@lru_cache(maxsize=8)
def _ways(width: int) -> tuple[Integers, Integers]:
    """Cell of a pattern that a seqlet's cell lies on, 4 * width for none.

    As blocks, cells * `WAYS` (behind the last way, the last again), and as cells, ways.
    """
    at, base = np.divmod(np.arange(4 * width), 4)
    onto = []
    for own, letter in ((at, base), (width - 1 - at, 3 - base)):
        moved = own[:, None] - _steps(width)  # cells, shifts
        onto.append(np.where((moved >= 0) & (moved < width), 4 * moved + letter[:, None], 4 * width))
    places = np.concatenate(onto, axis=1)
    blocks = -(-places.shape[1] // WAYS)
    padded = np.pad(places, ((0, 0), (0, blocks * WAYS - places.shape[1])), mode="edge")
    tables = padded.reshape(len(places), blocks, WAYS).swapaxes(0, 1)
    return np.ascontiguousarray(tables.reshape(blocks, -1)), places


def _aligned(size: int) -> Floats:
    """Return an array that begins with a cache line: a table that does not takes a quarter longer to read."""
    room = np.empty(size + 16, dtype=np.float32)
    first = -room.ctypes.data % 64 // 4
    return room[first : first + size]
