"""Correlation with fold change against lag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, LIGHT, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def chip_lags(lags: pd.DataFrame) -> Figure:
    """Draw the mean over targets, and the band of the first one.

    Parameters
    ----------
    lags
        ``target``, ``look``, ``lag``, ``pearson``, ``excess``, ``low``, ``high``.
    """
    figure, axes = new_figure(1, 1, height=1.9)
    axis = axes[0][0]
    axis.axhline(0, color=LIGHT, lw=0.6, zorder=0)
    axis.axvline(0, color=LIGHT, lw=0.6, zorder=0)
    for place, (look, part) in enumerate(lags.groupby("look", sort=False)):
        colour = COLOURS[place % len(COLOURS)]
        mean = part.groupby("lag")[["pearson", "excess"]].mean()
        axis.plot(mean.index, mean["excess"], color=colour, label=f"{look}, excess")
        axis.plot(mean.index, mean["pearson"], color=colour, ls=(0, (3, 2)), lw=0.7, label=f"{look}, as observed")
        first = part[part["target"] == part["target"].iloc[0]]
        axis.fill_between(first["lag"], first["low"], first["high"], color=colour, alpha=0.2, lw=0)
    axis.set_xlabel("lag of fold change (bp)")
    axis.set_ylabel("mean r over windows")
    outside_legend(figure, loc="outside upper center", ncols=2, handletextpad=0.4, columnspacing=1)
    return figure
