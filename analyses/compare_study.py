"""Runs side by side as the papers show them: panels of metrics, gains, distributions, sizes, and learning "
"curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.analyses.figures.compare_cells import TWO, compare_cell_boxes, compare_cells
from motiflens.analyses.figures.compare_panels import (
    compare_boxes,
    compare_differences,
    compare_gain,
    compare_metrics,
    compare_sizes,
)
from motiflens.analyses.figures.learning_curves import learning_curves
from motiflens.analyses.statistics import paired_tests
from motiflens.analyses.study import Study, StudyFigure, number, p_words
from motiflens.models import types
from motiflens.models.amount import amount
from motiflens.models.compare import run_folders, size_class
from motiflens.models.data.text import existing, listed
from motiflens.models.metrics import METRICS
from motiflens.models.run_files import LOG
from motiflens.models.types import Json

NAMED = 5  # largest gains that are named
MOST_PAIRS = 10  # pairs with figures of their own; the tables have all


def compare_study(
    tables: Mapping[str, pd.DataFrame],
    *,
    metric: str = "auprc",
    every: bool = False,
    logs: Mapping[str, pd.DataFrame] | None = None,
    made_by: Json | None = None,
) -> Study:
    """Set each further group of runs against the first, or every pair against one another.

    Parameters
    ----------
    tables
        Name -> measures, one row a task: ``task``, metrics, and where known ``sequences`` (see
        `compare.task_table`) or ``size``, and ``cell_type`` (else what stands behind | in a task's name). Tasks
        that all have are compared.
    metric
        Of gains, boxes and histograms.
    every
        Compare every pair, not each with the first alone.
    logs
        Name -> ``log.csv`` of a run, for learning curves.
    made_by
        Provenance.

    Raises
    ------
    ValueError
        If there are fewer than two, or they have no task in common.
    """
    long = measures_table(tables)
    names = list(dict.fromkeys(long["run"]))
    whose = list(combinations(names, 2)) if every else [(names[0], name) for name in names[1:]]
    pairs, gains, sizes = pair_table(long, whose), gain_table(long, metric, whose), size_table(long)
    by_name = {"measures": long, "pairs": pairs, "gains": gains, "sizes": sizes, "ranks": rank_table(long)}
    if _by_cell(long):
        by_name["cells"] = cell_table(long)
    curves = dict(logs or {})
    if curves:
        by_name["epochs"] = epoch_table(curves)
    return Study(
        kind="compare",
        title="Runs side by side",
        findings=_findings(pairs, gains, metric),
        figures=_figures(long, pairs, gains, metric, curves),
        tables=by_name,
        captions={
            "measures": "Every run at every task that all have.",
            "pairs": "Second run against first, for each metric: tasks above and below, Wilcoxon's signed-rank "
            "and the paired t-test, and how the two runs' values correlate.",
            "gains": f"Gain of {metric} of the second run over the first, largest first.",
            "sizes": "Mean of each metric by size of the data set.",
            "cells": "Mean and median of each metric by cell type.",
            "ranks": "Rank of each run at each task (1: best) in the four metrics of DREAM.",
            "epochs": "Epochs trained, and the best one by validation auPRC.",
        },
        made_by=made_by or {},
    )


def read_scores(path: types.Path) -> dict[str, pd.DataFrame]:
    """Read published measures, or those of other programs.

    Parameters
    ----------
    path
        A TSV with ``task``, columns named as metrics, and optionally ``method`` (the file's name stands for one).

    Returns
    -------
    dict
        Method -> table as `compare_study` takes it.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or a column is missing or no number.
    """
    file = existing(path, "table of scores")
    try:
        table = pd.read_csv(file, sep="\t", dtype={"task": str, "method": str})
    except (pd.errors.ParserError, UnicodeDecodeError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{file} is no tab-separated table ({error}): expected task and metrics") from None
    known = [name for name in METRICS if name in table]
    if "task" not in table or not known:
        raise ValueError(
            f"{file} has the columns {listed(map(str, table), 8)}: expected task, perhaps method, and one or more "
            f"of {', '.join(METRICS)}"
        )
    for name in known:
        table[name] = pd.to_numeric(table[name], errors="coerce")
        if table[name].isna().all():
            raise ValueError(f"{file} has no number in its column {name!r}")
    groups = table.groupby("method", sort=False) if "method" in table else [(Path(file).stem, table)]
    return {str(name): part.drop(columns="method", errors="ignore") for name, part in groups}


def read_logs(paths: Sequence[types.Path]) -> dict[str, pd.DataFrame]:
    """Return the logs of run folders that have one, by the folder's name; at most eight."""
    folders = [folder for path in paths for folder in run_folders(path) if (folder / LOG).is_file()]
    return {folder.name: pd.read_csv(folder / LOG) for folder in folders[:8]}


def measures_table(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join measures into one long table over the tasks that all have. Errors as in `compare_study`."""
    if len(tables) < 2:
        raise ValueError("give two or more runs to compare")
    common = [
        task
        for task in next(iter(tables.values()))["task"]
        if all((table["task"] == task).any() for table in tables.values())
    ]
    if not common:
        raise ValueError(f"{' and '.join(tables)} have no task in common")
    parts = []
    sizes, cells = _sizes(tables), _cell_types(tables)
    for name, table in tables.items():
        part = table.set_index("task").reindex(common).reindex(columns=list(METRICS)).reset_index()
        part.insert(0, "run", name)
        part.insert(2, "size", [sizes.get(task, "unknown") for task in common])
        part.insert(3, "cell_type", [cells.get(task, "") for task in common])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def pair_table(long: pd.DataFrame, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Compare pairs of runs, (first, second), in every metric that both have."""
    from scipy.stats import pearsonr, spearmanr

    rows = []
    for first, second in pairs:
        for metric in METRICS:
            wide = _wide(long, metric, [first, second]).dropna()
            if not len(wide):
                continue
            a, b = (wide[name].to_numpy() for name in (first, second))
            row: Json = {"first": first, "second": second, "metric": metric, "tasks": len(wide)}
            row |= {"above": int((b > a).sum()), "below": int((b < a).sum()), "equal": int((b == a).sum())}
            row |= {"mean_first": a.mean(), "mean_second": b.mean(), **paired_tests(a, b)}
            varied = len(a) > 2 and a.std() > 0 and b.std() > 0
            row |= {"pearson": pearsonr(a, b)[0] if varied else np.nan}
            row |= {"spearman": spearmanr(a, b)[0] if varied else np.nan}
            rows.append(row)
    return pd.DataFrame(rows).drop(columns="pairs")


def gain_table(long: pd.DataFrame, metric: str, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return each task's gain of a metric over the pair's first run, and that run's auPRC; largest gains first."""
    parts = []
    for first, second in pairs:
        wide = _wide(long, metric, [first, second])
        base = long[long["run"] == first].set_index("task")
        part = pd.DataFrame(
            {"first": first, "second": second, "task": wide.index, "gain": wide[second] - wide[first]}
        )
        part["baseline_auprc"] = base["auprc"].reindex(wide.index).to_numpy()
        part["size"] = base["size"].reindex(wide.index).to_numpy()
        parts.append(part.dropna(subset=["gain"]).sort_values("gain", ascending=False))
    return pd.concat(parts, ignore_index=True)


def cell_table(long: pd.DataFrame) -> pd.DataFrame:
    """Return mean and median of every metric by run and cell type (004, Tables 2 and 3)."""
    rows = []
    for (run, cell), part in long[long["cell_type"] != ""].groupby(["run", "cell_type"], sort=False):
        for metric in METRICS:
            values = part[metric].dropna()
            if len(values):
                row = {"run": run, "cell_type": cell, "metric": metric, "tasks": len(values)}
                rows.append({**row, "mean": values.mean(), "median": values.median()})
    return pd.DataFrame(rows)


def size_table(long: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of every metric by run and size of the data set (003, Table 5), and over all."""
    rows = []
    for (run, size), part in [
        *long.assign(size="all").groupby(["run", "size"], sort=False),
        *long.groupby(["run", "size"], sort=False),
    ]:
        rows.append({"run": run, "size": size, "tasks": len(part), **part[list(METRICS)].mean().to_dict()})
    return pd.DataFrame(rows)


def rank_table(long: pd.DataFrame) -> pd.DataFrame:
    """Return the rank of each run at each task in DREAM's four metrics (000, Table 2); ties share their mean."""
    four = ["auroc", "auprc", "recall_at_fdr50", "recall_at_fdr10"]
    ranks = long.groupby("task")[four].rank(ascending=False, method="average")
    return pd.concat([long[["run", "task"]], ranks], axis=1)


def epoch_table(logs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return how many epochs each run was trained for, and how soon it came within 1 % of its best auPRC."""
    rows = []
    for name, log in logs.items():
        values = log["valid_auprc"].to_numpy(dtype=np.float64)
        known = np.isfinite(values).any()
        best = int(np.nanargmax(values)) if known else -1
        near = int(np.flatnonzero(values >= 0.99 * values[best])[0]) + 1 if known else 0
        rows.append((name, len(log), best + 1, near, float(values[best]) if known else float("nan")))
    return pd.DataFrame(rows, columns=["run", "epochs", "best_epoch", "within_1_percent", "best_auprc"])


def _wide(long: pd.DataFrame, metric: str, names: list[str]) -> pd.DataFrame:
    """Return a metric by task (rows, in order) and run."""
    order = list(dict.fromkeys(long["task"]))
    table = long.pivot_table(index="task", columns="run", values=metric, dropna=False)
    return table.reindex(index=order, columns=names)


def _sizes(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return the size class of each task, of the first run that knows any."""
    for table in tables.values():
        if "size" in table:
            return {
                str(task): str(size) or "unknown" for task, size in zip(table["task"], table["size"], strict=True)
            }
        if "sequences" in table and table["sequences"].notna().any():
            counts = zip(table["task"], table["sequences"], strict=True)
            return {str(task): size_class(float(count)) for task, count in counts}
    return {}


def _cell_types(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return the cell type of each task: as some run says, or as its name does, ``TF|cell type``."""
    known: dict[str, str] = {}
    for table in tables.values():
        for task in table["task"].astype(str):
            known.setdefault(task, task.partition("|")[2])
        if "cell_type" in table:
            said = table.dropna(subset=["cell_type"])
            known |= dict(zip(said["task"].astype(str), said["cell_type"].astype(str), strict=True))
    return known


def _figures(
    long: pd.DataFrame,
    pairs: pd.DataFrame,
    gains: pd.DataFrame,
    metric: str,
    logs: Mapping[str, pd.DataFrame],
) -> list[StudyFigure]:
    tasks = long["task"].nunique()
    figures = []
    whose = list(dict.fromkeys(zip(gains["first"], gains["second"], strict=True)))
    for place, (first, second) in enumerate(whose[:MOST_PAIRS], start=1):
        suffix = f"_{place}" if len(whose) > 1 else ""
        own = pairs[(pairs["first"] == first) & (pairs["second"] == second)]
        tests = "; ".join(
            f"{row['metric']} Wilcoxon {p_words(row['wilcoxon_p'])}, t-test {p_words(row['t_p'])}"
            for _, row in own[own["metric"].isin(("auroc", "auprc"))].iterrows()
        )
        part = gains[(gains["first"] == first) & (gains["second"] == second)]
        named = listed(part.head(NAMED)["task"].astype(str))
        figures += [
            StudyFigure(
                f"metrics{suffix}",
                compare_metrics(long, first, second, list(part.head(NAMED)["task"])),
                f"{second} against {first}, a point a task (n = {tasks}): orange above, blue below the "
                f"diagonal, with counts and both correlations; named: the largest gains of {metric} ({named}). "
                f"{tests}. Tasks of one data set share windows, so that the tests' p are too small; the named "
                "ones were picked for being largest.",
            ),
            StudyFigure(
                f"gain{suffix}",
                compare_gain(part, metric),
                f"Gain of {metric} by {second} over {first} against {first}'s auPRC (n = {len(part)}). A "
                "negative correlation is expected by chance alone: the baseline's error stands on both axes with "
                "opposite signs (regression to the mean), and high values leave less room.",
            ),
        ]
        if _by_cell(long) and own["metric"].isin(TWO).any():
            figures.append(_cell_figure(long, (first, second), suffix))
    figures += [
        StudyFigure(
            "boxes",
            compare_boxes(long, metric),
            f"Distribution of {metric} over {tasks} tasks: median, quartiles, whiskers of 1.5 interquartile "
            "ranges. Overlapping boxes may differ in every pair, see the next figure.",
        ),
        StudyFigure(
            "differences",
            compare_differences(gains, metric),
            f"Differences of {metric}, task by task, stacked by size of the training set (small "
            "below 3,000 sequences, large above 30,000); n and counts on either side of 0 in the panels.",
        ),
        StudyFigure(
            "sizes",
            compare_sizes(long),
            f"Means by size of the data set (n = {tasks} tasks; tasks a class under the bars), five metrics; "
            "chance gives auROC 0.5. No interval is drawn.",
        ),
    ]
    if _by_cell(long):
        shown = long[long["cell_type"] != ""]
        figures.append(
            StudyFigure(
                "cells",
                compare_cell_boxes(shown),
                f"auROC and average precision of {amount(long['run'].nunique(), 'run')} by cell type "
                f"({_counted(shown)}): median, quartiles, whiskers of 1.5 interquartile ranges; points where a "
                "cell type has fewer than five tasks. Cell types differ in factors: compare runs within one.",
            )
        )
    if logs:
        figures.append(
            StudyFigure(
                "learning",
                learning_curves(logs),
                f"Training loss and validation auPRC of {amount(len(logs), 'run')} by epoch; circles: the epoch "
                "kept. Epochs of data sets of other sizes are not equally long.",
            )
        )
    return figures


def _cell_figure(long: pd.DataFrame, pair: tuple[str, str], suffix: str) -> StudyFigure:
    first, second = pair
    shown = long[long["cell_type"] != ""]
    return StudyFigure(
        f"by_cell{suffix}",
        compare_cells(shown, first, second),
        f"{second} against {first} by cell type, a point a task ({_counted(shown)}); in the legend how many tasks "
        "lie above / below the diagonal in auROC. No test: a cell type's tasks share its accessibility and "
        "expression.",
    )


def _by_cell(long: pd.DataFrame) -> bool:
    """Tell whether two cell types are known."""
    return len(set(long["cell_type"])) > 1


def _counted(long: pd.DataFrame) -> str:
    """Return how many tasks each cell type has."""
    counts = long.drop_duplicates("task").groupby("cell_type", sort=False).size()
    return ", ".join(f"{cell} n = {count}" for cell, count in counts.items())


def _findings(pairs: pd.DataFrame, gains: pd.DataFrame, metric: str) -> list[str]:
    lines = []
    for _, row in pairs[pairs["metric"] == metric].iterrows():
        best = gains[(gains["first"] == row["first"]) & (gains["second"] == row["second"])].head(3)
        named = ", ".join(f"{task} {gain:+.3f}" for task, gain in zip(best["task"], best["gain"], strict=True))
        lines.append(
            f"{row['second']} against {row['first']}, {metric}: {number(row['mean_second'], 3)} against "
            f"{number(row['mean_first'], 3)}, above in {int(row['above'])} and below in {int(row['below'])} of "
            f"{int(row['tasks'])} tasks; Wilcoxon {p_words(row['wilcoxon_p'])}, paired t-test "
            f"{p_words(row['t_p'])}. Largest gains: {named}."
        )
    return lines
