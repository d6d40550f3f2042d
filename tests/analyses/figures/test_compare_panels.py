"""Figures of comparisons: what is drawn is what was measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from scipy.stats import pearsonr, spearmanr

from motiflens.analyses.figures.compare_cells import COLOURS, compare_cell_boxes, compare_cells
from motiflens.analyses.figures.compare_panels import (
    ABOVE,
    BELOW,
    FIVE,
    PANEL,
    SIZE_COLOURS,
    WORDS,
    compare_boxes,
    compare_differences,
    compare_gain,
    compare_metrics,
    compare_sizes,
)
from motiflens.models.metrics import METRICS

TASKS = [f"TF{i:02d}" for i in range(12)]
SIZE = ["small"] * 3 + ["medium"] * 5 + ["large"] * 4
CELL = ["GM12878"] * 6 + ["K562"] * 6


@pytest.fixture
def long(rng: np.random.Generator) -> pd.DataFrame:
    """Two runs of twelve tasks; the second is better in auROC but for two."""
    parts = []
    for run in ("a", "b"):
        table = pd.DataFrame(rng.uniform(0.5, 0.9, (12, len(METRICS))), columns=list(METRICS))
        table.insert(0, "run", run)
        table.insert(1, "task", TASKS)
        table.insert(2, "size", SIZE)
        table.insert(3, "cell_type", CELL)
        parts.append(table)
    parts[1]["auroc"] = parts[0]["auroc"] + np.where(np.arange(12) < 2, -0.05, 0.03)
    return pd.concat(parts, ignore_index=True)


def of(long: pd.DataFrame, run: str, metric: str) -> np.ndarray:
    return long.loc[long["run"] == run, metric].to_numpy()


def gains(long: pd.DataFrame, metric: str) -> pd.DataFrame:
    values = of(long, "b", metric) - of(long, "a", metric)
    table = {"first": "a", "second": "b", "task": TASKS, "gain": values, "baseline_auprc": of(long, "a", "auprc")}
    return pd.DataFrame({**table, "size": SIZE})


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_four_metrics_stand_in_one_figure(long: pd.DataFrame) -> None:
    """001, Fig. 2a; 000, Fig. 3; 002, Fig. 2: points, colours, counts, correlations and the named tasks."""
    figure = compare_metrics(long, "a", "b", ["TF07", "TF03"])
    assert len(figure.axes) == 4
    for axis, metric in zip(figure.axes, PANEL, strict=True):
        a, b = of(long, "a", metric), of(long, "b", metric)
        points, *named = axis.collections
        np.testing.assert_allclose(points.get_offsets(), np.stack([a, b], axis=1), rtol=1e-12)
        wanted = [
            to_rgba(ABOVE if after > before else BELOW, alpha=0.8) for before, after in zip(a, b, strict=True)
        ]
        np.testing.assert_allclose(points.get_facecolors(), wanted)
        words = f"r {pearsonr(a, b)[0]:.2f}, ρ {spearmanr(a, b)[0]:.2f}"
        assert axis.get_title(loc="left") == f"{WORDS[metric]}\n{words}"
        shown = [text.get_text() for text in axis.texts]
        assert shown[-2:] == [str((b > a).sum()), str((b < a).sum())]
        circled = [tuple(part.get_offsets()[0]) for part in named]
        assert circled == ([(a[7], b[7]), (a[3], b[3])] if metric in ("auroc", "auprc") else [])
    assert texts(figure)[:2] == ["TF07", "TF03"]


def test_gain_against_the_baselines_auprc(long: pd.DataFrame) -> None:
    """001, Fig. 2b."""
    table = gains(long, "recall_at_fdr50")
    figure = compare_gain(table, "recall_at_fdr50")
    (axis,) = figure.axes
    x, y = of(long, "a", "auprc"), table["gain"].to_numpy()
    np.testing.assert_allclose(axis.collections[0].get_offsets(), np.stack([x, y], axis=1), rtol=1e-12)
    words = f"Pearson {pearsonr(x, y)[0]:.2f}, Spearman {spearmanr(x, y)[0]:.2f}"
    assert axis.get_title(loc="left") == words


def test_boxes_are_quartiles(long: pd.DataFrame) -> None:
    """003, Fig. 6; 004, Fig. 1."""
    figure = compare_boxes(long, "auroc")
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    for place, run in enumerate("ab"):
        values = of(long, run, "auroc")
        box = axis.patches[place].get_path().get_extents()
        low, high = np.quantile(values, [0.25, 0.75])
        assert (box.x0, box.x1) == (pytest.approx(low), pytest.approx(high))
        lines = [line.get_xdata() for line in axis.lines if np.allclose(line.get_xdata(), np.median(values))]
        assert lines, "the median is drawn"


def test_differences_are_stacked_by_size(long: pd.DataFrame) -> None:
    """003, Figs. 3D to F and 5C, D: each bar's height is the count of its size class in its bin."""
    table = gains(long, "auroc")
    figure = compare_differences(table, "auroc")
    (axis,) = figure.axes
    edges = np.linspace(-1, 1, 25) * table["gain"].abs().max()
    base = np.zeros(24)
    for size, bars in zip(("small", "medium", "large"), axis.containers, strict=True):
        counts = np.histogram(table.loc[table["size"] == size, "gain"], edges)[0]
        np.testing.assert_allclose([bar.get_height() for bar in bars], counts)
        np.testing.assert_allclose([bar.get_y() for bar in bars], base)
        assert bars[0].get_facecolor() == to_rgba(SIZE_COLOURS[size])
        base += counts
    assert axis.get_title(loc="left") == "b − a\n10 better, 2 worse of 12"


