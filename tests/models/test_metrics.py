"""Metrics against scikit-learn, brute force, and closed forms."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from motiflens.models.metrics import (
    METRICS,
    binary_metrics,
    curve,
    dream_score,
    mean_metrics,
    recall_at_fdr,
    task_metrics,
)

CASES = st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=60).filter(
    lambda rows: 0 < sum(bound for bound, _ in rows) < len(rows)
)


@given(CASES)
@settings(max_examples=200, deadline=None)
def test_equals_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    """Few distinct scores, so that ties are everywhere."""
    y = np.array([bound for bound, _ in rows], dtype=float)
    s = np.array([score for _, score in rows], dtype=float)
    found = binary_metrics(y, s)
    called = (s > 0).astype(float)
    expected = {
        "auroc": sk.roc_auc_score(y, s),
        "average_precision": sk.average_precision_score(y, s),
        "accuracy": sk.accuracy_score(y, called),
        "precision": sk.precision_score(y, called, zero_division=0),
        "recall": sk.recall_score(y, called),
        "f1": sk.f1_score(y, called, zero_division=0),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-12, abs=1e-12), name


@given(st.lists(st.booleans(), min_size=2, max_size=60).filter(lambda y: 0 < sum(y) < len(y)), st.randoms())
@settings(max_examples=200, deadline=None)
def test_auprc_without_ties_equals_scikit_learn(labels: list[bool], random: Random) -> None:
    y, s = np.array(labels, dtype=float), np.array(random.sample(range(1000), len(labels)), dtype=float)
    precision, recall, _ = sk.precision_recall_curve(y, s)
    assert binary_metrics(y, s)["auprc"] == pytest.approx(sk.auc(recall, precision), rel=1e-12)


@given(CASES)
@settings(max_examples=200, deadline=None)
def test_auprc_of_ties_equals_one_true_positive_at_a_time(rows: list[tuple[bool, int]]) -> None:
    y = np.array([bound for bound, _ in rows], dtype=float)
    s = np.array([score for _, score in rows], dtype=float)
    area, true, false = 0.0, 0, 0.0
    for threshold in sorted(set(s), reverse=True):
        tied = y[s == threshold]
        more, wrong = int(tied.sum()), len(tied) - int(tied.sum())
        for _ in range(more):
            start = true / (true + false) if true + false else more / len(tied)
            true, false = true + 1, false + wrong / more
            area += (start + true / (true + false)) / 2 / y.sum()
        if not more:
            false += wrong
    assert binary_metrics(y, s)["auprc"] == pytest.approx(area, rel=1e-12)


def test_a_constant_score_is_worth_the_share_of_bound_windows() -> None:
    y = np.repeat([1.0, 0.0], [30, 970])
    found = binary_metrics(y, np.zeros(1000))
    assert found["auprc"] == pytest.approx(0.03, rel=1e-12)
    assert found["auroc"] == 0.5
    some = np.where(np.arange(1000) < 10, 1.0, 0.0)  # a third of the bound windows found, the rest tied
    assert 1 / 3 < binary_metrics(y, some)["auprc"] < 0.4


@given(CASES, st.sampled_from([0.5, 0.1]))
@settings(max_examples=200, deadline=None)
def test_recall_at_fdr_equals_brute_force(rows: list[tuple[bool, int]], fdr: float) -> None:
    y = np.array([bound for bound, _ in rows], dtype=float)
    s = np.array([score for _, score in rows], dtype=float)
    expected = 0.0
    for threshold in sorted(set(s), reverse=True):  # the last one that is good enough is the lowest
        called = s >= threshold
        if 10 * y[called].sum() >= round(10 * (1 - fdr)) * called.sum():
            expected = y[called].sum() / y.sum()
    assert recall_at_fdr(curve(y, s), fdr) == pytest.approx(expected, abs=1e-12)


def test_unknown_labels_are_left_out() -> None:
    y = np.array([1, 0, np.nan, 1, 0, np.nan])
    s = np.array([0.5, -1.0, 9.0, 2.0, 1.0, -9.0])
    known = ~np.isnan(y)
    assert binary_metrics(y, s) == binary_metrics(y[known], s[known])


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_is_undefined(label: float) -> None:
    found = binary_metrics(np.full(5, label), np.arange(5.0))
    for name in ("auroc", "auprc", "average_precision", "recall_at_fdr10", "recall_at_fdr50"):
        assert math.isnan(found[name])


def test_random_scores_are_worth_half() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(20_000) < 0.1).astype(float)
    found = binary_metrics(y, rng.normal(size=20_000))
    assert found["auroc"] == pytest.approx(0.5, abs=0.02)
    assert found["average_precision"] == pytest.approx(0.1, abs=0.01)


def test_nan_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="scores contain NaN"):
        binary_metrics(np.array([0.0, 1.0]), np.array([0.0, np.nan]))


def test_tasks_and_mean() -> None:
    y = np.array([[1, 1], [0, 1], [1, 1], [0, np.nan]], dtype=np.float32)
    s = np.array([[2, 1], [1, 0], [0, 1], [-1, 3]], dtype=np.float32)
    table = task_metrics(y, s, ("a", "b"))
    assert list(table.columns) == ["task", "positives", "negatives", *METRICS]
    assert table["positives"].tolist() == [2, 3]
    assert table["negatives"].tolist() == [2, 0]
    assert mean_metrics(table)["auroc"] == table.loc[0, "auroc"] == 0.75
    with pytest.raises(ValueError, match="must agree"):
        task_metrics(y, s, ("a",))


def test_dream_score() -> None:
    """Best of two in all four metrics: 4 ln(1/6); the other one: 4 ln(2/6)."""
    table = pd.DataFrame({name: [0.9, 0.8] for name in ("auroc", "auprc", "recall_at_fdr50", "recall_at_fdr10")})
    np.testing.assert_allclose(dream_score(table), [4 * math.log(1 / 6), 4 * math.log(2 / 6)], rtol=1e-12)
    table.loc[1, "auroc"] = 0.9  # a tie shares the mean rank
    np.testing.assert_allclose(dream_score(table)[0], 3 * math.log(1 / 6) + math.log(1.5 / 6), rtol=1e-12)
