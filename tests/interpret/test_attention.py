"""Profiles of attention weights, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from motiflens.interpret.attention import coarsening, profile, rollout
from motiflens.interpret.results import Field


def _softmax(scores: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def test_a_vector_is_its_own_profile(rng: np.random.Generator) -> None:
    weights = rng.random((3, 7))
    assert profile(weights, "vector") is weights


def test_channels_are_averaged_or_the_spikiest_is_taken(rng: np.random.Generator) -> None:
    weights = _softmax(3 * rng.normal(size=(5, 7, 4)), 1)
    np.testing.assert_allclose(profile(weights, "channel"), weights.mean(axis=2), rtol=1e-12)
    for n, row in enumerate(profile(weights, "channel", reduce="max_channel")):
        _, channel = np.unravel_index(weights[n].argmax(), (7, 4))
        np.testing.assert_array_equal(row, weights[n, :, channel])


def test_pairs_are_summed_over_queries_or_one_query_is_taken(rng: np.random.Generator) -> None:
    weights = _softmax(rng.normal(size=(2, 6, 6)), 2)
    columns = profile(weights, "pairwise")
    np.testing.assert_allclose(columns, [[w[:, k].sum() for k in range(6)] for w in weights], rtol=1e-12)
    np.testing.assert_allclose(columns.sum(axis=1), 6, rtol=1e-12)
    np.testing.assert_array_equal(profile(weights, "pairwise", reduce="row"), weights[:, 3])
    np.testing.assert_array_equal(profile(weights, "pairwise", reduce="row", query=5), weights[:, 5])
    heads = np.stack([weights, weights[:, ::-1]], axis=1)
    np.testing.assert_allclose(profile(heads, "pairwise"), columns, rtol=1e-12)


def test_rollout_is_the_product_of_the_layers(rng: np.random.Generator) -> None:
    a, b = (_softmax(rng.normal(size=(2, 5, 5)), 2) for _ in range(2))
    product = np.stack([((y + np.eye(5)) / 2) @ ((x + np.eye(5)) / 2) for x, y in zip(a, b, strict=True)])
    np.testing.assert_allclose(rollout([a, b], [np.eye(5)]), product.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(
        profile(a, "pairwise", reduce="rollout"), ((a + np.eye(5)) / 2).mean(axis=1), rtol=1e-12
    )
    # Rows need not sum to 1 (SAResNet divides by the number of positions only after its softmax).
    coarse = coarsening(Field(np.arange(10), 1, False), Field(2 * np.arange(5), 2, False))
    flow = rollout([_softmax(rng.normal(size=(2, 10, 10)), 2), b], [coarse])
    np.testing.assert_allclose(flow.sum(axis=1), 1, rtol=1e-12)


def test_a_coarser_layer_draws_on_the_positions_about_its_own() -> None:
    fine, coarse = Field(2 * np.arange(6), 3, False), Field(4 * np.arange(3), 5, False)
    expected = np.zeros((3, 6))
    # Centres: fine at 1, 3, 5, …; coarse at 2, 6, 10.
    for p in range(3):
        expected[p, [2 * p, 2 * p + 1]] = 0.5
    np.testing.assert_array_equal(coarsening(fine, coarse), expected)
    np.testing.assert_array_equal(coarsening(fine, fine), np.eye(6))


def test_reductions_that_do_not_apply_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="vector attention is reduced by weights, not 'columns'"):
        profile(rng.random((2, 5)), "vector", reduce="columns")
    with pytest.raises(ValueError, match="no query 9"):
        profile(rng.random((2, 5, 5)), "pairwise", reduce="row", query=9)
