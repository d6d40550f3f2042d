"""Matched negatives and splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiflens.models.data.gc_negatives import gc_negatives
from motiflens.models.data.genome import Genome, open_genome
from motiflens.models.data.genome_windows import gc_and_masked
from motiflens.models.data.split import join_groups, overlap_groups, split_chromosomes, split_groups

LENGTH = 50


@pytest.fixture(scope="module")
def patchy(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    """A genome whose GC content and repeats change every 500 bp."""
    rng = np.random.default_rng(4)
    path = tmp_path_factory.mktemp("patchy") / "genome.fa"
    lines = []
    for name in ("chr1", "chr2"):
        parts = []
        for _ in range(400):
            gc = rng.uniform(0.2, 0.8)
            text = "".join(rng.choice(list("ACGT"), 500, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]))
            parts.append(text.lower() if rng.random() < 0.3 else text)
        lines.append(f">{name}\n{''.join(parts)}\n")
    Path(path).write_text("".join(lines))
    return open_genome(path)


def test_negatives_match_and_avoid(patchy: Genome) -> None:
    rng = np.random.default_rng(0)
    gc = rng.choice([0.3, 0.5, 0.7], 600)
    masked = rng.choice([0.0, 1.0], 600)
    avoid = {0: (np.array([0]), np.array([50_000]))}
    places = gc_negatives(patchy, gc, masked, LENGTH, numbers=[0, 1], avoid=avoid, seed=1)
    found_gc, found_masked, unknown = gc_and_masked(patchy, places, LENGTH)
    assert np.abs(found_gc - gc).max() <= 0.0201  # cells of 2 %
    assert np.abs(found_masked - masked).max() <= 0.05
    assert unknown.max() <= 0.1
    assert (places.start[places.chrom == 0] >= 50_000).all()
    assert {0, 1} == set(places.chrom.tolist())
    order = np.lexsort((places.start, places.chrom))
    gaps = np.diff(places.start[order])[np.diff(places.chrom[order]) == 0]
    assert gaps.min() >= LENGTH  # none overlap
    again = gc_negatives(patchy, gc, masked, LENGTH, numbers=[0, 1], avoid=avoid, seed=1)
    np.testing.assert_array_equal(places.start, again.start)


def test_the_nearest_is_taken_where_none_match(patchy: Genome) -> None:
    gc = np.full(40, 0.99)
    places = gc_negatives(patchy, gc, np.zeros(40), LENGTH, numbers=[0], avoid={}, seed=0)
    found, _, _ = gc_and_masked(patchy, places, LENGTH)
    assert found.mean() > 0.75
    assert len(set(places.start.tolist())) == 40


def test_too_small_a_genome_is_told(patchy: Genome) -> None:
    with pytest.raises(ValueError, match="too few places of 50 bp"):
        gc_negatives(patchy, np.full(9000, 0.5), np.zeros(9000), LENGTH, numbers=[0], avoid={}, seed=0)


def test_split_groups() -> None:
    groups = np.repeat(np.arange(100), 3)
    found = split_groups(groups, {"test": 0.1, "valid": 0.2, "train": 0.7}, seed=3)
    assert [len(found[s]) for s in ("test", "valid", "train")] == [30, 60, 210]
    assert sorted(np.concatenate(list(found.values())).tolist()) == list(range(300))
    assert not set(groups[found["test"]]) & set(groups[found["train"]])
    with pytest.raises(ValueError, match="cannot be divided"):
        split_groups(np.zeros(9, dtype=np.int64), {"test": 0.5, "train": 0.5})
    small = split_groups(np.arange(3), {"test": 0.1, "valid": 0.1, "train": 0.8})
    assert all(len(index) == 1 for index in small.values())


def test_joined_groups_are_connected() -> None:
    first, second = np.array([0, 0, 1, 2, 3]), np.array([5, 6, 6, 7, 7])
    joined = join_groups(first, second)
    assert joined[0] == joined[1] == joined[2]
    assert joined[3] == joined[4] != joined[0]


def test_overlap_groups_against_pairs() -> None:
    rng = np.random.default_rng(1)
    chrom, start = rng.integers(0, 3, 80), rng.integers(0, 900, 80)
    end = start + rng.integers(1, 30, 80)
    groups = overlap_groups(chrom, start, end)
    for i in range(80):
        for j in range(80):
            if chrom[i] == chrom[j] and start[i] < end[j] and start[j] < end[i]:
                assert groups[i] == groups[j]
    assert len(set(groups.tolist())) > 20


@pytest.mark.parametrize("seed", range(5))
def test_chromosomes_are_divided(seed: int) -> None:
    lengths = np.random.default_rng(seed).integers(1, 1000, 20)
    found = split_chromosomes(lengths, seed=seed)
    sizes = {s: sum(int(lengths[i]) for i in found if found[i] == s) for s in ("train", "valid", "test")}
    assert sum(sizes.values()) == lengths.sum()
    assert sizes["train"] > 0.7 * lengths.sum()
    assert 0.04 * lengths.sum() < sizes["test"] < 0.16 * lengths.sum()
    with pytest.raises(ValueError, match="cannot be divided"):
        split_chromosomes(lengths[:2])
