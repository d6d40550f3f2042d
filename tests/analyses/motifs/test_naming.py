"""A route's q: the larger of two rates, over its own motifs."""

from __future__ import annotations

import numpy as np

from motiflens.analyses.motifs.engines.match import match_table
from motiflens.analyses.motifs.enrichment import benjamini_hochberg
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.naming import name_motifs
from motiflens.analyses.motifs.nulls import decoy_q


def test_q_is_the_larger_of_two_rates(rng: np.random.Generator) -> None:
    targets = jaspar()[:120]
    weak = [
        Motif(f"weak{i}", rng.dirichlet(np.full(4, 0.7), 6) * 0.6 + 0.1) for i in range(4)
    ]  # of low information: their decoys match as well as they do
    motifs = [*targets[:4], *weak]
    named = name_motifs(motifs, targets, shuffles=10, seed=3)
    p = named.best["p"].to_numpy()
    bh, decoy = benjamini_hochberg(p), decoy_q(p, named.decoys)
    np.testing.assert_array_equal(named.best["q"], np.maximum(bh, decoy))
    assert (decoy > bh).any()
    alone = name_motifs(motifs, targets, shuffles=0).best["q"]
    np.testing.assert_array_equal(alone, bh)


def test_best_target_and_empty_sets() -> None:
    targets = jaspar()[:60]
    named = name_motifs(targets[:3], targets, shuffles=2)
    assert named.best["target_id"].tolist() == [motif.name for motif in targets[:3]]
    assert set(named.best["match"]) == {"tested"}
    first = match_table(targets[:1], targets, threshold=10, evalue=True).iloc[0]
    assert named.best["p"].iloc[0] == first["E-value"]
    nothing = name_motifs([], targets, shuffles=5)
    assert (len(nothing.best), nothing.decoys.shape) == (0, (5, 0))
