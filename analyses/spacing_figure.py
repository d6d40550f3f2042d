"""The grammar of two motifs as a heat map: orientation against spacing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.files import write_with_record

FORMATS = ("png", "svg", "pdf")


def figure_format(path: types.Path) -> str:
    """Return the format that a figure's ending names.

    Raises
    ------
    ValueError
        If it names none of `FORMATS`.

    Examples
    --------
    >>> figure_format("grammar.SVG")
    'svg'
    """
    kind = Path(path).suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise ValueError(f"{path}: figures are .png, .svg or .pdf")
    return kind


def spacing_figure(table: pd.DataFrame, names: tuple[str, str], path: types.Path, record: types.Json) -> None:
    """Draw what `space` found: interaction by spacing and orientation above, its curves with intervals below.

    Parameters
    ----------
    table
        See `space`.
    names
        Of the two motifs.
    path
        ``.png``, ``.svg`` or ``.pdf``.
    record
        How it was made, for ``PATH.json``.

    Raises
    ------
    ValueError
        For another ending.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kind = figure_format(path)
    grid = table.pivot_table(index="orientation", columns="spacing", values="interaction")
    spacings = grid.columns.to_numpy()
    figure = Figure(figsize=(max(7.0, 0.08 * len(spacings) + 3), 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 1.4]})
    limit = max(float(np.nanmax(np.abs(grid.to_numpy()))), 1e-9)
    half = np.diff(spacings).min() / 2 if len(spacings) > 1 else 0.5
    edges = np.append(spacings - half, spacings[-1] + half)
    mesh = above.pcolormesh(
        edges, np.arange(len(grid) + 1), grid.to_numpy(), cmap="RdBu_r", vmin=-limit, vmax=limit
    )
    above.set_yticks(np.arange(len(grid)) + 0.5, list(grid.index))
    above.invert_yaxis()
    above.set_ylabel("orientation")
    above.set_title(f"{names[0]} and {names[1]}: logit of both less the sum of each", loc="left", fontsize=10)
    figure.colorbar(mesh, ax=above, label="interaction (logit)", pad=0.01)
    for orientation, rows in table.groupby("orientation"):
        below.plot(rows["spacing"], rows["interaction"], label=str(orientation), lw=1.2)
        below.fill_between(rows["spacing"], rows["low"], rows["high"], alpha=0.18, lw=0)
    below.axhline(0, color="#888888", lw=0.6)
    below.set_xlabel(f"bases between the two (negative: {names[1]} lies before {names[0]})")
    below.set_ylabel("interaction (logit)")
    below.legend(title="orientation", frameon=False, ncols=4, fontsize=8)
    below.spines[["top", "right"]].set_visible(False)
    with write_with_record(path, record) as part:
        figure.savefig(part, format=kind, dpi=150)
