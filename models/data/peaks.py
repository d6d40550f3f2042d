"""Peaks and other intervals from BED, narrowPeak and broadPeak files."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motiflens.models import types
from motiflens.models.data.genome import Genome
from motiflens.models.data.intervals import merge_intervals
from motiflens.models.data.text import read_lines
from motiflens.models.types import Doubles, Indices, Integers

_IDR_COLUMNS = 16  # of IDR's output of narrowPeaks, at least; BED has 12 at most
_PLAIN = 4  # columns of a BED with names, and nothing else
_SKIPPED = ("#", "track ", "browser ")


@dataclass(frozen=True)
class Peaks:
    """Intervals on a genome, in the file's order.

    Attributes
    ----------
    path
        The file.
    chrom
        (n,) numbers of the chromosomes in the genome.
    start, end
        (n,) 0-based, half-open.
    summit
        (n,) 0-based position of the summit: the peak caller's where the file is a narrowPeak, else the middle.
    name
        (n,) names; ``.`` where there is none.
    signal
        (n,) column 7 of narrowPeak and broadPeak (fold enrichment), NaN where there is none.
    called
        Whether the summits are the peak caller's.
    idr
        (n,) irreproducible discovery rate: of an output of IDR (16 columns or more) its column 12, which holds
        -log10; else from the score in column 5, which ENCODE's files hold as -125 log2; NaN where there is none.
    """

    path: Path
    chrom: Integers
    start: Integers
    end: Integers
    summit: Integers
    name: tuple[str, ...]
    signal: Doubles
    called: bool
    idr: Doubles | None = None

    def __len__(self) -> int:
        return len(self.start)

    def take(self, index: Integers) -> Peaks:
        """Return some of them."""
        arrays = {key: getattr(self, key)[index] for key in ("chrom", "start", "end", "summit", "signal")}
        names = tuple(self.name[i] for i in index.tolist())
        return replace(self, **arrays, name=names, idr=None if self.idr is None else self.idr[index])

    def by_idr(self, most: float) -> tuple[Peaks, Peaks]:
        """Return the peaks whose IDR is at most `most`, and the others.

        Raises
        ------
        ValueError
            If the file tells no IDR.
        """
        if self.idr is None or np.isnan(self.idr).any():
            raise ValueError(f"{self.path} tells no IDR: expected an output of IDR, or scores in column 5")
        passing = self.idr <= most
        return self.take(np.flatnonzero(passing)), self.take(np.flatnonzero(~passing))

    def on(self, number: int) -> tuple[Integers, Integers]:
        """Return the union of the intervals on one chromosome, sorted and disjoint."""
        here = self.chrom == number
        return merge_intervals(self.start[here], self.end[here])


def read_peaks(path: types.Path, genome: Genome) -> Peaks:
    """Read a BED (3 columns or more), narrowPeak or broadPeak file, plain or gzipped.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For wrong columns, coordinates that are no numbers, negative, reversed or past the chromosome's end,
        a summit outside its peak, or a chromosome that the genome lacks; the message names file and line.
    """
    columns: list[array[Any]] = [array(kind) for kind in "qqqqdd"]  # tuples of numbers are large
    names: list[str] = []
    called, count = True, 0
    for width, row in _rows(path, genome):
        # A million intervals without names and scores take no memory for those.
        for column, value in zip(
            columns, (*row[:4], *((row.signal, row.idr) if width > _PLAIN else ())), strict=False
        ):
            column.append(value)
        if width >= _PLAIN:
            names.append(row.name)
        count += 1
        called = called and row.called
    chrom, start, end, summit, signal, idr = (
        np.frombuffer(column, dtype=column.typecode) if column else np.broadcast_to(np.nan, count)
        for column in columns
    )
    name = tuple(names) or (".",) * count
    return Peaks(Path(path), chrom, start, end, summit, name, signal, called, idr)


class Summits(NamedTuple):
    """Summits of intervals, in the file's order."""

    chrom: Indices  # (n,) numbers of the chromosomes in the genome
    summit: Integers  # (n,) 0-based, as in `Peaks`
    name: tuple[str, ...]  # (n,) where all differ, else none


