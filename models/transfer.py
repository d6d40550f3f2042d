"""SAResNet's transfer: a global model on all data sets, fine-tuned for each, against models of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pandas as pd

from motiflens.models import types
from motiflens.models.compare import size_class
from motiflens.models.data.deepbind_seq import seq_sets
from motiflens.models.data.independent_sets import independent_sets
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.data.windows import Dataset
from motiflens.models.evaluate import evaluate
from motiflens.models.machine import Machine
from motiflens.models.metrics import METRICS
from motiflens.models.pooled import pool
from motiflens.models.progress import Progress, silent, within
from motiflens.models.recipes import Recipe
from motiflens.models.recipes import recipe as recipe_of
from motiflens.models.run import Run
from motiflens.models.sweep import finished, named_failure, write_runs_table
from motiflens.models.train import train, training_sizes

TABLE, RELATED = "transfer.tsv", "related.tsv"
Related = Literal["drop", "keep"]
WAYS = ("individual", "global", "transfer")


def set_files(folder: types.Path) -> dict[str, Path]:
    """Return the data sets of a folder: name -> training file (see `deepbind_seq.seq_sets`).

    Raises
    ------
    ValueError
        If there is none.
    """
    paths = {name: files.train for name, files in seq_sets(folder).items()}
    if not paths:
        raise ValueError(
            f"{folder} holds no data set: expected *.seq.gz files, e.g. NAME.AC.seq.gz and NAME.B.seq.gz"
        )
    return paths


def open_sets(
    folder: types.Path, *, ratio: float | None = None, seed: int = 0, related: Related = "drop"
) -> dict[str, Dataset]:
    """Open every data set of a folder.

    Parameters
    ----------
    folder
        See `set_files`.
    ratio, seed
        As in `open_dataset`.
    related
        ``drop``: windows that are related to test windows of any set are left out of training and validation (see
        `independent_sets`); ``keep``: sets are opened as they are.
    """
    sets = {name: open_dataset(path, ratio=ratio, seed=seed) for name, path in set_files(folder).items()}
    return independent_sets(sets, seed=seed).sets if related == "drop" else sets


def pooled_folder(folder: types.Path, recipe: Recipe | None = None, *, seed: int = 0) -> Dataset:
    """Open a folder of data sets as one (see `pooled.pool`), by a recipe's ``ratio``, ``pooling``, ``related``."""
    how = recipe or Recipe()
    sets = {name: open_dataset(path, ratio=how.ratio, seed=seed) for name, path in set_files(folder).items()}
    notes: tuple[str, ...] = ()
    if how.related == "drop":
        sets, _, notes = independent_sets(sets, seed=seed)
    pooled = pool(sets, source=str(folder), pooling=how.pooling)
    return replace(pooled, notes=(*pooled.notes, *notes))


def folder_as_it_is(folder: types.Path, *, ratio: float | None = None, seed: int = 0) -> Dataset:
    """Open a folder of data sets as one, whole, with a note on what training would leave out."""
    sets = open_sets(folder, ratio=ratio, seed=seed, related="keep")
    pooled = pool(sets, source=str(folder))
    (note,) = independent_sets(sets, seed=seed).notes
    return replace(pooled, notes=(*pooled.notes, f"in training on this folder {note} (related=keep keeps them)"))


def transfer(
    folder: types.Path,
    out: types.Path,
    *,
    architecture: str = "saresnet",
    recipe: Recipe | None = None,
    seed: int = 0,
    machine: Machine | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Train a model for each data set, a global one, and the global one fine-tuned for each; resumable.

    Parameters
    ----------
    folder
        Data sets with a test half each: ``NAME.AC.seq.gz`` and ``NAME.B.seq.gz``.
    out
        Run folders ``individual/NAME``, ``global``, ``transfer/NAME``, ``transfer.tsv``, and ``related.tsv`` (each
        with ``.json``, how it was made): the windows of each set that were left out since they are related to
        test windows of some set (see `independent_sets`; the recipe's ``related`` keeps them). What is finished is
        kept.
    architecture, recipe
        What is trained; fine-tuning takes the recipe's ``finetune_rate`` and ``finetune_patience`` and freezes
        no layer.
    seed, machine, progress
        As in `train`; each training is a stage with its name.

    Returns
    -------
    DataFrame
        One row a data set and way (individual, global, transfer): ``data_set``, ``bound`` (training windows),
        ``size``, ``way``, and the metrics on the set's own test windows.

    Raises
    ------
    ValueError
        If a data set has no test half, or a training fails; its name is told.
    """
    where, recipe = Path(out), recipe or recipe_of(architecture)
    made_from = {"model": architecture, "data": str(Path(folder).absolute())}
    sets = {name: open_dataset(path, ratio=recipe.ratio, seed=seed) for name, path in set_files(folder).items()}
    lacking = [name for name, dataset in sets.items() if "test" not in dataset.splits]
    if lacking:
        raise ValueError(f"{folder}: {lacking[0]} has no test half: expected {lacking[0]}.B.seq.gz beside it")
    if recipe.related == "drop":
        sets, counts, _ = independent_sets(sets, seed=seed)
        write_runs_table(where / RELATED, counts.to_dict("records"), made_from, seed=seed)

    def trained(name: str, dataset: Dataset, start: Run | None = None) -> Run:
        done = finished(where / name)
        if done is not None:
            return done
        with named_failure(where / name):
            return train(
                start or architecture,
                dataset,
                where / name,
                recipe=recipe,
                resume=True,
                seed=seed,
                machine=machine,
                progress=within(progress, name),
            )

    shared = trained("global", pool(sets, source=str(folder), pooling=recipe.pooling))
    rows = []
    for name, dataset in sets.items():
        runs = {
            "individual": trained(f"individual/{name}", dataset),
            "global": shared,
            "transfer": trained(f"transfer/{name}", dataset, shared),
        }
        bound = int((dataset["train"].labels == 1).sum())
        size = size_class(next(iter(training_sizes(dataset).values())))
        for way in WAYS:
            table = evaluate(runs[way], dataset, progress=within(progress, f"{way}/{name}"))
            measures = table.iloc[0][list(METRICS)].to_dict()
            rows.append({"data_set": name, "bound": bound, "size": size, "way": way, **measures})
        write_runs_table(where / TABLE, rows, made_from, seed=seed)
    return pd.DataFrame(rows)


def transfer_table(rows: pd.DataFrame, metric: str = "auroc") -> pd.DataFrame:
    """Set the three ways side by side: one row a data set, then means by size and over all."""
    wide = rows.pivot_table(index="data_set", columns="way", values=metric, sort=False)[list(WAYS)]
    sizes = rows.drop_duplicates("data_set").set_index("data_set")[["bound", "size"]]
    table = sizes.join(wide).reset_index()
    means = [
        {"data_set": f"mean of {name}", "bound": int(part["bound"].sum()), "size": name, **part[list(WAYS)].mean()}
        for name, part in [*table.groupby("size", sort=False), ("all", table)]
    ]
    return pd.concat([table, pd.DataFrame(means)], ignore_index=True)
