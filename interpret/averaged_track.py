"""Values of overlapping windows as one track a chromosome, averaged where windows overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from motiflens.models.types import Doubles, Floats, Integers


def averaged_track(
    starts: Integers, length: int, read: Callable[[Integers], Floats], *, size: int | None = None, block: int = 256
) -> Iterator[tuple[int, Floats]]:
    """Average per-base values of windows of one chromosome, in pieces from left to right.

    Memory does not grow with the number of windows or the chromosome's length.

    Parameters
    ----------
    starts
        (n,) first bases of the windows, in any order; may be negative.
    length
        Window length in bp.
    read
        Takes some of 0..n-1, gives (m, L) values.
    size
        The chromosome's length: nothing is given before 0 or from `size` on.
    block
        Windows read at a time.

    Yields
    ------
    start, values
        A stretch that windows cover: its first base and its averages, (bases,) float32. Stretches do not overlap
        and come in order.

    Examples
    --------
    >>> values = np.array([[1.0, 1.0, 1.0], [3.0, 3.0, 3.0]])
    >>> [(at, track.tolist()) for at, track in averaged_track(np.array([4, 6]), 3, values.__getitem__)]
    [(4, [1.0, 1.0, 2.0, 3.0, 3.0])]
    """
    order = np.argsort(starts, kind="stable")
    sums, count = np.zeros(0), np.zeros(0, dtype=np.int64)
    origin = 0  # of what is still being added up
    for group in _groups(starts[order], length, block):
        rows, at = order[group], starts[order[group]]
        first = int(at[0])
        if len(sums):
            # Nothing further reaches to the left of this group.
            ready = min(max(first - origin, 0), len(sums))
            yield from _stretch(origin, sums[:ready], count[:ready], size)
            sums, count, origin = sums[ready:], count[ready:], origin + ready
        if not len(sums):
            origin = first
        missing = int(at[-1]) + length - origin - len(sums)
        if missing > 0:
            sums, count = np.append(sums, np.zeros(missing)), np.append(count, np.zeros(missing, dtype=np.int64))
        for place, values in zip(at - origin, read(rows), strict=True):
            sums[place : place + length] += values
            count[place : place + length] += 1
    yield from _stretch(origin, sums, count, size)


def _groups(starts: Integers, length: int, block: int) -> Iterator[slice]:
    """Cut sorted windows into groups of at most `block` in which each window overlaps or meets the one before."""
    cuts = np.flatnonzero(np.diff(starts) > length) + 1
    for first, last in zip([0, *cuts], [*cuts, len(starts)], strict=True):
        for at in range(int(first), int(last), block):
            yield slice(at, min(at + block, int(last)))


def _stretch(origin: int, sums: Doubles, count: Integers, size: int | None) -> Iterator[tuple[int, Floats]]:
    low, high = max(0, -origin), len(sums)
    if size is not None:
        high = min(high, size - origin)
    if high > low:
        yield origin + low, (sums[low:high] / count[low:high]).astype(np.float32)
