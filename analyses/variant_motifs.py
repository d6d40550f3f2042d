"""Which motif's site a variant makes, breaks or changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.engines.pvalues import p_values, pssm
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.data.vcf import Variant
from motiflens.models.types import Codes, Doubles, Integers

COLUMNS = (
    "motif",
    "motif_alt",
    "motif_start",
    "motif_strand",
    "motif_ref_score",
    "motif_alt_score",
    "motif_change",
)
UNIFORM = np.full(4, 0.25)


class MotifTables:
    """Scores of motifs on both strands, and the score that a site has at least.

    Parameters
    ----------
    motifs
        Any number.
    threshold
        p-value of a site, against a uniform background.
    """

    def __init__(self, motifs: Sequence[Motif], threshold: float) -> None:
        if not 0 < threshold < 1:
            raise ValueError(f"threshold {threshold}: expected a p-value between 0 and 1")
        self.motifs = list(motifs)
        self.matrices: list[Doubles] = []  # width, 5, in bits; an unknown base scores as the worst
        self.least: list[float] = []
        for motif in motifs:
            table = pssm(motif, UNIFORM)
            tails = p_values(table.scores, UNIFORM)
            first = int(np.searchsorted(-tails, -threshold))  # tails fall with the score
            bits = table.scores / table.scale + table.offset
            self.matrices.append(np.concatenate([bits, bits.min(axis=1, keepdims=True)], axis=1))
            self.least.append(float(table.bits(np.array([first]))[0]) - 1e-9)

    def best(self, number: int, codes: Codes, first: int, last: int) -> tuple[float, int, str]:
        """Best score of a motif whose start lies in [first, last], its start, and its strand."""
        matrix = self.matrices[number]
        width = len(matrix)
        first, last = max(first, 0), min(last, len(codes) - width)
        if last < first:
            return -np.inf, 0, "+"
        seen = np.lib.stride_tricks.sliding_window_view(codes[first : last + width], width)  # n, width
        columns: Integers = np.arange(width)
        forward = matrix[columns, seen].sum(axis=1)
        other = np.concatenate([matrix[::-1, 3::-1], matrix[::-1, 4:]], axis=1)
        backward = other[columns, seen].sum(axis=1)
        strand = "+" if forward.max() >= backward.max() else "-"
        scores = forward if strand == "+" else backward
        at = int(scores.argmax())
        return float(scores[at]), first + at, strand


def motif_changes(
    tables: MotifTables, ref: Codes, alt: Codes, at: int, variants: Sequence[Variant]
) -> pd.DataFrame:
    """Return, for each variant, the motif whose best site over it changes most.

    Parameters
    ----------
    tables
        The motifs.
    ref, alt
        (n, L): windows with either allele.
    at
        Where in the windows the variants begin.
    variants
        (n,).

    Returns
    -------
    pandas.DataFrame
        ``motif``, ``motif_alt`` (its second name), ``motif_start`` (1-based on the genome, of the better allele's
        site), ``motif_strand``, ``motif_ref_score``, ``motif_alt_score`` in bits, and ``motif_change``: ``made``,
        ``broken``, ``stronger`` or ``weaker``. Motifs without a site in either allele do not count; where none is
        left, texts are empty and scores NaN.
    """
    rows = []
    for row, variant in enumerate(variants):
        best: tuple[float, list[object]] = (0.0, ["", "", 0, "", np.nan, np.nan, ""])
        for number, motif in enumerate(tables.motifs):
            first = at - motif.width + 1
            old = tables.best(number, ref[row], first, at + len(variant.ref) - 1)
            new = tables.best(number, alt[row], first, at + len(variant.alt) - 1)
            least = tables.least[number]
            if max(old[0], new[0]) < least or abs(new[0] - old[0]) <= best[0]:
                continue
            site = old if old[0] >= new[0] else new
            start = variant.position - at + site[1] + 1
            change = _change(old[0] >= least, new[0] >= least, new[0] > old[0])
            best = (abs(new[0] - old[0]), [motif.name, motif.alt, start, site[2], old[0], new[0], change])
        rows.append(best[1])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _change(before: bool, after: bool, more: bool) -> str:
    if before != after:
        return "made" if after else "broken"
    return "stronger" if more else "weaker"
