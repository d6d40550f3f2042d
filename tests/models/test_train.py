"""Training: what a run folder holds, resuming, starting from another run, and clear refusals."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.machine import Machine
from motiflens.models.objective import masked_loss, without_some_signals
from motiflens.models.progress import Step
from motiflens.models.recipes import Recipe
from motiflens.models.registry import _REGISTERED, register
from motiflens.models.run import load, open_run
from motiflens.models.train import train

MOTIF = [0, 1, 2, 3, 0, 0, 1, 2]


@pytest.fixture(autouse=True)
def _toy() -> object:
    """Register a model of two layers with dropout and batch statistics: all kinds of state."""

    @register("toy")
    class Toy(SequenceModel):
        def __init__(
            self, *, length: int, channels: int, outputs: int, meta: int, width: int = 8, drop: float = 0.2
        ) -> None:
            super().__init__(
                length=length,
                channels=channels,
                outputs=outputs,
                meta=meta,
                hyperparameters={"width": width, "drop": drop},
            )
            self.net = nn.Sequential(
                nn.Conv1d(channels, width, 8),
                nn.BatchNorm1d(width),
                nn.ReLU(),
                nn.AdaptiveMaxPool1d(1),
                nn.Flatten(),
                nn.Dropout(drop),
                nn.Linear(width, outputs),
            )

        def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
            return self.net(x)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the model is tiny
    yield
    torch.set_num_threads(threads)
    _REGISTERED.pop("toy", None)


def windows(n: int, seed: int, *, outputs: int = 1, length: int = 40) -> ArrayWindows:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length)).astype(np.uint8)
    labels = (rng.random((n, outputs)) < 0.5).astype(np.float32)
    for row in np.flatnonzero(labels[:, 0]):
        start = rng.integers(0, length - 8)
        codes[row, start : start + 8] = MOTIF
    return ArrayWindows(codes, labels)


def dataset(**options: int) -> Dataset:
    splits = {"train": windows(600, 0, **options), "valid": windows(300, 1, **options)}
    return Dataset("made up", "arrays", splits, "a hash")


RECIPE = Recipe(rate=0.01, batch=50, epochs=4)


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["seconds"]
    return rows


def test_run_folder(tmp_path: Path) -> None:
    run = train("toy", dataset(), tmp_path / "run", recipe=RECIPE, seed=3)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "model.safetensors",
        "config.json",
        "metrics.json",
        "log.csv",
        "last.ckpt",
    }
    assert run.config["training"]["seed"] == 3
    assert run.config["training"]["train_windows"] == {"task0": int(windows(600, 0).labels.sum())}
    assert run.config["data"]["hash"] == "a hash"
    assert "torch" in run.config["made_by"]["versions"]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["finished"]
    assert metrics["valid"][0]["auprc"] > 0.95
    rows = log(tmp_path / "run")
    assert [int(row["epoch"]) for row in rows] == list(range(len(rows)))
    best = max(range(len(rows)), key=lambda i: float(rows[i]["valid_auprc"]))
    assert metrics["best_epoch"] == best
    assert not load(tmp_path / "run").training


def test_same_seed_same_run(tmp_path: Path) -> None:
    a, b, c = (
        train("toy", dataset(), tmp_path / name, recipe=RECIPE, seed=seed)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert a.weights_hash == b.weights_hash
    assert a.weights_hash != c.weights_hash


def test_leaves_the_random_state_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train("toy", dataset(), tmp_path / "run", recipe=Recipe(epochs=1))
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)


@pytest.mark.parametrize("validated", [True, False], ids=["after validation", "within an epoch"])
def test_resumed_equals_uninterrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, validated: bool) -> None:
    monkeypatch.setattr("motiflens.models.training_log._EVERY", 0.0)
    whole = train("toy", dataset(), tmp_path / "whole", recipe=RECIPE)

    def die(at: Step) -> None:
        if at.note.startswith("epoch 3/") and (at.done == at.total) == validated and at.done > 150:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        train("toy", dataset(), tmp_path / "cut", recipe=RECIPE, progress=die)
    resumed = train("toy", dataset(), tmp_path / "cut", recipe=RECIPE, resume=True)
    assert resumed.weights_hash == whole.weights_hash
    assert log(tmp_path / "cut") == log(tmp_path / "whole")
    last = [torch.load(tmp_path / name / "last.ckpt", weights_only=True) for name in ("whole", "cut")]
    for key, value in last[0]["model"].items():
        assert torch.equal(value, last[1]["model"][key]), key


def test_resuming_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    recipe = Recipe(rate=0.05, batch=50, epochs=30, patience=2)
    first = train("toy", dataset(), tmp_path / "run", recipe=recipe)
    before = log(tmp_path / "run")
    assert len(before) < 30, "early stopping"
    again = train("toy", dataset(), tmp_path / "run", recipe=recipe, resume=True)
    assert again.weights_hash == first.weights_hash
    assert log(tmp_path / "run") == before


def test_a_constant_rate_may_be_resumed_for_longer(tmp_path: Path) -> None:
    long = Recipe(rate=0.01, batch=50, epochs=5, patience=9)
    whole = train("toy", dataset(), tmp_path / "whole", recipe=long)
    train("toy", dataset(), tmp_path / "run", recipe=replace(long, epochs=2, patience=5))
    resumed = train("toy", dataset(), tmp_path / "run", recipe=long, resume=True)
    assert resumed.weights_hash == whole.weights_hash
    assert log(tmp_path / "run") == log(tmp_path / "whole")
    assert resumed.config["training"] == whole.config["training"]
    planned = replace(long, schedule="cosine")
    train("toy", dataset(), tmp_path / "planned", recipe=planned)
    with pytest.raises(ValueError, match=r"another training \(epochs\)"):
        train("toy", dataset(), tmp_path / "planned", recipe=replace(planned, epochs=9), resume=True)


def test_mixed_precision_learns_and_keeps_whole_weights(tmp_path: Path) -> None:
    mixed = Machine(accelerator="cpu", precision="bf16-mixed")
    run = train("toy", dataset(), tmp_path / "mixed", recipe=RECIPE, machine=mixed)
    plain = train("toy", dataset(), tmp_path / "plain", recipe=RECIPE)
    assert run.weights_hash != plain.weights_hash
    assert {weight.dtype for weight in run.model.parameters()} == {torch.float32}
    assert json.loads((tmp_path / "mixed" / "metrics.json").read_text())["valid"][0]["auprc"] > 0.95
    again = train("toy", dataset(), tmp_path / "again", recipe=RECIPE, machine=mixed)
    assert again.weights_hash == run.weights_hash


def test_early_stopping_keeps_the_best(tmp_path: Path) -> None:
    recipe = Recipe(rate=0.05, batch=50, epochs=30, patience=2)
    train("toy", dataset(), tmp_path / "run", recipe=recipe)
    values = [float(row["valid_auprc"]) for row in log(tmp_path / "run")]
    best = int(np.argmax(values))
    assert len(values) == best + 1 + 2
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["valid"][0]["auprc"] == values[best]


def test_resume_refuses_other_settings(tmp_path: Path) -> None:
    train("toy", dataset(), tmp_path / "run", recipe=Recipe(epochs=1))
    with pytest.raises(ValueError, match=r"another training \(batch\)"):
        train("toy", dataset(), tmp_path / "run", recipe=Recipe(epochs=1, batch=10), resume=True)
    with pytest.raises(ValueError, match="already holds a run"):
        train("toy", dataset(), tmp_path / "run", recipe=Recipe(epochs=1))


def test_signal_dropout_silences_signals_and_no_bases() -> None:
    x = torch.rand(4000, 6, 40) + 0.1
    torch.manual_seed(0)
    seen = without_some_signals(x, 0.3)
    assert torch.equal(seen[:, :4], x[:, :4])
    silent = (seen[:, 4:] == 0).all(dim=(1, 2))
    assert torch.equal(seen[~silent], x[~silent])
    assert 0.27 < silent.float().mean() < 0.33
    assert torch.equal(without_some_signals(x[:, :4], 0.3), x[:, :4])


def test_init_from(tmp_path: Path) -> None:
    first = train("toy", dataset(), tmp_path / "a", recipe=RECIPE)
    frozen = Recipe(epochs=1, finetune_rate=0.0)
    second = train(first, dataset(), tmp_path / "b", recipe=frozen)
    for name, value in first.model.named_parameters():
        assert torch.equal(value, dict(second.model.named_parameters())[name])
    assert second.config["training"]["init_from"]["weights_hash"] == first.weights_hash
    assert second.config["training"]["rate"] == 0.0
    with pytest.raises(ValueError, match="was trained with outputs 1, here it is 2"):
        train(first, dataset(outputs=2), tmp_path / "c", recipe=RECIPE)


def test_unknown_labels_are_masked() -> None:
    logits = torch.tensor([[0.3, -2.0], [1.5, 0.7]], dtype=torch.float64)
    y = torch.tensor([[1.0, float("nan")], [0.0, 1.0]], dtype=torch.float64)
    p = torch.sigmoid(logits)
    expected = -(p[0, 0].log() + (1 - p[1, 0]).log() + p[1, 1].log()) / 3
    torch.testing.assert_close(masked_loss(logits, y, 3), expected, rtol=1e-12, atol=0)
    leaf = logits.clone().requires_grad_()
    masked_loss(leaf, y, 3).backward()
    assert leaf.grad is not None
    assert leaf.grad[0, 1] == 0
    assert torch.isfinite(leaf.grad).all()


def test_refuses_data_that_cannot_be_validated(tmp_path: Path) -> None:
    some = windows(50, 0)
    some.labels[:] = 0
    broken = Dataset("made up", "arrays", {"train": windows(50, 0), "valid": some}, "h")
    with pytest.raises(ValueError, match="no task with both bound and unbound"):
        train("toy", broken, tmp_path / "run", recipe=RECIPE)


def test_interrupted_before_the_first_epoch_leaves_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import signal

    monkeypatch.setattr("motiflens.models.training_log._EVERY", 0.0)

    def press(at: Step) -> None:
        if at.done > 50:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train("toy", dataset(), tmp_path / "run", recipe=RECIPE, progress=press)
    assert open_run(tmp_path / "run").model.outputs == 1
    assert not json.loads((tmp_path / "run" / "metrics.json").read_text())["finished"]
    whole = train("toy", dataset(), tmp_path / "whole", recipe=RECIPE)
    assert train("toy", dataset(), tmp_path / "run", recipe=RECIPE, resume=True).weights_hash == whole.weights_hash


def test_frozen_layers_stay(tmp_path: Path) -> None:
    """SAResNet's supplement S2: parts keep their weights, and their batch normalisation its statistics."""
    own = {"kernels": 4, "blocks": (1, 1), "attention_size": 2, "dense": 3}
    how = Recipe(epochs=1, batch=20, hyperparameters=own)
    data = dataset()
    first = train("saresnet", data, tmp_path / "a", recipe=how)
    frozen = replace(how, freeze=("convolution", "stages.0"), finetune_rate=0.1)
    second = train(first, data, tmp_path / "b", recipe=frozen, seed=1)
    before, after = first.model.state_dict(), second.model.state_dict()
    kept = {name for name in before if name.startswith(("convolution.", "stages.0."))}
    assert any("running_mean" in name for name in kept)
    for name in kept - {name for name in kept if "num_batches" in name}:
        torch.testing.assert_close(after[name], before[name], rtol=0, atol=0)
    assert not torch.equal(after["output.weight"], before["output.weight"])
    assert not torch.equal(after["stages.1.0.norm1.running_mean"], before["stages.1.0.norm1.running_mean"])
    with pytest.raises(ValueError, match="has no layer 'stage' to freeze: it has attentions, convolution, dense"):
        train(first, data, tmp_path / "c", recipe=replace(how, freeze=("stage",)))
    every = tuple({name.split(".")[0] for name in before})
    with pytest.raises(ValueError, match=r"leaves nothing of .* to train"):
        train(first, data, tmp_path / "d", recipe=replace(how, freeze=every))
