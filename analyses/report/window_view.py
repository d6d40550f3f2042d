"""Reading what `plot_window` draws from a store and the data it was made of."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from motiflens.analyses.report.plot_window import WindowView
from motiflens.interpret.store import Store
from motiflens.models.data.windows import BASES, Windows
from motiflens.models.types import Floats, Integers

TRACKS = ("dnase", "fold_change")
_MOST = 64  # windows averaged at a place


def parse_region(text: str) -> tuple[str, int, int]:
    """Read ``chr:start-end``, 0-based and half-open; commas are allowed.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parse_region("chr5:1,000-1,200")
    ('chr5', 1000, 1200)
    """
    match = re.fullmatch(r"(.+):([\d,]+)-([\d,]+)", text.strip())
    if match:
        start, end = (int(match[number].replace(",", "")) for number in (2, 3))
        if end > start:
            return match[1], start, end
    raise ValueError(f"{text!r} is no region: write chr:start-end with start < end")


def region_view(
    store: Store, windows: Windows, chrom: str, start: int, end: int, *, cell_type: str | None = None
) -> WindowView:
    """Gather a region from all windows of a store that overlap it, averaged where they overlap.

    Parameters
    ----------
    store
        The store.
    windows
        The split that it was made of, for tracks that are no input.
    chrom, start, end
        The region (0-based, half-open).
    cell_type
        Take only windows of this cell type.

    Raises
    ------
    ValueError
        If no window overlaps it.
    """
    table = store.table
    if not {"chrom", "start"} <= set(table):
        raise ValueError(f"{store.path}: its windows have no genome coordinates; plot the top ones instead")
    starts = table["start"].to_numpy(np.int64)
    chosen = (table["chrom"] == chrom).to_numpy() & (starts < end) & (starts + store.length > start)
    if cell_type is not None:
        chosen &= (table["cell_type"] == cell_type).to_numpy()
    rows = np.flatnonzero(chosen)
    if not len(rows):
        raise ValueError(f"no window of {store.path} overlaps {chrom}:{start}-{end}")
    if len(rows) > _MOST:  # those nearest to its middle
        middle = np.abs(starts[rows] + store.length / 2 - (start + end) / 2)
        rows = np.sort(rows[np.argsort(middle, kind="stable")[:_MOST]])
    probability = 1 / (1 + np.exp(-float(store.prediction[rows].mean())))
    title = f"{store.task}: {chrom}:{start:,}-{end:,}   {store.method}   predicted {probability:.2f}"
    return _gathered(store, windows, rows, starts[rows], chrom, start, end, title)


def row_view(store: Store, windows: Windows, row: int, *, width: int | None = None) -> WindowView:
    """Gather one window of a store, or the `width` bp of it that matter most (largest sum of |importance|)."""
    table = store.table.iloc[row]
    placed = bool(table.get("chrom", ""))
    origin = int(table["start"]) if placed else 0
    importance = store.importance(slice(row, row + 1))[0]
    first, last = 0, store.length
    if width is not None and width < store.length:
        sums = np.concatenate([[0.0], np.abs(importance).cumsum(dtype=np.float64)])
        first = int((sums[width:] - sums[:-width]).argmax())
        last = first + width
    name = str(table["chrom"]) if placed else str(table.get("name", row))
    probability = 1 / (1 + np.exp(-float(store.prediction[row])))
    cell = f"   {table['cell_type']}" if table.get("cell_type", "") else ""
    title = (
        f"{store.task}{cell}: {name}:{origin + first:,}-{origin + last:,}   {store.method}   "
        f"predicted {probability:.2f}, labelled {table['label']:g}"
    )
    rows, starts = np.array([row]), np.array([origin])
    return _gathered(store, windows, rows, starts, name, origin + first, origin + last, title)


def top_rows(store: Store, number: int) -> Integers:
    """Rows with the largest predictions, one of windows that overlap in the same cell type, (up to number,)."""
    table, taken = store.table, np.zeros(0, dtype=np.int64)
    placed = "chrom" in table
    starts = table["start"].to_numpy(np.int64) if placed else np.zeros(len(table), dtype=np.int64)
    # Windows that could overlap: of one chromosome and cell type.
    columns = [column for column in ("chrom", "cell_type") if column in table]
    group = table.groupby(columns, sort=False).ngroup().to_numpy() if placed else np.arange(len(table))
    for row in np.argsort(-store.prediction, kind="stable"):
        if len(taken) == number:
            break
        near = (group[taken] == group[row]) & (np.abs(starts[taken] - starts[row]) < store.length)
        if not near.any() or (placed and not table["chrom"].iloc[row]):
            taken = np.append(taken, row)
    return taken


def _gathered(
    store: Store, windows: Windows, rows: Integers, starts: Integers, chrom: str, start: int, end: int, title: str
) -> WindowView:
    def mean(values: Floats) -> Floats:
        return _mean(values, starts, start, end)

    sources = store.table["row"].to_numpy(np.int64)[rows]
    codes = np.full(end - start, 4, dtype=np.uint8)
    for at, letters in zip(starts, store.codes[rows], strict=True):
        low, high = max(start, int(at)), min(end, int(at) + store.length)
        codes[low - start : high - start] = letters[low - at : high - at]
    return WindowView(
        chrom=chrom,
        start=start,
        codes=codes,
        importance=mean(store.importance(rows)),
        attention=mean(store.attention_bp(rows)) if store.strands else None,
        tracks={name: mean(read(sources)) for name, read in _tracks(windows).items()},
        title=title,
    )


def _tracks(windows: Windows) -> dict[str, Callable[[Integers], Floats]]:
    """Signal channels and tracks, by name: DNase and fold change first."""
    channels = windows.channels[len(BASES) :]

    def reader(name: str) -> Callable[[Integers], Floats]:
        if name in channels:
            return lambda index: windows.signals(index)[:, channels.index(name)]
        return lambda index: windows.track(name, index)

    known = {*channels, *windows.tracks}
    return {name: reader(name) for name in dict.fromkeys((*TRACKS, *channels)) if name in known}


def _mean(values: Floats, starts: Integers, start: int, end: int) -> Floats:
    """Mean over windows at each base of [start, end); NaN where there is none."""
    sums, count = np.zeros(end - start), np.zeros(end - start)
    for at, row in zip(starts, values, strict=True):
        low, high = max(start, int(at)), min(end, int(at) + len(row))
        sums[low - start : high - start] += row[low - at : high - at]
        count[low - start : high - start] += 1
    mean = np.divide(sums, count, out=np.full(end - start, np.nan), where=count > 0)
    return mean.astype(np.float32)
