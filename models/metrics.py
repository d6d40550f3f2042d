"""How well scores rank labels: the measures that the papers report, one task or many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from motiflens.models.types import Doubles, Floats

METRICS = (
    "auroc",
    "auprc",
    "recall_at_fdr50",
    "recall_at_fdr10",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "average_precision",
)


class Curve(NamedTuple):
    """Counts at each distinct threshold, from the highest score down."""

    thresholds: Doubles  # K: a window is called bound where its score is at least this
    true: Doubles  # K: bound windows called bound
    called: Doubles  # K: windows called bound
    positives: int
    negatives: int


def curve(labels: Floats | Doubles, scores: Floats | Doubles) -> Curve:
    """Count true and called positives at each distinct score.

    Parameters
    ----------
    labels
        (N,) 0, 1, or NaN where unknown: those are left out.
    scores
        (N,) any monotone score; ties share a threshold.

    Raises
    ------
    ValueError
        If the sizes differ or a score is NaN.
    """
    truth, ranked = np.asarray(labels, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if truth.shape != ranked.shape or truth.ndim != 1:
        raise ValueError(f"labels have shape {truth.shape}, scores {ranked.shape}: expected one equal axis")
    if np.isnan(ranked).any():
        raise ValueError("scores contain NaN: the model's predictions are not finite")
    known = ~np.isnan(truth)
    truth, ranked = truth[known], ranked[known]
    order = np.argsort(-ranked, kind="stable")
    truth, ranked = truth[order], ranked[order]
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True)) if len(ranked) else np.zeros(0, dtype=int)
    positives = int(truth.sum())
    return Curve(
        ranked[last], np.cumsum(truth)[last], (last + 1).astype(np.float64), positives, len(truth) - positives
    )


def auroc(points: Curve) -> float:
    """Area under the receiver operating characteristic; NaN unless both classes are there."""
    if not points.positives or not points.negatives:
        return float("nan")
    tpr = np.append(0.0, points.true) / points.positives
    fpr = np.append(0.0, points.called - points.true) / points.negatives
    return float(np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2))


def auprc(points: Curve) -> float:
    """Area under the precision-recall curve; NaN unless both classes are there.

    The trapezoidal rule between whole numbers of true positives. Among tied scores false positives grow in
    proportion (Davis & Goadrich 2006, ICML, section 3), so that a constant score is worth the share of bound
    windows; a straight line through the plane, as in scikit-learn's ``auc``, would give it about one half.
    Without ties both are the same.
    """
    if not points.positives or not points.negatives:
        return float("nan")
    true, called = np.append(0.0, points.true), np.append(0.0, points.called)
    counts = np.diff(true).astype(np.int64)
    slope = np.diff(called)[counts > 0] / counts[counts > 0]  # called windows for each true one
    first = np.repeat(true[:-1][counts > 0], counts[counts > 0])
    before = np.arange(points.positives, dtype=np.float64)  # true positives at the beginning of each piece
    begin = np.repeat(called[:-1][counts > 0], counts[counts > 0])
    slopes = np.repeat(slope, counts[counts > 0])
    low, high = begin + (before - first) * slopes, begin + (before + 1 - first) * slopes
    at_start = np.divide(before, low, out=1.0 / slopes, where=low > 0)  # nothing called yet: the limit
    return float(np.mean(at_start + (before + 1) / high) / 2)


def average_precision(points: Curve) -> float:
    """Mean precision over the bound windows (the step-wise area, as scikit-learn); NaN unless both classes."""
    if not points.positives or not points.negatives:
        return float("nan")
    recall = np.append(0.0, points.true) / points.positives
    return float(np.sum(np.diff(recall) * points.true / points.called))


def recall_at_fdr(points: Curve, fdr: float) -> float:
    """Recall at the lowest threshold whose precision is at least 1 - `fdr`; 0 where none is (DREAM)."""
    if not points.positives or not points.negatives:
        return float("nan")
    enough = points.true >= (1 - fdr) * points.called - 1e-9  # counts are whole: the slack only absorbs rounding
    return float(points.true[enough].max() / points.positives) if enough.any() else 0.0


def binary_metrics(labels: Floats, scores: Floats, *, threshold: float = 0.0) -> dict[str, float]:
    """All `METRICS` of one task.

    Parameters
    ----------
    labels
        (N,) 0, 1, or NaN where unknown: those are left out.
    scores
        (N,) logits.
    threshold
        Called bound are scores above it, for accuracy, precision, recall and F1 (0 = probability 0.5).

    Returns
    -------
    dict
        Ranking measures are NaN unless both classes are there; precision and F1 are 0 where nothing is called
        and recall is NaN where nothing is bound.

    Examples
    --------
    >>> found = binary_metrics([1, 0, 1, 0], [2.0, 1.0, 0.5, -1.0])
    >>> round(found["auroc"], 3), round(found["average_precision"], 4), found["recall"]
    (0.75, 0.8333, 1.0)
    """
    points = curve(labels, scores)
    truth = np.asarray(labels, dtype=np.float64)
    known = ~np.isnan(truth)
    called, bound = np.asarray(scores, dtype=np.float64)[known] > threshold, truth[known] > 0.5
    true, total = int((called & bound).sum()), len(bound)
    nan = float("nan")
    precision = true / int(called.sum()) if called.any() else 0.0
    recall = true / int(bound.sum()) if bound.any() else nan
    either = int(called.sum()) + int(bound.sum())
    return {
        "auroc": auroc(points),
        "auprc": auprc(points),
        "recall_at_fdr50": recall_at_fdr(points, 0.5),
        "recall_at_fdr10": recall_at_fdr(points, 0.1),
        "accuracy": float((called == bound).mean()) if total else nan,
        "precision": precision if total else nan,
        "recall": recall,
        "f1": 2 * true / either if either else 0.0,
        "average_precision": average_precision(points),
    }


def task_metrics(labels: Floats, scores: Floats, tasks: Sequence[str]) -> pd.DataFrame:
    """`METRICS` of every task.

    Parameters
    ----------
    labels, scores
        (N, T): 0, 1 or NaN, and logits.
    tasks
        T names.

    Returns
    -------
    DataFrame
        One row a task: ``task``, ``positives``, ``negatives``, and the metrics.
    """
    if labels.shape != scores.shape or labels.shape[1] != len(tasks):
        raise ValueError(
            f"labels have shape {labels.shape}, scores {scores.shape}, for {len(tasks)} tasks: they must agree"
        )
    rows = []
    for i, task in enumerate(tasks):
        column = labels[:, i]
        counts = {"positives": int(np.sum(column == 1)), "negatives": int(np.sum(column == 0))}
        rows.append({"task": task, **counts, **binary_metrics(column, scores[:, i])})
    return pd.DataFrame(rows, columns=["task", "positives", "negatives", *METRICS])


def mean_metrics(table: pd.DataFrame) -> dict[str, float]:
    """Average each metric over the tasks that define it; NaN where none does."""
    return {name: float(table[name].mean()) for name in METRICS}


def dream_score(table: pd.DataFrame) -> pd.Series:
    """DREAM's unified score of several models: the sum over four metrics of ln(rank / 6). Lower is better.

    Parameters
    ----------
    table
        One row a model, with columns ``auroc``, ``auprc``, ``recall_at_fdr50`` and ``recall_at_fdr10``. Rank 1 is
        the best; ties share their mean rank. NaN where a measure is undefined.

    Averages over targets are averages of this score, not the score of averaged metrics (see `compare.compare`).

    Source: Encyclopedia of DREAM: ENCODE-DREAM in vivo TF binding site prediction challenge, as in DeepGRN.
    """
    four = table[["auroc", "auprc", "recall_at_fdr50", "recall_at_fdr10"]]
    ranks = four.rank(ascending=False, method="average")
    return pd.Series(np.log(ranks.to_numpy(dtype=np.float64) / 6).sum(axis=1), index=table.index)
