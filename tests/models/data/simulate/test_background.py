from __future__ import annotations

import numpy as np
import pytest

from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.simulate.background import GC_CONTENT, ISLAND, Block, background, isochores
from motiflens.models.data.simulate.stream import Stream
from motiflens.models.types import Codes, Doubles


def draw(kind: int, length: int = 200_000) -> Codes:
    # Many blocks grow at once: as many bases as one long block has, but a hundred times faster.
    return np.concatenate(background([Block(length // 100, kind)] * 100, Stream(5, "test")))


def kmer_counts(codes: Codes, k: int) -> Doubles:
    words = np.zeros(len(codes) - k + 1, dtype=np.int64)
    for i in range(k):
        words = words * 4 + codes[i : i + len(words)]
    return np.bincount(words, minlength=4**k).astype(np.float64)


def conditional_entropy(codes: Codes, order: int) -> float:
    """Bits of uncertainty about a base whose `order` predecessors are known."""

    def entropy(k: int) -> float:
        counts = kmer_counts(codes, k) if k else np.ones(1)
        shares = counts[counts > 0] / counts.sum()
        return float(-(shares * np.log2(shares)).sum())

    return entropy(order + 1) - entropy(order)


@pytest.mark.parametrize("kind", range(len(GC_CONTENT)))
def test_isochores_have_their_gc_content(kind: int) -> None:
    codes = draw(kind)
    np.testing.assert_allclose(np.isin(codes, (1, 2)).mean(), GC_CONTENT[kind], rtol=0, atol=0.01)


def cpg_ratio(codes: Codes) -> float:
    pairs = ((codes[:-1] == 1) & (codes[1:] == 2)).mean()
    return float(pairs / ((codes == 1).mean() * (codes == 2).mean()))


def test_cpg_is_depleted_outside_islands_only() -> None:
    assert 0.15 < cpg_ratio(draw(1)) < 0.4
    assert cpg_ratio(draw(ISLAND)) > 0.75
    assert np.isin(draw(ISLAND), (1, 2)).mean() > 0.6


def test_the_chain_is_of_order_three() -> None:
    codes = draw(1, 2_000_000)
    drops = -np.diff([conditional_entropy(codes, order) for order in range(6)])
    assert (drops[:3] > 1e-3).all()  # the first, second and third predecessors each tell something,
    # the fourth and fifth only what sampling makes of 3 * 4^k free parameters: (3 * 4^k) / (2 n ln 2) bits
    assert (drops[3:] < 2 * 3 * 4.0 ** np.array([4, 5]) / (2 * len(codes) * np.log(2))).all()


def test_both_strands_look_alike() -> None:
    codes = draw(2, 500_000)
    here, there = kmer_counts(codes, 4), kmer_counts(reverse_complement(codes), 4)
    # Counts of different 4-mers are nearly Poisson: their differences are within 5 standard deviations.
    assert (np.abs(here - there) < 5.5 * np.sqrt(here + there)).all()


def test_blocks_are_independent_of_their_order_of_lengths() -> None:
    blocks = [Block(10, 0), Block(500, 4), Block(3, 1), Block(500, 0)]
    drawn = background(blocks, Stream(0, "x"))
    assert [len(codes) for codes in drawn] == [10, 500, 3, 500]
    assert all(codes.max() < 4 for codes in drawn)


def test_isochores_fill_a_chromosome() -> None:
    blocks = isochores(1_000_000, 40_000, Stream(0, "x"))
    assert sum(block.length for block in blocks) == 1_000_000
    assert all(20_000 <= block.length < 60_000 for block in blocks[:-1])
    assert len({block.kind for block in blocks}) > 2
