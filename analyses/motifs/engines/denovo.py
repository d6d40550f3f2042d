"""Route 4: motifs from sequences alone, by k-mer seeds and expectation maximisation, tested on held-out ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import hypergeom

from motiflens.analyses.motifs.motif import Motif
from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.shuffle import dinucleotide_shuffle
from motiflens.models.option_ranges import check_numbers
from motiflens.models.types import Booleans, Codes, Doubles, Integers

Occurrences = Literal["zoops", "oops"]
PSEUDOCOUNT = 0.1  # sites' worth of background in every column
ROUNDS = 30
MARGIN = 3  # bp by which a seed may lie off its motif's centre


class Discovery(NamedTuple):
    """A motif found de novo.

    Attributes
    ----------
    motif
        ``info`` holds ``p`` (held-out), ``score`` (log-odds threshold in bits) and ``train_p``.
    p
        One-sided Fisher p of the held-out sequences with a site, primary against control, at the threshold
        chosen on the others.
    sites
        Held-out primary sequences, of which with a site; control sequences, of which with a site.
    """

    motif: Motif
    p: float
    sites: tuple[int, int, int, int]


@dataclass(frozen=True)
class DenovoOptions:
    """How motifs are sought in sequences alone.

    Attributes
    ----------
    widths
        Motif widths to try; those beyond the sequences' length are left out.
    maximum
        Most motifs to return.
    occurrences
        ``zoops`` (zero or one site a sequence) or ``oops`` (one).
    seeds
        Words that start EM, per motif.
    seed_width
        Letters of those words.
    holdout
        Share of primary and control sequences that training never sees.
    both_strands
        Sites may lie on either strand.
    alpha
        Significance that a motif needs for the search to count it a success.
    """

    widths: tuple[int, ...] = (8, 12, 16)
    maximum: int = 5
    occurrences: Occurrences = "zoops"
    seeds: int = 4
    seed_width: int = 6
    holdout: float = 0.1
    both_strands: bool = True
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if self.occurrences not in ("zoops", "oops"):
            raise ValueError(f"occurrences {self.occurrences!r}: expected zoops or oops")
        check_numbers(self)


def denovo(
    sequences: Codes, control: Codes | None = None, options: DenovoOptions | None = None, *, seed: int = 0
) -> list[Discovery]:
    """Find motifs that primary sequences hold and control sequences do not.

    Words of ``seed_width`` that are over-represented (both strands pooled) start EM under the 'zero or one
    occurrence per sequence' model of MEME (Bailey and Elkan 1994) or 'one occurrence' (OOPS); the width and seed
    whose matrix separates primary from control training sequences best (Fisher's test over thresholds) is kept,
    and that one matrix and threshold are tested once on the held-out sequences (as STREME does; Bailey 2021).
    Its sites are erased, and the search repeats until ``maximum`` motifs or two failures at ``alpha`` in a row.

    Parameters
    ----------
    sequences
        (N, L) codes of the primary sequences.
    control
        (M, L') codes. By default every primary sequence, its dinucleotides shuffled.
    options
        See `DenovoOptions`.
    seed
        Of the split and the shuffling.

    Returns
    -------
    list of Discovery
        In the order found, every tested one with its p: correct for their number (`p` * tests) to select.

    Raises
    ------
    ValueError
        With fewer than 20 sequences that hold enough known bases, or sequences shorter than all widths.
    """
    chosen = options or DenovoOptions()
    rng = np.random.default_rng(seed)
    primary = _usable(sequences, min(chosen.widths))
    fitting = tuple(width for width in chosen.widths if width <= sequences.shape[1])
    if not fitting:
        raise ValueError(
            f"sequences of {sequences.shape[1]} bp are shorter than all widths: {list(chosen.widths)}"
        )
    if len(primary) < 20:
        raise ValueError(
            f"de novo discovery needs 20 sequences with {min(chosen.widths)} known bases in a row, "
            f"got {len(primary)}"
        )
    contrast = dinucleotide_shuffle(primary, seed=seed) if control is None else _usable(control, min(fitting))
    if len(contrast) < 20:
        raise ValueError(f"de novo discovery needs at least 20 usable control sequences, got {len(contrast)}")
    chosen = replace(chosen, widths=fitting, seed_width=min(chosen.seed_width, *fitting))
    held = rng.permutation(len(primary)) < max(5, round(chosen.holdout * len(primary)))
    held_control = rng.permutation(len(contrast)) < max(5, round(chosen.holdout * len(contrast)))
    primary, contrast = primary.copy(), contrast.copy()
    background = _background(contrast)
    both = chosen.both_strands
    discoveries: list[Discovery] = []
    failures = 0
    while len(discoveries) < chosen.maximum and failures < 2:
        best = _best_matrix(primary[~held], contrast[~held_control], background, chosen)
        if best is None:
            break
        discovery = _test(best, primary, contrast, held, held_control, background, len(discoveries), both)
        discoveries.append(discovery)
        failures = 0 if discovery.p < chosen.alpha else failures + 1
        log_odds = _log_odds(discovery.motif.ppm, background)
        for group in (primary, contrast):
            _erase(group, log_odds, best.threshold, both)
    return discoveries


class _Fit(NamedTuple):
    ppm: Doubles
    sites: float
    threshold: float
    log_p: float


def _usable(sequences: Codes, width: int) -> Codes:
    """Sequences with `width` known bases in a row somewhere."""
    known = sequences < 4
    if sequences.shape[1] < width:
        return sequences[:0]
    runs = np.lib.stride_tricks.sliding_window_view(known, width, axis=1)  # n, m, width
    return sequences[(runs.sum(axis=2) == width).any(axis=1)]


def _background(sequences: Codes) -> Doubles:
    counts = np.bincount(sequences.ravel(), minlength=5)[:4].astype(np.float64)
    counts += counts[::-1] + 1  # both strands
    return counts / counts.sum()


def _best_matrix(primary: Codes, control: Codes, background: Doubles, options: DenovoOptions) -> _Fit | None:
    best: _Fit | None = None
    occurrences, both_strands = options.occurrences, options.both_strands
    for word in seed_words(primary, control, options.seed_width, options.seeds, both_strands=both_strands):
        for width in options.widths:
            start = _in_phase(primary, word, width, background, occurrences, both_strands)
            ppm, sites = expectation_maximisation(
                primary, start, background, occurrences, both_strands=both_strands
            )
            if sites < 2:
                continue
            log_odds = _log_odds(ppm, background)
            threshold, log_p = _separate(
                best_scores(primary, log_odds, both_strands), best_scores(control, log_odds, both_strands)
            )
            if best is None or log_p < best.log_p:
                best = _Fit(ppm, sites, threshold, log_p)
    return best


def _words(sequences: Codes, width: int, both_strands: bool) -> Integers:
    """Number of sequences that hold each word, (4 ** width,); each sequence counts once a word."""
    if sequences.shape[1] < width:
        return np.zeros(4**width, dtype=np.int64)
    power = 4 ** np.arange(width - 1, -1, -1)
    seen = []
    for strand in (sequences, reverse_complement(sequences)) if both_strands else (sequences,):
        view = np.lib.stride_tricks.sliding_window_view(strand, width, axis=1)  # n, m, width
        seen.append(np.where((view < 4).all(axis=2), view.astype(np.int64) @ power, -1))
    words = np.sort(np.concatenate(seen, axis=1), axis=1)
    fresh = np.ones(words.shape, dtype=bool)
    fresh[:, 1:] = words[:, 1:] != words[:, :-1]
    return np.bincount(words[fresh & (words >= 0)], minlength=4**width)


def seed_words(
    primary: Codes, control: Codes, width: int, count: int, *, both_strands: bool = True
) -> list[Codes]:
    """Words most over-represented in primary sequences, (width,) codes each.

    Over-representation is the difference of the shares of sequences that hold the word, in standard errors.
    A word, its reverse complement and what overlaps it by all but one letter count as one.
    """
    a, b = _words(primary, width, both_strands), _words(control, width, both_strands)
    share = (a + b + 1) / (len(primary) + len(control) + 2)
    error = np.sqrt(share * (1 - share) * (1 / len(primary) + 1 / len(control)))
    z = (a / len(primary) - b / len(control)) / error
    chosen: list[Codes] = []
    for code in np.argsort(-z, kind="stable"):
        if len(chosen) == count or z[code] <= 0:
            break
        word = ((int(code) // 4 ** np.arange(width - 1, -1, -1)) % 4).astype(np.uint8)
        if not any(_alike(word, other) for other in chosen):
            chosen.append(word)
    return chosen


def _alike(a: Codes, b: Codes) -> bool:
    for turned in (b, reverse_complement(b)):
        same = (a == turned).sum() >= len(a) - 1
        if same or np.array_equal(a[1:], turned[:-1]) or np.array_equal(a[:-1], turned[1:]):
            return True
    return False


def _start(word: Codes, width: int, background: Doubles) -> Doubles:
    """A matrix that prefers a word in its middle, (width, 4)."""
    ppm = np.tile(background, (width, 1))
    first = (width - len(word)) // 2
    ppm[first : first + len(word)] = 0.15 * background + 0.85 * np.eye(4)[word]
    return ppm


def _in_phase(
    primary: Codes, word: Codes, width: int, background: Doubles, occurrences: Occurrences, both_strands: bool
) -> Doubles:
    """A start about a word whose motif need not be centred on it, (width, 4).

    EM cannot shift a matrix along its sites: a few rounds with a wider one show where the information lies.
    """
    room = min(width + 2 * MARGIN, primary.shape[1])
    wide, _ = expectation_maximisation(
        primary, _start(word, room, background), background, occurrences, both_strands=both_strands, rounds=8
    )
    divergence = (wide * np.log2(wide / background)).sum(axis=1)
    first = int(np.convolve(divergence, np.ones(width), mode="valid").argmax())
    return wide[first : first + width]


def _log_odds(ppm: Doubles, background: Doubles) -> Doubles:
    """Bits, (5, width); an unknown base rules a site out."""
    safe = (ppm + 1e-4 * background) / (1 + 1e-4)
    return np.vstack([np.log2(safe / background).T, np.full(len(ppm), -1e4)])


def window_scores(sequences: Codes, log_odds: Doubles) -> Doubles:
    """Log-odds of every window, (N, L - width + 1), bits."""
    width = log_odds.shape[1]
    places = sequences.shape[1] - width + 1
    scores = np.zeros((len(sequences), places))
    for step in range(width):
        scores += log_odds[:, step][sequences[:, step : step + places]]
    return scores


def best_scores(sequences: Codes, log_odds: Doubles, both_strands: bool) -> Doubles:
    """Best log-odds of each sequence, (N,), bits."""
    best = window_scores(sequences, log_odds).max(axis=1)
    if both_strands:
        best = np.maximum(best, window_scores(sequences, _turn(log_odds)).max(axis=1))
    return best


def _turn(log_odds: Doubles) -> Doubles:
    """The log-odds of the other strand."""
    return log_odds[[3, 2, 1, 0, 4]][:, ::-1]


def expectation_maximisation(
    sequences: Codes,
    start: Doubles,
    background: Doubles,
    occurrences: Occurrences = "zoops",
    *,
    both_strands: bool = True,
    rounds: int = ROUNDS,
) -> tuple[Doubles, float]:
    """Fit one matrix to sequences with at most (ZOOPS) or exactly (OOPS) one site each.

    Parameters
    ----------
    sequences
        (N, L) codes.
    start
        (width, 4) probabilities to start from.
    background
        (4,) base frequencies of what is no site.
    occurrences, both_strands
        See `denovo`.
    rounds
        Most iterations; stops when no probability moves by 1e-3.

    Returns
    -------
    ppm
        (width, 4).
    sites
        Expected number of sites.
    """
    ppm, share = start, 0.5
    width = len(start)
    places = sequences.shape[1] - width + 1
    weight = np.zeros(len(sequences))
    for _ in range(rounds):
        log_odds = _log_odds(ppm, background)
        scores = window_scores(sequences, log_odds)
        if both_strands:
            scores = np.concatenate([scores, window_scores(sequences, _turn(log_odds))], axis=1)
        top = scores.max(axis=1, keepdims=True)
        likelihood = np.exp2(scores - top)
        total = likelihood.sum(axis=1, keepdims=True)
        if occurrences == "oops":
            posterior = likelihood / total
        else:  # odds of a site somewhere against none
            odds = share / (1 - share) * total / scores.shape[1] * np.exp2(np.minimum(top, 500))
            posterior = likelihood / total * (odds / (1 + odds))
        posterior[(top < -1e3).ravel()] = 0  # no window without an unknown base
        weight = posterior.sum(axis=1)
        share = float(np.clip(weight.mean(), 1e-3, 1 - 1e-3))
        counts = _weighted_counts(sequences, posterior[:, :places], width)
        if both_strands:
            counts += _weighted_counts(sequences, posterior[:, places:], width)[::-1, ::-1]
        fresh = counts + PSEUDOCOUNT * background
        fresh /= fresh.sum(axis=1, keepdims=True)
        moved = np.abs(fresh - ppm).max()
        ppm = fresh
        if moved < 1e-3:
            break
    return ppm, float(weight.sum())


def _weighted_counts(sequences: Codes, weights: Doubles, width: int) -> Doubles:
    """Sum of weights of each base at each position of a site, (width, 4)."""
    places = weights.shape[1]
    flat = weights.ravel()
    rows = [
        np.bincount(sequences[:, step : step + places].ravel(), weights=flat, minlength=5)[:4]
        for step in range(width)
    ]
    return np.stack(rows).astype(np.float64, copy=False)


def _separate(primary: Doubles, control: Doubles) -> tuple[float, float]:
    """Threshold (bits) at which the shares differ most by Fisher's test, and that log p (natural)."""
    order = np.unique(primary)
    candidates = order[np.linspace(0, len(order) - 1, min(len(order), 100)).round().astype(int)]
    candidates = candidates[candidates > 0]
    if not len(candidates):
        return np.inf, 0.0
    a = len(primary) - np.searchsorted(np.sort(primary), candidates, side="left")
    b = len(control) - np.searchsorted(np.sort(control), candidates, side="left")
    log_p = hypergeom.logsf(a - 1, len(primary) + len(control), len(primary), a + b)
    best = int(np.argmin(log_p))
    return float(candidates[best]), float(log_p[best])


def _test(
    fit: _Fit,
    primary: Codes,
    control: Codes,
    held: Booleans,
    held_control: Booleans,
    background: Doubles,
    number: int,
    both_strands: bool,
) -> Discovery:
    log_odds = _log_odds(fit.ppm, background)
    a = best_scores(primary[held], log_odds, both_strands) >= fit.threshold
    b = best_scores(control[held_control], log_odds, both_strands) >= fit.threshold
    p = float(hypergeom.sf(a.sum() - 1, len(a) + len(b), len(a), a.sum() + b.sum()))
    motif = Motif(
        name=f"denovo_{number:02d}",
        ppm=fit.ppm,
        nsites=round(fit.sites, 1),
        source="denovo",
        info={"p": p, "train_p": float(np.exp(fit.log_p)), "score": fit.threshold},
    )
    return Discovery(motif, min(p, 1.0), (len(a), int(a.sum()), len(b), int(b.sum())))


def _erase(sequences: Codes, log_odds: Doubles, threshold: float, both_strands: bool) -> None:
    """Make the bases of every site N, in place."""
    width = log_odds.shape[1]
    for matrix in (log_odds, _turn(log_odds)) if both_strands else (log_odds,):
        rows, places = np.nonzero(window_scores(sequences, matrix) >= threshold)
        sequences[rows[:, None], places[:, None] + np.arange(width)] = 4
