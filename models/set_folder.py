"""A folder of DeepBind-format data sets: each of them, and all as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from motiflens.models import types
from motiflens.models.data.deepbind_seq import seq_sets
from motiflens.models.data.independent_sets import independent_sets
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.data.windows import Dataset
from motiflens.models.pooled import pool
from motiflens.models.recipes import Recipe

Related = Literal["drop", "keep"]


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
    pooled = pool(sets, source=str(folder), pooling=how.pooling, seed=seed)
    return replace(pooled, notes=(*pooled.notes, *notes))


def folder_as_it_is(folder: types.Path, *, ratio: float | None = None, seed: int = 0) -> Dataset:
    """Open a folder of data sets as one, whole, with a note on what training would leave out."""
    sets = open_sets(folder, ratio=ratio, seed=seed, related="keep")
    pooled = pool(sets, source=str(folder), pooling="all")
    (note,) = independent_sets(sets, seed=seed).notes
    return replace(pooled, notes=(*pooled.notes, f"in training on this folder {note} (related=keep keeps them)"))
