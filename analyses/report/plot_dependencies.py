"""A heat map of which bases a model reads together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motiflens.models import types
from motiflens.models.files import write_whole
from motiflens.models.types import Codes, Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_dependencies(strength: Floats, codes: Codes, *, start: int = 0, title: str = "") -> Figure:
    """Draw the strength of each pair of positions, with the bases that stand there along both axes.

    Parameters
    ----------
    strength
        (W, W); see `DependencyMap.strength`.
    codes
        (W,) bases, 4 where none is known.
    start
        Of the first position, for the labels.
    title
        What to write above.
    """
    from matplotlib.figure import Figure

    width = len(codes)
    size = 2.2 + 0.13 * width
    figure = Figure(figsize=(size + 0.9, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(strength, cmap="magma_r", vmin=0, vmax=float(strength.max()) or 1.0)
    letters = ["ACGTN"[code] for code in codes]
    axes.set_xticks(np.arange(width), letters, fontsize=7)
    axes.set_yticks(np.arange(width), letters, fontsize=7)
    axes.tick_params(length=0)
    axes.set_xlabel(f"bases {start:,} to {start + width:,}")
    axes.set_title(title, fontsize=9)
    figure.colorbar(image, ax=axes, label="largest |interaction| on the logit", shrink=0.8)
    return figure


def save_dependencies(figure: Figure, path: types.Path) -> None:
    """Write a figure into a file; its suffix says how (.png, .svg, .pdf)."""
    kind = Path(path).suffix.lstrip(".").lower()
    # Without the time of day, the same data give the same file.
    metadata = {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else None
    with write_whole(path) as part:
        figure.savefig(part, format=kind, dpi=150, metadata=metadata)
