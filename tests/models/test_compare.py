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
from motiflens.models.data.one_hot import decode
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.metrics import METRICS
from motiflens.models.provenance import file_hash
from motiflens.models.set_folder import open_sets
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


def fasta(path: Path, codes: np.ndarray) -> Path:
    path.write_text("".join(f">{path.stem}{i}\n{decode(row)}\n" for i, row in enumerate(codes)))
    return path


def seq(path: Path, bound: np.ndarray, unbound: np.ndarray) -> Path:
    rows = [*((row, 1) for row in bound), *((row, 0) for row in unbound)]
    lines = "".join(f"A\ts{i}\t{decode(row)}\t{label}\n" for i, (row, label) in enumerate(rows))
    path.write_text("FoldID\tEventID\tseq\tBound\n" + lines)
    return path


def test_sizes_count_what_is_left_out_for_the_test_set(tmp_path: Path) -> None:
    """A set is as large as it is given: 1,500 + 1,500 10 + 4 of them relatives of test windows, is medium."""
    rng = np.random.default_rng(0)
    bound, unbound, tested, other = (rng.integers(0, 4, (n, 40)).astype(np.uint8) for n in (1500, 1500, 40, 40))
    bound[:10], unbound[:4] = tested[:10], other[:4]
    test = seq(tmp_path / "x.B.seq", tested, other)
    opened = open_dataset(seq(tmp_path / "x.AC.seq", bound, unbound))
    assert sum(len(opened[split]) for split in ("train", "valid")) == 2_986
    assert opened.left_out == {"x": (10, 4)}
    assert training_sizes(opened) == {"x": 3_000}
    for kind in ("random_split", "shuffled_labels"):
        assert training_sizes(open_dataset(tmp_path / "x.AC.seq", control=kind)) == {"x": 3_000}
    positives = fasta(tmp_path / "y.fa", bound)
    for ratio, size in ((1, 3_000), (2, 4_500), (0.5, 2_250)):
        made = open_dataset(positives, test=fasta(tmp_path / "t.fa", tested), ratio=ratio)
        assert abs(training_sizes(made)["y"] - size) <= 1, "half a negative a positive is rounded in each split"
    x = np.eye(4, dtype=np.float32)[np.concatenate([bound, unbound])].transpose(0, 2, 1)
    y = np.stack([np.repeat([1, 0], 1500), np.repeat([0, 1], 1500)], axis=1)
    np.savez(tmp_path / "z.npz", X=x, y=y)
    np.savez(tmp_path / "zt.npz", X=np.eye(4)[tested].transpose(0, 2, 1), y=np.repeat([[1, 0]], 40, axis=0))
    arrays = open_dataset(tmp_path / "z.npz", test=tmp_path / "zt.npz")
    assert arrays.left_out == {"task0": (10, 0), "task1": (0, 10)}
    assert training_sizes(arrays) == {"task0": 3_000, "task1": 3_000}
    np.savez(tmp_path / "w.npz", X_train=x[:2000], y_train=y[:2000], X_valid=x[2000:], y_valid=y[2000:])
    assert training_sizes(open_dataset(tmp_path / "w.npz", test=tmp_path / "zt.npz")) == training_sizes(arrays)
    assert test.is_file()


def test_sizes_of_sets_that_are_made_independent(tmp_path: Path) -> None:
    """What another set's test windows take is counted, too."""
    rng = np.random.default_rng(1)
    a, b, u, v = (rng.integers(0, 4, (60, 40)).astype(np.uint8) for _ in range(4))
    seq(tmp_path / "a.AC.seq", a, u)
    seq(tmp_path / "a.B.seq", *rng.integers(0, 4, (2, 9, 40)).astype(np.uint8))
    seq(tmp_path / "b.AC.seq", b, v)
    seq(tmp_path / "b.B.seq", a[:7], u[:2])
    sets = open_sets(tmp_path)
    assert len(sets["a"]["train"]) + len(sets["a"]["valid"]) == 111
    assert [training_sizes(one) for one in sets.values()] == [{"a": 120}, {"b": 120}]


def test_sizes_of_files_of_negatives(tmp_path: Path) -> None:
    """Negatives that are related to test sequences are left out of the file's, and counted."""
    rng = np.random.default_rng(2)
    bound, unbound, tested, other = (rng.integers(0, 4, (n, 40)).astype(np.uint8) for n in (200, 300, 30, 30))
    bound[:5], unbound[:20] = tested[:5], other[:20]
    seq(tmp_path / "x.AC.seq", bound, unbound[:0])
    seq(tmp_path / "x.B.seq", tested, other)
    opened = open_dataset(tmp_path / "x.AC.seq", negatives_file=fasta(tmp_path / "n.fa", unbound))
    assert training_sizes(opened) == {"x": 500}
    assert sum(len(opened[split]) for split in ("train", "valid")) == 475


def test_a_ratio_that_changes_nothing_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    seq(tmp_path / "x.seq", *rng.integers(0, 4, (2, 50, 40)).astype(np.uint8))
    assert not any("ratio" in note for note in open_dataset(tmp_path / "x.seq").notes)
    notes = open_dataset(tmp_path / "x.seq", ratio=3).notes
    assert "ratio 3 changes nothing: x.seq has negatives of its own" in notes


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
