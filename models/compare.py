"""Comparing runs: their measures side by side, and pairs of them task by task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.text import listed
from motiflens.models.metrics import METRICS, dream_score
from motiflens.models.metrics_file import read_metrics, split_record
from motiflens.models.named_list import once
from motiflens.models.provenance import file_hash
from motiflens.models.real_path import real_path
from motiflens.models.run import read_config
from motiflens.models.run_files import CONFIG, WEIGHTS
from motiflens.models.run_files import METRICS as METRICS_FILE

# Sequences of the training subset as it is given, bound and unbound, before validation is taken off and relatives
# of test sequences are left out, that part small, medium and large data sets (Shen et al. 2021).
SIZES = (3_000, 30_000)


class Paired(NamedTuple):
    """Two groups of runs, task by task."""

    first: str
    second: str
    metric: str
    table: pd.DataFrame  # task, first, second (values), bound, sequences (see `task_table`), size
    counts: pd.DataFrame  # size (all, small, medium, large), tasks, above, below, equal, means, p


def run_folders(path: types.Path) -> list[Path]:
    """Return the run folders that a path stands for: itself, those right below it, or those of a study or sweep.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    folder = Path(path)
    if (folder / CONFIG).is_file():
        return [folder]
    for places in (f"*/{CONFIG}", f"runs/*/*/*/{CONFIG}"):
        runs = sorted(config.parent for config in folder.glob(places))
        if runs:
            return runs
    raise FileNotFoundError(f"{folder} is no run folder and holds none: make one with 'interpret train'")


def folders_of(paths: Sequence[types.Path]) -> list[Path]:
    """Return the run folders that several paths stand for, each once.

    Raises
    ------
    FileNotFoundError
        As `run_folders`.
    ValueError
        If two of them are one folder: it would be counted twice.
    """
    folders = [folder for path in paths for folder in run_folders(path)]
    once([str(real_path(folder)) for folder in folders], "the list of runs")
    return folders


def task_table(path: types.Path, *, split: str = "test") -> pd.DataFrame:
    """Read the measures per task of a run, or of all runs in a folder.

    Parameters
    ----------
    path
        A run folder, or a folder of them.
    split
        ``test`` or ``train``: as `evaluate` left them, of the data that were measured last; ``valid``: of the
        best epoch, unless measured since.

    Returns
    -------
    DataFrame
        ``task``, ``bound`` (training windows), ``sequences`` (of training and validation, see
        `train.training_sizes`), ``positives``, ``negatives``, the metrics, and the data that they were measured
        on: ``data`` (source) and ``data_hash``.

    Raises
    ------
    FileNotFoundError
        If a run was not evaluated on that split.
    ValueError
        If two runs of a folder have a task of the same name, or a run's measures are not those of its weights.
    """
    parts = []
    for folder in run_folders(path):
        config, record = read_config(folder), read_metrics(folder)
        measures = split_record(record, split) or {}
        tasks = measures.get("tasks")
        if not tasks and split == "valid":
            trained_on = config.get("data", {})
            measures = {
                "data": trained_on.get("source"),
                "data_hash": trained_on.get("hash"),
                "weights_hash": record.get("weights_hash"),
            }
            tasks = record.get("valid")
        if not tasks:
            raise FileNotFoundError(
                f"{folder} has no measures on the {split} split: run 'interpret evaluate {folder} --split {split}'"
            )
        check_measures(folder, config, measures, tasks)
        table = pd.DataFrame(tasks, columns=["task", "positives", "negatives", *METRICS])
        table[list(METRICS)] = table[list(METRICS)].astype(np.float64)
        for place, (column, key) in enumerate(
            (("bound", "train_windows"), ("sequences", "training_sequences")), 1
        ):
            counts = config.get("training", {}).get(key, {})
            table.insert(place, column, [counts.get(task, np.nan) for task in table["task"]])
        table["data"], table["data_hash"] = measures.get("data"), measures.get("data_hash")
        parts.append(table)
    whole = pd.concat(parts, ignore_index=True)
    twice = whole["task"][whole["task"].duplicated()]
    if len(twice):
        raise ValueError(f"{path}: two runs have the task {twice.iloc[0]!r}: compare them as runs of their own")
    return whole


def compare(paths: Sequence[types.Path], *, split: str = "test") -> pd.DataFrame:
    """Set runs side by side over the tasks that all of them have.

    Parameters
    ----------
    paths
        Run folders, or folders of runs.
    split
        As in `task_table`.

    Returns
    -------
    DataFrame
        One row a path: ``run``, ``tasks``, the metrics averaged over the common tasks, and ``dream_score`` (lower
        is better): `metrics.dream_score` of each task by itself, averaged over tasks.

    Raises
    ------
    ValueError
        If they have no task in common, or were measured on different data. Others as in `task_table`.
    """
    tables = [task_table(path, split=split).set_index("task") for path in paths]
    common = _common(tables, paths)
    rows = [
        {"run": str(path), "tasks": len(common), **table.loc[common, list(METRICS)].mean().to_dict()}
        for path, table in zip(paths, tables, strict=True)
    ]
    compared = pd.DataFrame(rows)
    compared["dream_score"] = _dream_scores([table.loc[common] for table in tables])
    return compared


