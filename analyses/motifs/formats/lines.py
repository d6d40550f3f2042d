"""Lines of a motif file and what every format asks of them: numbers, rows, one-line refusals."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.analyses.motifs.motif import MOST_SITES, Motif
from motiflens.models import types
from motiflens.models.limits import check_limit

SUM_TOLERANCE = 0.1  # rows that sum to 0.9 .. 1.1 are rounded frequencies; the MEME Suite refuses others
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")  # float() would take 1_0, nan and inf as well


class MotifFile(NamedTuple):
    """What a motif file holds."""

    motifs: list[Motif]
    background: types.Doubles | None  # 4: A, C, G, T; None where the file gives none


class Lines(NamedTuple):
    """Lines of a motif file in one format."""

    text: Sequence[str]
    name: str  # the file's
    format: str  # as refusals name it

    def refusal(self, line: int, reason: str) -> ValueError:
        """Make the error that names file, format and line (counted from 1)."""
        return ValueError(f"motif file {self.name} (read as {self.format}), line {line}: {reason}")

    def number(self, word: str, line: int, what: str = "a number") -> float:
        """Read one number, finite and at least 0."""
        value = float(word) if _NUMBER.fullmatch(word) else math.nan
        if not 0 <= value <= MOST_SITES:
            raise self.refusal(line, f"expected {what}, 0 to {MOST_SITES:g}, found {word[:40]!r}")
        return value

    def numbers(self, words: Sequence[str], line: int) -> list[float]:
        """Read numbers, finite and at least 0."""
        if not all(_NUMBER.fullmatch(word) for word in words):
            raise self.refusal(line, f"expected numbers, found {' '.join(words)[:40]!r}")
        values = [float(word) for word in words]
        if not all(0 <= value <= MOST_SITES for value in values):
            raise self.refusal(line, f"expected numbers >= 0 (at most {MOST_SITES:g}), found {words[:8]}")
        return values

    def probabilities(self, rows: Sequence[Sequence[float]], line: int, motif: str) -> types.Doubles:
        """Rows divided by their sums; rows that sum to 1 within 1e-5 stay as printed, as in the MEME Suite."""
        try:
            check_limit("MOTIF_WIDTH", len(rows), f"motif {motif}")
        except ValueError as error:
            raise self.refusal(line, str(error)) from error
        matrix = np.asarray(rows, dtype=np.float64)
        sums = matrix.sum(axis=1, keepdims=True)
        if (sums <= 1e-9).any():
            raise self.refusal(line, f"motif {motif} has a position of zeros only")
        return np.where(np.abs(sums - 1) <= 1e-5, matrix, matrix / sums)

    def from_counts(self, identifier: str, alt: str, counts: Sequence[Sequence[float]], line: int) -> Motif:
        """Make a motif of counts or frequencies, a row a position (A, C, G, T)."""
        ppm = self.probabilities(counts, line, identifier)
        total = float(sum(counts[0]))  # the first position's, as in MEME's converters
        sites = total if total > 1 + SUM_TOLERANCE else None  # rows that sum to 1 are frequencies
        return Motif(identifier, ppm, alt=alt, nsites=sites, source=Path(self.name).name)
