"""Statistics that studies share: correlation row by row, blocks of the genome, and intervals over blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from motiflens.models.data.split import overlap_groups
from motiflens.models.types import Doubles, Floats, Integers

Values: TypeAlias = Floats | Doubles

MANY_CHROMOSOMES = 10  # from here on chromosomes are the blocks
LONG = 20  # window lengths after which a chain of windows that overlap is cut


class Interval(NamedTuple):
    """A mean over windows, with what blocks of windows say of it."""

    mean: float
    low: float  # 95 %
    high: float
    p: float  # two-sided, against 0
    windows: int
    blocks: int


@dataclass(frozen=True)
class Blocks:
    """Windows that are drawn together.

    Attributes
    ----------
    number
        (N,) block of each window, from 0.
    words
        What a block is, for captions.
    """

    number: Integers
    words: str

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.number.max()) + 1 if len(self.number) else 0


def row_correlation(a: Values, b: Values) -> Doubles:
    """Pearson's r along the last axis; NaN where a row is constant.

    Examples
    --------
    >>> row_correlation(np.array([[0.0, 1.0, 2.0]]), np.array([[2.0, 4.0, 6.0]])).round(12).tolist()
    [1.0]
    """
    return (unit_rows(a) * unit_rows(b)).sum(axis=-1)


def unit_rows(values: Values) -> Doubles:
    """Return rows of mean 0 and length 1, (..., T): their products are Pearson's r; NaN where a row is "
    "constant."""
    centred = values - values.mean(axis=-1, keepdims=True, dtype=np.float64)
    length = np.sqrt((centred * centred).sum(axis=-1, keepdims=True))
    # Rounding alone leaves a constant row some variance.
    tiny = 1e-6 * np.sqrt((np.asarray(values, dtype=np.float64) ** 2).sum(axis=-1, keepdims=True))
    unit = np.full(centred.shape, np.nan)
    return np.divide(centred, length, out=unit, where=np.broadcast_to(length > tiny, centred.shape))


