"""What each input is worth: drop of auPRC by input and way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, GREY, LIGHT, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOUR = {"zero": COLOURS[0], "between": COLOURS[1], "within": COLOURS[2]}
LABEL = {"zero": "set to zero", "between": "permuted between bins", "within": "permuted within a bin"}


@styled
def importance_bars(table: pd.DataFrame) -> Figure:
    """Draw the mean drop over runs and targets of each input and way, with its interval or its points.

    Parameters
    ----------
    table
        ``importance.tsv``.
    """
    inputs = list(dict.fromkeys(table["input"]))
    ways = [way for way in LABEL if (table["way"] == way).any()]
    figure, axes = new_figure(1, 1, height=0.8 + 0.17 * len(inputs))
    axis = axes[0][0]
    axis.axvline(0, color=LIGHT, lw=0.6)
    for place, way in enumerate(ways):
        for line, name in enumerate(inputs):
            part = table[(table["input"] == name) & (table["way"] == way)]
            if not len(part):
                continue
            y = line + (place - (len(ways) - 1) / 2) * 0.26
            axis.barh(y, part["drop"].mean(), height=0.24, color=COLOUR[way], alpha=0.75, lw=0)
            if len(part) == 1:
                axis.plot([part["low"].iloc[0], part["high"].iloc[0]], [y, y], color="black", lw=0.7)
            else:
                axis.scatter(part["drop"], np.full(len(part), y), s=3, color=GREY, lw=0, zorder=3)
        axis.barh(np.nan, 0, color=COLOUR[way], label=LABEL[way])
    axis.set_yticks(range(len(inputs)), inputs)
    axis.set_ylim(len(inputs) - 0.4, -0.6)
    axis.set_xlabel("drop of auPRC")
    outside_legend(figure, loc="outside upper center", ncols=2, columnspacing=1)
    return figure
