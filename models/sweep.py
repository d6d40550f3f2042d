"""A sweep: a study of one model's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from motiflens.models import types
from motiflens.models.data.options import Options
from motiflens.models.executor import Workers
from motiflens.models.files import write_with_record
from motiflens.models.machine import check_accelerator
from motiflens.models.metrics import METRICS, mean_metrics
from motiflens.models.metrics_file import read_metrics
from motiflens.models.progress import Progress, silent
from motiflens.models.provenance import provenance
from motiflens.models.study.check_members import check_members
from motiflens.models.study.measure import Measure, measured, validated
from motiflens.models.study.member import FAILED, Member, members, told
from motiflens.models.study.plan import Model, Plan, check_set
from motiflens.models.study.sets import data_sets
from motiflens.models.study.study import study

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


def sweep_plan(
    architecture: str,
    source: str | None,
    grid: Mapping[str, Sequence[Any]],
    *,
    data: Options | None = None,
    preset: str = "paper",
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
) -> Plan:
    """Return the study of a sweep: every combination of a grid, on each data set of a source.

    Parameters
    ----------
    architecture
        See `motiflens.models.architectures`.
    source
        As for `open_dataset`, None for the built-in data; each set of a folder of several DeepBind-format sets, of
        which the data's ``tf`` chooses one.
    grid
        Key -> values: keys of the recipe or hyperparameters (see `recipes.adjust`).
    data
        How to open the source.
    preset, settings, seed
        Of all trainings (see `recipes.recipe`, `recipes.adjust`).

    Raises
    ------
    ValueError
        If a setting is among the grid's, too.

    Examples
    --------
    >>> sweep_plan("kegru", None, {"units": [50, 80]}).models[0].grid
    {'units': [50, 80]}
    """
    check_set(dict(settings or {}), dict(grid))
    model = Model(architecture, set=dict(settings or {}), grid={key: list(values) for key, values in grid.items()})
    options = (data or Options()).given()
    return Plan(models=(model,), data=source, per="all", options=options, seed=seed, preset=preset, controls=())


def sweep(
    plan: Plan,
    out: types.Path,
    *,
    workers: Workers | None = None,
    accelerator: str = "auto",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Train every combination of a grid; the best one on validation, and no other, is tested.

    Parameters
    ----------
    plan
        See `sweep_plan`.
    out
        Folder of a study (see `study`), and of ``sweep.tsv`` with ``sweep.tsv.json`` (how it was made, and which
        run is the best on validation). Runs that it holds finished are kept, and one that was interrupted goes on.
    workers, accelerator, progress
        As in `study`.

    Returns
    -------
    DataFrame
        One row a data set and combination: ``set``, the grid's keys, ``run`` (its folder), ``epochs``,
        ``seconds``, the mean metrics over tasks on validation (``valid_…``), those on the test split of the run
        that validation chooses (``chosen``), and ``note``: what went wrong.

    Raises
    ------
    ValueError
        For an unknown key or value, or a model that cannot be made, before anything is trained; if no training
        comes to its end.
    """
    check_accelerator(accelerator, None if workers is None else workers.dask)
    where = Path(out)
    every = members(plan, data_sets(plan), where, accelerator)
    check_members(every)
    results = study(plan, where, workers=workers, accelerator=accelerator, progress=progress)
    final = results[results["final"].astype(bool)]
    chosen = set(zip(final["set"], final["setting"], strict=True))
    rows = [_row(member, (member.set, member.setting_name) in chosen, where) for member in every]
    model = plan.models[0]
    record = {
        "model": model.name,
        "grid": {key: list(map(str, values)) for key, values in model.grid.items()},
        "best_on_validation": {row["set"]: row["run"] for row in rows if row["chosen"]},
    }
    write_runs_table(where / TABLE, rows, record, seed=plan.seed)
    if not chosen:
        raise ValueError(f"{where}: no run came to its end; the first: {rows[0]['note']}")
    return pd.DataFrame(rows)


def write_runs_table(path: Path, rows: Sequence[Mapping[Any, object]], record: types.Json, *, seed: int) -> None:
    """Write a table of runs and, beside it, how it was made: both or neither."""
    with write_with_record(path, {**record, "runs": len(rows), **provenance(seed=seed)}) as part:
        pd.DataFrame(rows).to_csv(part, sep="\t", index=False)


def _row(member: Member, chosen: bool, out: Path) -> types.Json:
    row: types.Json = {
        "set": member.set,
        **dict(member.setting),
        "run": member.run_folder.relative_to(out).as_posix(),
    }
    if (member.folder / FAILED).is_file():
        return {**row, "chosen": False, "note": told(member)}
    record = read_metrics(member.run_folder)
    valid = _means(validated(member))
    row |= {"epochs": record["epochs"], "seconds": record["seconds"], "chosen": chosen}
    row |= {f"valid_{key}": valid[key] for key in ("auroc", "auprc")}
    if chosen:
        rows = measured(Measure(member, "test", member.sets[0]))
        row |= _means([part for part in rows if not part["cell_type"]])  # all cell types together
    return {**row, "note": told(member)}


def _means(rows: Sequence[types.Json]) -> dict[str, float]:
    return mean_metrics(pd.DataFrame(rows, columns=list(METRICS)).astype(float))
