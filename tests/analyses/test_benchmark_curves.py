"""Curves of as many models and methods as the preset full has."""

from __future__ import annotations

from collections import defaultdict

from motiflens.analyses.benchmark.benchmark_study import BESIDE, _curves
from motiflens.analyses.benchmark.plan import plan_named
from motiflens.analyses.benchmark.summary import Collected
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
    ]
    titles = [axis.get_title(loc="left") for figure in figures for axis in figure.figure.axes[:BESIDE]]
    assert [title for title in titles if title] == list(plan.models)
    for figure in figures:
        assert len(figure.figure.axes) <= 2 * BESIDE
        lines = figure.figure.axes[0].lines[1:]  # the first is the axis at 0
        looks = {(line.get_color(), str(line._unscaled_dash_pattern)) for line in lines}  # type: ignore[attr-defined]
        assert len(looks) == len(plan.methods)
