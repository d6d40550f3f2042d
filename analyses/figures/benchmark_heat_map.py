"""One score of all methods on all architectures: architecture × method, a panel a factor."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.style import GREY, PAGE, SEQUENTIAL, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LETTERS = 13  # of the label on an inch


@styled
def benchmark_heat_map(
    table: pd.DataFrame, *, label: str, low: float | None = None, high: float | None = None, reverse: bool = False
) -> Figure:
    """Draw the mean over seeds of one score.

    Parameters
    ----------
    table
        ``tf``, ``model``, ``method`` and ``value``; an empty field is a method that does not apply or failed.
    label
        What the score is.
    low, high
        Ends of the colours; the values' own by default.
    reverse
        The lower the better: bright colours are low values.
    """
    tfs = list(dict.fromkeys(table["tf"]))
    methods, models = (list(dict.fromkeys(table[name])) for name in ("method", "model"))
    panel = 0.35 + 0.52 * len(models)
    beside = 1.5 + len(tfs) * panel <= PAGE  # else the numbers would lie on one another: a factor below the other
    rows, columns = (1, len(tfs)) if beside else (len(tfs), 1)
    height = 0.9 + rows * (0.35 + 0.24 * len(methods))
    width = max(min(PAGE, 1.5 + columns * panel), 2.6)
    figure, grid = new_figure(rows, columns, height=height, width=width, share_x=True, share_y=True)
    axes = [axis for row in grid for axis in row]
    ends = (
        float(table["value"].min()) if low is None else low,
        float(table["value"].max()) if high is None else high,
    )
    colours = f"{SEQUENTIAL}_r" if reverse else SEQUENTIAL
    for axis, tf in zip(axes, tfs, strict=True):
        part = table[table["tf"] == tf]
        wide = part.pivot_table(index="method", columns="model", values="value", sort=False)
        values = wide.reindex(index=methods, columns=models).to_numpy(dtype=np.float64)
        axis.imshow(values, aspect="auto", cmap=colours, vmin=ends[0], vmax=ends[1])
        _numbers(axis, values, ends, reverse)
        axis.set_xticks(range(len(models)), [short(model, 14) for model in models], rotation=40, ha="right")
        axis.set_yticks(range(len(methods)), [short(method, 24) for method in methods])
        axis.set_title(tf)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    lines = textwrap.fill(label, width=max(int(height * _LETTERS), 12))
    figure.colorbar(axes[0].images[0], ax=axes, label=lines, shrink=0.8 / rows, aspect=25)
    return figure


def _numbers(axis: Axes, values: np.ndarray, ends: tuple[float, float], reverse: bool) -> None:
    """Write each value into its field, in a colour that is legible there."""
    span = max(ends[1] - ends[0], 1e-9)
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            if np.isnan(value):
                axis.text(column, row, "–", ha="center", va="center", color=GREY)
                continue
            share = (value - ends[0]) / span
            bright = (1 - share if reverse else share) > 0.6
            axis.text(column, row, f"{value:.2f}", ha="center", va="center", color="black" if bright else "white",
                      fontsize=6)  # fmt: skip
