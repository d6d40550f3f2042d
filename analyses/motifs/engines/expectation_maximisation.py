"""One matrix fitted to sequences that hold zero or one site each."""

from __future__ import annotations

from typing import Literal

import numpy as np

from motiflens.analyses.motifs.engines.denovo_numba import LETTERS, best_window, em_round
from motiflens.models.types import Codes, Doubles, Floats

Occurrences = Literal["zoops", "oops"]
PSEUDOCOUNT = 0.1  # sites' worth of background in every column
ROUNDS = 30
MOST = (
    0.5  # share of sequences with a site before looking: nearer to 1, chance matches and other motifs' sites enter
)
_NEVER = -1e4  # bits of an unknown base: it rules a site out


def expectation_maximisation(
    sequences: Codes,
    start: Doubles,
    background: Doubles,
    occurrences: Occurrences = "zoops",
    *,
    both_strands: bool = True,
    rounds: int = ROUNDS,
    unknown: tuple[float, float] = (_NEVER, _NEVER),
) -> tuple[Doubles, float]:
    """Fit one matrix to sequences with at most (ZOOPS) or exactly (OOPS) one site each.

    The model is MEME's (Bailey and Elkan 1994).

    Parameters
    ----------
    sequences
        (N, L) codes.
    start
        (width, 4) probabilities to start from.
    background
        (4,) base frequencies of what is no site.
    occurrences
        ``zoops`` or ``oops``.
    both_strands
        Sites may lie on either strand.
    rounds
        Most iterations; stops when no probability moves by 1e-3.
    unknown
        Bits of an unknown base (code 4) and of padding (5) within a site.

    Returns
    -------
    ppm
        (width, 4).
    sites
        Expected number of sites.

    Examples
    --------
    >>> from motiflens.models.data.one_hot import encode
    >>> background, start = np.full(4, 0.25), np.full((4, 4), 0.1) + 0.6 * np.eye(4)[[0, 1, 1, 3]]
    >>> ppm, sites = expectation_maximisation(encode("TTACCTTT")[None], start, background, both_strands=False)
    >>> ppm.argmax(axis=1).tolist()
    [0, 1, 1, 3]
    """
    codes = np.ascontiguousarray(sequences)
    ppm, share, sites = start, 0.5, 0.0
    for _ in range(rounds):
        stacked = strands_of(log_odds_of(ppm, background, unknown), both_strands)
        counts, sites = em_round(codes, stacked, share, occurrences == "oops")
        share = float(np.clip(sites / len(codes), 1e-3, MOST))
        fresh = counts + PSEUDOCOUNT * background
        fresh /= fresh.sum(axis=1, keepdims=True)
        moved = np.abs(fresh - ppm).max()
        ppm = fresh
        if moved < 1e-3:
            break
    return ppm, sites


def log_odds_of(ppm: Doubles, background: Doubles, unknown: tuple[float, float] = (_NEVER, _NEVER)) -> Floats:
    """Log odds in bits, (6, width); the last two rows are those of an unknown base and of padding."""
    safe = (ppm + 1e-4 * background) / (1 + 1e-4)
    rows = np.empty((LETTERS, len(ppm)), dtype=np.float32)
    rows[:4] = np.log2(safe / background).T
    rows[4], rows[5] = unknown
    return rows


def strands_of(log_odds: Floats, both_strands: bool) -> Floats:
    """Stack log odds and, for both strands, those of the reverse complement, (strands, 6, width)."""
    turned = log_odds[[3, 2, 1, 0, 4, 5]][:, ::-1]
    return np.ascontiguousarray(np.stack([log_odds, turned] if both_strands else [log_odds]))


def best_scores(sequences: Codes, log_odds: Floats, both_strands: bool) -> Floats:
    """Best log odds of each sequence, (N,), bits; -inf where it is shorter than the matrix.

    Examples
    --------
    >>> from motiflens.models.data.one_hot import encode
    >>> sure = log_odds_of(np.eye(4)[[0, 1]], np.full(4, 0.25))  # AC, of which GT is the other strand
    >>> best_scores(np.stack([encode("TTAC"), encode("GTTT"), encode("NNNN")]), sure, True).round(1).tolist()
    [4.0, 4.0, -20000.0]
    """
    return best_window(np.ascontiguousarray(sequences), strands_of(log_odds, both_strands))
