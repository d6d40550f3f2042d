"""Attention by class: mean profiles above the windows themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, GREY, SEQUENTIAL, new_figure, styled
from motiflens.analyses.statistics import block_band

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motiflens.analyses.attention_maps import AttentionClass

COLOUR = {"bound": COLOURS[1], "unbound": COLOURS[0], "none": COLOURS[2]}
SHORT = {"bound": "predicted\nbound", "unbound": "predicted\nunbound", "none": "bound by\nnone"}
ROWS = 150  # windows of each class that are drawn


@styled
def attention_classes(classes: Sequence[AttentionClass]) -> Figure:
    """Draw the mean profile of each class over all targets, and a heat map of its windows.

    Parameters
    ----------
    classes
        Of one run.
    """
    names = [name for name in SHORT if any(part.name == name for part in classes)]
    pooled = {name: np.concatenate([_share(part) for part in classes if part.name == name]) for name in names}
    figure, grid = new_figure(1 + len(names), 1, height=1.2 + 0.75 * len(names), ratios=[1.5, *[1.0] * len(names)])
    axes = [row[0] for row in grid]
    field = classes[0].field
    centers = field.center
    axes[0].axhline(1 / len(centers), color=GREY, lw=0.6)
    for name in names:
        blocks = _joined_blocks([part for part in classes if part.name == name])
        mean, low, high = block_band(pooled[name], blocks)
        axes[0].plot(centers, mean, color=COLOUR[name], label=SHORT[name].replace("\n", " "))
        axes[0].fill_between(centers, low, high, color=COLOUR[name], alpha=0.2, lw=0)
    axes[0].set_ylabel("share of\nattention")
    axes[0].set_ylim(bottom=0)
    top = float(np.quantile(np.concatenate(list(pooled.values())), 0.99))
    half = (centers[1] - centers[0]) / 2 if len(centers) > 1 else field.width / 2
    edges = np.append(centers - half, centers[-1] + half)
    image = None
    for axis, name in zip(axes[1:], names, strict=True):
        rows = pooled[name]
        rows = rows[np.linspace(0, len(rows) - 1, min(ROWS, len(rows))).astype(np.int64)]
        rows = rows[np.argsort(rows.argmax(axis=1), kind="stable")]
        image = axis.pcolormesh(edges, np.arange(len(rows) + 1), rows, cmap=SEQUENTIAL, vmin=0, vmax=top)
        image.set_rasterized(True)
        axis.invert_yaxis()
        axis.set_yticks([])
        axis.set_ylabel(SHORT[name])
    for axis in axes:
        axis.set_xlim(edges[0], edges[-1])
    for axis in axes[:-1]:
        axis.set_xticklabels([])
    axes[-1].set_xlabel("bp from the window's start")
    if image is not None:
        bar = figure.colorbar(image, ax=axes[1:], pad=0.02, aspect=30)
        bar.set_label("share of attention")
        bar.outline.set_visible(False)  # type: ignore[operator]
    outside_legend(
        figure, *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, columnspacing=1
    )
    return figure


def _share(part: AttentionClass) -> np.ndarray:
    return part.profile / part.profile.sum(axis=1, keepdims=True)


def _joined_blocks(parts: Sequence[AttentionClass]) -> np.ndarray:
    """Blocks of several targets' windows; the same stretch of two targets counts as two."""
    numbers, first = [], 0
    for part in parts:
        numbers.append(part.blocks.number + first)
        first += part.blocks.count
    return np.concatenate(numbers)
