"""Plots of windows: what is gathered, and where it is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from motiflens.analyses.report.plot_window import WindowView, draw_letters, plot_window, save_window
from motiflens.analyses.report.window_view import parse_region, region_view, row_view, top_rows
from motiflens.interpret import Store, adapt, open_store, write_store
from motiflens.models import build
from motiflens.models.data import ArrayWindows

LENGTH = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, ArrayWindows]:
    rng = np.random.default_rng(0)
    n = 12
    start = np.arange(n) * 25 + 100
    names = [f"w{i}" for i in range(n)]
    table = pd.DataFrame({"name": names, "chrom": "chr1", "start": start, "end": start + LENGTH})
    genome = rng.integers(0, 5, 1000).astype(np.uint8)
    windows = ArrayWindows(
        genome[start[:, None] + np.arange(LENGTH)],
        rng.integers(0, 2, n).astype(float),
        table=table,
        signals={"dnase": rng.random((n, LENGTH), dtype=np.float32)},
        tracks={"fold_change": rng.random((n, LENGTH), dtype=np.float32)},
    )
    torch.manual_seed(0)
    model = build("tbinet", length=LENGTH, channels=5, kernels=4, kernel_size=5, pool=3, units=3, dense=4)
    path = write_store(adapt(model), windows, tmp_path_factory.mktemp("store") / "a.h5", method="saliency")
    return open_store(path), windows


def test_a_region_averages_the_windows_that_overlap(made: tuple[Store, ArrayWindows]) -> None:
    store, windows = made
    view = region_view(store, windows, "chr1", 90, 200)
    assert list(view.tracks) == ["dnase", "fold_change"]
    sources = {
        "importance": (view.importance, store.importance(slice(0, 12))),
        "attention": (view.attention, store.attention_bp(slice(0, 12))),
        "fold_change": (view.tracks["fold_change"], windows.track("fold_change", np.arange(12))),
        "dnase": (view.tracks["dnase"], windows.signals(np.arange(12))[:, 0]),
    }
    for found, values in sources.values():
        for base in range(90, 200):
            here = [row[base - at] for at, row in zip(100 + 25 * np.arange(12), values, strict=True)
                    if at <= base < at + LENGTH]  # fmt: skip
            expected = np.mean(here) if here else np.nan
            np.testing.assert_allclose(found[base - 90], expected, rtol=1e-5, atol=1e-7)
    assert set(view.codes[:10]) == {4}
    np.testing.assert_array_equal(view.codes[10:70], windows.codes(np.array([0]))[0])


def test_a_row_is_cut_to_what_matters_most(made: tuple[Store, ArrayWindows]) -> None:
    store, windows = made
    whole, part = row_view(store, windows, 3), row_view(store, windows, 3, width=15)
    assert (whole.start, len(whole.codes)) == (175, LENGTH)
    sums = [np.abs(whole.importance[i : i + 15]).sum() for i in range(LENGTH - 14)]
    assert part.start == 175 + int(np.argmax(sums))
    np.testing.assert_array_equal(part.codes, whole.codes[part.start - 175 :][:15])


def test_top_rows_do_not_overlap(made: tuple[Store, ArrayWindows]) -> None:
    store, _ = made
    rows = top_rows(store, 3)
    assert rows[0] == store.prediction.argmax()
    starts = store.table["start"].to_numpy()[rows]
    assert np.diff(np.sort(starts)).min() >= LENGTH
    assert len(top_rows(store, 99)) < 12


def test_regions_are_read() -> None:
    assert parse_region("chrX:7-9") == ("chrX", 7, 9)
    for text in ("chr1", "chr1:9-7", "chr1:a-b", "chr1:5-5"):
        with pytest.raises(ValueError, match="chr:start-end"):
            parse_region(text)


def test_letters_stand_where_their_bases_are() -> None:
    axes = Figure().add_subplot()
    draw_letters(axes, np.array([0, 3, 4, 0], dtype=np.uint8), np.array([1.0, -2.0, 5.0, np.nan]), start=10)
    boxes = {p.get_facecolor(): p.get_path().get_extents() for p in axes.patches}
    assert len(boxes) == 2  # one A, one T; N and NaN are not drawn
    (a, t) = boxes.values()
    np.testing.assert_allclose([a.x0, a.x1, a.y0, a.y1], [10.04, 10.96, 0, 1], atol=1e-6)
    np.testing.assert_allclose([t.x0, t.x1, t.y0, t.y1], [11.04, 11.96, -2, 0], atol=1e-6)


@pytest.mark.parametrize("width", [50, 600])
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_files(tmp_path: Path, width: int, kind: str, rng: np.random.Generator) -> None:
    view = WindowView(
        "chr1", 5000, rng.integers(0, 5, width).astype(np.uint8), rng.normal(size=width),
        attention=rng.random(width), tracks={"dnase": np.full(width, np.nan), "fold_change": rng.random(width)},
        title="CTCF",
    )  # fmt: skip
    save_window(view, tmp_path / f"a.{kind}")
    assert (tmp_path / f"a.{kind}").stat().st_size > 1000
    axes = plot_window(view).axes
    assert [a.get_ylabel() for a in axes] == ["importance", "attention", "dnase", "fold change"]
    assert {a.get_xlim() for a in axes} == {(5000.0, 5000.0 + width)}


def test_wrong_input_is_named(tmp_path: Path) -> None:
    view = WindowView("chr1", 0, np.zeros(5, dtype=np.uint8), np.zeros(4))
    with pytest.raises(ValueError, match="importance has shape"):
        plot_window(view)
    with pytest.raises(ValueError, match=r"\.png, \.svg or \.pdf"):
        save_window(view, tmp_path / "a.gif")


def test_letters_of_a_kind_are_one_patch(rng: np.random.Generator) -> None:
    """A patch a letter takes seconds."""
    axes = Figure().add_subplot()
    draw_letters(axes, rng.integers(0, 4, 1000).astype(np.uint8), rng.normal(size=1000))
    assert len(axes.patches) == 4
