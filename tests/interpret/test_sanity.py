"""Sanity checks: they pass for what is sane and fail for what is not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.interpret.sanity import COLUMNS, SanityOptions, _base_rate_loss, fresh_twin, sanity
from motiflens.models.data.windows import ArrayWindows
from motiflens.models.registry import build
from motiflens.models.run import open_run, save_run

LENGTH = 50
QUICK = SanityOptions(n=6, stages=3, epochs=2, train_windows=40)


@pytest.fixture(scope="module")
def windows() -> ArrayWindows:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (60, LENGTH)).astype(np.uint8)
    codes[0, :5] = 4
    labels = (np.arange(60) % 3 == 0).astype(np.float32)
    for window in np.flatnonzero(labels):  # bound windows hold CACGTG
        codes[window, 20:26] = [1, 0, 1, 2, 3, 2]
    labels[1] = np.nan
    return ArrayWindows(codes, labels)


class Motif(nn.Module):
    """Knows CACGTG, which is its own reverse complement."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 1, 6)
        self.pool = nn.MaxPool1d(LENGTH - 5)
        self.output = nn.Linear(1, 1)
        with torch.no_grad():
            kernel = torch.full((1, 4, 6), -1.0)
            kernel[0, [1, 0, 1, 2, 3, 2], torch.arange(6)] = 1.0
            self.convolution.weight.copy_(kernel)
            self.convolution.bias.zero_()
            self.output.weight.fill_(2.0)
            self.output.bias.fill_(-4.0)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.output(self.pool(self.convolution(x)).flatten(1))
        return logits


class Template(nn.Module):
    """Answers with the input itself through a fixed template, whatever its weights are: not sane."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.register_buffer("template", torch.from_numpy(np.random.default_rng(1).random((4, LENGTH))).float())

    def forward(self, x: Tensor) -> Tensor:
        return ((x * self.template).sum((1, 2)) + self.weight)[:, None]


def row(found: object, check: str, measure: str) -> dict[str, object]:
    table = found.table  # type: ignore[attr-defined]
    chosen = table[(table["check"] == check) & (table["measure"] == measure)]
    return dict(chosen.iloc[-1])


def test_a_sane_model_passes(windows: ArrayWindows) -> None:
    model = Motif()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = sanity(model, windows, method="deep_lift_shap", settings=QUICK)
    assert list(found.table.columns) == list(COLUMNS)
    assert set(found.table["check"]) == {
        "weights", "labels", "seeds", "strands", "batches", "completeness", "control",
    }  # fmt: skip
    assert row(found, "strands", "pearson")["value"] > 0.8  # type: ignore[operator]
    assert row(found, "completeness", "share of windows flagged")["value"] == 0
    assert row(found, "batches", "largest difference / largest score")["passed"]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training


def test_a_map_that_ignores_the_weights_fails(windows: ArrayWindows) -> None:
    found = sanity(Template(), windows, method="saliency", settings=QUICK)
    randomised = row(found, "weights", "spearman of absolute values")
    assert randomised["value"] == pytest.approx(1.0, abs=1e-6)
    assert randomised["passed"] is False
    assert row(found, "strands", "pearson")["passed"] is False
    assert not found.passed


def test_a_run_and_a_model_trained_on_shuffled_labels(windows: ArrayWindows, tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build("cnn_zeng", length=LENGTH, kernels=4, kernel_size=6, dense=4)
    run = open_run(save_run(tmp_path / "run", model, {"tasks": ["task0"]}))
    found = sanity(run, windows, shuffled=run, settings=QUICK)
    same = row(found, "labels", "spearman of absolute values")
    assert same["part"] == "given model"
    assert same["value"] == pytest.approx(1.0)  # the same model: nothing changed
    assert same["passed"] is False
    record = json.loads(json.dumps(found.as_json()))
    assert record["windows"] == 6
    assert record["checks"][0]["check"] == "weights"


def test_seeds_of_random_scores_disagree(windows: ArrayWindows) -> None:
    found = sanity(Motif(), windows, method="random", settings=QUICK)
    assert row(found, "seeds", "spearman")["passed"] is False
    steady = sanity(Motif(), windows, method="saliency", settings=QUICK)
    assert row(steady, "seeds", "spearman")["value"] == pytest.approx(1.0)


def test_fresh_twins() -> None:
    model = build("danq", length=LENGTH, kernels=4, kernel_size=6, units=3, dense=4)
    state = torch.get_rng_state()
    first, again, other = fresh_twin(model, 1), fresh_twin(model, 1), fresh_twin(model, 2)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.convolution.weight, again.convolution.weight)  # type: ignore[union-attr]
    assert not torch.equal(first.convolution.weight, other.convolution.weight)  # type: ignore[union-attr]
    assert not torch.equal(first.convolution.weight, model.convolution.weight)  # type: ignore[union-attr]
    permuted = fresh_twin(Motif(), 0)
    assert sorted(permuted.convolution.weight.flatten().tolist()) == sorted(  # type: ignore[union-attr]
        Motif().convolution.weight.flatten().tolist()
    )


def test_no_windows(windows: ArrayWindows) -> None:
    with pytest.raises(ValueError, match="this split has none"):
        sanity(Motif(), windows.subset(np.array([], dtype=np.int64)), settings=QUICK)


def test_settings_that_make_no_sense() -> None:
    for given in ({"n": 0}, {"epochs": -1}, {"batch_size": 0}, {"stages": 0}):
        with pytest.raises(ValueError, match="expected at least"):
            SanityOptions(**given)


def test_nothing_learned_is_the_entropy_of_the_labels() -> None:
    labels = torch.tensor([[1.0, 0.0], [0.0, float("nan")], [0.0, 1.0], [0.0, float("nan")]])
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert _base_rate_loss(labels) == pytest.approx((4 * entropy + 2 * np.log(2)) / 6)


def test_a_maximum_over_strands_is_consistent(windows: ArrayWindows) -> None:
    """DeepBind takes the larger strand: its map turns round with the window, while single strands owe nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build("deepbind", length=LENGTH, kernels=6, kernel_size=8, hidden=5)
    found = sanity(model, windows, method="saliency", settings=QUICK)
    strands = found.table[found.table["check"] == "strands"].set_index(["part", "measure"])
    assert strands.loc[("median window", "pearson"), "value"] == pytest.approx(1, abs=1e-4)
    assert strands.loc[("median window", "pearson"), "passed"] is True
    assert strands.loc[("median window, single strands", "pearson"), "passed"] is None


