"""Points of curves against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from motiflens.analyses.curves import POINTS, curve_points, mean_curves


@pytest.mark.parametrize("n", [200, 20_000])
def test_points(rng: np.random.Generator, n: int) -> None:
    labels = (rng.random(n) < 0.1).astype(np.float64)
    scores = np.round(labels + rng.normal(size=n), 4)
    table = curve_points(labels, scores)
    assert len(table) <= POINTS + 2
    fpr, tpr, at_scores = roc_curve(labels, scores, drop_intermediate=False)
    place = [int(np.flatnonzero(at_scores == threshold)[0]) for threshold in table["threshold"]]
    np.testing.assert_allclose(table[["fpr", "recall"]], np.stack([fpr, tpr], axis=1)[place], atol=1e-12)
    area = np.trapezoid(np.append(0, table["recall"]), np.append(0, table["fpr"]))
    assert area == pytest.approx(roc_auc_score(labels, scores), abs=0.005)
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    for _, row in table.iloc[:: len(table) // 7].iterrows():
        at = np.flatnonzero(thresholds == row["threshold"])[0]
        assert row["precision"] == pytest.approx(precision[at])
        assert row["recall"] == pytest.approx(recall[at])
    assert table["recall"].iloc[-1] == 1
    assert table["precision"].iloc[-1] == pytest.approx(labels.mean())


def test_mean_over_tasks() -> None:
    one = pd.DataFrame({"fpr": [0.0, 1.0], "recall": [1.0, 1.0], "precision": [1.0, 0.5]}).assign(
        run="r", task="x"
    )
    other = pd.DataFrame({"fpr": [0.0, 1.0], "recall": [0.0, 1.0], "precision": [0.5, 0.5]}).assign(
        run="r", task="y"
    )
    means = mean_curves(pd.concat([one, other])).set_index("at")
    assert means.loc[0.5, "recall"] == pytest.approx(0.75)
