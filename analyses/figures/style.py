"""How all figures look: one column wide, colour-blind safe, type that is legible when printed."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN, PAGE = 85 / 25.4, 174 / 25.4  # inches: a journal's column and page

# Okabe and Ito 2008: told apart with every common colour blindness, and in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
GREY, LIGHT = "#6b6b6b", "#c8c8c8"
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.0,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.title_fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.0,
    "patch.linewidth": 0.5,
    "image.cmap": SEQUENTIAL,
    "image.interpolation": "nearest",
    "figure.constrained_layout.use": True,
}

P = ParamSpec("P")
T = TypeVar("T")


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Draw in the house's style, and leave matplotlib's settings as they were."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        from matplotlib import rc_context

        settings: Any = {**STYLE, "axes.prop_cycle": _cycle()}
        with rc_context(settings), warnings.catch_warnings():
            # seaborn 0.13 still calls matplotlib 3.11 by an argument that it will drop.
            warnings.filterwarnings("ignore", "vert: bool was deprecated")
            return draw(*args, **kwargs)

    return drawn


def new_figure(
    rows: int = 1,
    columns: int = 1,
    *,
    height: float,
    width: float = COLUMN,
    ratios: Sequence[float] | None = None,
    share_x: bool | str = False,
    share_y: bool | str = False,
) -> tuple[Figure, list[list[Axes]]]:
    """Make a figure of `width` × `height` inches with a grid of axes, which needs no window system.

    Parameters
    ----------
    rows, columns
        Of the grid.
    ratios
        Relative heights of the rows.
    share_x, share_y
        As matplotlib's ``sharex`` and ``sharey``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(
        rows,
        columns,
        squeeze=False,
        sharex=share_x,  # type: ignore[arg-type]
        sharey=share_y,  # type: ignore[arg-type]
        gridspec_kw={"height_ratios": list(ratios)} if ratios is not None else None,
    )
    return figure, [list(row) for row in grid]


def short(text: str, most: int = 18) -> str:
    """Shorten a name for an axis, in its middle.

    >>> short("a_rather_long_name_of_a_run")
    'a_rather_…e_of_a_run'
    """
    if len(text) <= most + 2:
        return text
    half = most // 2
    return f"{text[:half]}…{text[-half - 1 :]}"


def _cycle() -> Any:
    from cycler import cycler

    return cycler(color=COLOURS)
