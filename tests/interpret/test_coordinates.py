"""Attention positions to base pairs and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.interpret.coordinates import position_centers, to_bp, to_positions
from motiflens.interpret.results import Field

TBINET = Field(13 * np.arange(75), 38, False)


def _slow(profile: np.ndarray, field: Field, length: int) -> np.ndarray:
    track = np.zeros(length)
    for base in range(length):
        looking = [profile[p] for p in range(len(profile)) if field.start[p] <= base < field.end[p]]
        track[base] = np.mean(looking) if looking else 0
    return track


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(-5, 5), st.integers(1, 6), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**31))
def test_spread_is_the_mean_of_the_positions_that_look(
    start: int, jump: int, width: int, steps: int, seed: int
) -> None:
    field = Field(start + jump * np.arange(steps), width, False)
    profile = np.random.default_rng(seed).random(steps)
    track = to_bp(profile, field, 40)
    np.testing.assert_allclose(track, _slow(profile, field, 40), rtol=1e-12, atol=1e-12)


def test_an_even_profile_gives_an_even_track() -> None:
    np.testing.assert_allclose(to_bp(np.full((2, 75), 1 / 75), TBINET, 1000), 1 / 75, rtol=1e-12)


def test_center_and_linear() -> None:
    profile = np.arange(1.0, 76, dtype=np.float32)
    track = to_bp(profile, TBINET, 1000, how="center")
    assert track.dtype == np.float32
    assert np.flatnonzero(track).tolist() == (13 * np.arange(75) + 18).tolist()
    linear = to_bp(profile, TBINET, 1000, how="linear")
    edges = np.linspace(0, 1000, 76).astype(int)
    for p in range(75):
        assert set(linear[edges[p] : edges[p + 1]]) == {profile[p]}


def test_the_reverse_strand_counts_from_the_other_end() -> None:
    profile = np.random.default_rng(0).random((3, 75))
    np.testing.assert_array_equal(to_bp(profile, TBINET, 1000, strand="-"), to_bp(profile, TBINET, 1000)[:, ::-1])
    np.testing.assert_array_equal(position_centers(TBINET, 1000, strand="-"), 999 - position_centers(TBINET, 1000))
    track = np.random.default_rng(1).random((3, 1000))
    np.testing.assert_allclose(
        to_positions(track, TBINET, strand="-"), to_positions(track[:, ::-1], TBINET), rtol=1e-12
    )


def test_the_authors_scaling_is_off_by_what_the_specification_says() -> None:
    field = Field(15 * np.arange(64), 44, False)  # k = 30, P = 15, L = 1002
    off = np.abs(position_centers(field, 1002, how="linear") - position_centers(field, 1002))
    assert 35 < off.max() <= 36
    assert np.mean(off > 10) >= 0.5


def test_positions_average_their_own_bases() -> None:
    track = np.random.default_rng(2).random((2, 1000))
    means = to_positions(track, TBINET)
    for p in (0, 31, 74):
        np.testing.assert_allclose(means[:, p], track[:, 13 * p : 13 * p + 38].mean(axis=1), rtol=1e-12)
    linear = to_positions(track, TBINET, how="linear")
    edges = np.linspace(0, 1000, 76).astype(int)
    np.testing.assert_allclose(linear[:, 3], track[:, edges[3] : edges[4]].mean(axis=1), rtol=1e-12)


def test_fields_beyond_the_window_and_missing_values() -> None:
    field = Field(np.array([-3, -1, 4, 9]), 3, False)
    track = np.arange(10.0)
    track[5] = np.nan
    np.testing.assert_array_equal(to_positions(track, field), [np.nan, 0.5, np.nan, 9.0])


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="74 positions, the field 75"):
        to_bp(np.zeros(74), TBINET, 1000)
    with pytest.raises(ValueError, match="spread, center or linear"):
        to_bp(np.zeros(75), TBINET, 1000, how="mean")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="field or linear"):
        to_positions(np.zeros(1000), TBINET, how="mean")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="center or linear"):
        position_centers(TBINET, 1000, how="mean")  # type: ignore[arg-type]
