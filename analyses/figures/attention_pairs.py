"""Pairwise attention: maps of queries and keys, and the profile over distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from motiflens.analyses.attention_measures import distance_profile
from motiflens.analyses.figures.attention_classes import COLOUR, SHORT
from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import GREY, SEQUENTIAL, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motiflens.analyses.attention_maps import AttentionClass


@styled
def attention_pairs(classes: Sequence[AttentionClass]) -> Figure:
    """Draw the mean map of each class, over all targets of one run."""
    names = [name for name in SHORT if any(part.name == name for part in classes)]
    maps = [_mean_map([part for part in classes if part.name == name]) for name in names]
    figure, grid = new_figure(1, len(names), height=1.75, share_y=True)
    centers = classes[0].field.center
    extent = (centers[0], centers[-1], centers[-1], centers[0])
    low, high = min(m.min() for m in maps), max(float(np.quantile(m, 0.995)) for m in maps)
    for axis, name, values in zip(grid[0], names, maps, strict=True):
        image = axis.imshow(values, extent=extent, cmap=SEQUENTIAL, vmin=low, vmax=high, aspect="equal")
        axis.set_title(SHORT[name], fontsize=6.5)
        axis.locator_params(nbins=3)
    grid[0][0].set_ylabel("query (bp)")
    grid[0][len(names) // 2].set_xlabel("key (bp)")
    bar = figure.colorbar(image, ax=grid[0], pad=0.02, aspect=20, shrink=0.8)
    bar.set_label(f"attention (even: {1 / len(centers):.3g})")
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


@styled
def attention_distance(classes: Sequence[AttentionClass]) -> Figure:
    """Draw attention against distance: from the query where it is pairwise, else from the window's middle."""
    figure, grid = new_figure(1, 1, height=1.7)
    axis = grid[0][0]
    field = classes[0].field
    axis.axhline(1 / len(field.center), color=GREY, lw=0.6)
    pairwise = classes[0].pairs is not None
    for name in SHORT:
        parts = [part for part in classes if part.name == name]
        if not parts:
            continue
        if pairwise:
            table = distance_profile(_mean_map(parts), field)
            x, y = table["distance"].to_numpy(), table["attention"].to_numpy()
        else:
            x, y = _from_middle(parts)
        axis.plot(x, y, color=COLOUR[name], label=SHORT[name].replace("\n", " "))
    axis.set_ylim(bottom=0)
    axis.set_xlabel("bp from query to key" if pairwise else "bp from the window's middle")
    axis.set_ylabel("mean attention")
    outside_legend(figure, *axis.get_legend_handles_labels(), loc="outside upper center", ncols=3, columnspacing=1)
    return figure


def _mean_map(parts: Sequence[AttentionClass]) -> np.ndarray:
    """Mean map over the windows of several targets."""
    weights = [len(part.rows) for part in parts if part.pairs is not None]
    maps = [part.pairs for part in parts if part.pairs is not None]
    return np.average(np.stack(maps), axis=0, weights=weights)


def _from_middle(parts: Sequence[AttentionClass]) -> tuple[np.ndarray, np.ndarray]:
    share = np.concatenate([part.profile / part.profile.sum(axis=1, keepdims=True) for part in parts]).mean(axis=0)
    centers = parts[0].field.center
    distance = np.abs(centers - (centers[0] + centers[-1]) / 2).round(1)
    places, number = np.unique(distance, return_inverse=True)
    return places, np.bincount(number, share) / np.bincount(number)
