"""Which windows one epoch draws."""

from __future__ import annotations

import numpy as np

from motiflens.models.data.windows import Windows
from motiflens.models.types import Integers


def draw_epoch(
    windows: Windows, number: int, seed: int, *, use_peak: bool = False, most: int | None = None
) -> Integers:
    """Return the rows to train on in one epoch, in order.

    Parameters
    ----------
    windows
        The training split; its own `epoch` draws the negatives.
    number, seed
        The same ones always give the same rows.
    use_peak
        Of each peak draw one random window in place of all of its windows (DeepGRN's ``use_peak``), and
        negatives in proportion. Where the data's own peaks are at hand, a random place in each is drawn
        (`PeakWindows`); else a peak is a run of bound windows of one cell type that overlap or touch.
    most
        At most so many windows, chosen at random; None for all.

    Raises
    ------
    ValueError
        If `use_peak` is wanted where windows have no coordinates or more than one task.
    """
    rows = windows.epoch(number, seed)
    if not use_peak or windows.moving:
        return rows[:most]  # they come shuffled
    bound = (windows.labels[rows] == 1).any(axis=1)
    generator = np.random.default_rng([seed, number, 4])
    peaks = peak_numbers(windows, rows[bound])
    shuffled = generator.permutation(len(peaks))
    _, first = np.unique(peaks[shuffled], return_index=True)  # a random member of each peak
    keep = np.zeros(len(rows), dtype=bool)
    keep[np.flatnonzero(bound)[shuffled[first]]] = True
    others = np.flatnonzero(~bound)
    wanted = round(len(others) * len(first) / max(len(peaks), 1))
    keep[generator.permutation(others)[:wanted]] = True
    return rows[keep][:most]


def peak_numbers(windows: Windows, rows: Integers) -> Integers:
    """Number the peaks that bound rows belong to, (n,)."""
    table = windows.table
    if not {"chrom", "start", "end"} <= set(table.columns) or windows.labels.shape[1] != 1:
        raise ValueError("use_peak needs windows with coordinates and one TF: open the data with --tf")
    part = table.iloc[rows]
    keys = [part["chrom"].astype("category").cat.codes.to_numpy()]
    if "cell_type" in part:
        keys.append(part["cell_type"].astype("category").cat.codes.to_numpy())
    start = part["start"].to_numpy()
    order = np.lexsort((start, *keys))
    gap = _stride(table["start"].to_numpy()[:1000])
    new = np.diff(start[order], prepend=start[order[:1]] if len(order) else 0) > gap
    for key in keys:
        new |= np.diff(key[order], prepend=key[order[:1]] if len(order) else 0) != 0
    numbers = np.empty(len(rows), dtype=np.int64)
    numbers[order] = np.cumsum(new)
    return numbers


def _stride(starts: Integers) -> int:
    """Return the distance between neighbouring windows: the smallest positive difference of starts."""
    steps = np.diff(np.unique(starts))
    return int(steps.min()) if len(steps) else 1
