from __future__ import annotations

import numpy as np
from scipy.stats import poisson

from motiflens.models.data.simulate.peaks import THRESHOLD, call_peaks, poisson_tail
from motiflens.models.data.simulate.tracks import STEP, Pileup


def pileup(fold: np.ndarray) -> Pileup:
    expected = np.full(len(fold), 9.0)
    return Pileup(np.rint(fold * 10 - 1).astype(np.int64), expected, fold.astype(np.float32))


def test_peaks_of_a_track_made_by_hand() -> None:
    fold = np.ones(300)
    fold[20:40] = 6  # a peak of 200 bp,
    fold[33] = 11  # its summit,
    fold[42:44] = THRESHOLD  # joined across 20 bp,
    fold[60:69] = 9  # too short by one step,
    fold[100:110] = THRESHOLD  # just long and high enough,
    fold[116:130] = 7  # and 60 bp on another one
    fold[290:300] = 8  # at the end
    found = call_peaks(pileup(fold))
    assert found[["start", "end"]].values.tolist() == [[200, 440], [1000, 1100], [1160, 1300], [2900, 3000]]
    assert found["summit"].tolist()[0] == 130 + STEP // 2
    assert found["signal"].tolist() == [11, THRESHOLD, 7, 8]


def test_no_peaks() -> None:
    assert len(call_peaks(pileup(np.ones(50)))) == 0


def test_the_tail_equals_scipys() -> None:
    count, mean = np.array([5, 40, 120, 12]), np.array([1.5, 10.0, 30.0, 11.0])
    expected = -poisson.logsf(count - 1, mean) / np.log(10)
    np.testing.assert_allclose(poisson_tail(count, mean), expected, rtol=1e-9)
    assert np.isfinite(poisson_tail(np.array([2000]), np.array([1.0])))[0]
