"""A grid of trainings over settings, resumable."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from motiflens.models import types
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.evaluate import evaluate
from motiflens.models.files import write_with_record
from motiflens.models.machine import Machine
from motiflens.models.metrics import METRICS, mean_metrics
from motiflens.models.metrics_file import read_metrics, split_record
from motiflens.models.progress import Progress, silent, within
from motiflens.models.provenance import provenance
from motiflens.models.recipes import Recipe, adjust
from motiflens.models.run import Run, open_run, read_config
from motiflens.models.train import build_for, train

TABLE = "sweep.tsv"


def read_grid(settings: Sequence[str]) -> dict[str, list[str]]:
    """Read texts ``key=value,value,…`` as a grid.

    Examples
    --------
    >>> read_grid(["optimizer=sgd,adam", "units=50,80"])
    {'optimizer': ['sgd', 'adam'], 'units': ['50', '80']}
    """
    from motiflens.models.settings import split_settings

    grid = {key: [value.strip() for value in text.split(",")] for key, text in split_settings(settings).items()}
    empty = next((key for key, values in grid.items() if not all(values)), None)
    if empty is not None:
        raise ValueError(f"the grid's {empty} has an empty value: write it as {empty}=value,value")
    return grid


def sweep(
    architecture: str,
    open_data: Callable[[Recipe], Dataset],
    out: types.Path,
    grid: Mapping[str, Sequence[object]],
    *,
    recipe: Recipe,
    seed: int = 0,
    machine: Machine | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Train every combination of a grid, each in a run folder of its own.

    Parameters
    ----------
    architecture
        See `motiflens.models.architectures`.
    open_data
        Opens the data for a recipe (its signals and ratio may be part of the grid).
    out
        Folder of run folders, and of ``sweep.tsv`` with ``sweep.tsv.json`` (how it was made, and which run is the
        best on validation), which are rewritten after each run. Runs that it holds finished are kept, and one that
        was interrupted goes on.
    grid
        Key -> values: keys of the recipe or hyperparameters (see `recipes.adjust`).
    recipe
        Everything else.
    seed, machine, progress
        As in `train`; each training is a stage with its name.

    Returns
    -------
    DataFrame
        One row a combination: the grid's keys, ``run``, ``epochs``, ``seconds``, then the mean metrics on
        validation (``valid_…``), and on the test split, if there is one, without a prefix.

    Raises
    ------
    ValueError
        For an unknown key or value, or a model that cannot be made, before anything is trained; if a training
        fails, with its name.
    """
    folder = Path(out)
    keys = list(grid)
    combinations = [dict(zip(keys, values, strict=True)) for values in itertools.product(*grid.values())]
    recipes = [adjust(recipe, architecture, combination) for combination in combinations]
    names = [",".join(f"{key}={value}" for key, value in each.items()) or "default" for each in combinations]
    _check_grid(
        architecture,
        open_data,
        [how for how, name in zip(recipes, names, strict=True) if finished(folder / name) is None],
    )
    rows: list[dict[str, object]] = []
    for name, combination, how in zip(names, combinations, recipes, strict=True):
        told = within(progress, name)
        with named_failure(folder / name):
            row = _trained(architecture, open_data, folder / name, how, seed, machine, told)
        rows.append({**combination, **row})
        record = {"model": architecture, "grid": {key: list(map(str, grid[key])) for key in keys}}
        write_runs_table(folder / TABLE, rows, {**record, "best_on_validation": best_run(rows)}, seed=seed)
    return pd.DataFrame(rows)


def best_run(rows: Sequence[Mapping[str, object]]) -> str:
    """Return the run with the best average precision on validation, as the test split plays no part in choosing.

    Examples
    --------
    >>> best_run([{"run": "a", "valid_auprc": 0.7}, {"run": "b", "valid_auprc": 0.8}])
    'b'
    """
    return str(max(rows, key=lambda row: float(str(row["valid_auprc"])))["run"])


def write_runs_table(path: Path, rows: Sequence[Mapping[Any, object]], record: types.Json, *, seed: int) -> None:
    """Write a table of runs and, beside it, how it was made: both or neither."""
    with write_with_record(path, {**record, "runs": len(rows), **provenance(seed=seed)}) as part:
        pd.DataFrame(rows).to_csv(part, sep="\t", index=False)


@contextlib.contextmanager
def named_failure(folder: Path) -> Iterator[None]:
    """Say in which run of several the block has failed; what is finished is kept."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{folder}: {error}; finished runs are kept") from error


def _check_grid(architecture: str, open_data: Callable[[Recipe], Dataset], recipes: Sequence[Recipe]) -> None:
    """Make each model of a grid, and open each kind of data, so that a fault is found before any training."""
    examples: dict[tuple[object, ...], Windows] = {}
    for how in recipes:
        kind = (how.signals, how.ratio, how.use_peak)
        if kind not in examples:
            examples[kind] = open_data(how).example
        build_for(architecture, examples[kind], how)


def _trained(
    architecture: str,
    open_data: Callable[[Recipe], Dataset],
    folder: Path,
    how: Recipe,
    seed: int,
    machine: Machine | None,
    progress: Progress,
) -> dict[str, object]:
    """Train one combination unless it is there, and return its row."""
    run = finished(folder)
    if run is None or _tested(folder) is None:
        dataset = open_data(how)
        if run is None:
            run = train(
                architecture,
                dataset,
                folder,
                recipe=how,
                resume=True,
                seed=seed,
                machine=machine,
                progress=progress,
            )
        if "test" in dataset.splits:
            evaluate(run, dataset, progress=progress)
    return run_row(folder)


def finished(folder: Path) -> Run | None:
    """Open a run folder if its training came to its end."""
    return open_run(folder) if read_metrics(folder).get("finished") else None


def _tested(folder: Path) -> types.Json | None:
    """Return the measures on the test split of the run's own data."""
    config = read_config(folder)
    return split_record(read_metrics(folder), "test", config["data"]["hash"])


def run_row(folder: Path) -> dict[str, object]:
    """Return what a table says of a run: its folder, epochs, seconds, and mean metrics."""
    record = read_metrics(folder)
    row: dict[str, object] = {
        "run": folder.name,
        "epochs": record["epochs"],
        "seconds": record["seconds"],
    }
    valid = mean_metrics(pd.DataFrame(record["valid"], columns=list(METRICS)).astype(float))
    row.update({f"valid_{key}": value for key, value in valid.items() if key in ("auroc", "auprc")})
    tested = _tested(folder)
    if tested:
        row.update(mean_metrics(pd.DataFrame(tested["tasks"], columns=list(METRICS)).astype(float)))
    return row
