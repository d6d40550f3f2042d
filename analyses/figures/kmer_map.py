"""The embedding of k-mers in two dimensions, distances of reverse complements, and sensitivity to settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, GREY, SEQUENTIAL, new_figure, styled
from motiflens.models.types import Doubles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED = 12  # k-mers furthest out that are named


@styled
def kmer_map(table: pd.DataFrame, explained: Doubles) -> Figure:
    """Draw each k-mer as a point coloured by GC, those furthest out with their names.

    Parameters
    ----------
    table
        ``kmer``, ``gc``, ``pc1``, ``pc2``.
    explained
        (2,) share of variance of each component.
    """
    figure, axes = new_figure(1, 1, height=2.6)
    axis = axes[0][0]
    size = float(np.clip(3000 / len(table), 1.5, 12))
    points = axis.scatter(table["pc1"], table["pc2"], c=table["gc"], s=size, cmap=SEQUENTIAL, lw=0, vmin=0, vmax=1)
    points.set_rasterized(len(table) > 2000)
    for row in _outermost(table):
        x, y = float(table["pc1"].iloc[row]), float(table["pc2"].iloc[row])
        left = x > table["pc1"].mean()  # towards the middle, so that no name leaves the frame
        axis.annotate(
            str(table["kmer"].iloc[row]),
            (x, y),
            fontsize=5,
            color=GREY,
            xytext=(-2 if left else 2, 2),
            ha="right" if left else "left",
            textcoords="offset points",
        )
    axis.set_xlabel(f"component 1 ({explained[0]:.0%} of variance)")
    axis.set_ylabel(f"component 2 ({explained[1]:.0%})")
    bar = figure.colorbar(points, ax=axis, pad=0.02, aspect=25)
    bar.set_label("share of G and C")
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


def _outermost(table: pd.DataFrame) -> list[int]:
    """Return rows of the k-mers furthest out whose names do not lie on one another."""
    places = table[["pc1", "pc2"]].to_numpy(dtype=np.float64)
    size = np.ptp(places, axis=0)
    places = (places - places.mean(axis=0)) / np.where(size > 0, size, 1.0)
    chosen: list[int] = []
    for row in np.argsort(-(places**2).sum(axis=1), kind="stable").tolist():
        apart = np.abs(places[chosen] - places[row]) > (0.16, 0.05)
        if apart.any(axis=1).all():
            chosen.append(row)
        if len(chosen) == NAMED:
            break
    return chosen


@styled
def kmer_distances(distances: pd.DataFrame) -> Figure:
    """Draw a box of cosine distances for reverse complements and each kind of random pair.

    Parameters
    ----------
    distances
        ``pair``, ``distance``.
    """
    import seaborn as sns

    order = list(dict.fromkeys(distances["pair"]))
    figure, axes = new_figure(1, 1, height=2.0)
    axis = axes[0][0]
    sns.boxplot(
        distances,
        x="pair",
        y="distance",
        hue="pair",
        order=order,
        hue_order=order,
        palette=[COLOURS[0], COLOURS[1], GREY],
        width=0.5,
        showfliers=False,
        linewidth=0.6,
        boxprops={"alpha": 0.5},
        legend=False,
        ax=axis,
    )
    axis.set_xlabel("")
    axis.set_ylabel("cosine distance (centred)")
    return figure


@styled
def kmer_sensitivity(table: pd.DataFrame, metric: str) -> Figure:
    """Draw a metric against k, stride and dimension.

    Parameters
    ----------
    table
        ``k``, ``stride``, ``dimension``, ``mean``.
    metric
        Its name.
    """
    figure, axes = new_figure(1, 3, height=1.8, share_y=True)
    for axis, name in zip(axes[0], ("k", "stride", "dimension"), strict=True):
        axis.plot(table[name], table["mean"], "o", color=COLOURS[0], alpha=0.6, ms=2.5)
        runs = table.groupby(name)["mean"]
        axis.plot(runs.mean().index, runs.mean(), color=COLOURS[1], lw=0.9, label="mean")
        axis.plot(runs.median().index, runs.median(), color=GREY, lw=0.9, ls=(0, (3, 2)), label="median")
        axis.set_xticks(sorted(set(table[name])))
        axis.set_xlabel({"k": "k (bp)", "stride": "stride (bp)"}.get(name, name))
    axes[0][0].set_ylabel(metric)
    outside_legend(figure, *axes[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
