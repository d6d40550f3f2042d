"""Integer scores of a motif and their exact p-values, as FIMO has them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motiflens.analyses.motifs.motif import Motif
from motiflens.models.types import Doubles

RANGE = 1000  # integer steps between a matrix's lowest and highest log odds
PSEUDOCOUNT = 0.1
DEFAULT_NSITES = 20.0


class Pssm(NamedTuple):
    """A position-specific scoring matrix in integers: bits = total / scale + width * offset."""

    scores: NDArray[np.int32]  # width, 4: >= 0
    scale: float  # steps per bit
    offset: float  # bits per position that a score of 0 stands for

    def bits(self, totals: NDArray[np.int64]) -> Doubles:
        """Sums of integer scores in bits of log odds."""
        return totals / self.scale + len(self.scores) * self.offset


def smooth(motif: Motif, background: Doubles, *, pseudocount: float = PSEUDOCOUNT) -> Doubles:
    """Frequencies after adding `pseudocount` sites, distributed as the background, to the motif's own, (width, 4).

    20 sites are assumed where the motif does not say, and a number of sites with a fraction loses it, as in the
    MEME Suite (nine of JASPAR 2026's matrices have one).

    >>> motif = Motif("m", np.array([[1.0, 0.0, 0.0, 0.0]]), nsites=1.9)
    >>> smooth(motif, np.full(4, 0.25)).round(4).tolist()
    [[0.9318, 0.0227, 0.0227, 0.0227]]
    """
    sites = float(int(motif.nsites)) if motif.nsites else DEFAULT_NSITES
    return (motif.ppm * sites + pseudocount * background) / (sites + pseudocount)


def log_odds(motif: Motif, background: Doubles, *, pseudocount: float = PSEUDOCOUNT) -> Doubles:
    """Log2 odds of the smoothed frequencies against the background, (width, 4)."""
    return np.log2(smooth(motif, background, pseudocount=pseudocount) / background)


def pssm(motif: Motif, background: Doubles, *, pseudocount: float = PSEUDOCOUNT) -> Pssm:
    """Scale a motif's log odds to integers, as FIMO does.

    The lowest log odds are rounded down to whole bits and one bit is split into as many whole steps as fit
    `RANGE` steps between that and the highest; found from the scores that FIMO 5.4.1 prints (always whole
    multiples of 1 / scale).

    Parameters
    ----------
    background
        (4,), positive; should be equal for complementary letters when both strands are scanned.
    """
    odds = log_odds(motif, background, pseudocount=pseudocount)
    lowest = float(np.floor(odds.min()))
    span = float(odds.max()) - lowest
    scale = float(np.floor(RANGE / span)) if span > 0 else 1.0  # a matrix equal to the background scores 0
    return Pssm(np.floor((odds - lowest) * scale + 0.5).astype(np.int32), scale, lowest)


def p_values(scores: NDArray[np.int32], background: Doubles) -> Doubles:
    """Probability that a random sequence scores at least s, for s = 0 .. sum of the columns' maxima.

    The distribution of the sum of independent columns, by dynamic programming over integer scores
    (Staden 1989; Grant, Bailey & Noble 2011).

    >>> p_values(np.array([[0, 1, 2, 3]], dtype=np.int32), np.full(4, 0.25)).tolist()
    [1.0, 0.75, 0.5, 0.25]
    """
    from motiflens.analyses.motifs.engines.pvalues_numba import add_columns  # `match` need not compile it

    wide = np.asarray(scores, dtype=np.int64, order="C")  # sums of columns need not fit into 32 bits
    lows, spans = wide.min(axis=1), np.ptp(wide, axis=1)
    pad = int(spans.max(initial=0))  # zeros before and after what is reached, so that every term can be read
    room = np.zeros((2, pad + int(spans.sum()) + 1 + pad))
    room[0, pad] = 1.0
    table = np.ones(int(lows.sum() + spans.sum()) + 1)
    add_columns(wide - lows[:, None], spans, np.ascontiguousarray(background, np.float64), pad, room, table)
    return table
