"""Correlation of a profile with a track that is moved by some bp: is it highest at 0?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.analyses.chip.correlate import excess
from motiflens.analyses.statistics import block_band, row_correlation
from motiflens.models.types import Floats, Integers


def lag_profile(
    profiles: Floats, tracks: Floats, blocks: Integers, *, reach: int = 100, step: int = 10, bootstrap: int = 500
) -> pd.DataFrame:
    """Correlate per-base profiles with tracks that lie some bp further on.

    Parameters
    ----------
    profiles, tracks
        (N, L) per base.
    blocks
        (N,) see `correlate.Beside`.
    reach, step
        Largest lag in bp, at most a third of L, and from one to the next.
    bootstrap
        Draws of the interval.

    Returns
    -------
    DataFrame
        ``lag`` (bp; the track at x + lag goes with the profile at x), ``pearson`` (mean over windows, naive),
        ``excess`` (beyond tracks of windows elsewhere, at the same lag), ``low``, ``high`` (of the excess).
    """
    length = profiles.shape[1]
    most = min(reach, length // 3) // step * step
    lags = np.arange(-most, most + 1, step)
    naive, beyond = [], []
    for lag in lags.tolist():
        a = profiles[:, max(0, -lag) : length - max(0, lag)]
        b = tracks[:, max(0, lag) : length - max(0, -lag)]
        naive.append(row_correlation(a, b))
        beyond.append(excess(a, b, blocks))
    mean, low, high = block_band(np.stack(beyond, axis=1), blocks, draws=bootstrap)
    observed = np.stack(naive, axis=1)
    known = np.isfinite(observed).sum(axis=0)
    pearson = np.divide(np.nansum(observed, axis=0), known, out=np.full(len(lags), np.nan), where=known > 0)
    return pd.DataFrame({"lag": lags, "pearson": pearson, "excess": mean, "low": low, "high": high})