def test_a_method_that_draws_nothing_has_no_seeds(windows: ArrayWindows) -> None:
    seeds = row(sanity(Motif(), windows, method="saliency", settings=QUICK), "seeds", "spearman")
    assert seeds["passed"] is None
    assert "draws nothing" in str(seeds["part"])
    drawn = row(sanity(Motif(), windows, method="deep_lift_shap", settings=QUICK), "seeds", "spearman")
    assert drawn["part"] == "3 seeds of the method"


def test_retrained_twins(windows: ArrayWindows) -> None:
    near = Motif()
    near.output.bias.data += 1
    alike = sanity(Motif(), windows, twins=[near], settings=QUICK)
    assert row(alike, "twins", "spearman")["value"] == pytest.approx(1)
    assert row(alike, "twins", "spearman")["passed"] is True
    with pytest.raises(ValueError, match=r"twin 2 has the weights of the model itself"):
        sanity(Motif(), windows, twins=[near, Motif()], settings=QUICK)
    trained = sanity(Motif(), windows, settings=SanityOptions(n=6, stages=2, epochs=2, train_windows=40, twins=2))
    parts = trained.table.loc[trained.table["check"] == "twins", "part"].tolist()
    assert parts == ["2 untrained twins", "twin 1", "twin 2", "2 twins trained for 2 epochs"]
    with pytest.raises(ValueError, match="give at least 1"):
        SanityOptions(twins=1, epochs=0)


def test_twins_that_did_not_learn_give_no_verdict(windows: ArrayWindows) -> None:
    """One epoch from a random start explains nothing: shuffled labels "passed" by it, retrained twins "FAILED"."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(4 * LENGTH, 1))
    short = sanity(model, windows, settings=SanityOptions(n=6, stages=2, epochs=1, train_windows=40, twins=1))
    table = short.table[short.table["part"].str.contains("trained for 1")].set_index(["check", "measure"])
    for check, measure in (("labels", "spearman of absolute values"), ("twins", "spearman")):
        assert table.loc[(check, measure), "passed"] is None
        assert "not fitted" in table.loc[(check, measure), "limit"]
    long = sanity(model, windows, settings=SanityOptions(n=6, stages=2, epochs=400, train_windows=40, twins=1))
    fitted = long.table[long.table["part"].str.contains("trained for 400")]
    assert set(fitted.loc[fitted["limit"] != "", "passed"].map(type)) == {bool}


@pytest.mark.parametrize("name", ["gkm_svm", "kmer_logistic", "pwm"])
def test_models_that_no_gradient_trains_are_fitted_again(name: str, windows: ArrayWindows) -> None:
    """gkm-SVM: "element 0 of tensors does not require grad", a fault of ours."""
    model = build(name, length=LENGTH)
    known = windows.subset(np.arange(2, 60))
    settings = SanityOptions(n=3, stages=2, epochs=1, train_windows=50, twins=1)
    found = sanity(model, known, method="ism", settings=settings)
    assert {"labels", "twins"} <= set(found.table["check"])
    assert np.isfinite(found.table.loc[found.table["measure"].str.startswith("training loss"), "value"]).all()


class Heads(nn.Module):
    """Two outputs of other sizes than the labels."""

    def __init__(self) -> None:
        super().__init__()
        self.motif = Motif()
        self.profile = nn.Conv1d(4, 3, 5, padding=2)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"counts": self.motif(x), "profile": self.profile(x)}


@pytest.mark.parametrize("output", ["counts", "profile:mean"])
def test_twins_of_a_model_with_several_outputs(output: str, windows: ArrayWindows) -> None:
    """Training anew took the model's outputs for logits of the labels: "dict has no shape"."""
    settings = SanityOptions(n=3, stages=2, epochs=1, train_windows=40, twins=1, output=output)
    found = sanity(Heads().requires_grad_(False), windows, target=2 if ":" in output else 0, settings=settings)
    assert {"labels", "twins"} <= set(found.table["check"])
