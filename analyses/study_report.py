"""The tables and figures of a study: models side by side over data sets and cell types, and each pair of them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.compare_figure import compare_figure
from motiflens.analyses.compare_study import compare_study
from motiflens.analyses.study import write_study
from motiflens.models import types
from motiflens.models.compare import Paired, paired_counts
from motiflens.models.files import files_together, write_text, write_whole
from motiflens.models.metrics import METRICS
from motiflens.models.provenance import provenance
from motiflens.models.study.results import targets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_PAIRS = 30  # figures


def study_report(results: pd.DataFrame, out: types.Path, *, metric: str = "auprc") -> pd.DataFrame:
    """Write ``models.tsv`` (a column a model), a figure of their distributions, and a table and figure a pair.

    Below ``compare`` lies the study of `compare_study`, each model against the first: every metric, by size of the
    data set and by cell type. All of them appear together, or none does.

    Parameters
    ----------
    results
        See `motiflens.models.study.study`.
    out
        The study's folder.
    metric
        Which one is drawn; ``results.tsv`` has all.

    Returns
    -------
    DataFrame
        One row a model: ``model``, ``targets``, the mean and median of the metric over their test splits, and how
        many it is best on; empty if nothing was tested.
    """
    with files_together(out) as folder:
        return _report(results, folder, metric)


def _report(results: pd.DataFrame, folder: Path, metric: str) -> pd.DataFrame:
    wide = by_model(results, metric)
    write_text(folder / "models.tsv", wide.to_csv(sep="\t", float_format="%.6g"))
    if wide.empty:
        return pd.DataFrame(columns=["model", "targets", "mean", "median", "best on"])
    boxes_figure(wide, metric, folder / "models.svg")
    sizes = targets(results).drop_duplicates("target").set_index("target")["size_class"]
    for first, second in list(combinations(wide.columns, 2))[:_MOST_PAIRS]:
        compared = paired(wide, sizes, (str(first), str(second)), metric)
        if len(compared.table):
            name = f"{first}_{second}".replace(" ", "_").replace("/", "_")
            write_text(folder / "pairs" / f"{name}.tsv", compared.table.to_csv(sep="\t", index=False))
            compare_figure(compared, folder / "pairs" / f"{name}.svg")
    tables = measures_of(results)
    if len(tables) > 1:
        study = compare_study(tables, metric=metric, made_by={"metric": metric, **provenance()})
        write_study(study, folder / "compare")
    best = wide.idxmax(axis=1)
    rows = [
        {
            "model": model,
            "targets": int(wide[model].notna().sum()),
            "mean": float(wide[model].mean()),
            "median": float(wide[model].median()),
            "best on": int((best == model).sum()),
        }
        for model in wide.columns
    ]
    return pd.DataFrame(rows)


def by_model(results: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return a metric on the test splits, targets by models; seeds are averaged, shuffled data left out."""
    tested = results[(results["split"] == "test") & (results["metric"] == metric) & (results["control"] == "")]
    if tested.empty:
        return pd.DataFrame()
    order = list(dict.fromkeys(tested["model"]))
    return targets(tested).pivot_table(index="target", columns="model", values="value", sort=False)[order]


def measures_of(results: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return each model's measures on the test splits as `compare_study` takes them; seeds are averaged.

    Returns
    -------
    dict
        Model -> ``task``, ``cell_type``, ``size`` and metrics; a model that shares no target with
        those before it is left out.
    """
    tested = results[(results["split"] == "test") & results["metric"].isin(METRICS) & (results["control"] == "")]
    if tested.empty:
        return {}
    long = targets(tested)
    whose = long.drop_duplicates("target").set_index("target")
    tables: dict[str, pd.DataFrame] = {}
    for model, part in long.groupby("model", sort=False):
        table = part.pivot_table(index="target", columns="metric", values="value", sort=False, dropna=False)
        known = whose.reindex(table.index)
        table = table.assign(cell_type=known["cell_type"], size=known["size_class"].replace("", "unknown"))
        tables[str(model)] = table.rename_axis(index="task").reset_index()
    common = set(next(iter(tables.values()))["task"])
    joined: dict[str, pd.DataFrame] = {}
    for name, table in tables.items():
        if common & set(table["task"]):
            common &= set(table["task"])
            joined[name] = table
    return joined


def paired(wide: pd.DataFrame, sizes: pd.Series, names: tuple[str, str], metric: str) -> Paired:
    """Return two models set by set, as `compare` does for runs."""
    both = wide[list(names)].dropna()
    table = pd.DataFrame(
        {
            "task": both.index,
            "first": both[names[0]].to_numpy(),
            "second": both[names[1]].to_numpy(),
            "bound": np.nan,
            "size": [sizes.get(name) or "unknown" for name in both.index],
        }
    )
    return Paired(*names, metric, table, paired_counts(table))


def boxes_figure(wide: pd.DataFrame, metric: str, path: types.Path | None = None) -> Figure:
    """Draw the distribution of a metric over targets for each model, each target a point.

    Parameters
    ----------
    wide
        Targets by models; see `by_model`.
    metric
        Name on the axis.
    path
        Where to write it (.svg, .pdf, .png), whole; None for not at all.
    """
    import seaborn as sns
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.5 + 0.75 * len(wide.columns), 3.6), layout="constrained")
    axes = figure.add_subplot()
    long = wide.melt(ignore_index=False, var_name="model", value_name=metric).dropna()
    if len(wide) > 4:
        sns.boxplot(long, x="model", y=metric, ax=axes, color="#c9d4e8", fliersize=0, linewidth=0.9)
    aside = np.random.default_rng(0).uniform(-0.08, 0.08, wide.shape)  # the same data give the same figure
    for place, model in enumerate(wide.columns):
        axes.scatter(place + aside[:, place], wide[model], s=16, color="#34568b", alpha=0.8, linewidth=0, zorder=3)
    axes.set_xticks(range(len(wide.columns)), list(wide.columns))
    axes.set_xlim(-0.6, len(wide.columns) - 0.4)
    axes.set_xlabel("")
    axes.set_ylabel(f"{metric}\n(test split of each target)")
    axes.tick_params(axis="x", rotation=35)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    if path is not None:
        suffix = str(path).rpartition(".")[2]
        with write_whole(path) as part:
            figure.savefig(part, format=suffix)
    return figure
