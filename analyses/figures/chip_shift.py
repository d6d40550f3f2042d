"""Windows slid past a peak: where attention goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.chip.shift import Slid, center_of_mass
from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, new_figure, styled
from motiflens.analyses.study import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def chip_shift(slid: Slid, table: pd.DataFrame) -> Figure:
    """Draw the centre of mass of attention against the summit's place: a line a peak, and the mean slope.

    Parameters
    ----------
    slid
        Windows slid past peaks.
    table
        ``model``, ``measure``, ``slope``, ``low``, ``high`` of one target.
    """
    length = slid.attention.shape[2]
    place = slid.summit[:, None] - slid.offsets[None, :]
    center = center_of_mass(slid.attention)
    figure, axes = new_figure(1, 1, height=2.5)
    axis = axes[0][0]
    axis.plot(
        [0, length], [0, length], color="#888888", lw=0.7, ls=(0, (4, 2)), label="slope 1: stays with the peak"
    )
    axis.axhline(length / 2, color="#888888", lw=0.7, ls=":", label="slope 0: stays with the window")
    for x, y in zip(place, center, strict=True):
        axis.plot(x, y, color=COLOURS[0], lw=0.4, alpha=0.4)
    axis.plot([], [], color=COLOURS[0], lw=0.8, label=f"one of {len(place)} peaks")
    for line, (_, row) in enumerate(table[table["measure"] == "mass"].iterrows()):
        ends = np.array([place.min(), place.max()], dtype=np.float64)
        middle = (float(place.mean()), float(np.nanmean(center)))
        colour = COLOURS[1 + line]
        words = f"{row['model']}: {number(row['slope'])} ({number(row['low'])} to {number(row['high'])})"
        axis.plot(ends, middle[1] + row["slope"] * (ends - middle[0]), color=colour, lw=1.6, label=words)
    axis.set_xlim(0, length)
    axis.set_ylim(0, length)
    axis.set_aspect("equal")
    axis.set_xlabel("summit in the window (bp)")
    axis.set_ylabel("centre of attention (bp)")
    outside_legend(figure, loc="outside lower center", ncols=1, handletextpad=0.5)
    return figure
