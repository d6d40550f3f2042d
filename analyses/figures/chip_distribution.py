"""Distribution of correlations with fold change, attention beside attributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.defined_rows import defined_rows
from motiflens.analyses.figures.style import COLOURS, LIGHT, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def chip_distribution(chip: pd.DataFrame, windows: pd.DataFrame) -> Figure:
    """Draw observed and excess correlation of each look: over targets, or over windows where there is one target.

    Parameters
    ----------
    chip
        ``chip.tsv``.
    windows
        ``windows.tsv``.
    """
    many = len(chip.drop_duplicates(["run", "target"])) > 2
    looks = list(dict.fromkeys(chip["look"]))
    figure, axes = new_figure(1, 2, height=2.1, share_y=True)
    for axis, quantity in zip(axes[0], ("observed", "excess"), strict=True):
        table = chip[chip["quantity"] == quantity].rename(columns={"mean": "r"}) if many else windows
        table = table if many else table.rename(columns={quantity: "r"})
        axis.axhline(0, color=LIGHT, lw=0.6, zorder=0)
        known = defined_rows(axis, table, "r")  # of constant profiles no correlation is
        if len(known):
            _boxes(axis, known, looks, many=many)
        axis.set_title({"observed": "as observed", "excess": "excess"}[quantity])
        axis.set_xlabel("")
    axes[0][0].set_ylabel(f"r with fold change, a {'target' if many else 'window'}")
    axes[0][1].set_ylabel("")
    return figure


def _boxes(axis: Axes, table: pd.DataFrame, looks: list[str], *, many: bool) -> None:
    """Draw a box a look; of many targets also a line each."""
    import seaborn as sns

    sns.boxplot(
        table,
        x="look",
        y="r",
        hue="look",
        order=looks,
        hue_order=looks,
        palette=list(COLOURS[: len(looks)]),
        width=0.5,
        fliersize=0 if many else 1,
        linewidth=0.6,
        boxprops={"alpha": 0.35},
        legend=False,
        ax=axis,
    )
    if many:
        wide = table.pivot_table(index=["run", "target"], columns="look", values="r").reindex(columns=looks)
        x = np.arange(len(looks))
        for values in wide.to_numpy():
            axis.plot(x, values, color="black", lw=0.3, alpha=0.35, marker="o", ms=1.6)
