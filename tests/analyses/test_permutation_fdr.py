from __future__ import annotations

import numpy as np

from motiflens.analyses.permutation_fdr import permutation_fdr


def slow(p: np.ndarray, null: np.ndarray) -> list[float]:
    """By definition: for each p the smallest share at any threshold that calls it."""
    shares = [min(1.0, (1 + (null <= t).sum()) / (1 + len(null)) * len(p) / (p <= t).sum()) for t in p]
    return [min(share for share, t in zip(shares, p, strict=True) if t >= one) for one in p]


def test_it_is_its_definition(rng: np.random.Generator) -> None:
    p, null = rng.random(30).round(2), rng.random(200).round(2)  # with ties
    np.testing.assert_allclose(permutation_fdr(p, null), slow(p, null), rtol=1e-12)


def test_closed_forms() -> None:
    null = np.linspace(0.01, 1, 100)
    assert permutation_fdr(np.array([1e-9]), null).tolist() == [1 / 101]  # never 0
    assert permutation_fdr(np.array([1.0, 1.0]), null).tolist() == [1, 1]
    assert np.isnan(permutation_fdr(np.array([0.1, 0.2]), np.empty(0))).all()
    assert len(permutation_fdr(np.empty(0), null)) == 0


def test_it_keeps_its_level(rng: np.random.Generator) -> None:
    """Without a true one any call is false: in a tenth of the families at most."""
    families = [permutation_fdr(rng.random(15), rng.random(750)) for _ in range(400)]
    called = np.mean([(fdr <= 0.1).any() for fdr in families])
    assert called <= 0.1 + 3 * np.sqrt(0.09 / 400)
    assert called > 0.03
