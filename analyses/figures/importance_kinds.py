"""What inputs are worth to two or more kinds of model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.importance_bars import LABEL
from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, LIGHT, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def importance_kinds(table: pd.DataFrame) -> Figure:
    """Draw the drop of each input, but single features, by kind of model; lines join a target's.

    Parameters
    ----------
    table
        ``importance.tsv``.
    """
    table = table[table["group"] != "feature"]
    kinds = list(dict.fromkeys(table["kind"]))
    inputs = list(dict.fromkeys(table["input"]))
    ways = [way for way in LABEL if (table["way"] == way).any()]
    figure, grid = new_figure(len(ways), 1, height=0.5 + 1.15 * len(ways), share_x=True)
    for axis, way in zip((row[0] for row in grid), ways, strict=True):
        axis.axhline(0, color=LIGHT, lw=0.6)
        for line, name in enumerate(inputs):
            part = table[(table["way"] == way) & (table["input"] == name)]
            wide = part.pivot_table(index="target", columns="kind", values="drop").reindex(columns=kinds)
            x = line + (np.arange(len(kinds)) - (len(kinds) - 1) / 2) * 0.5 / max(len(kinds) - 1, 1)
            for values in wide.to_numpy():
                axis.plot(x, values, color=LIGHT, lw=0.5, zorder=1)
            for at, kind in enumerate(kinds):
                values = wide[kind].to_numpy()
                label = short(kind, 24) if way == ways[0] and not line else None
                axis.scatter(
                    np.full(len(values), x[at]), values, s=7, color=COLOURS[at], lw=0, zorder=2, label=label
                )
        axis.set_title(LABEL[way])
        axis.set_ylabel("drop of auPRC")
    grid[-1][0].set_xticks(range(len(inputs)), inputs, rotation=30, ha="right")
    outside_legend(figure, loc="outside upper center", ncols=2, columnspacing=1)
    return figure
