"""Route 2: places by hand, filters, both strands, and sites where the model's attention truly lies."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.subsequences import (
    accessibility,
    flat,
    predicted_positives,
    starts_at,
    subsequences,
)
from motiflens.interpret.adapter import adapt
from motiflens.interpret.results import Field
from motiflens.models import build
from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.windows import ArrayWindows


def test_exact_centres_by_hand() -> None:
    # specs: k=15, P=7: centre 7p + 10, an odd number of bases: the left one of the two middle ones
    field = Field(7 * np.arange(141), 21, True)
    assert starts_at(np.array([0, 1, 70, 140]), field, 1002).tolist() == [0, 7, 490, 980]
    # k=30, P=15: 15p + 21.5
    field = Field(15 * np.arange(64), 44, True)
    assert starts_at(np.array([0, 10, 63]), field, 1002).tolist() == [12, 162, 957]
    # the authors' scaling: round((p + 1) / T * L) - 10, moved inwards at the end
    authors = starts_at(np.array([0, 10, 63]), field, 1002, scaling="authors")
    assert authors.tolist() == [6, 162, 982]


def test_flat_dnase_by_hand() -> None:
    dnase = np.ones((3, 100), dtype=np.float32)
    dnase[0, 3] = 17  # mean 1.16, ratio 14.66
    dnase[1, 3] = 18  # mean 1.17, ratio 15.38
    dnase[2] = 0
    assert flat(dnase, 15).tolist() == [True, False, True]


def test_accessibility_of_each_tasks_cell_type() -> None:
    tracks = {f"dnase:{cell}": np.full((4, 6), value, np.float32) for cell, value in (("a", 1.0), ("b", 2.0))}
    windows = ArrayWindows(
        np.zeros((4, 6), np.uint8), np.zeros((4, 3)), tasks=("X|a", "X|b", "Y|a"), tracks=tracks
    )
    found = accessibility(windows, np.array([0, 3, 2]), np.array([1, 0, 2]))
    assert found is not None
    assert found[:, 0].tolist() == [2, 1, 1]
    other = ArrayWindows(np.zeros((4, 6), np.uint8), np.zeros((4, 1)))
    assert accessibility(other, np.array([0]), np.array([0])) is None


def test_sites_lie_on_the_planted_motifs(planted: ModuleType, rng: np.random.Generator) -> None:
    windows, middle = planted.windows(rng)
    adapter = adapt(planted.model(), length=windows.length)
    options = MotifOptions(seed=1)
    positives = predicted_positives(adapter.model, windows, options=options)
    found = subsequences(adapter, windows, positives, options=options)
    table = found.table
    assert set(table["strand"]) == {"+", "-"}
    assert len(found.windows) < len(table) < 2 * len(found.windows)  # places that overlap are one
    for _, starts in table.groupby("window")["start"]:
        assert len(starts) == 1 or abs(starts.iloc[0] - starts.iloc[1]) >= 20
    assert not np.isin(found.windows, np.arange(0, 240, 7)).any()  # those have a DNase peak
    assert found.left_out["DNase maximum >= 15 times the mean"] > 0
    # The kernels know one orientation: one of the two strands sees the site.
    centre = (table["start"] + table["end"]).to_numpy() / 2
    off = np.abs(centre - middle[table["window"].to_numpy()])
    best = pd.Series(off).groupby(table["window"]).min().to_numpy()
    assert np.median(best) <= 4
    assert (best <= 10).mean() > 0.8
    # What is cut out is what the table says, read along its strand.
    for row in (0, len(table) - 1):
        site = table.iloc[row]
        codes = windows.codes(np.array([site["window"]]))[0]
        for part, column in (
            (found.attended, "start"),
            (found.matched[0], "matched_start_0"),
            (found.matched[1], "matched_start_1"),
            (found.least, "least_start"),
        ):
            bases = codes[site[column] : site[column] + 20]
            np.testing.assert_array_equal(part[row], bases if site["strand"] == "+" else reverse_complement(bases))


def test_matched_places_have_as_many_g_and_c(planted: ModuleType, rng: np.random.Generator) -> None:
    """Of all places of the window that overlap no attended one, none is nearer in composition."""
    windows, _ = planted.windows(rng)
    adapter = adapt(planted.model(), length=windows.length)
    table = subsequences(adapter, windows, predicted_positives(adapter.model, windows)).table
    for row in table.itertuples():
        codes = windows.codes(np.array([row.window]))[0]
        inside = np.convolve(np.isin(codes, (1, 2)), np.ones(20, dtype=np.int64), mode="valid")
        off = np.abs(inside - inside[row.start])
        attended = table.loc[table["window"] == row.window, "start"].to_numpy()
        free = (np.abs(np.arange(len(off))[:, None] - attended) >= 20).all(axis=1)
        assert free[row.matched_start_0]
        assert off[row.matched_start_0] == off[free].min()


def test_tasks_and_bad_input(planted: ModuleType, rng: np.random.Generator) -> None:
    windows, _ = planted.windows(rng)
    model = planted.model()
    chosen = predicted_positives(model, windows, tasks=[2])
    assert (windows.labels[chosen.rows, 2] == 1).all()
    assert (chosen.task == 2).all()
    with pytest.raises(ValueError, match=r"is predicted above 0\.999"):
        predicted_positives(model, windows, options=MotifOptions(least_prediction=0.999))
    none = ArrayWindows(windows.codes(np.arange(5)), np.zeros((5, 4)))
    with pytest.raises(ValueError, match="none of the 5 windows is labelled positive"):
        predicted_positives(model, none)
    with pytest.raises(ValueError, match="has a distinct DNase peak"):
        subsequences(adapt(model, length=160), windows, chosen, options=MotifOptions(flat_dnase=0.5))
    with pytest.raises(ValueError, match="shorter than the 200 bp"):
        subsequences(adapt(model, length=160), windows, chosen, options=MotifOptions(width=200))
    danq = build("danq", length=160, outputs=4, kernels=4, units=2, dense=4)
    with pytest.raises(ValueError, match="has no attention"):
        subsequences(adapt(danq, length=160), windows, chosen)


def test_minimum_attention_is_a_background_of_its_own(planted: ModuleType, rng: np.random.Generator) -> None:
    windows, _ = planted.windows(rng)
    adapter = adapt(planted.model(), length=windows.length)
    found = subsequences(adapter, windows, predicted_positives(adapter.model, windows), strands=["+"])
    field = adapter.attention(windows.read(found.windows).x).field
    least = starts_at(found.profile.argmin(axis=1), field, windows.length)
    np.testing.assert_array_equal(found.table["least_start"], least)
    assert not np.array_equal(found.least, found.matched[0])
