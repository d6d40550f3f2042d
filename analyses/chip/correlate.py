"""How profiles go together with a track: what is observed, what chance and the middle explain, what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from motiflens.analyses.statistics import Values, block_interval, row_correlation, row_ranks, take_off, unit_rows
from motiflens.models.types import Doubles, Integers

Statistic = Literal["pearson", "spearman"]
QUANTITIES = {
    "observed": "profile against the window's own track (naive: a profile high in the middle is enough)",
    "excess": "observed beyond what the tracks of windows elsewhere give (the honest number)",
    "given_position": "observed once the mean profile and the mean track of windows elsewhere are regressed out",
    "given_dnase": "observed once the window's own DNase is regressed out of both",
    "given_both": "observed once DNase and both means are regressed out",
    "excess_given_dnase": "excess of what is left once the window's own DNase is regressed out of both",
    "position_mean": "mean profile of windows elsewhere against the window's track (the middle alone)",
    "other_windows": "profile against the track of a window elsewhere (chance, the middle kept)",
    "circular_shift": "profile moved round by at least a quarter (chance, the middle lost)",
    "untrained": "profile of an untrained model of the same kind",
    "untrained_excess": "the same beyond what the tracks of windows elsewhere give",
}
UNTRAINED = {"untrained": "observed", "untrained_excess": "excess"}  # and what of the trained one it stands beside


@dataclass(frozen=True)
class Beside:
    """What a correlation is set beside.

    Attributes
    ----------
    blocks
        (N,) windows of one block are drawn together in the bootstrap and are never each other's chance partner.
    dnase
        (N, T) accessibility at the same positions, or None.
    untrained
        (N, T) of untrained models of the same kind, one each.
    """

    blocks: Integers
    dnase: Values | None = None
    untrained: tuple[Values, ...] = ()


class ChipCorrelation(NamedTuple):
    """Correlations of profiles with a track.

    Attributes
    ----------
    table
        One row for each of `QUANTITIES` that could be computed: ``quantity``, ``mean`` (over windows), ``low``,
        ``high`` (95 %: bootstrap over blocks; of the random nulls the range of means over shuffles; of several
        untrained models the smallest and the largest of their means), ``p`` (two-sided against 0; of the random
        nulls the share of shuffles whose mean reaches the observed one, of several untrained models the share that
        reaches the trained one's),         ``windows``, ``blocks``.
    windows
        One row a window: ``observed``, ``excess`` and those of the others that are one's own; NaN where a profile
        or track is constant.
    """

    table: pd.DataFrame
    windows: pd.DataFrame


def chip_correlation(
    profiles: Values,
    tracks: Values,
    beside: Beside | None = None,
    *,
    statistic: Statistic = "pearson",
    shuffles: int = 100,
    bootstrap: int = 2000,
    seed: int = 0,
) -> ChipCorrelation:
    """Correlate profiles with tracks window by window, beside chance, the middle, and DNase.

    Parameters
    ----------
    profiles, tracks
        (N, T): what the model looks at, and fold change, at the same positions.
    beside
        Blocks, DNase and untrained models; by default each window is its own block and there are no others.
    statistic
        ``pearson``, or ``spearman``: the same of ranks within each window.
    shuffles, bootstrap, seed
        Repeats of the random nulls and of the bootstrap; of everything random.

    Raises
    ------
    ValueError
        If shapes do not fit, or there are fewer than three blocks.

    Notes
    -----
    With profile and track of each window standardised (mean 0, length 1: p and t), r = p · t. Where windows are
    exchangeable but profile and track independent, r is not 0: both are high in the middle. ``excess`` is
    (p - p̄) · (t - t̄), the means over all other blocks, whose expectation then is 0 whatever the shapes are.
    """
    near = beside or Beside(np.arange(len(tracks)))
    _check(profiles, tracks, near, statistic)
    if statistic == "spearman":
        profiles, tracks = row_ranks(profiles), row_ranks(tracks)
        near = Beside(
            near.blocks,
            None if near.dnase is None else row_ranks(near.dnase),
            tuple(row_ranks(values) for values in near.untrained),
        )
    own = _own(profiles, tracks, near)
    rows = [
        (name, *block_interval(values, near.blocks, draws=bootstrap, seed=seed)) for name, values in own.items()
    ]
    rows = [row for row in rows if row[0] not in UNTRAINED or len(near.untrained) < 2]
    rows += _initialisations(own, tracks, near)
    rng = np.random.default_rng(seed)
    observed = _mean(own["observed"])
    for name, drawn in _chance(profiles, tracks, near.blocks, shuffles, rng).items():
        known = drawn[np.isfinite(drawn)]
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
        p = float((1 + (known >= observed).sum()) / (1 + len(known)))
        rows.append((name, _mean(drawn), float(low), float(high), p, len(tracks), int(near.blocks.max()) + 1))
    table = pd.DataFrame(rows, columns=["quantity", "mean", "low", "high", "p", "windows", "blocks"])
    order = {name: place for place, name in enumerate(QUANTITIES)}
    table = table.sort_values("quantity", key=lambda names: names.map(order)).reset_index(drop=True)
    return ChipCorrelation(table, pd.DataFrame(own))


def _initialisations(
    own: dict[str, Doubles], tracks: Values, near: Beside
) -> list[tuple[str, float, float, float, float, int, int]]:
    """Rows of `ChipCorrelation.table` of several untrained models: they differ more than windows do.

    An untrained model answers to its inputs too, up or down as its first weights have it: where one of them is
    DNase, its attention goes with fold change, or against it.
    """
    if len(near.untrained) < 2:
        return []
    rows = []
    windows, blocks = len(tracks), int(near.blocks.max()) + 1
    for name, trained in UNTRAINED.items():
        means = np.array([_mean(values) for values in _of_untrained(name, tracks, near)])
        known = means[np.isfinite(means)]
        low, high = (known.min(), known.max()) if len(known) else (np.nan, np.nan)
        p = (1 + (known >= _mean(own[trained])).sum()) / (1 + len(known))
        rows.append((name, _mean(means), float(low), float(high), float(p), windows, blocks))
    return rows


def _of_untrained(name: str, tracks: Values, near: Beside) -> list[Doubles]:
    if name == "untrained":
        return [row_correlation(values, tracks) for values in near.untrained]
    return [excess(values, tracks, near.blocks) for values in near.untrained]


def excess(profiles: Values, tracks: Values, blocks: Integers) -> Doubles:
    """Return each window's correlation beyond what tracks of windows elsewhere give, (N,); see "
    "`chip_correlation`."""
    p, t = unit_rows(profiles), unit_rows(tracks)
    return np.asarray(((p - others_mean(p, blocks)) * (t - others_mean(t, blocks))).sum(axis=-1))


def others_mean(values: Values, blocks: Integers) -> Doubles:
    """Mean over the windows of all other blocks, of the values' shape; rows with NaN are left out."""
    number = int(blocks.max()) + 1
    flat = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    sums = np.zeros((number, *values.shape[1:]))
    np.add.at(sums, blocks[flat], values[flat])
    count = np.bincount(blocks[flat], minlength=number)
    left = (count.sum() - count)[blocks].reshape(-1, *[1] * (values.ndim - 1))
    total = sums.sum(axis=0) - sums[blocks]
    return np.asarray(np.divide(total, left, out=np.full(total.shape, np.nan), where=left > 0))


def _own(profiles: Values, tracks: Values, near: Beside) -> dict[str, Doubles]:
    blocks = near.blocks
    means = [others_mean(unit_rows(values), blocks) for values in (profiles, tracks)]
    own = {
        "observed": row_correlation(profiles, tracks),
        "excess": excess(profiles, tracks, blocks),
        "given_position": row_correlation(take_off(profiles, means), take_off(tracks, means)),
        "position_mean": row_correlation(means[0], tracks),
    }
    if near.dnase is not None:
        left = [take_off(values, [near.dnase]) for values in (profiles, tracks)]
        own["given_dnase"] = row_correlation(*left)
        own["excess_given_dnase"] = excess(left[0], left[1], blocks)
        every: list[Values] = [near.dnase, *means]
        own["given_both"] = row_correlation(take_off(profiles, every), take_off(tracks, every))
    if near.untrained:
        own |= {name: _over(_of_untrained(name, tracks, near)) for name in UNTRAINED}
    return own


def _chance(
    profiles: Values, tracks: Values, blocks: Integers, shuffles: int, rng: np.random.Generator
) -> dict[str, Doubles]:
    t, unit = unit_rows(tracks), unit_rows(profiles)
    steps = unit.shape[1]
    low = max(1, steps // 4)
    drawn = np.full((2, shuffles), np.nan)
    for repeat in range(shuffles):
        other = _others(len(unit), rng)
        drawn[0, repeat] = _mean(np.where(blocks == blocks[other], np.nan, (unit * t[other]).sum(axis=1)))
        shift = rng.integers(low, max(low + 1, steps - low + 1), len(unit))
        at = (np.arange(steps) - shift[:, None]) % steps  # N, T
        drawn[1, repeat] = _mean((np.take_along_axis(unit, at, axis=1) * t).sum(axis=1))
    return {"other_windows": drawn[0], "circular_shift": drawn[1]}


def _check(profiles: Values, tracks: Values, near: Beside, statistic: str) -> None:
    if profiles.ndim != 2 or profiles.shape != tracks.shape:
        raise ValueError(f"profiles {profiles.shape} and tracks {tracks.shape} differ in windows or positions")
    for values in (*(() if near.dnase is None else (near.dnase,)), *near.untrained):
        if values.shape != tracks.shape:
            raise ValueError(f"what tracks {tracks.shape} are set beside has another shape, {values.shape}")
    if statistic not in ("pearson", "spearman"):
        raise ValueError(f"statistic must be pearson or spearman, not {statistic!r}")
    count = len(set(near.blocks.tolist()))
    if count < 3:
        raise ValueError(
            f"{len(tracks)} windows in {count} places are too few to compare: give more data, or another --split"
        )


def _others(n: int, rng: np.random.Generator) -> Integers:
    """Draw a partner for each window, never itself, (n,)."""
    order = rng.permutation(n)
    partner = np.empty(n, dtype=np.int64)
    partner[order] = np.roll(order, int(rng.integers(1, n)))
    return partner


def _over(repeats: list[Doubles]) -> Doubles:
    values = np.stack(repeats)
    count = np.isfinite(values).sum(axis=0)
    total = np.nansum(values, axis=0)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _mean(values: Doubles) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
