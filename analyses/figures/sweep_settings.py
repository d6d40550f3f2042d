"""Measures against each setting of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.style import COLOURS, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNITS = {"length": "window (bp)", "kernel_size": "kernel (bp)", "pool": "pool (bp)", "k": "k (bp)"}
WORDS = {"valid_auroc": "auROC", "valid_auprc": "auPRC"}


@styled
def sweep_settings(runs: pd.DataFrame, settings: Sequence[str]) -> Figure:
    """Draw auROC and auPRC on validation against each setting: a point a run, a line through the means.

    Parameters
    ----------
    runs
        One row a run: the settings, ``valid_auroc`` and ``valid_auprc``.
    settings
        Columns to draw, one a row of panels.
    """
    figure, grid = new_figure(len(settings), 2, height=0.35 + 1.45 * len(settings))
    for axes, setting in zip(grid, settings, strict=True):
        values = pd.to_numeric(runs[setting], errors="coerce")
        numeric = bool(values.notna().all())
        names = sorted(set(values)) if numeric else list(dict.fromkeys(runs[setting].astype(str)))
        keys = values if numeric else runs[setting].astype(str)
        at = names if numeric else list(range(len(names)))
        x = np.asarray(keys if numeric else [names.index(key) for key in keys], dtype=np.float64)
        for axis, (metric, words) in zip(axes, WORDS.items(), strict=True):
            axis.plot(x, runs[metric], "o", color=COLOURS[0], alpha=0.6, ms=2.5, lw=0)
            means = [runs.loc[keys == name, metric].mean() for name in names]
            axis.plot(at, means, color=COLOURS[1], lw=0.9)
            axis.set_xticks(at, [f"{name:g}" if numeric else short(str(name), 10) for name in names])
            axis.set_xlabel(UNITS.get(setting, setting))
            axis.set_ylabel(words)
            axis.margins(x=0.12)
            axis.locator_params(axis="y", nbins=4)
    return figure
