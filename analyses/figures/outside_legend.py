"""A figure's legend in as many columns as its width has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend


def outside_legend(figure: Figure, *entries: Any, loc: str, ncols: int, **style: Any) -> Legend:
    """Add a legend outside of a figure's axes, no wider than the figure.

    Parameters
    ----------
    figure
        Made by `style.new_figure`.
    *entries
        Handles and labels; all that the axes have by default.
    loc
        Such as ``outside lower center``.
    ncols
        Columns at most; as many fewer as it takes to fit, one at least.
    **style
        As `matplotlib.figure.Figure.legend` takes it.
    """
    for columns in range(ncols, 1, -1):
        legend = figure.legend(*entries, loc=loc, ncols=columns, **style)  # type: ignore[call-overload]
        if legend.get_window_extent().width <= figure.bbox.width:
            return legend
        legend.remove()
    return figure.legend(*entries, loc=loc, ncols=1, **style)  # type: ignore[call-overload]
