"""Windows slid past peaks: slope 1 for a model that sees the site, 0 for an untrained one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from motiflens.analyses.chip.options import ChipOptions
from motiflens.analyses.chip.shift import (
    Slid,
    center_of_mass,
    middle_of_maximum,
    shift_slopes,
    slide_past,
    slopes,
)
from motiflens.analyses.slide_windows import slide_windows
from motiflens.analyses.targets import open_runs, targets
from motiflens.interpret import adapt
from motiflens.models.data import ArrayWindows
from motiflens.models.registry import rebuild


def test_measures_of_a_profile() -> None:
    profile = np.zeros((1, 21))
    profile[0, 4:7] = [1, 2, 1]
    assert center_of_mass(profile + 5.0).tolist() == [5.0]  # what is even does not count
    assert middle_of_maximum(profile).tolist() == [5.0]
    assert np.isnan(center_of_mass(np.ones((1, 21)))).all()
    x = np.tile(np.arange(5.0), (2, 1))
    y = np.stack([2 * x[0] + 1, np.full(5, np.nan)])
    found = slopes(x, y)
    assert found[0] == pytest.approx(2.0)
    assert np.isnan(found[1])


@pytest.mark.parametrize(("follows", "slope"), [(True, 1.0), (False, 0.0)])
def test_slopes_of_constructed_profiles(follows: bool, slope: float) -> None:
    rng = np.random.default_rng(0)
    summit, offsets = rng.integers(90, 110, 30), np.arange(-40, 41, 10)
    place = summit[:, None] - offsets if follows else np.full((30, 9), 100)
    attention = np.exp(-(((np.arange(200) - place[..., None]) / 6.0) ** 2))
    slid = Slid(np.arange(30), offsets, summit, attention, attention, np.zeros(30, dtype=np.int64))
    table = shift_slopes(slid, np.arange(30), bootstrap=50)
    np.testing.assert_allclose(table["slope"], slope, atol=0.02)


def test_a_model_that_sees_the_site_and_an_untrained_one(small_world: Any) -> None:
    (opened,) = open_runs([small_world.seeing], str(small_world.data))
    target = targets(opened)[0]
    rows = target.labelled(opened.windows, 1.0)
    how = ChipOptions(shift_peaks=30)
    slid = slide_past(opened.adapter, opened.windows, rows, str(target.fold_change), how)
    assert slid is not None
    # The windows of one peak do not overlap those of another.
    assert np.diff(np.sort(slid.starts)).min() >= opened.windows.length
    table = shift_slopes(slid, np.arange(len(slid.rows))).set_index("measure")
    assert 0.9 < table.loc["mass", "low"] < 1.02
    assert 0.95 < table.loc["mass", "slope"] < 1.05
    blind = adapt(rebuild(opened.run.model.config, seed=1).eval(), length=opened.windows.length)
    other = slide_past(blind, opened.windows, rows, str(target.fold_change), how)
    assert other is not None
    found = shift_slopes(other, np.arange(len(other.rows))).set_index("measure").loc["mass"]
    assert found["low"] < 0 < found["high"]
    assert abs(found["slope"]) < 0.25


def test_slid_windows_are_the_genomes(small_world: Any) -> None:
    (opened,) = open_runs([small_world.signals], str(small_world.data))
    windows = opened.windows
    rows, by = np.array([3, 3, 10]), np.array([0, 40, -40])
    moved = slide_windows(windows.subset(np.arange(20)), rows, by)
    assert moved is not None
    np.testing.assert_array_equal(moved.read(np.array([0])).x, windows.read(np.array([3])).x)
    one, other = moved.codes(np.array([0, 1]))
    np.testing.assert_array_equal(one[40:], other[:-40])
    assert moved.table["cell_type"].tolist() == windows.table["cell_type"].iloc[rows].tolist()
    plain = ArrayWindows(np.zeros((2, 5), dtype=np.uint8), np.ones(2))
    assert slide_windows(plain, np.array([0]), np.array([1])) is None
