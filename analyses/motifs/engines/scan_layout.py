"""How occurrences are written: FIMO's table or BED, at the place in a sequence or on the genome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from motiflens.models.types import Doubles, Integers

COLUMNS = (
    "motif_id",
    "motif_alt_id",
    "sequence_name",
    "start",
    "stop",
    "strand",
    "score",
    "p-value",
    "q-value",
    "matched_sequence",
)


class ScanRows(NamedTuple):
    """Columns of some occurrences, in the order of FIMO's; start and stop are 1-based and inclusive."""

    motif: NDArray[Any]
    alt: NDArray[Any]
    sequence: NDArray[Any]
    start: Integers
    stop: Integers
    strand: NDArray[Any]
    score: Doubles
    p: Doubles
    q: Doubles
    matched: NDArray[Any]


@dataclass(frozen=True)
class ScanLayout:
    """What is written of each occurrence.

    Attributes
    ----------
    places
        Name of a sequence -> the chromosome on which it lies and its first base there, 0-based; sequences that are
        not named keep their own name and positions.
    bed
        BED (chromosome, start, end, motif, score, strand; 0-based, half-open; in order of place) in place of
        FIMO's table (in order of p). The score is -100 log10 p, at most 1000.
    """

    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    bed: bool = False

    @property
    def header(self) -> str:
        """The first line; BED has none."""
        return "" if self.bed else "\t".join(COLUMNS) + "\n"

    def placed(self, rows: ScanRows) -> ScanRows:
        """Return occurrences with the places of their sequences."""
        if not self.places or not len(rows.start):
            return rows
        where = [self.places.get(name, (name, 0)) for name in rows.sequence.tolist()]
        first = np.array([start for _, start in where], dtype=np.int64)
        names = np.array([name for name, _ in where], dtype=object)
        return rows._replace(sequence=names, start=rows.start + first, stop=rows.stop + first)

    def text(self, rows: ScanRows) -> str:
        """Return the lines of some occurrences."""
        columns = zip(*(column.tolist() for column in self.placed(rows)), strict=True)
        if self.bed:
            return "".join(
                f"{sequence}\t{start - 1}\t{stop}\t{bed_name(motif, alt)}\t{bed_score(p)}\t{strand}\n"
                for motif, alt, sequence, start, stop, strand, _, p, _, _ in columns
            )
        return "".join(
            f"{motif}\t{alt}\t{sequence}\t{start}\t{stop}\t{strand}\t{score:.6g}\t{p:.3g}\t{q:.3g}\t{matched}\n"
            for motif, alt, sequence, start, stop, strand, score, p, q, matched in columns
        )


def bed_name(motif: str, alt: str) -> str:
    """Return both names of a motif as one word, for BED's fourth column.

    >>> bed_name("MA0139.2", "CTCF"), bed_name("my motif", "")
    ('MA0139.2_CTCF', 'my_motif')
    """
    return "_".join((f"{motif}_{alt}" if alt else motif).split())


def bed_score(p: float) -> int:
    """Return -100 log10 of a p- or q-value, 0 to 1000, for BED's fifth column.

    >>> bed_score(1e-4), bed_score(0.0)
    (400, 1000)
    """
    return max(0, min(1000, round(-100 * math.log10(max(p, 1e-10)))))
