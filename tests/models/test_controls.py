"""The classic baselines as models, and the controls beside every model's measures."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from motiflens.models import build, load
from motiflens.models.architectures.kmer_logistic import canonical_numbers, kmer_presence
from motiflens.models.best_matrix import best_scores
from motiflens.models.controls import FILE, beaten, controls, controls_of, controls_of_runs
from motiflens.models.data.jaspar_matrices import jaspar_matrices, log_odds
from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.evaluate import evaluate, score
from motiflens.models.recipes import adjust, recipe
from motiflens.models.train import train

MAX = [1, 0, 1, 2, 3, 2]  # CACGTG


def windows(n: int, seed: int, *, length: int = 41, tasks: int = 1) -> ArrayWindows:
    """Windows that are bound where they hold CACGTG, some of them with unknown bases."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length)).astype(np.uint8)
    labels = (rng.random((n, tasks)) < 0.5).astype(np.float32)
    for row in np.flatnonzero(labels[:, 0]):
        start = rng.integers(0, length - 6)
        codes[row, start : start + 6] = MAX
    codes[:3, :4] = 4
    labels[5, -1] = np.nan
    return ArrayWindows(codes, labels, tasks=tuple(f"task{i}" for i in range(tasks)))


def dataset(**options: int) -> Dataset:
    splits = {name: windows(n, seed, **options) for name, n, seed in (("train", 400, 0), ("valid", 200, 1))}
    return Dataset("made up", "arrays", {**splits, "test": windows(200, 2, **options)}, "a hash")


def test_canonical_numbers() -> None:
    """By letters: a word and its reverse complement share a number, no others do."""
    words = ["".join(word) for word in itertools.product("ACGT", repeat=4)]
    turned = [word[::-1].translate(str.maketrans("ACGT", "TGCA")) for word in words]
    number = dict(zip(words, canonical_numbers(4).tolist(), strict=True))
    for (a, a_turned), (b, _) in itertools.product(zip(words, turned, strict=True), repeat=2):
        assert (number[a] == number[b]) == (b in (a, a_turned))
    assert max(number.values()) + 1 == len(set(number.values())) == 136


def test_presence_is_the_same_three_ways() -> None:
    found = windows(20, 3)
    model = build("kmer_logistic", length=41, k=3)
    x = torch.from_numpy(one_hot(found.codes(np.arange(20))))
    held = kmer_presence(found.codes(np.arange(20)), 3)
    expected = np.zeros((20, model.features), dtype=np.float32)  # type: ignore[operator]
    expected[np.repeat(np.arange(20), held.counts), held.words] = 1.0
    logits = model.eval()(x)
    assert logits.requires_grad  # by convolution
    with torch.inference_mode():
        looked_up = model(x)
    torch.testing.assert_close(logits, looked_up, rtol=0, atol=1e-6)
    by_hand = torch.from_numpy(expected) @ model.output.weight.T + model.output.bias  # type: ignore[union-attr, operator]
    torch.testing.assert_close(logits, by_hand, rtol=0, atol=1e-5)


def test_kmer_logistic_equals_scikit_learn(tmp_path: Path) -> None:
    """Fitted by `train`, stored and loaded: the logits are those of the regression on words counted by hand."""
    data = dataset()
    run = train("kmer_logistic", data, tmp_path / "run", recipe=recipe("kmer_logistic"))
    assert {path.name for path in run.path.iterdir()} == {
        "model.safetensors",
        "config.json",
        "metrics.json",
        "log.csv",
    }
    number = canonical_numbers(6)
    features = []
    for split in ("train", "test"):
        codes = data[split].codes(np.arange(len(data[split])))
        x = np.zeros((len(codes), number.max() + 1))
        for row, start in itertools.product(range(len(codes)), range(36)):
            word = codes[row, start : start + 6]
            if (word < 4).all():
                x[row, number[int("".join(map(str, word)), 4)]] = 1
        features.append(x)
    y = data["train"].labels[:, 0]
    known = ~np.isnan(y)
    reference = LogisticRegression(C=0.01, max_iter=1000, tol=1e-8).fit(features[0][known], y[known])
    expected = reference.decision_function(features[1])
    logits = np.concatenate(list(score(load(run.path), data["test"])))[:, 0]
    np.testing.assert_allclose(logits, expected, rtol=0, atol=2e-3)
    metrics = json.loads((run.path / "metrics.json").read_text())
    assert metrics["finished"]
    assert metrics["valid"][0]["auroc"] > 0.9
    again = train("kmer_logistic", data, tmp_path / "run", recipe=recipe("kmer_logistic"), resume=True)
    assert again.weights_hash == run.weights_hash
    with pytest.raises(ValueError, match="already holds a run"):
        train("kmer_logistic", data, tmp_path / "run", recipe=recipe("kmer_logistic"))
    changed = adjust(recipe("kmer_logistic"), "kmer_logistic", ["k=5"])
    with pytest.raises(ValueError, match="was started with another training"):
        train("kmer_logistic", data, tmp_path / "run", recipe=changed, resume=True)


