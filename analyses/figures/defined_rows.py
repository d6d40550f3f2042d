"""What of a table can be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def defined_rows(axis: Axes, table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return the rows whose value is finite; where there are none, say so: seaborn draws no box of nothing.

    Parameters
    ----------
    axis
        Where the words stand.
    table
        A row a point.
    value
        The column of what is drawn.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axis = Figure().add_subplot()
    >>> len(defined_rows(axis, pd.DataFrame({"x": ["a"], "y": [np.nan]}), "y")), axis.texts[0].get_text()
    (0, 'none is defined')
    """
    known = table[np.isfinite(table[value].to_numpy(dtype=np.float64))]
    if not len(known):
        axis.text(0.5, 0.5, "none is defined", ha="center", va="center", transform=axis.transAxes)
    return known
