from __future__ import annotations

import numpy as np
import pytest

from motiflens.models.data.simulate.stream import Stream


def test_raw_numbers_are_pinned() -> None:
    """Should NumPy ever change its PCG64 or SeedSequence, every simulation would change: this says so."""
    assert Stream(7, "pinned").integers(0, 1_000_000, 5).tolist() == [435620, 800469, 185149, 826821, 941898]
    assert Stream(7, "pinned").order(6).tolist() == [2, 0, 1, 3, 5, 4]


def test_names_and_seeds_give_other_numbers() -> None:
    one, two, three = Stream(0, "a"), Stream(0, "b"), Stream(1, "a")
    assert len({stream.integer(0, 2**40) for stream in (one, two, three)}) == 3


def test_large_seeds_are_not_cut() -> None:
    assert Stream(2**33, "a").integer(0, 2**40) != Stream(0, "a").integer(0, 2**40)


@pytest.mark.parametrize("method", ["choose", "scatter", "pick"])
def test_draws_follow_their_weights(method: str) -> None:
    weights = np.array([1, 0, 3, 6])
    stream = Stream(1, method)
    if method == "pick":
        drawn = np.array([stream.pick(weights.tolist()) for _ in range(20_000)])
    else:
        drawn = getattr(stream, method)(weights, 20_000)
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 20_000, weights / 10, rtol=0, atol=0.012)
    assert (drawn != 1).all()


def test_scatter_is_choose_sorted() -> None:
    weights = np.array([5, 1, 9])
    one, two = Stream(3, "x").choose(weights, 50), Stream(3, "x").scatter(weights, 50)
    assert np.sort(one).tolist() == two.tolist()


@pytest.mark.parametrize("weights", [[], [0, 0]])
def test_no_weight_is_an_error(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights are 0"):
        Stream(0, "x").choose(np.array(weights, dtype=np.int64), 1)
    with pytest.raises(ValueError, match="weights are 0"):
        Stream(0, "x").pick(weights)


def test_uniform_and_normal_moments() -> None:
    uniform, normal = Stream(0, "u").uniform(100_000), Stream(0, "n").normal(100_000)
    assert 0 <= uniform.min() < uniform.max() < 1
    np.testing.assert_allclose([uniform.mean(), uniform.var()], [1 / 2, 1 / 12], rtol=0, atol=0.003)
    np.testing.assert_allclose([normal.mean(), normal.var()], [0, 1], rtol=0, atol=0.015)


def test_order_is_a_permutation() -> None:
    assert sorted(Stream(0, "o").order(100).tolist()) == list(range(100))
