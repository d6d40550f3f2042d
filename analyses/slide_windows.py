"""The same place of a genome seen through windows that lie further on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motiflens.models.data.genome_windows import GenomeWindows, Places, Rows
from motiflens.models.data.windows import Subset, Windows
from motiflens.models.types import Integers


def slide_windows(windows: Windows, rows: Integers, by: Integers) -> Windows | None:
    """Move windows along the genome.

    Parameters
    ----------
    windows
        Windows of a genome, or a choice of such.
    rows
        (n,) which.
    by
        (n,) bp to move each by; positive is towards the chromosome's end.

    Returns
    -------
    Windows or None
        n windows, in order, with the signals, tracks and features of their cell type; labels are unknown (NaN) and
        annotation bits those of the window before it was moved. None where the data have no genome.
    """
    index = np.asarray(rows, dtype=np.int64)
    while isinstance(windows, Subset):
        index = windows.index[index]
        windows = windows.parent
    if not isinstance(windows, GenomeWindows):
        return None
    window = windows.rows.window[index]
    places = Places(windows.places.chrom[window], windows.places.start[window] + np.asarray(by, dtype=np.int64))
    labels = np.full((len(index), windows.labels.shape[1]), np.nan, dtype=np.float32)
    features = windows.features
    if features.window_meta is not None:
        features = replace(features, window_meta=features.window_meta[window])
    moved = Rows(np.arange(len(index)), windows.rows.cell[index], labels)
    return GenomeWindows(windows.genome, places, windows.length, moved, windows.tasks, features)
