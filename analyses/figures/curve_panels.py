"""ROC and precision-recall curves side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, GREY, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def curve_panels(table: pd.DataFrame, means: pd.DataFrame) -> Figure:
    """Draw each task thin and each run's mean thick.

    Parameters
    ----------
    table
        ``run``, ``task``, ``fpr``, ``recall``, ``precision``.
    means
        ``run``, ``at``, ``recall`` (at a false positive rate), ``precision`` (at a recall).
    """
    figure, axes = new_figure(1, 2, height=2.2)
    roc, pr = axes[0]
    share = table.groupby(["run", "task"])["precision"].last().mean()
    roc.plot([0, 1], [0, 1], color=GREY, lw=0.6, ls=":")
    pr.axhline(share, color=GREY, lw=0.6, ls=":")
    for place, (run, part) in enumerate(table.groupby("run", sort=False)):
        colour = COLOURS[place % len(COLOURS)]
        for _, one in part.groupby("task", sort=False):
            roc.plot(np.append(0, one["fpr"]), np.append(0, one["recall"]), color=colour, lw=0.3, alpha=0.5)
            pr.plot(one["recall"], one["precision"], color=colour, lw=0.3, alpha=0.5)
        mean = means[means["run"] == run]
        roc.plot(mean["at"], mean["recall"], color=colour, lw=1.4, label=short(str(run), 24))
        pr.plot(mean["at"], mean["precision"], color=colour, lw=1.4)
    roc.set_xlabel("false positive rate")
    roc.set_ylabel("recall (true positive rate)")
    pr.set_xlabel("recall")
    pr.set_ylabel("precision")
    for axis in axes[0]:
        axis.set_xlim(-0.02, 1.02)
        axis.set_ylim(-0.02, 1.02)
    outside_legend(figure, *roc.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
