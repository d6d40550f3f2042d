"""The benchmark's heat map: nothing lies on anything else, however many models there are."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import pytest

from motiflens.analyses.benchmark.plan import plan_named
from motiflens.analyses.figures.benchmark_heat_map import benchmark_heat_map

LABEL = "rank correlation with an untrained model's map"


def table_of(tfs: int, models: int, methods: int) -> pd.DataFrame:
    plan = plan_named("full")
    rows = [
        (tf, model, method, 0.25)
        for tf in plan.tfs[:tfs]
        for model in plan.models[:models]
        for method in plan.methods[:methods]
    ]
    return pd.DataFrame(rows, columns=["tf", "model", "method", "value"])


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 2, 2), (2, 3, 9), (2, 15, 16)])
def test_numbers_and_label_have_room(sizes: tuple[int, int, int]) -> None:
    figure = benchmark_heat_map(table_of(*sizes), label=LABEL, low=0.0, high=1.0)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    panels, bar = figure.axes[:-1], figure.axes[-1]
    assert len(panels) == sizes[0]
    for axis in panels:
        boxes = [text.get_window_extent(renderer) for text in axis.texts]
        assert len(boxes) == sizes[1] * sizes[2]
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    label = bar.yaxis.label.get_window_extent(renderer)
    assert bar.yaxis.label.get_text().replace("\n", " ") == LABEL
    assert label.y0 >= 0
    assert label.y1 <= figure.bbox.y1
