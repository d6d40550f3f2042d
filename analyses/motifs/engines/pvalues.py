"""Integer scores of a motif and their exact p-values, as FIMO has them."""

from __future__ import annotations

from typing import NamedTuple

import numba
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
    return _p_values(np.ascontiguousarray(scores, dtype=np.int32), np.ascontiguousarray(background, np.float64))


@numba.njit("float64[::1](int32[:, ::1], float64[::1])", cache=True, nogil=True)
def _p_values(scores: NDArray[np.int32], background: Doubles) -> Doubles:
    width = scores.shape[0]
    lows = np.empty(width, dtype=np.int64)
    highs = np.empty(width, dtype=np.int64)
    lowest = 0
    reach = 0
    for j in range(width):
        lows[j] = min(scores[j, 0], scores[j, 1], scores[j, 2], scores[j, 3])
        highs[j] = max(scores[j, 0], scores[j, 1], scores[j, 2], scores[j, 3])
        lowest += lows[j]
        reach += highs[j]
    now = np.zeros(reach - lowest + 1)
    new = np.zeros(reach - lowest + 1)
    now[0] = 1.0
    size = 1
    for j in range(width):
        grown = size + highs[j] - lows[j]
        for s in range(grown):
            new[s] = 0.0
        for a in range(4):
            shift = scores[j, a] - lows[j]
            weight = background[a]
            target = new[shift : shift + size]
            for s in range(size):
                target[s] += weight * now[s]
        now, new = new, now
        size = grown
    table = np.ones(reach + 1)
    total = 0.0
    for s in range(size - 1, -1, -1):  # the rarest first, so that small ones are exact
        total += now[s]
        table[lowest + s] = min(total, 1.0)
    return table
