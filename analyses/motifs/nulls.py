"""How many of K motifs would match a database if there were nothing to find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motiflens.analyses.motifs.motif import Motif
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.registry import rebuild
from motiflens.models.types import Doubles, Json


@dataclass(frozen=True)
class Null:
    """A count, and the same count under a null.

    Attributes
    ----------
    observed
        Motifs that match.
    total
        Motifs there are.
    null
        The count of each repeat.
    """

    observed: int
    total: int
    null: tuple[int, ...]

    @property
    def mean(self) -> float:
        """Mean count under the null."""
        return float(np.mean(self.null)) if self.null else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """2.5 % and 97.5 % quantiles of the null's counts."""
        if not self.null:
            return float("nan"), float("nan")
        low, high = np.quantile(self.null, [0.025, 0.975])
        return float(low), float(high)

    @property
    def p(self) -> float:
        """Share of the null's counts at or above the observed one, the observed one included."""
        return (1 + sum(count >= self.observed for count in self.null)) / (1 + len(self.null))

    @property
    def json(self) -> Json:
        """For ``summary.json``."""
        return {
            "observed": self.observed,
            "total": self.total,
            "null_mean": self.mean if self.null else None,
            "null_interval": list(self.interval) if self.null else None,
            "null_counts": list(self.null),
            "p": self.p if self.null else None,
        }


def shuffle_columns(motif: Motif, rng: np.random.Generator) -> Motif:
    """Permute a motif's positions: composition and information stay, the motif goes."""
    return replace(motif, ppm=motif.ppm[rng.permutation(motif.width)])


def decoys(
    motifs: Sequence[Motif], best_p: Callable[[Sequence[Motif]], Doubles], *, repeats: int = 20, seed: int = 0
) -> Doubles:
    """Match motifs whose positions are permuted.

    Parameters
    ----------
    motifs
        The motifs as they are matched (trimmed and gated).
    best_p
        Gives each motif's p-value of matching anything, (motifs,).
    repeats
        Permutations of the whole set.
    seed
        Of the permutations.

    Returns
    -------
    array
        (repeats, motifs) p-values.
    """
    rng = np.random.default_rng(seed)
    many = [shuffle_columns(motif, rng) for _ in range(repeats) for motif in motifs]
    return best_p(many).reshape(repeats, len(motifs)) if many else np.ones((repeats, len(motifs)))


def decoy_q(p: Doubles, null: Doubles) -> Doubles:
    """False discovery rates of motifs by decoys: motifs whose positions are permuted.

    At a threshold t, expected false matches are the decoys at or below t (one more, so that no rate is 0) over the
    repeats; q is the lowest rate of the thresholds at which a motif is reported. Holds whatever the p-values are
    worth: low-information matrices match long ones of a database far more often than their p-values say.

    Parameters
    ----------
    p
        (K,) p-values.
    null
        (R, K) p-values of the decoys; without repeats all q are 0 and decide nothing.

    Examples
    --------
    >>> decoy_q(np.array([1e-6, 1e-5, 0.5]), np.array([[0.2, 0.3, 0.4], [0.1, 0.6, 0.9]])).tolist()
    [0.25, 0.25, 0.8333333333333334]
    """
    if not len(null) or not len(p):
        return np.zeros(len(p))
    below = np.searchsorted(np.sort(null.ravel()), p, side="right") + 1
    reported = np.searchsorted(np.sort(p), p, side="right")
    rate = below / len(null) / reported
    order = np.argsort(p)[::-1]
    result = np.empty(len(p))
    result[order] = np.minimum(np.minimum.accumulate(rate[order]), 1)
    return result


def decoy_null(p: Doubles, accepted: Sequence[bool], null: Doubles, *, total: int) -> Null:
    """Count the decoys of each repeat that are as good as the worst accepted motif.

    Without an accepted motif, no decoy counts. `total` is how many motifs there were before the gate.
    """
    kept = np.asarray(accepted, dtype=bool)
    limit = p[kept].max() if kept.any() else -1.0
    return Null(int(kept.sum()), total, tuple(int(count) for count in (null <= limit).sum(axis=1)))


def untrained(model: SequenceModel, *, seed: int) -> SequenceModel:
    """Build the same architecture again, its weights drawn from `seed`; torch's generator stays as it was."""
    return rebuild(model.config, seed=seed).eval()


def random_model_null(
    matching: Callable[[int], int],
    *,
    observed: int,
    total: int,
    repeats: int = 3,
    seed: int = 0,
) -> Null:
    """Count matches of the motifs of untrained models of the same architecture.

    Parameters
    ----------
    matching
        Counts the motifs that match of the untrained model whose weights are drawn from a seed (see `untrained`),
        all steps included (sites, trimming, gate, correction).
    observed, total
        Matching motifs and motifs of the trained model.
    repeats
        Untrained models.
    seed
        Of the first one's weights; each further one has the next.
    """
    return Null(observed, total, tuple(matching(seed + repeat) for repeat in range(repeats)))
