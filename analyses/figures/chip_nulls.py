"""Correlation with fold change beside what chance and the middle of the window explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, GREY, LIGHT, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORDS = {
    "observed": "observed",
    "position_mean": "position mean alone",
    "other_windows": "other windows' tracks",
    "circular_shift": "circular shift",
    "untrained": "untrained models",
    "excess": "excess over windows elsewhere",
    "untrained_excess": "excess, untrained models",
    "given_position": "given position",
    "given_dnase": "given DNase",
    "excess_given_dnase": "excess given DNase",
    "given_both": "given DNase and position",
}


@styled
def chip_nulls(chip: pd.DataFrame) -> Figure:
    """Draw each quantity of ``chip.tsv``, one panel a run, one colour a look.

    Parameters
    ----------
    chip
        ``run``, ``target``, ``look``, ``quantity``, ``mean``, ``low``, ``high``.
    """
    runs = list(dict.fromkeys(chip["run"]))[:6]
    looks = list(dict.fromkeys(chip["look"]))
    order = [quantity for quantity in WORDS if (chip["quantity"] == quantity).any()]
    figure, axes = new_figure(len(runs), 1, height=0.55 + (0.22 * len(order) + 0.2) * len(runs), share_x=True)
    for row, run in enumerate(runs):
        axis = axes[row][0]
        axis.axvline(0, color=LIGHT, lw=0.6, zorder=0)
        axis.axhspan(-0.5, order.index("observed") + 0.5, color="#f2f2f2", lw=0, zorder=-1)
        for place, look in enumerate(looks):
            shift = (place - (len(looks) - 1) / 2) * 0.3
            for line, quantity in enumerate(order):
                part = chip[(chip["run"] == run) & (chip["look"] == look) & (chip["quantity"] == quantity)]
                _mark(axis, part, line + shift, COLOURS[place % len(COLOURS)], look if line == 0 else None)
        axis.set_yticks(range(len(order)), [WORDS[quantity] for quantity in order])
        axis.set_ylim(len(order) - 0.4, -0.6)
        if len(runs) > 1:
            axis.set_title(short(run, 40))
    axes[-1][0].set_xlabel("mean Pearson r with fold change")
    outside_legend(
        figure,
        *axes[0][0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=len(looks),
        handletextpad=0.3,
    )
    return figure


def _mark(axis: object, part: pd.DataFrame, y: float, colour: str, label: str | None) -> None:
    if not len(part):
        return
    mean = float(part["mean"].mean())
    if len(part) == 1:
        low, high = part["low"].iloc[0], part["high"].iloc[0]
        axis.plot([low, high], [y, y], color=colour, lw=1.0)  # type: ignore[attr-defined]
    else:
        axis.scatter(part["mean"], np.full(len(part), y), s=3, color=colour, alpha=0.4, lw=0)  # type: ignore[attr-defined]
        axis.plot([mean, mean], [y - 0.14, y + 0.14], color=GREY, lw=0.8)  # type: ignore[attr-defined]
    axis.plot([mean], [y], "o", color=colour, ms=3.2, label=label)  # type: ignore[attr-defined]
