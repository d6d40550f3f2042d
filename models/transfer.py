"""SAResNet's transfer: a global model on all data sets, fine-tuned for each, against models of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.compare import size_class
from motiflens.models.data.deepbind_seq import seq_sets
from motiflens.models.data.independent_sets import independent_sets
from motiflens.models.data.windows import Dataset
from motiflens.models.executor import Workers
from motiflens.models.machine import check_accelerator
from motiflens.models.metrics import METRICS
from motiflens.models.progress import Progress, silent
from motiflens.models.set_folder import set_files
from motiflens.models.study.measure import Measure, measured
from motiflens.models.study.member import ALL, Member, members, told
from motiflens.models.study.plan import Model, Plan, Way
from motiflens.models.study.sets import data_sets
from motiflens.models.study.study import study
from motiflens.models.sweep import write_runs_table
from motiflens.models.train import training_sizes

TABLE, RELATED = "transfer.tsv", "related.tsv"
WAYS: Final[tuple[Way, ...]] = ("individual", "global", "transfer")


def transfer_plan(
    folder: types.Path,
    *,
    architecture: str = "saresnet",
    preset: str = "paper",
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
) -> Plan:
    """Return the study of a transfer: one architecture in three ways on each data set of a folder.

    Parameters
    ----------
    folder
        Data sets with a test half each: ``NAME.AC.seq.gz`` and ``NAME.B.seq.gz``.
    architecture, preset, settings, seed
        What is trained (see `recipes.recipe`, `recipes.adjust`); fine-tuning takes the recipe's ``finetune_rate``
        and ``finetune_patience``.

    Raises
    ------
    ValueError
        If the folder holds no data set, or one without a test half; for a setting that there is not.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for half in ("AC", "B"):
    ...         Path(folder, f"REST.{half}.seq.gz").touch()
    ...     plan = transfer_plan(folder, preset="short")
    >>> [model.label for model in plan.models]
    ['saresnet', 'saresnet global', 'saresnet transfer']
    """
    set_files(folder)
    for name, files in seq_sets(folder).items():
        if files.test is None:
            raise ValueError(f"{folder}: {name} has no test half: expected {name}.B.seq.gz beside it")
    models = tuple(Model(architecture, way=way, set=dict(settings or {})) for way in WAYS)
    return Plan(models=models, data=str(folder), preset=preset, seed=seed, controls=())


def transfer(
    plan: Plan,
    out: types.Path,
    *,
    workers: Workers | None = None,
    accelerator: str = "auto",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Train a model for each data set, a global one, and the global one fine-tuned for each; resumable.

    Parameters
    ----------
    plan
        See `transfer_plan`.
    out
        Folder of a study (see `study`), of ``transfer.tsv``, and of ``related.tsv`` (each with ``.json``, how it
        was made): the windows of each set that the global model does not see since they are related to test
        windows of some set (see `independent_sets`; the recipe's ``related`` keeps them). What is finished is
        kept.
    workers, accelerator, progress
        As in `study`.

    Returns
    -------
    DataFrame
        One row a data set and way (individual, global, transfer): ``data_set``, ``bound`` (training windows),
        ``size``, ``way``, the metrics on the set's own test windows, and ``note``: why a training failed.

    Raises
    ------
    ValueError
        For a plan or data that do not fit, before anything is trained; if no training came to its end.
    """
    check_accelerator(accelerator, None if workers is None else workers.dask)
    where = Path(out)
    every = members(plan, data_sets(plan), where, accelerator)
    own = {member.set: member for member in every if member.model.way == "individual"}
    opened = {name: member.sets[0].open(member.recipe(), {}) for name, member in own.items()}
    made_from = {"model": plan.models[0].name, "data": str(Path(str(plan.data)).absolute())}
    if next(iter(own.values())).recipe().related == "drop":
        counts = independent_sets(opened).table
        write_runs_table(where / RELATED, counts.to_dict("records"), made_from, seed=plan.seed)
    study(plan, where, workers=workers, accelerator=accelerator, progress=progress)
    by_way = {(member.model.way, member.set): member for member in every}
    rows = [
        {**_size(name, dataset), **_row(by_way[way, ALL if way == "global" else name], own[name])}
        for name, dataset in opened.items()
        for way in WAYS
    ]
    write_runs_table(where / TABLE, rows, made_from, seed=plan.seed)
    if all(np.isnan(row[plan.metric]) for row in rows):
        raise ValueError(f"{where}: no run came to its end; the first: {rows[0]['note']}")
    return pd.DataFrame(rows)


def _size(name: str, dataset: Dataset) -> types.Json:
    bound = int((dataset["train"].labels == 1).sum())
    return {"data_set": name, "bound": bound, "size": size_class(next(iter(training_sizes(dataset).values())))}


def _row(member: Member, own: Member) -> types.Json:
    rows = measured(Measure(member, "test", own.sets[0]))
    measures = {key: rows[0][key] if rows else float("nan") for key in METRICS}
    return {"way": member.model.way, **measures, "note": told(member)}


def transfer_table(rows: pd.DataFrame, metric: str = "auroc") -> pd.DataFrame:
    """Set the three ways side by side: one row a data set, then means by size and over all.

    Means are over the data sets that have all three ways: where a training failed they would be of different sets.
    """
    wide = rows.pivot_table(index="data_set", columns="way", values=metric, sort=False)[list(WAYS)]
    sizes = rows.drop_duplicates("data_set").set_index("data_set")[["bound", "size"]]
    table = sizes.join(wide).reset_index()
    complete = table.dropna(subset=list(WAYS))
    means = [
        {"data_set": f"mean of {name}", "bound": int(part["bound"].sum()), "size": name, **part[list(WAYS)].mean()}
        for name, part in [*complete.groupby("size", sort=False), ("all", complete)]
    ]
    return pd.concat([table, pd.DataFrame(means)], ignore_index=True)