def row_ranks(values: Values) -> Doubles:
    """Return ranks along the last axis, ties averaged: Pearson's r of ranks is Spearman's ρ."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=-1), dtype=np.float64)


def take_off(values: Values, covariates: Sequence[Values]) -> Doubles:
    """Return what is left of each row after least squares on an intercept and the covariates' own rows.

    Parameters
    ----------
    values
        (N, T).
    covariates
        (N, T) each.
    """
    left = values - values.mean(axis=-1, keepdims=True, dtype=np.float64)
    size = np.linalg.norm(left, axis=-1, keepdims=True)
    basis: list[Doubles] = []
    for covariate in covariates:
        direction = np.nan_to_num(unit_rows(covariate))
        for _ in range(2):  # once more, against rounding
            for other in basis:
                direction = direction - (direction * other).sum(axis=-1, keepdims=True) * other
        length = np.linalg.norm(direction, axis=-1, keepdims=True)
        unit = np.divide(direction, length, out=np.zeros_like(direction), where=length > 1e-6)
        basis.append(unit)
        left = left - (left * unit).sum(axis=-1, keepdims=True) * unit
    # A row that its covariates explain but for rounding has nothing left to correlate.
    left[np.linalg.norm(left, axis=-1) <= 1e-6 * size[..., 0]] = 0.0
    return np.asarray(left, dtype=np.float64)


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


def genome_blocks(table: pd.DataFrame, length: int, *, wanted: int = 20) -> Blocks:
    """Divide windows into blocks that may be taken as independent.

    Parameters
    ----------
    table
        Of the windows: ``chrom`` and ``start`` where known.
    length
        Of a window, in bp.
    wanted
        About how many blocks to make where there are fewer than `MANY_CHROMOSOMES` chromosomes.

    Returns
    -------
    Blocks
        Chromosomes where there are many of them. Else stretches of them with about equally many windows; windows
        that overlap are parted only where a chain of them is longer than `LONG` windows, as bins that tile a
        chromosome are: few of them then stand at a border. Of windows without coordinates each is its own.
    """
    if not {"chrom", "start"} <= set(table) or table["chrom"].isna().all():
        return Blocks(np.arange(len(table)), "windows (no coordinates: overlaps are unknown)")
    chrom = pd.factorize(table["chrom"], use_na_sentinel=False)[0]
    names = len(set(chrom.tolist()))
    if names >= MANY_CHROMOSOMES:
        return Blocks(np.asarray(chrom, dtype=np.int64), f"{names} chromosomes")
    groups = _pieces(window_groups(table, length), table["start"].fillna(0).to_numpy(np.int64), LONG * length)
    order = np.argsort(groups, kind="stable")
    first = np.concatenate([[True], np.diff(groups[order]) != 0])
    rank = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))  # place of the group's first window
    stretch = rank * wanted // max(len(order), 1)
    pairs = np.stack([chrom[order], stretch], axis=1)
    numbers = np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
    blocks = np.empty(len(order), dtype=np.int64)
    blocks[order] = numbers
    where = f"{names} chromosome{'s' if names > 1 else ''}"
    return Blocks(
        blocks, f"{int(numbers.max()) + 1} stretches of {where} (too few chromosomes to draw whole ones)"
    )


def _pieces(groups: Integers, start: Integers, most: int) -> Integers:
    """Cut groups of windows into pieces that begin within `most` bp, numbered along the genome as groups are."""
    first = np.full(int(groups.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, groups, start)
    piece = (start - first[groups]) // most
    return np.asarray(np.unique(np.stack([groups, piece], axis=1), axis=0, return_inverse=True)[1].reshape(-1))


def block_interval(values: Values, blocks: Integers, *, draws: int = 2000, seed: int = 0) -> Interval:
    """Bootstrap a mean over blocks of windows.

    Blocks are drawn with replacement. The percentiles are those that make the interval as wide as Student's for as
    few blocks (Hesterberg's expanded percentile interval): the plain ones are too narrow with twenty.

    Parameters
    ----------
    values
        (N,) one a window; NaN is left out.
    blocks
        (N,) each window's block.
    draws, seed
        Of the bootstrap.

    Returns
    -------
    Interval
        With NaN in place of what fewer than three blocks cannot tell.

    Examples
    --------
    >>> found = block_interval(np.arange(40.0), np.arange(40) // 2)
    >>> found.mean, found.blocks
    (19.5, 20)
    """
    mean, low, high, spread, count = _bootstrap(np.asarray(values, dtype=np.float64)[:, None], blocks, draws, seed)
    known = np.isfinite(values)
    windows = int(known.sum())
    p = float("nan")
    if count >= 3 and spread[0] > 0:
        from scipy.stats import t

        error = spread[0] * np.sqrt(count / (count - 1))
        p = float(2 * t.sf(abs(mean[0]) / error, count - 1))
    return Interval(float(mean[0]), float(low[0]), float(high[0]), p, windows, count)


def block_band(
    values: Values, blocks: Integers, *, draws: int = 500, seed: int = 0
) -> tuple[Doubles, Doubles, Doubles]:
    """Bootstrap the mean of each column, (N, T) to mean, low and high, (T,) each; as `block_interval`."""
    mean, low, high, _, _ = _bootstrap(values, blocks, draws, seed)
    return mean, low, high


def _bootstrap(
    values: Values, blocks: Integers, draws: int, seed: int
) -> tuple[Doubles, Doubles, Doubles, Doubles, int]:
    """Mean, low, high and standard error of each column, and the number of blocks with a value."""
    known = np.isfinite(values)
    numbers = np.unique(blocks[known.any(axis=1)], return_inverse=True)[1]
    values, known = values[known.any(axis=1)], known[known.any(axis=1)]
    count = int(numbers.max()) + 1 if len(numbers) else 0
    width = values.shape[1]
    nothing = np.full(width, np.nan)
    if not count:
        return nothing, nothing, nothing, nothing, 0
    sums, sizes = np.zeros((count, width)), np.zeros((count, width))
    np.add.at(sums, numbers, np.where(known, values, 0.0))
    np.add.at(sizes, numbers, known)
    mean = np.divide(sums.sum(axis=0), sizes.sum(axis=0), out=nothing.copy(), where=sizes.sum(axis=0) > 0)
    if count < 3:
        return mean, nothing, nothing, nothing, count
    drawn = _draws(count, draws, seed)
    of = drawn @ sizes
    means = np.divide(drawn @ sums, of, out=np.full((draws, width), np.nan), where=of > 0)
    tail = expanded_tail(count)
    low, high = np.nanquantile(means, [tail, 1 - tail], axis=0)
    return mean, low, high, np.nanstd(means, axis=0), count


@lru_cache(maxsize=8)
def _draws(count: int, draws: int, seed: int) -> Doubles:
    """How often each block is drawn, (draws, blocks)."""
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    return drawn.astype(np.float64)


def expanded_tail(count: int, level: float = 0.95) -> float:
    """Return the share to cut off each end of bootstrap means of `count` units (Hesterberg 2015)."""
    from scipy.stats import norm, t

    return float(norm.cdf(np.sqrt(count / (count - 1)) * t.ppf((1 - level) / 2, count - 1)))


def paired_tests(first: Values, second: Values) -> dict[str, float]:
    """Test whether pairs differ: Wilcoxon's signed-rank test and the paired t-test, two-sided.

    Returns
    -------
    dict
        ``pairs`` (those known on both sides), ``difference`` (mean of second - first), ``wilcoxon_p`` and
        ``t_p``; NaN below two pairs that differ.
    """
    from scipy.stats import ttest_rel, wilcoxon

    known = np.isfinite(first) & np.isfinite(second)
    a, b = np.asarray(first, dtype=np.float64)[known], np.asarray(second, dtype=np.float64)[known]
    change = b - a
    nan = float("nan")
    enough = int((change != 0).sum()) > 1
    spread = enough and float(change.std()) > 0
    return {
        "pairs": float(len(a)),
        "difference": float(change.mean()) if len(a) else nan,
        "wilcoxon_p": float(np.asarray(wilcoxon(change[change != 0]))[1]) if enough else nan,
        "t_p": float(ttest_rel(b, a).pvalue) if spread else nan,
    }
