"""Scores in half precision: each channel of a window by a power of two of its own, so that small ones are kept."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from motiflens.models.hdf5 import values
from motiflens.models.types import Floats, Integers


def half_precision(scores: Floats) -> tuple[Any, Integers]:
    """Return scores, (N, C, L), as float16 and the powers of two, (N, C, 1), that they were divided by.

    The largest of each channel of a window lies in [.5, 1), so that three digits of it are kept whatever its size,
    and whatever that of other channels: DNase may count a billion times as much as bases.

    Examples
    --------
    >>> scaled, power = half_precision(np.array([[[3e-9, -1e-9], [300.0, 0.0]]], dtype=np.float32))
    >>> power.tolist(), (scaled.astype(np.float32) * 2.0**power).round(11).tolist()
    ([[[-28], [9]]], [[[3e-09, -1e-09], [300.0, 0.0]]])
    """
    power = np.frexp(np.abs(scores).max(axis=2, initial=0, keepdims=True))[1]  # N, C, 1
    return np.ldexp(scores, -power).astype(np.float16), power.astype(np.int64)


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
        scores = values(self._data, rows).astype(np.float32)
        return np.ldexp(scores, values(self._power, _without_positions(rows))).astype(np.float32)


def _without_positions(rows: Any) -> tuple[Any, ...]:
    """Return which powers belong to some scores: of their windows and channels; positions share one.

    >>> _without_positions((slice(3), 1)), _without_positions((..., 5))
    ((slice(None, 3, None), 1, slice(None, None, None)), (slice(None, None, None), slice(None, None, None), 0))
    """
    given: list[Any] = list(rows) if isinstance(rows, tuple) else [rows]
    at = next((i for i, part in enumerate(given) if part is Ellipsis), len(given))
    missing = 3 - len(given) + (at < len(given))
    given[at : at + 1] = [slice(None)] * missing
    return given[0], given[1], 0 if isinstance(given[2], int | np.integer) else slice(None)
