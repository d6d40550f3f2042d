"""Loss and validation auPRC by epoch, one or many runs (S29)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def learning_curves(logs: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw each run's training loss and validation auPRC; the best epoch is marked.

    Parameters
    ----------
    logs
        Name -> ``log.csv`` (``epoch``, ``train_loss``, ``valid_auprc``).
    """
    figure, axes = new_figure(1, 2, height=1.9)
    for place, (name, log) in enumerate(logs.items()):
        colour = COLOURS[place % len(COLOURS)]
        for axis, column in zip(axes[0], ("train_loss", "valid_auprc"), strict=True):
            if column in log:
                axis.plot(log["epoch"] + 1, log[column], color=colour, marker=".", ms=2.5, label=short(name, 24))
        if "valid_auprc" in log and log["valid_auprc"].notna().any():
            best = int(np.nanargmax(log["valid_auprc"].to_numpy()))
            point = (log["epoch"].iloc[best] + 1, log["valid_auprc"].iloc[best])
            axes[0][1].plot(*point, "o", mfc="none", color=colour, ms=5)
    axes[0][0].set_ylabel("training loss")
    axes[0][1].set_ylabel("validation auPRC")
    for axis in axes[0]:
        axis.set_xlabel("epoch")
        axis.locator_params(axis="x", integer=True, nbins=5)
    if len(logs) > 1:
        outside_legend(figure, *axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
