"""scan_tables: the rows of a matrix add up to its score wherever they lie, and their bounds lose nothing."""

from __future__ import annotations

import numpy as np
import pytest

from motiflens.analyses.motifs.engines.scan_numba import kmer_index, scan_matrices
from motiflens.analyses.motifs.engines.scan_tables import AFTER, BEFORE, K, scan_tables


def _scores(rng: np.random.Generator, width: int, best: int) -> np.ndarray:
    """Integer scores (width, 4) of which the K columns from `best` on tell most."""
    scores = rng.integers(0, 20, (width, 4))
    scores[best : best + K] += 100 * np.eye(4, dtype=int)[rng.integers(0, 4, len(scores[best : best + K]))]
    return scores.astype(np.int32)


@pytest.mark.parametrize("width", [1, 3, 8, 9, 12, 15, 16, 17, 24, 25, 31, 40])
def test_finds_what_a_sum_finds(rng: np.random.Generator, width: int) -> None:
    """All windows of a short batch, its first and last ones too, with the telling columns anywhere."""
    codes = rng.integers(0, 4, 3 * width + 20).astype(np.uint8)
    codes[width + 9] = 4
    pad = width + K
    index = kmer_index(codes, pad)
    for best in range(0, max(width - K, 0) + 1, 3):
        scores = _scores(rng, width, best)
        totals = [
            int(scores[np.arange(width), codes[i : i + width]].sum()) if codes[i : i + width].max() < 4 else -1
            for i in range(len(codes) - width + 1)
        ]
        for threshold in (0, int(np.quantile(totals, 0.8))):
            out = np.empty((len(codes), 3), dtype=np.int32)
            found = scan_matrices(*index, *scan_tables([scores], [threshold]), out)
            wanted = {(0, i, total) for i, total in enumerate(totals) if total >= threshold}
            assert set(map(tuple, out[:found].tolist())) == wanted
            assert found == len(wanted) > 0


def test_what_lies_beside_comes_first(rng: np.random.Generator) -> None:
    tables = scan_tables([_scores(rng, 24, 0), _scores(rng, 24, 16)], [0, 0])
    assert tables.matrices[:, 4].tolist() == [0, 16]
    assert tables.matrices[:, 5].tolist() == [AFTER, BEFORE]
    assert len(tables.tables) == tables.matrices[1, 1]


def test_index_of_a_batch(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 5, 300).astype(np.uint8)
    pad = 11
    index = kmer_index(codes, pad)
    whole = np.concatenate((np.zeros(pad), np.where(codes < 4, codes, 0), np.zeros(pad + K))).astype(np.int64)
    kmers = np.array([int("".join(map(str, whole[i : i + K])), 4) for i in range(len(codes) + 2 * pad)])
    near = slice(pad - K, len(codes) + pad)
    np.testing.assert_array_equal(index.kmers[near], kmers[near])
    for i, code in enumerate(codes):
        rest = codes[i:] == 4
        assert index.runs[pad + i] == (rest.argmax() if rest.any() else len(rest))
        assert (code == 4) == (index.runs[pad + i] == 0)
    position, before, after = index.entries >> 32, (index.entries >> 16) & 65535, index.entries & 65535
    np.testing.assert_array_equal(position, np.argsort(kmers[pad : pad + len(codes)], kind="stable"))
    np.testing.assert_array_equal(before, index.kmers[pad + position - K])
    np.testing.assert_array_equal(after, index.kmers[pad + position + K])
    np.testing.assert_array_equal(np.diff(index.first), np.bincount(kmers[pad : pad + len(codes)], minlength=4**K))
