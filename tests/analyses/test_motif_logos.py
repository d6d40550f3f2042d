"""Logos by logomaker: heights are bits, matched columns stand below one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from motiflens.analyses.figures.motif_logos import LETTERS, motif_logos
from motiflens.analyses.motifs.motif import Motif


def test_columns_stand_where_they_match() -> None:
    certain = np.eye(4)[[0, 1, 2, 3, 0]]
    motif, target = Motif("m", certain[1:4]), Motif("t", certain)
    row = {"motif_id": "m", "target_id": "t", "target_alt": "T", "target_q": 0.01, "offset": 1, "orientation": "+"}
    figure = motif_logos({"m": motif}, {"t": target}, pd.DataFrame([row]))
    upper, lower = figure.axes
    assert upper.get_xlim() == lower.get_xlim() == (-0.5, 4.5)
    boxes = {
        axis: sorted((p.get_path().get_extents().x0, to_rgb(p.get_facecolor())) for p in axis.patches)
        for axis in (upper, lower)
    }
    shown = [pair for pair in boxes[lower] if 0.4 < pair[0] < 3.4]
    for above, below in zip(boxes[upper], shown, strict=True):
        assert above[0] == pytest.approx(below[0], abs=0.3)
        assert above[1] == below[1]  # the same letter
    assert boxes[lower][0][1] == to_rgb(LETTERS["A"])
    heights = [patch.get_path().get_extents().y1 for patch in lower.patches]
    assert max(heights) == pytest.approx(2.0, abs=0.01)  # a certain base has 2 bits
