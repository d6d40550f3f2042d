"""A scatter of two runs, task by task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models import types
from motiflens.models.compare import Paired
from motiflens.models.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = {"small": "#4c72b0", "medium": "#55a868", "large": "#c44e52", "unknown": "#555555"}


def compare_figure(paired: Paired, path: types.Path | None = None) -> Figure:
    """Draw each task as a point, the first run across and the second one up, with the counts on either side.

    Parameters
    ----------
    paired
        See `motiflens.models.compare.pair`.
    path
        Where to write it (.svg, .pdf, .png), whole; None for not at all.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    table, total = paired.table, paired.counts.iloc[0]
    for size, part in table.groupby("size", sort=False):
        axes.scatter(part["first"], part["second"], s=14, alpha=0.8, color=_COLOURS[str(size)], label=str(size))
    values = table[["first", "second"]].to_numpy()
    margin = 0.04 * max(float(values.max() - values.min()), 1e-3)
    low, high = float(values.min()) - margin, float(values.max()) + margin
    axes.plot([low, high], [low, high], color="#888888", linewidth=0.8, zorder=0)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.set_xlabel(f"{paired.first} ({paired.metric})")
    axes.set_ylabel(f"{paired.second} ({paired.metric})")
    axes.text(0.04, 0.96, f"{total['above']} above", transform=axes.transAxes, va="top")
    axes.text(0.96, 0.04, f"{total['below']} below", transform=axes.transAxes, ha="right")
    p = total["p"]
    axes.set_title("" if p != p else f"{total['tasks']} tasks, Wilcoxon p = {p:.2g}", fontsize=10)
    if table["size"].nunique() > 1:
        axes.legend(title="data set", fontsize=8, loc="center right")
    if path is not None:
        suffix = str(path).rpartition(".")[2]
        with write_whole(path) as part_file:
            figure.savefig(part_file, format=suffix)
    return figure
