"""Curves of as many models and methods as the preset full has."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from motiflens.analyses.benchmark.benchmark_study import BESIDE, _curves
from motiflens.analyses.benchmark.plan import plan_named
from motiflens.analyses.benchmark.summary import Collected
from motiflens.analyses.figures.benchmark_curves import Curve, benchmark_curves
from motiflens.models.types import Json


def test_no_two_methods_look_alike_and_no_models_are_squeezed() -> None:
    plan = plan_named("full")
    curves: dict[tuple[str, str, str], list[Json]] = defaultdict(list)
    for model in plan.models:
        for method in plan.methods:
            curves["CTCF", model, method].append({"steps": [5, 10], "deletion": [0.1, 0.2], "insertion": [0, 1]})
    figures = _curves(Collected(defaultdict(list), curves, defaultdict(list)))
    assert [figure.name for figure in figures] == [
        "curves_CTCF",
        "curves_CTCF_2",
        "curves_CTCF_3",
        "curves_CTCF_4",
        "curves_CTCF_5",
    ]
    titles = [axis.get_title(loc="left") for figure in figures for axis in figure.figure.axes[:BESIDE]]
    assert [title for title in titles if title] == list(plan.models)
    for figure in figures:
        assert len(figure.figure.axes) <= 2 * BESIDE
        lines = figure.figure.axes[0].lines[1:]  # the first is the axis at 0
        looks = {(line.get_color(), str(line._unscaled_dash_pattern)) for line in lines}  # type: ignore[attr-defined]
        assert len(looks) == len(plan.methods)


@pytest.mark.parametrize("models", [1, 2, 4])
def test_the_legend_is_no_wider_than_the_figure(models: int) -> None:
    """Before, that of a single model lost its first and last columns."""
    plan = plan_named("full")
    curve = Curve(np.array([5, 10]), np.array([0.1, 0.2]), np.array([0.0, 1.0]))
    curves = {f"model {number}": dict.fromkeys(plan.methods, curve) for number in range(models)}
    figure = benchmark_curves(curves, plan.methods)
    figure.draw_without_rendering()  # type: ignore[no-untyped-call]
    (legend,) = figure.legends
    box, page = legend.get_window_extent(), figure.bbox
    assert page.x0 <= box.x0 < box.x1 <= page.x1
    assert page.y0 <= box.y0
    assert len(legend.get_texts()) == len(plan.methods)
    panel = figure.axes[0].get_window_extent()
    assert panel.height > page.height / 8  # the legend leaves room for what it is about
