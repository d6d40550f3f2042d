"""DNase of windows by which of two models gets them right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.style import COLOURS, GREY, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {
    "bound windows": ("found by A alone", "found by B alone", "found by both", "found by neither"),
    "unbound windows": ("unbound, wrong in A alone", "unbound, wrong in B alone", "unbound, right in both"),
}
COLOUR = (COLOURS[0], COLOURS[1], COLOURS[2], GREY)


@styled
def dnase_violins(windows: pd.DataFrame) -> Figure:
    """Draw boxes over points, bound windows left, unbound ones right, on a logarithmic scale.

    Parameters
    ----------
    windows
        ``group`` and ``dnase``; several targets are pooled.
    """
    import seaborn as sns

    figure, grid = new_figure(1, 2, height=2.3, share_y=True)
    shown = windows.assign(level=np.log2(windows["dnase"] + 1))
    rng = np.random.default_rng(0)
    for axis, (title, names) in zip(grid[0], PANELS.items(), strict=True):
        part = shown[shown["group"].isin(names)]
        sns.boxplot(
            part,
            x="group",
            y="level",
            hue="group",
            order=names,
            hue_order=names,
            palette=list(COLOUR[: len(names)]),
            width=0.55,
            fliersize=0,
            linewidth=0.6,
            boxprops={"alpha": 0.4},
            legend=False,
            ax=axis,
        )
        for place, name in enumerate(names):
            values = part.loc[part["group"] == name, "level"].to_numpy()
            values = rng.choice(values, min(300, len(values)), replace=False)
            axis.scatter(place + rng.uniform(-0.2, 0.2, len(values)), values, s=1.5, color=COLOUR[place], lw=0)
        counts = [int((part["group"] == name).sum()) for name in names]
        words = [name.replace("unbound, ", "").replace("found by ", "") for name in names]
        labels = [f"{word}\n({count:,})" for word, count in zip(words, counts, strict=True)]
        axis.set_xticks(range(len(names)), labels, rotation=40, ha="right", rotation_mode="anchor", fontsize=6)
        axis.set_title(title)
        axis.set_xlabel("")
    grid[0][0].set_ylabel("mean DNase, log2(x + 1)")
    grid[0][1].set_ylabel("")
    return figure
