"""Between attention positions and base pairs."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from motiflens.interpret.results import Field
from motiflens.models.types import Doubles, Floats, Integers

Strand = Literal["+", "-"]
ToBp = Literal["spread", "center", "linear"]
ToPositions = Literal["field", "linear"]


def position_centers(
    field: Field, length: int, *, how: Literal["center", "linear"] = "center", strand: Strand = "+"
) -> Doubles:
    """Return the place of each attention position in bp from the window's start, (T,).

    Parameters
    ----------
    field
        What each position looks at, along `strand`.
    length
        Window length L in bp.
    how
        ``center``: the exact centre of the field. ``linear``: ``round((p + 1) / T · L)``, the DeepGRN authors'
        scaling, which is up to tens of bp off: for reproducing their figures only.
    strand
        ``-``: positions count along the reverse strand, where bp x is forward bp L - 1 - x.

    Examples
    --------
    >>> field = Field(15 * np.arange(64), 44, False)  # DeepGRN, k = 30
    >>> position_centers(field, 1002)[[0, 63]], position_centers(field, 1002, how="linear")[[0, 63]]
    (array([ 21.5, 966.5]), array([  16., 1002.]))
    """
    if how == "center":
        at = field.center
    elif how == "linear":
        steps = len(field.start)
        at = np.round((np.arange(steps) + 1) / steps * length)
    else:
        raise ValueError(f"how must be center or linear, not {how!r}")
    return at if strand == "+" else length - 1 - at


def to_bp(profile: Floats, field: Field, length: int, *, how: ToBp = "spread", strand: Strand = "+") -> Floats:
    """Bring values of attention positions to base pairs, in forward coordinates.

    Parameters
    ----------
    profile
        (..., T): one value a position.
    field
        What each position looks at.
    length
        Window length L in bp.
    how
        ``spread``: a base gets the mean of the positions that look at it, so that an even profile gives an even
        track, also at the window's ends. ``center``: the middle base of each field gets the value (the left one
        of two), all others 0; of positions with the same middle base the values add up. ``linear``: the window is
        cut into T equal segments, as the DeepGRN authors' scaling has it; segment p gets value p.
        Bases at which no position looks get 0.
    strand
        Strand along which positions count; see `position_centers`.

    Returns
    -------
    array
        (..., L), of the profile's dtype.

    Examples
    --------
    >>> field = Field(np.array([0, 2]), 4, False)
    >>> to_bp(np.array([1.0, 3.0]), field, 6).tolist()
    [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    """
    if profile.shape[-1] != len(field.start):
        raise ValueError(f"the profile has {profile.shape[-1]} positions, the field {len(field.start)}")
    track = profile @ _painting(field, length, how)
    if strand == "-":
        track = track[..., ::-1]
    return np.ascontiguousarray(track, dtype=profile.dtype)


def to_positions(track: Floats, field: Field, *, how: ToPositions = "field", strand: Strand = "+") -> Floats:
    """Average a per-base track into attention positions, for comparison at the attention's own resolution.

    Parameters
    ----------
    track
        (..., L), forward coordinates.
    field
        What each position looks at.
    how
        ``field``: the mean over the bases of each position's field that lie in the window. ``linear``: the mean
        over T segments with edges ``linspace(0, L, T + 1)``, as in the DeepGRN authors' ChIP comparison.
    strand
        Strand along which positions count.

    Returns
    -------
    array
        (..., T), of the track's dtype; NaN where a field lies outside the window or holds a NaN.

    Examples
    --------
    >>> to_positions(np.arange(6.0), Field(np.array([-1, 2]), 4, False)).tolist()
    [1.0, 3.5]
    """
    length, steps = track.shape[-1], len(field.start)
    if strand == "-":
        track = track[..., ::-1]
    if how == "field":
        low, high = _bounds(field, length)
    elif how == "linear":
        edges = _edges(length, steps)
        low, high = edges[:-1], edges[1:]
    else:
        raise ValueError(f"how must be field or linear, not {how!r}")
    # Sums of a base and all before it: the difference of two gives a field's sum. NaNs are counted apart, or
    # one would spoil everything behind it.
    missing = np.isnan(track)
    sums = _between(np.where(missing, 0, track), low, high)
    spoilt = _between(missing, low, high) > 0
    count = np.maximum(high - low, 0)
    means: Doubles = np.full(sums.shape, np.nan)
    np.divide(sums, count, out=means, where=(count > 0) & ~spoilt)
    kind: np.dtype[Any] = track.dtype if track.dtype.kind == "f" else np.dtype(np.float64)
    return means.astype(kind)


def _edges(length: int, steps: int) -> Integers:
    """Edges of the authors' equal segments, (T + 1,)."""
    return np.linspace(0, length, steps + 1).astype(np.int64)


def _painting(field: Field, length: int, how: ToBp) -> Doubles:
    """How much of each position's value each base gets, (T, L)."""
    bases = np.arange(length)
    if how == "spread":
        low, high = _bounds(field, length)
        looks = (bases >= low[:, None]) & (bases < high[:, None])
        return looks / np.maximum(looks.sum(axis=0), 1)
    if how == "center":
        return (bases == np.floor(field.center)[:, None]).astype(np.float64)
    if how == "linear":
        edges = _edges(length, len(field.start))
        return ((bases >= edges[:-1, None]) & (bases < edges[1:, None])).astype(np.float64)
    raise ValueError(f"how must be spread, center or linear, not {how!r}")


def _bounds(field: Field, length: int) -> tuple[Integers, Integers]:
    """Bases of each field within the window: [low, high)."""
    return np.clip(field.start, 0, length), np.clip(field.end, 0, length)


def _between(values: Floats, low: Integers, high: Integers) -> Doubles:
    zero = np.zeros((*values.shape[:-1], 1))
    sums = np.concatenate([zero, values.cumsum(axis=-1, dtype=np.float64)], axis=-1)
    return sums[..., np.maximum(high, low)] - sums[..., low]
