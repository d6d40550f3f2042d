"""Profiles against fold change: what is planted is found, what is chance or centre bias is called so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from motiflens.analyses.chip import QUANTITIES, chip_correlation, chip_profiles, row_correlation, window_groups
from motiflens.interpret import adapt, to_positions
from motiflens.models import build
from motiflens.models.data import ArrayWindows

N, T = 200, 40


def _bump(centers: np.ndarray) -> np.ndarray:
    return np.exp(-(((np.arange(T) - centers[:, None]) / 3.0) ** 2))


def _means(result: object) -> dict[str, float]:
    return dict(zip(result.table["quantity"], result.table["mean"], strict=True))  # type: ignore[attr-defined]


def test_pearson(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(5, 30)), rng.normal(size=(5, 30))
    expected = [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(row_correlation(a, b), expected, rtol=1e-10)
    assert np.isnan(row_correlation(np.full((1, 7), 0.1, dtype=np.float32), b[:1, :7])).all()


def test_looking_where_it_binds_is_found(rng: np.random.Generator) -> None:
    centers = rng.uniform(8, 32, N)
    tracks = _bump(centers) + 0.1 * rng.random((N, T))
    profiles = _bump(centers + rng.normal(size=N)) + 0.1 * rng.random((N, T))
    result = chip_correlation(profiles, tracks)
    table = result.table.set_index("quantity")
    assert list(table.index) == list(QUANTITIES)
    assert not result.circular
    assert table.loc["observed", "low"] > 0.8
    assert table.loc["residual", "low"] > 0.7
    assert table.loc["above_position_mean", "low"] > 0.3
    assert table.loc["other_windows", "high"] < table.loc["observed", "low"]
    assert table.loc["other_windows", "p"] == pytest.approx(1 / 101)
    assert abs(table.loc["circular_shift", "mean"]) < 0.3
    np.testing.assert_allclose(
        table.loc["observed", "mean"],
        np.mean([np.corrcoef(p, t)[0, 1] for p, t in zip(profiles, tracks, strict=True)]),
        rtol=1e-10,
    )


def test_centre_bias_alone_is_called_so(rng: np.random.Generator) -> None:
    """All peaks and all attention in the middle, but nothing that goes together window by window."""
    middle = np.full(N, T / 2)
    tracks, profiles = (_bump(middle) + 0.2 * rng.random((N, T)) for _ in range(2))
    table = chip_correlation(profiles, tracks).table.set_index("quantity")
    assert table.loc["observed", "mean"] > 0.8
    assert table.loc["other_windows", "p"] > 0.01
    assert abs(table.loc["residual", "mean"]) < 0.05
    assert table.loc["above_position_mean", "high"] < 0


def test_the_best_channel_of_noise_looks_like_something(rng: np.random.Generator) -> None:
    profiles, tracks = rng.random((N, T, 64)), rng.random((N, T))
    clean, circular = (
        chip_correlation(profiles, tracks, channel=channel, shuffles=20) for channel in ("mean", "best")
    )
    assert abs(_means(clean)["observed"]) < 0.05
    assert _means(circular)["observed"] > 0.3
    assert circular.circular
    # Chance is computed the same way, and says so.
    assert abs(_means(circular)["observed"] - _means(circular)["other_windows"]) < 0.02
    assert circular.table.set_index("quantity").loc["other_windows", "p"] > 0.01


def test_overlapping_windows_count_together(rng: np.random.Generator) -> None:
    """Each window twenty times over is no more evidence."""
    profiles, tracks = _bump(rng.uniform(5, 35, 15)), _bump(rng.uniform(5, 35, 15))
    one = chip_correlation(profiles, tracks).table.set_index("quantity").loc["observed"]
    copies = np.repeat(np.arange(15), 20)
    many = chip_correlation(profiles[copies], tracks[copies], groups=copies).table.set_index("quantity")
    naive = chip_correlation(profiles[copies], tracks[copies]).table.set_index("quantity")
    width = one["high"] - one["low"]
    np.testing.assert_allclose(many.loc["observed", "mean"], one["mean"], rtol=1e-10)
    assert many.loc["observed", "high"] - many.loc["observed", "low"] > 0.8 * width
    assert naive.loc["observed", "high"] - naive.loc["observed", "low"] < 0.4 * width


def test_constant_rows_are_left_out(rng: np.random.Generator) -> None:
    profiles, tracks = rng.random((10, T)), rng.random((10, T))
    tracks[3] = 0
    result = chip_correlation(profiles, tracks, shuffles=5, bootstrap=50)
    assert np.isnan(result.windows["observed"]).tolist() == [i == 3 for i in range(10)]
    assert result.table.set_index("quantity").loc["observed", "windows"] == 9


def test_groups_of_windows() -> None:
    table = pd.DataFrame({"chrom": ["b", "a", "a", "a", "b"], "start": [0, 150, 0, 90, 100]})
    groups = window_groups(table, 100)
    assert groups[1] == groups[2] == groups[3]  # 0 and 150 through 90
    assert len({groups[0], groups[1], groups[4]}) == 3
    assert window_groups(pd.DataFrame({"name": list("abc")}), 100).tolist() == [0, 1, 2]


def test_profiles_are_read_at_the_attentions_resolution(rng: np.random.Generator) -> None:
    length = 60
    fold = rng.random((9, length), dtype=np.float32)
    windows = ArrayWindows(
        rng.integers(0, 4, (9, length)).astype(np.uint8),
        np.ones(9),
        signals={"dnase": rng.random((9, length), dtype=np.float32)},
        tracks={"fold_change": fold},
    )
    torch.manual_seed(0)
    small = {"kernels": 4, "kernel_size": 5, "pool": 3, "units": 3, "dense": 4}
    model = build("deepgrn", length=length, channels=5, attention="single1d", **small)
    adapter, index = adapt(model), np.arange(9)
    x = windows.read(index).x
    profiles, tracks = chip_profiles(adapter, windows, index, batch_size=4)
    np.testing.assert_allclose(profiles, adapter.attention(x).profile, rtol=1e-5)
    np.testing.assert_allclose(tracks, to_positions(fold, adapter.field()), rtol=1e-5)
    channels, _ = chip_profiles(adapter, windows, index, channel="best", segments="linear")
    assert channels.shape == (9, profiles.shape[1], 6)
    saliency, _ = chip_profiles(adapter, windows, index, source="input_x_gradient", batch_size=4)
    scores = adapter.attribute(x, method="input_x_gradient").scores
    expected = to_positions(np.abs(scores[:, :4].sum(axis=1)), adapter.field())
    np.testing.assert_allclose(saliency, expected, rtol=1e-4, atol=1e-7)
    both, _ = chip_profiles(adapter, windows, index, source="input_x_gradient", channel="best")
    assert both.shape == (9, profiles.shape[1], 2)
    plain = adapt(build("danq", length=length, channels=5, **small))
    coarse, track = chip_profiles(plain, windows, index, source="input_x_gradient", step=20)
    assert coarse.shape == track.shape == (9, 3)
    np.testing.assert_allclose(track, fold.reshape(9, 3, 20).mean(axis=2), rtol=1e-5)


def test_wrong_input_is_named(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="differ in windows or positions"):
        chip_correlation(rng.random((5, 7)), rng.random((5, 8)))
    with pytest.raises(ValueError, match="too few"):
        chip_correlation(rng.random((5, 7)), rng.random((5, 7)), groups=np.zeros(5, dtype=np.int64))
    with pytest.raises(ValueError, match="mean or best"):
        chip_correlation(rng.random((5, 7)), rng.random((5, 7)), channel="max")  # type: ignore[arg-type]
