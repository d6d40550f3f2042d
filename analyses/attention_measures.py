"""Measures of attention profiles and maps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.analyses.statistics import Values
from motiflens.interpret.results import Field
from motiflens.models.types import Doubles


def entropy(profiles: Values) -> Doubles:
    """Return the entropy of rows as shares of their sum, in nats, (N,).

    Examples
    --------
    >>> entropy(np.array([[1.0, 1.0], [1.0, 0.0]])).round(3).tolist()
    [0.693, 0.0]
    """
    share = np.asarray(profiles, dtype=np.float64)
    share = share / share.sum(axis=1, keepdims=True)
    safe = np.where(share > 0, share, 1.0)
    return np.abs((share * np.log(safe)).sum(axis=1))


def middle_share(profiles: Values) -> Doubles:
    """Return the share of each row's sum that lies in its middle third of positions, (N,)."""
    steps = profiles.shape[1]
    low = steps // 3
    values = np.asarray(profiles, dtype=np.float64)
    return np.asarray(values[:, low : steps - low].sum(axis=1) / values.sum(axis=1))


def distance_profile(pairs: Doubles, field: Field) -> pd.DataFrame:
    """Average pairwise attention over pairs of positions that are equally far apart.

    Returns
    -------
    DataFrame
        ``distance`` (bp, from key to query; positive: the key lies further on), ``attention`` (mean weight),
        ``pairs``.
    """
    queries, keys = pairs.shape
    centers = field.center
    apart = np.round(centers[None, :keys] - centers[:queries, None]).astype(np.int64)
    distance, number = np.unique(apart, return_inverse=True)
    count = np.bincount(number.ravel())
    mean = np.bincount(number.ravel(), pairs.ravel()) / count
    return pd.DataFrame({"distance": distance, "attention": mean, "pairs": count})
