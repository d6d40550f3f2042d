"""Route 3: stretches of high attribution, aligned and clustered into motifs (a de novo step as TF-MoDISco's)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.engines.align_seqlets import Reals
from motiflens.analyses.motifs.engines.call_seqlets import call_seqlets
from motiflens.analyses.motifs.engines.cluster_seqlets import cluster_seqlets
from motiflens.analyses.motifs.first_layer_motifs import frequencies
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.data.one_hot import one_hot
from motiflens.models.option_ranges import check_numbers
from motiflens.models.types import Booleans, Codes, Doubles, Floats, Integers

POSITIVE, NEGATIVE = "seqlet_pos", "seqlet_neg"  # names of patterns that raise and that lower the prediction


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


@dataclass(frozen=True)
class SeqletOptions:
    """How seqlets are called and made into patterns.

    Attributes
    ----------
    width
        Base pairs that are summed when seqlets are called.
    flank
        Base pairs on both sides that are compared as well.
    fdr
        False discovery rate at which seqlets are called, against the same scores at shuffled positions.
    maximum
        Seqlets of each sign, the strongest of each group.
    least
        Seqlets that a pattern needs.
    """

    width: int = 11
    flank: int = 7
    fdr: float = 0.1
    maximum: int = 2000
    least: int = 15

    def __post_init__(self) -> None:
        check_numbers(self)


def seqlets(
    scores: Floats,
    codes: Codes,
    groups: Integers | None = None,
    options: SeqletOptions | None = None,
    *,
    seed: int = 0,
) -> list[Pattern]:
    """Call seqlets, cluster them, and make a matrix of each cluster.

    Parameters
    ----------
    scores
        (N, C, L) attributions projected on the input (`Attribution.scores`); channels beyond 4 are left out.
    codes
        (N, L) bases of the same windows.
    groups
        (N,) what each row's attribution explains, such as the task: seqlets are called in each group by itself,
        since outputs differ in scale, and clustered together, so that what several groups share gathers. A window
        may occur once a group. None: one group.
    options
        See `SeqletOptions`.
    seed
        Of the shuffling.

    Returns
    -------
    list of Pattern
        Positive patterns first, each sign from the most to the fewest seqlets: ``seqlet_pos_00``, …,
        ``seqlet_neg_00``, …. Empty if no seqlets pass. The matrices reach `flank` beyond what was summed, where
        attribution does.

    Raises
    ------
    ValueError
        If scores and codes do not fit, are not finite, or the windows are shorter than a seqlet.
    """
    chosen = options or SeqletOptions()
    if scores.ndim != 3 or scores.shape[1] < 4 or scores[:, 0].shape != codes.shape:
        raise ValueError(
            f"scores have shape {scores.shape}, the sequences {codes.shape}: expected (N, C, L) and (N, L)"
        )
    if codes.shape[1] < chosen.width:
        raise ValueError(f"the windows have {codes.shape[1]} bp, shorter than a seqlet's {chosen.width} bp")
    if groups is not None and groups.shape != (len(codes),):
        raise ValueError(f"groups have shape {groups.shape}: expected ({len(codes)},)")
    bases = scores[:, :4].astype(np.float32, copy=False)
    if not np.isfinite(bases).all():
        raise ValueError("the attributions are not finite: check the model's input and weights")
    member = np.zeros(len(codes), dtype=np.int64) if groups is None else np.unique(groups, return_inverse=True)[1]
    called = _called(bases, member, chosen, seed)
    patterns: list[Pattern] = []
    for sign, name, places in ((1, POSITIVE, called[0]), (-1, NEGATIVE, called[1])):
        if len(places) >= chosen.least:
            patterns += _patterns(bases, codes, places, chosen, (name, sign, seed))
    return patterns


def _called(bases: Floats, member: Integers, options: SeqletOptions, seed: int) -> list[Integers]:
    """Row and start of the seqlets of all groups, (n, 2) of either sign."""
    count = int(member.max()) + 1 if len(member) else 0
    places = [[np.zeros((0, 2), dtype=np.int64)] for _ in range(2)]
    for group in range(count):
        rows = np.flatnonzero(member == group)
        track = bases[rows].sum(axis=1, dtype=np.float64)  # n, L
        both = call_seqlets(
            track, width=options.width, fdr=options.fdr, maximum=-(-options.maximum // count), seed=seed
        )
        for every, own in zip(places, both, strict=True):
            every.append(np.stack([rows[own[:, 0]], own[:, 1]], axis=1))
    return [np.concatenate(every) for every in places]


def _patterns(
    bases: Reals, codes: Codes, places: Integers, options: SeqletOptions, kind: tuple[str, int, int]
) -> list[Pattern]:
    name, sign, seed = kind
    width = options.width + 2 * options.flank
    places = places - np.array([0, options.flank], dtype=np.int64)
    # Only what has the pattern's sign is compared: what lies beside a site of the other sign is no pattern.
    cut = np.maximum(sign * _cut(bases, places[:, 0], places[:, 1], width), 0)  # n, width, 4
    owner, (cosine, shift, turned) = cluster_seqlets(cut, least=options.least, seed=seed)
    patterns = []
    for cluster in range(cosine.shape[1]):
        own = owner == cluster
        if own.sum() >= options.least:
            members = _Members(places[own], shift[own, cluster], turned[own, cluster], cosine[own, cluster])
            patterns.append(_pattern(bases, codes, members, width, sign))
    patterns.sort(key=lambda pattern: -len(pattern.sites))
    return [
        pattern._replace(motif=replace(pattern.motif, name=f"{name}_{number:02d}"))
        for number, pattern in enumerate(patterns)
    ]


def _cut(bases: Reals, rows: Integers, starts: Integers, width: int) -> Reals:
    """Cut (n, width, 4) out of (N, 4, L); zeros beyond the ends."""
    at, inside = _within(starts, width, bases.shape[2])
    return bases[rows[:, None], :, at] * inside[..., None]


def _cut_letters(codes: Codes, rows: Integers, starts: Integers, width: int) -> Doubles:
    """Cut (n, width, 4) of ones out of codes (N, L); zeros beyond the ends."""
    at, inside = _within(starts, width, codes.shape[1])
    return one_hot(codes[rows[:, None], at]).transpose(0, 2, 1).astype(np.float64) * inside[..., None]


def _within(starts: Integers, width: int, length: int) -> tuple[Integers, Booleans]:
    at = starts[:, None] + np.arange(width)
    return at.clip(0, length - 1), (at >= 0) & (at < length)


class _Members(NamedTuple):
    """Seqlets of one cluster and how they lie on its pattern; see `Alignment`."""

    places: Integers  # n, 2
    shift: Integers
    turned: Booleans
    cosine: Reals


def _pattern(bases: Reals, codes: Codes, members: _Members, width: int, sign: int) -> Pattern:
    places, shift, turned, cosine = members
    rows, starts = places.T
    # A turned seqlet's base i + shift is the forward base start + width - 1 - (i + shift).
    first = np.where(turned, starts - shift, starts + shift)
    attribution = sign * _cut(bases, rows, first, width)
    letters = _cut_letters(codes, rows, first, width)
    attribution[turned] = attribution[turned][:, ::-1, ::-1]
    letters[turned] = letters[turned][:, ::-1, ::-1]
    contribution = attribution.mean(axis=0)
    low, high = _trim(contribution, width // 3)
    weight = np.abs(attribution[:, low:high].sum(axis=(1, 2)))
    counts = letters[:, low:high].sum(axis=0)
    weighted = (letters[:, low:high] * weight[:, None, None]).sum(axis=0)
    start = np.where(turned, first + width - high, first + low)
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
