"""Windows slid past a peak: does what the model looks at stay with the peak, or with the window?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from motiflens.analyses.chip.options import ChipOptions
from motiflens.analyses.chip.profiles import strand_mean_bp
from motiflens.analyses.slide_windows import slide_windows
from motiflens.analyses.statistics import Interval, block_interval
from motiflens.interpret.adapter import Adapter, Strand
from motiflens.interpret.coordinates import to_bp
from motiflens.models.data.windows import Windows
from motiflens.models.types import Doubles, Floats, Integers

SMOOTH = 21  # bp over which fold change is averaged to find the summit


class Slid(NamedTuple):
    """Windows that were slid past peaks."""

    rows: Integers  # P: which windows
    offsets: Integers  # S: bp that the window was moved by
    summit: Integers  # P: the peak's summit, bp from the start of the unmoved window
    attention: Floats  # P, S, L: mean over strands, per base of the moved window
    fold_change: Floats  # P, S, L
    starts: Integers  # P: of the unmoved windows on the chromosome


def slide_past(
    adapter: Adapter, windows: Windows, rows: Integers, track: str, options: ChipOptions | None = None
) -> Slid | None:
    """Slide windows past the highest summits of a track.

    Parameters
    ----------
    adapter
        Of a model with attention.
    windows, rows
        Candidates: bound windows.
    track
        Name of the fold change.
    options
        ``shift_peaks`` of them are used, which do not overlap; windows are moved by up to a fifth of their length
        either way, ``shift_step`` bp a step, so that every summit stays in the window.

    Returns
    -------
    Slid or None
        None where the windows have no genome, or none has its summit in the inner half.
    """
    how = options or ChipOptions()
    length = windows.length
    fold = smooth(windows.track(track, rows))
    summit = fold.argmax(axis=1)
    inner = (np.abs(summit - length / 2) <= length / 4) & (fold.max(axis=1) > fold.min(axis=1))
    order = np.flatnonzero(inner)[np.argsort(-fold.max(axis=1)[inner], kind="stable")]
    chosen = _apart(windows, rows[order], how.shift_peaks)
    kept = order[chosen]
    most = max(how.shift_step, int(length * 0.2) // how.shift_step * how.shift_step)
    offsets = np.arange(-most, most + 1, how.shift_step)
    moved = slide_windows(windows, np.repeat(rows[kept], len(offsets)), np.tile(offsets, len(kept)))
    if moved is None or not len(kept):
        return None
    index = np.arange(len(moved))
    seen, folds = [], []
    for first in range(0, len(index), how.batch_size):
        part = index[first : first + how.batch_size]
        seen.append(both_strands_bp(adapter, moved, part, how))
        folds.append(moved.track(track, part))
    shape = (len(kept), len(offsets), length)
    starts = windows.table["start"].to_numpy(np.int64)[rows[kept]]
    return Slid(
        rows[kept],
        offsets,
        summit[kept],
        np.concatenate(seen).reshape(shape),
        np.concatenate(folds).reshape(shape),
        starts,
    )


def shift_slopes(slid: Slid, blocks: Integers, *, bootstrap: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Measure by how many bp what is looked at moves, for each bp that the peak moves in the window.

    Parameters
    ----------
    slid
        Windows slid past peaks.
    blocks
        (P,) block of each peak, for the bootstrap.

    Returns
    -------
    DataFrame
        ``measure``: ``mass`` (centre of mass of the attention above the window's median) or ``maximum`` (its
        highest place); ``slope`` (mean over peaks of the least-squares slope, bp a bp), ``low``, ``high``, ``p``
        (against 0), ``peaks``. 1: it stays with the peak; 0: it stays with the window, or anywhere.
    """
    place = slid.summit[:, None] - slid.offsets[None, :]  # P, S: of the summit in the moved window
    rows = []
    for measure, at in (("mass", center_of_mass(slid.attention)), ("maximum", middle_of_maximum(slid.attention))):
        interval: Interval = block_interval(slopes(place, at), blocks, draws=bootstrap, seed=seed)
        rows.append((measure, interval.mean, interval.low, interval.high, interval.p, interval.windows))
    return pd.DataFrame(rows, columns=["measure", "slope", "low", "high", "p", "peaks"])


def center_of_mass(profiles: Floats | Doubles) -> Doubles:
    """Return the centre of mass along the last axis of what lies above the median, in bp; NaN where nothing "
    "does."""
    above = np.clip(profiles - np.median(profiles, axis=-1, keepdims=True), 0, None).astype(np.float64)
    total = above.sum(axis=-1)
    place = np.arange(profiles.shape[-1])
    return np.divide((above * place).sum(axis=-1), total, out=np.full(total.shape, np.nan), where=total > 0)


def middle_of_maximum(profiles: Floats | Doubles) -> Doubles:
    """Return the mean place of the highest value along the last axis, in bp: a field has many bases."""
    top = profiles >= profiles.max(axis=-1, keepdims=True)
    place = np.arange(profiles.shape[-1])
    return np.asarray((top * place).sum(axis=-1) / top.sum(axis=-1), dtype=np.float64)


def slopes(x: Integers | Doubles, y: Doubles) -> Doubles:
    """Return the least-squares slope of y on x in each row, (P, S) to (P,); NaN with fewer than two values."""
    known = np.isfinite(y)
    count = known.sum(axis=1, keepdims=True)
    mean_x = np.where(known, x, 0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    mean_y = np.where(known, y, 0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    dx = np.where(known, x - mean_x, 0.0)
    dy = np.where(known, y - mean_y, 0.0)
    square = (dx * dx).sum(axis=1)
    return np.divide((dx * dy).sum(axis=1), square, out=np.full(len(square), np.nan), where=square > 0)


def both_strands_bp(adapter: Adapter, windows: Windows, index: Integers, how: ChipOptions) -> Floats:
    """Return attention per base, mean over strands, (n, L), forward coordinates."""
    batch = windows.read(index)
    strands: tuple[Strand, Strand] = ("+", "-")
    parts: dict[str, Floats] = {}
    for strand in strands:
        seen = adapter.attention(batch.x, batch.meta, layer=how.layer, strand=strand, batch_size=how.batch_size)
        parts[strand] = to_bp(seen.profile, seen.field, windows.length, strand=strand)
    return strand_mean_bp(parts, seen.field)


def smooth(values: Floats, width: int = SMOOTH) -> Doubles:
    """Average rows over `width` bp."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(values.astype(np.float64), width, axis=-1, mode="nearest"))


def _apart(windows: Windows, rows: Integers, most: int) -> Integers:
    """Return places in `rows`, in order, of windows at least a length apart."""
    table = windows.table
    if not {"chrom", "start"} <= set(table):
        return np.arange(min(most, len(rows)))
    taken: list[int] = []
    seen: list[tuple[str, int]] = []
    chroms, starts = table["chrom"].to_numpy(), table["start"].to_numpy(np.int64)
    for place, row in enumerate(rows.tolist()):
        if len(taken) == most:
            break
        here = (str(chroms[row]), int(starts[row]))
        if all(here[0] != chrom or abs(here[1] - start) >= windows.length for chrom, start in seen):
            taken.append(place)
            seen.append(here)
    return np.asarray(taken, dtype=np.int64)
