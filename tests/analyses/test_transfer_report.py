"""Individual, global and fine-tuned models side by side, as SAResNet's figures show them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel, wilcoxon

from motiflens.analyses.cli.main import main
from motiflens.analyses.study import read_study
from motiflens.analyses.transfer_report import transfer_report
from motiflens.models.metrics import METRICS

SIZES = ("small", "small", "medium", "medium", "medium", "large", "large", "large")


@pytest.fixture
def rows(rng: np.random.Generator) -> pd.DataFrame:
    """Eight data sets in three ways, as `transfer` returns them."""
    table = [
        {"data_set": f"TF{i}", "bound": 10, "size": SIZES[i], "way": way, "note": ""}
        | {metric: bonus + rng.uniform(0.6, 0.8) for metric in METRICS}
        for i in range(8)
        for way, bonus in (("individual", 0.0), ("global", -0.02), ("transfer", 0.05))
    ]
    return pd.DataFrame(table)


def test_every_two_ways_are_compared(rows: pd.DataFrame, tmp_path: Path) -> None:
    """003, Tables 2 and 3 (means of five metrics) and Fig. 3: the global model enters its two comparisons too."""
    transfer_report(rows, tmp_path)
    study = read_study(tmp_path / "compare")
    names = {file.stem for file, _ in study.figures}
    assert {"metrics_1", "metrics_2", "metrics_3", "differences", "boxes", "sizes"} <= names
    pairs = pd.read_csv(tmp_path / "compare" / "pairs.tsv", sep="\t").set_index(["first", "second", "metric"])
    wide = rows.pivot_table(index="data_set", columns="way", values="auroc")
    for first, second in (("individual", "global"), ("individual", "transfer"), ("global", "transfer")):
        a, b = wide[first].to_numpy(), wide[second].to_numpy()
        row = pairs.loc[(first, second, "auroc")]
        assert (row["above"], row["below"], row["tasks"]) == ((b > a).sum(), (b < a).sum(), 8)
        assert row["wilcoxon_p"] == pytest.approx(wilcoxon(b - a).pvalue, rel=1e-6)
        assert row["t_p"] == pytest.approx(ttest_rel(b, a).pvalue, rel=1e-6)
    means = pd.read_csv(tmp_path / "compare" / "sizes.tsv", sep="\t").set_index(["run", "size"])
    for metric in ("accuracy", "precision", "recall", "f1", "auroc"):
        for way, part in rows.groupby("way"):
            assert means.loc[(way, "all"), metric] == pytest.approx(part[metric].mean(), rel=1e-6)
            large = part[part["size"] == "large"]
            assert means.loc[(way, "large"), metric] == pytest.approx(large[metric].mean(), rel=1e-6)
    gains = pd.read_csv(tmp_path / "compare" / "gains.tsv", sep="\t")
    part = gains[(gains["first"] == "global") & (gains["second"] == "transfer")]
    assert part["gain"].is_monotonic_decreasing
    assert part["gain"].max() == pytest.approx((wide["transfer"] - wide["global"]).max(), rel=1e-6)


def test_what_failed_is_left_out(rows: pd.DataFrame, tmp_path: Path) -> None:
    rows.loc[rows["way"] == "global", list(METRICS)] = np.nan
    transfer_report(rows, tmp_path / "two")
    pairs = pd.read_csv(tmp_path / "two" / "compare" / "pairs.tsv", sep="\t")
    assert set(zip(pairs["first"], pairs["second"], strict=True)) == {("individual", "transfer")}
    rows.loc[rows["way"] == "transfer", list(METRICS)] = np.nan
    assert transfer_report(rows, tmp_path / "one") == []


def test_by_the_command_line_with_curves_of_the_global_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_set: Callable[..., None]
) -> None:
    """003, Fig. 4 too: the global model's curves on the pooled validation and the pooled test windows."""

    sets, out = tmp_path / "sets", tmp_path / "out"
    sets.mkdir()
    write_set(sets, "FOS_K562", 60, 0)
    write_set(sets, "JUN_HepG2", 50, 1)
    settings = ("kernels=4", "kernel_size=8", "dense=4", "epochs=2", "batch=20", "optimizer=adam", "rate=0.02")
    told = [word for setting in settings for word in ("--set", setting)]
    commands = [["transfer", "--data", str(sets), "--model", "cnn_zeng", "--out", str(out), *told]]
    shared = out / "runs" / "(all)" / "cnn_zeng_global" / "default,seed=0"
    for split in ("valid", "test"):
        curves = ["--split", split, "--curves", str(tmp_path / split), "--no-controls"]
        commands.append(["evaluate", str(shared), "--data", str(sets), *curves])
    for command in commands:
        monkeypatch.setattr(sys, "argv", ["interpret", *command])
        with pytest.raises(SystemExit) as stop:
            main()
        assert int(stop.value.code or 0) == 0, command
    assert read_study(out / "compare").kind == "compare"
    assert json.loads((out / "compare" / "provenance.json").read_text())["seed"] == 0
    for split in ("valid", "test"):
        table = pd.read_csv(tmp_path / split / "curves.tsv", sep="\t")
        row = pd.read_csv(tmp_path / split / "targets.tsv", sep="\t").iloc[0]
        area = np.trapezoid(np.append(0, table["recall"]), np.append(0, table["fpr"]))
        assert area == pytest.approx(row["auroc"], abs=1e-6)
        if split == "test":
            assert row["positives"] + row["negatives"] == 120, "both sets' test halves"
