"""Two motifs beside all others: closed forms, calibration, what is unknown."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from motiflens.analyses.partner_test import partner_test


def test_both_motifs_have_to_agree() -> None:
    """Of n windows that all agree the exact one-sided p is 2^-n; the larger side counts."""
    strong, weak = np.arange(1.0, 9.0), np.arange(8.0) / 100
    assert partner_test(strong, weak, weak) == pytest.approx(2.0**-8, rel=1e-12)
    assert partner_test(strong, weak, 2 * strong) == 1
    assert partner_test(strong, 2 * strong, weak) == 1


def test_what_has_no_other_partner_is_not_called() -> None:
    strong, nothing = np.arange(1.0, 9.0), np.full(8, np.nan)
    assert partner_test(strong, np.zeros(8), nothing) == 1
    some = np.where(np.arange(8) < 5, 0.0, np.nan)
    assert partner_test(strong, np.zeros(8), some) == pytest.approx(2.0**-5, rel=1e-12)
    assert partner_test(np.zeros(8), np.zeros(8), np.zeros(8)) == 1


def test_exchangeable_partners_are_called_no_more_often_than_said(rng: np.random.Generator) -> None:
    p = [partner_test(*np.abs(rng.standard_normal((3, 20)))) for _ in range(400)]
    assert np.mean(np.array(p) <= 0.1) <= 0.1


@pytest.mark.parametrize("windows", [3, 9, 30])
def test_ties_are_ranked_as_scipy_does(windows: int, rng: np.random.Generator) -> None:
    """Scipy goes through all signs up to 13 windows, and has a normal approximation beyond, where ties are."""
    own, other = rng.random((2, windows)).round(1)
    own[0] = other[0] + 0.3
    known = (own - other)[own != other]
    exact = stats.wilcoxon(known, alternative="greater").pvalue
    assert partner_test(own, other) == pytest.approx(exact, rel=1e-9 if windows < 13 else 0.1)
