"""A motif: what every route from a model produces and every engine reads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from motiflens.models.limits import check_limit
from motiflens.models.types import Doubles

ROW_TOLERANCE = 1.01e-5  # six printed decimals; the MEME Suite uses such rows as they stand
MOST_SITES = 1e15  # beyond, pseudocounts are lost in rounding and log odds have no bound


@dataclass(frozen=True, eq=False)
class Motif:
    """A position probability matrix with its name and origin.

    Attributes
    ----------
    name
        Identifier (``MA0139.1``, ``kernel_012``).
    ppm
        (width, 4) float64: probabilities of A, C, G, T; rows sum to 1 (within 1e-5).
    alt
        Second name (``CTCF``); may be empty.
    nsites
        Number of sites behind the matrix; None where unknown (MEME format's 20 is then assumed by engines).
    evalue
        MEME format's E; 0 where unknown.
    family
        Structural family or cluster (``C2H2 zinc finger factors``); may be empty.
    source
        Where it came from (``jaspar2026``, a file's name, ``kernel``); may be empty.
    info
        Further values to report (activation threshold, channel, …).
    """

    name: str
    ppm: Doubles
    alt: str = ""
    nsites: float | None = None
    evalue: float = 0.0
    family: str = ""
    source: str = ""
    info: dict[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ppm = self.ppm
        if ppm.ndim != 2 or ppm.shape[1] != 4 or len(ppm) == 0:
            raise ValueError(f"motif {self.name}: its matrix has shape {ppm.shape}, expected (width > 0, 4)")
        if (
            not np.all(np.isfinite(ppm))
            or (ppm < 0).any()
            or not np.allclose(ppm.sum(axis=1), 1, rtol=0, atol=ROW_TOLERANCE)
        ):
            raise ValueError(f"motif {self.name}: its rows must be probabilities that sum to 1")
        check_limit("MOTIF_WIDTH", len(ppm), f"motif {self.name}")
        if self.nsites is not None and not 0 <= self.nsites <= MOST_SITES:
            raise ValueError(f"motif {self.name}: nsites {self.nsites}: expected 0 to {MOST_SITES:g}")

    @property
    def width(self) -> int:
        """Columns of the motif, in bp."""
        return len(self.ppm)

    @property
    def information(self) -> Doubles:
        """Information content of each position in bits, (width,), against a uniform background."""
        safe = np.where(self.ppm > 0, self.ppm, 1.0)
        return 2.0 + (self.ppm * np.log2(safe)).sum(axis=1)

    def reverse_complement(self) -> Motif:
        """Return the motif of the other strand."""
        from dataclasses import replace

        return replace(self, ppm=np.ascontiguousarray(self.ppm[::-1, ::-1]))