def test_every_pair_has_a_panel_of_differences(long: pd.DataFrame) -> None:
    one = gains(long, "auroc")
    table = pd.concat([one, one.assign(first="b", second="c", gain=-one["gain"])])
    titles = [axis.get_title(loc="left") for axis in compare_differences(table, "auroc").axes]
    assert titles == ["b − a\n10 better, 2 worse of 12", "c − b\n2 better, 10 worse of 12"]


def test_bars_are_means_by_size(long: pd.DataFrame) -> None:
    """003, Table 5 and Fig. 7: five metrics."""
    figure = compare_sizes(long)
    assert [axis.get_ylabel() for axis in figure.axes] == [WORDS.get(name, name) for name in FIVE]
    for axis, metric in zip(figure.axes, FIVE, strict=True):
        for run, bars in zip("ab", axis.containers, strict=True):
            part = long[long["run"] == run]
            wanted = [part.loc[part["size"] == size, metric].mean() for size in ("small", "medium", "large")]
            np.testing.assert_allclose([bar.get_height() for bar in bars], wanted)
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == [
        "small (3)",
        "medium (5)",
        "large (4)",
    ]


def test_cell_types_have_colours_and_counts(long: pd.DataFrame) -> None:
    """004, Fig. 2."""
    figure = compare_cells(long, "a", "b")
    for axis, metric in zip(figure.axes, ("auroc", "average_precision"), strict=True):
        for place, part in enumerate(axis.collections):
            rows = slice(6 * place, 6 * place + 6)
            points = np.stack([of(long, run, metric)[rows] for run in "ab"], axis=1)
            np.testing.assert_allclose(np.sort(part.get_offsets(), axis=0), np.sort(points, axis=0), rtol=1e-12)
            np.testing.assert_allclose(part.get_facecolors()[0], to_rgba(COLOURS[place], alpha=0.8))
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert labels == ["GM12878: 4 above, 2 below", "K562: 6 above, 0 below"]


@pytest.mark.parametrize("few", [False, True])
def test_runs_are_boxes_within_cell_types(long: pd.DataFrame, few: bool) -> None:
    """004, Fig. 1: AUC and average precision; points where boxes would stand on too little."""
    table = long[long["task"].isin([*TASKS[:3], *TASKS[6:9]])] if few else long
    figure = compare_cell_boxes(table)
    assert [axis.get_ylabel() for axis in figure.axes] == ["auROC", "average precision"]
    axis = figure.axes[0]
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["GM12878", "K562"]
    drawn = [
        np.asarray(part.get_offsets())[:, 1] for part in axis.collections if few and len(part.get_offsets())
    ] or [np.array([box.get_path().get_extents().y0, box.get_path().get_extents().y1]) for box in axis.patches]
    wanted = [
        table.loc[(table["run"] == run) & (table["cell_type"] == cell), "auroc"].to_numpy()
        for run in "ab"
        for cell in ("GM12878", "K562")
    ]
    wanted = wanted if few else [np.quantile(values, [0.25, 0.75]) for values in wanted]
    for values in wanted:
        assert any(len(part) == len(values) and np.allclose(np.sort(part), np.sort(values)) for part in drawn)


@pytest.mark.parametrize("tasks", [2, 20])
def test_measures_that_no_task_defines_have_an_empty_picture(tasks: int) -> None:
    """Of tasks with one class: it ended in "cannot access local variable", of the plotting library."""
    rows = pd.MultiIndex.from_product([["a", "b"], [f"t{i}" for i in range(tasks)]], names=["run", "task"])
    long = pd.DataFrame(index=rows).reset_index().assign(cell_type="c", auroc=np.nan, average_precision=np.nan)
    for figure in (compare_boxes(long, "auroc"), compare_cell_boxes(long)):
        assert [text.get_text() for text in figure.axes[0].texts] == ["none is defined"]
    some = long.assign(auroc=np.where(long["run"] == "a", 0.8, np.nan))
    for figure in (compare_boxes(some, "auroc"), compare_cell_boxes(some)):
        assert not figure.axes[0].texts
