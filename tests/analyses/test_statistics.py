"""Statistics that studies share, against independent computations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.statistics import (
    block_band,
    block_interval,
    expanded_tail,
    genome_blocks,
    paired_tests,
    row_correlation,
    row_ranks,
    take_off,
    window_groups,
)


def test_row_correlation(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(5, 30)), rng.normal(size=(5, 30))
    expected = [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(row_correlation(a, b), expected, rtol=1e-10)
    assert np.isnan(row_correlation(np.full((1, 7), 0.1, dtype=np.float32), b[:1, :7])).all()


def test_ranks_make_it_spearman(rng: np.random.Generator) -> None:
    from scipy.stats import spearmanr

    a, b = rng.integers(0, 6, (4, 30)).astype(float), rng.normal(size=(4, 30))
    expected = [spearmanr(x, y)[0] for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(row_correlation(row_ranks(a), row_ranks(b)), expected, rtol=1e-10)


def test_take_off_is_least_squares(rng: np.random.Generator) -> None:
    values, first, second = (rng.normal(size=(3, 20)) for _ in range(3))
    second = first * 0.7 + 0.3 * second
    left = take_off(values, [first, second])
    for row in range(3):
        design = np.stack([np.ones(20), first[row], second[row]], axis=1)
        expected = values[row] - design @ np.linalg.lstsq(design, values[row], rcond=None)[0]
        np.testing.assert_allclose(left[row], expected, atol=1e-10)
    # A covariate twice, or a constant one, changes nothing.
    np.testing.assert_allclose(
        take_off(values, [first, first, np.ones((3, 20))]), take_off(values, [first]), atol=1e-9
    )
    assert (take_off(first, [first]) == 0).all()


@pytest.mark.parametrize("blocks", [8, 20])
def test_block_intervals_cover_at_their_nominal_rate(blocks: int) -> None:
    """400 means of correlated windows: the share of intervals that hold 0 is within what chance allows of 95 %."""
    rng = np.random.default_rng(11)
    number = np.repeat(np.arange(blocks), 10)
    covered = 0
    for repeat in range(400):
        values = rng.normal(size=blocks)[number] + 0.5 * rng.normal(size=len(number))
        found = block_interval(values, number, draws=400, seed=repeat)
        covered += found.low <= 0 <= found.high
    # Binomial: 99.9 % of 400 at .95 lies within 365 to 393.
    assert 365 <= covered <= 393, covered


def test_windows_taken_as_independent_would_not() -> None:
    rng = np.random.default_rng(11)
    number = np.repeat(np.arange(20), 10)
    covered = 0
    for repeat in range(100):
        values = rng.normal(size=20)[number] + 0.5 * rng.normal(size=len(number))
        found = block_interval(values, np.arange(200), draws=200, seed=repeat)
        covered += found.low <= 0 <= found.high
    assert covered < 70


def test_block_interval_leaves_nan_out(rng: np.random.Generator) -> None:
    values = rng.normal(size=30)
    values[3] = np.nan
    found = block_interval(values, np.arange(30) // 3)
    np.testing.assert_allclose(found.mean, np.nanmean(values), rtol=1e-12)
    assert (found.windows, found.blocks) == (29, 10)
    assert found.low < found.mean < found.high
    few = block_interval(values, np.arange(30) // 15)
    assert np.isnan([few.low, few.high, few.p]).all()
    mean, low, high = block_band(np.stack([values, values], axis=1), np.arange(30) // 3, draws=2000)
    np.testing.assert_allclose([mean[0], low[0], high[1]], [found.mean, found.low, found.high], rtol=1e-9)


def test_expanded_tail_is_student() -> None:
    assert expanded_tail(1_000_000) == pytest.approx(0.025, rel=1e-3)
    assert expanded_tail(10) < 0.016


def test_blocks_are_chromosomes_or_stretches_that_part_no_overlap() -> None:
    many = pd.DataFrame({"chrom": [f"chr{i % 12}" for i in range(60)], "start": np.arange(60) * 1000})
    assert genome_blocks(many, 100).count == 12
    rng = np.random.default_rng(0)
    one = pd.DataFrame({"chrom": "chr1", "start": np.sort(rng.integers(0, 50_000, 400))})
    found = genome_blocks(one, 100)
    assert 10 <= found.count <= 22
    assert "stretches of 1 chromosome" in found.words
    groups = window_groups(one, 100)
    for group in np.unique(groups):
        assert len(set(found.number[groups == group].tolist())) == 1
    assert genome_blocks(pd.DataFrame({"name": list("abc")}), 100).count == 3
    # Bins that tile a chromosome are one chain: it is cut, and few windows stand at a border.
    tiled = pd.DataFrame({"chrom": "chr1", "start": np.arange(0, 100_000, 50)})
    found = genome_blocks(tiled, 100)
    assert 15 <= found.count <= 25
    counts = np.bincount(found.number)
    assert counts.max() <= 3 * counts.min()
    parted = found.number[1:] != found.number[:-1]
    assert parted.sum() == found.count - 1
    # Chromosomes are never joined.
    two = pd.DataFrame({"chrom": ["a"] * 3 + ["b"] * 3, "start": [0, 10, 20] * 2})
    assert genome_blocks(two, 100).count == 2


def test_groups_of_windows() -> None:
    table = pd.DataFrame({"chrom": ["b", "a", "a", "a", "b"], "start": [0, 150, 0, 90, 100]})
    groups = window_groups(table, 100)
    assert groups[1] == groups[2] == groups[3]  # 0 and 150 through 90
    assert len({groups[0], groups[1], groups[4]}) == 3
    assert window_groups(pd.DataFrame({"name": list("abc")}), 100).tolist() == [0, 1, 2]


def test_paired_tests(rng: np.random.Generator) -> None:
    from scipy.stats import ttest_rel, wilcoxon

    a, b = rng.normal(size=20), rng.normal(size=20) + 0.5
    found = paired_tests(a, b)
    assert found["wilcoxon_p"] == pytest.approx(wilcoxon(b - a).pvalue)
    assert found["t_p"] == pytest.approx(ttest_rel(b, a).pvalue)
    assert found["difference"] == pytest.approx((b - a).mean())
    assert np.isnan(paired_tests(a[:1], b[:1])["wilcoxon_p"])
    assert np.isnan(paired_tests(a, a)["t_p"])
