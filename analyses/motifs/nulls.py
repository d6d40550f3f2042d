"""How many of K motifs would match a database if there were nothing to find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from motiflens.analyses.motifs.motif import Motif
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.registry import build
from motiflens.models.types import Json


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


def column_shuffled_null(
    motifs: Sequence[Motif],
    matching: Callable[[Sequence[Motif]], int],
    *,
    observed: int | None = None,
    repeats: int = 20,
    seed: int = 0,
) -> Null:
    """Count matches of motifs whose positions are permuted.

    Parameters
    ----------
    motifs
        The motifs as they are matched (trimmed and gated).
    matching
        Counts the motifs that match, corrected over the whole set.
    observed
        The count of the motifs themselves, where known.
    repeats
        Permutations of the whole set.
    seed
        Of the permutations.
    """
    rng = np.random.default_rng(seed)
    count = matching(motifs) if observed is None else observed
    null = tuple(
        matching([shuffle_columns(motif, rng) for motif in motifs]) for _ in range(repeats if motifs else 0)
    )
    return Null(count, len(motifs), null)


def untrained(model: SequenceModel, *, seed: int) -> SequenceModel:
    """Build the same architecture anew, its weights drawn from `seed`; torch's generator stays as it was."""
    config = model.config
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        twin = build(
            config["architecture"],
            length=config["length"],
            channels=config["channels"],
            outputs=config["outputs"],
            meta=config["meta"],
            **config["hyperparameters"],
        )
    return twin.eval()


def random_model_null(
    model: SequenceModel,
    motifs_of: Callable[[SequenceModel], Sequence[Motif]],
    matching: Callable[[Sequence[Motif]], int],
    *,
    observed: int,
    total: int,
    repeats: int = 3,
    seed: int = 0,
) -> Null:
    """Count matches of the motifs of untrained models of the same architecture.

    Parameters
    ----------
    model
        The trained model.
    motifs_of
        Makes the motifs of a model, all steps included (sites, trimming, gate).
    matching
        See `column_shuffled_null`.
    observed, total
        Matching motifs and motifs of the trained model.
    repeats
        Untrained models.
    seed
        Of their weights.
    """
    null = []
    for repeat in range(repeats):
        motifs = motifs_of(untrained(model, seed=seed + repeat))
        null.append(matching(motifs) if motifs else 0)
    return Null(observed, total, tuple(null))
