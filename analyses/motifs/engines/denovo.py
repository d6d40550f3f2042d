"""Route 4: motifs from sequences alone, by words and expectation maximisation, tested on held-out ones."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.stats import hypergeom

from motiflens.analyses.motifs.engines.best_matrix import Fit, best_matrix
from motiflens.analyses.motifs.engines.denovo_numba import erase
from motiflens.analyses.motifs.engines.denovo_options import DenovoOptions
from motiflens.analyses.motifs.engines.expectation_maximisation import (
    best_scores,
    log_odds_of,
    strands_of,
)
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.data.shuffle import dinucleotide_shuffle
from motiflens.models.types import Booleans, Codes, Doubles

HELD = 60  # sequences held out where a tenth is fewer, of at most a third: a test of 5 sequences says nothing
CONTROLS = 600  # shuffled sequences at least: of few primary ones each is shuffled several times
CERTAIN = 8.0  # bits, or half of a matrix's highest score: fewer may be another motif that shares letters with it


class Discovery(NamedTuple):
    """A motif found de novo.

    Attributes
    ----------
    motif
        ``info`` holds ``p`` (held-out), ``corrected_p``, ``score`` (log-odds threshold in bits),
        ``train_p``, and ``log10_p`` and ``log10_train_p`` where these are too small for a number.
    p
        One-sided Fisher p of the held-out sequences with a site, primary against control, at the threshold
        chosen on the others.
    corrected_p
        The same times the number of motifs that were tested (Bonferroni), at most 1.
    sites
        Held-out primary sequences, of which with a site; control sequences, of which with a site.
    """

    motif: Motif
    p: float
    corrected_p: float
    sites: tuple[int, int, int, int]


def denovo(
    sequences: Codes, control: Codes | None = None, options: DenovoOptions | None = None, *, seed: int = 0
) -> list[Discovery]:
    """Find motifs that primary sequences hold and control sequences do not.

    Words of ``seed_widths`` that are over-represented start EM (see `best_matrix`); of all words and widths the
    matrix that separates primary from control training sequences best is kept, and that one matrix and threshold
    are tested once on the held-out sequences (as STREME does; Bailey 2021). Its sites are erased, and the search
    repeats until ``patience`` motifs in a row are not significant at ``alpha`` after Bonferroni's correction.

    Parameters
    ----------
    sequences
        (N, L) codes of the primary sequences.
    control
        (M, L') codes. By default every primary sequence, its dinucleotides shuffled, several times where there are
        fewer than `CONTROLS`: the more there are, the less chance it takes to tell a motif from none.
    options
        See `DenovoOptions`.
    seed
        Of the split and the shuffling.

    Returns
    -------
    list of Discovery
        Every tested one, the smallest p first; select by `corrected_p`.

    Raises
    ------
    ValueError
        With fewer than 20 sequences that hold enough known bases, or sequences shorter than all widths.
    """
    chosen = options or DenovoOptions()
    rng = np.random.default_rng(seed)
    primary = _usable(sequences, min(chosen.widths))
    fitting = tuple(sorted({width for width in chosen.widths if width <= sequences.shape[1]}))
    if not fitting:
        raise ValueError(
            f"sequences of {sequences.shape[1]} bp are shorter than all widths: {list(chosen.widths)}"
        )
    if len(primary) < 20:
        raise ValueError(
            f"de novo discovery needs 20 sequences with {min(chosen.widths)} known bases in a row, "
            f"got {len(primary)}"
        )
    contrast = _shuffled(primary, seed) if control is None else _usable(control, min(fitting))
    if len(contrast) < 20:
        raise ValueError(f"de novo discovery needs at least 20 usable control sequences, got {len(contrast)}")
    words = tuple(dict.fromkeys(min(width, max(fitting)) for width in chosen.seed_widths))
    chosen = replace(chosen, widths=fitting, seed_widths=words)
    count = max(5, round(chosen.holdout * len(primary)), min(HELD, len(primary) // 3))
    held = rng.permutation(len(primary)) < count
    held_control = rng.permutation(len(contrast)) < max(5, round(count / len(primary) * len(contrast)))
    parts = _Parts(np.array(primary, order="C"), np.array(contrast, order="C"), held, held_control)
    return _sorted(_search(parts, chosen))


class _Parts(NamedTuple):
    """Sequences, which are erased as the search goes on, and which of them are held out."""

    primary: Codes
    control: Codes
    held: Booleans
    held_control: Booleans


def _search(parts: _Parts, options: DenovoOptions) -> list[Discovery]:
    background = _background(parts.control)
    both = options.both_strands
    discoveries: list[Discovery] = []
    failures = 0
    while len(discoveries) < options.maximum and failures < options.patience:
        best = best_matrix(parts.primary[~parts.held], parts.control[~parts.held_control], background, options)
        if best is None:
            break
        discovery = _test(best, parts, background, both)
        discoveries.append(discovery)
        failures = 0 if discovery.p * len(discoveries) < options.alpha else failures + 1
        stacked = strands_of(log_odds_of(best.ppm, background), both)
        for group in (parts.primary, parts.control):
            if group.shape[1] >= stacked.shape[2]:
                erase(group, stacked, max(best.threshold, min(CERTAIN, float(stacked[0].max(axis=0).sum()) / 2)))
    return discoveries


def _shuffled(primary: Codes, seed: int) -> Codes:
    copies = np.tile(primary, (-(-CONTROLS // len(primary)), 1))
    return dinucleotide_shuffle(copies, seed=seed)


def _sorted(discoveries: list[Discovery]) -> list[Discovery]:
    """Correct for the number of tests, order by p (by training p where equal), and number them.

    By their logarithms: of thousands of sequences many p are below what a number holds.
    """
    order = sorted(discoveries, key=lambda one: (one.motif.info["log10_p"], one.motif.info["log10_train_p"]))
    ranked = []
    for number, one in enumerate(order):
        corrected = min(1.0, one.p * len(order))
        info = {**one.motif.info, "corrected_p": corrected}
        motif = replace(one.motif, name=f"denovo_{number:02d}", info=info)
        ranked.append(one._replace(motif=motif, corrected_p=corrected))
    return ranked


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


def _test(fit: Fit, parts: _Parts, background: Doubles, both_strands: bool) -> Discovery:
    log_odds = log_odds_of(fit.ppm, background)
    a = best_scores(parts.primary[parts.held], log_odds, both_strands) >= fit.threshold
    b = best_scores(parts.control[parts.held_control], log_odds, both_strands) >= fit.threshold
    with_a, with_b = int(a.sum()), int(b.sum())
    log_p = min(0.0, float(hypergeom.logsf(with_a - 1, len(a) + len(b), len(a), with_a + with_b)))
    p = float(np.exp(log_p))
    motif = Motif(
        name="denovo",
        ppm=fit.ppm,
        nsites=round(fit.sites, 1),
        source="denovo",
        info={
            "p": p,
            "log10_p": log_p / np.log(10),
            "train_p": float(np.exp(fit.log_p)),
            "log10_train_p": fit.log_p / np.log(10),
            "score": fit.threshold,
        },
    )
    return Discovery(motif, p, p, (len(a), with_a, len(b), with_b))
