"""Overlapping hits once: against a slow loop, and for palindromes."""

from __future__ import annotations

import numpy as np

from motiflens.analyses.motifs.distinct_hits import distinct_hits


def test_against_all_pairs(rng: np.random.Generator) -> None:
    count = 300
    group, start = rng.integers(0, 5, count), rng.integers(0, 400, count)
    end, p = start + rng.integers(4, 20, count), rng.integers(0, 20, count) / 20
    kept: list[int] = []
    for row in np.argsort(p, kind="stable"):
        if not any(group[row] == group[k] and start[row] < end[k] and start[k] < end[row] for k in kept):
            kept.append(int(row))
    assert set(np.flatnonzero(distinct_hits(group, start, end, p))) == set(kept)


def test_both_strands_of_a_palindrome_are_one() -> None:
    group, start = np.zeros(2, np.int64), np.array([5, 5])
    assert distinct_hits(group, start, start + 6, np.array([1e-5, 1e-5])).tolist() == [True, False]
    touching = np.array([5, 11])
    assert distinct_hits(group, touching, touching + 6, np.array([1e-5, 1e-5])).all()
