"""The DeepGRN authors' own ways of comparing attention with fold change, and what chance gives them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.analyses.statistics import block_interval, row_correlation
from motiflens.models.types import Doubles, Floats, Integers

SHARE = 0.1  # of the channels: those with the highest variance (001, section 3.3)


def paper_measures(channels: Floats, tracks: Floats, blocks: Integers, *, bootstrap: int = 2000) -> pd.DataFrame:
    """Measure as the papers do, with the same measure on tracks of windows elsewhere beside it.

    Parameters
    ----------
    channels
        (N, T, D) attention of each channel.
    tracks
        (N, T) fold change.
    blocks
        (N,) see `correlate.Beside`.

    Returns
    -------
    DataFrame
        ``measure``: ``best_channel`` (of every window the channel with the largest r: **circular**, the choice is
        made by the outcome) and ``high_variance`` (mean r of the tenth of channels that vary most over a window's
        positions); ``circular``; ``mean``, ``low``, ``high``; ``chance``: the mean of the same measure against
        the track of the window half of the list away, which has nothing to do with this one.
    """
    own = channel_correlations(channels, tracks)  # N, D
    partner = np.roll(np.arange(len(tracks)), len(tracks) // 2)
    chance = channel_correlations(channels, tracks[partner])
    chance[blocks == blocks[partner]] = np.nan
    rows = []
    for measure, circular in (("best_channel", True), ("high_variance", False)):
        if measure == "best_channel":
            values, beside = best_channel(own), best_channel(chance)
        else:
            chosen = _high_variance(channels)
            values, beside = _mean_of(own, chosen), _mean_of(chance, chosen)
        interval = block_interval(values, blocks, draws=bootstrap)
        level = float(np.nanmean(beside)) if np.isfinite(beside).any() else float("nan")
        rows.append((measure, circular, interval.mean, interval.low, interval.high, level, interval.windows))
    return pd.DataFrame(rows, columns=["measure", "circular", "mean", "low", "high", "chance", "windows"])


def channel_correlations(channels: Floats, tracks: Floats) -> Doubles:
    """Return r of every channel with its window's track, (N, D)."""
    return row_correlation(np.moveaxis(channels, 2, 1), tracks[:, None])


def best_channel(correlations: Doubles) -> Doubles:
    """Return the largest r over channels, (N,). Circular: channels of noise reach high values too."""
    filled = np.where(np.isnan(correlations), -np.inf, correlations).max(axis=1)
    return np.where(np.isfinite(filled), filled, np.nan)


def _high_variance(channels: Floats) -> Integers:
    """Return each window's channels of highest variance over positions, (N, a tenth of D, at least one)."""
    most = max(1, round(SHARE * channels.shape[2]))
    return np.argsort(-channels.var(axis=1), axis=1, kind="stable")[:, :most]


def _mean_of(correlations: Doubles, chosen: Integers) -> Doubles:
    values = np.take_along_axis(correlations, chosen, axis=1)
    count = np.isfinite(values).sum(axis=1)
    total = np.nansum(values, axis=1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
