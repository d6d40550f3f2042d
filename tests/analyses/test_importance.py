"""What inputs are worth: nothing where the model cannot see them, much where it rests on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from motiflens.analyses.importance import (
    ImportanceOptions,
    compare_kinds,
    importance,
    importance_study,
    inputs_of,
    spoilt_batch,
)
from motiflens.analyses.targets import OpenedRun, open_runs, targets
from motiflens.models.data.windows import Batch
from motiflens.models.metrics import binary_metrics

HOW = ImportanceOptions(maximum=400, repeats=2, bootstrap=60)


@pytest.fixture
def opened(small_world: Any) -> OpenedRun:
    return open_runs([small_world.signals], str(small_world.data))[0]


def test_an_input_that_the_model_cannot_see_is_worth_nothing(opened: OpenedRun) -> None:
    """The first layer's weights of DNase are set to 0: drop and interval are exactly 0."""
    convolution = opened.adapter.first_convolution
    assert convolution is not None
    channel = opened.windows.channels.index("dnase")
    before = convolution.weight.detach().clone()
    with torch.no_grad():
        convolution.weight[:, channel] = 0
    table, _ = importance(opened, targets(opened)[0], HOW)
    found = table.set_index(["input", "way"])
    for way in ("zero", "between"):
        np.testing.assert_allclose(
            found.loc[("dnase", way), ["drop", "low", "high"]].astype(float), 0.0, atol=1e-12
        )
    assert found.loc[("sequence", "between"), "drop"] != 0
    with torch.no_grad():
        convolution.weight.copy_(before)


def test_what_the_model_rests_on_is_worth_much(small_world: Any) -> None:
    (seeing,) = open_runs([small_world.seeing], str(small_world.data))
    target = targets(seeing)[0]
    table, blocks = importance(seeing, target, HOW)
    assert table["input"].unique().tolist() == ["sequence"]
    assert (table["low"] > 0.1).all()
    assert (table["low"] <= table["drop"]).all()
    assert (table["drop"] <= table["high"]).all()
    assert blocks.count >= 10
    # As measured by itself.
    row = table.iloc[0]
    assert row["auprc"] - row["spoilt"] == pytest.approx(row["drop"])
    labels = seeing.windows.labels[target.rows, 0]
    assert binary_metrics(labels, np.zeros(len(labels)))["auprc"] == pytest.approx(labels.mean(), abs=1e-6)


def test_inputs_and_ways(opened: OpenedRun) -> None:
    inputs = {part.name: part for part in inputs_of(opened.windows, opened.run.model)}
    assert list(inputs) == [
        *("sequence", "uniqueness", "dnase", "all features", "expression", "annotation"),
        *("expression1", "expression2", "promoter", "island"),
    ]
    assert inputs["all features"].ways == ("zero", "between", "within")
    assert inputs["dnase"].channels == (5,)
    names = [part.name for part in inputs_of(opened.windows, opened.run.model, single=False)]
    assert names[-1] == "annotation"


def test_spoiling(rng: np.random.Generator, opened: OpenedRun) -> None:
    x, meta = rng.random((6, 6, 10)).astype(np.float32), rng.random((6, 4)).astype(np.float32)
    batch = Batch(x, np.zeros((6, 1), dtype=np.float32), meta)
    inputs = {part.name: part for part in inputs_of(opened.windows, opened.run.model)}
    zero = spoilt_batch(batch, inputs["dnase"], "zero", rng)
    assert (zero.x[:, 5] == 0).all()
    np.testing.assert_array_equal(zero.x[:, :5], x[:, :5])
    moved = spoilt_batch(batch, inputs["sequence"], "between", rng)
    order = [int(np.flatnonzero((x[:, :4] == row).all(axis=(1, 2)))[0]) for row in moved.x[:, :4]]
    assert sorted(order) == list(range(6))  # whole windows are exchanged
    within = spoilt_batch(batch, inputs["all features"], "within", rng)
    assert within.meta is not None
    np.testing.assert_array_equal(np.sort(within.meta, axis=1), np.sort(meta, axis=1))
    assert not np.array_equal(within.meta, meta)
    assert (x != 0).all()
    assert batch.meta is meta  # what was given is left alone


def test_kinds_are_compared_by_target(small_world: Any) -> None:
    runs = open_runs([small_world.signals.parent], str(small_world.data))
    study = importance_study(runs, ImportanceOptions(maximum=120, repeats=1, bootstrap=10, single_features=False))
    kinds = study.tables["kinds"]
    assert set(kinds["first"]) | set(kinds["second"]) == {"deepgrn (none)", "deepgrn (single)"}
    assert (kinds["pairs"] == 2).all()
    table = study.tables["importance"]
    one = table[(table["input"] == "dnase") & (table["way"] == "zero")].pivot_table(
        index="target", columns="kind", values="drop"
    )
    row = kinds[(kinds["input"] == "dnase") & (kinds["way"] == "zero")].iloc[0]
    expected = (one[row["second"]] - one[row["first"]]).mean()
    assert row["difference"] == pytest.approx(expected)
    assert compare_kinds(table[table["kind"] == "deepgrn (none)"]).empty
