"""The names of all scores, which way is better, and one measured score with what its interval is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from motiflens.analyses.benchmark.superiority import superiority
from motiflens.models.types import Doubles, Json

# Score -> (1: the higher the better, -1: the lower; 0: neither), what chance gives (None: no fixed number), words.
SCORES: Final[dict[str, tuple[int, float | None, str]]] = {
    "auroc": (1, 0.5, "auROC of bases for lying in a bound site"),
    "auprc": (1, None, "auPRC of bases for lying in a bound site"),
    "pointing": (1, None, "share of windows whose peak lies in a bound site"),
    "hit_rate": (1, None, "share of the top 20 bp in a bound site"),
    "distance": (-1, None, "bp from the peak to the nearest bound site"),
    "auroc_half": (1, 0.5, "auROC of bound sites against half sites"),
    "auroc_shuffled": (1, 0.5, "auROC of bound sites against sites of shuffled matrices"),
    "auroc_closed": (1, 0.5, "auROC of bound sites against sites in closed chromatin"),
    "auroc_wrong_context": (1, 0.5, "auROC of bound sites against sites whose partner is missing or misplaced"),
    "deletion": (1, 0.0, "mean fall of the logit as the top bases are replaced"),
    "insertion": (1, 0.0, "mean rise of the logit as the top bases are put into shuffled windows"),
    "comprehensiveness": (1, 0.0, "fall of the logit without the top 20 bp"),
    "sufficiency": (-1, None, "fall of the logit with nothing but the top 20 bp"),
    "ism_spearman": (1, 0.0, "rank correlation with saturation mutagenesis, without sign"),
    "rule_signs": (1, None, "share of sites whose contributions have the signs that the rule gives them"),
    "rule_context": (1, 0.5, "how often a site counts more where the rule lets it"),
    "randomised_weights": (-1, 0.0, "rank correlation with the map of an untrained model"),
    "shuffled_labels": (-1, 0.0, "rank correlation with the map of a model of shuffled labels"),
    "retrained_seeds": (1, 0.0, "rank correlation with the maps of other seeds"),
    "strands": (1, 0.0, "rank correlation with the map of the reverse complement"),
    "not_converged": (-1, None, "share of windows whose contributions do not add up"),
    "motif_found": (1, None, "share of the trained factors whose motif was found"),
    "motif_false": (-1, None, "share of the motifs found that no planted factor has"),
    "motif_count": (0, None, "motifs found"),
    "pair_precision": (1, None, "share of called pairs that were planted, at FDR .1"),
    "pair_recall": (1, None, "share of planted pairs that are called, at FDR .1"),
    "test_auroc": (1, 0.5, "the model's auROC on test windows"),
    "test_auprc": (1, None, "the model's auPRC on test windows"),
}
FAILED, TIMED_OUT = "failed", "timeout"
DRAWS = 300  # of intervals of two groups


@dataclass(frozen=True)
class Measure:
    """One score of one method.

    Attributes
    ----------
    score
        Of `SCORES`.
    values
        One a window, whose mean is the score; or the group that should be higher, if `low` is given.
    low
        The group that should be lower: the score is `superiority` of the two.
    windows
        ``all``, ``off_centre``, or what else they are.
    resolution
        ``base``, or ``attention``: at the model's attention positions.
    """

    score: str
    values: Doubles
    low: Doubles | None = None
    windows: str = "all"
    resolution: str = "base"

    @property
    def value(self) -> float:
        """The score; NaN where nothing is known."""
        if self.low is not None:
            return superiority(self.values, self.low)
        return float(np.nanmean(self.values)) if np.isfinite(self.values).any() else float("nan")

    @property
    def json(self) -> Json:
        """As JSON can hold it."""
        return {
            "score": self.score,
            "values": _plain(self.values),
            "low": None if self.low is None else _plain(self.low),
            "windows": self.windows,
            "resolution": self.resolution,
        }


def measure_of(record: Json) -> Measure:
    """Return the measure that `Measure.json` wrote."""
    low = record["low"]
    return Measure(
        record["score"], _doubles(record["values"]), None if low is None else _doubles(low), record["windows"],
        record["resolution"],
    )  # fmt: skip


def _plain(values: Doubles) -> list[float | None]:
    return [None if value != value else float(f"{value:.9g}") for value in values.tolist()]


def _doubles(values: Sequence[float | None]) -> Doubles:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
