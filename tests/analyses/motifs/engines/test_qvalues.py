"""q-values: hand-computed cases and the textbook definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from motiflens.analyses.motifs.engines.qvalues import LAMBDAS, null_share, q_values, tabulated_q_values


def test_benjamini_hochberg_where_pi0_is_one(rng: np.random.Generator) -> None:
    p = np.concatenate((rng.random(200), rng.random(30) * 1e-3))
    np.testing.assert_allclose(q_values(p, pi0=1.0), false_discovery_control(p), rtol=1e-12, atol=0)
    np.testing.assert_allclose(q_values(p, pi0=0.5), false_discovery_control(p) / 2, rtol=1e-12, atol=0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=100))
def test_few_tests_give_benjamini_and_hochberg(p: list[float]) -> None:
    """Of 100 p-values or fewer no share of nulls is estimated: q_values([0.3]) was 0."""
    np.testing.assert_allclose(q_values(np.array(p)), false_discovery_control(p), rtol=1e-12, atol=1e-300)


@given(st.integers(101, 400), st.floats(0, 0.0099))
def test_an_estimate_of_none_is_one(count: int, largest: float) -> None:
    """All p below every lambda: 26,022 q of 0 came of that where the background was far from the sequences."""
    p = np.linspace(1e-6, max(largest, 1e-5), count)
    q = q_values(p)
    assert (q > 0).all()
    assert (q >= p * (1 - 1e-12)).all()


def test_a_share_that_few_tell_is_one() -> None:
    """There FIMO's own estimate depends on its random sample: ours was a sixteenth of it."""
    assert null_share(np.full(len(LAMBDAS), 0.009)) == 1
    assert null_share(np.full(len(LAMBDAS), 0.011)) < 0.03


def test_table_equals_list(rng: np.random.Generator) -> None:
    p = np.round(rng.random(300), 2)
    distinct, counts = np.unique(p, return_counts=True)
    table = tabulated_q_values(distinct, counts, total=300, pi0=0.8)
    np.testing.assert_allclose(table[np.searchsorted(distinct, p)], q_values(p, pi0=0.8), rtol=1e-12, atol=0)


def test_null_share(rng: np.random.Generator) -> None:
    def share(p: np.ndarray) -> float:
        return null_share(np.array([(p > x).mean() for x in LAMBDAS]), size=len(p))

    assert share(rng.random(100_000)) > 0.98
    mixed = np.concatenate((rng.random(60_000), rng.random(40_000) * 1e-3))
    assert abs(share(mixed) - 0.6) < 0.02
    assert share(np.ones(10)) == 1.0


def test_monotone_and_bounded(rng: np.random.Generator) -> None:
    p = rng.random(500) ** 3
    q = q_values(p)
    assert (np.diff(q[np.argsort(p)]) >= 0).all()
    assert ((q >= 0) & (q <= 1)).all()
    assert q_values(np.array([])).size == 0


def test_false_discoveries_stay_at_their_rate(rng: np.random.Generator) -> None:
    """Nothing but nulls: hardly any q below 0.05."""
    runs = [(q_values(rng.random(1000)) < 0.05).any() for _ in range(200)]
    assert np.mean(runs) < 0.12


def test_bad_values() -> None:
    for p in ([0.1, 1.2], [-0.1], [float("nan")]):
        with pytest.raises(ValueError, match="p-values"):
            q_values(np.array(p))
    with pytest.raises(ValueError, match="lambdas"):
        null_share(np.array([0.5]))
