"""The bases under the intervals of a BED file, as sequences to scan, and where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiflens.models import types
from motiflens.models.data.genome import Genome, open_genome
from motiflens.models.data.one_hot import decode
from motiflens.models.data.peaks import read_peaks
from motiflens.models.types import Integers


@dataclass(frozen=True)
class ScanRegions:
    """Disjoint regions of a genome in its order, whose bases are read as they are iterated over.

    Attributes
    ----------
    path
        The BED file.
    intervals
        How many it holds; those that overlap or touch are one region, so that no occurrence counts twice.
    genome
        Where the bases are read.
    chrom, start, end
        (r,) numbers of the chromosomes; 0-based, half-open.
    """

    path: Path
    intervals: int
    genome: Genome
    chrom: Integers
    start: Integers
    end: Integers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Name (``chr:start-end``) and letters of each region."""
        places = zip(self.places, self.chrom.tolist(), self.start.tolist(), self.end.tolist(), strict=True)
        for name, number, start, end in places:
            yield name, decode(self.genome.read(np.array([number]), np.array([start]), end - start)[0])

    @property
    def places(self) -> Mapping[str, tuple[str, int]]:
        """Name of each region -> its chromosome and first base."""
        places = {}
        for number, start, end in zip(self.chrom.tolist(), self.start.tolist(), self.end.tolist(), strict=True):
            name = self.genome.names[number]
            places[f"{name}:{start}-{end}"] = (name, start)
        return places


def scan_regions(bed: types.Path, genome: types.Path) -> ScanRegions:
    """Open the regions of a BED or narrowPeak file: its whole intervals.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_peaks` and `open_genome`.

    Examples
    --------
    >>> _ = Path("g.fa").write_text(">c\\nACGTACGTAC\\n")
    >>> _ = Path("r.bed").write_text("c\\t6\\t9\\nc\\t0\\t3\\nc\\t2\\t4\\n")
    >>> list(scan_regions("r.bed", "g.fa"))
    [('c:0-4', 'ACGT'), ('c:6-9', 'GTA')]
    """
    opened = open_genome(genome)
    peaks = read_peaks(bed, opened)
    parts = [(number, *peaks.on(number)) for number in np.unique(peaks.chrom).tolist()]
    return ScanRegions(
        Path(bed),
        len(peaks),
        opened,
        np.concatenate([np.full(len(start), number, dtype=np.int64) for number, start, _ in parts]),
        np.concatenate([start for _, start, _ in parts]),
        np.concatenate([end for _, _, end in parts]),
    )
