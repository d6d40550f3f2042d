"""What a motif alone and counts of short words can tell: the floor beside every model's measures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.architectures.fitted import FittedModel
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.epochs import draw_epoch
from motiflens.models.evaluate import score
from motiflens.models.files import write_json
from motiflens.models.kept_controls import made_ahead
from motiflens.models.metrics import METRICS, task_metrics
from motiflens.models.metrics_file import read_metrics, split_record
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.reading import read_json
from motiflens.models.registry import build
from motiflens.models.run import Run, open_run

FILE = "controls.json"
CONTROLS = ("pwm", "kmer_logistic")
NAMES = {"pwm": "the best single JASPAR matrix", "kmer_logistic": "logistic regression on 6-mers"}
_SHORTEST = 6  # bp: the words' length
_MOST = 100_000  # training windows
_VERSION = 1  # of how controls are made: older files are made again


def controls(train: Windows, test: Windows, *, seed: int = 0, progress: Progress = silent) -> pd.DataFrame:
    """Fit the control models to training windows and measure them on others.

    Parameters
    ----------
    train
        Windows to choose the matrix by and to fit to: those that one epoch draws, 100,000 at most.
    test
        Windows to measure on, of the same length and tasks. Only their bases are read.
    seed
        Of the choice of windows.
    progress
        Told how far it is.

    Returns
    -------
    DataFrame
        One row a task and control: ``task``, ``control`` (``pwm``: the best single matrix of JASPAR 2026's
        vertebrates, chosen on `train`; ``kmer_logistic``: L2 logistic regression on the presence of 6-mers, both
        strands as one), ``matrix`` (its name; empty for the latter), ``positives``, ``negatives`` and the
        metrics (see `metrics.task_metrics`). A task without bound or unbound training windows has no rows, and
        windows of less than 6 bp have none at all.

    Raises
    ------
    ValueError
        If lengths or tasks differ.
    """
    if train.length != test.length:
        raise ValueError(
            f"the training windows have {train.length} bp, the others {test.length}: controls need one length"
        )
    columns = _common_tasks(train, test)
    rows = draw_epoch(train, 0, seed, most=_MOST)
    labels = train.labels[rows]
    fits = [column for column in columns if {0.0, 1.0} <= set(np.unique(labels[:, column]).tolist())]
    if not fits or train.length < _SHORTEST:
        return _empty()
    kept_train, kept_test = _Bases(train, fits), _Bases(test, [columns[column] for column in fits])
    parts = []
    for number, name in enumerate(CONTROLS):
        progress(Step("controls", number, len(CONTROLS), "models", NAMES[name]))
        model = build(name, length=train.length, outputs=len(fits))
        assert isinstance(model, FittedModel)
        model.fit(kept_train, rows, seed=seed)
        logits = np.concatenate([*score(model, kept_test), np.zeros((0, len(fits)), dtype=np.float32)])
        table = task_metrics(kept_test.labels, logits, kept_train.tasks)
        table.insert(1, "control", name)
        table.insert(2, "matrix", model.hyperparameters.get("matrices", [""] * len(fits)))
        parts.append(table)
    progress(Step("controls", len(CONTROLS), len(CONTROLS), "models"))
    return pd.concat(parts, ignore_index=True).sort_values("task", kind="stable", ignore_index=True)


def _common_tasks(train: Windows, test: Windows) -> dict[int, int]:
    """Return the training windows' column of each task that both have -> the others'; one of each always match."""
    if len(train.tasks) == len(test.tasks) == 1:
        return {0: 0}
    return {i: test.tasks.index(task) for i, task in enumerate(train.tasks) if task in test.tasks}


class _Bases(Windows):
    """The bases of windows, with some of their tasks."""

    def __init__(self, parent: Windows, columns: Sequence[int]) -> None:
        self.parent = parent
        self.length, self.channels, self.meta_names = parent.length, parent.channels[:4], ()
        self.tasks = tuple(parent.tasks[column] for column in columns)
        self.labels, self.table = parent.labels[:, list(columns)], parent.table

    def codes(self, index: types.Integers) -> types.Codes:
        return self.parent.codes(index)

    def signals(self, index: types.Integers) -> types.Floats:
        return np.zeros((len(index), 0, self.length), dtype=np.float32)

    def meta(self, index: types.Integers) -> None:
        return None


def controls_of(
    run: Run, dataset: Dataset, split: str = "test", *, seed: int = 0, progress: Progress = silent
) -> pd.DataFrame:
    """Return the controls that belong to a run's measures on a split; kept beside the run by the data's hash.

    They are fitted to the run's own training windows where its data can be opened, else to those of `dataset`.

    Parameters
    ----------
    run
        An opened run; ``controls.json`` in its folder holds what was computed before.
    dataset
        The data that the run is measured on.
    split
        ``test``, ``valid`` or ``train``.
    seed, progress
        As in `controls`.

    Returns
    -------
    DataFrame
        As `controls`, with the tasks of the run; empty where there are no training windows.
    """
    known = _kept(run.path)
    key = f"{split} {dataset.hash} {seed}"
    if key not in known:
        train, test = _training(run, dataset), dataset[split]
        if train is None or train.length != test.length:
            return _empty()
        own = run.config.get("data", {}).get("hash") in (None, dataset.hash)
        rows = made_ahead(dataset, split, seed) if own else None
        known[key] = rows or controls(train, test, seed=seed, progress=progress).to_dict("records")
        write_json(run.path / FILE, {"version": _VERSION, "controls": known})
    return _of_run(run, known[key])


def controls_of_runs(folders: Sequence[types.Path], split: str = "test") -> dict[str, pd.DataFrame]:
    """Return the controls of several runs, each on the data that it was measured on last, by run folder.

    Runs on the same data share theirs. A run whose data are not at hand, or that was measured on other data than
    its own, is left out unless its folder holds the controls already.
    """
    tables: dict[str, pd.DataFrame] = {}
    shared: dict[tuple[str | None, str | None], list[types.Json]] = {}
    for folder in folders:
        run = open_run(folder)
        measured = split_record(read_metrics(run.path), split) or {}
        own = run.config.get("data", {}).get("hash")
        tested = measured.get("data_hash") or own
        known, key = _kept(run.path), f"{split} {tested} 0"
        if key not in known and (own, tested) in shared:
            known[key] = shared[own, tested]
            write_json(run.path / FILE, {"version": _VERSION, "controls": known})
        if key not in known and own == tested and own is not None:
            try:
                controls_of(run, open_as_trained(run), split)
            except (FileNotFoundError, ValueError):
                continue
            known = _kept(run.path)
        if key in known:
            shared[own, tested] = known[key]
            tables[str(folder)] = _of_run(run, known[key])
    return tables


def _of_run(run: Run, records: list[types.Json]) -> pd.DataFrame:
    table = pd.DataFrame(records, columns=["task", "control", "matrix", "positives", "negatives", *METRICS])
    table[list(METRICS)] = table[list(METRICS)].astype(np.float64)
    if len(run.tasks) == 1 and len(set(table["task"])) == 1:
        table["task"] = run.tasks[0]
    return table[table["task"].isin(run.tasks)].reset_index(drop=True)


def _kept(folder: Path) -> types.Json:
    path = folder / FILE
    record = read_json(path, "file of controls") if path.is_file() else {}
    kept: types.Json = record.get("controls", {}) if record.get("version") == _VERSION else {}
    return kept


def _training(run: Run, dataset: Dataset) -> Windows | None:
    """Return the windows that a run was trained on, else those of the data; None where there are none."""
    record = run.config.get("data", {})
    if record.get("hash") not in (None, dataset.hash) and Path(str(record.get("source"))).exists():
        own = open_as_trained(run)
        if own.hash == record["hash"] and own.example.length == dataset.example.length:
            return own["train"]
    return dataset.splits.get("train")


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=["task", "control", "matrix", "positives", "negatives", *METRICS])


def beaten(measures: pd.DataFrame, floor: pd.DataFrame, metric: str = "auroc") -> list[str]:
    """Say where a model ranks windows no better than a control does.

    Parameters
    ----------
    measures
        The model's metrics, one row a task: see `evaluate.evaluate`.
    floor
        See `controls`.
    metric
        Which one to compare by.

    Returns
    -------
    list of str
        One sentence a task and control that the model does not reach, the worst loss first; empty if it always
        does.

    Examples
    --------
    >>> measures = pd.DataFrame({"task": ["SP1"], "auroc": [0.767]})
    >>> floor = pd.DataFrame({"task": ["SP1"], "control": ["kmer_logistic"], "matrix": [""], "auroc": [0.888]})
    >>> beaten(measures, floor)
    ['SP1: auroc 0.767 is below that of logistic regression on 6-mers (0.888)']
    """
    both = floor.merge(measures[["task", metric]], on="task", suffixes=("_control", ""))
    lost = both[both[f"{metric}_control"] > both[metric]]
    lost = lost.assign(by=lost[f"{metric}_control"] - lost[metric]).sort_values("by", ascending=False)
    return [
        f"{row['task']}: {metric} {row[metric]:.3f} is below that of {NAMES[row['control']]}"
        f"{' ' + row['matrix'] if row['matrix'] else ''} ({row[f'{metric}_control']:.3f})"
        for row in lost.to_dict("records")
    ]
