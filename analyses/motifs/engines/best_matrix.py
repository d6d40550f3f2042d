"""The matrix, of all words and widths, that separates primary from control sequences best."""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from motiflens.analyses.motifs.engines.denovo_numba import best_by_width, fisher_log_p
from motiflens.analyses.motifs.engines.denovo_options import DenovoOptions
from motiflens.analyses.motifs.engines.expectation_maximisation import (
    ROUNDS,
    best_scores,
    expectation_maximisation,
    log_odds_of,
    strands_of,
)
from motiflens.analyses.motifs.engines.seed_words import seed_words
from motiflens.models.types import Codes, Doubles, Floats, Integers

MARGIN = 3  # bp by which a seed may lie off its motif's centre
REACH = 6  # bp ahead that are looked at when a part grows to one side or the other
NEAR = 0.97  # of the best log p: the narrowest part that reaches it is taken
FLAT = 0.98  # of the best log p: the middle of such thresholds is taken
FLANK = 0.25  # bits that a column needs to be a motif's end
CHANCE = 6.5  # bits times sites: three times what a column of letters drawn from the background seems to hold
GROWN = 2000  # sequences that a word grows in; of more, every other one, every third one, …
THRESHOLDS = 200  # tried at most
_PADDING = 5
_WIDE = (-1.0, 0.0)  # bits of unknown bases and of padding in the wide matrix, which may hang over


class Fit(NamedTuple):
    """A matrix fitted to the training sequences.

    Attributes
    ----------
    ppm
        (width, 4).
    sites
        Expected number of sites.
    threshold
        Log odds in bits from which a sequence holds a site.
    log_p
        Natural logarithm of Fisher's p at that threshold, training sequences.
    """

    ppm: Doubles
    sites: float
    threshold: float
    log_p: float


class _Part(NamedTuple):
    """A wide matrix and the columns of it that were chosen."""

    wide: Doubles
    low: int
    high: int
    log_p: float