def read_summits(path: types.Path, genome: Genome) -> Summits:
    """Read where the summits of a file's intervals lie, and no more: a third of the memory of `read_peaks`.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_peaks`.
    """
    chrom, summit, names = array("i"), array("q"), list[str]()
    for width, row in _rows(path, genome):
        chrom.append(row.chrom)
        summit.append(row.summit)
        if width >= _PLAIN:
            names.append(row.name)
    if not names and len(summit) == 1:
        names = ["."]
    unique = len(set(names)) == len(summit)
    return Summits(
        np.frombuffer(chrom, dtype=np.int32), np.frombuffer(summit, dtype=np.int64), tuple(names) if unique else ()
    )


def _rows(path: types.Path, genome: Genome) -> Iterator[tuple[int, _Row]]:
    """Yield each interval of a file, after the number of columns, which all lines have."""
    width = 0
    for number, line in read_lines(path, "BED or narrowPeak file"):
        if line.startswith(_SKIPPED):
            continue
        fields = line.split("\t")
        width = width or len(fields)
        if len(fields) < 3 or len(fields) != width:
            raise ValueError(
                f"{path} line {number} has {len(fields)} tab-separated columns: expected "
                f"{max(width, 3) if width >= 3 else 'at least 3'} (chromosome, start, end, …)"
            )
        yield width, _row(path, number, fields, genome)
    if not width:
        raise ValueError(f"{path} holds no interval: expected a BED or narrowPeak file")


class _Row(NamedTuple):
    chrom: int
    start: int
    end: int
    summit: int
    name: str
    signal: float
    called: bool  # whether the file tells the summit
    idr: float


def _row(path: types.Path, number: int, fields: list[str], genome: Genome) -> _Row:
    where = f"{path} line {number}"
    start, end = _whole(where, "start", fields[1]), _whole(where, "end", fields[2])
    if start < 0:
        raise ValueError(f"{where} starts at {start}: coordinates are 0-based and not negative")
    if end <= start:
        raise ValueError(f"{where} ends at {end}, not after its start {start}: expected start < end")
    chrom = genome.number(fields[0], where)
    if end > genome.lengths[chrom]:
        raise ValueError(
            f"{where} ends at {end}, past the end of {fields[0]} ({genome.lengths[chrom]} bp in {genome.path}): "
            "are both of one genome?"
        )
    narrow = len(fields) == 10 or len(fields) >= _IDR_COLUMNS
    offset = _whole(where, "summit", fields[9]) if narrow else -1
    if offset >= end - start:
        raise ValueError(f"{where} has its summit {offset} bp after its start, outside the peak")
    summit = start + offset if offset >= 0 else (start + end) // 2
    name = fields[3] if len(fields) > 3 else "."
    return _Row(chrom, start, end, summit, name, _signal(where, fields), offset >= 0, _idr(fields))


def _idr(fields: list[str]) -> float:
    try:
        if len(fields) >= _IDR_COLUMNS:
            return float(10.0 ** -float(fields[11]))
        return float(2.0 ** (-float(fields[4]) / 125)) if len(fields) > 4 else float("nan")
    except (ValueError, OverflowError):
        return float("nan")


def _signal(where: str, fields: list[str]) -> float:
    if len(fields) not in (9, 10) and len(fields) < _IDR_COLUMNS:
        return float("nan")
    try:
        return float(fields[6])
    except ValueError:
        if len(fields) == 9:  # a BED9, whose column 7 is thickStart
            return float("nan")
        raise ValueError(f"{where} has the signal value {fields[6]!r}: expected a number") from None


def _whole(where: str, what: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{where} has the {what} {text!r}: expected a whole number") from None
