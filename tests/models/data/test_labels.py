"""Intervals and labels against references that look at every base."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.models.data.intervals import covered, merge_intervals, overlaps
from motiflens.models.data.labels import centered_labels, deepsea_labels, dream_labels

SIZE = 120
intervals = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(1, 40)), max_size=8)


def arrays(found: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    start = np.array([s for s, _ in found], dtype=np.int64)
    return start, np.minimum(start + np.array([n for _, n in found], dtype=np.int64), SIZE)


def mask(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    out = np.zeros(SIZE + 100, dtype=bool)
    for start, end in zip(*pair, strict=True):
        out[start:end] = True
    return out


@settings(max_examples=200, deadline=None)
@given(intervals, intervals, intervals, st.integers(1, 30))
def test_against_a_reference_of_bases(
    peaks: list[tuple[int, int]], relaxed: list[tuple[int, int]], asked: list[tuple[int, int]], size: int
) -> None:
    raw = arrays(peaks)
    union = merge_intervals(*raw)
    bases = mask(raw)
    np.testing.assert_array_equal(mask(union), bases)
    assert (union[0][1:] > union[1][:-1]).all()
    start, end = arrays(asked)
    expected = [int(bases[s:e].sum()) for s, e in zip(start, end, strict=True)]
    assert covered(start, end, union).tolist() == expected
    assert overlaps(start, end, union).tolist() == [n > 0 for n in expected]

    bins = np.arange(0, SIZE, 3, dtype=np.int64)
    inside = np.array([bases[b : b + size].sum() for b in bins])
    np.testing.assert_array_equal(deepsea_labels(bins, size, union), (inside > size / 2).astype(np.float32))
    loose = mask(arrays(relaxed))
    touched = (inside > 0) | np.array([loose[b : b + size].any() for b in bins])
    dream = np.where(inside >= size / 2, 1, np.where(touched, np.nan, 0)).astype(np.float32)
    np.testing.assert_array_equal(dream_labels(bins, size, union, merge_intervals(*arrays(relaxed))), dream)
    np.testing.assert_array_equal(centered_labels(bins, union), bases[bins].astype(np.float32))


def test_positions_before_the_chromosome_count_nothing() -> None:
    union = (np.array([0, 50]), np.array([10, 60]))
    assert covered(np.array([-30, -5, 55]), np.array([-10, 5, 500]), union).tolist() == [0, 5, 5]
    assert covered(np.array([0]), np.array([10]), (np.zeros(0, int), np.zeros(0, int))).tolist() == [0]


@pytest.mark.parametrize(("inside", "label"), [(99, 0.0), (100, 0.0), (101, 1.0)])
def test_deepsea_needs_more_than_half(inside: int, label: float) -> None:
    assert deepsea_labels(np.array([0]), 200, (np.array([0]), np.array([inside]))).tolist() == [label]
