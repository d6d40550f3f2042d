"""Motifs that are one, and the likeness of matrices behind it against a slow reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from motiflens.analyses.motifs.cluster_similarity import similarity
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_families import motif_families


def random_motifs(widths: Sequence[int], seed: int = 0) -> list[Motif]:
    rng = np.random.default_rng(seed)
    return [Motif(f"m{i}", rng.dirichlet(np.full(4, 0.3), width)) for i, width in enumerate(widths)]


def slow(a: np.ndarray, b: np.ndarray, overlap: float) -> float:
    """Offset by offset, column by column."""
    best = -np.inf
    for turned in (b, b[::-1, ::-1]):
        for offset in range(-len(b), len(a) + 1):
            places = [i for i in range(len(a)) if 0 <= i - offset < len(b)]
            if len(places) < max(1, np.ceil(overlap * min(len(a), len(b)))):
                continue
            best = max(best, sum(float(((a[i] - 0.25) * (turned[i - offset] - 0.25)).sum()) for i in places))
    return best / float(np.linalg.norm(a - 0.25) * np.linalg.norm(b - 0.25))


@pytest.mark.parametrize("overlap", [0.6, 1.0, 0.01])
def test_similarity_is_that_of_a_slow_reference(overlap: float) -> None:
    motifs = random_motifs([4, 6, 6, 11, 1, 19])
    alike = similarity(motifs, overlap=overlap)
    for i, one in enumerate(motifs):
        for j, other in enumerate(motifs):
            expected = 1.0 if i == j else slow(one.ppm, other.ppm, overlap)
            np.testing.assert_allclose(alike[i, j], expected, rtol=0, atol=1e-12)


def test_matrices_that_say_nothing_are_like_none() -> None:
    flat = Motif("flat", np.full((5, 4), 0.25))
    assert similarity([flat, *random_motifs([5])])[0, 1] == 0
    assert similarity([]).shape == (0, 0)


def test_families_are_numbered_by_their_first_motifs() -> None:
    one, two, three = random_motifs([8, 8, 10], seed=1)
    again = Motif("again", 0.9 * two.ppm + 0.025)
    turned = Motif("turned", one.ppm[::-1, ::-1])
    assert motif_families([two, one, again, three, turned]).tolist() == [0, 1, 0, 2, 1]
    assert motif_families([]).tolist() == []
    assert motif_families([one]).tolist() == [0]
