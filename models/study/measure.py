"""Measuring a finished member on a split, and reading what was measured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.data.windows import Dataset
from motiflens.models.evaluate import evaluate
from motiflens.models.files import write_json
from motiflens.models.metrics import METRICS
from motiflens.models.run import open_run
from motiflens.models.run_files import CONFIG
from motiflens.models.run_files import METRICS as METRICS_FILE
from motiflens.models.study.member import Member, file_name
from motiflens.models.study.sets import DataSet

_KEPT = ("task", "positives", "negatives", *METRICS)


@dataclass(frozen=True)
class Measure:
    """What is to be measured.

    Attributes
    ----------
    member
        A finished training.
    split
        ``test`` or ``leaderboard``.
    on
        The data set: the member's own, or for a global one each of them.
    source
        Of the leaderboard where it is a source of its own, whose test split it is.
    """

    member: Member
    split: str
    on: DataSet
    source: str = ""

    @property
    def file(self) -> Path:
        """Where the measures are kept."""
        return self.member.run_folder / f"measured_{self.split}_{file_name(self.on.name)}.json"


def measure(wanted: Measure) -> None:
    """Measure a run on a split of a data set, and in each cell type where windows are of several; once."""
    if wanted.file.is_file():
        return
    run = open_run(wanted.member.run_folder)
    dataset = _opened(wanted)
    split = "test" if wanted.source else wanted.split
    if split not in dataset.splits:
        raise ValueError(f"{wanted.on.source} has no {wanted.split} split")
    rows: list[types.Json] = []
    table = dataset[split].table
    if "cell_type" in table and len(set(table["cell_type"])) > 1:
        for cell, index in table.groupby("cell_type", sort=True).indices.items():
            part = Dataset(
                dataset.source,
                dataset.kind,
                {split: dataset[split].subset(np.asarray(index))},
                f"{dataset.hash} {cell}",
            )
            rows += _rows(evaluate(run, part, split=split), str(cell))
    # last, so that what `compare` reads is of the whole split
    rows = [*_rows(evaluate(run, dataset, split=split), ""), *rows]
    write_json(wanted.file, {"data": dataset.source, "data_hash": dataset.hash, "rows": rows})


def _opened(wanted: Measure) -> Dataset:
    member = wanted.member
    if wanted.source:
        run = json.loads((member.run_folder / CONFIG).read_text(encoding="utf-8"))
        options = dict(run["data"]["options"])
        if options.get("signals") is not None:
            options["signals"] = tuple(options["signals"])
        return open_dataset(wanted.source, **options)
    if member.model.way == "global":
        return wanted.on.open(member.recipe(), {})
    return member.open(splits=(wanted.split,))


def measured(wanted: Measure) -> list[types.Json]:
    """Return the rows that `measure` kept: cell type, task, counts and metrics; none if it has not measured."""
    if not wanted.file.is_file():
        return []
    rows: list[types.Json] = json.loads(wanted.file.read_text(encoding="utf-8"))["rows"]
    return rows


def validated(member: Member) -> list[types.Json]:
    """Return a finished member's measures on validation, as `measured`."""
    record = json.loads((member.run_folder / METRICS_FILE).read_text(encoding="utf-8"))
    table = pd.DataFrame(record["valid"]).reindex(columns=list(_KEPT))
    return _rows(table, "")


def _rows(table: pd.DataFrame, cell: str) -> list[types.Json]:
    return [
        {"cell_type": cell} | {str(key): value for key, value in row.items()} for row in table.to_dict("records")
    ]
