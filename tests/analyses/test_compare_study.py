"""Runs side by side: every number of the tables against a computation by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr, ttest_rel, wilcoxon

from motiflens.analyses.cli.main import main
from motiflens.analyses.compare_study import _cell_types, compare_study, epoch_table, read_scores
from motiflens.analyses.study import read_study
from motiflens.models.compare import size_class
from motiflens.models.metrics import METRICS


@pytest.fixture
def tables(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Three runs of twelve tasks, sizes of all classes; the second is better but for two tasks."""
    base = rng.uniform(0.6, 0.8, (12, len(METRICS)))
    found = {}
    for name, gain in (("a", 0.0), ("b", 0.05), ("c", -0.02)):
        values = base + gain + 0.002 * rng.normal(size=base.shape)
        if name == "b":
            values[:2] -= 0.1
            values[7] += 0.1
        table = pd.DataFrame(values, columns=list(METRICS))
        table.insert(0, "task", [f"TF{i}" for i in range(12)])
        table["sequences"] = [1000, 2000, 3001, 4000, 5000, 20_000, 29_000, 31_000, 40_000, 50_000, 60_000, 70_000]
        found[name] = table
    return found


def test_tables(tables: dict[str, pd.DataFrame]) -> None:
    study = compare_study(tables, metric="auprc")
    a, b = (tables[name]["auprc"].to_numpy() for name in "ab")
    row = study.tables["pairs"].set_index(["second", "metric"]).loc[("b", "auprc")]
    assert (row["above"], row["below"]) == (10, 2)
    assert row["wilcoxon_p"] == pytest.approx(wilcoxon(b - a).pvalue)
    assert row["t_p"] == pytest.approx(ttest_rel(b, a).pvalue)
    assert row["pearson"] == pytest.approx(pearsonr(a, b)[0])
    assert row["spearman"] == pytest.approx(spearmanr(a, b)[0])
    gains = study.tables["gains"]
    first = gains[gains["second"] == "b"].iloc[0]
    assert first["task"] == "TF7"
    assert first["gain"] == pytest.approx(b[7] - a[7])
    assert first["baseline_auprc"] == pytest.approx(a[7])
    sizes = study.tables["sizes"].set_index(["run", "size"])
    assert sizes.loc[("a", "small"), "tasks"] == 2
    assert sizes.loc[("a", "medium"), "tasks"] == 5
    assert sizes.loc[("b", "large"), "f1"] == pytest.approx(tables["b"]["f1"][7:].mean())
    ranks = study.tables["ranks"].set_index(["run", "task"])
    assert ranks.loc[("b", "TF7"), "auprc"] == 1
    assert ranks.loc[("b", "TF0"), "auprc"] == 3
    names = {shown.name for shown in study.figures}
    assert {"metrics_1", "gain_1", "metrics_2", "boxes", "differences", "sizes"} <= names
    assert "TF7" in study.figures[0].caption
    assert "regression to the mean" in study.figures[1].caption


@pytest.mark.parametrize(
    ("sequences", "name"),
    [(1, "small"), (2999, "small"), (3000, "medium"), (30_000, "medium"), (30_001, "large"), (np.nan, "unknown")],
)
def test_size_classes_of_table_5(sequences: float, name: str) -> None:
    assert size_class(sequences) == name


def test_epochs() -> None:
    log = pd.DataFrame({"epoch": range(4), "train_loss": 1.0, "valid_auprc": [0.2, 0.795, 0.8, 0.7]})
    assert epoch_table({"x": log}).to_dict("records") == [
        {"run": "x", "epochs": 4, "best_epoch": 3, "within_1_percent": 2, "best_auprc": 0.8}
    ]


def test_scores_of_others(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> None:
    path = tmp_path / "anchor.tsv"
    path.write_text("task\tauroc\tauprc\n" + "".join(f"TF{i}\t0.9\t0.{i + 10}\n" for i in range(12)))
    scores = read_scores(path)
    assert list(scores) == ["anchor"]
    study = compare_study({"a": tables["a"], **scores}, metric="auroc")
    pairs = study.tables["pairs"].set_index("metric")
    assert pairs.loc["auroc", "above"] == 12
    assert "f1" not in pairs.index  # others' measures need not be complete
    several = tmp_path / "several.tsv"
    several.write_text("method\ttask\tauprc\ngkm\tTF0\t0.5\ndeeptf\tTF0\t0.6\n")
    assert list(read_scores(several)) == ["gkm", "deeptf"]
    for text, message in (
        ("task\tbest\nx\t1\n", "expected task, perhaps method"),
        ("task\tauprc\nx\thigh\n", "no number in its column 'auprc'"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_scores(path)
    with pytest.raises(FileNotFoundError):
        read_scores(tmp_path / "nosuch.tsv")


def test_cell_types_are_those_that_some_run_says_or_the_name() -> None:
    """A run that says none of a task took away what the name says; a column of none was read as numbers."""
    silent = pd.DataFrame({"task": ["X|one", "Y"], "cell_type": np.nan})
    some = pd.DataFrame({"task": ["X|one", "Y", "Z|two"], "cell_type": [None, "three", ""]}).replace("", np.nan)
    assert _cell_types({"a": silent}) == {"X|one": "one", "Y": ""}
    assert _cell_types({"a": silent, "b": some, "c": silent}) == {"X|one": "one", "Y": "three", "Z|two": "two"}


def test_no_common_task_is_named(tables: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(ValueError, match="no task in common"):
        compare_study({"a": tables["a"], "b": tables["b"].assign(task="other")})
    with pytest.raises(ValueError, match="two or more"):
        compare_study({"a": tables["a"]})


def test_commands(small_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, curves = tmp_path / "compare", tmp_path / "curves"
    anchor = tmp_path / "anchor.tsv"
    anchor.write_text("task\tauroc\tauprc\nX|one\t0.9\t0.5\nX|two\t0.8\t0.4\n")
    runs = (str(small_world.signals), str(small_world.none))
    for arguments in (
        (
            "compare",
            *runs,
            "--out",
            str(out),
            "--scores",
            str(anchor),
            "--cell-types",
            "--curves",
            "--no-controls",
        ),
        ("evaluate", runs[0], "--data", str(small_world.data), "--curves", str(curves), "--no-controls"),
    ):
        monkeypatch.setattr(sys, "argv", ["interpret", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        assert int(stop.value.code or 0) == 0
    measures = pd.read_csv(out / "measures.tsv", sep="\t")
    assert set(measures["task"]) == {"X|one", "X|two"}  # cell types are rows of their own
    assert set(measures["run"]) == {*runs, "anchor"}
    assert read_study(out).kind == "compare"
    for folder in (out / "curves", curves):
        assert read_study(folder).kind == "evaluate"
        assert (folder / "curves.svg").is_file()
        assert set(pd.read_csv(folder / "targets.tsv", sep="\t")["task"]) == {"X|one", "X|two"}
