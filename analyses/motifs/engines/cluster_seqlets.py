"""Seqlets grown into patterns, one at a time, each against the same seqlets with their positions permuted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from motiflens.analyses.motifs.engines.align_seqlets import (
    Alignment,
    Reals,
    align_seqlets,
    aligned_mean,
    best_cosine,
)
from motiflens.models.types import Booleans, Integers

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
    mean: Reals  # width, 4
    threshold: float  # cosine that members reach


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
    null = _permuted(unit, rng)
    grown = _grow(unit, null, rng, least)
    if not grown:
        none = np.zeros((len(cut), 0))
        return Clusters(np.full(len(cut), -1), Alignment(none, none.astype(np.int64), none.astype(bool)))
    aligned = align_seqlets(unit, np.stack([one.mean for one in grown]))
    room = aligned.cosine - np.array([one.threshold for one in grown])
    owner = np.where(room.max(axis=1) >= 0, room.argmax(axis=1), -1)
    return Clusters(owner, aligned)


def _permuted(unit: Reals, rng: np.random.Generator) -> Reals:
    """Seqlets with their positions in random order, `NULL` of them."""
    drawn = unit[rng.integers(0, len(unit), NULL)]
    order = rng.permuted(np.tile(np.arange(unit.shape[1]), (NULL, 1)), axis=1)
    return np.take_along_axis(drawn, order[:, :, None], axis=1)


def _grow(unit: Reals, null: Reals, rng: np.random.Generator, least: int) -> list[_Grown]:
    seeds = np.sort(rng.choice(len(unit), min(len(unit), SEEDS), replace=False))
    limit = np.quantile(best_cosine(null, unit[seeds]), 1 - TAIL, axis=0)
    near = best_cosine(unit, unit[seeds]) >= limit  # n, seeds
    free = np.ones(len(unit), dtype=bool)
    tried = np.zeros(len(seeds), dtype=bool)
    grown: list[_Grown] = []
    while len(grown) < MOST and not tried.all():
        count = np.where(tried, -1, near[free].sum(axis=0))
        best = int(count.argmax())
        if count[best] < max(5, 2 * TAIL * free.sum()):
            break
        tried[best] = True
        pattern, members, core = _settle(unit, null, near[:, best] & free, unit[seeds[best]], free)
        if pattern is not None and len(members) >= max(5, least // 2):
            for mean in _split(unit[members], pattern.mean, least):
                if not any(best_cosine(mean[None], one.mean[None])[0, 0] >= MERGE for one in grown):
                    grown.append(_Grown(mean, _threshold(null, mean)))
            free[members[core]] = False
    return grown


def _settle(
    unit: Reals, null: Reals, start: Booleans, seed: Reals, free: Booleans
) -> tuple[_Grown | None, Integers, Booleans]:
    """Let a pattern settle on its members; None if they are not more, or not nearer, than chance."""
    mean, members, threshold, mean_cosine = seed, np.flatnonzero(start), 0.0, 0.0
    cosine: Reals = np.zeros(len(unit))
    for _ in range(ROUNDS):
        mean = aligned_mean(unit[members], mean)
        threshold = _threshold(null, mean)
        cosine = best_cosine(unit, mean[None])[:, 0]
        members = np.flatnonzero((cosine >= threshold) & free)
        if len(members) < 5:
            return None, members, np.ones(len(members), dtype=bool)
        mean_cosine = float(cosine[members].mean())
    trials = int(free.sum())
    enough = len(members) >= EXCESS * TAIL * trials
    certain = binom.sf(len(members) - 1, trials, TAIL) < SIGNIFICANT
    clear = mean_cosine - threshold >= LIFT
    core = cosine[members] >= threshold + CORE
    return (_Grown(mean, threshold) if enough and certain and clear else None), members, core


def _threshold(null: Reals, mean: Reals) -> float:
    return float(np.quantile(best_cosine(null, mean[None]), 1 - TAIL))


def _split(unit: Reals, mean: Reals, least: int) -> list[Reals]:
    """Means of the two patterns that a pattern's members are, or the one: two that share letters gather into one.

    Two means compete for the members, one of them begun at a member far from the whole. Two halves of one pattern
    end alike; where they do not, each is split further.
    """
    cosine = best_cosine(unit, mean[None])[:, 0]
    order = np.argsort(cosine)
    for share in (0.02, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8):
        means = np.stack([mean, unit[order[int(share * len(order))]]])
        nearer = np.zeros(len(unit), dtype=np.int64)
        for _ in range(ROUNDS):
            nearer = best_cosine(unit, means).argmax(axis=1)
            if min(np.bincount(nearer, minlength=2)) < max(5, least // 2):
                break
            means = np.stack([aligned_mean(unit[nearer == side], means[side]) for side in (0, 1)])
        else:
            if best_cosine(means[:1], means[1:])[0, 0] < APART:
                return [part for side in (0, 1) for part in _split(unit[nearer == side], means[side], least)]
    return [mean]
