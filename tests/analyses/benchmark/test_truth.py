"""Places of sites in windows, at and across their edges."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.analyses.benchmark.truth import mask, spans

WINDOWS = pd.DataFrame({"chrom": ["1", "1", "2"], "start": [100, 150, 100]})


def places(*rows: tuple[str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["chrom", "start", "end"])


def test_sites_are_cut_at_the_windows_edges() -> None:
    across = places(("1", 95, 105), ("1", 195, 210))
    assert spans(WINDOWS, across, 100) == [(0, 0, 5), (0, 95, 100), (1, 45, 60)]
    inside = mask(WINDOWS, across, 100)
    assert np.flatnonzero(inside[0]).tolist() == [0, 1, 2, 3, 4, 95, 96, 97, 98, 99]
    assert np.flatnonzero(inside[1]).tolist() == list(range(45, 60))
    assert not inside[2].any()  # another chromosome


def test_sites_beside_a_window_are_not_in_it() -> None:
    """Ends are open: a site that ends where a window starts shares no base with it."""
    beside = places(("1", 90, 100), ("1", 200, 205))
    assert [span for span in spans(WINDOWS, beside, 100) if span[0] == 0] == []
    assert mask(WINDOWS, places(("1", 90, 101), ("1", 199, 205)), 100)[0].nonzero()[0].tolist() == [0, 99]


def test_several_sites_and_overlapping_ones_count_once() -> None:
    several = places(("2", 110, 120), ("2", 115, 130), ("2", 150, 151))
    assert mask(WINDOWS, several, 100)[2].sum() == 21
    assert mask(WINDOWS, places(), 100).sum() == 0
    assert mask(WINDOWS, places(("2", 0, 1000)), 100)[2].all()
