"""The runs that a study is about, and what of them can be compared: each TF in each cell type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiflens.interpret.adapter import Adapter, adapt
from motiflens.models import types
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.compare import folders_of
from motiflens.models.data.options import Options
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.evaluate import score
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.provenance import provenance
from motiflens.models.real_path import real_path
from motiflens.models.regions import Regions, region_dataset, split_windows
from motiflens.models.run import Run, open_run
from motiflens.models.strands import strand_merge
from motiflens.models.types import Doubles, Floats, Integers, Json


@dataclass(frozen=True)
class OpenedRun:
    """A run with the windows of the data it is looked at on.

    Attributes
    ----------
    name
        Short, and different from the other runs'.
    run, dataset, windows, adapter
        The run, the data, the split, and the model's adapter.
    """

    name: str
    run: Run
    dataset: Dataset
    windows: Windows
    adapter: Adapter

    @property
    def kind(self) -> str:
        """What the model is: the architecture, and which attention where it has a choice."""
        attention = self.run.model.hyperparameters.get("attention")
        return self.run.model.name + (f" ({attention})" if isinstance(attention, str) else "")

    @property
    def attends(self) -> bool:
        """Whether the model computes attention."""
        return bool(self.adapter.sources(self.windows.length))


@dataclass(frozen=True)
class Target:
    """One TF in one cell type (or one task, where the data do not say more).

    Attributes
    ----------
    name
        ``TF|cell type``, or the task.
    output, column
        The model's output and the data's column.
    rows
        Windows of it: those of the cell type where windows are of one.
    fold_change, dnase
        Names of its tracks; None where there are none.
    """

    name: str
    output: int
    column: int
    rows: Integers
    fold_change: str | None
    dnase: str | None

    def labelled(self, windows: Windows, label: float) -> Integers:
        """Return its rows with a label."""
        return self.rows[windows.labels[self.rows, self.column] == label]


def open_runs(
    paths: Sequence[types.Path],
    data: str | None = None,
    options: Options | None = None,
    *,
    split: str = "test",
    regions: Regions | None = None,
    device: str | None = None,
) -> list[OpenedRun]:
    """Open runs, or folders of runs, each with one split of its data.

    Parameters
    ----------
    paths
        Run folders, or folders that hold some.
    data, options
        As in `open_as_trained`.
    split
        ``test``, ``valid``, ``train`` or ``all``.
    regions
        A user's own windows, in place of the split; they are taken as bound by all that a run predicts.
    device
        Where to compute; the CPU by default.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no run, or two are of different data.
    """
    folders = folders_of(paths)
    opened = []
    for folder, name in zip(folders, short_names(folders), strict=True):
        run = open_run(folder)
        if regions:
            dataset = region_dataset(run, regions)
            windows = dataset["test"]
        else:
            dataset = open_as_trained(run, data, options)
            windows = split_windows(dataset, split)
            check_run_fits(run, windows)
        if device is not None:
            run.model.to(device)
        opened.append(OpenedRun(name, run, dataset, windows, adapt(run.model, length=windows.length)))
    first = opened[0]
    for other in opened[1:]:
        if other.dataset.source != first.dataset.source and other.dataset.hash != first.dataset.hash:
            raise ValueError(
                f"{first.run.path} is of {first.dataset.source}, {other.run.path} of {other.dataset.source}: give "
                "runs of the same data, or --data for all of them"
            )
    return opened


def targets(opened: OpenedRun) -> list[Target]:
    """Return the targets that a run has outputs for, in the data's order."""
    windows, tasks = opened.windows, opened.run.tasks
    listed = []
    single = len(tasks) == len(windows.tasks) == 1
    for column, task in enumerate(windows.tasks):
        if not single and task not in tasks:
            continue
        output = 0 if single else tasks.index(task)
        if "cell_type" in windows.table:
            cells = windows.table["cell_type"]
            for cell in dict.fromkeys(cells):
                rows = np.flatnonzero((cells == cell).to_numpy())
                listed.append(_target(windows, f"{task}|{cell}", output, column, rows))
        else:
            listed.append(_target(windows, task, output, column, np.arange(len(windows))))
    if not listed:
        raise ValueError(f"{opened.run.path} and {opened.dataset.source} have no task in common")
    return listed


def bound_rows(
    opened: OpenedRun, target: Target, *, most: int, seed: int = 0, prediction: float = 0.0
) -> Integers:
    """Return bound windows of a target, sorted: a random choice of at most `most`.

    Parameters
    ----------
    opened, target
        The run and what is looked at.
    most
        Windows at most.
    seed
        Of the choice.
    prediction
        Only windows that the model gives more than this probability.
    """
    rows = target.labelled(opened.windows, 1.0)
    if prediction > 0 and len(rows):
        rows = rows[probabilities(opened, rows)[:, target.output] > prediction]
    if len(rows) > most:
        rows = np.sort(np.random.default_rng([seed, target.output]).choice(rows, most, replace=False))
    return rows


def probabilities(opened: OpenedRun, rows: Integers) -> Doubles:
    """Return what the model predicts for windows, (n, outputs): as its recipe says, of one strand or of both."""
    merge = strand_merge(opened.run.config) or False
    parts: list[Floats] = list(score(opened.run.model, opened.windows, rows, average_strands=merge))
    logits = np.concatenate(parts) if parts else np.zeros((0, opened.run.model.outputs), dtype=np.float32)
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))))


def made_by(runs: Sequence[OpenedRun], parameters: Json) -> Json:
    """Return the provenance of a study of some runs, with the options that were in force."""
    record = provenance(
        seed=parameters.get("seed"),
        data=runs[0].dataset.source,
        data_hash=runs[0].dataset.hash,
        weights_hash=runs[0].run.weights_hash if len(runs) == 1 else None,
    )
    record["runs"] = {opened.name: opened.run.weights_hash for opened in runs}
    record["parameters"] = parameters
    return record


def _target(windows: Windows, name: str, output: int, column: int, rows: Integers) -> Target:
    known = windows.tracks
    cell = name.split("|")[-1]
    fold = next((track for track in (f"fold_change:{name}", "fold_change") if track in known), None)
    dnase = next((track for track in (f"dnase:{cell}", "dnase") if track in known), None)
    return Target(name, output, column, rows, fold, dnase)


def short_names(folders: Sequence[Path]) -> list[str]:
    """Return short names that differ: as many of a path's last parts as it takes.

    >>> short_names([Path("a/run"), Path("b/run")])
    ['a/run', 'b/run']
    """
    paths = [real_path(folder) for folder in folders]
    for depth in range(1, max(len(path.parts) for path in paths)):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]
