"""A genome cut into bins, and their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from motiflens.models.data.genome import Genome
from motiflens.models.data.intervals import covered, merge_intervals, overlaps
from motiflens.models.data.labels import deepsea_labels, dream_labels, overlap_labels
from motiflens.models.data.peaks import Peaks
from motiflens.models.data.text import existing, is_gzip
from motiflens.models.types import Floats, Integers

Intervals = tuple[Integers, Integers]
Labeller = Callable[[int, Integers], Floats]  # number of a chromosome, starts of bins -> labels
_NONE: Intervals = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def usable_bins(genome: Genome, number: int, size: int, stride: int, blacklist: Peaks | None) -> Integers:
    """Return the starts of one chromosome's bins, leaving out blacklisted ones and gaps.

    Parameters
    ----------
    genome, number
        The chromosome.
    size, stride
        Of the bins, which lie wholly on the chromosome and begin at multiples of `stride`.
    blacklist
        Bins that share a base with it are left out, as are bins of which more than half is N.
    """
    starts = np.arange(0, max(int(genome.lengths[number]) - size + 1, 0), stride, dtype=np.int64)
    keep = covered(starts, starts + size, unknown_intervals(genome, number)) * 2 <= size
    if blacklist is not None:
        keep &= ~overlaps(starts, starts + size, blacklist.on(number))
    return starts[keep]


def unknown_intervals(genome: Genome, number: int, start: int = 0, end: int | None = None) -> Intervals:
    """Return the runs of N of one chromosome, or of its bases from `start` to `end`, cut off there."""
    unknown = (genome.chromosome(number)[start:end] & np.uint8(7)) == 4
    edges = np.flatnonzero(np.diff(unknown.view(np.int8), prepend=np.int8(0), append=np.int8(0))) + start
    return edges[0::2].astype(np.int64), edges[1::2].astype(np.int64)


def peak_labeller(peaks: Peaks, ambiguous: Sequence[Peaks], labelling: str, size: int) -> Labeller:
    """Return what labels bins by peaks.

    Parameters
    ----------
    peaks
        Of the experiment.
    ambiguous
        Peaks called at a lenient threshold, or that fail IDR; ``deepsea`` takes no notice of them.
    labelling
        ``deepsea``, ``dream`` or ``overlap``; see `labels`.
    size
        Of the bins.
    """
    if labelling == "deepsea":
        return lambda number, starts: deepsea_labels(starts, size, peaks.on(number))
    rule = overlap_labels if labelling == "overlap" else dream_labels

    def labels(number: int, starts: Integers) -> Floats:
        lenient = union([part.on(number) for part in ambiguous]) if ambiguous else None
        return rule(starts, size, peaks.on(number), lenient)

    return labels


class BinTable:
    """Labels of bins from an ENCODE-DREAM table: ``chr start stop CELL …`` with B, U or A.

    Parameters
    ----------
    path
        The table, plain or gzipped.
    cell_type
        Which column.
    genome
        The genome.
    size
        Of the bins.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For another header, a missing cell type, labels other than B, U and A, bins of another size, or
        chromosomes that the genome lacks.
    """

    def __init__(self, path: Path, cell_type: str, genome: Genome, size: int) -> None:
        self.path, self.size = existing(path, "table of DREAM labels"), size
        table = self._read(cell_type)
        chrom = np.array([genome.number(name, path) for name in table["chr"].cat.categories], dtype=np.int64)
        values = np.full(len(table[cell_type].cat.categories), np.nan, dtype=np.float32)
        for i, letter in enumerate(table[cell_type].cat.categories):
            if letter not in ("B", "U", "A"):
                raise ValueError(f"{path} column {cell_type} holds {letter!r}: expected B, U or A")
            values[i] = {"B": 1.0, "U": 0.0, "A": np.nan}[letter]
        if table[cell_type].isna().any():
            line = int(table[cell_type].isna().to_numpy().argmax()) + 2
            raise ValueError(f"{path} line {line} has no label for {cell_type}: expected B, U or A")
        self._chrom = chrom[table["chr"].cat.codes.to_numpy()]
        self._start = table["start"].to_numpy(dtype=np.int64)
        self._label = values[table[cell_type].cat.codes.to_numpy()]
        self._check(table["stop"].to_numpy(dtype=np.int64), genome)

    def _read(self, cell_type: str) -> pd.DataFrame:
        kinds = {"chr": "category", "start": "int64", "stop": "int64", cell_type: "category"}
        try:
            packed: Literal["gzip"] | None = "gzip" if is_gzip(self.path) else None
            header = list(pd.read_csv(self.path, sep="\t", nrows=0, compression=packed).columns)
            if header[:3] != ["chr", "start", "stop"]:
                raise ValueError(f"the header is {' '.join(header)[:60]!r}: expected chr start stop CELL …")
            if cell_type not in header:
                raise ValueError(f"no column is called {cell_type!r}: it has {', '.join(header[3:])}")
            return pd.read_csv(self.path, sep="\t", dtype=kinds, usecols=list(kinds), compression=packed)
        except (ValueError, EOFError, OSError) as error:
            raise ValueError(f"{self.path}: {' '.join(str(error).split())}") from error

    def _check(self, stop: Integers, genome: Genome) -> None:
        wrong = np.flatnonzero(stop - self._start != self.size)
        if len(wrong):
            i = int(wrong[0])
            raise ValueError(
                f"{self.path} line {i + 2} is {self._start[i]}-{stop[i]}: expected bins of {self.size} bp"
            )
        wrong = np.flatnonzero((self._start < 0) | (stop > genome.lengths[self._chrom]))
        if len(wrong):
            i = int(wrong[0])
            raise ValueError(
                f"{self.path} line {i + 2} ends at {stop[i]}, outside of {genome.names[self._chrom[i]]} "
                f"({genome.lengths[self._chrom[i]]} bp in {genome.path}): are both of one genome?"
            )

    def __call__(self, number: int, starts: Integers) -> Floats:
        """Return the labels of bins; NaN for ambiguous ones and for those that the table lacks."""
        here = np.flatnonzero(self._chrom == number)
        order = here[np.argsort(self._start[here], kind="stable")]
        known = self._start[order]
        at = np.minimum(np.searchsorted(known, starts), max(len(known) - 1, 0))
        labels = np.full(len(starts), np.nan, dtype=np.float32)
        if len(known):
            listed = known[at] == starts
            labels[listed] = self._label[order][at[listed]]
        return labels

    def bound(self, number: int) -> Intervals:
        """Return the union of the bins that are bound or ambiguous on one chromosome."""
        here = (self._chrom == number) & ~(self._label == 0)
        return merge_intervals(self._start[here], self._start[here] + self.size)


def union(parts: Sequence[Intervals]) -> Intervals:
    """Return the union of several sets of intervals, sorted and disjoint."""
    if not parts:
        return _NONE
    return merge_intervals(np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))
