"""Windows that do not overlap."""

from __future__ import annotations

import pandas as pd

from motiflens.analyses.apart import apart

TABLE = pd.DataFrame({"chrom": ["1", "1", "1", "2", "1"], "start": [0, 99, 100, 0, 0]})


def test_the_first_of_overlapping_windows_stays() -> None:
    assert apart(TABLE, [0, 1, 2, 3, 4], 100) == [
        0,
        2,
        3,
    ]  # 99 overlaps by one base, the last one is the first again
    assert apart(TABLE, [1, 0, 2, 3], 100) == [1, 3]


def test_what_is_taken_before_counts_and_grows() -> None:
    taken = {"1": [150]}
    assert apart(TABLE, [0, 2, 3], 100, taken) == [0, 3]
    assert taken == {"1": [150, 0], "2": [0]}
