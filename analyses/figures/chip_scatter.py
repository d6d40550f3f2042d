"""Pooled scatters: one strand against the other, and z-scores against fold change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from motiflens.analyses.figures.style import SEQUENTIAL, new_figure, styled
from motiflens.models.types import Doubles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def chip_scatter(points: dict[str, Doubles], *, what: Literal["strands", "fold_change"]) -> Figure:
    """Draw all positions of all windows as counts in hexagons, one panel a look.

    Parameters
    ----------
    points
        Look -> (n, 4): + strand, - strand, z-score of the mean, z-score of fold change.
    what
        Which two of them.
    """
    from scipy.stats import pearsonr, spearmanr

    figure, axes = new_figure(1, len(points), height=2.15)
    counts = None
    for axis, (look, values) in zip(axes[0], points.items(), strict=True):
        x, y = (values[:, 0], values[:, 1]) if what == "strands" else (values[:, 3], values[:, 2])
        known = np.isfinite(x) & np.isfinite(y)
        x, y = x[known], y[known]
        if len(x) < 3:
            continue
        if what == "strands" and np.abs(x).mean() > 0:  # looks differ in size by powers of ten
            x, y = (v / np.abs(x).mean() for v in (x, y))
        # The largest thousandth would squeeze all others into a corner.
        low = [float(np.quantile(v, 0.0005)) for v in (x, y)]
        high = [float(np.quantile(v, 0.9995)) for v in (x, y)]
        if what == "strands":
            low, high = [min(low)] * 2, [max(high)] * 2
            axis.plot([low[0], high[0]], [low[0], high[0]], color="#888888", lw=0.6, zorder=3)
        room = [max(h - lo, 1e-12) * 0.02 for lo, h in zip(low, high, strict=True)]
        extent = (low[0] - room[0], high[0] + room[0], low[1] - room[1], high[1] + room[1])
        counts = axis.hexbin(
            x, y, gridsize=34, bins="log", extent=extent, cmap=SEQUENTIAL, linewidths=0.1, mincnt=1
        )
        axis.set_xlim(extent[:2])
        axis.set_ylim(extent[2:])
        r = pearsonr(x, y)[0] if x.std() and y.std() else float("nan")
        rho = spearmanr(x, y)[0] if x.std() and y.std() else float("nan")
        axis.set_title(f"{look}\nPearson {r:.2f}\nSpearman {rho:.2f}", fontsize=6.5)
        axis.set_xlabel("+ strand (of its mean)" if what == "strands" else "fold change (z-score)")
        axis.ticklabel_format(style="sci", scilimits=(-2, 3))
        axis.locator_params(nbins=4)
    axes[0][0].set_ylabel("− strand (of + mean)" if what == "strands" else "profile (z-score)")
    if counts is not None:
        bar = figure.colorbar(counts, ax=axes[0], pad=0.02, aspect=25)
        bar.set_label("positions")
        bar.outline.set_visible(False)  # type: ignore[operator]
    return figure
