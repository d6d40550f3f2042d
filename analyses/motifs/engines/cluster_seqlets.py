"""Seqlets grown into patterns, one at a time, each against the same seqlets with their positions permuted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import bdtrc

from motiflens.analyses.motifs.engines.align_seqlets import (
    Alignment,
    Bases,
    Reals,
    align_seqlets,
    bases_of,
    best_cosine,
    dense,
    laid_mean,
    lay_on,
)
from motiflens.analyses.motifs.engines.seqlets_numba import largest
from motiflens.models.types import Booleans, Floats, Integers

SEEDS = 100  # seqlets that patterns may grow from
NULL = 2000  # permuted seqlets
TAIL = 0.002  # share of them that lie as near to a pattern as its members
EXCESS = 3.0  # times as many seqlets as permuted ones must lie so near
SIGNIFICANT = 1e-6  # binomial p of as many
LIFT = 0.12  # by which members' mean cosine must exceed the nearest permuted ones': .05 to .09 in untrained models
CORE = 0.05  # beyond the threshold: members so near are set aside, others may seed a pattern of their own
MERGE = 0.75  # patterns whose cosine is larger are one
APART = 0.65  # halves of a pattern's members whose means are less alike are two patterns
ROUNDS = 4
MOST = 40  # patterns
_CHANCE = np.arange(NULL)  # rows of the permuted seqlets: they come before the others


class Clusters(NamedTuple):
    """Patterns and which seqlets belong to them.

    Attributes
    ----------
    owner
        (n,) number of the seqlet's pattern, -1 for none.
    aligned
        How all seqlets lie on all patterns.
    """

    owner: Integers
    aligned: Alignment


class _Grown(NamedTuple):
    mean: Floats  # width, 4
    threshold: float  # cosine that members reach


class _Settled(NamedTuple):
    mean: Floats  # width, 4
    threshold: float  # cosine that members reach
    members: Integers  # rows, after the permuted seqlets
    cosine: Floats  # of the members


def cluster_seqlets(cut: Reals, *, least: int, seed: int = 0) -> Clusters:
    """Cluster seqlets by the shape of their attribution.

    Seqlets are compared by the cosine of the square roots of their attributions (so that one large base does not
    outweigh a motif), over shifts and both strands. The seqlet with most neighbours, beyond the `TAIL` of
    permuted seqlets that come as near, grows into a pattern: its neighbours' mean, their mean's neighbours, and so
    on. It is kept if its members are more than chance and lie clearly nearer than it; its core is set aside, and
    the next grows, so that weak patterns are found beside strong ones. Alike patterns are one, and every seqlet
    joins its nearest. The time is linear in the number of seqlets.

    Parameters
    ----------
    cut
        (n, width, 4) attribution of each seqlet, larger is more.
    least
        Seqlets that a pattern needs.
    seed
        Of the permutations and the choice of seeds.
    """
    rng = np.random.default_rng(seed)
    rooted = (np.sign(cut) * np.sqrt(np.abs(cut))).astype(np.float32)
    norm = np.sqrt((rooted**2).sum(axis=(1, 2), keepdims=True))
    unit = rooted / np.where(norm > 0, norm, 1)
    seqlets = bases_of(np.concatenate([_permuted(unit, rng), unit]))
    grown = _grow(unit, seqlets, rng, least)
    if not grown:
        none = np.zeros((len(cut), 0))
        return Clusters(np.full(len(cut), -1), Alignment(none, none.astype(np.int64), none.astype(bool)))
    aligned = align_seqlets(seqlets, np.stack([one.mean for one in grown]), NULL + np.arange(len(cut)))
    room = aligned.cosine - np.array([one.threshold for one in grown])
    owner = np.where(room.max(axis=1) >= 0, room.argmax(axis=1), -1)
    return Clusters(owner, aligned)


def _permuted(unit: Reals, rng: np.random.Generator) -> Reals:
    """Seqlets with their positions in random order, `NULL` of them."""
    drawn = unit[rng.integers(0, len(unit), NULL)]
    order = rng.permuted(np.tile(np.arange(unit.shape[1]), (NULL, 1)), axis=1)
    return np.take_along_axis(drawn, order[:, :, None], axis=1)


def _grow(unit: Reals, seqlets: Bases, rng: np.random.Generator, least: int) -> list[_Grown]:
    seeds = np.sort(rng.choice(len(unit), min(len(unit), SEEDS), replace=False))
    cosine = best_cosine(seqlets, unit[seeds])
    near = cosine[:, NULL:] >= _thresholds(cosine)[:, None]  # seeds, n
    free = np.ones(len(unit), dtype=bool)
    tried = np.zeros(len(seeds), dtype=bool)
    count = near.sum(axis=1)
    grown: list[_Grown] = []
    while len(grown) < MOST and not tried.all():
        best = int(np.where(tried, -1, count).argmax())
        if count[best] < max(5, 2 * TAIL * free.sum()):
            break
        tried[best] = True
        settled = _settle(seqlets, near[best], unit[seeds[best]], free)
        if settled is not None and len(settled.members) >= max(5, least // 2):
            for mean in _split(seqlets, settled.members, settled.mean, least):
                if not grown or _alike(mean, np.stack([one.mean for one in grown])).max() < MERGE:
                    grown.append(_Grown(mean, float(_thresholds(best_cosine(seqlets, mean[None], _CHANCE))[0])))
            free[settled.members[settled.cosine >= settled.threshold + CORE] - NULL] = False
            count = near[:, free].sum(axis=1)
    return grown


def _settle(seqlets: Bases, near: Booleans, seed: Floats, free: Booleans) -> _Settled | None:
    """Let a pattern settle on its members; None if they are not more, or not nearer, than chance."""
    rows = NULL + np.flatnonzero(free)
    every = np.concatenate([_CHANCE, rows])
    members, mean, threshold = NULL + np.flatnonzero(near & free), seed, 0.0
    cosine, way = (part[0] for part in lay_on(seqlets, mean[None], members))
    for _ in range(ROUNDS):
        mean = laid_mean(seqlets, members, way)
        cosines, ways = lay_on(seqlets, mean[None], every, unwanted=NULL)
        threshold = float(_thresholds(cosines)[0])
        inside = NULL + np.flatnonzero(cosines[0, NULL:] >= threshold)
        members, cosine, way = every[inside], cosines[0, inside], ways[0, inside]
        if len(members) < 5:
            return None
    enough = len(members) >= EXCESS * TAIL * len(rows)
    clear = float(cosine.mean()) - threshold >= LIFT
    certain = enough and clear and bdtrc(len(members) - 1, len(rows), TAIL) < SIGNIFICANT
    return _Settled(mean, threshold, members, cosine) if certain else None


def _thresholds(cosine: Floats) -> Floats:
    """Cosines that the `TAIL` of permuted seqlets reach, (m,), of (m, `NULL` or more): numpy's quantiles."""
    place = (1 - TAIL) * (NULL - 1)
    kept = np.full((len(cosine), NULL - int(place)), -np.inf, dtype=np.float32)
    largest(cosine, NULL, kept)
    between = np.float32(place - int(place))
    return np.asarray(kept[:, 0] + (kept[:, 1] - kept[:, 0]) * between, dtype=np.float32)


