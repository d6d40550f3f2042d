"""The transcription factors that are planted: their matrices from JASPAR, sites drawn from them, and scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from motiflens.models.data.simulate.stream import Stream
from motiflens.models.types import Codes, Doubles, Integers

RELEASE = "JASPAR2026"  # the matrices named below must be fetched from one pinned release
# Name -> (matrix, log2 of its concentration in each cell type). SPI1 is strong in the first cell type, FOXA1 and
# GATA1 in the second, as in lymphoid against hepatic or erythroid cells.
FACTORS: dict[str, tuple[str, tuple[float, float]]] = {
    "CTCF": ("MA0139.1", (1.0, 1.0)),
    "REST": ("MA0138.3", (1.0, 0.75)),
    "FOXA1": ("MA0148.4", (0.0, 1.5)),
    "SPI1": ("MA0080.7", (1.5, 0.25)),
    "GATA1": ("MA0035.4", (1.0, 2.0)),
    "EGR1": ("MA0162.4", (0.5, 0.25)),
    "JUN": ("MA0099.3", (0.5, 0.75)),
    "MAX": ("MA0058.3", (0.75, 0.75)),
}
PAIR = ("GATA1", "MAX")  # the first binds only with a site of the second near it, as GATA1 with TAL1's E-box
_PSEUDOCOUNT = 0.25  # per base and column; no base is impossible
MILLIBITS = 1000  # scores are whole numbers of 1/1000 bit, so that they add up the same everywhere


@dataclass(frozen=True, eq=False)
class Factor:
    """A transcription factor.

    Attributes
    ----------
    name, matrix
        The factor, and its JASPAR identifier.
    ppm
        (width, 4): probabilities of A, C, G, T.
    scores
        (width, 4): log2 of `ppm` over 1/4 in whole millibits.
    concentration
        Log2 of the factor's concentration in each cell type, relative.
    half
        Score in millibits at which a site is half occupied where concentration and accessibility are 1: the
        tenth percentile of the scores of the matrix's own sites, but no lower than what one in 10,000 random
        places reaches (one in 1,000 for a factor that needs a partner).
    """

    name: str
    matrix: str
    ppm: Doubles
    scores: Integers
    concentration: tuple[float, float]
    half: int

    @property
    def width(self) -> int:
        """Width of its sites, in bp."""
        return len(self.ppm)

    def sample(self, stream: Stream, size: int) -> Codes:
        """Draw sites from the matrix, forward strand, (size, width) codes."""
        return sample_sites(self.ppm, stream, size)

    def score(self, codes: Codes) -> Integers:
        """Scores of sites on the forward strand, (n, width) codes -> (n,) millibits."""
        return score_sites(self.scores, codes)


def sample_sites(ppm: Doubles, stream: Stream, size: int) -> Codes:
    """Draw sites from a matrix, (size, width) codes."""
    limits = np.rint(np.cumsum(ppm, axis=1)[:, :3] * 2**24)  # width, 3
    draws = np.floor(stream.uniform(size * len(ppm)) * 2**24).reshape(size, len(ppm), 1)
    return (draws >= limits).sum(axis=2).astype(np.uint8)


def score_sites(scores: Integers, codes: Codes) -> Integers:
    """Scores of sites, (n, width) codes -> (n,) millibits."""
    total = np.zeros(len(codes), dtype=np.int64)
    for column in range(len(scores)):
        total += scores[column][codes[:, column]]
    return total


def millibits(ppm: Doubles) -> Integers:
    """Log-odds of a matrix against 1/4, (width, 4), rounded to millibits."""
    return np.rint(MILLIBITS * np.log2(ppm * 4)).astype(np.int64)


@cache
def factors() -> tuple[Factor, ...]:
    """Return the eight factors with their matrices from the pinned JASPAR release."""
    from pyjaspar import jaspardb

    base = jaspardb(release=RELEASE)
    made = []
    for name, (matrix, concentration) in FACTORS.items():
        motif: Any = base.fetch_motif_by_id(matrix)
        counts = np.array([motif.counts[base] for base in "ACGT"], dtype=np.float64).T + _PSEUDOCOUNT  # w, 4
        ppm = counts / (((counts[:, 0] + counts[:, 1]) + counts[:, 2]) + counts[:, 3])[:, None]
        scores = millibits(ppm)
        made.append(Factor(name, matrix, ppm, scores, concentration, _half(matrix, ppm, scores, name == PAIR[0])))
    return tuple(made)


@cache
def unassisted_half() -> int:
    """Return `Factor.half` of the pair's first factor where it needs no partner, in millibits."""
    factor = next(factor for factor in factors() if factor.name == PAIR[0])
    return _half(factor.matrix, factor.ppm, factor.scores, False)


def _half(matrix: str, ppm: Doubles, scores: Integers, assisted: bool) -> int:
    stream = Stream(0, f"half {matrix}")
    own = np.sort(score_sites(scores, sample_sites(ppm, stream, 4000)))
    random = np.tile(np.array([0.3, 0.2, 0.2, 0.3]), (len(ppm), 1))
    other = np.sort(score_sites(scores, sample_sites(random, stream, 200_000)))
    return int(max(own[400], other[-200 if assisted else -20]))
