"""What an epoch draws: limits, and one bin of each peak."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motiflens.models.data.windows import ArrayWindows
from motiflens.models.epochs import draw_epoch, peak_numbers


def bins() -> ArrayWindows:
    """Bins every 50 bp on two chromosomes in two cell types, with runs of bound ones."""
    rows = [(c, s, cell) for c in ("chr1", "chr2") for cell in ("x", "y") for s in range(0, 5000, 50)]
    table = pd.DataFrame(rows, columns=["chrom", "start", "cell_type"])
    table["end"] = table["start"] + 1000
    table["name"] = "w"
    bound = (table["start"].between(500, 700) | table["start"].between(2000, 2050)) & ~(
        (table["chrom"] == "chr2") & (table["cell_type"] == "y")
    )
    codes = np.zeros((len(table), 10), dtype=np.uint8)
    return ArrayWindows(codes, bound.to_numpy(dtype=np.float32), table=table)


def test_peaks_are_runs_of_one_cell_type() -> None:
    windows = bins()
    rows = np.flatnonzero(windows.labels[:, 0] == 1)
    numbers = peak_numbers(windows, rows)
    part = windows.table.iloc[rows].assign(peak=numbers)
    groups = part.groupby("peak").agg({"chrom": "nunique", "cell_type": "nunique", "start": ["min", "max"]})
    assert len(groups) == 6
    assert (groups[("chrom", "nunique")] == 1).all()
    assert (groups[("cell_type", "nunique")] == 1).all()
    assert set(zip(groups[("start", "min")], groups[("start", "max")], strict=True)) == {(500, 700), (2000, 2050)}


def test_use_peak_draws_one_bin_of_each() -> None:
    windows = bins()
    seen = set()
    for number in range(40):
        rows = draw_epoch(windows, number, 0, use_peak=True)
        bound = rows[windows.labels[rows, 0] == 1]
        assert len(bound) == 6
        assert len(set(peak_numbers(windows, bound).tolist())) == 6
        assert len(rows) - 6 == round((len(windows) - 21) * 6 / 21)
        seen.update(bound.tolist())
    assert len(seen) == 21, "over many epochs every bin is drawn"
    assert np.array_equal(draw_epoch(windows, 3, 0, use_peak=True), draw_epoch(windows, 3, 0, use_peak=True))


def test_most() -> None:
    windows = bins()
    rows = draw_epoch(windows, 0, 0, most=50)
    assert len(rows) == len(set(rows.tolist())) == 50
    assert not np.array_equal(rows, draw_epoch(windows, 1, 0, most=50))


def test_use_peak_needs_coordinates() -> None:
    windows = ArrayWindows(np.zeros((4, 5), dtype=np.uint8), np.array([0.0, 1.0, 0.0, 1.0]))
    with pytest.raises(ValueError, match="use_peak needs windows with coordinates"):
        draw_epoch(windows, 0, 0, use_peak=True)
