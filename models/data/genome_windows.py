"""Windows of a genome, with signals and labels that may differ between cell types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from motiflens.models.data.genome import Genome
from motiflens.models.data.tracks import Track
from motiflens.models.data.windows import BASES, Batch, Windows
from motiflens.models.types import Codes, Doubles, Floats, Indices, Integers

Signal = Track | Mapping[str, Track]  # the same in every cell type, or one for each


@dataclass(frozen=True)
class Places:
    """Where windows lie: arrays of one entry a window.

    Attributes
    ----------
    chrom
        (w,) numbers of the chromosomes.
    start
        (w,) first base of the window; negative where it begins before the chromosome does.
    """

    chrom: Indices
    start: Indices

    def __len__(self) -> int:
        return len(self.start)

    def take(self, index: Indices) -> Places:
        """Return some of them."""
        return Places(self.chrom[index], self.start[index])


@dataclass(frozen=True)
class Rows:
    """Labelled rows over `Places`: each is one window, in one cell type or in all.

    Attributes
    ----------
    window
        (r,) index into the places.
    cell
        (r,) index into the cell types; all 0 where rows are not of one cell type.
    labels
        (r, outputs) float32.
    """

    window: Indices
    cell: Indices
    labels: Floats


@dataclass(frozen=True)
class Features:
    """What is read at windows beside bases.

    Attributes
    ----------
    cell_types
        Names; empty where rows are not of one cell type.
    signals
        Channel name -> signal, in the order of the channels.
    tracks
        Name -> signal, for `Windows.track`.
    cell_meta
        (cell types, K): features of a cell type (expression components); K = 0 where rows have no cell type.
    window_meta
        (w, B): features of a window (annotation bits).
    meta_names
        K + B names.
    """

    cell_types: tuple[str, ...] = ()
    signals: Mapping[str, Signal] = field(default_factory=dict)
    tracks: Mapping[str, Signal] = field(default_factory=dict)
    cell_meta: Floats = field(default_factory=lambda: np.zeros((1, 0), dtype=np.float32))
    window_meta: Floats | None = None
    meta_names: tuple[str, ...] = ()


class GenomeWindows(Windows):
    """Windows read from a `Genome` and `Track` files when they are asked for.

    Parameters
    ----------
    genome
        The genome.
    places
        The windows' positions.
    length
        Base pairs per window.
    rows
        Their labels.
    tasks
        Names of the outputs.
    features
        Signals, tracks and meta.
    ratio
        Rows without a positive label per row with one in an epoch, drawn afresh each time, equally from each
        cell type as far as there are enough; ``inf``: all.
    """

    def __init__(
        self,
        genome: Genome,
        places: Places,
        length: int,
        rows: Rows,
        tasks: tuple[str, ...],
        features: Features | None = None,
        *,
        ratio: float = np.inf,
    ) -> None:
        self.genome, self.places, self.rows, self.ratio = genome, places, rows, ratio
        self.features = features or Features()
        self.length, self.labels, self.tasks = length, rows.labels, tasks
        self.channels = (*BASES, *self.features.signals)
        self.meta_names = self.features.meta_names

    @cached_property
    def table(self) -> pd.DataFrame:  # type: ignore[override]
        """See `Windows`; made when first asked for, since it takes about 100 bytes a row."""
        return self._table(np.arange(len(self)))

    def table_of(self, index: Integers) -> pd.DataFrame:
        return self.table.iloc[index] if "table" in self.__dict__ else self._table(index)

    def _table(self, index: Integers) -> pd.DataFrame:
        chrom, start = self._where(index)
        names = np.asarray(self.genome.names, dtype=object)[chrom]
        table = pd.DataFrame({"chrom": names, "start": start, "end": start + self.length})
        table.insert(0, "name", table["chrom"] + ":" + table["start"].astype(str) + "-" + table["end"].astype(str))
        if self.features.cell_types:
            table["cell_type"] = np.asarray(self.features.cell_types, dtype=object)[self.rows.cell[index]]
        return table

    def codes(self, index: Integers) -> Codes:
        chrom, start = self._where(index)
        return self.genome.read(chrom, start, self.length)

    def signals(self, index: Integers) -> Floats:
        out = np.zeros((len(index), len(self.features.signals), self.length), dtype=np.float32)
        for i, signal in enumerate(self.features.signals.values()):
            out[:, i] = self._read(signal, index)
        return out

    def read(self, index: Integers) -> Batch:
        """Read some windows as a model takes them; filled in place, since copies cost more than reading."""
        x = np.empty((len(index), len(self.channels), self.length), dtype=np.float32)
        codes = self.codes(index)
        for base in range(4):
            np.equal(codes, base, out=x[:, base], casting="unsafe")
        for i, signal in enumerate(self.features.signals.values(), start=4):
            x[:, i] = self._read(signal, index)
        return Batch(x, self.labels[index], self.meta(index))

    def meta(self, index: Integers) -> Floats | None:
        if not self.meta_names:
            return None
        parts = [self.features.cell_meta[self.rows.cell[index]]]
        if self.features.window_meta is not None:
            parts.append(self.features.window_meta[self.rows.window[index]])
        return np.concatenate(parts, axis=1)

    def track(self, name: str, index: Integers) -> Floats:
        if name not in self.features.tracks:
            return super().track(name, index)
        return self._read(self.features.tracks[name], index)

    @property
    def tracks(self) -> tuple[str, ...]:
        return tuple(self.features.tracks)

    def epoch(self, number: int, seed: int = 0) -> Integers:
        """Return all rows with a positive label and freshly drawn others, shuffled (see `ratio`)."""
        generator = np.random.default_rng([seed, number])
        positive, pools = self._pools
        total = self.ratio * len(positive)
        if total >= sum(map(len, pools)):
            return generator.permutation(len(self.labels))
        wanted = share(round(total), [len(pool) for pool in pools])
        drawn = [generator.choice(pool, count, replace=False) for pool, count in zip(pools, wanted, strict=True)]
        return generator.permutation(np.concatenate([positive, *drawn]))

    @cached_property
    def _pools(self) -> tuple[Integers, list[Integers]]:
        """Rows with a positive label, and the others of each cell type."""
        bound = (self.labels == 1).any(axis=1)
        cells = max(1, len(self.features.cell_types))
        return np.flatnonzero(bound), [np.flatnonzero(~bound & (self.rows.cell == i)) for i in range(cells)]

    def _where(self, index: Integers) -> tuple[Integers, Integers]:
        window = self.rows.window[index]
        return self.places.chrom[window].astype(np.int64), self.places.start[window].astype(np.int64)

    def _read(self, signal: Signal, index: Integers) -> Floats:
        chrom, start = self._where(index)
        if isinstance(signal, Track):
            return signal.read(chrom, start, self.length)
        out = np.zeros((len(chrom), self.length), dtype=np.float32)
        cells = self.rows.cell[index]
        for i in np.unique(cells).tolist():
            track = signal.get(self.features.cell_types[i])
            if track is not None:
                here = cells == i
                out[here] = track.read(chrom[here], start[here], self.length)
        return out


def share(total: int, sizes: list[int]) -> list[int]:
    """Divide `total` as equally as `sizes` allow: what one cannot give, the others do.

    >>> share(10, [2, 100, 100]), share(7, [9, 9])
    ([2, 4, 4], [4, 3])
    """
    given = [0] * len(sizes)
    for done, i in enumerate(sorted(range(len(sizes)), key=lambda i: (sizes[i], i))):
        left = total - sum(given)
        given[i] = min(sizes[i], -(-left // (len(sizes) - done)))
    return given


def gc_and_masked(genome: Genome, places: Places, length: int) -> tuple[Doubles, Doubles, Doubles]:
    """Return the GC fraction of known bases, the soft-masked and the unknown fraction of windows, (w,) each."""
    gc, masked, unknown = (np.zeros(len(places)) for _ in range(3))
    for first in range(0, len(places), 8192):  # so that memory stays at 8192 windows
        part = slice(first, first + 8192)
        codes = genome.read(places.chrom[part], places.start[part], length)
        missing = (codes == 4).sum(axis=1)
        gc[part] = ((codes == 1) | (codes == 2)).sum(axis=1) / np.maximum(length - missing, 1)
        masked[part] = genome.masked(places.chrom[part], places.start[part], length).mean(axis=1)
        unknown[part] = missing / length
    return gc, masked, unknown
