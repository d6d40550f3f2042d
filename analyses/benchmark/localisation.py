"""How well a map of importance finds the sites of windows: pure numbers, one a window."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from motiflens.models.metrics import auprc, auroc, curve
from motiflens.models.types import Booleans, Doubles, Floats

TOP = 20  # bp


class Localisation(NamedTuple):
    """Scores of windows, (N,) each; NaN where a window has no answer: no site, or nothing but sites."""

    auroc: Doubles  # of the positions' importance for lying in a site
    auprc: Doubles  # the same; worth `prevalence` by chance
    prevalence: Doubles  # share of positions that lie in a site
    pointing: Doubles  # 1 where the peak lies in a site
    hit_rate: Doubles  # share of the top positions that lie in a site
    distance: Doubles  # positions from the peak to the nearest one in a site; 0 within


def localisation(
    importance: Floats | Doubles, inside: Booleans, known: Booleans | None = None, *, top: int = TOP
) -> Localisation:
    """Compare importance with the truth, window by window.

    Parameters
    ----------
    importance
        (N, L), the more the more important: take absolute values of signed scores first.
    inside
        (N, L): whether a position lies in a site. A site that a window's edge cuts counts as far as it is inside;
        several sites count together.
    known
        (N, L): positions that count; all by default.
    top
        Positions of the hit rate.

    Returns
    -------
    Localisation
        Among tied positions each is as likely to come first: ties give the mean over their orders, so that a
        constant map has an auROC of .5, and the auPRC, pointing and hit rate of chance.

    Raises
    ------
    ValueError
        If shapes differ or importance is not finite.

    Examples
    --------
    >>> found = localisation(np.array([[0.0, 3.0, 2.0, 1.0]]), np.array([[False, True, False, False]]), top=2)
    >>> [float(part[0]) for part in found]
    [1.0, 1.0, 0.25, 1.0, 0.5, 0.0]
    """
    if importance.shape != inside.shape or importance.ndim != 2:
        raise ValueError(
            f"importance {importance.shape} and sites {inside.shape}: expected both (windows, positions)"
        )
    if not np.isfinite(importance).all():
        raise ValueError("importance holds NaN or infinite values: expected a number for each position")
    counts = np.ones_like(inside) if known is None else known
    rows = [
        _window(scores[here].astype(np.float64), truth[here], np.flatnonzero(here), top)
        for scores, truth, here in zip(importance, inside, counts, strict=True)
    ]
    columns = np.array(rows, dtype=np.float64).reshape(-1, len(Localisation._fields)).T
    return Localisation(*(np.ascontiguousarray(column) for column in columns))


def _window(scores: Doubles, truth: Booleans, places: np.ndarray, top: int) -> tuple[float, ...]:
    if not truth.any():
        nan = float("nan")
        return nan, nan, 0.0, nan, nan, nan
    points = curve(truth.astype(np.float64), scores)
    peaks = scores == scores.max()
    sites = places[truth]
    distance = np.abs(places[peaks][:, None] - sites[None]).min(axis=1).mean()
    return (
        auroc(points),
        auprc(points),
        float(truth.mean()),
        float(truth[peaks].mean()),
        _expected_hits(scores, truth, min(top, len(scores))),
        float(distance),
    )


def _expected_hits(scores: Doubles, truth: Booleans, top: int) -> float:
    """Share of the `top` highest positions in a site, tied ones at the threshold in proportion."""
    threshold = np.partition(scores, len(scores) - top)[len(scores) - top]
    above, at = scores > threshold, scores == threshold
    left = top - int(above.sum())
    return float((truth[above].sum() + left * truth[at].mean()) / top)
