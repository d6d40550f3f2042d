"""Which motif's site a variant makes, breaks or changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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

    def best(self, number: int, codes: Codes, first: int, last: Integers) -> Best:
        """Best sites of a motif whose starts lie in [first, last] of each of some windows.

        Parameters
        ----------
        number
            The motif.
        codes
            (n, L) windows.
        first, last
            Starts of sites, the same first one for all; last (n,). Sites outside of the windows do not count.
        """
        matrix = self.matrices[number]
        width, length = len(matrix), codes.shape[1]
        first, last = max(first, 0), np.minimum(last, length - width)
        span = int(last.max(initial=-1)) - first + 1
        if span < 1:
            nothing = np.zeros(len(codes), dtype=np.int64)
            return Best(np.full(len(codes), -np.inf), nothing, nothing)
        seen = np.lib.stride_tricks.sliding_window_view(codes[:, first : first + span - 1 + width], width, axis=1)
        columns: Integers = np.arange(width)
        other = np.concatenate([matrix[::-1, 3::-1], matrix[::-1, 4:]], axis=1)
        scores = np.stack([one[columns, seen].sum(axis=2) for one in (matrix, other)], axis=1)  # n, 2, span
        scores[np.broadcast_to((first + np.arange(span) > last[:, None])[:, None], scores.shape)] = -np.inf
        flat = scores.reshape(len(codes), -1)
        at = flat.argmax(axis=1)
        return Best(flat[np.arange(len(codes)), at], first + at % span, at // span)


class Best(NamedTuple):
    """The best site of each of some windows, (n,) each."""

    score: Doubles  # bits; -inf where there is no place for one
    start: Integers
    strand: Integers  # 0 for +


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
    refs, alts = (
        np.array([len(getattr(one, name)) for one in variants], dtype=np.int64) for name in ("ref", "alt")
    )
    largest = np.zeros(len(variants))
    rows: list[list[object]] = [["", "", 0, "", np.nan, np.nan, ""] for _ in variants]
    for number, motif in enumerate(tables.motifs):
        old = tables.best(number, ref, at - motif.width + 1, at + refs - 1)
        new = tables.best(number, alt, at - motif.width + 1, at + alts - 1)
        least = tables.least[number]
        sites = np.maximum(old.score, new.score) >= least
        change = np.zeros(len(variants))
        change[sites] = np.abs(new.score[sites] - old.score[sites])
        for row in np.flatnonzero(change > largest).tolist():
            site = old if old.score[row] >= new.score[row] else new
            before, after = float(old.score[row]), float(new.score[row])
            start = variants[row].position - at + int(site.start[row]) + 1
            what = _change(before >= least, after >= least, after > before)
            rows[row] = [motif.name, motif.alt, start, "+-"[site.strand[row]], before, after, what]
        largest = np.maximum(largest, change)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _change(before: bool, after: bool, more: bool) -> str:
    if before != after:
        return "made" if after else "broken"
    return "stronger" if more else "weaker"
