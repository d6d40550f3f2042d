"""What inputs are worth: nothing where the model cannot see them, much where it rests on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from motiflens.analyses.importance import (
    ImportanceOptions,
    compare_kinds,
    importance,
    importance_study,
    inputs_of,
    interval_draws,
    spoilt_batch,
)
from motiflens.analyses.targets import OpenedRun, Target, open_runs, targets
from motiflens.models.data.windows import Batch
from motiflens.models.metrics import auprc, curve

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


@pytest.fixture(scope="module")
def whole(small_world: Any) -> tuple[OpenedRun, Target, pd.DataFrame]:
    """What every input is worth in one cell type, of all its windows."""
    opened = open_runs([small_world.signals], str(small_world.data))[0]
    target = targets(opened)[1]
    table, _ = importance(opened, target, ImportanceOptions(maximum=10_000, repeats=6, bootstrap=3))
    return opened, target, table.set_index(["input", "way"])


def area(opened: OpenedRun, target: Target, x: np.ndarray, meta: np.ndarray, labels: np.ndarray) -> float:
    """Score windows and measure them, by scikit-learn."""
    from sklearn.metrics import auc, precision_recall_curve

    with torch.no_grad():
        scores = opened.run.model(torch.from_numpy(x), torch.from_numpy(meta))[:, target.output].numpy()
    precision, recall, _ = precision_recall_curve(labels, scores)
    return float(auc(recall, precision))


@pytest.mark.parametrize("name", ["sequence", "dnase", "uniqueness", "all features"])
def test_a_drop_is_that_of_scikit_learns_auprc(whole: tuple[OpenedRun, Target, pd.DataFrame], name: str) -> None:
    """000, Fig. 4: the windows are read, set to zero and scored here once more."""
    opened, target, table = whole
    row = table.loc[(name, "zero")]
    rows = np.concatenate([target.labelled(opened.windows, label) for label in (0.0, 1.0)])
    labels = opened.windows.labels[rows, target.column]
    batch = opened.windows.read(rows)
    assert batch.meta is not None
    x, meta = batch.x.copy(), batch.meta.copy()
    before = area(opened, target, x, meta, labels)
    x[:, {"sequence": [0, 1, 2, 3], "dnase": [5], "uniqueness": [4], "all features": []}[name]] = 0
    if name == "all features":
        meta[:] = 0
    assert row["windows"] == len(rows)
    assert row["auprc"] == pytest.approx(before, abs=2e-3)
    assert row["drop"] == pytest.approx(before - area(opened, target, x, meta, labels), abs=2e-3)


@pytest.mark.parametrize(("name", "way"), [("dnase", "between"), ("all features", "within")])
def test_permuted_inputs_are_worth_what_other_permutations_say(
    whole: tuple[OpenedRun, Target, pd.DataFrame], name: str, way: str
) -> None:
    """001, section 3.2: a signal exchanged between bins, the features' vector shuffled within each."""
    opened, target, table = whole
    rows = np.concatenate([target.labelled(opened.windows, label) for label in (0.0, 1.0)])
    labels = opened.windows.labels[rows, target.column]
    batch = opened.windows.read(rows)
    assert batch.meta is not None
    rng = np.random.default_rng(42)
    areas = []
    for repeat in range(7):
        x, meta = batch.x.copy(), batch.meta.copy()
        if repeat and name == "dnase":
            x[:, 5] = x[rng.permutation(len(x)), 5]
        elif repeat and way == "within":
            meta = np.stack([vector[rng.permutation(len(vector))] for vector in meta])
        areas.append(area(opened, target, x, meta, labels))
    drops = areas[0] - np.array(areas[1:])
    error = drops.std(ddof=1) * np.sqrt(1 / 6 + 1 / 6)
    assert drops.mean() > 3 * error, "it is worth something: a null would be no test"
    assert table.loc[(name, way), "drop"] == pytest.approx(drops.mean(), abs=5 * error + 2e-3)


def test_wilcoxons_test_is_paired_by_target_and_seeds_are_averaged(rng: np.random.Generator) -> None:
    """001, Fig. 2c: two seeds of a kind at a target are one pair."""
    from scipy.stats import ttest_rel, wilcoxon

    rows = [
        (f"{kind}{seed}", kind, f"TF{t}", name, "zero", rng.normal(0.1 if kind == "a" else 0.15, 0.05))
        for kind, seeds in (("a", 2), ("b", 1))
        for seed in range(seeds)
        for t in range(9)
        for name in ("dnase", "sequence")
    ]
    table = pd.DataFrame(rows, columns=["run", "kind", "target", "input", "way", "drop"])
    kinds = compare_kinds(table).set_index("input")
    for name in ("dnase", "sequence"):
        part = table[table["input"] == name]
        a, b = (part[part["kind"] == kind].groupby("target")["drop"].mean().to_numpy() for kind in "ab")
        row = kinds.loc[name]
        assert (row["first"], row["second"], row["pairs"]) == ("a", "b", 9)
        assert row["wilcoxon_p"] == pytest.approx(wilcoxon(b - a).pvalue)
        assert row["t_p"] == pytest.approx(ttest_rel(b, a).pvalue)
        assert row["first_drop"] == pytest.approx(a.mean())


def test_intervals_of_a_drop_cover_at_their_nominal_rate() -> None:
    """100 data sets of 40 blocks whose windows share their scores: the interval holds the drop of a large one."""
    rng = np.random.default_rng(4)

    def drawn(blocks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        number = np.repeat(np.arange(blocks), 5)
        labels = (rng.random(blocks) < 0.5)[number].astype(np.float32)
        base = labels + rng.normal(size=blocks)[number] + 0.3 * rng.normal(size=len(number))
        return number, labels, base.astype(np.float32), (base - 0.6 * labels).astype(np.float32)

    _, labels, base, spoilt = drawn(40_000)
    truth = auprc(curve(labels, base)) - auprc(curve(labels, spoilt))
    assert truth > 0.1
    covered = 0
    for seed in range(100):
        number, labels, base, spoilt = drawn(40)
        draws = interval_draws(labels, base, number, ImportanceOptions(bootstrap=80, seed=seed))
        low, high, p = draws.interval(spoilt[None])
        covered += low <= truth <= high
        assert 0 < p <= 1
    # Binomial: 99.9 % of 100 at .95 lies within 87 to 100; the bootstrap of an area is a little narrow.
    assert covered >= 85, covered
