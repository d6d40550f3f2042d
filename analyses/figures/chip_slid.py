"""One peak seen through windows that lie further on, in each cell type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, GREY, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motiflens.analyses.chip.example import SlidPlace


@styled
def chip_slid(places: Sequence[SlidPlace]) -> Figure:
    """Draw attention of each moved window over fold change, one panel a cell type; see `SlidPlace`."""
    figure, axes = new_figure(len(places), 1, height=0.5 + 1.05 * len(places), share_x=True)
    for line, place in enumerate(places):
        axis = axes[line][0]
        twin = axis.twinx()
        twin.spines["right"].set_visible(True)
        for at, offset in enumerate(place.offsets.tolist()):
            x = place.start + offset + np.arange(place.attention.shape[1])
            twin.fill_between(x, place.fold_change[at], color=GREY, lw=0.3, alpha=0.45)
            axis.plot(x, place.attention[at], color=COLOURS[at], lw=0.9, label=f"window moved {offset:+d} bp")
        axis.set_zorder(twin.get_zorder() + 1)
        axis.patch.set_visible(False)
        axis.set_title(short(place.target, 40))
        axis.set_ylabel("attention")
        twin.set_ylabel("fold change")
        axis.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        axis.locator_params(nbins=4)
    bottom = axes[-1][0]
    bottom.set_xlabel(f"{places[0].chrom} (bp)")
    bottom.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    bottom.locator_params(axis="x", nbins=4)
    handles, labels = axes[0][0].get_legend_handles_labels()
    outside_legend(figure, handles, labels, loc="outside lower center", ncols=2, handletextpad=0.4)
    return figure