def _alike(mean: Floats, others: Floats) -> Floats:
    return best_cosine(bases_of(mean[None]), others)[:, 0]


def _split(seqlets: Bases, rows: Integers, mean: Floats, least: int) -> list[Floats]:
    """Means of the two patterns that a pattern's members are, or the one: two that share letters gather into one.

    Two means compete for the members, one of them begun at a member far from the whole. Two halves of one pattern
    end alike; where they do not, each is split further.
    """
    order = np.argsort(best_cosine(seqlets, mean[None], rows)[0])
    for share in (0.02, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8):
        means = np.stack([mean, dense(seqlets, int(rows[order[int(share * len(order))]]))])
        for _ in range(ROUNDS):
            cosine, way = lay_on(seqlets, means, rows)
            nearer = cosine.argmax(axis=0)
            halves = [np.flatnonzero(nearer == side) for side in (0, 1)]
            if min(len(half) for half in halves) < max(5, least // 2):
                break
            means = np.stack([laid_mean(seqlets, rows[half], way[side, half]) for side, half in enumerate(halves)])
        else:
            if _alike(means[0], means[1:])[0] < APART:
                parts = [_split(seqlets, rows[own], of, least) for own, of in zip(halves, means, strict=True)]
                return [*parts[0], *parts[1]]
    return [mean]
