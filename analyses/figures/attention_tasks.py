"""Entropy and effective width of attention by target and class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from motiflens.analyses.attention_measures import entropy
from motiflens.analyses.figures.attention_classes import COLOUR, SHORT
from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import new_figure, short, styled
from motiflens.analyses.statistics import block_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motiflens.analyses.attention_maps import AttentionClass

MOST = 24  # targets that fit
LEAST = 0.02  # of the whole scale is shown: attention that is even in all classes should look so


@styled
def attention_tasks(classes: Sequence[AttentionClass]) -> Figure:
    """Draw a point with its interval for each target and class.

    Parameters
    ----------
    classes
        Of one run; the first `MOST` targets are drawn.
    """
    names = list(dict.fromkeys(part.target for part in classes))[:MOST]
    figure, grid = new_figure(1, 2, height=0.9 + 0.17 * max(len(names), 3), share_y=True)
    axes = grid[0]
    labelled: set[str] = set()
    for part in classes:
        if part.target not in names:
            continue
        steps = part.profile.shape[1]
        nats = entropy(part.profile)
        jump = float(np.diff(part.field.center).mean()) if steps > 1 else float(part.field.width)
        y = names.index(part.target) + 0.22 * (list(COLOUR).index(part.name) - 1)
        label = None if part.name in labelled else SHORT[part.name].replace("\n", " ")
        labelled.add(part.name)
        for axis, values in zip(axes, (nats / np.log(max(steps, 2)), np.exp(nats) * jump), strict=True):
            interval = block_interval(values, part.blocks.number, draws=500)
            axis.plot([interval.low, interval.high], [y, y], color=COLOUR[part.name], lw=0.8)
            axis.plot([interval.mean], [y], "o", ms=2.4, color=COLOUR[part.name], label=label)
    axes[0].set_yticks(range(len(names)), [short(name) for name in names])
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    axes[0].set_xlabel("entropy (1: even)")
    axes[1].set_xlabel("effective width (bp)")
    field = classes[0].field
    for axis, least in zip(axes, (LEAST, LEAST * float(field.end[-1] - field.start[0])), strict=True):
        low, high = axis.get_xlim()
        room = max(least - (high - low), 0) / 2
        axis.set_xlim(low - room, high + room)
        axis.ticklabel_format(axis="x", useOffset=False)
        axis.locator_params(axis="x", nbins=4)
    outside_legend(
        figure, *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, columnspacing=1
    )
    return figure
