"""A map's own resolution: each base belongs to the attention position whose field lies about it."""

from __future__ import annotations

import numpy as np

from motiflens.interpret.results import Field
from motiflens.models.types import Booleans, Doubles, Floats, Integers


def cells(field: Field, length: int) -> Integers:
    """Return the position whose field's centre is nearest to each base, (L,); the first one of two.

    Examples
    --------
    >>> cells(Field(np.array([0, 4]), 4, False), 8).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1]
    """
    return np.abs(np.arange(length)[:, None] - field.center[None]).argmin(axis=1).astype(np.int64)


def cell_means(track: Floats | Doubles, cell: Integers) -> Doubles:
    """Average a track, (N, L), over the bases of each cell that has any, (N, cells).

    Examples
    --------
    >>> cell_means(np.array([[1.0, 3.0, 5.0]]), np.array([0, 0, 2])).tolist()
    [[2.0, 5.0]]
    """
    member = cell[:, None] == np.unique(cell)[None]  # L, cells
    return (track.astype(np.float64) @ member) / member.sum(axis=0)


def cell_truth(inside: Booleans, cell: Integers) -> Booleans:
    """Tell which cells hold a base that lies in a site, (N, cells).

    Examples
    --------
    >>> cell_truth(np.array([[False, True, False]]), np.array([0, 0, 2])).tolist()
    [[True, False]]
    """
    return cell_means(inside.astype(np.float64), cell) > 0
