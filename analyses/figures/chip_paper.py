"""The papers' own measures beside the same measures of other windows' tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, GREY, LIGHT, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def chip_paper(table: pd.DataFrame) -> Figure:
    """Draw each measure of each look, a point a target.

    Parameters
    ----------
    table
        ``look``, ``target``, ``measure``, ``circular``, ``mean``, ``low``, ``high``, ``chance``.
    """
    groups = list(table.groupby(["look", "measure"], sort=False))
    figure, axes = new_figure(1, 1, height=0.7 + 0.35 * len(groups))
    axis = axes[0][0]
    axis.axvline(0, color=LIGHT, lw=0.6)
    names = []
    for line, ((look, measure), part) in enumerate(groups):
        y = line + np.linspace(-0.18, 0.18, len(part)) if len(part) > 1 else np.array([line])
        axis.hlines(y, part["low"], part["high"], color=COLOURS[0], lw=0.8)
        axis.plot(part["mean"], y, "o", color=COLOURS[0], ms=3, label="own track" if not line else None)
        axis.plot(part["chance"], y, "x", color=GREY, ms=3.5, label="other windows' tracks" if not line else None)
        circular = "\nCIRCULAR" if part["circular"].iloc[0] else ""
        names.append(f"{look}\n{str(measure).replace('_', ' ')}{circular}")
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.set_xlabel("mean r with fold change")
    outside_legend(figure, loc="outside upper center", ncols=2)
    return figure