def best_matrix(primary: Codes, control: Codes, background: Doubles, options: DenovoOptions) -> Fit | None:
    """Fit the matrix that separates training sequences best; None where no word is over-represented.

    From each word a matrix wider than all widths grows by EM, in which sites may hang over a sequence's ends. Its
    parts of every width, nested about the most informative one, are compared by Fisher's test at their best
    threshold, and the narrowest that comes within 3 % of the best log p is taken. The best word's part grows by
    columns that hold information, loses ends that do not, and is fitted anew as it is.
    """
    widths = [width for width in options.widths if width <= min(primary.shape[1], control.shape[1])]
    room = max(widths) + 2 * MARGIN
    padded, other = (_padded(part, room // 2) for part in (primary, control))
    some = np.ascontiguousarray(padded[:: -(-len(padded) // GROWN)])
    best: _Part | None = None
    for word in _words(primary, control, options):
        wide, sites = _widened(some, _start(word, room, background), background, options, rounds=10)
        if sites >= 2:
            part = _best_width(padded, other, wide, background, (widths, options.both_strands))
            best = part if best is None or part.log_p < best.log_p else best
    if best is None:
        return None
    wide, sites = _widened(padded, best.wide, background, options, rounds=ROUNDS)
    low, high = _informative(wide, background, (best.low, best.high), widths, max(FLANK, CHANCE / max(sites, 1)))
    return _fitted(primary, control, np.ascontiguousarray(wide[low:high]), background, options)


def _words(primary: Codes, control: Codes, options: DenovoOptions) -> list[Codes]:
    """Seeds of each width in turn, `options.seeds` in all."""
    both, widths = options.both_strands, options.seed_widths
    by_width = [seed_words(primary, control, width, options.seeds, both_strands=both) for width in widths]
    in_turn = [word for words in zip_longest(*by_width) for word in words if word is not None]
    return in_turn[: options.seeds]


def _widened(
    padded: Codes, start: Doubles, background: Doubles, options: DenovoOptions, *, rounds: int
) -> tuple[Doubles, float]:
    return expectation_maximisation(
        padded,
        start,
        background,
        options.occurrences,
        both_strands=options.both_strands,
        rounds=rounds,
        unknown=_WIDE,
    )


def _fitted(
    primary: Codes, control: Codes, start: Doubles, background: Doubles, options: DenovoOptions
) -> Fit | None:
    both = options.both_strands
    ppm, sites = expectation_maximisation(primary, start, background, options.occurrences, both_strands=both)
    if sites < 2:
        return None
    log_odds = log_odds_of(ppm, background)
    threshold, log_p = separate(best_scores(primary, log_odds, both), best_scores(control, log_odds, both))
    return Fit(ppm, sites, threshold, log_p)


def _best_width(
    primary: Codes, control: Codes, wide: Doubles, background: Doubles, how: tuple[list[int], bool]
) -> _Part:
    """Find the narrowest part that separates as well as any, within `NEAR`."""
    widths, both = how
    parts = _nested(wide, background, min(widths), max(widths))
    columns = np.zeros((len(parts), 2), dtype=np.int64)
    for row in range(1, len(parts)):
        (low, high), before = parts[row], parts[row - 1]
        columns[row, 0] = low if low < before[0] else high - 1
    columns[:, 1] = len(wide) - 1 - columns[:, 0]
    stacked = strands_of(log_odds_of(wide, background), both)
    scores = [best_by_width(codes, stacked, parts[0], columns) for codes in (primary, control)]
    log_p = {width: separate(*(one[width - min(widths)] for one in scores))[1] for width in widths}
    lowest = min(log_p.values())
    width = min(width for width in widths if log_p[width] <= NEAR * lowest)
    low, high = (int(end) for end in parts[width - min(widths)])
    return _Part(wide, low, high, lowest)


def _informative(
    wide: Doubles, background: Doubles, part: tuple[int, int], widths: list[int], least: float
) -> tuple[int, int]:
    """Let a part grow by, or lose, columns at its ends so that it ends where the information does.

    Only widths that are to be tried are given; `least` is what an end holds, in bits.
    """
    information = (wide * np.log2(wide / background)).sum(axis=1)
    low, high = part
    while high - low + 1 in widths:
        left = information[low - 1] if low > 0 else -1.0
        right = information[high] if high < len(wide) else -1.0
        if max(left, right) < least:
            break
        low, high = (low - 1, high) if left > right else (low, high + 1)
    while high - low - 1 in widths and min(information[low], information[high - 1]) < least:
        low, high = (low + 1, high) if information[low] < information[high - 1] else (low, high - 1)
    return low, high


def _nested(wide: Doubles, background: Doubles, least: int, most: int) -> Integers:
    """First and one past the last column of parts of `least` to `most` columns, each within the next.

    The first holds the most information; each grows to the side that has more of it,
    in the next column or the mean of several.
    """
    information = (wide * np.log2(wide / background)).sum(axis=1)
    low = int(np.convolve(information, np.ones(least), mode="valid").argmax())
    high = low + least
    parts = [(low, high)]
    while high - low < most:
        left, right = _promise(information[:low][::-1]), _promise(information[high:])
        low, high = (low - 1, high) if left > right else (low, high + 1)
        parts.append((low, high))
    return np.array(parts, dtype=np.int64)


def _promise(information: Doubles) -> float:
    """Largest mean information of the next columns, over 1 to `REACH` of them; -1 where there are none."""
    ahead = information[:REACH]
    return float((np.cumsum(ahead) / np.arange(1, len(ahead) + 1)).max()) if len(ahead) else -1.0


def _start(word: Codes, width: int, background: Doubles) -> Doubles:
    """A matrix that prefers a word in its middle, (width, 4)."""
    ppm = np.tile(background, (width, 1))
    first = (width - len(word)) // 2
    ppm[first : first + len(word)] = 0.15 * background + 0.85 * np.eye(4)[word]
    return ppm


def _padded(codes: Codes, by: int) -> Codes:
    return np.pad(codes, ((0, 0), (by, by)), constant_values=_PADDING)


def separate(primary: Floats, control: Floats) -> tuple[float, float]:
    """Threshold (bits) at which the shares differ most by Fisher's test, and the natural log p there.

    Of neighbouring thresholds that come within 2 % of the best log p the middle one is taken: the very best one
    jumps with chance.

    Examples
    --------
    >>> threshold, log_p = separate(np.float32([1, 9, 9, 9]), np.float32([1, 1, 1, 2]))
    >>> threshold, round(float(np.exp(log_p)), 3)
    (9.0, 0.071)
    """
    order = np.unique(primary)
    picks = np.linspace(0, len(order) - 1, min(len(order), THRESHOLDS)).round().astype(int)
    candidates = order[picks]
    candidates = candidates[candidates > 0]
    if not len(candidates):
        return np.inf, 0.0
    a = len(primary) - np.searchsorted(np.sort(primary), candidates, side="left")
    b = len(control) - np.searchsorted(np.sort(control), candidates, side="left")
    log_p = fisher_log_p(a, b, len(primary), len(control))
    best = int(np.argmin(log_p))
    low = high = best
    while low > 0 and log_p[low - 1] <= FLAT * log_p[best]:
        low -= 1
    while high + 1 < len(log_p) and log_p[high + 1] <= FLAT * log_p[best]:
        high += 1
    middle = (low + high) // 2
    return float(candidates[middle]), float(log_p[middle])
