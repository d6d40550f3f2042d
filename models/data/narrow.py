"""Whole numbers in little room."""

from __future__ import annotations

import numpy as np

from motiflens.models.types import Indices

_KINDS = (np.int16, np.int32)


def narrow(values: Indices) -> Indices:
    """Return whole numbers in the smallest signed type of two bytes or more that holds them.

    For arrays with one entry a window that are only used as indices: of a million windows each takes 2 to 4 MB in
    place of 8. Sums may overflow: widen before computing with them.

    Parameters
    ----------
    values
        (n,) whole numbers.

    Examples
    --------
    >>> narrow(np.array([0, 40])).dtype.name, narrow(np.array([0, 40_000])).dtype.name
    ('int16', 'int32')
    >>> narrow(np.array([-(1 << 40)])).dtype.name, narrow(np.array([], dtype=np.int64)).dtype.name
    ('int64', 'int16')
    """
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    for kind in _KINDS:
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind, copy=False)
    return values
