"""Comparing runs: means over common tasks, counts about the diagonal, Wilcoxon, strata."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from motiflens.models import build, save_run
from motiflens.models.compare import _dream_scores, compare, pair, size_class, task_table
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.metrics import METRICS
from motiflens.models.provenance import file_hash
from motiflens.models.train import training_sizes


def make(
    folder: Path,
    values: dict[str, float],
    bound: dict[str, int] | None = None,
    data: tuple[str, str] | None = None,
) -> Path:
    """Write what compare reads of a run."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"training": {"training_sequences": bound or {}}}))
    tasks = [
        {"task": task, "positives": 5, "negatives": 5, **dict.fromkeys(METRICS, value)}
        for task, value in values.items()
    ]
    source, data_hash = data or (None, None)
    record = {"tasks": tasks, "data": source, "data_hash": data_hash}
    (folder / "metrics.json").write_text(json.dumps({"evaluated_test": [record]}))
    return folder


def test_means_over_common_tasks(tmp_path: Path) -> None:
    a = make(tmp_path / "a", {"x": 0.5, "y": 0.7, "z": 0.1})
    b = make(tmp_path / "b", {"y": 0.9, "x": 0.7})
    table = compare([a, b])
    assert table["tasks"].tolist() == [2, 2]
    np.testing.assert_allclose(table["auroc"], [0.6, 0.8], rtol=1e-12)
    np.testing.assert_allclose(table["dream_score"], [4 * np.log(2 / 6), 4 * np.log(1 / 6)], rtol=1e-12)