def check_measures(folder: Path, config: types.Json, record: types.Json, tasks: Sequence[types.Json]) -> None:
    """Refuse measures of other weights or tasks than the run's: they are kept, and would outlive a damaged run.

    Parameters
    ----------
    folder
        The run folder.
    config
        Of the run.
    record
        What was kept; its ``weights_hash`` is compared where it has one.
    tasks
        The measures, one record a task.

    Raises
    ------
    FileNotFoundError, ValueError
        If the weights are missing or others, or the tasks are others.
    """
    weights = folder / WEIGHTS
    if "model" in config and not weights.is_file():
        raise FileNotFoundError(f"{folder} is no run folder: {WEIGHTS} is missing; train it again")
    wanted = record.get("weights_hash")
    if wanted is not None and weights.is_file() and file_hash(weights) != wanted:
        raise ValueError(
            f"{weights} is not the file that was measured (damaged, or trained since): run 'interpret evaluate "
            f"{folder}' again"
        )
    names, known = [row.get("task") for row in tasks], config.get("tasks")
    if known and names != list(known):
        raise ValueError(
            f"{folder / METRICS_FILE} holds measures of {listed(map(str, names), 5)}, the run's tasks are "
            f"{listed(map(str, known), 5)}: evaluate it again"
        )


def _dream_scores(tables: Sequence[pd.DataFrame]) -> list[float]:
    """Return each run's unified score: of each task by itself, then averaged over tasks, as the paper does.

    Tasks on which a measure of some run is undefined are left out for all, so that all are averaged over the same.
    """
    scores: list[pd.Series] = []
    for task in tables[0].index:
        measures = pd.DataFrame([table.loc[task, list(METRICS)] for table in tables]).astype(np.float64)
        scores.append(dream_score(measures.reset_index(drop=True)))
    return [float(value) for value in pd.concat(scores, axis=1).dropna(axis=1).mean(axis=1)]


def _common(tables: Sequence[pd.DataFrame], paths: Sequence[types.Path]) -> list[str]:
    if all(len(table) == 1 for table in tables) and len({table.index[0] for table in tables}) > 1:
        names = ", ".join(sorted({str(table.index[0]) for table in tables}))
        raise ValueError(f"the runs are about different tasks ({names}): there is nothing to compare")
    common = [task for task in tables[0].index if all(task in table.index for table in tables)]
    if not common:
        raise ValueError(f"{' and '.join(map(str, paths))} have no task in common")
    for table, path in zip(tables[1:], paths[1:], strict=True):
        for task in common:
            _same_data(task, tables[0].loc[task], table.loc[task], (paths[0], path))
    return common


def _same_data(task: str, a: pd.Series, b: pd.Series, paths: tuple[types.Path, types.Path]) -> None:
    """Refuse measures on different data: `evaluate` keeps the last ones, which may be on another set.

    The hash covers options that models differ in (signals), the source does not outlive a move: one must agree.
    """
    both = not pd.isna(a["data"]) and not pd.isna(b["data"])
    if both and a["data"] != b["data"] and a["data_hash"] != b["data_hash"]:
        raise ValueError(
            f"{task}: {paths[0]} was last evaluated on {a['data']}, {paths[1]} on {b['data']}: evaluate both "
            "on the same data"
        )


def pair(first: types.Path, second: types.Path, *, metric: str = "auprc", split: str = "test") -> Paired:
    """Compare two runs (or folders of runs) task by task.

    Parameters
    ----------
    first, second
        `second` is the one that may be better: ``above`` counts the tasks on which it is.
    metric
        One of `metrics.METRICS`.
    split
        As in `task_table`.

    Returns
    -------
    Paired
        The counts hold, for all tasks and for those of small, medium and large data sets (see `SIZES`), how many
        lie above, below and on the diagonal, both means, and the p-value of Wilcoxon's signed-rank test
        (two-sided; NaN below two tasks that differ).

    Raises
    ------
    ValueError
        For an unknown metric, or runs without a common task.
    """
    if metric not in METRICS:
        raise ValueError(f"there is no metric {metric!r}: there are {', '.join(METRICS)}")
    a, b = (task_table(path, split=split).set_index("task") for path in (first, second))
    common = _common([a, b], [first, second])
    table = pd.DataFrame(
        {
            "task": common,
            "first": a.loc[common, metric].to_numpy(),
            "second": b.loc[common, metric].to_numpy(),
            "bound": a.loc[common, "bound"].to_numpy(),
            "sequences": a.loc[common, "sequences"].to_numpy(),
        }
    ).dropna(subset=["first", "second"])
    table["size"] = [size_class(count) for count in table["sequences"]]
    return Paired(str(first), str(second), metric, table, paired_counts(table))


def paired_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of `Paired` for a table with ``first``, ``second`` and ``size``."""
    groups = [("all", table), *((name, table[table["size"] == name]) for name in ("small", "medium", "large"))]
    return pd.DataFrame([_counts(name, part) for name, part in groups if len(part)])


def size_class(sequences: float) -> str:
    """Return ``small``, ``medium`` or ``large`` for the sequences of a training subset; see `SIZES`."""
    if sequences != sequences:
        return "unknown"
    return "small" if sequences < SIZES[0] else "medium" if sequences <= SIZES[1] else "large"


def _counts(name: str, part: pd.DataFrame) -> dict[str, object]:
    from scipy.stats import wilcoxon

    change = part["second"].to_numpy() - part["first"].to_numpy()
    test: Any = wilcoxon(change[change != 0]) if (change != 0).sum() > 1 else None
    p = float("nan") if test is None else float(test.pvalue)
    return {
        "size": name,
        "tasks": len(part),
        "above": int((change > 0).sum()),
        "below": int((change < 0).sum()),
        "equal": int((change == 0).sum()),
        "mean_first": float(part["first"].mean()),
        "mean_second": float(part["second"].mean()),
        "p": p,
    }
