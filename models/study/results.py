"""One tidy table of all that a study measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from motiflens.models import types
from motiflens.models.compare import size_class
from motiflens.models.metrics import METRICS
from motiflens.models.run_files import CONFIG
from motiflens.models.run_files import METRICS as METRICS_FILE
from motiflens.models.study.measure import Measure, measured, validated
from motiflens.models.study.member import FAILED, Member, finished, told
from motiflens.models.study.sets import DataSet

COLUMNS = (
    "set",
    "tf",
    "cell_type",
    "size_class",
    "task",
    "model",
    "setting",
    "seed",
    "control",
    "split",
    "metric",
    "value",
    "seconds",
    "final",
    "note",
)


def member_rows(member: Member, measures: Iterable[Measure], final: bool) -> list[types.Json]:
    """Return the rows of a member: each metric on validation and on what else it was measured on.

    A member that failed is one row, of the metric ``failed``, whose note is the reason; one that has not come to
    its end yet has none.
    """
    note = told(member)
    if (member.folder / FAILED).is_file():
        data = member.sets[0] if member.model.way != "global" else None
        return [_row(member, data, "", "", {}, "valid", ("failed", float("nan")), note=note, final=False)]
    if not finished(member.run_folder):
        return []
    config = json.loads((member.run_folder / CONFIG).read_text(encoding="utf-8"))
    seconds = json.loads((member.run_folder / METRICS_FILE).read_text(encoding="utf-8"))["seconds"]
    sequences: Mapping[str, int] = config["training"]["training_sequences"]
    own = member.sets[0] if member.model.way != "global" else None
    parts: list[tuple[DataSet | None, str, list[types.Json]]] = [(own, "valid", validated(member))]
    parts += [(wanted.on, wanted.split, measured(wanted)) for wanted in measures if wanted.member == member]
    return [
        _row(
            member,
            data,
            row["task"],
            row["cell_type"],
            sequences,
            split,
            (metric, row[metric]),
            seconds=seconds,
            final=final,
            note=note,
        )
        for data, split, rows in parts
        for row in rows
        for metric in METRICS
    ]


def _row(
    member: Member,
    data: DataSet | None,
    task: str,
    cell: str,
    sequences: Mapping[str, int],
    split: str,
    measure: tuple[str, Any],
    **more: Any,
) -> types.Json:
    tf, _, cell_of_task = task.partition("|") if "|" in task else (data.tf if data else "", "", "")
    return {
        "set": data.name if data else member.set,
        "tf": tf or (data.tf if data else ""),
        "cell_type": cell or cell_of_task or (data.cell_type if data else ""),
        "size_class": size_class(sequences[task]) if task in sequences and member.model.way != "global" else "",
        "task": task,
        "model": member.model.label,
        "setting": member.setting_name,
        "seed": member.seed,
        "control": member.control,
        "split": split,
        "metric": measure[0],
        "value": measure[1],
        **more,
    }


def results_table(rows: Sequence[types.Json]) -> pd.DataFrame:
    """Return rows as a table with `COLUMNS`; rows that know no size class get their data set's."""
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    known = table[table["size_class"] != ""].drop_duplicates("set").set_index("set")["size_class"].to_dict()
    lacking = table["size_class"] == ""
    table.loc[lacking, "size_class"] = [known.get(name, "") for name in table.loc[lacking, "set"]]
    return table


def targets(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of single targets, with their names as ``target``.

    A target is a data set; a task of a set that has several; and where a set's windows were measured in each of
    several cell types, the set in one of them (all together are then left out).
    """
    keys = ["set", "model", "control", "split"]
    whole = table[table["metric"].isin(METRICS)]
    celled = whole.groupby(keys)["cell_type"].transform("nunique") > 1
    tasks = whole.groupby(keys)["task"].transform("nunique") > 1
    kept = whole[~(celled & ~tasks & (whole["cell_type"] == ""))]
    name = kept["set"].where(~(celled & ~tasks), kept["set"] + " " + kept["cell_type"])
    return kept.assign(target=name.where(~tasks, kept["task"]))


def summary(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return means and medians over targets of each model, setting, split and metric.

    Parameters
    ----------
    table
        See `results_table`. Seeds of a target (see `targets`) are averaged first, so that each counts once.
    by
        Further columns to keep apart, such as ``cell_type``.
    """
    keys = [*by, "model", "setting", "control", "split", "metric"]
    each = targets(table).groupby([*keys, "target"], sort=False)["value"].mean().reset_index()
    return each.groupby(keys, sort=False)["value"].agg(targets="size", mean="mean", median="median").reset_index()


def best_settings(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return each cell line's and model's best setting by the mean over its sets on validation.

    Returns
    -------
    DataFrame
        ``cell_type``, ``model``, ``setting``, ``targets``, ``mean`` and ``median`` on validation.
    """
    means = summary(table[table["control"] == ""], ["cell_type"])
    means = means[(means["split"] == "valid") & (means["metric"] == metric)]
    best = means.loc[means.groupby(["cell_type", "model"], sort=False)["mean"].idxmax()]
    return best[["cell_type", "model", "setting", "targets", "mean", "median"]].reset_index(drop=True)
