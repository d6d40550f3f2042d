"""ROC and precision-recall curves of one or many runs (003, Fig. 4), and measures of each TF in each cell type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from motiflens.analyses.figures.curve_panels import curve_panels
from motiflens.analyses.study import Study, StudyFigure, number
from motiflens.analyses.targets import OpenedRun, made_by, probabilities, targets
from motiflens.models.amount import amount
from motiflens.models.metrics import METRICS, binary_metrics, curve, mean_metrics
from motiflens.models.progress import Progress, counted, silent
from motiflens.models.types import Doubles, Floats

POINTS = 400  # of a curve in the table and the figure


def curves_study(runs: Sequence[OpenedRun], progress: Progress = silent) -> Study:
    """Draw the curves of runs at every target.

    Parameters
    ----------
    runs
        See `targets.open_runs`.
    progress
        Told of the runs done.
    """
    curves, measures = [], []
    for opened in counted(runs, progress, "scoring for curves", unit="runs"):
        for target, (labels, scores) in scored(opened).items():
            named = {"run": opened.name, "task": target}
            curves.append(curve_points(labels, scores).assign(**named))
            measures.append({**named, **_counts(labels), **binary_metrics(labels, np.log(_odds(scores)))})
    table = pd.concat(curves, ignore_index=True)
    table = table[["run", "task", *[name for name in table if name not in ("run", "task")]]]
    means = mean_curves(table)
    tasks = len({row["task"] for row in measures})
    words = ", ".join(f"{name}: {count:,}" for name, count in _total(measures).items())
    figure = StudyFigure(
        "curves",
        curve_panels(table, means),
        f"ROC and precision-recall curves of {amount(len(runs), 'run')} at {amount(tasks, 'target')} ({words}); "
        "thin: a target, thick: mean over targets at equal false positive rate and equal recall. Precision "
        "depends on the share "
        "of bound windows (dotted: mean share, what chance gives): curves of data with other shares cannot be "
        "compared. No interval is drawn.",
    )
    return Study(
        kind="evaluate",
        title="Accuracy",
        findings=_findings(pd.DataFrame(measures)),
        figures=[figure],
        tables={"targets": pd.DataFrame(measures), "curves": table},
        captions={
            "targets": "Measures of every TF in every cell type.",
            "curves": "Points of the curves, from the highest score down.",
        },
        made_by=made_by(runs, {"seed": None}),
    )


def scored(opened: OpenedRun) -> dict[str, tuple[Floats, Doubles]]:
    """Return labels and probabilities of each target, (n,) each, rows without a label left out."""
    scores = probabilities(opened, np.arange(len(opened.windows)))
    scores_of = {}
    for target in targets(opened):
        labels = opened.windows.labels[target.rows, target.column]
        known = ~np.isnan(labels)
        scores_of[target.name] = labels[known], scores[target.rows, target.output][known]
    return scores_of


def target_table(opened: OpenedRun) -> pd.DataFrame:
    """Measure every TF in every cell type: one row each (000, Table 1), as `metrics.task_metrics`."""
    rows = [
        {"task": name, **_counts(labels), **binary_metrics(labels, np.log(_odds(scores)))}
        for name, (labels, scores) in scored(opened).items()
    ]
    return pd.DataFrame(rows, columns=["task", "positives", "negatives", *METRICS])


def curve_points(labels: Floats | Doubles, scores: Floats | Doubles) -> pd.DataFrame:
    """Return at most `POINTS` points of both curves of one task.

    Returns
    -------
    DataFrame
        ``threshold``, ``fpr``, ``recall``, ``precision``; the first row is what is called at the highest score.
        Both ends are kept, between them points at equal steps of recall and of false positives.
    """
    points = curve(labels, scores)  # type: ignore[arg-type]
    false = points.called - points.true
    recall = points.true / max(points.positives, 1)
    fpr = false / max(points.negatives, 1)
    table = pd.DataFrame(
        {"threshold": points.thresholds, "fpr": fpr, "recall": recall, "precision": points.true / points.called}
    )
    if len(table) <= POINTS:
        return table
    half = np.linspace(0, 1, POINTS // 2)
    at = np.concatenate([np.searchsorted(recall, half), np.searchsorted(fpr, half), [0, len(table) - 1]])
    return table.iloc[np.unique(np.clip(at, 0, len(table) - 1))].reset_index(drop=True)


def mean_curves(table: pd.DataFrame) -> pd.DataFrame:
    """Average curves over the tasks of each run: recall at equal false positive rates, precision at equal "
    "recall."""
    grid = np.linspace(0, 1, 101)
    rows = []
    for run, part in table.groupby("run", sort=False):
        recalls, precisions = [], []
        for _, one in part.groupby("task", sort=False):
            fpr, recall, precision = (one[name].to_numpy() for name in ("fpr", "recall", "precision"))
            recalls.append(np.interp(grid, np.append(0.0, fpr), np.append(0.0, recall)))
            precisions.append(np.interp(grid, recall, precision))
        rows.append(
            pd.DataFrame(
                {
                    "run": run,
                    "at": grid,
                    "recall": np.mean(recalls, axis=0),
                    "precision": np.mean(precisions, axis=0),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _odds(scores: Doubles) -> Doubles:
    safe = np.clip(scores, 1e-12, 1 - 1e-12)
    return np.asarray(safe / (1 - safe))


def _counts(labels: Floats) -> dict[str, int]:
    return {"positives": int((labels == 1).sum()), "negatives": int((labels == 0).sum())}


def _total(measures: Sequence[Mapping[str, object]]) -> dict[str, int]:
    run = measures[0]["run"]
    own = [row for row in measures if row["run"] == run]
    return {name: sum(int(str(row[name])) for row in own) for name in ("positives", "negatives")}


def _findings(table: pd.DataFrame) -> list[str]:
    lines = []
    for run, part in table.groupby("run", sort=False):
        means = mean_metrics(part)
        lines.append(
            f"{run}: auROC {number(means['auroc'], 3)}, auPRC {number(means['auprc'], 3)} (mean over {len(part)} "
            "targets)."
        )
    return lines
