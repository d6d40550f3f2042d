"""Logos of motifs above the known matrices that they match (002, Figs. 3 and 4), drawn by logomaker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.style import COLOURS, new_figure, styled
from motiflens.analyses.report.logo import information_heights
from motiflens.models.types import Doubles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from motiflens.analyses.motifs.motif import Motif

# Green, blue, orange, red as usual, in shades that are told apart with every common colour blindness.
LETTERS = {"A": COLOURS[2], "C": COLOURS[0], "G": COLOURS[4], "T": COLOURS[1]}


@styled
def motif_logos(motifs: Mapping[str, Motif], targets: Mapping[str, Motif], table: pd.DataFrame) -> Figure:
    """Draw each motif of a table above its target, matched columns below one another.

    Parameters
    ----------
    motifs, targets
        Name -> matrix.
    table
        Rows of ``motifs.tsv`` with a target: ``motif_id``, ``target_id``, ``target_alt``, ``target_q``, ``offset``
        (query column i stands at target column i + offset), ``orientation``.
    """
    rows = table.to_dict("records")
    figure, grid = new_figure(2 * max(len(rows), 1), 1, height=0.2 + 1.05 * max(len(rows), 1))
    for number, row in enumerate(rows):
        motif, target = motifs[str(row["motif_id"])], targets[str(row["target_id"])]
        shown = target.reverse_complement() if row["orientation"] == "-" else target
        offset = int(row["offset"])
        start, end = min(0, offset), max(shown.width, offset + motif.width)
        upper, lower = grid[2 * number][0], grid[2 * number + 1][0]
        draw_logo(upper, motif.ppm, at=offset)
        draw_logo(lower, shown.ppm, at=0)
        upper.set_title(f"{row['motif_id']}  (q = {row['target_q']:.2g})", fontsize=6, pad=1)
        lower.set_title(f"{row['target_alt']} ({row['target_id']})", fontsize=6, pad=1)
        for axis in (upper, lower):
            axis.set_xlim(start - 0.5, end - 0.5)
            axis.set_xticks([])
            axis.set_ylabel("bits")
    return figure


def draw_logo(axis: Axes, ppm: Doubles, *, at: int = 0) -> None:
    """Draw a matrix in bits, its first column at `at`."""
    import logomaker

    heights = pd.DataFrame(np.asarray(information_heights(ppm)), columns=list("ACGT"))
    heights.index = pd.RangeIndex(at, at + len(heights))
    logomaker.Logo(heights, ax=axis, color_scheme=LETTERS, font_name="DejaVu Sans", show_spines=False)
    axis.set_ylim(0, 2)
    axis.set_yticks([0, 2])
