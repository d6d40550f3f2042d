"""Scores in half precision: each window by a power of two of its own, so that small ones are kept."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from motiflens.models.hdf5 import values
from motiflens.models.types import Floats, Integers


def half_precision(scores: Floats) -> tuple[Any, Integers]:
    """Return scores, (N, …), as float16 and the power of two, (N,), that each window was divided by.

    The largest of each window lies in [.5, 1), so that three digits of it are kept whatever its size.

    Examples
    --------
    >>> scaled, power = half_precision(np.array([[3e-9, -1e-9]], dtype=np.float32))
    >>> power.tolist(), (scaled.astype(np.float32) * 2.0 ** power[:, None]).round(11).tolist()
    ([-28], [[3e-09, -1e-09]])
    """
    largest = np.abs(scores).reshape(len(scores), -1).max(axis=1, initial=0)  # N
    power = np.frexp(largest)[1].astype(np.int64)
    shape = (-1, *[1] * (scores.ndim - 1))
    return np.ldexp(scores, -power.reshape(shape)).astype(np.float16), power


class Scaled:
    """Scores of a store in half precision, read as float32 when sliced; like the dataset that they are in."""

    def __init__(self, data: h5py.Dataset, power: h5py.Dataset) -> None:
        self._data, self._power = data, power
        self.shape: tuple[int, ...] = data.shape
        self.dtype, self.ndim = data.dtype, data.ndim

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, rows: Any) -> Floats:
        """Return scores of some windows (and channels, and positions)."""
        first = rows[0] if isinstance(rows, tuple) else rows
        scores = values(self._data, rows).astype(np.float32)
        power = values(self._power, slice(None) if first is Ellipsis else first)
        return np.ldexp(scores, power.reshape(power.shape + (1,) * (scores.ndim - power.ndim))).astype(np.float32)
