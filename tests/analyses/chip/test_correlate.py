"""Profiles against fold change: what is planted is found, what is chance or the middle is called so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.chip.correlate import QUANTITIES, Beside, ChipCorrelation, chip_correlation
from motiflens.analyses.chip.lag import lag_profile
from motiflens.analyses.chip.paper import paper_measures

N, T = 200, 40


def bump(centers: np.ndarray, width: float = 3.0) -> np.ndarray:
    return np.exp(-(((np.arange(T) - centers[:, None]) / width) ** 2))


def rows(found: ChipCorrelation) -> pd.DataFrame:
    return found.table.set_index("quantity")


def test_attention_equal_to_the_track_gives_1(rng: np.random.Generator) -> None:
    tracks = bump(rng.uniform(8, 32, N)) + 0.1 * rng.random((N, T))
    for statistic in ("pearson", "spearman"):
        found = rows(chip_correlation(3 * tracks + 2, tracks, statistic=statistic, shuffles=5, bootstrap=50))  # type: ignore[arg-type]
        for quantity in ("observed", "given_position"):
            np.testing.assert_allclose(found.loc[quantity, ["mean", "low", "high"]].astype(float), 1.0, atol=1e-9)


def test_looking_where_it_binds_is_found(rng: np.random.Generator) -> None:
    centers = rng.uniform(8, 32, N)
    tracks = bump(centers) + 0.1 * rng.random((N, T))
    profiles = bump(centers + rng.normal(size=N)) + 0.1 * rng.random((N, T))
    twin = rng.random((N, T))
    found = rows(chip_correlation(profiles, tracks, Beside(np.arange(N), rng.random((N, T)), (twin,))))
    assert list(found.index) == list(QUANTITIES)
    assert found.loc["observed", "low"] > 0.8
    assert found.loc["excess", "low"] > 0.7
    assert found.loc["given_both", "low"] > 0.7
    assert found.loc["other_windows", "high"] < found.loc["observed", "low"]
    assert found.loc["other_windows", "p"] == pytest.approx(1 / 101)
    assert abs(found.loc["circular_shift", "mean"]) < 0.3
    assert found.loc["untrained", "low"] < 0 < found.loc["untrained", "high"]
    expected = np.mean([np.corrcoef(p, t)[0, 1] for p, t in zip(profiles, tracks, strict=True)])
    np.testing.assert_allclose(found.loc["observed", "mean"], expected, rtol=1e-10)


def test_untrained_models_differ_more_than_windows(rng: np.random.Generator) -> None:
    """One that looks where the track is high, and one where it is low: a random answer to DNase."""
    tracks = bump(rng.uniform(8, 32, N)) + 0.1 * rng.random((N, T))
    twins = (tracks + 0.1 * rng.random((N, T)), -tracks + 0.1 * rng.random((N, T)))
    table = rows(chip_correlation(rng.random((N, T)), tracks, Beside(np.arange(N), None, twins), shuffles=5))
    for quantity, naive in (("untrained", "observed"), ("untrained_excess", "excess")):
        alone = [rows(chip_correlation(twin, tracks, shuffles=5)).loc[naive, "mean"] for twin in twins]
        np.testing.assert_allclose(table.loc[quantity, ["low", "high"]].astype(float), sorted(alone), rtol=1e-9)
        np.testing.assert_allclose(table.loc[quantity, "mean"], np.mean(alone), atol=1e-9)
        assert table.loc[quantity, "p"] == pytest.approx(2 / 3)
    assert table.loc["untrained", "low"] < -0.9 < 0.9 < table.loc["untrained", "high"]


def simulated(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All peaks and all attention about the middle, skewed heights, nothing that goes together in a window.

    Windows of a block share where theirs are shifted to, as overlapping windows do.
    """
    blocks = np.repeat(np.arange(20), 8)
    sides = []
    for _ in range(2):
        middle = T / 2 + rng.normal(0, 1.5, 20)[blocks] + rng.normal(0, 1.0, len(blocks))
        sides.append(
            rng.gamma(0.7, 2.0, (len(blocks), 1)) * bump(middle, 5.0) + 0.2 * rng.random((len(blocks), T))
        )
    return sides[0], sides[1], blocks


def test_independent_attention_is_covered_at_the_nominal_rate_and_naively_significant() -> None:
    """200 simulations: the naive mean is far above 0 each time, the interval of the excess holds 0 in 95 %."""
    rng = np.random.default_rng(3)
    covered = significant = naive = 0
    for repeat in range(200):
        profiles, tracks, blocks = simulated(rng)
        found = rows(chip_correlation(profiles, tracks, Beside(blocks), shuffles=1, bootstrap=300, seed=repeat))
        naive += found.loc["observed", "low"] > 0
        covered += found.loc["excess", "low"] <= 0 <= found.loc["excess", "high"]
        significant += found.loc["excess", "p"] < 0.05
    assert naive == 200
    # Binomial: 99.9 % of 200 at .95 lies within 179 to 199.
    assert 179 <= covered <= 199, covered
    assert 1 <= significant <= 21, significant


