"""Windows by how two models call them, and the DNase of each group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from motiflens.analyses.dnase_groups import CONTRASTS, DnaseOptions, cliffs_delta, dnase_groups, dnase_study
from motiflens.analyses.targets import open_runs, probabilities, targets


def test_cliffs_delta(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 5, 30).astype(float), rng.integers(0, 5, 20).astype(float)
    expected = np.mean([np.sign(x - y) for x in a for y in b])
    assert cliffs_delta(a, b) == pytest.approx(expected)
    assert np.isnan(cliffs_delta(a, b[:0]))


@pytest.mark.parametrize("threshold", [0.5, None])
def test_groups(small_world: Any, threshold: float | None) -> None:
    runs = open_runs([small_world.signals, small_world.none], str(small_world.data))
    a, b = (targets(run)[0] for run in runs)
    table = dnase_groups(runs[0], runs[1], (a, b), DnaseOptions(threshold=threshold))
    rows = table["row"].to_numpy()
    np.testing.assert_allclose(table["dnase"], runs[0].windows.track("dnase", rows).mean(axis=1), rtol=1e-6)
    if threshold is not None:
        scores = [probabilities(run, rows)[:, 0] > threshold for run in runs]
        alone = (table["label"] == 1) & scores[0] & ~scores[1]
        assert ((table["group"] == "found by A alone") == alone).all()
        wrong = (table["label"] == 0) & ~scores[0] & scores[1]
        assert ((table["group"] == "unbound, wrong in B alone") == wrong).all()
    else:  # both call as many windows as are bound
        bound = table["label"] == 1
        called = [
            table["group"].isin([f"found by {name} alone", "found by both"]).sum()
            + table["group"].isin([f"unbound, wrong in {name} alone", "unbound, wrong in both"]).sum()
            for name in "AB"
        ]
        assert called == [bound.sum()] * 2


def test_study(small_world: Any) -> None:
    runs = open_runs([small_world.signals, small_world.none], str(small_world.data))
    study = dnase_study(runs, DnaseOptions(threshold=None, bootstrap=50))
    assert set(study.tables) == {"groups", "effects", "windows"}
    assert len(study.tables["effects"]) == 2 * len(CONTRASTS)
    known = study.tables["effects"].dropna(subset=["low"])
    assert ((known["low"] <= known["delta"] + 1e-9) & (known["delta"] <= known["high"] + 1e-9)).all()


def test_bad_input_is_named(small_world: Any) -> None:
    runs = open_runs([small_world.signals, small_world.none, small_world.seeing], str(small_world.data))
    with pytest.raises(ValueError, match="two runs, A and B, not 3"):
        dnase_study(runs)
    with pytest.raises(ValueError, match=r"are one model \(equal weights\), .* give two different runs"):
        dnase_study([runs[0], runs[0]])
    with pytest.raises(ValueError, match="different windows"):
        dnase_study([runs[0], runs[2]])
    with pytest.raises(ValueError, match=r"threshold is 2\.0: expected more than 0 and less than 1"):
        DnaseOptions(threshold=2.0)
