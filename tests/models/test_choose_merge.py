"""Strands merged by mean or maximum, chosen on validation for one trained model: a case in which each is right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from motiflens.models import registry
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.evaluate import evaluate, score
from motiflens.models.metrics_file import read_metrics, split_record
from motiflens.models.predict import PredictOptions, predict
from motiflens.models.recipes import Recipe
from motiflens.models.registry import register
from motiflens.models.run import open_run
from motiflens.models.study import Plan, study
from motiflens.models.study.plan import Model
from motiflens.models.train import train

LOGITS = (4.0, -4.0, 0.5, 0.5)  # of a strand that begins with A, C, G, T
LENGTH = 12
# First and last base: the strands' logits are 4 and -4 (mean probability .5, largest .98) or .5 and .5 (.62).
UNEVEN, EVEN = (("A", "G"), ("C", "T")), (("G", "C"), ("T", "A"))


@pytest.fixture(autouse=True)
def _one_base() -> Iterator[None]:
    """An architecture that looks at the first base alone."""
    before = dict(registry._REGISTERED)

    @register("first_base")
    class FirstBase(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.logits = nn.Parameter(torch.tensor(LOGITS))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :4, 0] @ self.logits

    yield
    registry._REGISTERED.clear()

    registry._REGISTERED.update(before)


def windows(bound: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...], n: int) -> ArrayWindows:
    rng = np.random.default_rng(n)
    codes = rng.integers(0, 4, (n, LENGTH)).astype(np.uint8)
    labels = (np.arange(n) % 2).astype(np.float32)
    for row, label in enumerate(labels):
        first, last = (bound if label else other)[row // 2 % 2]
        codes[row, 0], codes[row, -1] = "ACGT".index(first), "ACGT".index(last)
    return ArrayWindows(codes, labels)


def dataset(bound: Any, other: Any) -> Dataset:
    splits = {name: windows(bound, other, n) for name, n in (("train", 40), ("valid", 24), ("test", 32))}
    return Dataset("made up", "arrays", splits, "a hash")


RECIPE = Recipe(epochs=1, rate=1e-9, batch=20, reverse_complement=False, strand_merge="valid")


@pytest.mark.parametrize(("bound", "other", "chosen"), [(UNEVEN, EVEN, "max"), (EVEN, UNEVEN, "mean")])
def test_validation_chooses_for_one_trained_model(bound: Any, other: Any, chosen: str, tmp_path: Path) -> None:
    data = dataset(bound, other)
    run = train("first_base", data, tmp_path / "run", recipe=RECIPE)
    np.testing.assert_allclose(next(run.model.parameters()).detach().numpy(), LOGITS, rtol=0, atol=1e-6)
    assert run.config["strand_merge"] == chosen
    record = json.loads((run.path / "metrics.json").read_text())
    assert record["valid"][0]["auroc"] == 1.0, "the measures of validation are those of the chosen way"
    # at inference of the same weights: as chosen, or as asked for
    wrong = {"max": "mean", "mean": "max"}[chosen]
    assert evaluate(run, data)["auroc"].tolist() == [1.0]
    assert evaluate(run, data, average_strands=wrong)["auroc"].tolist() == [0.0]
    kept = split_record(read_metrics(run.path), "test")
    assert kept is not None
    assert (kept["average_strands"], kept["strand_merge"]) == (True, wrong)
    strands = 1 / (1 + np.exp(-np.array([4.0, -4.0])))
    expected = {"max": strands.max(), "mean": strands.mean()}
    uneven = 1 if chosen == "max" else 0
    for asked, how in ((None, chosen), (True, chosen), ("mean", "mean"), ("max", "max")):
        found = predict(run, data["test"], PredictOptions(asked))[uneven::2, 0]
        np.testing.assert_allclose(found, expected[how], rtol=0, atol=1e-6)
    found = predict(run, data["test"], PredictOptions(False))[uneven::4, 0]
    np.testing.assert_allclose(found, strands[0], rtol=0, atol=1e-6)


def test_the_mean_where_nothing_is_asked_for(tmp_path: Path) -> None:
    from dataclasses import replace

    data = dataset(UNEVEN, EVEN)
    run = train("first_base", data, tmp_path / "run", recipe=replace(RECIPE, strand_merge="mean"))
    assert "strand_merge" not in run.config
    assert evaluate(run, data)["auroc"].tolist() == [0.0]
    always = train("first_base", data, tmp_path / "max", recipe=replace(RECIPE, strand_merge="max"))
    assert json.loads((always.path / "metrics.json").read_text())["valid"][0]["auroc"] == 1.0
    assert evaluate(always, data)["auroc"].tolist() == [1.0]


def test_a_training_killed_before_the_choice_makes_it_when_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = dataset(UNEVEN, EVEN)

    def dead(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("motiflens.models.choose_merge.choose_merge", dead)
        with pytest.raises(RuntimeError, match="killed"):
            train("first_base", data, tmp_path / "run", recipe=RECIPE)
    assert "strand_merge" not in open_run(tmp_path / "run").config
    run = train("first_base", data, tmp_path / "run", recipe=RECIPE, resume=True)
    assert run.config["strand_merge"] == "max"
    assert json.loads((run.path / "metrics.json").read_text())["valid"][0]["auroc"] == 1.0


def test_a_study_chooses(tmp_path: Path) -> None:
    """The study's final model is measured as validation chose; a setting can forbid it."""
    splits = dataset(UNEVEN, EVEN).splits
    lines = {
        name: "".join(
            f"A\t{name}{row}\t{''.join('ACGT'[code] for code in codes)}\t{int(label)}\n"
            for row, (codes, label) in enumerate(
                zip(part.codes(np.arange(len(part))), part.labels[:, 0], strict=True)
            )
        )
        for name, part in splits.items()
    }
    header = "FoldID\tEventID\tseq\tBound\n"
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "FOS_K562.AC.seq").write_text(header + lines["train"] + lines["valid"])
    (tmp_path / "sets" / "FOS_K562.B.seq").write_text(header + lines["test"])
    small = {"epochs": 1, "rate": 1e-9, "batch": 20}
    models = (Model("first_base", set=small), Model("first_base", "mean", set={**small, "strand_merge": "mean"}))
    table = study(Plan(models, data=str(tmp_path / "sets"), controls=()), tmp_path / "out")
    assert not (table["metric"] == "failed").any(), table["note"].unique()
    measured = table[table["metric"] == "auroc"].set_index(["model", "split"])["value"].to_dict()
    assert measured == {
        ("first_base", "valid"): 1.0,
        ("first_base", "test"): 1.0,
        ("mean", "valid"): 0.0,
        ("mean", "test"): 0.0,
    }
    notes = pd.Series(table["note"].to_numpy(), index=table["model"]).groupby(level=0).unique()
    assert notes["first_base"].tolist() == ["strands merged by their maximum"]
    assert notes["mean"].tolist() == [""]


def test_models_that_merge_themselves_are_left_alone() -> None:
    torch.manual_seed(0)
    model = registry.build("deepbind", length=LENGTH, kernels=4, kernel_size=4).eval()
    part = windows(UNEVEN, EVEN, 8)
    plain, *others = (
        np.concatenate(list(score(model, part, average_strands=how)))  # type: ignore[arg-type]
        for how in (False, True, "mean", "max")
    )
    for other in others:
        np.testing.assert_array_equal(other, plain)
