"""All kernels that match one known motif, below its logo, each at its offset and on its strand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from motiflens.analyses.figures.style import new_figure, styled
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.report.logo import information_heights
from motiflens.analyses.report.numbers import small

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 10  # kernels below one logo


class Aligned(NamedTuple):
    """A motif in a target's coordinates."""

    motif: Motif
    offset: int  # column of the target at which it begins, as it is drawn
    orientation: str  # - : it is drawn reverse-complemented
    q: float

    @property
    def shown(self) -> Motif:
        """The motif as it is drawn: along the target."""
        return self.motif.reverse_complement() if self.orientation == "-" else self.motif


def aligned_to(target: Motif, motifs: Sequence[Motif], table: pd.DataFrame) -> list[Aligned]:
    """Place motifs that match a target along it.

    Parameters
    ----------
    target
        The known motif.
    motifs
        The model's, trimmed.
    table
        Rows of the motif table that match it; TOMTOM's offsets count along the target's other strand where the
        orientation is ``-``.
    """
    by_name = {motif.name: motif for motif in motifs}
    placed = []
    for row in table.itertuples():
        motif, offset = by_name[str(row.motif_id)], int(row.offset)  # type: ignore[arg-type]
        if row.orientation == "-":
            offset = target.width - offset - motif.width
        placed.append(Aligned(motif, offset, str(row.orientation), float(row.target_q)))  # type: ignore[arg-type]
    return placed


@styled
def aligned_kernels(target: Motif, kernels: Sequence[Aligned]) -> Figure:
    """Draw a known motif's logo and below it the kernels that match it (TBiNet, Fig. 3).

    Parameters
    ----------
    target
        The known motif.
    kernels
        The first `MOST` are drawn.
    """
    drawn = list(kernels)[:MOST]
    left = min(0, *(one.offset for one in drawn))
    right = max(target.width, *(one.offset + one.motif.width for one in drawn))
    figure, grid = new_figure(1 + len(drawn), 1, height=0.3 + 0.42 * (1 + len(drawn)), share_x=True)
    rows = [(target, 0, f"{target.alt or target.name}\n{target.name}")]
    rows += [
        (one.shown, one.offset, f"{one.motif.name} ({one.orientation})\nq {small(one.q, digits=1)}")
        for one in drawn
    ]
    for (axis,), (motif, offset, label) in zip(grid, rows, strict=True):
        _logo(axis, motif, offset)
        axis.axvspan(-0.5, target.width - 0.5, color="#f1f3f5", zorder=-2, lw=0)
        axis.set_xlim(left - 0.5, right - 0.5)
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=6)
    for (axis,) in grid[:-1]:
        axis.tick_params(labelbottom=False)
    grid[-1][0].set_xlabel(f"column of {target.name}")
    return figure


def _logo(axis: Axes, motif: Motif, offset: int) -> None:
    import logomaker

    heights = pd.DataFrame(information_heights(motif.ppm), columns=list("ACGT"))
    heights.index = np.arange(offset, offset + motif.width)
    logomaker.Logo(heights, ax=axis, color_scheme="colorblind_safe", show_spines=False)
    axis.set_ylim(0, 2)
    axis.set_yticks([])
    axis.spines["bottom"].set_visible(True)