def test_centre_bias_alone_is_called_so(rng: np.random.Generator) -> None:
    middle = np.full(N, T / 2)
    tracks, profiles = (bump(middle) + 0.2 * rng.random((N, T)) for _ in range(2))
    found = rows(chip_correlation(profiles, tracks))
    assert found.loc["observed", "mean"] > 0.8
    assert found.loc["position_mean", "mean"] > found.loc["observed", "mean"]
    assert found.loc["other_windows", "p"] > 0.01
    assert found.loc["excess", "low"] < 0 < found.loc["excess", "high"]
    assert abs(found.loc["given_position", "mean"]) < 0.05


def test_what_dnase_explains_is_taken_off(rng: np.random.Generator) -> None:
    """Profile and track follow accessibility, and nothing else."""
    dnase = bump(rng.uniform(8, 32, N), 4.0)
    profiles, tracks = (dnase + 0.1 * rng.normal(size=(N, T)) for _ in range(2))
    found = rows(chip_correlation(profiles, tracks, Beside(np.arange(N), dnase)))
    assert found.loc["excess", "low"] > 0.5
    for quantity in ("given_dnase", "excess_given_dnase", "given_both"):
        assert abs(found.loc[quantity, "mean"]) < 0.05


def test_the_best_channel_of_noise_looks_like_something(rng: np.random.Generator) -> None:
    channels, tracks = rng.random((N, T, 64)), rng.random((N, T))
    clean = rows(chip_correlation(channels.mean(axis=2), tracks, shuffles=5))
    table = paper_measures(channels, tracks, np.arange(N)).set_index("measure")
    assert abs(clean.loc["observed", "mean"]) < 0.05
    assert table.loc["best_channel", "mean"] > 0.3
    assert table.loc["best_channel", "circular"]
    # Chance is computed the same way, and says so.
    assert abs(table.loc["best_channel", "mean"] - table.loc["best_channel", "chance"]) < 0.02
    assert abs(table.loc["high_variance", "mean"]) < 0.05
    assert not table.loc["high_variance", "circular"]


def test_channels_of_high_variance(rng: np.random.Generator) -> None:
    """One channel of ten follows the track, and varies most."""
    tracks = bump(rng.uniform(8, 32, N))
    channels = 0.1 * rng.random((N, T, 10))
    channels[:, :, 3] = 2 * tracks
    table = paper_measures(channels, tracks, np.arange(N)).set_index("measure")
    np.testing.assert_allclose(table.loc["high_variance", "mean"], 1.0, atol=1e-9)


def test_overlapping_windows_count_together(rng: np.random.Generator) -> None:
    """Each window twenty times over is no more evidence."""
    profiles, tracks = bump(rng.uniform(5, 35, 15)), bump(rng.uniform(5, 35, 15))
    one = rows(chip_correlation(profiles, tracks)).loc["observed"]
    copies = np.repeat(np.arange(15), 20)
    many = rows(chip_correlation(profiles[copies], tracks[copies], Beside(copies)))
    naive = rows(chip_correlation(profiles[copies], tracks[copies]))
    width = one["high"] - one["low"]
    np.testing.assert_allclose(many.loc["observed", "mean"], one["mean"], rtol=1e-10)
    assert many.loc["observed", "high"] - many.loc["observed", "low"] > 0.9 * width
    assert naive.loc["observed", "high"] - naive.loc["observed", "low"] < 0.4 * width


def test_constant_rows_are_left_out(rng: np.random.Generator) -> None:
    profiles, tracks = rng.random((10, T)), rng.random((10, T))
    tracks[3] = 0
    found = chip_correlation(profiles, tracks, shuffles=5, bootstrap=50)
    assert np.isnan(found.windows["observed"]).tolist() == [i == 3 for i in range(10)]
    assert rows(found).loc["observed", "windows"] == 9
    assert np.isfinite(rows(found).loc["excess", "mean"])


def test_the_lag_at_which_a_track_lies_is_seen(rng: np.random.Generator) -> None:
    centers = rng.uniform(60, 180, N)
    place = np.arange(240)
    profiles = np.exp(-(((place - centers[:, None]) / 10) ** 2))
    tracks = np.exp(-(((place - centers[:, None] - 30) / 10) ** 2))
    table = lag_profile(profiles, tracks, np.arange(N), reach=60, step=10, bootstrap=50)
    assert table["lag"].tolist() == list(range(-60, 61, 10))
    assert table.loc[table["excess"].idxmax(), "lag"] == 30
    np.testing.assert_allclose(table.set_index("lag").loc[30, "pearson"], 1.0, atol=1e-6)
    assert lag_profile(profiles, tracks, np.arange(N), reach=1000, step=50)["lag"].max() == 50


def test_wrong_input_is_named(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="differ in windows or positions"):
        chip_correlation(rng.random((5, 7)), rng.random((5, 8)))
    with pytest.raises(ValueError, match="too few"):
        chip_correlation(rng.random((5, 7)), rng.random((5, 7)), Beside(np.zeros(5, dtype=np.int64)))
    with pytest.raises(ValueError, match="pearson or spearman"):
        chip_correlation(rng.random((5, 7)), rng.random((5, 7)), statistic="kendall")  # type: ignore[arg-type]
