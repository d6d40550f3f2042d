"""Does a model look where the factor binds? Attention and attributions against ChIP-seq fold change.

DeepGRN's comparison (Chen et al. 2021) keeps, for every window, the channel that correlates best. That choice is
made by the outcome, so the figure is inflated: channels of noise reach high values too. Here the mean over
channels counts, and every figure stands beside what it would be by chance, and beside what the average window
alone explains: windows are centred on peaks, so that any profile that is highest in the middle correlates with
fold change, whatever the sequence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from motiflens.interpret.adapter import Adapter
from motiflens.interpret.coordinates import to_positions
from motiflens.interpret.results import Field
from motiflens.models.data.split import overlap_groups
from motiflens.models.data.windows import Windows
from motiflens.models.types import Doubles, Floats, Integers

Channel = Literal["mean", "best"]
QUANTITIES = {
    "observed": "profile against the window's own track",
    "other_windows": "profile against the tracks of other windows (chance, centre bias kept)",
    "circular_shift": "profile moved round by at least a quarter (chance, centre bias broken)",
    "position_mean": "mean profile of all other windows against the window's track (centre bias alone)",
    "above_position_mean": "observed - position_mean, window by window",
    "residual": "what is left of profile and track after taking off their position means",
}


@dataclass(frozen=True)
class ChipCorrelation:
    """Correlations of profiles with fold change.

    Attributes
    ----------
    table
        One row for each of `QUANTITIES`: ``quantity``, ``mean`` (of Pearson's r over windows), ``low``, ``high``
        (95 %: bootstrap over groups of windows; for ``other_windows`` and ``circular_shift`` the range of means
        over shuffles), ``p`` (share of shuffles whose mean reaches the observed one; NaN elsewhere), ``windows``.
    windows
        One row a window: ``observed``, ``position_mean``, ``residual``; NaN where a profile or track is constant.
    channel
        ``mean``, or ``best``: **circular**, the channel was chosen by the outcome.
    """

    table: pd.DataFrame
    windows: pd.DataFrame
    channel: Channel

    @property
    def circular(self) -> bool:
        """Whether the channel was chosen by the outcome: such figures are no evidence by themselves."""
        return self.channel == "best"


def row_correlation(a: Floats | Doubles, b: Floats | Doubles) -> Doubles:
    """Pearson's r along the last axis; NaN where a row is constant."""
    x = a - a.mean(axis=-1, keepdims=True, dtype=np.float64)
    y = b - b.mean(axis=-1, keepdims=True, dtype=np.float64)
    scale = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    # Rounding alone leaves a constant row some variance.
    tiny = 1e-12 * np.sqrt((a * a).sum(axis=-1, dtype=np.float64) * (b * b).sum(axis=-1, dtype=np.float64))
    r = np.full(scale.shape, np.nan)
    return np.divide((x * y).sum(axis=-1), scale, out=r, where=scale > tiny)


def chip_correlation(
    profiles: Floats,
    tracks: Floats,
    *,
    groups: Integers | None = None,
    channel: Channel = "mean",
    shuffles: int = 100,
    bootstrap: int = 2000,
    seed: int = 0,
) -> ChipCorrelation:
    """Correlate profiles with tracks, window by window, against chance and centre bias.

    Parameters
    ----------
    profiles
        (N, T), or (N, T, D) with channels.
    tracks
        (N, T): fold change at the same positions.
    groups
        (N,) windows of one group overlap: they are drawn together in the bootstrap and are never each other's
        chance partner. By default each window is its own.
    channel
        ``mean`` over channels, or ``best``, the authors' way: of every window the channel with the largest r, also
        for chance and centre bias. It is circular (see `ChipCorrelation`).
    shuffles, bootstrap
        Repeats.
    seed
        Of everything random.

    Raises
    ------
    ValueError
        If shapes do not fit, or there are fewer than three groups.
    """
    if profiles.shape[:2] != tracks.shape or profiles.ndim not in (2, 3):
        raise ValueError(f"profiles {profiles.shape} and tracks {tracks.shape} differ in windows or positions")
    if channel not in ("mean", "best"):
        raise ValueError(f"channel must be mean or best, not {channel!r}")
    group = np.arange(len(tracks)) if groups is None else np.unique(groups, return_inverse=True)[1]
    if len(set(group.tolist())) < 3:
        raise ValueError(f"{len(tracks)} windows in {len(set(group.tolist()))} places are too few to compare")
    rng = np.random.default_rng(seed)
    values = profiles[..., None] if profiles.ndim == 2 else profiles  # N, T, D
    if channel == "mean":
        values = values.mean(axis=2, keepdims=True)
    means = _others_mean(values, group)
    own = pd.DataFrame(
        {
            "observed": _best(values, tracks),
            "position_mean": _best(means, tracks),
            "residual": _best(values - means, tracks - _others_mean(tracks, group)),
        }
    )
    own["above_position_mean"] = own["observed"] - own["position_mean"]
    chance: dict[str, list[float]] = {"other_windows": [], "circular_shift": []}
    for _ in range(shuffles):
        other = _others(len(tracks), rng)
        r = np.where(group == group[other], np.nan, _best(values, tracks[other]))
        chance["other_windows"].append(_mean(r))
        chance["circular_shift"].append(_mean(_best(_shifted(values, rng), tracks)))
    table = _table(own, chance, group, bootstrap, rng)
    return ChipCorrelation(table, own[["observed", "position_mean", "residual"]], channel)


def chip_profiles(
    adapter: Adapter,
    windows: Windows,
    index: Integers,
    *,
    source: str = "attention",
    channel: Channel = "mean",
    track: str = "fold_change",
    layer: str | None = None,
    task: int = 0,
    segments: Literal["field", "linear"] = "field",
    step: int = 20,
    batch_size: int = 64,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Read profiles and tracks of windows at the attention's own resolution, for `chip_correlation`.

    Parameters
    ----------
    adapter
        The model's adapter.
    windows
        Windows with the track.
    index
        Rows to use.
    source
        ``attention`` (forward strand), or an attribution method: |score| averaged into the same positions, the
        base that stands there and each signal being channels.
    channel
        ``best`` gives all channels; ``mean`` their mean, (N, T): of attributions over the base alone.
    track
        Name of the track.
    layer
        Which attention.
    task
        Output to attribute.
    segments
        ``field``: positions' exact fields. ``linear``: the authors' T equal segments.
    step
        Of models without attention: width in bp of the positions that attributions are averaged into.
    batch_size, seed
        Windows at a time; of attributions.

    Returns
    -------
    profiles, tracks
        (N, T) or (N, T, D), and (N, T).
    """
    profiles, tracks = [], []
    for first in range(0, len(index), batch_size):
        rows = index[first : first + batch_size]
        batch = windows.read(rows)
        if source == "attention":
            found = adapter.attention(batch.x, batch.meta, layer=layer, batch_size=batch_size)
            field = found.field
            wide = channel == "best" and found.kind == "channel"
            profiles.append(found.weights if wide else found.profile)
        else:
            field = _field(adapter, windows.length, layer, step)
            scores = adapter.attribute(
                batch.x, method=source, target=task, meta=batch.meta, batch_size=batch_size, seed=seed
            ).scores
            channels = [np.abs(scores[:, :4].sum(axis=1)), *np.abs(scores[:, 4:]).swapaxes(0, 1)]
            if channel == "mean":
                profiles.append(to_positions(channels[0], field, how=segments))
            else:
                at = [to_positions(values, field, how=segments) for values in channels]
                profiles.append(np.stack(at, axis=2))  # n, T, D
        tracks.append(to_positions(windows.track(track, rows), field, how=segments))
    if not profiles:
        raise ValueError("there are no windows to compare with fold change")
    return np.concatenate(profiles), np.concatenate(tracks)


def window_groups(table: pd.DataFrame, length: int) -> Integers:
    """Give windows that overlap, directly or through others, one number; (N,).

    Windows without coordinates are each their own.
    """
    if not {"chrom", "start"} <= set(table):
        return np.arange(len(table))
    chrom = pd.factorize(table["chrom"])[0].astype(np.int64)
    start = table["start"].fillna(0).to_numpy(np.int64)
    unplaced = np.flatnonzero(chrom < 0)
    chrom[unplaced] = -1 - np.arange(len(unplaced))
    return overlap_groups(chrom, start, start + length)


def _field(adapter: Adapter, length: int, layer: str | None, step: int) -> Field:
    if adapter.sources(length):
        return adapter.field(layer, length=length)
    return Field(np.arange(0, length - step + 1, step, dtype=np.int64), step, False)


def _best(values: Floats | Doubles, tracks: Floats | Doubles) -> Doubles:
    """Largest r over channels, (N,); of one channel its r."""
    r = row_correlation(np.moveaxis(values, 2, 1), tracks[:, None])  # N, D
    filled = np.where(np.isnan(r), -np.inf, r).max(axis=1)
    return np.where(np.isfinite(filled), filled, np.nan)


def _others_mean(values: Floats | Doubles, group: Integers) -> Doubles:
    """Mean over the windows of all other groups, of the values' shape."""
    number = int(group.max()) + 1
    sums = np.zeros((number, *values.shape[1:]))
    np.add.at(sums, group, values)
    count = np.bincount(group, minlength=number)
    left = (len(values) - count)[group].reshape(-1, *[1] * (values.ndim - 1))
    return (sums.sum(axis=0) - sums[group]) / left


def _others(n: int, rng: np.random.Generator) -> Integers:
    """Draw a partner for each window, never itself, (n,)."""
    order = rng.permutation(n)
    partner = np.empty(n, dtype=np.int64)
    partner[order] = np.roll(order, int(rng.integers(1, n)))
    return partner


def _shifted(values: Floats, rng: np.random.Generator) -> Floats:
    """Move each window's profile round by a quarter to three quarters."""
    n, steps = values.shape[:2]
    low = max(1, steps // 4)
    shift = rng.integers(low, max(low + 1, steps - low + 1), n)
    at = (np.arange(steps) - shift[:, None]) % steps  # n, T
    return np.take_along_axis(values, at[..., None], axis=1)


def _mean(r: Doubles) -> float:
    return float(np.nanmean(r)) if np.isfinite(r).any() else float("nan")


def _table(
    own: pd.DataFrame, chance: dict[str, list[float]], group: Integers, bootstrap: int, rng: np.random.Generator
) -> pd.DataFrame:
    observed = _mean(own["observed"].to_numpy())
    number = int(group.max()) + 1
    draws = rng.multinomial(number, np.full(number, 1 / number), size=bootstrap)  # B, groups
    rows = []
    for quantity in QUANTITIES:
        p = float("nan")
        if quantity in chance:
            values = np.array(chance[quantity])
            mean, windows = _mean(values), len(own)
            low, high = np.nanquantile(values, [0.025, 0.975]) if np.isfinite(values).any() else (np.nan, np.nan)
            p = float((1 + (values >= observed).sum()) / (1 + len(values)))
        else:
            r = own[quantity].to_numpy()
            known = np.isfinite(r)
            mean, windows = _mean(r), int(known.sum())
            sums = np.bincount(group[known], r[known], minlength=number)
            count = np.bincount(group[known], minlength=number)
            drawn = draws @ count
            means = (draws @ sums)[drawn > 0] / drawn[drawn > 0]
            low, high = np.quantile(means, [0.025, 0.975]) if len(means) else (np.nan, np.nan)
        rows.append((quantity, mean, float(low), float(high), p, windows))
    return pd.DataFrame(rows, columns=["quantity", "mean", "low", "high", "p", "windows"])