def test_pwm_is_chosen_on_the_training_windows(tmp_path: Path) -> None:
    data = dataset(tasks=2)
    run = train("pwm", data, tmp_path / "run", recipe=recipe("pwm"))
    names, widths = (run.model.hyperparameters[key] for key in ("matrices", "widths"))
    matrices = {matrix.name: matrix for matrix in jaspar_matrices()}
    assert [len(matrices[name].counts) for name in names] == widths
    best = matrices[names[0]]
    consensus = "".join("ACGT"[i] for i in best.counts.argmax(axis=1))
    assert "CACGTG" in consensus or "CACGTG" in consensus[::-1].translate(str.maketrans("ACGT", "TGCA"))
    # its scores are the best log-odds on either strand, by a plain loop
    codes = data["test"].codes(np.arange(200))
    weights = np.vstack([log_odds(best.counts).T, np.zeros(len(best.counts))])  # an unknown base adds nothing
    expected = []
    for row in codes:
        turned = np.where(row < 4, 3 - row, 4)[::-1]
        w = len(best.counts)
        spots = [
            weights[strand[i : i + w], range(w)].sum() for strand in (row, turned) for i in range(len(row) - w + 1)
        ]
        expected.append(max(spots))
    np.testing.assert_allclose(best_scores(codes, [best])[:, 0], expected, rtol=0, atol=1e-4)
    logits = np.concatenate(list(score(run.model, data["test"])))
    slope, start = np.polyfit(expected, logits[:, 0], 1)
    assert slope > 0
    np.testing.assert_allclose(logits[:, 0], slope * np.array(expected) + start, rtol=0, atol=1e-3)


def test_controls_are_the_models_of_the_same_name(tmp_path: Path) -> None:
    data = dataset()
    table = controls(data["train"], data["test"])
    for name in ("pwm", "kmer_logistic"):
        run = train(name, data, tmp_path / name, recipe=recipe(name))
        expected = evaluate(run, data)["auroc"].iloc[0]
        assert table.set_index("control")["auroc"][name] == pytest.approx(expected, abs=0.01)
    assert table["matrix"].tolist()[1] == ""


def test_controls_never_read_the_test_labels() -> None:
    """Turned round, they turn the area round: nothing was chosen by them."""
    data = dataset()
    test = data["test"]
    turned = ArrayWindows(test.codes(np.arange(200)), 1 - test.labels, tasks=test.tasks)
    a, b = (controls(data["train"], part)["auroc"].to_numpy() for part in (test, turned))
    np.testing.assert_allclose(a, 1 - b, rtol=0, atol=1e-9)


def test_controls_follow_the_tasks_names() -> None:
    data = dataset(tasks=2)
    test = data["test"]
    turned = ArrayWindows(test.codes(np.arange(200)), test.labels[:, ::-1], tasks=("task1", "task0"))
    a, b = controls(data["train"], test), controls(data["train"], turned)
    pd.testing.assert_frame_equal(a, b)
    assert a[a["task"] == "task0"]["auroc"].min() > 0.85 > a[a["task"] == "task1"]["auroc"].max()


def test_kept_beside_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset()
    run = train("kmer_logistic", data, tmp_path / "run", recipe=recipe("kmer_logistic"))
    first = controls_of(run, data)
    assert (run.path / FILE).is_file()
    monkeypatch.setattr("motiflens.models.controls.controls", None)
    pd.testing.assert_frame_equal(controls_of(run, data), first)
    evaluate(run, data)
    found = controls_of_runs([run.path])
    pd.testing.assert_frame_equal(found[str(run.path)], first)


def test_beaten() -> None:
    floor = pd.DataFrame(
        {"task": ["a", "a", "b"], "control": ["pwm", "kmer_logistic", "pwm"], "matrix": ["MA1.1", "", "MA2.1"]}
    ).assign(auroc=[0.8, 0.9, 0.5])
    measures = pd.DataFrame({"task": ["a", "b"], "auroc": [0.7, 0.6]})
    assert beaten(measures, floor) == [
        "a: auroc 0.700 is below that of logistic regression on 6-mers (0.900)",
        "a: auroc 0.700 is below that of the best single JASPAR matrix MA1.1 (0.800)",
    ]


@pytest.mark.realdata
def test_published_figures(shared: Path) -> None:
    """On GABPA's held-out peaks: a motif alone and words as they were measured when this was written."""
    from motiflens.models.data import open_dataset

    data = open_dataset(shared / "data" / "encode" / "GABPA_GM12878.AC.seq.gz")
    table = controls(data["train"], data["test"]).set_index("control")
    assert table.loc["kmer_logistic", "auroc"] == pytest.approx(0.981, abs=0.005)
    assert table.loc["pwm", "auroc"] == pytest.approx(0.965, abs=0.005)
