"""One window: fold change, DNase, attention of each channel, and its mean, on one axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motiflens.analyses.figures.style import COLOURS, GREY, SEQUENTIAL, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motiflens.analyses.chip.example import ChipExample


@styled
def chip_tracks(example: ChipExample) -> Figure:
    """Draw the tracks above one another; see `ChipExample`."""
    from matplotlib.ticker import MaxNLocator

    length = len(example.fold_change)
    measured = [("fold\nchange", example.fold_change, COLOURS[1])]
    if example.dnase is not None:
        measured.append(("DNase", example.dnase, COLOURS[2]))
    map_height = 1.6 if len(example.weights) > 1 else 0.35
    ratios = [0.7] * len(measured) + [map_height, 0.7]
    figure, grid = new_figure(len(ratios), 1, height=0.5 + 0.75 * sum(ratios), ratios=ratios, share_x=True)
    axes = [row[0] for row in grid]
    bases = np.arange(length)
    for axis, (name, values, colour) in zip(axes, measured, strict=False):
        axis.fill_between(bases, values, step="mid", color=colour, alpha=0.7, lw=0.3)
        axis.set_ylabel(name)
        axis.set_ylim(bottom=min(0.0, float(values.min())))
        axis.locator_params(axis="y", nbins=3)
    centers = example.field.center
    half = (centers[1] - centers[0]) / 2 if len(centers) > 1 else example.field.width / 2
    edges = np.append(centers - half, centers[-1] + half)
    heat, line = axes[-2], axes[-1]
    image = heat.pcolormesh(edges, np.arange(len(example.weights) + 1), example.weights, cmap=SEQUENTIAL)
    image.set_rasterized(True)
    heat.invert_yaxis()
    heat.set_yticks([])
    heat.set_ylabel({"channel": "channels", "pairwise": "queries", "vector": ""}[example.kind])
    bar = figure.colorbar(image, ax=heat, pad=0.01, aspect=12, fraction=0.05)
    bar.set_label("attention" if example.kind != "channel" else "attention\n(row: 0 to 1)", fontsize=6)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.locator = MaxNLocator(3 if len(example.weights) > 1 else 1)
    bar.update_ticks()
    line.step(centers, example.profile, where="mid", color=COLOURS[0])
    line.set_ylabel("mean\nattention" if example.kind == "channel" else "attention")
    line.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    line.locator_params(axis="y", nbins=3)
    line.set_xlim(0, length)
    line.set_xlabel(f"bp from {example.start:,}" if example.start else "bp")
    for axis in axes:
        axis.axvline(int(example.fold_change.argmax()), color=GREY, lw=0.5, ls=":")
    figure.align_ylabels(axes)
    return figure
