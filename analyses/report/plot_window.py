"""One stretch of genome: logo of importance, attention and tracks, aligned on one axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from motiflens.analyses.report.glyphs import COLOURS, LETTERS
from motiflens.models import types
from motiflens.models.files import write_whole
from motiflens.models.types import Codes, Doubles, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f3a5f"
LETTERS_UP_TO = 400  # bp beyond which letters are too narrow to read and bars are drawn


@dataclass(frozen=True)
class WindowView:
    """What is known of a stretch of genome.

    Attributes
    ----------
    chrom, start
        Where it is (0-based); ``chrom`` is the sequence's name where there is no genome.
    codes
        (W,) bases.
    importance
        (W,) signed score of the base that stands there; NaN where none is known.
    attention
        (W,) attention, or None.
    tracks
        Name -> (W,) values, drawn below one another.
    title
        What to write above.
    """

    chrom: str
    start: int
    codes: Codes
    importance: Floats
    attention: Floats | None = None
    tracks: Mapping[str, Floats] = field(default_factory=dict)
    title: str = ""


@lru_cache(maxsize=1)
def _outlines() -> dict[str, tuple[Doubles, Doubles]]:
    """Vertices in the unit square, y upwards, and path codes of each letter."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    outlines = {}
    for letter in LETTERS:
        path = TextPath((0, 0), letter, size=100, prop=FontProperties(family="DejaVu Sans", weight="bold"))
        box = path.get_extents()
        vertices = (path.vertices - [box.x0, box.y0]) / [box.width, box.height]
        # The point of CLOSEPOLY is not drawn, but would stretch the plot's limits.
        codes = np.asarray(path.codes)
        vertices[codes == path.CLOSEPOLY] = 0
        outlines[letter] = vertices, codes
    return outlines


def draw_letters(axes: Axes, codes: Codes, heights: Floats | Doubles, *, start: float = 0.0) -> None:
    """Draw one letter a base, as high as its value, below the line where it is negative.

    All letters of a kind are one path, so that a thousand are drawn as fast as one.

    Parameters
    ----------
    axes
        Where to draw; its limits are left alone.
    codes
        (W,) bases; unknown ones are not drawn.
    heights
        (W,) signed heights; NaN is not drawn.
    start
        Where the first base begins on the axis; each is 1 wide.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for number, letter in enumerate(LETTERS):
        at = np.flatnonzero((codes == number) & np.isfinite(heights) & (heights != 0))
        if not len(at):
            continue
        vertices, path_codes = _outlines()[letter]
        scaled = vertices[None] * np.stack([np.full(len(at), 0.92), heights[at]], axis=1)[:, None]  # n, V, 2
        scaled[..., 0] += (start + at + 0.04)[:, None]
        path = Path(scaled.reshape(-1, 2), np.tile(path_codes, len(at)))
        # Not add_patch, which walks along every curve in Python to find the limits.
        axes.add_artist(PathPatch(path, facecolor=COLOURS[letter], linewidth=0))


def plot_window(view: WindowView) -> Figure:
    """Draw a stretch of genome.

    Parameters
    ----------
    view
        What is known of it. Beyond `LETTERS_UP_TO` bp importance is drawn as bars in the letters' colours.

    Returns
    -------
    Figure
        Importance on top, then attention, then the tracks, on one axis in bp of the genome.

    Raises
    ------
    ValueError
        If nothing is there to draw, or lengths differ.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    width = len(view.codes)
    below = {**({} if view.attention is None else {"attention": view.attention}), **view.tracks}
    for name, values in {"importance": view.importance, **below}.items():
        if values.shape != (width,) or not width:
            raise ValueError(f"{name} has shape {values.shape}, but the stretch has {width} bp")
    figure = Figure(figsize=(min(24.0, max(8.0, 0.11 * width)), 2.0 + 0.9 * len(below)), layout="constrained")
    FigureCanvasAgg(figure)
    ratios = [2.0, *[0.8] * len(below)]
    rows = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": ratios})[:, 0]
    _importance(rows[0], view)
    for axes, (name, values) in zip(rows[1:], below.items(), strict=True):
        axes.fill_between(
            view.start + np.arange(width + 1),
            np.append(values, values[-1]),
            step="post",
            color=INK,
            alpha=0.75,
            lw=0,
        )
        axes.set_ylabel(name.replace("_", " "))
        if np.nanmin(values, initial=0) >= 0:
            axes.set_ylim(bottom=0)
    for axes in rows:
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.set_major_locator(MaxNLocator(3))
    rows[-1].set_xlim(view.start, view.start + width)
    rows[-1].xaxis.set_major_locator(MaxNLocator(8, integer=True))
    rows[-1].xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    rows[-1].set_xlabel(f"{view.chrom}, bp")
    rows[0].set_title(view.title, loc="left", fontsize=10)
    figure.align_ylabels(rows)
    return figure


def _importance(axes: Axes, view: WindowView) -> None:
    heights = np.asarray(view.importance, dtype=np.float64)
    if len(heights) <= LETTERS_UP_TO:
        draw_letters(axes, view.codes, heights, start=view.start)
    else:
        for number, letter in enumerate(LETTERS):
            at = np.flatnonzero(view.codes == number)
            axes.bar(view.start + at + 0.5, np.nan_to_num(heights[at]), width=1.0, color=COLOURS[letter], lw=0)
    finite = heights[np.isfinite(heights)]
    low, high = min(0.0, finite.min(initial=0)), max(0.0, finite.max(initial=0))
    room = 0.05 * ((high - low) or 1.0)
    axes.set_ylim(low - (room if low < 0 else 0), high + room)
    axes.axhline(0, color="#888", lw=0.5)
    axes.set_ylabel("importance")


def save_window(view: WindowView, path: types.Path) -> None:
    """Draw a stretch of genome into a file; its suffix says how (.png, .svg, .pdf). Errors as in `plot_window`."""
    from pathlib import Path

    kind = Path(path).suffix.lstrip(".").lower()
    if kind not in ("png", "svg", "pdf"):
        raise ValueError(f"{path}: plots are .png, .svg or .pdf")
    figure = plot_window(view)
    # Without the time of day, the same data give the same file.
    metadata = {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else None
    with write_whole(path) as part:
        figure.savefig(part, format=kind, dpi=150, metadata=metadata)