def test_pair(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    first = {f"t{i}": float(value) for i, value in enumerate(rng.random(40))}
    second = {task: value + float(rng.normal(0.05, 0.1)) for task, value in first.items()}
    second["t0"] = first["t0"]
    bound = {task: [200, 4_000, 100_000][i % 3] for i, task in enumerate(first)}
    found = pair(make(tmp_path / "a", first, bound), make(tmp_path / "b", second, bound))
    change = np.array([second[task] - first[task] for task in first])
    whole = found.counts.iloc[0]
    assert (whole["above"], whole["below"], whole["equal"]) == ((change > 0).sum(), (change < 0).sum(), 1)
    assert whole["p"] == pytest.approx(wilcoxon(change[change != 0]).pvalue, rel=1e-12)
    assert found.counts["size"].tolist() == ["all", "small", "medium", "large"]
    assert found.counts["tasks"].tolist() == [40, 14, 13, 13]
    small = change[::3]
    assert found.counts.iloc[1]["above"] == (small > 0).sum()


def test_folders_of_runs(tmp_path: Path) -> None:
    make(tmp_path / "a" / "one", {"x": 0.5})
    make(tmp_path / "a" / "two", {"y": 0.6})
    assert task_table(tmp_path / "a")["task"].tolist() == ["x", "y"]
    make(tmp_path / "a" / "three", {"y": 0.6})
    with pytest.raises(ValueError, match="two runs have the task 'y'"):
        task_table(tmp_path / "a")


def test_refusals(tmp_path: Path) -> None:
    a, b = make(tmp_path / "a", {"x": 0.5}), make(tmp_path / "b", {"y": 0.5})
    with pytest.raises(ValueError, match="different tasks"):
        compare([a, b])
    with pytest.raises(ValueError, match="no metric 'auc'"):
        pair(a, a, metric="auc")
    with pytest.raises(FileNotFoundError, match="interpret evaluate"):
        compare([a, b], split="train")
    with pytest.raises(FileNotFoundError, match="is no run folder"):
        compare([tmp_path / "none", b])


def test_sizes() -> None:
    """3,000 and 30,000 sequences of the training subset, bound and unbound."""
    assert [size_class(n) for n in (0, 2_999, 3_000, 30_000, 30_001)] == [
        "small",
        "small",
        "medium",
        "medium",
        "large",
    ]
    assert size_class(float("nan")) == "unknown"


def test_figure(tmp_path: Path) -> None:
    from motiflens.analyses.compare_figure import compare_figure

    a, b = make(tmp_path / "a", {"x": 0.5, "y": 0.6}), make(tmp_path / "b", {"x": 0.7, "y": 0.5})
    figure = compare_figure(pair(a, b), tmp_path / "pair.svg")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["1 above", "1 below"]
    assert (tmp_path / "pair.svg").read_text().startswith("<?xml")


def test_measures_on_different_data(tmp_path: Path) -> None:
    """`evaluate` on other data leaves its measures in the run: they are not set beside those of another set."""
    a = make(tmp_path / "a", {"x": 0.5}, data=("/data/one", "h1"))
    moved = make(tmp_path / "b", {"x": 0.6}, data=("/elsewhere/one", "h1"))
    with_signals = make(tmp_path / "c", {"x": 0.7}, data=("/data/one", "h2"))
    assert compare([a, moved, with_signals])["auroc"].tolist() == [0.5, 0.6, 0.7]
    other = make(tmp_path / "d", {"x": 0.8}, data=("/data/two", "h3"))
    for paths in ([a, other], [a, moved, other]):
        with pytest.raises(ValueError, match=r"a was last evaluated on /data/one, .*d on /data/two"):
            compare(paths)
    with pytest.raises(ValueError, match="evaluate both on the same data"):
        pair(a, other)


def test_the_unified_score_is_of_each_target_then_averaged(tmp_path: Path) -> None:
    """a is best on one target by far, b on two: the means put a first (-7.17, -4.39), the paper puts b first."""
    a = make(tmp_path / "a", {"x": 0.9, "y": 0.5, "z": 0.5})
    b = make(tmp_path / "b", {"x": 0.3, "y": 0.6, "z": 0.6})
    table = compare([a, b])
    assert table["auroc"][0] > table["auroc"][1]
    np.testing.assert_allclose(table["dream_score"], [-5.32, -6.24], atol=5e-3, rtol=0)
    np.testing.assert_allclose(
        table["dream_score"],
        [4 * (np.log(1 / 6) + 2 * np.log(2 / 6)) / 3, 4 * (np.log(2 / 6) + 2 * np.log(1 / 6)) / 3],
    )


def test_sizes_count_the_whole_training_subset() -> None:
    """Bound and unbound, before validation is taken off: 2,700 of 3,000 in train are a medium set, not small."""

    def of(n: int) -> ArrayWindows:
        return ArrayWindows(np.zeros((n, 9), np.uint8), np.arange(n) % 2)

    sizes = training_sizes(Dataset("x", "arrays", {"train": of(2_700), "valid": of(300), "test": of(750)}, "h"))
    assert sizes == {"task0": 3_000}
    assert size_class(sizes["task0"]) == "medium"
    shared = ArrayWindows(
        np.zeros((100, 9), np.uint8), np.stack([np.arange(100) < 5, np.arange(100) < 60], axis=1)
    )
    assert training_sizes(Dataset("x", "arrays", {"train": shared}, "h")) == {"task0": 10, "task1": 100}


def test_measures_of_other_weights_or_tasks_are_refused(tmp_path: Path) -> None:
    """They are kept in metrics.json, and outlived a truncated or exchanged file of weights."""
    folder = tmp_path / "run"
    save_run(folder, build("deepbind", length=40, kernels=2), {"tasks": ["x"], "training": {}})
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    record = {
        "tasks": [{"task": "x", "positives": 5, "negatives": 5, **dict.fromkeys(METRICS, 0.5)}],
        "data": None,
        "data_hash": None,
        "weights_hash": file_hash(weights),
    }

    def keep() -> None:
        (folder / "metrics.json").write_text(json.dumps({"evaluated_test": [record]}))

    keep()
    assert len(task_table(folder)) == 1
    weights.write_bytes(whole[:-8])
    with pytest.raises(ValueError, match="is not the file that was measured"):
        task_table(folder)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match="is missing"):
        task_table(folder)
    weights.write_bytes(whole)
    record["tasks"][0]["task"] = "y"  # type: ignore[index]
    keep()
    with pytest.raises(ValueError, match="holds measures of y, the run's tasks are x"):
        task_table(folder)


def test_the_unified_score_is_of_the_same_tasks_for_all() -> None:
    """A run whose measure is undefined on one task was averaged over the others, its rival over all."""
    good = {"auroc": 0.9, "auprc": 0.8, "recall_at_fdr50": 0.7, "recall_at_fdr10": 0.6}
    poor = {name: value / 2 for name, value in good.items()}
    first = pd.DataFrame([good, {**poor, "recall_at_fdr10": np.nan}, poor], index=["A", "B", "C"])
    second = pd.DataFrame([poor, good, good], index=["A", "B", "C"])
    tables = [table.assign(**{name: np.nan for name in METRICS if name not in good}) for table in (first, second)]
    by_hand = (4 * np.log(1 / 6) + 4 * np.log(2 / 6)) / 2  # of A and C alone, where each is first once
    np.testing.assert_allclose(_dream_scores(tables), [by_hand, by_hand], rtol=1e-12)
