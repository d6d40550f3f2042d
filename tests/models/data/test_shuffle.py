"""Dinucleotide shuffles keep every count, and draw all sequences that do with equal probability."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from motiflens.models.data.one_hot import decode, encode_all
from motiflens.models.data.shuffle import dinucleotide_shuffle


def counts(codes: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(row[:-1].astype(int) * 5 + row[1:], minlength=25) for row in codes])


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 80).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 4), min_size=n, max_size=n), min_size=1, max_size=4)
    ),
    st.integers(0, 2**31),
)
def test_counts_and_ends_are_kept(rows: list[list[int]], seed: int) -> None:
    codes = np.array(rows, dtype=np.uint8)
    before = codes.copy()
    out = dinucleotide_shuffle(codes, seed=seed)
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(counts(out), counts(codes))
    np.testing.assert_array_equal(out[:, [0, -1]], codes[:, [0, -1]])


@pytest.mark.parametrize("text", ["AACAGACG", "AAGCAACGA", "ACCANCATC"])
def test_every_sequence_is_equally_likely(text: str) -> None:
    codes = encode_all([text])
    same = {
        p
        for p in set(permutations(codes[0, 1:-1].tolist()))
        if (counts(np.array([[codes[0, 0], *p, codes[0, -1]]])) == counts(codes)).all()
    }
    drawn = dinucleotide_shuffle(np.repeat(codes, 20_000, axis=0), seed=1)
    found, times = np.unique(drawn[:, 1:-1], axis=0, return_counts=True)
    assert {tuple(row) for row in found.tolist()} == same
    assert len(same) > 3
    assert chisquare(times).pvalue > 1e-3


GOLDEN = "ACACGTNNACATAATGTTACGCAACCGGGTGCGCGGTT"


def test_the_same_on_every_machine() -> None:
    text = "ACGTTGCAACGTACCGGTTAACGGCATGCATNNACGGT"
    assert decode(dinucleotide_shuffle(encode_all([text]), seed=5)[0]) == GOLDEN
    assert decode(dinucleotide_shuffle(encode_all([text]), seed=6)[0]) != GOLDEN


def test_rows_are_shuffled_independently() -> None:
    codes = encode_all(["ACGTTGCAACGTACCGGTTAACGGCATGCAT"] * 50)
    assert len(np.unique(dinucleotide_shuffle(codes, seed=0), axis=0)) > 45


def test_wrong_input_is_told() -> None:
    with pytest.raises(ValueError, match="expected \\(windows, bp\\)"):
        dinucleotide_shuffle(np.zeros(5, dtype=np.uint8))
    with pytest.raises(ValueError, match="codes hold 7"):
        dinucleotide_shuffle(np.full((1, 5), 7, dtype=np.uint8))
