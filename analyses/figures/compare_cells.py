"""Two runs, or all of them, by cell type (004, Figs. 1 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.compare_panels import WORDS
from motiflens.analyses.figures.defined_rows import defined_rows
from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, LIGHT, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TWO = ("auroc", "average_precision")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
FEW = 5  # tasks of a cell type below which points stand in a box's place


@styled
def compare_cells(long: pd.DataFrame, first: str, second: str) -> Figure:
    """Draw auROC and average precision of two runs as scatters over tasks, a colour and mark a cell type.

    Parameters
    ----------
    long
        ``run``, ``task``, ``cell_type`` and metrics.
    first, second
        Across and up.
    """
    both = [long.loc[long["run"] == name, list(TWO)].notna().any() for name in (first, second)]
    shown = [name for name in TWO if both[0][name] and both[1][name]]
    figure, grid = new_figure(1, len(shown), height=2.5)
    for axis, metric in zip(grid[0], shown, strict=True):
        wide = long.pivot_table(index=["cell_type", "task"], columns="run", values=metric, sort=False)
        wide = wide[[first, second]].dropna()
        low, high = float(wide.to_numpy().min()), float(wide.to_numpy().max())
        room = max(0.05 * (high - low), 0.005)
        axis.plot([low - room, high + room], [low - room, high + room], color=LIGHT, lw=0.7, zorder=0)
        for place, (cell, part) in enumerate(wide.groupby(level="cell_type", sort=False)):
            a, b = part[first].to_numpy(), part[second].to_numpy()
            words = f"{short(str(cell), 16)}: {int((b > a).sum())} above, {int((b < a).sum())} below"
            axis.scatter(
                a,
                b,
                s=9,
                marker=MARKS[place % len(MARKS)],
                color=COLOURS[place % len(COLOURS)],
                lw=0,
                alpha=0.8,
                label=words,
            )
        axis.set_xlim(low - room, high + room)
        axis.set_ylim(low - room, high + room)
        axis.set_title(WORDS[metric])
        axis.locator_params(nbins=4)
    figure.supxlabel(short(first, 40), fontsize=7)
    figure.supylabel(short(second, 34), fontsize=7)
    outside_legend(
        figure, *grid[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=2, handletextpad=0.2
    )
    return figure


@styled
def compare_cell_boxes(long: pd.DataFrame) -> Figure:
    """Draw the distribution of auROC and average precision over tasks by cell type, a box a run.

    Parameters
    ----------
    long
        ``run``, ``task``, ``cell_type`` and metrics.
    """
    import seaborn as sns

    names = list(dict.fromkeys(long["run"]))
    cells = list(dict.fromkeys(long["cell_type"]))
    shown = [name for name in TWO if long[name].notna().any()] or [TWO[0]]
    figure, grid = new_figure(len(shown), 1, height=0.7 + 1.35 * len(shown), share_x=True)
    palette = [COLOURS[i % len(COLOURS)] for i in range(len(names))]
    few = long.drop_duplicates("task").groupby("cell_type").size().min() < FEW
    draw = sns.stripplot if few else sns.boxplot
    look = (
        {"dodge": True, "size": 2.5, "jitter": False}
        if few
        else {"width": 0.75, "fliersize": 1, "linewidth": 0.6, "boxprops": {"alpha": 0.5}}
    )
    for axis, metric in zip((row[0] for row in grid), shown, strict=True):
        known = defined_rows(axis, long, metric)
        if len(known):
            draw(
                known,
                x="cell_type",
                y=metric,
                hue="run",
                order=cells,
                hue_order=names,
                palette=palette,
                legend="full" if axis is grid[0][0] else False,
                ax=axis,
                **look,
            )
        axis.set_xlabel("")
        axis.set_ylabel(WORDS[metric])
        for edge in np.arange(len(cells) - 1) + 0.5:
            axis.axvline(edge, color=LIGHT, lw=0.5)
    grid[-1][0].set_xticks(range(len(cells)), [short(str(cell), 14) for cell in cells])
    legend = grid[0][0].get_legend()
    if legend is not None:  # there was something to draw
        handles, _ = grid[0][0].get_legend_handles_labels()
        legend.remove()
        outside_legend(figure, handles, [short(name, 24) for name in names], loc="outside upper center", ncols=2)
    return figure
