"""Deletion, insertion and the top bases, for a model that is a sum over known bases."""

from __future__ import annotations

import numpy as np
import pytest

from motiflens.analyses.benchmark.faithfulness import FaithfulnessOptions, faithfulness, ranked
from motiflens.models.types import Codes, Doubles, Integers

LENGTH = 60
OPTIONS = FaithfulnessOptions(steps=(5, 10, 20, 40), top=10, shuffles=3)


@pytest.fixture
def codes(rng: np.random.Generator) -> Codes:
    return rng.integers(0, 4, (20, LENGTH)).astype(np.uint8)


def model(codes: Codes, weight: Doubles):
    """The logit is how much weight lies on bases that are as in the windows."""

    def predict(some: Codes, rows: Integers) -> Doubles:
        return ((some == codes[rows]) * weight).sum(axis=1)

    return predict


def test_the_true_bases_take_everything_and_suffice(codes: Codes) -> None:
    weight = np.zeros(LENGTH)
    weight[20:30] = 1.0
    predict = model(codes, weight)
    right = faithfulness(predict, codes, np.tile(weight, (20, 1)), OPTIONS)
    # The unit is the mean change over windows.
    np.testing.assert_allclose(right.deletion[:, 1:].mean(axis=0), 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(right.insertion[:, 1:].mean(axis=0), 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(right.sufficiency, 0.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(right.comprehensiveness.mean(), 1.0, rtol=0, atol=1e-12)
    wrong = faithfulness(predict, codes, np.tile(-weight, (20, 1)), OPTIONS)
    np.testing.assert_allclose(wrong.deletion, 0.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(wrong.insertion, 0.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(wrong.comprehensiveness, 0.0, rtol=0, atol=1e-12)
    assert wrong.sufficiency.mean() == pytest.approx(1.0)


def test_a_flat_map_takes_bases_in_proportion(codes: Codes) -> None:
    predict = model(codes, np.ones(LENGTH))
    found = faithfulness(predict, codes, np.zeros((20, LENGTH)), OPTIONS)
    np.testing.assert_allclose(found.deletion.mean(axis=0), np.array([5, 10, 20, 40]) / LENGTH, rtol=0, atol=0.05)


def test_unknown_bases_stay_and_long_steps_are_left_out(codes: Codes) -> None:
    codes[:, :5] = 4
    seen = []

    def predict(some: Codes, rows: Integers) -> Doubles:
        seen.append((some[:, :5] == 4).all() and (some[:, 5:] < 4).all())
        return np.zeros(len(some))

    found = faithfulness(predict, codes, np.ones((20, LENGTH)), FaithfulnessOptions(steps=(10, 500)))
    assert found.steps.tolist() == [10]
    assert all(seen)
    assert np.isfinite(found.deletion).all()


def test_ties_are_broken_at_random_by_the_seed() -> None:
    flat = np.zeros((1, 50))
    assert (ranked(flat, 1) == ranked(flat, 1)).all()
    assert (ranked(flat, 1) != ranked(flat, 2)).any()
    assert sorted(ranked(flat)[0].tolist()) == list(range(50))


@pytest.mark.parametrize("options", [{"steps": ()}, {"steps": (5, 5)}, {"top": 0}, {"shuffles": 0}])
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        FaithfulnessOptions(**options)
