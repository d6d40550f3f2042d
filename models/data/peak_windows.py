"""Training windows that move in each epoch: a random place in each peak, off the grid of bins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from motiflens.models.data.genome_windows import GenomeWindows, Places, Rows
from motiflens.models.data.intervals import overlaps
from motiflens.models.data.opened import Opened, annotation_bits
from motiflens.models.data.peaks import Peaks
from motiflens.models.types import Floats, Integers


class PeakWindows(GenomeWindows):
    """One window a peak, at another random place in each epoch, and the unbound bins (DeepGRN's ``use_peak``).

    Parameters
    ----------
    bins
        The training split as bins of a grid; its rows that are not bound are kept.
    peaks
        Of each cell type, (p, 3): chromosome, start and end.
    size
        Base pairs of the region that is drawn in a peak: the bin's. Of a shorter peak it holds the whole.
    meta_of
        Features of windows at places; None without any.
    """

    moving = True

    def __init__(
        self,
        bins: GenomeWindows,
        peaks: Sequence[Integers],
        size: int,
        meta_of: Callable[[Places], Floats] | None = None,
    ) -> None:
        every = np.concatenate([np.zeros((0, 3), dtype=np.int64), *peaks])
        unbound = np.flatnonzero(~(bins.labels == 1).any(axis=1))
        cells = np.repeat(np.arange(len(peaks)), [len(part) for part in peaks])
        rows = Rows(
            np.concatenate([np.arange(len(every)), bins.rows.window[unbound] + len(every)]),
            np.concatenate([cells, bins.rows.cell[unbound]]),
            np.concatenate([np.ones((len(every), bins.labels.shape[1]), np.float32), bins.labels[unbound]]),
        )
        places = Places(
            np.concatenate([every[:, 0], bins.places.chrom]), np.concatenate([every[:, 1], bins.places.start])
        )
        features = bins.features
        if features.window_meta is not None:
            meta = np.zeros((len(every), features.window_meta.shape[1]), dtype=np.float32)
            features = replace(features, window_meta=np.concatenate([meta, features.window_meta]))
        super().__init__(bins.genome, places, bins.length, rows, bins.tasks, features, ratio=bins.ratio)
        self._low = np.minimum(every[:, 1], every[:, 2] - size)
        self._high = np.maximum(every[:, 1], every[:, 2] - size)
        self._flank, self._meta_of = (bins.length - size) // 2, meta_of
        self._move(0, 0)

    def _move(self, number: int, seed: int) -> None:
        """Draw the peaks' places of an epoch."""
        n = len(self._low)
        starts = np.random.default_rng([seed, number, 12]).integers(self._low, self._high + 1) - self._flank
        self.places = Places(self.places.chrom, np.concatenate([starts, self.places.start[n:]]))
        vars(self).pop("table", None)
        meta = self.features.window_meta
        if meta is not None and self._meta_of is not None:
            moved = self._meta_of(self.places.take(np.arange(n)))
            self.features = replace(self.features, window_meta=np.concatenate([moved, meta[n:]]))

    def epoch(self, number: int, seed: int = 0) -> Integers:
        """Move the windows of peaks, and draw rows as `GenomeWindows.epoch` does."""
        self._move(number, seed)
        return super().epoch(number, seed)


def peak_windows(opened: Opened, bins: GenomeWindows, numbers: Sequence[int]) -> PeakWindows | None:
    """Return the training split with a random place in each peak; None where an experiment has labels alone.

    Peaks that touch the blacklist are left out, as their bins are.
    """
    size = min(opened.spec.bin, opened.spec.length)
    cells = set(np.unique(bins.rows.cell).tolist())
    parts = []
    for number, experiment in enumerate(opened.experiments):
        called = opened.peaks[experiment.name]
        if not isinstance(called, Peaks):
            return None
        kept = np.isin(called.chrom, np.asarray(numbers)) & (number in cells)
        if opened.blacklist is not None:
            for chrom in np.unique(called.chrom).tolist():
                here = called.chrom == chrom
                kept[here] &= ~overlaps(called.start[here], called.end[here], opened.blacklist.on(chrom))
        parts.append(np.stack([called.chrom, called.start, called.end], axis=1)[kept])
    meta_of = (lambda places: annotation_bits(opened, places)) if bins.meta_names else None
    return PeakWindows(bins, parts, size, meta_of)
