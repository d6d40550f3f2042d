"""Route 3: stretches of high attribution, aligned and clustered into motifs (a de novo step as TF-MoDISco's)."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from motiflens.analyses.motifs.first_layer_motifs import frequencies
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.data.one_hot import one_hot
from motiflens.models.types import Booleans, Codes, Doubles, Floats, Integers

Reals: TypeAlias = NDArray[np.floating]

LINK = 0.55  # seqlets closer than this (1 - cosine, average linkage) start a cluster together
JOIN = 0.45  # cosine to a cluster's mean that a seqlet needs to belong to it
MERGE = 0.8  # clusters whose means are this alike are one


class Pattern(NamedTuple):
    """A motif made of aligned seqlets.

    Attributes
    ----------
    motif
        Its matrix counts each seqlet once (frequency); ``info`` holds ``seqlets`` and ``contribution``, the mean
        attribution of a seqlet.
    weighted
        The same, each seqlet weighing its absolute attribution, (width, 4).
    contribution
        Mean attribution of each base at each position, (width, 4): TF-MoDISco's CWM.
    sites
        One row a seqlet: ``window`` (row of the windows), ``start``, ``end`` (0-based, half-open, forward
        strand), ``strand``, ``attribution``, ``similarity`` (cosine to the pattern).
    """

    motif: Motif
    weighted: Doubles
    contribution: Doubles
    sites: pd.DataFrame


def seqlets(
    scores: Floats,
    codes: Codes,
    *,
    width: int = 21,
    flank: int = 5,
    fdr: float = 0.05,
    maximum: int = 1000,
    least: int = 20,
    seed: int = 0,
) -> list[Pattern]:
    """Call seqlets, cluster them, and make a matrix of each cluster.

    Parameters
    ----------
    scores
        (N, C, L) attributions projected on the input (`Attribution.scores`); channels beyond 4 are left out.
    codes
        (N, L) bases of the same windows.
    width
        Base pairs per seqlet.
    flank
        Base pairs by which patterns are extended on both sides before they are trimmed.
    fdr
        False discovery rate at which seqlets are called, against the same scores at shuffled positions.
    maximum
        Only the strongest seqlets of each sign are clustered: time grows with their square.
    least
        Seqlets that a pattern needs.
    seed
        Of the shuffling.

    Returns
    -------
    list of Pattern
        Positive patterns first, each sign from the most to the fewest seqlets: ``seqlet_pos_00``, …,
        ``seqlet_neg_00``, …. Empty if no seqlets pass.

    Raises
    ------
    ValueError
        If scores and codes do not fit, are not finite, or the windows are shorter than a seqlet.
    """
    if scores.ndim != 3 or scores.shape[1] < 4 or scores[:, 0].shape != codes.shape:
        raise ValueError(
            f"scores have shape {scores.shape}, the sequences {codes.shape}: expected (N, C, L) and (N, L)"
        )
    if codes.shape[1] < width:
        raise ValueError(f"the windows have {codes.shape[1]} bp, shorter than a seqlet's {width} bp")
    bases = scores[:, :4].astype(np.float32)
    if not np.isfinite(bases).all():
        raise ValueError("the attributions are not finite: check the model's input and weights")
    track = bases.sum(axis=1, dtype=np.float64)  # N, L
    found: list[Pattern] = []
    for sign, name in ((1.0, "pos"), (-1.0, "neg")):
        places = call_seqlets(sign * track, width=width, fdr=fdr, maximum=maximum, seed=seed)
        if len(places) >= least:
            found += _patterns(sign * bases, codes, places, width, flank, least, f"seqlet_{name}", sign)
    return found


def call_seqlets(track: Doubles, *, width: int, fdr: float, maximum: int, seed: int = 0) -> Integers:
    """Find windows whose summed attribution is higher than chance.

    Chance is the distribution of the same sums when each sequence's positions are shuffled; the threshold is the
    lowest at which (shuffled windows above) / (windows above) <= `fdr`.

    Parameters
    ----------
    track
        (N, L) attribution per position.
    width, fdr, maximum
        See `seqlets`.

    Returns
    -------
    array
        (n, 2) int64: row and start of windows that do not overlap, the strongest first.
    """
    sums = _sums(track, width)
    rng = np.random.default_rng(seed)
    null = np.sort(_sums(rng.permuted(track, axis=1), width).ravel())
    observed = np.sort(sums.ravel())
    above = len(observed) - np.arange(len(observed))
    false = len(null) - np.searchsorted(null, observed, side="left")
    passing = np.flatnonzero((false <= fdr * above) & (observed > 0))
    if not len(passing):
        return np.zeros((0, 2), dtype=np.int64)
    threshold = observed[passing[0]]
    rows, starts = np.nonzero(sums >= threshold)
    order = np.argsort(-sums[rows, starts], kind="stable")
    free = np.ones(track.shape, dtype=bool)
    chosen: list[tuple[int, int]] = []
    for at in order:
        row, start = int(rows[at]), int(starts[at])
        if free[row, start : start + width].all():
            free[row, start : start + width] = False
            chosen.append((row, start))
            if len(chosen) == maximum:
                break
    return np.array(chosen, dtype=np.int64).reshape(-1, 2)


def _sums(track: Doubles, width: int) -> Doubles:
    total = np.pad(np.cumsum(track, axis=1), ((0, 0), (1, 0)))
    return total[:, width:] - total[:, :-width]


def _patterns(
    bases: Reals, codes: Codes, places: Integers, width: int, flank: int, least: int, name: str, sign: float
) -> list[Pattern]:
    cut = _cut(bases, places[:, 0], places[:, 1], width)  # n, width, 4
    means = _cluster(cut, least)
    if not means:
        return []
    cosine, shift, turned = _align(cut, np.stack(means))  # n, clusters
    owner = np.where(cosine.max(axis=1) >= JOIN, cosine.argmax(axis=1), -1)
    patterns = []
    for cluster in range(len(means)):
        member = owner == cluster
        if member.sum() >= least:
            patterns.append(
                _pattern(
                    bases,
                    codes,
                    _Members(
                        places[member],
                        shift[member, cluster],
                        turned[member, cluster],
                        cosine[member, cluster],
                    ),
                    width,
                    flank,
                    sign,
                )
            )
    patterns.sort(key=lambda pattern: -len(pattern.sites))
    return [
        pattern._replace(motif=replace(pattern.motif, name=f"{name}_{number:02d}"))
        for number, pattern in enumerate(patterns)
    ]


def _cut(bases: Reals, rows: Integers, starts: Integers, width: int) -> Reals:
    """Cut (n, width, 4) out of (N, 4, L); zeros beyond the ends."""
    length = bases.shape[2]
    at = starts[:, None] + np.arange(width)
    inside = (at >= 0) & (at < length)
    return bases[rows[:, None], :, at.clip(0, length - 1)] * inside[..., None]


def _align(cut: Reals, means: Reals) -> tuple[Reals, Integers, Booleans]:
    """Best cosine of every seqlet (n, width, 4) to every mean (m, width, 4) over shifts by up to half and strands.

    Returns
    -------
    cosine, shift, turned
        (n, m) each: the seqlet's base i + shift (of its reverse complement where turned) lies on the mean's i.
    """
    n, width = cut.shape[:2]
    norm = np.sqrt((cut**2).sum(axis=(1, 2)))[:, None] * np.sqrt((means**2).sum(axis=(1, 2)))[None]
    best = np.full((n, len(means)), -np.inf)
    shift = np.zeros((n, len(means)), dtype=np.int64)
    turned = np.zeros((n, len(means)), dtype=bool)
    for other in (False, True):
        seen = cut[:, ::-1, ::-1] if other else cut
        for step in range(-(width // 2), width // 2 + 1):
            low, high = max(0, -step), min(width, width - step)
            product = (
                seen[:, low + step : high + step].reshape(n, -1) @ means[:, low:high].reshape(len(means), -1).T
            )
            better = product > best
            best[better], shift[better], turned[better] = product[better], step, other
    return best / np.where(norm > 0, norm, 1), shift, turned


def _cluster(cut: Reals, least: int) -> list[Reals]:
    """Means (width, 4) of clusters of seqlets (n, width, 4)."""
    cosine, _, _ = _align(cut, cut)
    distance = np.clip(1 - np.maximum(cosine, cosine.T), 0, 2)
    np.fill_diagonal(distance, 0)
    label = fcluster(linkage(squareform(distance, checks=False), "average"), LINK, "distance")
    unit = cut / np.sqrt((cut**2).sum(axis=(1, 2), keepdims=True)).clip(min=1e-300)
    means = []
    for cluster in range(1, label.max() + 1):
        member = np.flatnonzero(label == cluster)
        if len(member) >= max(5, least // 2):
            centre = member[distance[np.ix_(member, member)].sum(axis=1).argmin()]
            means.append(_mean(unit[member], unit[centre]))
    means = [_mean(_closest(unit, means, number), mean) for number, mean in enumerate(means)]
    return _merge(means)


def _closest(unit: Reals, means: list[Reals], number: int) -> Reals:
    """Seqlets that are most like one of the means and like it enough."""
    cosine, _, _ = _align(unit, np.stack(means))
    return unit[(cosine.argmax(axis=1) == number) & (cosine[:, number] >= JOIN)]


def _mean(unit: Reals, centre: Reals) -> Reals:
    """Mean of seqlets aligned to one of them, (width, 4)."""
    if not len(unit):
        return centre
    _, shift, turned = _align(unit, centre[None])
    aligned = [
        _shifted(one[::-1, ::-1] if other else one, step)
        for one, step, other in zip(unit, shift[:, 0], turned[:, 0], strict=True)
    ]
    return np.mean(aligned, axis=0)


def _shifted(one: Reals, step: int) -> Reals:
    """Row i of the result is row i + step, or zeros."""
    result = np.zeros_like(one)
    low, high = max(0, -step), min(len(one), len(one) - step)
    result[low:high] = one[low + step : high + step]
    return result


def _merge(means: list[Reals]) -> list[Reals]:
    """Leave out means that are like one before them."""
    kept: list[Reals] = []
    for mean in means:
        if not kept or _align(mean[None], np.stack(kept))[0].max() < MERGE:
            kept.append(mean)
    return kept


class _Members(NamedTuple):
    """Seqlets of one cluster and how they lie on its mean; see `_align`."""

    places: Integers  # n, 2
    shift: Integers
    turned: Booleans
    cosine: Reals


def _pattern(bases: Reals, codes: Codes, members: _Members, width: int, flank: int, sign: float) -> Pattern:
    places, shift, turned, cosine = members
    rows, starts = places.T
    # A turned seqlet's base i + shift is the forward base start + width - 1 - (i + shift).
    first = np.where(turned, starts - shift, starts + shift) - flank
    long = width + 2 * flank
    attribution = _cut(bases, rows, first, long)
    letters = _cut(one_hot(codes).astype(np.float64), rows, first, long)
    attribution[turned] = attribution[turned][:, ::-1, ::-1]
    letters[turned] = letters[turned][:, ::-1, ::-1]
    contribution = attribution.mean(axis=0)
    low, high = _trim(contribution, width // 3)
    weight = np.abs(attribution[:, low:high].sum(axis=(1, 2)))
    counts = letters[:, low:high].sum(axis=0)
    weighted = (letters[:, low:high] * weight[:, None, None]).sum(axis=0)
    start = np.where(turned, first + long - high, first + low)
    sites = pd.DataFrame(
        {
            "window": rows,
            "start": start,
            "end": start + high - low,
            "strand": np.where(turned, "-", "+"),
            "attribution": sign * attribution[:, low:high].sum(axis=(1, 2)),
            "similarity": cosine,
        }
    )
    motif = Motif(
        name="seqlet",
        ppm=frequencies(counts),
        nsites=float(len(rows)),
        source="seqlets",
        info={"seqlets": float(len(rows)), "contribution": float(sites["attribution"].mean())},
    )
    return Pattern(motif, frequencies(weighted), sign * contribution[low:high], sites)


def _trim(contribution: Reals, least: int) -> tuple[int, int]:
    """First and one past the last position with 30 % of the largest contribution (TF-MoDISco's rule)."""
    size = np.abs(contribution).sum(axis=1)
    kept = np.flatnonzero(size >= 0.3 * size.max())
    low, high = int(kept[0]), int(kept[-1]) + 1
    while high - low < least:
        low, high = max(0, low - 1), min(len(size), high + 1)
    return low, high
