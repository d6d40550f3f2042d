"""Nulls, enrichment and families by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import false_discovery_control, fisher_exact

from motiflens.analyses.motifs.enrichment import benjamini_hochberg, enrichment
from motiflens.analyses.motifs.families import families, found_factors
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.nulls import (
    Null,
    decoy_null,
    decoy_q,
    decoys,
    random_model_null,
    shuffle_columns,
    untrained,
)
from motiflens.models.registry import build


def test_null_counts_by_hand() -> None:
    null = Null(5, 10, (1, 2, 5, 0))
    assert null.mean == 2
    assert null.p == (1 + 1) / 5
    assert null.interval == tuple(np.quantile([1, 2, 5, 0], [0.025, 0.975]))
    assert null.json["null_counts"] == [1, 2, 5, 0]
    assert Null(0, 0, ()).json["p"] is None


def test_column_shuffling_keeps_the_columns(rng: np.random.Generator) -> None:
    motif = Motif("m", rng.dirichlet(np.ones(4), 9))
    other = shuffle_columns(motif, rng)
    assert sorted(map(tuple, other.ppm)) == sorted(map(tuple, motif.ppm))
    found = decoys([motif, other], lambda many: np.arange(len(many)) / 100, repeats=3, seed=1)
    np.testing.assert_allclose(found, [[0, 0.01], [0.02, 0.03], [0.04, 0.05]], rtol=0, atol=1e-12)
    assert decoys([], lambda many: np.zeros(len(many)), repeats=3).shape == (3, 0)


def test_decoy_rates_by_hand() -> None:
    p = np.array([0.5, 1e-6, 1e-3, 1e-5])
    null = np.array([[0.2, 0.3, 0.4, 0.6], [1e-4, 0.7, 0.8, 0.9]])
    # at 1e-6 and 1e-5: (0 + 1) / 2 expected over 1 and 2; at 1e-3: (1 + 1) / 2 over 3; at 0.5: (4 + 1) / 2 over 4
    np.testing.assert_allclose(decoy_q(p, null), [5 / 8, 1 / 4, 1 / 3, 1 / 4], rtol=1e-12, atol=0)
    assert decoy_q(p, np.ones((0, 4))).tolist() == [0, 0, 0, 0]
    found = decoy_null(p, [False, True, True, True], null, total=9)
    assert (found.observed, found.total, found.null) == (3, 9, (0, 1))
    assert decoy_null(p, [False] * 4, null, total=9).null == (0, 0)


def test_decoy_rates_hold_their_level(rng: np.random.Generator) -> None:
    false = []
    for _ in range(300):  # nothing to find: whatever is reported is false
        p, null = rng.beta(0.3, 3, 30), rng.beta(0.3, 3, (20, 30))  # p far from uniform
        false.append((decoy_q(p, null) < 0.05).any())
    # nominal 5 %: more than 27 of 300 would happen once in 1,000
    assert sum(false) <= 27


def test_untrained_twin_is_new_and_leaves_the_generator_alone() -> None:
    model = build("deepbind", length=50, kernels=4, kernel_size=8)
    state = torch.get_rng_state()
    twins = [untrained(model, seed=seed) for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), state)
    weights = [twin.first_convolution().weight for twin in twins]  # type: ignore[union-attr]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert twins[0].config == model.config

    null = random_model_null(lambda seed: 10 * seed, observed=3, total=4, repeats=2, seed=5)
    assert (null.observed, null.total, null.null) == (3, 4, (50, 60))


def test_enrichment_against_scipy(rng: np.random.Generator) -> None:
    hits, background = rng.integers(0, 60, 20), rng.integers(0, 90, 20)
    table = enrichment(hits, 60, background, 90)
    slow = [
        fisher_exact([[h, 60 - h], [b, 90 - b]], alternative="greater").pvalue
        for h, b in zip(hits, background, strict=True)
    ]
    np.testing.assert_allclose(table["enrichment_p"], slow, rtol=1e-9, atol=0)
    np.testing.assert_allclose(table["enrichment_q"], false_discovery_control(slow), rtol=1e-9, atol=0)
    assert len(benjamini_hochberg(np.zeros(0))) == 0
    with pytest.raises(ValueError, match="more windows with a hit"):
        enrichment(np.array([5]), 4, np.array([0]), 4)
    with pytest.raises(ValueError, match="needs windows"):
        enrichment(np.array([0]), 0, np.array([0]), 4)


def test_q_below_what_a_number_holds_has_a_logarithm() -> None:
    """2,000 of 2,000 windows against none of 2,000: p is 1 over the ways to choose 2,000 of 4,000."""
    table = enrichment(np.array([2000, 3]), 2000, np.array([0, 3]), 2000)
    ways = math.lgamma(4001) - 2 * math.lgamma(2001)
    assert table["enrichment_q"][0] == 0
    assert table["enrichment_log10_q"][0] == pytest.approx((math.log(2) - ways) / math.log(10), rel=1e-9)
    assert table["enrichment_log10_q"][1] == pytest.approx(math.log10(table["enrichment_q"][1]), rel=1e-9)


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "motif_id": ["k0", "k1", "k2", "k3", "k4"],
            "target_id": ["MA1", "MA2", "MA3", "", "MA5"],
            "target_alt": ["FOXO3", "ZNF384", "FOSL1::JUND", "", "FOXA2"],
            "target_family": ["FOX", "More than 3 adjacent zinc fingers", "Fos-related::Jun-related", "", "FOX"],
            "target_q": [0.01, 1e-5, 0.02, np.nan, 1e-4],
        }
    )


def test_families_and_factors() -> None:
    found = families(table())
    assert found["family"].tolist() == ["FOX", "More than 3 adjacent zinc fingers", "Fos-related::Jun-related"]
    assert found["members"].tolist() == ["k4,k0", "k1", "k2"]
    assert found["best_q"].tolist() == [1e-4, 1e-5, 0.02]
    factors = found_factors(table(), ["FOXA1", "CTCF", "JUN::FOS", "FOS::JUN", "JUN", "NOSUCH"], [])
    assert factors["found"].tolist() == [True, False, True, True, True, False]
    assert factors["motif_id"].tolist() == ["k4", "", "k2", "k2", "k2", ""]
    assert families(table().iloc[3:4]).empty


def test_factors_outside_the_table_take_their_family_from_the_database() -> None:
    targets = [Motif("MA9", np.full((3, 4), 0.25), alt="Foxp9", family="FOX")]
    assert found_factors(table(), ["FOXP9"], targets)["found"].all()
