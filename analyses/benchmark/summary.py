"""Scores over seeds: means, intervals over windows and trainings, and ranks of methods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from motiflens.analyses.benchmark.intervals import seed_interval
from motiflens.analyses.benchmark.measures import SCORES, Measure, measure_of
from motiflens.analyses.benchmark.part import Part, read_part
from motiflens.analyses.benchmark.plan import ORACLES
from motiflens.analyses.benchmark.ranks import Ranks, rank_methods
from motiflens.models.types import Doubles, Json

SUMMARY = (
    "tf",
    "model",
    "method",
    "control",
    "score",
    "windows",
    "resolution",
    "seeds",
    "n",
    "value",
    "low",
    "high",
)
RANKED = ("auroc", "auprc", "deletion", "insertion", "comprehensiveness")
_Key = tuple[str, str, str, str, str, str, str]


class Collected(NamedTuple):
    """What parts measured."""

    measures: dict[_Key, list[Measure]]  # the seeds of each score
    curves: dict[tuple[str, str, str], list[Json]]  # of tf, model, method
    seconds: dict[tuple[str, str], list[float]]  # of model, method


def collect(parts: Sequence[Part]) -> Collected:
    """Read what parts left, without failures."""
    collected = Collected(defaultdict(list), defaultdict(list), defaultdict(list))
    for part in parts:
        record = read_part(part)
        if not record or record["error"]:
            continue
        for one in record["measures"]:
            key = (part.tf, part.model, part.label, part.control)
            rest = (one["score"], one["windows"], one["resolution"])
            collected.measures[(*key, *rest)].append(measure_of(one))
        if "curves" in record:
            collected.curves[part.tf, part.model, part.label].append(record["curves"])
        if record["seconds"] is not None:
            collected.seconds[part.model, part.label].append(float(record["seconds"]))
    return collected


def summarise(collected: Collected) -> pd.DataFrame:
    """Return one row a score of a method on an architecture: its mean over seeds, with an interval.

    Columns are `SUMMARY`; the interval is `seed_interval`'s.
    """
    rows = []
    for key, measures in collected.measures.items():
        tf, model, method, control, score, windows, resolution = key
        interval = seed_interval(measures)
        count = max(len(measure.values) for measure in measures)
        rows.append((tf, model, method, control, score, windows, resolution, len(measures), count, *interval))
    return pd.DataFrame(rows, columns=list(SUMMARY))


def rank_table(collected: Collected) -> pd.DataFrame:
    """Rank the methods of each model over its windows, and over models, with critical differences.

    Of a model, windows are the blocks (values averaged over seeds); over models, the means of those trained are.

    Returns
    -------
    DataFrame
        ``tf``, ``scope`` (a model, or ``all models``), ``score``, ``method``, ``mean_rank`` (1 is the best),
        ``critical_difference``, ``blocks``, ``p`` (Friedman), ``with_best`` (no further from the best one than the
        critical difference); see `ranks.rank_methods`.
    """
    rows: list[tuple[object, ...]] = []
    tfs = list(dict.fromkeys(key[0] for key in collected.measures))
    for tf in tfs:
        for score in RANKED:
            values = _window_values(collected, tf, score)
            for model, methods in values.items():
                rows += _ranked(tf, model, score, methods)
            models = [model for model, methods in values.items() if len(methods) > 1 and model not in ORACLES]
            if len(models) > 1:
                shared = [m for m in values[models[0]] if all(m in values[model] for model in models)]
                means = {
                    m: np.array([float(np.nanmean(values[model][m])) for model in models], dtype=np.float64)
                    for m in shared
                }
                rows += _ranked(tf, "all models", score, means)
    columns = ["tf", "scope", "score", "method", "mean_rank", "critical_difference", "blocks", "p", "with_best"]
    return pd.DataFrame(rows, columns=columns)


def _window_values(collected: Collected, tf: str, score: str) -> dict[str, dict[str, Doubles]]:
    """Model -> method -> one value a window, mean of the seeds."""
    values: dict[str, dict[str, Doubles]] = {}
    for key, measures in collected.measures.items():
        same = key[0] == tf and key[3] == "" and key[4:] == (score, "all", "base")
        if same and len({len(measure.values) for measure in measures}) == 1:
            mean = np.mean([measure.values for measure in measures], axis=0)
            values.setdefault(key[1], {})[key[2]] = SCORES[score][0] * mean
    return values


def _ranked(tf: str, scope: str, score: str, methods: Mapping[str, Doubles]) -> list[tuple[object, ...]]:
    sizes = {len(values) for values in methods.values()}
    if len(methods) < 2 or len(sizes) != 1:
        return []
    ranks: Ranks = rank_methods(np.stack(list(methods.values()), axis=1))
    best = ranks.mean.min()
    return [
        (tf, scope, score, method, float(rank), ranks.critical_difference, ranks.blocks, ranks.p,
         bool(rank - best <= ranks.critical_difference))
        for method, rank in sorted(zip(methods, ranks.mean, strict=True), key=lambda pair: pair[1])
    ]  # fmt: skip
