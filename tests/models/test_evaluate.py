"""Scoring windows: order, batches, strands, tasks, and what it leaves behind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models import build, open_run, save_run
from motiflens.models.architectures.base import reverse_complement
from motiflens.models.data import open_dataset
from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.evaluate import evaluate, score
from motiflens.models.metrics import binary_metrics
from motiflens.models.metrics_file import split_record
from motiflens.models.run import Run
from motiflens.models.strands import mean_logit


@pytest.fixture
def run(tmp_path: Path) -> Run:
    torch.manual_seed(0)
    model = build("cnn_zeng", length=40, outputs=2, kernels=8, kernel_size=6, dense=4)
    return open_run(save_run(tmp_path / "run", model, {"tasks": ["a", "b"]}))


def windows(n: int = 30) -> ArrayWindows:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, (n, 2)).astype(np.float32)
    labels[0, 1] = np.nan
    return ArrayWindows(rng.integers(0, 5, (n, 40)).astype(np.uint8), labels, tasks=("a", "b"))


def dataset(found: ArrayWindows) -> Dataset:
    return Dataset("made up", "arrays", {"test": found}, "h")


@pytest.mark.parametrize("batch_size", [1, 7, 30, 100])
def test_score_equals_the_model(run: Run, batch_size: int) -> None:
    found = windows()
    x = torch.from_numpy(one_hot(found.codes(np.arange(30))))
    with torch.no_grad():
        expected = run.model(x).numpy()
    parts = list(score(run.model, found, batch_size=batch_size))
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-5, atol=1e-6)
    rows = np.array([5, 2, 9])
    np.testing.assert_allclose(
        np.concatenate(list(score(run.model, found, rows))), expected[rows], rtol=1e-5, atol=1e-6
    )


def test_average_of_strands(run: Run) -> None:
    found = windows()
    x = torch.from_numpy(one_hot(found.codes(np.arange(30))))
    with torch.no_grad():
        p = (run.model(x).sigmoid() + run.model(reverse_complement(x)).sigmoid()) / 2
    logits = np.concatenate(list(score(run.model, found, average_strands=True)))
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), p.numpy(), rtol=1e-5, atol=1e-6)


def test_mean_logit_is_stable() -> None:
    a = torch.tensor([100.0, -100.0, 0.3, 100.0], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([100.0, -100.0, -1.2, -100.0], dtype=torch.float64)
    found = mean_logit(a, b)
    p = (torch.sigmoid(torch.tensor(0.3)) + torch.sigmoid(torch.tensor(-1.2))).double() / 2
    expected = torch.tensor([100.0, -100.0, torch.logit(p), 0.0], dtype=torch.float64)
    torch.testing.assert_close(found.detach(), expected, rtol=1e-6, atol=1e-6)
    found.sum().backward()
    assert a.grad is not None
    assert torch.isfinite(a.grad).all()


def test_the_model_comes_back_as_it_was(run: Run) -> None:
    run.model.train()
    parts = score(run.model, windows(), batch_size=4)
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert run.model.training


def test_evaluate_masks_and_keeps(run: Run) -> None:
    found = windows()
    table = evaluate(run, dataset(found))
    logits = np.concatenate(list(score(run.model, found)))
    for i, task in enumerate(("a", "b")):
        expected = binary_metrics(found.labels[:, i], logits[:, i])
        row = table.iloc[i]
        assert row["task"] == task
        assert row["positives"] + row["negatives"] == 30 - i
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-12)
    kept = json.loads((run.path / "metrics.json").read_text())["evaluated_test"][-1]
    assert [row["task"] for row in kept["tasks"]] == ["a", "b"]
    assert kept["data_hash"] == "h"


def test_keeps_each_data_set(run: Run) -> None:
    found = windows()
    own, other = dataset(found), replace(dataset(found.subset(np.arange(20))), hash="other")
    evaluate(run, own)
    evaluate(run, other)
    evaluate(run, own)
    kept = json.loads((run.path / "metrics.json").read_text())
    assert [row["data_hash"] for row in kept["evaluated_test"]] == ["other", "h"]
    assert split_record(kept, "test") == split_record(kept, "test", "h") != split_record(kept, "test", "other")
    assert split_record(kept, "valid") is None


def test_tasks_are_matched_by_name(run: Run) -> None:
    found = windows()
    turned = ArrayWindows(
        found.codes(np.arange(30)), found.labels[:, ::-1].copy(), tasks=("b", "a"), table=found.table
    )
    assert evaluate(run, dataset(found)).equals(evaluate(run, dataset(turned)))
    other = ArrayWindows(found.codes(np.arange(30)), found.labels, tasks=("a", "c"))
    with pytest.raises(ValueError, match="the data have no task 'b'"):
        evaluate(run, dataset(other))


def test_refuses_other_windows(run: Run, tmp_path: Path) -> None:
    fixed = build("tbinet", length=40, outputs=2, kernels=4, kernel_size=6, pool=5, units=2, dense=2)
    fixed_run = open_run(save_run(tmp_path / "fixed", fixed, {"tasks": ["a", "b"]}))
    short = ArrayWindows(np.zeros((2, 30), dtype=np.uint8), np.zeros((2, 2)), tasks=("a", "b"))
    with pytest.raises(ValueError, match="takes windows of 40 bp, the data have 30"):
        evaluate(fixed_run, dataset(short))
    with pytest.raises(ValueError, match="has no split 'valid'"):
        evaluate(run, dataset(windows()), split="valid")


def test_refuses_channels_in_another_order(tmp_path: Path) -> None:
    """As many channels, the same names, another order: every score would be wrong."""
    names = ("A", "C", "G", "T", "uniqueness", "dnase")
    model = build("cnn_zeng", length=40, channels=6, outputs=1, kernels=8, kernel_size=6, dense=4)
    run = open_run(save_run(tmp_path / "run", model, {"tasks": ["a"], "channels": list(names)}))
    codes, track = np.zeros((4, 40), dtype=np.uint8), np.zeros((4, 40), dtype=np.float32)
    labels = np.array([0, 1, 0, 1], dtype=np.float32)

    def of(*signals: str) -> Dataset:
        return dataset(ArrayWindows(codes, labels, tasks=("a",), signals=dict.fromkeys(signals, track)))

    with pytest.raises(ValueError, match="data have them as A, C, G, T, dnase, uniqueness"):
        evaluate(run, of("dnase", "uniqueness"))
    for fitting in (("uniqueness", "dnase"), ("mappability", "access")):  # names of one's own are trusted
        assert len(evaluate(run, of(*fitting))) == 1


def test_models_of_any_length_and_without_meta(tmp_path: Path) -> None:
    """What a model can take is not refused: other lengths where it takes any, features that it does not read."""
    model = build("deepbind", length=40, kernels=4, kernel_size=6)
    codes = np.random.default_rng(0).integers(0, 4, (3, 30)).astype(np.uint8)
    found = ArrayWindows(codes, np.zeros(3), meta={"age": np.zeros(3, dtype=np.float32)})
    with torch.no_grad():
        expected = model.eval()(torch.from_numpy(one_hot(codes))).numpy()
    np.testing.assert_allclose(np.concatenate(list(score(model, found))), expected, rtol=1e-5, atol=1e-6)


def test_strands_as_rows_from_the_command_line(tmp_path: Path) -> None:
    """Twice as many windows, as the library counts them; not kept beside measures of the mean of strands."""
    rng = np.random.default_rng(0)
    lines = [f"A\ts{i}\t{''.join(rng.choice(list('ACGT'), 40))}\t{i % 2}\n" for i in range(120)]
    for name, part in (("x.AC.seq", slice(60)), ("x.B.seq", slice(60, 120))):
        (tmp_path / name).write_text("FoldID\tEventID\tseq\tBound\n" + "".join(lines[part]))
    torch.manual_seed(0)
    model = build("cnn_zeng", length=40, outputs=1, kernels=4, kernel_size=6, dense=4)
    saved = save_run(tmp_path / "run", model, {"tasks": ["x"], "channels": list("ACGT")})
    given = ["evaluate", str(saved), "--data", str(tmp_path / "x.AC.seq"), "--no-controls", "--device", "cpu"]
    result = CliRunner().invoke(app, [*given, "--strands-as-rows", "--out", str(tmp_path / "t.tsv")])
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "t.tsv", sep="\t")
    assert table[["positives", "negatives"]].to_numpy().tolist() == [[60, 60]]
    assert json.loads((tmp_path / "t.tsv.json").read_text())["strands_as_rows"] is True
    assert not (saved / "metrics.json").exists()
    expected = evaluate(open_run(saved), open_dataset(tmp_path / "x.AC.seq"), strands_as_rows=True)
    assert table["auroc"][0] == pytest.approx(expected["auroc"][0], abs=1e-6)
    both = CliRunner().invoke(app, [*given, "--strands-as-rows", "--both-strands"])
    assert "give either --strands-as-rows" in str(both.exception)
