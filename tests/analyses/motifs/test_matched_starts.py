"""Places of the same composition, by hand and by their properties."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from motiflens.analyses.motifs.matched_starts import matched_starts


def test_free_places_nearest_in_composition(rng: np.random.Generator) -> None:
    codes = rng.choice(4, (200, 120), p=[0.35, 0.15, 0.15, 0.35]).astype(np.uint8)
    start, width = rng.integers(0, 101, 200), 20
    places = np.arange(101)
    taken = np.abs(places - start[:, None]) < width
    sums = np.stack([np.isin(codes[:, at : at + width], (1, 2)).sum(axis=1) for at in places], axis=1)
    gc = sums[np.arange(200), start] + 4  # attended places are richer than their windows
    drawn = matched_starts(codes, taken, gc, width, draws=2, rng=rng)
    assert drawn.shape == (2, 200)
    assert (np.abs(drawn - start) >= width).all()
    off = np.abs(sums - gc[:, None])
    first = off[np.arange(200), drawn[0]]
    np.testing.assert_array_equal(first, np.where(taken, 99, off).min(axis=1))
    assert (np.abs(drawn[0] - drawn[1]) >= width).mean() > 0.95  # nearly all have room for two


def test_ties_are_drawn_at_random_and_unknown_bases_avoided() -> None:
    codes = np.zeros((500, 12), np.uint8)
    codes[:, 8:] = 4
    taken = np.zeros((500, 9), bool)
    taken[:, :2] = True
    drawn = matched_starts(codes, taken, np.zeros(500, np.int64), 4, draws=1, rng=np.random.default_rng(0))
    assert set(drawn[0]) == {2, 3, 4}  # 5 to 8 hold an N
    full = np.ones((1, 9), bool)  # no room at all: some place, not an error
    assert 0 <= matched_starts(codes[:1], full, np.zeros(1), 4, draws=1, rng=np.random.default_rng(0))[0, 0] <= 8


@given(st.integers(0, 80), st.integers(1, 30), st.integers(30, 100), st.integers(0, 2**31))
def test_matched_places_avoid_the_taken_bases(at: int, width: int, length: int, seed: int) -> None:
    at = min(at, length - width)
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (50, length)).astype(np.uint8)
    taken = np.tile(np.abs(np.arange(length - width + 1) - at) < width, (50, 1))
    drawn = matched_starts(codes, taken, np.full(50, width // 2), width, draws=1, rng=rng)[0]
    assert drawn.min() >= 0
    assert drawn.max() <= length - width
    if at >= width or at + 2 * width <= length:  # there is room beside it
        assert (np.abs(drawn - at) >= width).all()
