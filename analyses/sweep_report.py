"""How a sweep's measures depend on each of its settings, such as the window's length (000, Fig. S2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from motiflens.analyses.figures.sweep_settings import sweep_settings
from motiflens.analyses.study import Study, StudyFigure, number, write_study
from motiflens.models import types
from motiflens.models.provenance import provenance

FOLDER = "settings"
METRICS = ("valid_auroc", "valid_auprc")


def sweep_report(
    rows: pd.DataFrame, grid: Mapping[str, Sequence[object]], out: types.Path, seed: int
) -> list[Path]:
    """Write figure and table of each setting that has two or more values into OUT/settings.

    Parameters
    ----------
    rows
        See `motiflens.models.sweep.sweep`.
    grid
        Settings and their values.
    out
        The sweep's folder.
    seed
        Of the sweep, for the provenance.

    Returns
    -------
    list of Path
        The files; none where no setting has two values that were trained.
    """
    if "valid_auprc" not in rows:
        return []
    trained = rows.dropna(subset=list(METRICS), how="all")
    settings = [key for key in grid if len(set(trained[key].astype(str))) > 1]
    if not settings:
        return []
    table = settings_table(trained, settings)
    best = (
        trained.sort_values("valid_auprc", ascending=False, kind="stable").iloc[0]
        if trained["valid_auprc"].notna().any()
        else None
    )
    chosen = "" if best is None else f" Highest auPRC: {number(best['valid_auprc'], 3)} ({best['run']})."
    study = Study(
        kind="sweep",
        title="Measures by setting",
        findings=[_words(table, setting) for setting in settings],
        figures=[
            StudyFigure(
                "settings",
                sweep_settings(trained, settings),
                f"auROC and auPRC on validation of {len(trained)} runs on {trained['set'].nunique()} data sets by "
                "setting: a point a run, lines join means over all else. One seed a run: differences as large as "
                "those between seeds say nothing, and the highest of many is too high; the test split has the "
                f"chosen run alone.{chosen}",
            )
        ],
        tables={"settings": table},
        captions={"settings": "Measures on validation by the value of each setting, over all runs that have it."},
        made_by={"grid": {key: list(map(str, values)) for key, values in grid.items()}, **provenance(seed=seed)},
    )
    return write_study(study, Path(out) / FOLDER)


def settings_table(rows: pd.DataFrame, settings: Sequence[str]) -> pd.DataFrame:
    """Return ``setting``, ``value``, ``metric``, ``runs``, ``mean``, ``median``, ``low`` and ``high`` (extremes).

    Parameters
    ----------
    rows
        See `sweep_report`.
    settings
        Columns of it.
    """
    parts = []
    for setting in settings:
        for metric in METRICS:
            groups = rows.groupby(setting, sort=False)[metric]
            part = pd.DataFrame(groups.agg(runs="count", mean="mean", median="median", low="min", high="max"))
            part = part.rename_axis("value").reset_index()
            part.insert(0, "setting", setting)
            part.insert(2, "metric", metric.removeprefix("valid_"))
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _words(table: pd.DataFrame, setting: str) -> str:
    part = table[(table["setting"] == setting) & (table["metric"] == "auprc")]
    means = ", ".join(
        f"{value}: {number(mean, 3)}" for value, mean in zip(part["value"], part["mean"], strict=True)
    )
    return f"Mean auPRC on validation by {setting}: {means}."
