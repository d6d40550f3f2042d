"""Windows that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def apart(
    table: pd.DataFrame, rows: Sequence[int], length: int, taken: dict[str, list[int]] | None = None
) -> list[int]:
    """Return those rows, in order, whose window overlaps none before it.

    Parameters
    ----------
    table
        Of the windows: ``chrom``, ``start``.
    rows
        Of the table.
    length
        Of a window, bp.
    taken
        Starts by chromosome that are taken before; those of the rows that are returned are added.

    Examples
    --------
    >>> apart(pd.DataFrame({"chrom": ["1", "1", "2"], "start": [0, 50, 50]}), [0, 1, 2], 100)
    [0, 2]
    """
    starts = {} if taken is None else taken
    kept = []
    for row in rows:
        chrom, start = str(table["chrom"].iloc[row]), int(table["start"].iloc[row])
        here = starts.setdefault(chrom, [])
        if all(abs(start - other) >= length for other in here):
            here.append(start)
            kept.append(int(row))
    return kept
