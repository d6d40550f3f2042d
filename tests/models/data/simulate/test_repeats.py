from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from motiflens.models.data.one_hot import decode, encode, reverse_complement
from motiflens.models.data.simulate.genome import bare_genome
from motiflens.models.data.simulate.presets import preset_named
from motiflens.models.data.simulate.repeats import add_repeats, uniqueness


@pytest.mark.parametrize(("size", "most"), [(35, 4), (5, 4), (6, 2), (1, 4)])
def test_uniqueness_equals_counting(size: int, most: int, rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, 600).astype(np.uint8)
    codes[200:300] = codes[50:150]
    codes[400:480] = reverse_complement(codes[60:140])
    codes[10] = codes[350] = 4
    words = [decode(codes[i : i + size]) for i in range(len(codes) - size + 1)]
    both = Counter(words) + Counter(decode(reverse_complement(codes)[i : i + size]) for i in range(len(words)))
    expected = []
    for word in words:
        mirror = decode(reverse_complement(encode(word)))
        count = both[word] // (2 if word == mirror else 1)  # a palindrome is counted on both strands
        expected.append(0 if "N" in word or count > most else count)
    assert uniqueness(codes, size, most).tolist() == expected + [0] * (size - 1)


def test_repeats_are_masked_and_not_unique() -> None:
    preset = preset_named("tiny")
    genome = bare_genome(preset, 3)
    plain = genome.codes.copy()
    arrays = add_repeats(genome, 3)
    assert 0.15 < genome.masked.mean() < 0.35
    assert (genome.codes == 4).sum() == (plain == 4).sum()
    unchanged = ~genome.masked & (genome.codes == plain) & (plain < 4)
    unique = uniqueness(genome.codes) == 1
    assert unique[unchanged].mean() > 0.9
    assert unique[genome.masked].mean() < unique[unchanged].mean() - 0.1
    duplicated = ~genome.masked & (genome.codes != plain)  # segments copied from elsewhere, not masked
    assert duplicated.sum() > 1000
    assert unique[duplicated].mean() < 0.6
    assert len(arrays) == 3
    assert all(genome.masked[start:end].all() for start, end in arrays)
