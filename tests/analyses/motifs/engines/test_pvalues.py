"""p-values: closed forms and enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np

from motiflens.analyses.motifs.engines.pvalues import log_odds, p_values, pssm, smooth
from motiflens.analyses.motifs.motif import Motif


def test_enumeration(rng: np.random.Generator) -> None:
    frequencies = np.array([0.4, 0.1, 0.2, 0.3])
    for width in (1, 2, 5):
        scores = rng.integers(0, 30, (width, 4)).astype(np.int32)
        table = p_values(scores, frequencies)
        assert len(table) == scores.max(axis=1).sum() + 1
        totals, weights = [], []
        for word in product(range(4), repeat=width):
            totals.append(sum(scores[j, a] for j, a in enumerate(word)))
            weights.append(np.prod(frequencies[list(word)]))
        wanted = [sum(w for t, w in zip(totals, weights, strict=True) if t >= s) for s in range(len(table))]
        np.testing.assert_allclose(table, wanted, rtol=1e-12, atol=0)


def test_small_tails_keep_their_precision() -> None:
    """The one best word of 40 letters: 4 ** -40, far below what 1 - cdf could hold."""
    table = p_values(np.tile(np.array([[0, 0, 0, 1]], dtype=np.int32), (40, 1)), np.full(4, 0.25))
    np.testing.assert_allclose(table[-1], 0.25**40, rtol=1e-12, atol=0)


def test_pssm_scale() -> None:
    """One letter certain, 20 sites: the odds of a missing letter are 0.1 / 20.1."""
    motif = Motif("m", np.array([[1.0, 0, 0, 0]]))
    odds = log_odds(motif, np.full(4, 0.25))
    np.testing.assert_allclose(odds[0], np.log2([20.025 / 20.1 * 4] + [0.1 / 20.1] * 3), rtol=1e-12, atol=0)
    matrix = pssm(motif, np.full(4, 0.25))
    assert matrix.offset == -8
    assert matrix.scale == np.floor(1000 / (odds.max() + 8))
    np.testing.assert_allclose(matrix.bits(matrix.scores[0]), odds[0], rtol=0, atol=0.5 / matrix.scale)


def test_flat_motif_has_p_1() -> None:
    matrix = pssm(Motif("m", np.full((6, 4), 0.25)), np.full(4, 0.25))
    assert p_values(matrix.scores, np.full(4, 0.25)).tolist() == [1.0]


def test_smooth_sums_to_one(rng: np.random.Generator) -> None:
    motif = Motif("m", rng.dirichlet(np.ones(4), 7), nsites=3.0)
    np.testing.assert_allclose(smooth(motif, np.array([0.1, 0.2, 0.3, 0.4])).sum(axis=1), 1, rtol=0, atol=1e-12)


def test_scores_may_lie_in_any_order_of_memory() -> None:
    """A matrix whose columns lie one behind the other ended in numba's error."""
    scores = np.random.default_rng(0).integers(0, 9, (6, 4)).astype(np.int32)
    table = p_values(np.asfortranarray(scores), np.full(4, 0.25))
    np.testing.assert_array_equal(table, p_values(scores, np.full(4, 0.25)))
