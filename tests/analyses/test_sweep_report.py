"""Measures by setting: windows of several lengths about the same bins (000, Fig. S2), by the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.cli.main import main
from motiflens.analyses.figures.sweep_settings import sweep_settings
from motiflens.analyses.study import read_study
from motiflens.analyses.sweep_report import settings_table, sweep_report
from motiflens.models.run import open_run


def test_windows_of_several_lengths(small_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "sweep"
    settings = ("epochs=1", "kernels=4", "kernel_size=8", "dense=4", "valid_windows=200")
    arguments = ["sweep", "--model", "cnn_zeng", "--data", str(small_world.data), "--tf", "X", "--grid"]
    arguments += ["length=120,240", "--out", str(out), "--preset", "small"]
    for setting in settings:
        arguments += ["--set", setting]
    monkeypatch.setattr(sys, "argv", ["interpret", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert int(stop.value.code or 0) == 0
    runs = pd.read_csv(out / "sweep.tsv", sep="\t")
    models = [open_run(out / run) for run in runs["run"]]
    assert [run.model.length for run in models] == [120, 240] == runs["length"].tolist()
    counts = [run.config["training"]["training_sequences"] for run in models]
    assert counts[0] == counts[1], "the same bins, whatever the window about them"
    table = pd.read_csv(out / "settings" / "settings.tsv", sep="\t")
    for metric in ("auroc", "auprc"):
        part = table[table["metric"] == metric].set_index("value")
        np.testing.assert_allclose(part.loc[[120, 240], "mean"], runs[f"valid_{metric}"], rtol=1e-6)
        assert (part["runs"] == 1).all()
    study = read_study(out / "settings")
    assert "120: " in study.findings[0]
    assert [file.is_file() for file, _ in study.figures] == [True]


@pytest.fixture
def rows() -> pd.DataFrame:
    """Two data sets, three lengths, two optimisers; one run failed."""
    table = pd.DataFrame(
        [
            (
                name,
                length,
                optimizer,
                f"runs/{name}/{length}{optimizer}",
                0.5 + int(length) / 4000 + bonus,
                0.2 + bonus,
            )
            for name, bonus in (("one", 0.0), ("two", 0.1))
            for length in ("300", "600", "1000")
            for optimizer in ("adam", "sgd")
        ],
        columns=["set", "length", "optimizer", "run", "valid_auroc", "valid_auprc"],
    )
    table.loc[0, ["valid_auroc", "valid_auprc"]] = np.nan
    return table


def test_each_setting_is_averaged_over_all_else(rows: pd.DataFrame, tmp_path: Path) -> None:
    table = settings_table(rows, ["length", "optimizer"]).set_index(["setting", "value", "metric"])
    assert table.loc[("length", "300", "auroc")].tolist() == pytest.approx(
        [3, 0.575 + 0.2 / 3, 0.675, 0.575, 0.675]
    )
    assert table.loc[("optimizer", "adam", "auprc"), "runs"] == 5
    axes = sweep_settings(rows.dropna(), ["length", "optimizer"]).axes
    points, means = axes[0].lines
    assert sorted(set(points.get_xdata())) == [300, 600, 1000]
    np.testing.assert_allclose(means.get_ydata(), [0.575 + 0.2 / 3, 0.7, 0.8])
    assert [axis.get_xlabel() for axis in axes] == ["window (bp)"] * 2 + ["optimizer"] * 2
    assert sweep_report(rows.assign(kernels=4), {"kernels": [4]}, tmp_path / "none", 0) == []
    files = sweep_report(rows, {"length": ["300", "600", "1000"], "optimizer": ["adam", "sgd"]}, tmp_path, 3)
    assert {file.name for file in files} >= {"settings.svg", "settings.png", "settings.tsv", "provenance.json"}
