from __future__ import annotations

import numpy as np

from motiflens.models.data.simulate.stream import Stream
from motiflens.models.data.simulate.tracks import STEP, chip, control, coverage, dnase, expected, footprints


def test_coverage_equals_counting(rng: np.random.Generator) -> None:
    starts = rng.integers(0, 90, 30)
    ends = starts + rng.integers(1, 40, 30)  # some run past the end
    expected = np.zeros(100, dtype=np.int64)
    for start, end in zip(starts, ends, strict=True):
        expected[start:end] += 1
    assert coverage(starts, ends, 100).tolist() == expected.tolist()


def experiment(strengths: list[int], total: int = 100_000) -> np.ndarray:
    weights = np.full(total // 50, 1000)
    against = expected(control(weights, 50, total, Stream(0, "c")))
    centres = np.array([30_000, 60_000])[: len(strengths)]
    return chip(
        weights, 50, centres, np.array(strengths, dtype=np.int64), against, total, Stream(0, "t")
    ).fold_change


def test_fold_change_is_one_without_sites_and_high_at_them() -> None:
    quiet, bound = experiment([0, 0]), experiment([1000, 300])
    np.testing.assert_allclose(quiet.mean(), 1, rtol=0, atol=0.15)
    assert quiet.max() < 3
    # 14 fragments come from a full site for each of the background, and 30 % of that from the other.
    strong, weak = bound[30_000 // STEP], bound[60_000 // STEP]
    assert 8 < strong < 20
    assert 0.15 < weak / strong < 0.6
    # Fragments are 150 to 250 bp long: beyond 250 bp from the site nothing is left of it.
    assert bound[(30_000 - 300) // STEP] < 3
    assert bound[(30_000 + 300) // STEP] < 3
    assert bound[(30_000 + 100) // STEP] > 3


def test_unmappable_bins_give_no_background_fragments() -> None:
    weights = np.full(2000, 1000)
    weights[500:600] = 0
    covered = control(weights, 50, 100_000, Stream(0, "c"))
    assert covered[(500 * 50 + 250) // STEP : 600 * 50 // STEP].max() == 0
    assert covered[:2000].mean() > 5


def test_footprints_lower_cuts_within_and_raise_them_beside() -> None:
    found = footprints(np.full(100, 1000), np.array([40]), np.array([50]), np.array([1.0]))
    assert found[40:50].tolist() == [250] * 10
    assert found[32:40].tolist() == found[50:58].tolist() == [1250] * 8
    assert found[:32].tolist() == [1000] * 32
    unbound = footprints(np.full(100, 1000), np.array([40]), np.array([50]), np.array([0.0]))
    assert (unbound == 1000).all()


def test_dnase_has_mean_one_and_follows_its_weights() -> None:
    weights = np.full(100_000, 20)
    weights[40_000:40_300] = 1000
    track = dnase(weights, Stream(0, "d"))
    np.testing.assert_allclose(track.mean(), 1, rtol=0, atol=0.01)
    ratio = track[40_050:40_250].mean() / track[:39_000].mean()
    np.testing.assert_allclose(ratio, 50, rtol=0.1)
